package engine

import (
	"context"
	"testing"
	"time"
)

// slowCA does not answer about requests until whoever asks has turned away.
type slowCA struct{ CA }

func (s slowCA) Lookup(ctx context.Context, _ string) (Answer, bool, error) {
	<-ctx.Done()
	return Answer{}, false, &Error{Op: "look up request", Kind: CAAway, Err: ctx.Err()}
}

// Looking at a card whose CA is slow changes nothing of what was approved: it is
// given up when its own time has come, and not because somebody looked.
func TestLookingGivesNothingUp(t *testing.T) {
	w := heldWorld(t)
	w.desk.Deadlines.Collect = 30 * 24 * time.Hour
	w.officerDecides(map[string]bool{"Logon": true})
	w.hears(t)
	before := copied(w.requests[0].q.Next)
	w.desk.CAs["corp"] = slowCA{modelCA{w}}
	ctx, leave := context.WithCancel(context.Background())
	leave()
	w.desk.askHeldOf(ctx, *w.record)
	w.desk.CAs["corp"] = modelCA{w}
	for _, k := range w.requests {
		if k.q.State == RequestApproved && !k.q.Next.Equal(before) || !k.until.IsZero() {
			t.Errorf("%s is %s, its time comes at %s, and somebody has it until %s", k.q.Template, k.q.State, k.q.Next, k.until)
		}
	}
	w.hears(t)
	if n := len(w.revoked); n > 0 || w.requests[0].q.State != RequestApproved {
		t.Errorf("%d certificates are revoked, the request is %s", n, w.requests[0].q.State)
	}
}

// Looking at a card does not hasten the revocation of what was given up: a kiosk
// that has just read of the approval has its time.
func TestLookingHastensNothing(t *testing.T) {
	w := heldWorld(t)
	w.desk.Deadlines.Collect = 24 * time.Hour
	w.officerDecides(map[string]bool{"Logon": true})
	w.hears(t)
	w.now = w.now.Add(25 * time.Hour)
	_, err := w.desk.AskHeld(context.Background())
	must(t, err)
	w.desk.askHeldOf(context.Background(), *w.record)
	if len(w.revoked) > 0 {
		t.Fatal("looking revoked it at once")
	}
	w.hears(t)
	if len(w.revoked) != 1 {
		t.Errorf("%d certificates are revoked in the end", len(w.revoked))
	}
}

// That nobody decides is told also when the CA does not answer: that is when it is
// needed most.
func TestEscalatedWhileTheCAIsSilent(t *testing.T) {
	w := heldWorld(t)
	w.desk.Deadlines = Deadlines{Escalate: 5 * 24 * time.Hour, EscalateTo: []string{"boss@corp.example"}}
	w.down = true
	for range 40 {
		w.now = w.now.Add(6 * time.Hour)
		_, err := w.desk.AskHeld(context.Background())
		must(t, err)
	}
	overdue := 0
	for _, l := range w.letters {
		if l.Notice.Event == ApprovalOverdue {
			overdue++
		}
	}
	if overdue != 2 { // one for each request
		t.Errorf("%d letters say that nobody decides", overdue)
	}
}

// What is found rejected with the card in hand is told like what the worker finds,
// also when the update ends with it.
func TestRejectionFoundByContinueIsTold(t *testing.T) {
	w := heldWorld(t)
	c, err := w.connect()
	must(t, err)
	w.officerDecides(map[string]bool{"Logon": true, "Signing": false})
	r, err := w.desk.Resume(context.Background(), actor, c, newPIN(), nil)
	must(t, err)
	if r.End != Partly {
		t.Fatalf("the update ended %q", r.End)
	}
	told, audited := 0, 0
	for _, l := range w.letters {
		if l.Notice.Event == UpdateRejected {
			told++
		}
	}
	for _, row := range w.audit {
		if row.Act == string(UpdateRejected) {
			audited++
		}
	}
	if told != 1 || audited != 1 {
		t.Errorf("it is told %d times, and stands %d times in the audit", told, audited)
	}
}

// An approval that cannot be confirmed leaves the old key alone, and holds nothing
// else up.
func TestSilentCAHoldsNothingElseUp(t *testing.T) {
	w := newWorld(keepsKeys)
	w.decides = true
	logon, signing := modelTemplate("Logon", "9a", DigitalSignature), modelTemplate("Signing", "9c", DigitalSignature)
	signing.CA = "other"
	w.desk.CAs["other"] = modelCA{w}
	w.policy = Policy{Name: "Staff", Templates: []Template{logon, signing}}
	w.desk.Policies = []Policy{w.policy}
	w.write(w.policy, w.grant(logon, "9a", isExpiring), w.grant(signing, "9c", isExpiring))
	w.holds["Logon"], w.holds["Signing"] = true, true
	c, p, err := w.propose(Selection{})
	must(t, err)
	_, err = w.update(c, p.Plan)
	must(t, err)
	w.officerDecides(map[string]bool{"Logon": true})
	_, err = w.again(false) // Logon is approved, Signing waits: nothing can be made over an old key yet
	must(t, err)
	before := w.card.lying()
	w.officerDecides(map[string]bool{"Signing": true})
	w.desk.CAs["corp"] = mutedCA{modelCA{w}}
	r, err := w.again(false)
	must(t, err)
	if r.End != "" || w.record.State != StatePending || string(w.card.keys["9a"].Public) != string(before.keys["9a"].Public) {
		t.Errorf("the update ended %q, the card is %s", r.End, w.record.State)
	}
	w.desk.CAs["corp"] = modelCA{w}
	r, err = w.again(false)
	must(t, err)
	if r.End != Finished {
		t.Errorf("in the end the update is %q", r.End)
	}
}

// mutedCA does not answer.
type mutedCA struct{ CA }

func (mutedCA) Lookup(context.Context, string) (Answer, bool, error) {
	return Answer{}, false, &Error{Op: "look up request", Kind: CAAway}
}
