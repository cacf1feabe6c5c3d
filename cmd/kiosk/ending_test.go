package main

import (
	"testing"

	"cardkiosk/engine/sim"
	"cardkiosk/ui"
)

// However the program ends, a run keeps card and PIN until it has come to a
// safe note; afterwards it can be continued.
func TestCloseWaitsForRun(t *testing.T) {
	l := openLobby(t)
	reached, stopped := make(chan struct{}), make(chan struct{}, 2)
	held := false
	chip := l.withChip(t, sim.Options{Power: func(c sim.Command) sim.Cut {
		if c.Header[1] == 0x47 && !held { // GENERATE ASYMMETRIC KEY PAIR
			held = true
			close(reached)
			<-stopped
		}
		return sim.Stay
	}})
	s := sitDown(t, l.parts, func(n *ui.Needs) {
		stop := n.Stop
		n.Stop = func() {
			stop()
			stopped <- struct{}{}
		}
	})
	l.toConfirm(s)
	s.press("enter")
	<-reached
	s.app.Close()
	runs, err := l.desk.Journal.Runs(t.Context(), "yubikey-712233")
	if err != nil || len(runs) == 0 || runs[0].End != "" {
		t.Fatalf("the journal has %v, %v", runs, err)
	}
	made := false
	for _, n := range runs[0].Notes {
		made = made || len(n.Data.Public) > 0
	}
	if !made {
		t.Error("the key that was made is not noted")
	}
	again := l.sitDown(t)
	again.opens("alovelace", "Ada Lovelace")
	continues(again)
	again.sees("Card updated")
	if left := chip.State().PIN.Left; left != 3 {
		t.Errorf("%d tries are left", left)
	}
}
