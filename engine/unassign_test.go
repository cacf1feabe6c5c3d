package engine

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"
)

// unassign empties the world's card.
func (w *world) unassign() (Plan, error) {
	c, err := w.connect()
	if err != nil {
		return Plan{}, err
	}
	p, err := w.desk.ProposeUnassign(context.Background(), actor, c)
	if err != nil {
		return p, err
	}
	_, err = w.desk.UnassignIssued(context.Background(), actor, c, p, newPIN(), nil)
	return p, err
}

// emptiedBreaks lists what is not as it must be once a card was taken from its
// user: ours is gone but for what the policy keeps, nothing else was touched, the
// record has nothing of the user, and it is known elsewhere.
func (w *world) emptiedBreaks(before lying) []string {
	var breaks []string
	complain := func(format string, args ...any) { breaks = append(breaks, fmt.Sprintf(format, args...)) }
	after := w.card.lying()
	for _, at := range []Place{"9e", "83"} { // what is kept, and somebody else's
		if !reflect.DeepEqual(after.objects[at], before.objects[at]) || !reflect.DeepEqual(after.keys[at].Public, before.keys[at].Public) {
			complain("%s was touched", at)
		}
	}
	for _, at := range []Place{"9a", "9c", "9d", "84", "82"} {
		if _, still := after.objects[at]; still {
			complain("the certificate at %s is still there", at)
		}
		if _, still := after.keys[at]; still && w.card.can.DeleteKeys {
			complain("the key at %s is still there", at)
		}
	}
	r := *w.record
	if len(r.Managed) != 1 || r.Managed[0].Template != "Card" || string(r.PUK) != "sealed" {
		complain("the record keeps %+v", r)
	}
	r.Managed, r.PUK, r.Version, r.Seen = nil, nil, 0, Sighting{} // connecting the card notes what is on it
	if !reflect.DeepEqual(r, Record{Card: w.id, State: StateClean}) {
		complain("the record has %+v", r)
	}
	return breaks
}

// A card that is taken from its user is emptied of what is ours, and of nothing
// else. What the policy keeps stays on the card and in its record, and is not
// revoked.
func TestUnassign(t *testing.T) {
	for _, kind := range []string{movesKeys, keepsKeys, plainPIV} {
		w := withLife(kind)
		w.layOut()
		w.nameAll()
		before := w.card.lying()
		p, err := w.unassign()
		must(t, err)
		for _, complaint := range w.emptiedBreaks(before) {
			t.Errorf("%s: %s", kind, complaint)
		}
		same(t, "errands", w.errandLines(), "publish -5", "remove alovelace 0",
			"Logon cessationOfOperation", "Signing cessationOfOperation", "Mail cessationOfOperation", "former Mail cessationOfOperation")
		same(t, "letters", w.told(), "card unassigned to ada@corp.example")
		must(t, w.work())
		if len(w.entry)+len(w.bound) > 0 {
			t.Errorf("%s: the directory shows %d certificates and %d bindings", kind, len(w.entry), len(w.bound))
		}
		if len(p.Goes) != 5 || !p.Goes[2].History && !p.Goes[4].History {
			t.Errorf("%s: what goes is %+v", kind, p.Goes)
		}
		if kind != plainPIV && w.card.former != 0 {
			t.Errorf("%s: the card tells of %d former keys", kind, w.card.former)
		}
	}
}

