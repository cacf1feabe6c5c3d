package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/term"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine"
	"cardkiosk/engine/pcsc"
	"cardkiosk/engine/pcsc/sandbox"
	"cardkiosk/engine/words"
	"cardkiosk/ui"
	"cardkiosk/ui/officer"
)

// demoCmd is the kiosk on a world of its own.
type demoCmd struct {
	Language string `enum:"en,de" default:"en" help:"The language of the screen and the letters: ${enum}."`
	PCSC     bool   `name:"pcsc" help:"Reach the cards through pcscd and vpcd, in a network namespace of their own."`
	Plain    bool   `help:"Numbered lines and questions instead of the full screen."`

	SelfService bool `help:"A kiosk in a lobby: whoever puts a card in updates their own."`
	SignIn      bool `help:"Begin where nobody is signed in."`
}

// Run makes the world and shows the kiosk in it. Without a terminal on
// standard output it walks one update by itself and verifies the card.
func (cmd demoCmd) Run(ctx context.Context) error {
	if cmd.SelfService && (cmd.Plain || !term.IsTerminal(int(os.Stdout.Fd()))) {
		return &engine.Error{Op: "show the demo", Kind: engine.BadInput, Err: errors.New("self-service has no lines, and takes a terminal: leave --plain or --self-service out")}
	}
	if cmd.PCSC && !sandbox.Inside() {
		return cmd.inside()
	}
	if cmd.PCSC {
		if err := sandbox.Furnish(); err != nil { // the world's servers want its network
			return noPcscd(err)
		}
	}
	fmt.Fprintln(os.Stderr, "Making the demo world: a directory, a CA, a mailbox and six cards …")
	world, err := demo.Open(ctx, demo.Options{Language: cmd.Language, Mode: cmd.mode()})
	if err != nil {
		return err
	}
	return errors.Join(cmd.live(ctx, world), world.Close())
}

func (cmd demoCmd) mode() engine.Mode {
	if cmd.SelfService {
		return engine.SelfService
	}
	return engine.Operator
}

// inside runs the demo again where pcscd can be started without being in
// anybody's way.
func (cmd demoCmd) inside() error {
	if missing := sandbox.Missing(); len(missing) > 0 {
		return noPcscd(fmt.Errorf("install what is missing: apt-get install --no-install-recommends %s", strings.Join(missing, " ")))
	}
	code, err := sandbox.Reexec(os.Args[1:], os.Environ())
	if err != nil {
		return noPcscd(err)
	}
	return exited(code)
}

// noPcscd is why there is no demo through pcscd on this machine.
func noPcscd(err error) error {
	return &engine.Error{Op: "show the demo through pcscd", Kind: engine.BadInput, Err: fmt.Errorf("%w\n"+
		"Without --pcsc the demo needs none of this: its cards are in readers of its own", err)}
}

// exited is how a program that was run in our place ended.
type exited int

func (e exited) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// live seeds the world and shows the kiosk in it.
func (cmd demoCmd) live(ctx context.Context, world *demo.World) error {
	cfg, err := loadConfig(world.Config(), os.Stderr)
	if err != nil {
		return err
	}
	var readers demoReaders
	p, err := assemble(ctx, cfg, surroundings{&readers, "demo", time.Now})
	if err != nil {
		return err
	}
	if err := world.Seed(ctx, p.desk); err != nil {
		return errors.Join(err, p.close())
	}
	tray, err := cmd.readers(ctx, p, world, &readers)
	if err != nil {
		return errors.Join(err, p.close())
	}
	if err := world.Lay(ctx, tray); err != nil {
		return errors.Join(err, p.close())
	}
	if err := awaitCards(ctx, &readers, tray, len(world.Cards())); err != nil {
		return errors.Join(err, p.close())
	}
	if !cmd.Plain && !term.IsTerminal(int(os.Stdout.Fd())) {
		return errors.Join(p.walkAlone(ctx, world), p.close())
	}
	screen, err := demoScreen(ctx, world, tray, p.text)
	if err == nil && cmd.SelfService {
		return errors.Join(p.showVisits(ctx, screen), p.close())
	}
	if err == nil {
		err = cmd.sitDown(ctx, p)
	}
	if err != nil {
		return errors.Join(err, p.close())
	}
	given := ui.Given{Logon: demo.Operator, Password: demo.OperatorPassword}
	return errors.Join(p.show(ctx, cmd.Plain, shown{demo: screen, given: given}), p.close())
}

