package main

import (
	"fmt"
	"testing"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine"
)

// Goals of waiting for a CA.
const (
	heldRatio   = 1.3  // APDUs of a renewal in two runs to those in one: the second unlocks the card anew, and looks before it moves a key
	heldASecond = 1000 // requests that two workers ask about
)

// measureBusy has two workers on one store ask a CA about ten thousand requests that
// it holds, and checks the trace of every lookup: each request by one at a time, once.
func measureBusy(b *testing.B) {
	const requests = 10_000
	many := openBusy(b, requests)
	took := many.share(b)
	figure("held-requests-10k", fmt.Sprintf("%.0f", requests/took.Seconds()), "requests/s", fmt.Sprintf(">= %d", heldASecond))
	note("held-requests-10k: %d requests in %.1f s by %v, each asked about once, none by two at a time; %d approvals told, each once",
		requests, took.Seconds(), many.trace.shares(), many.granted)
}

// measureHeld counts the APDUs of a renewal that an officer looks at, with those of
// its second visit, against one that the CA grants at once: those of the runs, and
// those of the visits, in which the card is read before as well.
func measureHeld(b *testing.B) {
	once, twice := renewalVisits(b, false), renewalVisits(b, true)
	ratio := func(part func(*wire) []apdus) string {
		return fmt.Sprintf("%.2f", float64(total(part(twice)))/float64(total(part(once))))
	}
	figure("held-renewal-apdus", ratio((*wire).runs), "ratio", fmt.Sprintf("<= %.1f", heldRatio))
	note("held-renewal-apdus: %d in two runs, %d in one", total(twice.runs()), total(once.runs()))
	figure("held-renewal-apdus-visits", ratio((*wire).steps), "ratio", "<= 2")
	note("held-renewal-apdus-visits: %d in two visits, %d in one: each reads the whole card", total(twice.steps()), total(once.steps()))
	for _, s := range merged(twice.runs()) {
		note("held renewal %s %d, granted at once %d", s.name, s.apdus, apdusOf(once.runs(), s.name))
	}
}

// renewalVisits renews what is due on a card, and returns what went over the wire.
func renewalVisits(b *testing.B, held bool) *wire {
	b.Helper()
	world, cfg := openWorld(b, demo.Options{})
	desk := *openParts(b, cfg, nil).desk
	today, chip := desk.PolicyOf, newChip(b, 712260)
	desk.PolicyOf = days(today, 9)
	issue(b, desk, chip, "alovelace", nil)
	desk.PolicyOf = today
	if held {
		desk.PolicyOf = lookedAt(today, "9a")
	}
	user, w := userNamed(b, &desk, "alovelace"), &wire{chip: chip, long: true}
	desk.Readers = w
	pin := engine.NewPIN([]byte(testPIN))
	carry := func(how func(c *engine.Connected) (engine.Result, error)) engine.Result {
		chip.PowerOn()
		c, err := desk.Connect(b.Context(), tester, "Reader")
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		result, err := how(c)
		if err != nil {
			b.Fatal(err)
		}
		return result
	}
	result := carry(func(c *engine.Connected) (engine.Result, error) {
		return desk.Update(b.Context(), tester, c, propose(b, &desk, c, user, engine.Selection{}).Plan, pin, nil)
	})
	if !held {
		return w
	}
	all, err := desk.Requests.RequestsOf(b.Context(), result.Notice.Card.ID)
	if err != nil || len(all) != 1 {
		b.Fatalf("%d requests are held, %v", len(all), err)
	}
	if err := world.Approve(b.Context(), all[0].ID); err != nil {
		b.Fatal(err)
	}
	if result = carry(func(c *engine.Connected) (engine.Result, error) { return desk.Resume(b.Context(), tester, c, pin, nil) }); result.End != engine.Finished {
		b.Fatalf("the renewal ended %q", result.End)
	}
	return w
}

func (w *wire) steps() (all []apdus) {
	for _, v := range w.visits {
		all = append(all, stepsOf(v)...)
	}
	return all
}

// runs are the transactions in which the card was unlocked.
func (w *wire) runs() (all []apdus) {
	for _, v := range w.visits {
		if steps := stepsOf(v); apdusOf(steps, "verify-PIN") > 0 {
			all = append(all, steps...)
		}
	}
	return all
}

func stepsOf(visit []deed) (all []apdus) {
	for _, d := range visit {
		all = append(all, apdus{name: d.name, apdus: d.apdus})
	}
	return all
}
