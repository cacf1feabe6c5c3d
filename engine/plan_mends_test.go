package engine

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
)

// issuedWorld is a card with these templates, as an update a while ago wrote it.
func issuedWorld(kind string, templates ...Template) *world {
	w := newWorld(kind)
	w.policy = Policy{Name: "Staff", Templates: templates}
	var managed []Managed
	for _, one := range templates {
		managed = append(managed, w.grant(one, one.Place, isValid))
	}
	w.write(w.policy, managed...)
	return w
}

func signer() Template { return modelTemplate("Signing", "9c", DigitalSignature) }

func mailer() Template { return modelTemplate("Mail", "9d", KeyAgreement) }

// plan plans, and carries the plan out when it can be.
func (w *world) plan(t *testing.T, s Selection) Plan {
	t.Helper()
	plan, _, breaks := w.carryOut(s)
	for _, b := range breaks {
		t.Errorf("%s\n\t%s", b, planLine(plan))
	}
	return plan
}

func wants(t *testing.T, plan Plan, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(planLine(plan), part) {
			t.Errorf("no %q in %s", part, planLine(plan))
		}
	}
}

// A recorded certificate that somebody took off the card is forgotten with the
// next update, and what hangs on it elsewhere is undone. What only cannot be
// read stays recorded, as missing.
func TestGoneIsForgotten(t *testing.T) {
	old := modelTemplate("Old", "82", DigitalSignature)
	old.Renewal.RevokeOld = true
	unread := modelTemplate("Unread", "83", DigitalSignature)
	w := issuedWorld(movesKeys, signer(), old, unread)
	w.policy.Templates = []Template{signer(), mailer(), old}
	w.policy.Templates[2].Optional = true
	delete(w.card.objects, "82")
	w.card.objects["83"] = []byte("broken")
	w.plan(t, Selection{Optional: map[string]bool{"Old": false}})
	for _, m := range w.record.Managed {
		missing := slices.Contains(w.record.Seen.Missing, m.Fingerprint)
		if m.Template == "Old" || missing != (m.Template == "Unread") {
			t.Errorf("recorded: %s, missing %v", m.Template, missing)
		}
	}
	if !slices.ContainsFunc(w.errands, func(e Errand) bool { return e.Revoke != nil }) {
		t.Error("nobody revokes what is gone")
	}
}

// A card whose policy is called otherwise now is due, and an update ends that,
// also when no certificate changes.
func TestOtherPolicyIsWritten(t *testing.T) {
	w := issuedWorld(movesKeys, signer())
	w.policy.Name = "Guests"
	if plan := w.plan(t, Selection{}); plan.Was != "Staff" || w.record.Policy != "Guests" {
		t.Errorf("was %q, is %q", plan.Was, w.record.Policy)
	}
}

// The card proves itself with a key that lies on it: one that somebody removed or
// replaced would have it taken for another card.
func TestProvenByAKeyThatIsThere(t *testing.T) {
	first := modelTemplate("First", "9a", DigitalSignature)
	for name, spoil := range map[string]func(*modelCard){
		"removed":  func(c *modelCard) { delete(c.keys, "9a") },
		"replaced": func(c *modelCard) { c.keys["9a"] = modelKey{Key: Key{KeySpec: anyKey(), Public: spkiOf(newKey(P256))}} },
	} {
		w := issuedWorld(movesKeys, first, signer())
		spoil(w.card)
		w.policy.Templates = append(w.policy.Templates, mailer())
		if plan := w.plan(t, Selection{}); plan.Steps[0].Verb != ProveCard || plan.Steps[0].Place != "9c" {
			t.Errorf("%s: %s", name, planLine(plan))
		}
	}
}

// A key that is not the certificate's is neither kept for old mail nor certified
// again: it is said to go.
func TestAnotherKeyUnderTheCertificate(t *testing.T) {
	for _, sameKey := range []bool{false, true} {
		one := mailer()
		one.Renewal.SameKey = sameKey
		w := newWorld(movesKeys)
		w.policy = Policy{Name: "Staff", Templates: []Template{one}}
		w.write(w.policy, w.grant(one, "9d", isExpiring))
		key := newKey(P256)
		w.card.keys["9d"] = modelKey{Key{KeySpec: anyKey(), Public: spkiOf(key)}, key}
		wants(t, w.plan(t, Selection{}), "goes 9d (stray key) with its key", "comes 9d staged")
	}
}

// An encryption certificate that was retired where it lay goes to the history as
// soon as its place is wanted again; a card that cannot move it says so.
func TestRetiredGoesToTheHistory(t *testing.T) {
	for kind, want := range map[string]string{movesKeys: "write certificate 82", keepsKeys: "PlaceTaken"} {
		one := mailer()
		one.Optional = true
		w := issuedWorld(kind, one)
		w.revoke(w.record.Managed[0], Superseded)
		old := w.card.objects["9d"]
		wants(t, w.plan(t, Selection{Optional: map[string]bool{"Mail": false}}), "retires Mail")
		w.runs = nil
		wants(t, w.plan(t, Selection{Optional: map[string]bool{"Mail": true}}), want)
		if kind == movesKeys && !bytes.Equal(w.card.objects["82"], old) {
			t.Error("the old certificate is not in the history")
		}
	}
}

