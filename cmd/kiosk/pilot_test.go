package main

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"cardkiosk/engine/words"
	"cardkiosk/ui"
)

// pilot sits at the screen: it presses keys and reads frames. It never waits
// for time to pass, only for the screen to show something.
type pilot struct {
	t    testing.TB
	app  closable
	msgs chan tea.Msg
	quit bool
	life context.Context
	twin *twin // nil where speed is measured

	width, height int
}

// closable is a screen that a pilot can sit at.
type closable interface {
	tea.Model
	Close()
}

// sitDown starts the app on a kiosk.
func sitDown(t testing.TB, p *parts, change func(*ui.Needs)) *pilot {
	t.Helper()
	ctx, end := context.WithCancel(context.Background())
	o := newOwner(ctx, p.log)
	needs := ui.Needs{
		Desk: p.desk, Actor: p.actor, Text: &words.English, Now: p.desk.Now, Start: o.start, Stop: o.stop, Directory: "ldap.corp.example",
	}
	if change != nil {
		change(&needs)
	}
	app := ui.New(ctx, needs)
	t.Cleanup(func() {
		end()
		app.Close()
		o.wait()
	})
	return sitDownAt(ctx, t, app, func() tea.Model {
		same := needs
		same.Text, same.Start, same.Stop = &words.German, func(func(context.Context)) {}, func() {}
		if change != nil {
			change(&same)
		}
		return ui.New(ctx, same)
	})
}

// sitDownAt starts a screen, and the same in German. It ends with ctx.
func sitDownAt(ctx context.Context, t testing.TB, app closable, german func() tea.Model) *pilot {
	s := &pilot{t: t, app: app, msgs: make(chan tea.Msg, 1000), life: ctx}
	if _, measured := t.(*testing.B); !measured {
		s.twin = newTwin(german())
	}
	s.do(s.app.Init())
	s.send(tea.WindowSizeMsg{Width: 80, Height: 24})
	return s
}

// do carries a command out, as Bubble Tea does.
func (s *pilot) do(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	go func() {
		switch msg := cmd().(type) {
		case nil:
		case tea.BatchMsg:
			for _, c := range msg {
				s.do(c)
			}
		default:
			select {
			case s.msgs <- msg:
			case <-s.life.Done():
			}
		}
	}()
}

func (s *pilot) send(msg tea.Msg) {
	if _, ok := msg.(tea.QuitMsg); ok {
		s.quit = true
		return
	}
	if size, ok := msg.(tea.WindowSizeMsg); ok {
		s.width, s.height = size.Width, size.Height
	}
	_, cmd := s.app.Update(msg)
	s.twin.hear(msg)
	s.do(cmd)
}

// frame is the screen as text.
func (s *pilot) frame() string { return frameOf(s.app) }

func frameOf(app tea.Model) string {
	lines := strings.Split(ansi.Strip(app.View().Content), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// sees waits until the screen shows all of these.
func (s *pilot) sees(texts ...string) string {
	s.t.Helper()
	limit := time.NewTimer(60 * time.Second)
	defer limit.Stop()
	for {
		frame, missing := s.frame(), ""
		for _, text := range texts {
			if !strings.Contains(frame, text) {
				missing = text
			}
		}
		if missing == "" {
			return frame
		}
		select {
		case msg := <-s.msgs:
			s.send(msg)
		case <-limit.C:
			s.t.Fatalf("never saw %q; the screen shows\n%s", missing, frame)
		}
	}
}

// until waits until something is true, while the screen goes on.
func (s *pilot) until(what string, is func() bool) {
	s.t.Helper()
	limit := time.NewTimer(60 * time.Second)
	defer limit.Stop()
	for !is() {
		select {
		case msg := <-s.msgs:
			s.send(msg)
		case <-limit.C:
			s.t.Fatalf("never: %s; the screen shows\n%s", what, s.frame())
		}
	}
}

// keys are those with names.
var keys = map[string]tea.KeyPressMsg{
	"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown},
	"left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight}, "space": {Code: tea.KeySpace, Text: " "}, "tab": {Code: tea.KeyTab},
	"backspace": {Code: tea.KeyBackspace}, "pgdown": {Code: tea.KeyPgDown}, "pgup": {Code: tea.KeyPgUp},
	"f1": {Code: tea.KeyF1}, "f2": {Code: tea.KeyF2}, "f3": {Code: tea.KeyF3}, "f4": {Code: tea.KeyF4}, "f5": {Code: tea.KeyF5}, "f6": {Code: tea.KeyF6}, "f7": {Code: tea.KeyF7}, "f8": {Code: tea.KeyF8},
	"f9": {Code: tea.KeyF9}, "f10": {Code: tea.KeyF10},
	"ctrl+c": {Code: 'c', Mod: tea.ModCtrl},
}

// press presses keys, by name.
func (s *pilot) press(names ...string) {
	s.t.Helper()
	for _, name := range names {
		k, ok := keys[name]
		if !ok {
			s.t.Fatalf("there is no key %q", name)
		}
		s.send(k)
	}
}

// types types a text.
func (s *pilot) types(text string) {
	for _, r := range text {
		s.send(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
}

// opens finds a user and opens their profile.
func (s *pilot) opens(logon, name string) {
	s.t.Helper()
	s.sees("Who is it?")
	s.types(logon)
	s.sees(name, "1 found")
	s.press("enter")
	s.sees(name, "policy: Staff")
}

// What differs from run to run.
var varying = []struct {
	is   *regexp.Regexp
	name string
}{
	{regexp.MustCompile(`\b[0-9a-f]{64}\b`), strings.Repeat("f", 64)},
	{regexp.MustCompile(`\b[0-9a-f]{26,32}\b`), strings.Repeat("a", 32)}, // a serial may begin with zeros
	{regexp.MustCompile(`\b(run|Lauf) [0-9a-f]{6}\b`), "${1} aaaaaa"},
	{regexp.MustCompile(`(?m)(, (?:desk-1|demo) +)[0-9a-f]{6}$`), "${1}aaaaaa"},
	{regexp.MustCompile(`127\.0\.0\.1:\d{4,5}`), "127.0.0.1:PORT"},
}

func steady(frame string) string {
	for _, v := range varying {
		frame = v.is.ReplaceAllString(frame, v.name)
	}
	return frame
}
