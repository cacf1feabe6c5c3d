package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
)

// heldScenarios are updates that wait for the CA's officer.
func heldScenarios(t *testing.T) []*scenario {
	return []*scenario{
		approvedScenario(t), cancelledScenario(t), rejectedScenario(t), decidedFirstScenario(t), revokedScenario(t),
	}
}

// waiting is a card of a firmware whose certificates are due, and whose renewals at
// some places an officer is to look at.
func waiting(t *testing.T, name string, serial uint32, firmware sim.Firmware, at ...engine.Place) *scenario {
	s := startOf(t, name)
	state, err := sim.Factory(firmware, serial, time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	chip := chipOf(t, state, sim.Options{})
	desk := *s.base.desk
	desk.PolicyOf = days(desk.PolicyOf, 9)
	issue(t, desk, chip, "alovelace", nil)
	s.base.desk.PolicyOf = lookedAt(s.base.desk.PolicyOf, at...)
	for i := range s.base.desk.Policies {
		s.base.desk.Policies[i].Cancel = true
	}
	s.choose = func(engine.Proposal) engine.Selection { return engine.Selection{} }
	s.settle(t, chip)
	return s
}

// lookedAt is today's policy with renewals that an officer is to look at, and that
// may be cancelled.
func lookedAt(today func(engine.User) (engine.Policy, error), at ...engine.Place) func(engine.User) (engine.Policy, error) {
	return func(u engine.User) (engine.Policy, error) {
		policy, err := today(u)
		policy.Cancel, policy.Rules = true, nil // the user is told of everything
		policy.Templates = slices.Clone(policy.Templates)
		for i, one := range policy.Templates {
			policy.Templates[i].Renewal.Hold = slices.Contains(at, one.Place)
		}
		return policy, err
	}
}

// approves lets the officer approve what is held.
func approves(t *testing.T, s *scenario, requests []engine.Request) {
	decide(t, s, requests, s.world.Approve)
}

func rejects(t *testing.T, s *scenario, requests []engine.Request) {
	decide(t, s, requests, func(ctx context.Context, id string) error {
		return s.world.Reject(ctx, id, "The passport is missing")
	})
}

func decide(t *testing.T, s *scenario, requests []engine.Request, how func(context.Context, string) error) {
	t.Helper()
	for _, q := range requests {
		a, known, err := s.ca().Lookup(t.Context(), q.ID)
		if err == nil && known && a.State == engine.RequestPending {
			err = how(t.Context(), q.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// goesOn goes on with the update until there is nothing to go on with.
func goesOn(how func(desk *engine.Desk) wayOn) func(*testing.T, *engine.Desk, *engine.Connected, *outcome) error {
	return func(t *testing.T, desk *engine.Desk, c *engine.Connected, o *outcome) error {
		runs, err := desk.Journal.Runs(t.Context(), c.Contents.Identity.ID)
		if err != nil || runs[0].End != "" {
			o.result = engine.Result{End: runs[0].End} // the power went after the end
			return err
		}
		result, err := how(desk)(t.Context(), tester, c, engine.NewPIN([]byte(testPIN)), nil)
		if err == nil {
			o.result = result
		}
		return err
	}
}

type wayOn func(context.Context, engine.Actor, *engine.Connected, engine.PIN, func(engine.Event)) (engine.Result, error)

var (
	resumes = goesOn(func(d *engine.Desk) wayOn { return d.Resume })
	cancels = goesOn(func(d *engine.Desk) wayOn { return d.CancelUpdate })
	ends    = goesOn(func(d *engine.Desk) wayOn { return d.EndRejected })
)

// approvedScenario: one of two certificates is held; the other is written at once.
// The officer approves, and the update is continued.
func approvedScenario(t *testing.T) *scenario {
	s := waiting(t, "held and approved", 712250, today57, "9a")
	s.acts = append(s.acts, act{between: approves}, act{carry: resumes})
	s.check = func(s *scenario, o outcome) []string {
		return append(renewed(s, o), letters(o, engine.UpdatePending, engine.UpdateApproved, engine.UpdateDone)...)
	}
	return s
}

// renewed holds that both certificates are new, and nothing else is on the card.
func renewed(s *scenario, o outcome) []string {
	wrong := agree(o)
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if o.runs[0].End != engine.Finished {
		say("the run ended %q", o.runs[0].End)
	}
	if len(o.record.Managed) != 2 || len(o.card.Keys) != len(s.card.Keys) {
		say("%d managed certificates and %d keys, there were %d", len(o.record.Managed), len(o.card.Keys), len(s.card.Keys))
	}
	for _, m := range o.record.Managed {
		if bytes.Equal(s.card.Keys[slotOf(m.Place)].Public, m.Public) {
			say("%s still has its old key", m.Place)
		}
	}
	for _, q := range o.requests {
		if q.State != engine.RequestIssued || !q.Next.IsZero() {
			say("request %s is %s", q.ID, q.State)
		}
	}
	if len(o.mains.issued) != 2 {
		say("%d keys were certified, want 2", len(o.mains.issued))
	}
	return wrong
}

// letters holds that exactly these events were told, each once. What an officer
// decided, and whoever goes on with the update learns first, is not told besides.
func letters(o outcome, want ...engine.NoticeEvent) []string {
	told := slices.Clone(o.mains.told)
	slices.Sort(told)
	slices.Sort(want)
	decided := func(e engine.NoticeEvent) bool { return e == engine.UpdateApproved || e == engine.UpdateRejected }
	least := slices.DeleteFunc(slices.Clone(want), decided)
	rest := slices.DeleteFunc(slices.Clone(told), decided)
	if !slices.Equal(rest, least) || len(told) > len(want) || o.letter != len(told) {
		return []string{fmt.Sprintf("%d letters came: %q, want %q", o.letter, told, want)}
	}
	return nil
}

// cancelledScenario: both certificates are held, and the update is cancelled: card
// and record are as before, byte for byte.
func cancelledScenario(t *testing.T) *scenario {
	s := waiting(t, "held and cancelled", 712251, today57, "9a", "9c")
	s.acts = append(s.acts, act{carry: cancels})
	s.check = func(s *scenario, o outcome) []string {
		return append(asBefore(s, o), letters(o, engine.UpdatePending, engine.UpdateCancelled)...)
	}
	return s
}

// asBefore holds that the card's whole state and its record are as before the
// update, and that no request is left at the CA.
func asBefore(s *scenario, o outcome) []string {
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if o.runs[0].End != engine.TakenBack {
		say("the run ended %q", o.runs[0].End)
	}
	if !reflect.DeepEqual(o.card.Keys, s.card.Keys) || !reflect.DeepEqual(o.card.Objects, s.card.Objects) {
		say("the card has %d keys and %d objects, and had %d and %d", len(o.card.Keys), len(o.card.Objects), len(s.card.Keys), len(s.card.Objects))
	}
	is, was := o.card, s.card
	is.Keys, is.Objects, was.Keys, was.Objects = nil, nil, nil, nil
	if !reflect.DeepEqual(is, was) {
		say("the card's state is another")
	}
	record, before := o.record, s.record
	record.Version, record.Seen, before.Version, before.Seen = 0, engine.Sighting{}, 0, engine.Sighting{} // who looks, sees
	if !reflect.DeepEqual(record, before) {
		say("the record is another")
	}
	for _, q := range o.requests {
		if a, known, err := s.ca().Lookup(context.Background(), q.ID); err != nil || !known || a.State != engine.RequestWithdrawn || q.State != a.State {
			say("request %s is %s, and at the CA %s (%v)", q.ID, q.State, a.State, err)
		}
	}
	if len(o.mains.issued) > 0 {
		say("%d keys were certified", len(o.mains.issued))
	}
	return wrong
}

func (s *scenario) ca() engine.CA {
	for _, ca := range s.base.desk.CAs {
		return ca
	}
	panic("no CA is configured")
}

// rejectedScenario: both are rejected; the update is ended, and made again, with an
// officer who is content.
func rejectedScenario(t *testing.T) *scenario {
	s := waiting(t, "rejected, and updated again", 712252, today57, "9a")
	s.base.desk.PolicyOf = onlyAt(s.base.desk.PolicyOf, "9a")
	s.settle(t, chipOf(t, s.card, sim.Options{}))
	s.acts = append(s.acts, act{between: rejects}, act{carry: ends}, act{carry: s.carryAnew}, act{between: approves}, act{carry: resumes})
	s.check = func(s *scenario, o outcome) []string {
		wrong := agree(o)
		if o.runs[0].End != engine.Finished || o.runs[1].End != engine.TakenBack || len(o.mains.issued) != 1 || len(o.card.Keys) != len(s.card.Keys)-1 {
			wrong = append(wrong, fmt.Sprintf("the runs ended %q and %q, %d keys were certified, %d lie there", o.runs[1].End, o.runs[0].End, len(o.mains.issued), len(o.card.Keys)))
		}
		return append(wrong, letters(o, engine.UpdatePending, engine.UpdateRejected, engine.UpdateCancelled,
			engine.UpdatePending, engine.UpdateApproved, engine.UpdateDone)...)
	}
	return s
}

// carryAnew makes another update, unless it was made before the power went.
func (s *scenario) carryAnew(t *testing.T, desk *engine.Desk, c *engine.Connected, o *outcome) error {
	return s.carry(t, desk, c, o)
}

// decidedFirstScenario: a card that cannot keep its old key: the officer decides
// before there is a new one.
func decidedFirstScenario(t *testing.T) *scenario {
	s := waiting(t, "decided first", 712253, sim.Firmware{Major: 5, Minor: 4, Patch: 3}, "9a", "9c")
	works := act{carry: func(t *testing.T, _ *engine.Desk, _ *engine.Connected, o *outcome) error {
		if now := o.mains.chip.State(); !reflect.DeepEqual(now.Keys, s.card.Keys) || !reflect.DeepEqual(now.Objects, s.card.Objects) {
			o.mains.wrong = append(o.mains.wrong, "while the officer thinks, the card is not as it was")
		}
		return nil
	}}
	s.acts = append(s.acts, works, act{between: approves}, act{carry: resumes})
	s.check = func(s *scenario, o outcome) []string {
		return append(renewed(s, o), letters(o, engine.UpdatePending, engine.UpdateApproved, engine.UpdateApproved, engine.UpdateDone)...)
	}
	return s
}

// revokedScenario: the card breaks while its update waits; the person keeps the
// certificates, but nobody needs what is asked for.
func revokedScenario(t *testing.T) *scenario {
	s := waiting(t, "revoked while pending", 712254, today57, "9a")
	lose := func(t *testing.T, desk *engine.Desk, c *engine.Connected, _ *outcome) error {
		if c.Record.State == engine.StateRevoked {
			return nil
		}
		_, err := desk.Revoke(t.Context(), tester, s.plan.Card.ID, engine.CardBroken, true)
		return err
	}
	withdraw := func(t *testing.T, desk *engine.Desk, _ *engine.Connected, _ *outcome) error {
		if _, err := desk.AskHeld(t.Context()); err != nil {
			return err
		}
		_, err := desk.RunErrands(t.Context())
		return err
	}
	s.acts = append(s.acts, act{carry: lose}, act{carry: withdraw})
	s.check = func(s *scenario, o outcome) []string {
		wrong := letters(o, engine.UpdatePending, engine.NoticeRevoked)
		say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
		if o.record.State != engine.StateRevoked || o.runs[0].End != engine.TakenBack {
			say("the card is %s, the run ended %q", o.record.State, o.runs[0].End)
		}
		for _, q := range o.requests {
			if a, _, err := s.ca().Lookup(t.Context(), q.ID); err != nil || a.State != engine.RequestWithdrawn || q.State != a.State || q.Watched {
				say("request %s is %s, and at the CA %s (%v)", q.ID, q.State, a.State, err)
			}
		}
		return wrong
	}
	return s
}

// onlyAt is today's policy of which only some places are left.
func onlyAt(today func(engine.User) (engine.Policy, error), at ...engine.Place) func(engine.User) (engine.Policy, error) {
	return func(u engine.User) (engine.Policy, error) {
		policy, err := today(u)
		policy.Templates = slices.DeleteFunc(slices.Clone(policy.Templates), func(one engine.Template) bool {
			return !slices.Contains(at, one.Place) && !one.Optional
		})
		return policy, err
	}
}