// A common certificate is known by itself: under another name it is not written
// again, even when nobody knows what the former policy said.
func TestCommonIsNeverWrittenTwice(t *testing.T) {
	w := newWorld(movesKeys)
	doors := modelCommon("Doors", "9e", w.newPFX(DigitalSignature))
	w.write(Policy{Name: "Staff", Templates: []Template{doors}}, w.grant(doors, "9e", isValid))
	w.record.Under = "lost"
	doors.Name = "Gates"
	w.policy = Policy{Name: "Staff", Templates: []Template{doors}}
	if plan := w.plan(t, Selection{}); plan.Changes() || len(plan.Stays) != 1 {
		t.Error(planLine(plan))
	}
}

// A common certificate whose object alone is gone is written anew, and its key,
// which comes again, is not said to go.
func TestCommonKeyIsStillThere(t *testing.T) {
	w := newWorld(movesKeys)
	doors := modelCommon("Doors", "9e", w.newPFX(DigitalSignature))
	w.policy = Policy{Name: "Staff", Templates: []Template{doors}}
	w.write(w.policy, w.grant(doors, "9e", isValid))
	delete(w.card.objects, "9e")
	if plan := w.plan(t, Selection{}); len(plan.Goes) > 0 || len(plan.Comes) != 1 {
		t.Error(planLine(plan))
	}
}

// Old signing certificates are kept where the card can keep them. Where it
// cannot, that is no reason to let the holder's certificate expire.
func TestKeepOldWhereTheCardCan(t *testing.T) {
	for kind, want := range map[string]string{movesKeys: "move key 9c→82", keepsKeys: "goes 9c (in place)"} {
		one := signer()
		one.Renewal.KeepOld = true
		w := newWorld(kind)
		w.policy = Policy{Name: "Staff", Templates: []Template{one}}
		w.write(w.policy, w.grant(one, "9c", isExpiring))
		wants(t, w.plan(t, Selection{}), want)
	}
}

// Nobody is told that a certificate went whose place was spared, because the CA
// had refused another one before.
func TestSparedIsNotToldAsGone(t *testing.T) {
	first, second := modelTemplate("First", "9a", DigitalSignature), signer()
	third := modelTemplate("Third", "9c", DigitalSignature, ContentCommitment)
	w := newWorld(keepsKeys)
	w.write(Policy{Name: "Staff", Templates: []Template{first, second}}, w.grant(first, "9a", isExpiring), w.grant(second, "9c", isValid))
	w.policy = Policy{Name: "Staff", Templates: []Template{first, third}}
	w.refuses["First"] = true
	c, p, err := w.propose(Selection{})
	if err != nil {
		t.Fatal(err)
	}
	result, err := w.update(c, p.Plan)
	if err != nil || result.End != Partly {
		t.Fatalf("%v, %v\n%s", result.End, err, planLine(p.Plan))
	}
	for _, l := range result.Notice.Removed {
		if l.Place == "9c" {
			t.Error("9c is told as removed")
		}
	}
	if m := w.record.Managed; len(m) != 1 || m[0].Template != "Signing" {
		t.Errorf("the record has %s", recordLine(*w.record))
	}
}

// A certificate that does not fit leaves the card as it was. When the power goes
// meanwhile, whoever continues ends the way back first; and what is begun again
// is noted again, so that it cannot be taken back unseen.
func TestFullCardWithoutPower(t *testing.T) {
	for cut := range 40 {
		for _, again := range []bool{false, true} {
			for _, after := range []bool{false, true} {
				fullCard(t, cut, again, after)
			}
		}
	}
}

// fullCard renews on a card that is full until something was put back. The power
// goes with a deed of the first runner, or, again, of the second.
func fullCard(t *testing.T, cut int, again, after bool) {
	t.Helper()
	one := mailer()
	w := newWorld(movesKeys)
	w.policy = Policy{Name: "Staff", Templates: []Template{one}}
	w.write(w.policy, w.grant(one, "9d", isExpiring))
	c, p, err := w.propose(Selection{})
	if err != nil {
		t.Fatal(err)
	}
	before := w.card.lying()
	w.card.full["9d"], w.card.dropped = true, true
	if !again {
		w.light(cut, after)
	}
	_, err = w.update(c, p.Plan)
	for round := 0; err != nil; round++ {
		w.light(0, false)
		run, open := w.open()
		if !open || round == 5 {
			break // before the first note, or with the last
		}
		for _, b := range w.haltBreaks(before, p.Plan, run) {
			t.Errorf("cut %d, again %v, after %v: %s", cut, again, after, b)
		}
		if again && round == 0 {
			w.light(cut, after)
		}
		_, err = w.again(false)
	}
	if len(w.runs) > 0 && w.runs[0].End != Finished {
		t.Errorf("cut %d, again %v, after %v: it ends as %q, %v", cut, again, after, w.runs[0].End, err)
	}
}

