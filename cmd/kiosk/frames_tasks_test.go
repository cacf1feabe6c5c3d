package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine"
	"cardkiosk/ui"
)

// seat is an agent's screen, with the clock that tells it when to look for tasks.
type seat struct {
	*pilot
	ticks  chan time.Time
	looked int
}

// atAgent sits down at an agent that shares the kiosk's database and readers. It
// looks for tasks when it is told to.
func (l *lobby) atAgent(t testing.TB) *seat {
	t.Helper()
	p := *l.parts
	p.actor.Station = "lobby-1"
	if err := p.beAgent(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := &seat{ticks: make(chan time.Time)}
	s.pilot = sitDown(t, &p, func(n *ui.Needs) {
		n.After = func(time.Duration) <-chan time.Time { return s.ticks }
	})
	return s
}

// finds has the agent look until the screen shows a text.
func (s *seat) finds(text string) string {
	s.t.Helper()
	s.look("it finds "+text, func() bool { return strings.Contains(s.frame(), text) })
	return s.frame()
}

// looks has the agent look so many times.
func (s *seat) looks(n int) {
	s.t.Helper()
	from := s.looked
	s.look("it looks", func() bool { return s.looked >= from+n })
}

func (s *seat) look(what string, is func() bool) {
	s.t.Helper()
	s.until(what, func() bool {
		select {
		case s.ticks <- time.Time{}:
			s.looked++
		default:
		}
		s.do(func() tea.Msg { return nudged{} }) // so that it is tried again
		return is()
	})
}

// nudged is no message of the app's.
type nudged struct{}

// leaves has an operator leave the update of Ada's card, from her profile.
func (l *lobby) leaves(t testing.TB) {
	t.Helper()
	if _, err := l.desk.LeaveTask(t.Context(), l.actor, "yubikey-712233", engine.TaskWish{Kind: engine.TaskUpdate, Comment: "Oslo, 7:40"}); err != nil {
		t.Fatal(err)
	}
}

// tasks are all there are, as they stand.
func (l *lobby) tasks(t testing.TB) []engine.Task {
	t.Helper()
	all, err := l.desk.TaskList(t.Context(), l.actor)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// An operator leaves a task from the profile, and sees in the list how it stands.
func TestFramesOfTasks(t *testing.T) {
	l := openLobby(t)
	s := l.sitDown(t)
	s.sees("Who is it?")
	s.press("f8")
	s.golden("tasks-01-none", s.sees("Tasks for agents", "No tasks."))
	s.press("esc")
	s.opens("alovelace", "Ada Lovelace")
	s.sees("third-party", "card 0071 2233")
	s.press("right", "enter")
	s.sees("Leave the update")
	s.types("Oslo, 7:40")
	s.golden("tasks-02-leave", s.sees("Oslo, 7:40"))
	s.press("enter")
	s.golden("tasks-03-profile", s.sees("The task is left.", "Task for an agent", "Oslo, 7:40"))
	s.press("esc")
	s.sees("Find user")
	s.press("f8")
	s.golden("tasks-04-idle", s.sees("idle", "Ada Lovelace"))
	agent, err := l.desk.StartAgent(t.Context(), l.actor)
	if err != nil {
		t.Fatal(err)
	}
	agent.Station = "lobby-1"
	task, holder, ok, err := l.desk.TakeTask(t.Context(), agent, "yubikey-712233")
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	s.press("f5")
	s.golden("tasks-05-running", s.sees("running", "lobby-1"))
	s.types("d")
	s.sees("It can be removed once it is late")
	for range 20 {
		l.clock.turn(30 * time.Second)
		if err := l.desk.HoldTask(t.Context(), holder, task); err != nil {
			t.Fatal(err)
		}
	}
	s.press("f5")
	s.golden("tasks-06-late", s.sees("late"))
	if _, err := l.desk.FailTask(t.Context(), holder, task, &engine.Error{Op: "ask", Kind: engine.CAAway, Subject: "Corp Issuing CA", Err: errors.New("away")}); err != nil {
		t.Fatal(err)
	}
	s.press("f5")
	s.golden("tasks-07-error", s.sees("error", "It was not done"))
	s.types("r")
	s.sees("The task is offered again.", "idle")
	s.types("d")
	s.golden("tasks-08-remove", s.sees("Remove the task?"))
	l.clock.rest()
	s.press("left", "enter")
	s.sees("The task is removed.", "No tasks.")
}

// At the agent: a card without a task, one with a task, and its holder's walk to the
// end of it.
func TestFramesOfAnAgent(t *testing.T) {
	l := openLobbyIn(t, demo.Options{AtOnce: true})
	s := l.atAgent(t)
	s.golden("agent-01-waits", s.sees("Put in your card", "No task for a card here"))
	l.leaves(t)
	s.golden("agent-02-task", s.finds("Hello, Ada Lovelace"))
	if all := l.tasks(t); all[0].State != engine.TaskRunning || all[0].At != "lobby-1" {
		t.Errorf("the tasks are %+v", all)
	}
	s.press("enter")
	s.sees("Which certificates?") // the policy lets users choose
	s.press("enter")
	s.sees("Enter the card's PIN")
	s.types("135792")
	s.press("enter")
	s.sees("Other certificates on this card")
	s.press("enter")
	s.golden("agent-03-confirm", s.sees("This is what will happen"))
	s.press("left", "enter")
	s.golden("agent-04-result", s.sees("Card updated"))
	s.until("it is reported", func() bool { return l.tasks(t)[0].State == engine.TaskEnded })
	if all := l.tasks(t); all[0].Result != engine.TaskDone || all[0].Run == "" {
		t.Errorf("the tasks are %+v", all)
	}
	s.press("enter")
	s.sees("Put in your card")
}

// What is not wanted now goes back, and is offered again after the interval.
func TestAgentNotNow(t *testing.T) {
	l := openLobbyIn(t, demo.Options{AtOnce: true})
	s := l.atAgent(t)
	s.sees("No task for a card here")
	l.leaves(t)
	s.finds("Hello, Ada Lovelace")
	s.press("esc")
	s.golden("agent-05-not-now", s.sees("Put in your card", "You are asked again from"))
	s.until("it is idle", func() bool { return l.tasks(t)[0].State == engine.TaskIdle })
	l.clock.turn(29 * time.Minute)
	s.looks(4)
	s.sees("No task for a card here")
	if all := l.tasks(t); all[0].State != engine.TaskIdle || all[0].Tries != 1 {
		t.Errorf("the tasks are %+v", all)
	}
	l.clock.turn(time.Minute)
	s.finds("Hello, Ada Lovelace")
}

// A task for another workstation is left alone, and the screen says so.
func TestAgentRefuses(t *testing.T) {
	l := openLobby(t)
	for i := range l.desk.Policies {
		l.desk.Policies[i].Tasks.User = true
	}
	l.desk.PolicyOf = engine.ByLinks(l.desk.Policies)
	l.leaves(t)
	s := l.atAgent(t)
	s.golden("agent-06-refused", s.sees("the user's own workstation"))
	if all := l.tasks(t); all[0].State != engine.TaskIdle {
		t.Errorf("the tasks are %+v", all)
	}
}

// A card that is taken out before anything was begun leaves its task for later; a
// task that is removed meanwhile is asked about no more.
func TestAgentLosesCardOrTask(t *testing.T) {
	l := openLobby(t)
	s := l.atAgent(t)
	s.sees("No task for a card here")
	l.leaves(t)
	s.finds("Hello, Ada Lovelace")
	l.readers.Remove(0)
	s.sees("The card was taken out. Nothing was changed.")
	s.until("it is idle", func() bool { return l.tasks(t)[0].State == engine.TaskIdle })
	if err := l.readers.Insert(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	l.clock.turn(time.Hour)
	s.finds("Hello, Ada Lovelace")
	l.clock.turn(10 * time.Minute) // nobody has held it: its lease has ended
	if err := l.desk.RemoveTask(t.Context(), l.actor, l.tasks(t)[0].ID); err != nil {
		t.Fatal(err)
	}
	s.finds("The task was removed meanwhile")
}
