package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"slices"

	"golang.org/x/term"

	"cardkiosk/engine"
	"cardkiosk/ui"
	"cardkiosk/ui/plain"
)

// Who is at the kiosk is found out here and nowhere else. Screen and lines let
// people sign in; a command is given by whoever the system vouches for, or, where
// that does not count, by whoever signs in on its terminal.

// openAs is openKiosk for a command that somebody gives.
func openAs(ctx context.Context, file string) (*parts, error) {
	p, err := openKiosk(ctx, file)
	if err != nil {
		return nil, err
	}
	if err := p.identify(ctx); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// identify signs in who gives a command. They are an operator, also at a kiosk where
// people update their own cards: what they may do is what their roles say.
func (p *parts) identify(ctx context.Context) error {
	p.actor.Mode, p.signIn.Mode = engine.Operator, engine.Operator
	if err := p.welcome(ctx); err != nil || p.actor.Who != "" {
		return err
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return &engine.Error{Op: "sign in", Kind: engine.SignInShut, Err: errNoTerminal}
	}
	actor, err := p.askLines(ctx, os.Stderr, &lineInput{os.Stdin, os.Stderr}, ui.Given{})
	if err == nil {
		p.actor = actor
	}
	return err
}

var errNoTerminal = errors.New(`who gives this command has to sign in, and there is no terminal to ask at: ` +
	`give it on one, or let accounts of this machine in (sign_in.methods with "system")`)

// welcome signs in whom the system vouches for, where that counts. Where it does
// not, nobody is signed in yet; one who is refused may sign in otherwise if there
// is another way.
func (p *parts) welcome(ctx context.Context) error {
	if !p.signIn.Allows(engine.ByAccount) {
		return nil
	}
	actor, user, err := p.signIn.WithAccount(ctx, p.account)
	switch {
	case err == nil:
		p.actor, p.name = actor, user.Name
	case len(p.onScreen()) > 0 && ctx.Err() == nil:
		return nil
	}
	return err
}

// onScreen are the ways in which people sign in at a screen.
func (p *parts) onScreen() []engine.SignedIn {
	return slices.DeleteFunc(slices.Clone(p.signIn.Ways), func(w engine.SignedIn) bool { return w != engine.ByPassword && w != engine.ByCard })
}

// door is what the screen needs to sign people in, and to lock itself. In
// self-service nobody signs in: a card shows whose it is.
func (p *parts) door(given ui.Given) *ui.SignIn {
	if p.actor.Mode == engine.SelfService {
		return nil
	}
	return &ui.SignIn{
		Ways: p.onScreen(), Password: p.signIn.WithPassword, Card: p.signIn.WithCard, Tries: p.signIn.PINTries, Readers: p.lying, Given: given,
		Lock: p.lock.Lock, OneReader: p.lock.OneReader, Countdown: p.lock.Countdown, CardTaken: p.lock.CardRemoved,
	}
}

// lying tells which cards lie in the readers: before anybody is signed in nobody
// may be told more than that.
func (p *parts) lying(ctx context.Context, known []engine.Reader) ([]engine.Reader, error) {
	if known == nil {
		return p.desk.Readers.List(ctx)
	}
	return p.desk.Readers.Wait(ctx, known)
}

// askLines signs somebody in by lines.
func (p *parts) askLines(ctx context.Context, out io.Writer, input plain.Input, given ui.Given) (engine.Actor, error) {
	d := p.door(given)
	if d == nil {
		return p.actor, nil
	}
	actor, user, err := plain.SignIn(ctx, plain.Door{
		Ways: d.Ways, Password: d.Password, Card: d.Card, Tries: d.Tries, Readers: d.Readers, Hint: p.hint(given),
		Text: p.text, Out: out, Input: input, ASCII: !speaksUTF8(os.Getenv),
	})
	p.name = user.Name
	return actor, err
}

func (p *parts) hint(given ui.Given) string {
	if given.Logon == "" {
		return ""
	}
	return fmt.Sprintf(p.text.Doors.DemoHint, given.Logon, given.Password)
}

// whoami is the account of a command that has no configuration, and so nobody who
// signs in: the help desk's, which has the key.
func whoami() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "operator"
}