// Who serves themselves does not get a new certificate for one that was revoked:
// that takes an operator. For good means for operators too.
func TestRevokedWantsAnOperator(t *testing.T) {
	for _, c := range []struct {
		why  RevokeReason
		mode Mode
		want string
	}{
		{Superseded, Operator, "comes 9c staged for a revoked one"},
		{Superseded, SelfService, "! NeedsOperator"},
		{Unspecified, SelfService, "! NeedsOperator"},
		{KeyCompromise, Operator, "! RevokedForGood"},
		{CACompromise, Operator, "! RevokedForGood"},
		{AACompromise, Operator, "! RevokedForGood"},
		{AffiliationChanged, Operator, "! RevokedForGood"},
		{PrivilegeWithdrawn, Operator, "! RevokedForGood"},
		{CessationOfOperation, Operator, "! RevokedForGood"},
		{CertificateHold, Operator, "stays 9c managed"},
		{CertificateHold, SelfService, "stays 9c managed"},
	} {
		w := issuedWorld(movesKeys, signer())
		w.revoke(w.record.Managed[0], c.why)
		now, err := w.situation()
		if err != nil {
			t.Fatal(err)
		}
		wants(t, MakePlan(Planning{
			Policy: now.Policy, Before: now.Before, Record: now.Record, User: w.user, Contents: *now.Contents,
			Choices: Choices(now), Mode: c.mode,
		}), c.want)
	}
}

// A plan whose card has changed since is not begun.
func TestOutdatedPlanIsNotBegun(t *testing.T) {
	w := issuedWorld(movesKeys, signer())
	w.policy.Templates = append(w.policy.Templates, mailer())
	c, p, err := w.propose(Selection{})
	if err != nil {
		t.Fatal(err)
	}
	stranger := w.intrude("9d")
	if _, err := w.desk.Update(context.Background(), actor, c, p.Plan, newPIN(), nil); !Is(err, PlanOutdated) || len(w.runs) > 0 {
		t.Errorf("%v, %d runs", err, len(w.runs))
	}
	if !bytes.Equal(w.card.objects["9d"], stranger) {
		t.Error("the stranger was touched")
	}
}

// The directory learns of certificates that stay as well: a template that binds
// accounts since yesterday binds those that were issued before.
func TestWhatStaysIsBound(t *testing.T) {
	w := issuedWorld(movesKeys, signer())
	w.policy.Templates = []Template{signer(), mailer()}
	w.policy.Templates[0].Binding, w.policy.Publish = BindAttribute, true
	plan := w.plan(t, Selection{}) // which looks at the directory
	if len(plan.Bound) != 1 || len(plan.Published) != 1 {
		t.Errorf("bound %v, %d published", plan.Bound, len(plan.Published))
	}
}

// A certificate that cannot be read any more and is replaced leaves the directory
// like any other.
func TestUnreadableLeavesTheDirectory(t *testing.T) {
	one := signer()
	w := newWorld(movesKeys)
	w.policy = Policy{Name: "Staff", Publish: true, Templates: []Template{one}}
	w.write(w.policy, w.grant(one, "9c", isValid))
	w.card.objects["9c"] = []byte("broken")
	if plan := w.plan(t, Selection{}); len(plan.Outgoing) != 1 || len(w.entry) != 1 {
		t.Errorf("superseded %v, the directory shows %d", plan.Outgoing, len(w.entry))
	}
}

// What leaves the card leaves the directory, also when the policy of now writes
// nothing there: nobody is to encrypt to a key that is gone.
func TestPolicyBeforeHasPublished(t *testing.T) {
	w := newWorld(movesKeys)
	w.policy = Policy{Name: "Staff", Publish: true, Templates: []Template{signer(), mailer()}}
	w.write(w.policy, w.grant(signer(), "9c", isValid), w.grant(mailer(), "9d", isValid))
	w.policy = Policy{Name: "Guests", Templates: []Template{signer()}}
	if w.plan(t, Selection{}); len(w.entry) != 1 {
		t.Errorf("the directory shows %d certificates", len(w.entry))
	}
}

// The access system is told anew when a certificate that it knows is on the card
// no more, also when nothing else comes or goes.
func TestAccessSystemLearnsWhatIsMissing(t *testing.T) {
	w := issuedWorld(movesKeys, signer(), mailer())
	w.policy.AccessSystem, w.policy.Templates[1].Optional = true, true
	w.record.Access = true
	w.policy.Name = "Managers"
	delete(w.card.objects, "9d")
	plan := w.plan(t, Selection{Optional: map[string]bool{"Mail": false}})
	if len(plan.Comes)+len(plan.Goes) > 0 || plan.Access != AccessRegister || plan.Switches {
		t.Errorf("access system is told %q in %s", plan.Access, planLine(plan))
	}
}
