package store_test

import (
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"cardkiosk/engine"
)

// task is one for a card.
func task(id engine.TaskID, card engine.CardID) engine.Task {
	return engine.Task{
		ID: id, Kind: engine.TaskUpdate, Card: engine.Identity{ID: card, Serial: "712233"}, User: engine.UserRef{ID: jana.ID, Logon: "jana"},
		Policy: "staff", LeftBy: engine.Actor{Who: "ines", Station: "desk-1", Mode: engine.Operator, User: "u-ines"}, Comment: "soon",
		Created: noon, Station: "lobby-1", Bound: true, State: engine.TaskIdle, Since: noon, NotBefore: at(3), Tries: 1,
	}
}

func taskRow(act string) *engine.AuditRow {
	return &engine.AuditRow{At: noon, Actor: engine.Actor{Who: "ines", Station: "desk-1", Mode: engine.Operator}, Act: act, Result: "done"}
}

// A task comes out as it went in, with whoever left it, and goes when it is removed;
// a card has one that is not completed.
func TestTask(t *testing.T) {
	s := open(t, newPath(t))
	in := task("t1", "c1")
	kept, err := s.ChangeTask(t.Context(), engine.TaskChange{Task: in, Audit: taskRow("assign task")})
	must(t, err)
	out, ok, err := s.OpenTask(t.Context(), "c1")
	must(t, err)
	in.Version = 1
	if !ok || !reflect.DeepEqual(out, in) || !reflect.DeepEqual(kept, in) {
		t.Errorf("it came out as %+v, went in as %+v", out, in)
	}
	if _, err := s.ChangeTask(t.Context(), engine.TaskChange{Task: task("t2", "c1"), Audit: taskRow("assign task")}); !engine.Is(err, engine.TaskThere) {
		t.Errorf("a second one: %v", err)
	}
	in.State, in.Since, in.Result = engine.TaskEnded, at(5), engine.TaskDone
	in, err = s.ChangeTask(t.Context(), engine.TaskChange{Task: in, Audit: taskRow("finish task")})
	must(t, err)
	if _, ok, _ := s.OpenTask(t.Context(), "c1"); ok {
		t.Error("a completed one is open")
	}
	_, err = s.ChangeTask(t.Context(), engine.TaskChange{Task: task("t3", "c1"), Audit: taskRow("assign task")})
	must(t, err)
	all, err := s.AllTasks(t.Context(), 10)
	must(t, err)
	if len(all) != 2 || all[0].ID != "t3" || all[1].ID != "t1" {
		t.Errorf("all are %+v", all)
	}
	in.State = ""
	_, err = s.ChangeTask(t.Context(), engine.TaskChange{Task: in, Audit: taskRow("remove task")})
	must(t, err)
	if _, ok, _ := s.Task(t.Context(), "t1"); ok {
		t.Error("a removed one is there")
	}
	if n := count(t, s, `SELECT COUNT(*) FROM audit WHERE act LIKE $1`, "%task"); n != 4 {
		t.Errorf("the audit has %d rows of what happened", n)
	}
}

// Of many agents with one database that take a task at the same moment one does, and
// what the others wanted to write is in no audit. Whoever took it keeps it until
// somebody changes it.
func TestOneAgentTakes(t *testing.T) {
	path := newPath(t)
	north, south := open(t, path), open(t, path)
	for round := range 10 {
		id := engine.TaskID(fmt.Sprint("t", round))
		idle, err := north.ChangeTask(t.Context(), engine.TaskChange{Task: task(id, engine.CardID(fmt.Sprint("c", round))), Audit: taskRow("assign task")})
		must(t, err)
		var g errgroup.Group
		var took atomic.Int32
		for i := range 6 {
			s, mine := north, idle
			if i%2 == 1 {
				s = south
			}
			mine.State, mine.At, mine.Until = engine.TaskRunning, fmt.Sprint("lobby-", i), at(1)
			g.Go(func() error {
				taken, err := s.ChangeTask(t.Context(), engine.TaskChange{Task: mine, Audit: taskRow("take task")})
				if engine.Is(err, engine.TaskGone) {
					return nil
				}
				took.Add(1)
				if err == nil {
					err = s.HoldTask(t.Context(), id, taken.Version, at(2))
				}
				return err
			})
		}
		must(t, g.Wait())
		if took.Load() != 1 {
			t.Fatalf("%d agents took it", took.Load())
		}
		held, _, err := south.Task(t.Context(), id)
		must(t, err)
		if held.State != engine.TaskRunning || !held.Until.Equal(at(2)) {
			t.Errorf("it is %+v", held)
		}
		for name, version := range map[string]int64{"of before": idle.Version, "to come": held.Version + 1} {
			if err := north.HoldTask(t.Context(), id, version, at(9)); !engine.Is(err, engine.TaskGone) {
				t.Errorf("a holder %s holds it: %v", name, err)
			}
		}
		held.State, held.Until = engine.TaskIdle, time.Time{}
		_, err = north.ChangeTask(t.Context(), engine.TaskChange{Task: held, Audit: taskRow("return task")})
		must(t, err)
		if err := south.HoldTask(t.Context(), id, held.Version, at(9)); !engine.Is(err, engine.TaskGone) {
			t.Errorf("who gave it back holds it: %v", err)
		}
	}
	if n := count(t, north, `SELECT COUNT(*) FROM audit WHERE act = $1`, "take task"); n != 10 {
		t.Errorf("the audit has %d takings of 10", n)
	}
}