// A card that was unassigned is anybody's: assigned and updated, it has everything
// of its new user's policy, and what it kept is left as it is.
func TestAssignAfterUnassign(t *testing.T) {
	ctx, w := context.Background(), withLife(movesKeys)
	w.layOut()
	kept := w.card.objects["9e"]
	_, err := w.unassign()
	must(t, err)
	w.user = User{ID: "grace", Name: "Grace Hopper", Logon: "ghopper", Mail: "grace@corp.example", DN: "uid=ghopper,dc=corp"}
	c, err := w.connect()
	must(t, err)
	record, err := w.desk.Assign(ctx, actor, c, w.user)
	must(t, err)
	if record.State != StateAssigned || string(record.PUK) != "sealed" || len(record.Managed) != 1 {
		t.Errorf("the record is %+v", record)
	}
	c, p, err := w.propose(Selection{})
	must(t, err)
	if len(p.Plan.Obstacles) > 0 {
		t.Fatalf("obstacles: %+v", p.Plan.Obstacles)
	}
	_, err = w.update(c, p.Plan)
	must(t, err)
	if w.record.State != StateIssued || len(w.record.Managed) != 5 || w.record.User.Logon != "ghopper" || string(w.card.objects["9e"]) != string(kept) {
		t.Errorf("the record is %+v", w.record)
	}
}

// What somebody else wrote over one of ours is not ours to remove; ours is revoked
// all the same.
func TestUnassignLeavesOthersAlone(t *testing.T) {
	w := withLife(movesKeys)
	w.layOut()
	w.nameAll()
	w.intrude("9c")
	delete(w.card.objects, "9d") // removed outside, its key is there
	theirs := w.card.lying()
	_, err := w.unassign()
	must(t, err)
	after := w.card.lying()
	for _, at := range []Place{"9c", "9d"} {
		if !reflect.DeepEqual(after.objects[at], theirs.objects[at]) || !reflect.DeepEqual(after.keys[at].Public, theirs.keys[at].Public) {
			t.Errorf("%s was touched", at)
		}
	}
	for _, name := range []string{"Signing cessationOfOperation", "Mail cessationOfOperation"} {
		if !slices.Contains(w.errandLines(), name) {
			t.Errorf("errands are %q, without %q", w.errandLines(), name)
		}
	}
}

// However the power goes while a card is emptied, before or after any deed, and
// once more while that is continued: continuing it ends as if it had not gone, and
// everything is told once. It is continued also when the user has left.
func TestPowerCutDuringUnassign(t *testing.T) {
	cuts := 0
	for _, kind := range []string{movesKeys, keepsKeys, plainPIV} {
		whole := withLife(kind)
		whole.layOut()
		whole.light(0, false)
		_, err := whole.unassign()
		must(t, err)
		for cut := 1; cut <= whole.deeds; cut++ {
			for second := range whole.deeds {
				for _, after := range []bool{false, true} {
					if (cut+second)%3 != 0 && second > 0 { // each cut once alone, and a third of the pairs
						continue
					}
					cuts++
					w := withLife(kind)
					w.layOut()
					before := w.card.lying()
					w.light(cut, after)
					_, err := w.unassign()
					if err == nil {
						t.Fatal("the power did not go")
					}
					w.user.Disabled = true
					w.light(second, after)
					_, err = w.again(false)
					w.light(0, false)
					if err != nil {
						if _, open := w.open(); open {
							_, err = w.again(false)
						} else if len(w.runs) == 0 || w.record.State == StateIssued {
							_, err = w.unassign() // nothing was begun, or it was closed before anything was
						} else {
							err = nil // the note of the end was the last thing
						}
					}
					if err != nil {
						t.Fatalf("%s, cut at %d and %d (after: %v): %v", kind, cut, second, after, err)
					}
					for _, complaint := range w.emptiedBreaks(before) {
						t.Errorf("%s, cut at %d and %d (after: %v): %s", kind, cut, second, after, complaint)
					}
					if len(w.letters) != 1 || len(w.errands) != len(whole.errands) {
						t.Errorf("%s, cut at %d and %d: %d letters, %d errands", kind, cut, second, len(w.letters), len(w.errands))
					}
				}
			}
		}
	}
	t.Logf("the power was cut %d times, and again", cuts)
}

