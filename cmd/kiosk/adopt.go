package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
	"cardkiosk/engine/words"
	"cardkiosk/ui/plain"
)

// adoptCmd takes cards over that were issued before, one after the other.
type adoptCmd struct {
	Config string `placeholder:"FILE" help:"The configuration. Left out: config.toml in this folder, or else /etc/kiosk/config.toml."`
	User   string `placeholder:"USER" help:"Whose card it is: logon name or mail address. Left out: what its certificates say. With it, only one card is looked at."`
	Reader string `placeholder:"NAME" help:"Only cards in this reader: its name, or a part of it that no other has."`
	DryRun bool   `help:"Say what would be taken over, and change no record."`
	Yes    bool   `help:"Take over what is proposed without asking."`
}

// Help is what kiosk adopt --help adds.
func (adoptCmd) Help() string {
	return `Takes cards into the records that were issued before this kiosk was there. Nothing is written to a card.

Certificates that a template's CA issued to the user are managed from then on, the others are
third-party. Cards that lie in readers are looked at first, then each that is put in, until q is
typed or the input ends: for a stack of cards, and with </dev/null for those that are in now.

The exit code is that of the first card that was not taken over and might have been (kiosk update --help
lists the codes); a card that somebody said no to does not count.`
}

// Run looks at cards until nobody wants to any more.
func (cmd adoptCmd) Run(ctx context.Context) error {
	p, err := openAs(ctx, cmd.Config)
	if err != nil {
		return err
	}
	a := newAdopting(cmd, p, &lineInput{os.Stdin, os.Stdout}, os.Stdout)
	return errors.Join(a.run(ctx), p.close())
}

// adopting is one run of kiosk adopt.
type adopting struct {
	cmd   adoptCmd
	p     *parts
	input plain.Input
	out   io.Writer

	views  []engine.ReaderView
	looked map[string]int // reader → the visit of the card that was looked at
	cards  int
	taken  int
	first  error // why the first card was not taken over
}

func newAdopting(cmd adoptCmd, p *parts, input plain.Input, out io.Writer) *adopting {
	return &adopting{cmd: cmd, p: p, input: input, out: out, looked: map[string]int{}}
}

// errQuit ends the run: a person wants no more cards, or nobody is there.
var errQuit = errors.New("quit")

func (a *adopting) run(ctx context.Context) error {
	err := a.each(ctx)
	switch {
	case a.cards > 0 && a.cmd.DryRun:
		a.say(words.English.Adopt.SummaryDry, a.cards)
	case a.cards > 0:
		a.say(words.English.Adopt.Summary, a.taken, a.cards-a.taken)
	}
	switch {
	case ctx.Err() != nil:
		return &engine.Error{Op: "adopt cards", Kind: engine.Stopped, Err: ctx.Err()}
	case err != nil && !errors.Is(err, errQuit):
		return err
	case a.first != nil:
		return told{a.first}
	}
	return nil
}

// each looks at one card after the other.
func (a *adopting) each(ctx context.Context) (err error) {
	if a.views, err = a.p.desk.LookAtReaders(ctx, a.p.actor, nil); err != nil {
		return err
	}
	if err := a.checkReader(); err != nil {
		return err
	}
	for {
		v, ok := a.next()
		if !ok {
			if err := a.await(ctx); err != nil {
				return err
			}
			continue
		}
		a.looked[v.Reader.Name] = v.Reader.Visit
		a.cards++
		err := a.card(ctx, v)
		switch {
		case errors.Is(err, errQuit) || ctx.Err() != nil:
			return errQuit
		case err != nil:
			a.trouble(err)
		}
		if a.cmd.User != "" {
			return nil
		}
	}
}

// next returns a reader with a card that was not looked at.
func (a *adopting) next() (engine.ReaderView, bool) {
	i := slices.IndexFunc(a.views, func(v engine.ReaderView) bool {
		visit, before := a.looked[v.Reader.Name]
		return a.meant(v) && v.Reader.Card && (!before || visit != v.Reader.Visit)
	})
	if i < 0 {
		return engine.ReaderView{}, false
	}
	return a.views[i], true
}

// meant reports whether --reader means this one. The whole name goes before a
// part of it.
func (a *adopting) meant(v engine.ReaderView) bool {
	whole := slices.ContainsFunc(a.views, func(v engine.ReaderView) bool { return v.Reader.Name == a.cmd.Reader })
	return v.Reader.Name == a.cmd.Reader || !whole && strings.Contains(v.Reader.Name, a.cmd.Reader)
}

// checkReader wants --reader to mean one reader, and with --user no choice
// between cards: whose is whose is never guessed.
func (a *adopting) checkReader() error {
	var names, cards []string
	for _, v := range a.views {
		if a.meant(v) {
			names = append(names, engine.Clean(v.Reader.Name))
			if v.Reader.Card {
				cards = append(cards, engine.Clean(v.Reader.Name))
			}
		}
	}
	switch {
	case a.cmd.Reader != "" && len(names) == 0:
		return &engine.Error{Op: "find reader", Kind: engine.BadInput, Subject: a.cmd.Reader, Err: fmt.Errorf("it is none of %s", count(len(a.views), "reader", "readers"))}
	case a.cmd.Reader != "" && len(names) > 1:
		return &engine.Error{Op: "find reader", Kind: engine.BadInput, Subject: a.cmd.Reader, Err: fmt.Errorf("it means %s", strings.Join(names, ", "))}
	case a.cmd.User != "" && len(cards) > 1:
		return &engine.Error{Op: "find card", Kind: engine.BadInput, Subject: a.cmd.User, Err: fmt.Errorf("cards lie in %s: name one with --reader", strings.Join(cards, ", "))}
	}
	return nil
}

// await waits until the readers have changed, or somebody has typed something.
func (a *adopting) await(ctx context.Context) error {
	text := words.English.Adopt.Waiting
	if a.cards > 0 {
		text = words.English.Adopt.Next
	}
	a.say("%s", text)
	ctx, end := context.WithCancel(ctx)
	defer end()
	type change struct {
		views []engine.ReaderView
		err   error
	}
	changed := make(chan change, 1)
	go func() {
		views, err := a.p.desk.WatchReaders(ctx, a.p.actor, a.views)
		changed <- change{views, err}
		end() // nobody needs to be asked any more
	}()
	line, err := a.input.Line(ctx, walk.ConnectCard)
	end()
	now := <-changed
	switch {
	case now.err == nil:
		a.views = now.views
		return nil
	case !errors.Is(now.err, context.Canceled):
		return now.err
	case err != nil && a.cards == 0 && errors.Is(err, io.EOF):
		return &engine.Error{Op: "find card", Kind: engine.CardGone, Err: errors.New("no card is in a reader: put one in")}
	case err != nil || strings.TrimSpace(line) == words.English.Plain.Quit:
		return errQuit
	}
	return nil
}

func (a *adopting) say(format string, args ...any) {
	_, _ = fmt.Fprintf(a.out, format+"\n", args...)
}

// trouble says why a card was not taken over, and goes on with the next.
func (a *adopting) trouble(err error) {
	if a.first == nil {
		a.first = err
	}
	t := &words.English
	a.say("  ! %s\n    %s", t.TitleOf(err), t.HintOf(err))
}
