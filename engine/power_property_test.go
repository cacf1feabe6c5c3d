package engine

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The power may go with any deed, just before it or just after; the card may be
// full, and a CA may say no. Whoever continues comes to the end or back, and on
// the way nothing is lost that the plan did not name.
func TestPowerMayGo(t *testing.T) {
	ends, full, cuts := map[RunEnd]int{}, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		w, s := drawWorld(t)
		c, p, err := w.propose(s)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Plan.Obstacles) > 0 || !p.Plan.Changes() {
			return
		}
		drawTrouble(t, w, p.Plan)
		before, record := w.card.lying(), copied(*w.record)
		w.light(rapid.IntRange(0, 40).Draw(t, "power goes with"), rapid.Bool().Draw(t, "after it"))
		_, err = w.update(c, p.Plan)
		for round := 0; err != nil; round++ {
			if round == 20 {
				check(t, []string{fmt.Sprintf("it does not come to an end: %v", err)}, p.Plan, before, w, record)
			}
			cuts++
			w.light(0, false)
			if w.filled != "" {
				full++
			}
			run, open := w.open()
			if !open && len(w.runs) > 0 {
				break // the power went with the last note
			}
			check(t, w.haltBreaks(before, p.Plan, run), p.Plan, before, w, record)
			if !open {
				return // the power went before anything was begun
			}
			if round < 4 {
				w.light(rapid.IntRange(0, 25).Draw(t, "and again with"), rapid.Bool().Draw(t, "after that"))
			}
			_, err = w.again(!run.Committed() && oneIn(t, 3, "take back"))
		}
		run := w.runs[len(w.runs)-1]
		ends[run.End]++
		switch run.End {
		case TakenBack:
			check(t, w.backBreaks(before, p.Plan, record), p.Plan, before, w, record)
		case Partly:
			check(t, w.cardBreaks(before, run), p.Plan, before, w, record)
		case Finished:
			check(t, append(w.cardBreaks(before, run), w.againBreaks(s)...), p.Plan, before, w, record)
		}
	})
	t.Logf("%v, the power went %d times, the card was full %d times", ends, cuts, full)
}

func check(t *rapid.T, breaks []string, plan Plan, before lying, w *world, record Record) {
	t.Helper()
	if len(breaks) == 0 {
		return
	}
	notes := ""
	for _, n := range slices.Concat(each(w.runs, func(r Run) []Note { return r.Notes })...) {
		notes += fmt.Sprintf(" %d%s %s,", n.Step, when(n.Undo, " undo"), n.Kind)
	}
	t.Fatalf("%s\nplan: %s\nnotes:%s\nbefore:%s\nafter:%s\nrecord: %s\nnow: %s", breaks, planLine(plan), notes, before, w.card.lying(), recordLine(record), recordLine(*w.record))
}

// drawTrouble draws where the card is full and what the CA refuses.
func drawTrouble(t *rapid.T, w *world, plan Plan) {
	for _, s := range plan.Steps {
		if s.Verb == WriteCertificate && oneIn(t, 8, string(s.Place)+" is full") {
			w.card.full[s.Place] = true
		}
		if s.Verb == AskCA && oneIn(t, 8, s.Template+" is refused") {
			w.refuses[s.Ask.Profile] = true
		}
	}
	w.card.dropped = rapid.Bool().Draw(t, "a full card drops the old object")
}

// haltBreaks lists what is lost while an update is halfway.
func (w *world) haltBreaks(before lying, plan Plan, run Run) []string {
	var breaks []string
	complain := func(format string, args ...any) { breaks = append(breaks, fmt.Sprintf(format, args...)) }
	after := w.card.lying()
	named := map[Place]bool{}
	history := map[Place]bool{}
	for _, g := range plan.Comes {
		named[g.Place] = true
	}
	for _, l := range plan.Goes {
		named[l.Place], history[l.Place] = true, l.History
	}
	for at, der := range before.objects {
		if !bytes.Equal(after.objects[at], der) && (!named[at] || !run.Committed()) {
			complain("halfway the certificate at %s is lost", at)
		}
	}
	for at, key := range before.keys {
		still := bytes.Equal(after.keys[at].Public, key.Public)
		switch _, certified := before.objects[at]; {
		case !certified && !w.card.can.ShowKeys: // nobody can know of it
		case !still && (!named[at] || !run.Committed()):
			complain("halfway the key at %s is lost", at)
		case opens(before.objects[at], key) && !history[at] && !after.holdsKey(key.Public):
			complain("halfway the encryption key of %s is lost", at)
		}
	}
	return breaks
}

// backBreaks: what was taken back leaves the card and its record as they were.
// Only a card that cannot remove keys has one more.
func (w *world) backBreaks(before lying, plan Plan, record Record) []string {
	after := w.card.lying()
	breaks := w.haltBreaks(before, plan, Run{})
	for at := range after.objects {
		if _, was := before.objects[at]; !was {
			breaks = append(breaks, fmt.Sprintf("a certificate was left behind at %s", at))
		}
	}
	for at := range after.keys {
		if _, was := before.keys[at]; !was && w.card.can.DeleteKeys {
			breaks = append(breaks, fmt.Sprintf("a key was left behind at %s", at))
		}
	}
	now := copied(*w.record)
	if !reflect.DeepEqual(now.Managed, record.Managed) || !reflect.DeepEqual(now.Former, record.Former) || now.Under != record.Under {
		breaks = append(breaks, "the record is not as it was")
	}
	return breaks
}