// What empties a card is gone on with by whoever may unassign it, and neither by its
// holder nor by those who may only continue updates. Nothing is touched then.
func TestUnassignIsContinuedByThoseWhoMay(t *testing.T) {
	operator := func(ps ...Privilege) []Role { return role(nil, ps...) }
	for name, c := range map[string]struct {
		who   Actor
		roles []Role
		may   bool
	}{
		"holder":            {Actor{Who: "ada", Station: "desk 1", Mode: SelfService, User: ada.ID}, nil, false},
		"continues updates": {Actor{Who: asker, Station: "desk 1", Mode: Operator}, operator(ContinueUpdate, UpdateCard), false},
		"unassigns, too":    {Actor{Who: asker, Station: "desk 1", Mode: Operator}, operator(ContinueUpdate, UnassignCard), true},
	} {
		for _, back := range []bool{false, true} {
			s := emptying(t)
			s.light(4, false)
			if _, err := s.desk.UnassignIssued(t.Context(), actor, s.c, s.plan, newPIN(), nil); err == nil {
				t.Fatal("emptying the card was not cut off")
			}
			s.light(0, false)
			s.lies(t)
			s.c.proven, s.policy.Users, s.desk.Roles = true, UserOptions{Update: true, CancelUpdate: true}, c.roles
			goOn := s.desk.Resume
			if back {
				goOn = s.desk.TakeBack
			}
			_, err := goOn(t.Context(), c.who, s.c, newPIN(), nil)
			if _, open := s.open(); c.may && Is(err, Forbidden) || !c.may && (!Is(err, Forbidden) || !open) {
				t.Errorf("%s, back %v: %v; open: %v", name, back, err, open)
			}
		}
	}
}

// A card that was assigned and never written needs no reader to be unassigned.
func TestUnassignAssigned(t *testing.T) {
	w := withLife(movesKeys)
	w.in(StateAssigned)
	w.desk.Readers = nil
	record, err := w.desk.Unassign(context.Background(), actor, w.id.ID)
	must(t, err)
	if !reflect.DeepEqual(record, Record{Card: w.id, State: StateClean, Version: 2}) {
		t.Errorf("the record is %+v", record)
	}
	same(t, "letters", w.told(), "card unassigned to ada@corp.example")
	same(t, "errands", w.errandLines())
}

// A card that is issued is not forgotten with everything on it.
func TestUnassignIssuedNeedsCard(t *testing.T) {
	w := withLife(movesKeys)
	w.in(StateIssued)
	if _, err := w.desk.Unassign(context.Background(), actor, w.id.ID); !Is(err, WrongState) || w.record.State != StateIssued {
		t.Errorf("%v", err)
	}
}

// A card that is lost during its first update can be taken from its user: the
// update ends, what a CA held for it is withdrawn, and what it granted is revoked.
func TestUnassignDuringFirstUpdate(t *testing.T) {
	for _, held := range []bool{true, false} {
		ctx := context.Background()
		w := withLife(movesKeys)
		w.in(StateAssigned)
		first := w.policy.Templates[0].Profile
		w.holds[first] = held
		c, p, err := w.propose(Selection{})
		must(t, err)
		for cut := 1; ; cut++ { // until a request was answered, and before it is put down
			w.light(cut, true)
			_, err = w.update(c, p.Plan)
			if run, open := w.open(); open && (len(run.grants()) > 0 || run.Waits()) {
				break
			}
			if err == nil {
				t.Fatal("the update was not interrupted")
			}
			w.light(0, false)
			if _, open := w.open(); open {
				_, err = w.again(true)
				must(t, err)
			}
			c, p, err = w.propose(Selection{})
			must(t, err)
		}
		w.light(0, false)
		run, _ := w.open()
		record, err := w.desk.Unassign(ctx, actor, w.id.ID)
		must(t, err)
		if _, open := w.open(); open || record.State != StateClean {
			t.Errorf("held %v: the card is %s, its update open: %v", held, record.State, open)
		}
		must(t, w.work())
		for _, g := range run.grants() {
			if revocationOf(w.revoked, g.serial) == nil {
				t.Errorf("what %s was granted is not revoked", g.Title)
			}
		}
		_, err = w.desk.AskHeld(ctx)
		must(t, err)
		for id, a := range w.answers {
			if a.State == RequestPending {
				t.Errorf("held %v: request %s still waits", held, id)
			}
		}
	}
}