// sitDown signs the demo's operator in, unless one wants to do that oneself. Without
// an account's sign-in nobody but her can open the screen again.
func (cmd demoCmd) sitDown(ctx context.Context, p *parts) (err error) {
	p.actor.Who = ""
	if !cmd.SignIn {
		var user engine.User
		p.actor, user, err = p.signIn.WithPassword(ctx, demo.Operator, engine.NewPIN([]byte(demo.OperatorPassword)))
		p.name = user.Name
	}
	return err
}

// awaitCards waits until the readers show every card that lies in one. pcscd
// tells of a card a while after it has spoken to it.
func awaitCards(ctx context.Context, readers engine.Readers, tray demo.Tray, cards int) error {
	ctx, end := context.WithTimeout(ctx, cardsSeenWithin)
	defer end()
	shown, err := readers.List(ctx)
	for err == nil {
		all := true
		for i := range cards {
			is := func(r engine.Reader) bool { return r.Name == tray.Reader(i) && r.Card }
			all = all && (!tray.In(i) || slices.ContainsFunc(shown, is))
		}
		if all {
			return nil
		}
		shown, err = readers.Wait(ctx, shown)
	}
	return fmt.Errorf("wait for the readers to see the demo's cards: %w", err)
}

// cardsSeenWithin is far more than pcscd takes.
const cardsSeenWithin = 20 * time.Second

// realPace is about what a YubiKey takes for a command.
const realPace = 15 * time.Millisecond

// demoReaders are the readers of the demo, once there are some.
type demoReaders struct{ engine.Readers }

// readers makes the readers, and the tray that puts cards into them.
func (cmd demoCmd) readers(ctx context.Context, p *parts, world *demo.World, to *demoReaders) (demo.Tray, error) {
	if !cmd.PCSC {
		virtual := demo.NewVirtualReaders(world.Chips()...)
		if term.IsTerminal(int(os.Stdout.Fd())) {
			virtual.Pace = realPace
		}
		to.Readers = virtual
		return virtual, nil
	}
	daemon, err := sandbox.Start(ctx, len(world.Cards()))
	if err != nil {
		return nil, err
	}
	p.closing(func() error { daemon.Stop(); return nil })
	real := &realReaders{pcsc: pcsc.New(p.log), ignore: func(string) bool { return false }}
	p.closing(real.pcsc.Close)
	to.Readers = real
	tray := demo.NewSockets(daemon.Readers, world.Chips())
	p.closing(tray.Close)
	return tray, nil
}

// demoScreen is what the demo adds to the screen.
func demoScreen(ctx context.Context, world *demo.World, tray demo.Tray, t *words.Text) (*ui.Demo, error) {
	seat, err := officerNeeds(world.CA, demo.Officer, t)
	if err != nil {
		return nil, err
	}
	seat.Now = world.Now
	return &ui.Demo{
		Officer: func(ctx context.Context, c ui.Chair) tea.Model {
			n := seat
			n.Leave, n.ASCII, n.FewSigns = c.Leave, c.ASCII, c.FewSigns
			return officer.New(ctx, n)
		},
		PINHint: func(t *words.Text, id engine.CardID) string { return pinHint(world, id, t) },
		Mail: func() []ui.Mail {
			var mail []ui.Mail
			for _, m := range world.Mailbox.Messages() {
				mail = append([]ui.Mail{{To: engine.Clean(m.To), Subject: engine.Clean(m.Subject), Text: m.Text, At: m.At}}, mail...)
			}
			return mail
		},
		Tray: func(t *words.Text) []ui.TrayCard {
			cards := make([]ui.TrayCard, len(world.Cards()))
			for i, c := range world.Cards() {
				label := t.Serial(engine.Identity{Serial: fmt.Sprint(c.Serial)}) + "  " + t.Demo.Cards[c.Story]
				cards[i] = ui.TrayCard{Label: label, Reader: tray.Reader(i), In: tray.In(i)}
			}
			return cards
		},
		Move: func(i int) error {
			if tray.In(i) {
				tray.Remove(i)
				return nil
			}
			return tray.Insert(ctx, i)
		},
	}, nil
}

func pinHint(world *demo.World, id engine.CardID, t *words.Text) string {
	for _, c := range world.Cards() {
		if c.ID() == id && c.PIN != "" {
			return fmt.Sprintf(t.Demo.PIN, c.PIN)
		}
	}
	return t.Demo.NewPIN
}
