package main

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/term"

	"cardkiosk/engine"
	"cardkiosk/engine/config"
	"cardkiosk/engine/pcsc"
	"cardkiosk/ui"
	"cardkiosk/ui/plain"
)

// appCmd is the kiosk itself: what runs when no command is named.
type appCmd struct {
	Config string `placeholder:"FILE" help:"The configuration. Left out: config.toml in this folder, or else /etc/kiosk/config.toml."`
	Plain  bool   `help:"Numbered lines and questions instead of the full screen. Also with TERM=dumb, with ACCESSIBLE set, or without a terminal."`
}

// Run shows the kiosk until it is left.
func (cmd appCmd) Run(ctx context.Context) error {
	file, cfg, err := readKiosk(cmd.Config)
	if err != nil {
		return err
	}
	if cfg.Station.Mode == engine.SelfService {
		return superviseLobby(ctx, file, cfg, cmd.Plain)
	}
	p, err := startKiosk(ctx, cfg)
	if err != nil {
		return err
	}
	err = p.welcome(ctx)
	if err == nil {
		err = p.show(ctx, cmd.Plain, shown{})
	}
	return errors.Join(err, p.close())
}

// openKiosk puts a kiosk together from a configuration file.
func openKiosk(ctx context.Context, file string) (*parts, error) {
	_, cfg, err := readKiosk(file)
	if err != nil {
		return nil, err
	}
	return startKiosk(ctx, cfg)
}

// readKiosk finds a kiosk's configuration and reads it.
func readKiosk(file string) (string, config.Config, error) {
	file, err := findConfig(file)
	if err != nil {
		return "", config.Config{}, err
	}
	if err := checkConfigOwner(file); err != nil {
		return "", config.Config{}, err
	}
	cfg, err := loadConfig(file, os.Stderr)
	return file, cfg, err
}

func startKiosk(ctx context.Context, cfg config.Config) (*parts, error) {
	who, err := callingAccount(cfg.Station.Folder)
	if err != nil {
		return nil, err
	}
	var readers realReaders
	p, err := assemble(ctx, cfg, surroundings{&readers, "", time.Now})
	if err != nil {
		return nil, err
	}
	p.account = who
	readers.pcsc, readers.ignore = pcsc.New(p.log), cfg.Readers.Ignores
	p.closing(readers.pcsc.Close)
	return p, nil
}

// shown is what a demo adds to the screen.
type shown struct {
	demo  *ui.Demo
	given ui.Given    // how one signs in there
	input plain.Input // instead of the terminal's
}

// show runs the walk on the screen, or as lines, and waits for what goes on
// behind it.
func (p *parts) show(ctx context.Context, lines bool, s shown) error {
	debug.SetMemoryLimit(mostMemory)
	ctx, end := context.WithCancel(ctx)
	o := newOwner(ctx, p.log)
	defer p.finishAudit(ctx)
	defer o.wait()
	defer end()
	p.startWork(o)
	if lines || wantsLines() {
		return p.walkLines(ctx, o, s)
	}
	return p.showScreen(ctx, o, s)
}

// wantsLines reports whether the surroundings ask for lines.
func wantsLines() bool {
	return os.Getenv("TERM") == "dumb" || os.Getenv("ACCESSIBLE") != "" || !term.IsTerminal(int(os.Stdout.Fd())) || !term.IsTerminal(int(os.Stdin.Fd()))
}

// fewSigns reports whether the terminal may lack our signs: the console's fonts have
// 256 or 512 characters, older terminals have those of Latin letters.
func fewSigns() bool { return oldTerminal(os.Getenv("TERM")) }

// frames is how many are drawn in a second at most: twice what Bubble Tea does
// by itself. A key waits for the next one, and at 60 it waits up to 17 ms.
const frames = 120

func (p *parts) showScreen(ctx context.Context, o *owner, s shown) error {
	input := &typedInput{File: os.Stdin}
	door := p.door(s.given)
	if p.actor.Mode == engine.Agent {
		door = nil // nobody signs in there
	}
	app := ui.New(ctx, ui.Needs{
		Desk: p.desk, Actor: p.actor, Name: p.name, SignIn: door, Text: p.text, Now: p.desk.Now,
		Start: o.start, Stop: o.stop, Nudge: o.nudge, ASCII: !speaksUTF8(os.Getenv), Directory: p.directory,
		FewSigns: fewSigns(),
		Secret:   input.hush, Demo: s.demo,
		Idle: p.idle, After: time.After,
	})
	defer app.Close()
	return runProgram(ctx, app, input)
}

// runProgram shows a program on the full screen until it is left, or ctx ends.
func runProgram(ctx context.Context, app tea.Model, input io.Reader) error {
	kind := os.Getenv("TERM")
	options := []tea.ProgramOption{
		tea.WithContext(ctx), tea.WithInput(input), tea.WithOutput(&plainOutput{os.Stdout, oldTerminal(kind)}),
		tea.WithoutSignalHandler(), tea.WithFPS(frames),
	}
	if colourless(kind) {
		options = append(options, tea.WithEnvironment(append(os.Environ(), "NO_COLOR=1")))
	}
	_, err := tea.NewProgram(app, options...).Run()
	asked := ctx.Err() != nil // to end
	if asked && errors.Is(err, tea.ErrProgramKilled) {
		return nil
	}
	return err
}

func (p *parts) walkLines(ctx context.Context, o *owner, s shown) (err error) {
	input := s.input
	if input == nil {
		input = &lineInput{os.Stdin, os.Stdout}
	}
	n := plain.Needs{
		Desk: p.desk, Actor: p.actor, Text: p.text, Now: p.desk.Now, Out: os.Stdout, Input: input, Start: o.start, Nudge: o.nudge,
		ASCII: !speaksUTF8(os.Getenv), After: time.After,
	}
	if p.actor.Mode == engine.Agent {
		return plain.Agent(ctx, n)
	}
	if s.demo != nil {
		n.PINHint = func(id engine.CardID) string { return s.demo.PINHint(n.Text, id) }
	}
	if p.actor.Who == "" {
		if n.Actor, err = p.askLines(ctx, n.Out, input, s.given); err != nil {
			return err
		}
	}
	result, err := plain.Walk(ctx, n)
	if err != nil {
		return told{err}
	}
	if result != nil && result.End != engine.Finished {
		return told{&engine.Error{Op: "update card", Kind: engine.CARefused}}
	}
	return nil
}

// told is an error a person has been told about already.
type told struct{ error }

func (t told) Unwrap() error { return t.error }

// speaksUTF8 reads the locale as POSIX says: the first of these that is set.
func speaksUTF8(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := getenv(name); v != "" {
			v = strings.ToLower(strings.ReplaceAll(v, "-", ""))
			return strings.HasSuffix(v, "utf8") || strings.Contains(v, "utf8@")
		}
	}
	return false
}
