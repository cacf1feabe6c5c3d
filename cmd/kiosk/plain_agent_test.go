package main

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"testing"
	"time"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine"
	"cardkiosk/ui/plain"
)

// answersAgent runs an agent in lines until the answers have ended, and compares all
// that was said with what is on file.
func (l *lobby) answersAgent(t *testing.T, name string, answers ...string) {
	t.Helper()
	p := *l.parts
	p.actor.Station = "lobby-1"
	if err := p.beAgent(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	o := newOwner(ctx, l.log)
	defer o.wait()
	defer end()
	var out bytes.Buffer
	input := &script{lines: answers, err: io.EOF}
	err := plain.Agent(ctx, plain.Needs{
		Desk: p.desk, Actor: p.actor, Text: l.text, Now: p.desk.Now, Out: &out, Input: input, Start: o.start,
		After: func(d time.Duration) <-chan time.Time {
			looks := d < 10*time.Second // the other says that it is at a task, and elsewhere
			if looks && len(input.lines) == 0 && l.tasks(t)[0].State != engine.TaskRunning {
				end() // it has come back to waiting
			}
			return nil
		},
	})
	if err != nil || len(input.lines) > 0 {
		t.Errorf("%s: ended with %v; %d answers were not asked for\n%s", name, err, len(input.lines), &out)
	}
	l.goldenLines(t, name, out.String())
}

// In lines, too, a task is put off, and done when it is offered again.
func TestPlainAgent(t *testing.T) {
	l := openLobbyIn(t, demo.Options{AtOnce: true})
	l.leaves(t)
	l.answersAgent(t, "agent-01-not-now", "2")
	if all := l.tasks(t); all[0].State != engine.TaskIdle || all[0].NotBefore.IsZero() {
		t.Errorf("the tasks are %+v", all)
	}
	l.clock.turn(30 * time.Minute)
	l.answersAgent(t, "agent-02-done", "1", "n", "y", testPIN, "n", "y")
	if all := l.tasks(t); all[0].State != engine.TaskEnded || all[0].Result != engine.TaskDone || all[0].Tries != 2 {
		t.Errorf("the tasks are %+v", all)
	}
}

// Where the answers end, the task is given back, whatever was asked last.
func TestPlainAgentWithoutAnswers(t *testing.T) {
	l := openLobbyIn(t, demo.Options{AtOnce: true})
	l.leaves(t)
	answers := []string{"1", "n", "y", testPIN, "n"}
	for n := range answers {
		p := *l.parts
		p.actor.Station = "lobby-1"
		if err := p.beAgent(t.Context()); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		err := plain.Agent(t.Context(), plain.Needs{
			Desk: p.desk, Actor: p.actor, Text: l.text, Now: p.desk.Now, Out: &out, Input: &script{lines: answers[:n:n], err: io.EOF},
			After: func(time.Duration) <-chan time.Time { return nil },
		})
		all := l.tasks(t)
		if !engine.Is(err, engine.Stopped) || all[0].State != engine.TaskIdle || all[0].Tries != n+1 {
			t.Errorf("%d answers: %v, the tasks are %+v\n%s", n, err, all, &out)
		}
		l.clock.turn(time.Hour)
	}
}

// goldenLines compares lines with those on file.
func (l *lobby) goldenLines(t *testing.T, name, lines string) {
	t.Helper()
	golden(t, filepath.Join("plain", name+".golden"), steady(lines))
}
