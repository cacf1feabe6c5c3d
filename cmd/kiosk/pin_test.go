package main

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"cardkiosk/engine"
)

// strictReaders give cards whose session ends for good with a command that is
// given up, as PC/SC's does. Asking a card may be made to wait, or to fail.
type strictReaders struct {
	engine.Readers
	mu    sync.Mutex
	asked chan struct{} // gets a token for each command that waits
	wait  chan struct{} // while not nil, commands wait until it is closed
	fail  error         // the next command's answer
}

func (l *lobby) strict() *strictReaders {
	demo := l.desk.Readers.(*demoReaders)
	r := &strictReaders{Readers: demo.Readers, asked: make(chan struct{}, 10)}
	demo.Readers = r
	return r
}

// hold makes commands wait until the function it returns is called.
func (r *strictReaders) hold() (letGo func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	wait := make(chan struct{})
	r.wait = wait
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.wait = nil
		close(wait)
	}
}

func (r *strictReaders) failOnce(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail = err
}

func (r *strictReaders) Connect(ctx context.Context, reader string) (engine.Card, error) {
	card, err := r.Readers.Connect(ctx, reader)
	return &strictCard{Card: card, readers: r}, err
}

type strictCard struct {
	engine.Card
	readers *strictReaders
	mu      sync.Mutex
	over    error
}

func (c *strictCard) command(ctx context.Context) error {
	c.readers.mu.Lock()
	wait, fail := c.readers.wait, c.readers.fail
	c.readers.fail = nil
	c.readers.mu.Unlock()
	if wait != nil {
		c.readers.asked <- struct{}{}
		select {
		case <-wait:
		case <-ctx.Done():
			c.mu.Lock()
			defer c.mu.Unlock()
			c.over = &engine.Error{Op: "send command", Kind: engine.Stopped, Err: ctx.Err()}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over == nil && fail != nil && !engine.Is(fail, engine.CardBusy) {
		c.over = fail
	}
	return errors.Join(c.over, fail)
}

func (c *strictCard) Counters(ctx context.Context) (pin, puk engine.Counter, err error) {
	if err := c.command(ctx); err != nil {
		return engine.Counter{}, engine.Counter{}, err
	}
	return c.Card.Counters(ctx)
}

func (c *strictCard) CheckPIN(ctx context.Context, pin engine.PIN) error {
	if err := c.command(ctx); err != nil {
		return err
	}
	return c.Card.CheckPIN(ctx, pin)
}

// toPIN leads to the PIN page of Ada's renewal; the card may not have been
// asked yet.
func (l *lobby) toPIN(s *pilot) {
	s.opens("alovelace", "Ada Lovelace")
	s.sees("third-party", "card 0071 2233")
	s.press("enter")
	s.sees("Which certificates?")
	s.press("enter")
	s.sees("Enter the card's PIN")
}

// Going back while the tries are counted gives no command up: the card can be
// used at once.
func TestBackWhileCounting(t *testing.T) {
	l := openLobby(t)
	readers := l.strict()
	letGo := readers.hold()
	s := l.sitDown(t)
	l.toPIN(s)
	s.until("the tries are counted", func() bool { return len(readers.asked) > 0 })
	s.press("esc")
	s.sees("Which certificates?")
	letGo()
	s.press("enter")
	s.sees("3 tries left.")
	s.types(testPIN)
	s.press("enter")
	s.sees("Other certificates")
}

// While the card checks a PIN there is no way back.
func TestBackWhileChecking(t *testing.T) {
	l := openLobby(t)
	readers := l.strict()
	s := l.sitDown(t)
	l.toPIN(s)
	s.sees("3 tries left.")
	letGo := readers.hold()
	s.types(testPIN)
	s.press("enter")
	s.until("the PIN is checked", func() bool { return len(readers.asked) > 0 })
	s.press("esc")
	s.sees("The card checks the PIN", "One moment")
	letGo()
	s.sees("Other certificates")
}

// A card whose session has ended is reached anew, wherever that is noticed.
func TestSessionEnds(t *testing.T) {
	for name, kind := range map[string]engine.Kind{"pcscd was away": engine.NoReaders, "given up": engine.Stopped, "mute": engine.CardTrouble} {
		t.Run(name, func(t *testing.T) {
			l := openLobby(t)
			readers := l.strict()
			s := l.sitDown(t)
			l.toPIN(s)
			s.sees("3 tries left.")
			readers.failOnce(&engine.Error{Op: "send command", Kind: kind})
			s.types(testPIN)
			s.press("enter")
			s.sees("Nothing was changed")
			l.clock.rest()
			s.press("enter")
			s.sees("Which certificates?")
			s.press("enter")
			s.sees("3 tries left.")
			s.types(testPIN)
			s.press("enter")
			s.sees("Other certificates")
		})
	}
}

// A card that another program had while the tries were to be counted is asked
// again with Enter.
func TestCountAgain(t *testing.T) {
	l := openLobby(t)
	readers := l.strict()
	s := l.sitDown(t)
	s.opens("alovelace", "Ada Lovelace")
	s.sees("third-party", "card 0071 2233")
	s.press("enter")
	s.sees("Which certificates?")
	readers.failOnce(&engine.Error{Op: "begin transaction", Kind: engine.CardBusy})
	s.press("enter")
	s.golden("pin-not-counted", s.sees("Another program is using the card", "Enter asks again"))
	s.types("1")
	if frame := s.sees("Enter asks again"); strings.Contains(frame, "One moment") {
		t.Errorf("the page waits for nothing:\n%s", frame)
	}
	s.press("backspace", "enter")
	s.sees("3 tries left.")
	s.types(testPIN)
	s.press("enter")
	s.sees("Other certificates")
}
