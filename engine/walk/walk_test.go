package walk

import (
	"slices"
	"testing"

	"cardkiosk/engine"
)

// Each action leads through its own stages, and back the same way until the
// run begins.
func TestStagesThereAndBack(t *testing.T) {
	for action, all := range stages {
		d := &Draft{Action: action}
		var there []Stage
		for s, ok := all[0], true; ok; s, ok = d.Next(s) {
			there = append(there, s)
		}
		if !slices.Equal(there, all) {
			t.Errorf("%s: walked %v, want %v", action, there, all)
		}
		for i := len(all) - 1; i > 0; i-- {
			got, ok := d.Back(all[i])
			begun := all[i] == Update || all[i] == Result
			if ok == begun || ok && got != all[i-1] {
				t.Errorf("%s: back from %s gives %q, %v", action, all[i], got, ok)
			}
		}
	}
}

// The connect page falls away exactly when the card that is meant is at hand.
func TestConnectFallsAway(t *testing.T) {
	held := &engine.Connected{Contents: engine.Contents{Identity: engine.Identity{ID: "yubikey-1"}}}
	for name, c := range map[string]struct {
		draft Draft
		want  Stage
	}{
		"no card at hand":     {Draft{Action: UpdateCard, Card: "yubikey-1"}, ConnectCard},
		"the card is at hand": {Draft{Action: UpdateCard, Card: "yubikey-1", Connected: held}, SelectTemplates},
		"another is at hand":  {Draft{Action: UpdateCard, Card: "yubikey-2", Connected: held}, ConnectCard},
		"any card will do":    {Draft{Action: AssignCard, Connected: held}, ConnectCard},
	} {
		if got, _ := c.draft.Next(Profile); got != c.want {
			t.Errorf("%s: after the profile comes %s, want %s", name, got, c.want)
		}
	}
}

// A walk that begins at the work list goes back to it, and from there to where
// users are found.
func TestWorkListIsTheStart(t *testing.T) {
	for action := range stages {
		d := &Draft{Action: action, Listed: true}
		if all := d.Stages(); all[0] != WorkList || slices.Contains(all, FindUser) {
			t.Errorf("%s: the stages are %v", action, all)
		}
	}
	d := &Draft{Listed: true}
	if to, ok := d.Back(Profile); to != WorkList || !ok || d.Start() != WorkList {
		t.Errorf("back from the profile leads to %q", to)
	}
	if to, ok := d.Back(WorkList); to != FindUser || !ok {
		t.Errorf("back from the work list leads to %q", to)
	}
	if d.Release(); d.Start() != FindUser {
		t.Error("a new walk begins at the work list")
	}
}

// Third-party certificates are asked about only where the proposal says so.
func TestTrackedFallsAway(t *testing.T) {
	for ask, want := range map[bool]Stage{true: SelectTracked, false: Confirm} {
		d := Draft{Action: UpdateCard, Proposal: &engine.Proposal{AskTracked: ask}}
		if got, _ := d.Next(EnterPIN); got != want {
			t.Errorf("with AskTracked %v comes %s, want %s", ask, got, want)
		}
		back := map[bool]Stage{true: SelectTracked, false: EnterPIN}[ask]
		if got, _ := d.Back(Confirm); got != back {
			t.Errorf("with AskTracked %v back leads to %s, want %s", ask, got, back)
		}
	}
}

// Releasing a walk leaves no PIN behind, not even in copies.
func TestReleaseWipesPIN(t *testing.T) {
	bytes := []byte("135792")
	d := Draft{PIN: engine.NewPIN(bytes)}
	copied := d.PIN
	d.Release()
	if copied.Len() != 0 || !slices.Equal(bytes, make([]byte, 6)) {
		t.Error("the PIN outlived the walk")
	}
}

// What becomes of a card beside the update is offered where the state table lets
// it, and nowhere else; while an update has not ended, only revoking.
func TestLifeActionsFollowTheStates(t *testing.T) {
	events := map[engine.State][]engine.CardEvent{
		engine.StateAssigned: {engine.CardUnassigned},
		engine.StateIssued:   {engine.CardDisabled, engine.CardRevoked, engine.CardUnassigned},
		engine.StatePending:  {engine.CardRevoked},
		engine.StateDisabled: {engine.CardEnabled, engine.CardRevoked},
		engine.StateRevoked:  {engine.CardCleaned},
	}
	open := engine.CardView{Unfinished: &engine.RunSummary{}}
	for _, state := range engine.States() {
		card := engine.CardView{Record: engine.Record{State: state}}
		var offered []engine.CardEvent
		for _, a := range LifeActions(card) {
			offered = append(offered, a.Event())
		}
		if !slices.Equal(offered, events[state]) {
			t.Errorf("of a card that is %q %v are offered", state, offered)
		}
		open.Record.State = state
		for _, a := range LifeActions(open) {
			if a != RevokeCard && state != engine.StateDisabled && state != engine.StateRevoked {
				t.Errorf("of a card that is %q, with an update under way, %q is offered", state, a)
			}
		}
		for _, view := range []engine.CardView{card, open} {
			menu := slices.Contains(Actions(&engine.Profile{}, &view), CardLife)
			if some := len(LifeActions(view)) > 0; menu != some {
				t.Errorf("of a card that is %q the choice is offered: %v", state, menu)
			}
		}
	}
}

// An update that waits leads with what can go on, and is cancelled only where that
// is allowed.
func TestActionsOfAPendingUpdate(t *testing.T) {
	of := func(cancel bool, states ...engine.RequestState) engine.CardView {
		p := &engine.Pending{Cancel: cancel}
		for _, s := range states {
			p.Requests = append(p.Requests, engine.Request{State: s})
		}
		return engine.CardView{Record: engine.Record{State: engine.StatePending}, Pending: p}
	}
	pending, approved, rejected := engine.RequestPending, engine.RequestApproved, engine.RequestRejected
	for name, c := range map[string]struct {
		card engine.CardView
		want []Action
	}{
		"waits":                     {of(true, pending), []Action{CancelUpdate}},
		"waits, not to be given up": {of(false, pending), nil},
		"approved":                  {of(true, approved), []Action{ContinueUpdate, CancelUpdate}},
		"partly decided":            {of(true, approved, pending), []Action{ContinueUpdate, CancelUpdate}},
		"partly rejected":           {of(false, approved, rejected), []Action{ContinueUpdate}},
		"rejected":                  {of(true, rejected), []Action{UpdateAgain, CancelUpdate}},
		"rejected, one waits":       {of(true, rejected, pending), []Action{CancelUpdate}},
	} {
		want := slices.Clone(c.want)
		if slices.Contains(want, CancelUpdate) { // what one may do one may leave
			want = append(want, LeaveCancel)
		}
		want = append(want, AssignCard, ShowHistory, CardLife)
		if got := Actions(&engine.Profile{}, &c.card); !slices.Equal(got, want) {
			t.Errorf("%s: %v are offered, want %v", name, got, want)
		}
	}
}
