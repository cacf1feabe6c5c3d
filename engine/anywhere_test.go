package engine

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// waitingCase is a card whose two certificates are renewed, held by a CA.
type waitingCase struct {
	kind             string
	decides, sameKey bool
	approved         int // of the two
}

// Wherever continuing was cut, the update can be cancelled, and wherever that was
// cut, once more: what the card could do before it still can.
func TestCancelAnywhere(t *testing.T) {
	both := []bool{false, true}
	for _, kind := range []string{movesKeys, keepsKeys, plainPIV} {
		for _, decides := range both {
			for _, sameKey := range both {
				for _, approved := range []int{1, 2} {
					c := waitingCase{kind, decides, sameKey, approved}
					if decides && kind == movesKeys {
						continue // its old key stays: nobody has to decide first
					}
					t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
						t.Parallel()
						points := 0
						for cut := 1; !c.cutAndCancel(t, cut, 0); cut++ {
							for again := 1; !c.cutAndCancel(t, cut, again); again += 19 {
								points++
							}
						}
						t.Logf("cut at %d points", points)
					})
				}
			}
		}
	}
}

// cutAndCancel has the power go with a deed of Continue, and, unless it is 0, with
// one of Cancel; over is true when there was no such deed any more.
func (c waitingCase) cutAndCancel(t *testing.T, cut, again int) (over bool) {
	t.Helper()
	h := c.held(t)
	over = h.cutAt(t, cut, h.desk.Resume)
	if again > 0 {
		over = h.cutAt(t, again, h.desk.CancelUpdate)
	}
	if _, open := h.open(); open {
		err := h.carry(t, h.desk.CancelUpdate)
		if err != nil { // it has gone too far
			err = h.carry(t, h.desk.Resume)
		}
		if err != nil {
			t.Fatalf("cut at %d and %d: %v", cut, again, err)
		}
	}
	h.holdsTrue(t)
	return over
}

// Wherever continuing was cut, an officer may think again: as long as the old key is
// there, it stays, and the update comes to an end.
func TestSecondThoughtsAnywhere(t *testing.T) {
	for _, kind := range []string{keepsKeys, plainPIV} {
		c := waitingCase{kind: kind, decides: true, approved: 2}
		cut, over := 1, false
		for ; !over; cut++ {
			h := c.held(t)
			over = h.cutAt(t, cut, h.desk.Resume)
			for _, id := range h.approvals() {
				h.answers[id] = Answer{State: RequestRejected, Words: secondThoughts}
			}
			if run, open := h.open(); open {
				if err := h.carry(t, h.desk.Resume); err != nil {
					t.Fatalf("cut at %d: %v", cut, err)
				}
				h.plan = run.Plan
			}
			h.holdsTrue(t)
		}
		t.Logf("%s: cut at %d points", kind, cut)
	}
}

// Wherever an update was cut, its card may be lost: whatever a CA has granted for
// it, or still would, is revoked or withdrawn.
func TestLostAnywhere(t *testing.T) {
	for _, kind := range []string{movesKeys, keepsKeys, plainPIV} {
		for _, granted := range []bool{false, true} {
			c := waitingCase{kind: kind, decides: kind == keepsKeys}
			cut, over := 1, false
			for ; !over; cut++ {
				h := c.due(t)
				h.holds["Logon"] = !granted
				h.light((cut+1)/2, cut%2 == 0)
				h.update()
				over = !h.dark
				h.light(0, false)
				h.holdsTrue(t)
				h.now = h.now.Add(time.Minute)
				if _, err := h.desk.Revoke(t.Context(), actor, h.id.ID, CardLost, false); err != nil {
					t.Fatal(err)
				}
				for _, id := range h.pendingIDs() {
					h.officer(id, true)
				}
				if _, err := h.desk.AskHeld(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := h.work(); err != nil {
					t.Fatal(err)
				}
				h.ends(t)
			}
			t.Logf("%s: cut at %d points", kind, cut)
		}
	}
}

func (h *history) cutAt(t *testing.T, cut int, how carrying) (over bool) {
	t.Helper()
	h.steps = append(h.steps, fmt.Sprintf("cut %d", cut))
	h.light((cut+1)/2, cut%2 == 0)
	_ = h.carry(t, how)
	over = !h.dark
	h.light(0, false)
	h.holdsTrue(t)
	h.now = h.now.Add(time.Minute)
	return over
}

// due is the case before its update.
func (c waitingCase) due(t *testing.T) *history {
	t.Helper()
	w := newWorld(c.kind)
	logon, signing := modelTemplate("Logon", "9a", DigitalSignature), modelTemplate("Signing", "9c", DigitalSignature)
	if c.kind == plainPIV {
		signing.Key.PIN = PINAlways
	}
	logon.Renewal.SameKey = c.sameKey
	w.policy = Policy{Name: "Staff", Templates: []Template{logon, signing}, Cancel: true}
	w.desk.Policies, w.desk.People, w.desk.Audit = []Policy{w.policy}, modelPeople{}, modelDiary{w}
	w.desk.Random = rand.NewChaCha8([32]byte{})
	w.write(w.policy, w.grant(logon, "9a", isExpiring), w.grant(signing, "9c", isExpiring))
	w.holds["Logon"], w.holds["Signing"], w.decides = true, true, c.decides
	h := &history{world: w, station: "desk 1", odd: map[string]bool{}, stood: map[string]bool{}, counts: map[string]int{}}
	h.remember()
	return h
}

// held is the case when the update has been put down, and the officer was there.
func (c waitingCase) held(t *testing.T) *history {
	t.Helper()
	h := c.due(t)
	h.update()
	run, open := h.open()
	if !open || !run.rested() {
		t.Fatal("the update does not wait")
	}
	for i, step := range run.heldSteps() {
		if i < c.approved {
			h.officer(requestID(run.ID, step), true)
		}
	}
	return h
}

func (h *history) carry(t *testing.T, how carrying) error {
	t.Helper()
	c, err := h.desk.Connect(t.Context(), h.at(), "reader")
	if err != nil {
		return err
	}
	_, err = how(t.Context(), h.at(), c, newPIN(), nil)
	h.tells(err)
	return err
}

// An approval that nothing comes of, since another request was refused before its
// key was touched, is withdrawn when the update ends.
func TestUnneededApproval(t *testing.T) {
	h := waitingCase{kind: keepsKeys, decides: true}.due(t)
	delete(h.card.objects, "9a") // made over the key that is there, and asked for then
	h.holds["Logon"], h.refuses["Logon"] = false, true
	h.remember()
	h.update()
	for _, id := range h.pendingIDs() {
		h.officer(id, true)
	}
	if err := h.carry(t, h.desk.Resume); err != nil {
		t.Fatal(err)
	}
	if ids := h.approvals(); len(ids) != 1 {
		t.Fatalf("%d approvals are unused", len(ids))
	}
	if _, err := h.desk.AskHeld(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ids := h.approvals(); len(ids) > 0 {
		t.Errorf("an approval is left at the CA: %v", ids)
	}
	h.ends(t)
}
