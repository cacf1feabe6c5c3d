package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// deeds are the errands in short, in their order: "revoke Logon keyCompromise".
func (w *world) errandLines() []string {
	var all []string
	for _, e := range w.errands {
		switch {
		case e.Publication != nil:
			all = append(all, fmt.Sprintf("publish -%d", len(e.Publication.Prune)))
		case e.Access != nil:
			all = append(all, fmt.Sprintf("%s %s %d", e.Access.Event, e.Access.User.Logon, len(e.Access.Certificates)))
		case e.Revoke.Release:
			all = append(all, "release "+w.named(e.Revoke.Serial))
		default:
			all = append(all, w.named(e.Revoke.Serial)+" "+string(e.Revoke.Reason))
		}
	}
	return all
}

// named is the template of a certificate that was on the card when it was laid
// out; a former one is marked.
func (w *world) named(serial string) string {
	if name, ok := w.life.names[serial]; ok {
		return name
	}
	return serial
}

func (w *world) nameAll() {
	w.life.names = map[string]string{}
	for _, m := range w.record.Managed {
		w.life.names[m.Serial] = m.Template
	}
	for _, m := range w.record.Former {
		w.life.names[m.Serial] = "former " + m.Template
	}
}

func livingCard(kind string) *world {
	w := withLife(kind)
	w.layOut()
	w.nameAll()
	return w
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// told are the letters in short.
func (w *world) told() []string {
	var all []string
	for _, l := range w.letters {
		all = append(all, fmt.Sprintf("%s to %s", l.Notice.Event, l.To))
	}
	return all
}

// While a card is disabled, those of its certificates that the policy says are on
// hold, and the access system does not know it; enabled, all is as before. What an
// officer had put on hold stays on hold.
func TestDisableAndEnable(t *testing.T) {
	ctx, w := context.Background(), livingCard(movesKeys)
	mail := w.record.Managed[2]
	w.revoke(mail, CertificateHold)
	w.record.Managed[2].Revoked = &w.revoked[0]
	before := w.freeze()

	turn, err := w.desk.Foresee(ctx, actor, w.id.ID, Wish{Event: CardDisabled})
	must(t, err)
	var lots []string
	for _, l := range turn.Lots {
		lots = append(lots, l.Title+" "+string(l.Deed))
	}
	same(t, "what is shown", lots, "Logon hold", "Signing stays", "Mail on hold", "Card stays", "VPN stays")

	record, err := w.desk.Disable(ctx, actor, w.id.ID)
	must(t, err)
	if record.State != StateDisabled || record.Access || !record.Managed[0].Held {
		t.Errorf("the record is %+v", record)
	}
	same(t, "errands", w.errandLines(), "remove alovelace 0", "Logon certificateHold", "Mail certificateHold")
	same(t, "letters", w.told(), "card disabled to ada@corp.example")
	must(t, w.work())
	if got := revocationOf(w.revoked, record.Managed[0].Serial); got == nil || got.Reason != CertificateHold {
		t.Errorf("the CA says %+v", got)
	}

	record, err = w.desk.Enable(ctx, actor, w.id.ID)
	must(t, err)
	if record.State != StateIssued || !record.Access || record.Managed[0].Held {
		t.Errorf("the record is %+v", record)
	}
	same(t, "errands", w.errandLines(), "register alovelace 5", "release Logon")
	must(t, w.work())
	same(t, "the access system", w.life.told, "remove alovelace", "register alovelace")
	if len(w.revoked) != 1 || w.revoked[0].Serial != mail.Serial {
		t.Errorf("the CA has %+v", w.revoked)
	}
	if after := w.freeze(); after.card.String() != before.card.String() {
		t.Errorf("the card has changed: %s", after.card)
	}
	if len(w.life.given) > 0 {
		t.Errorf("errands failed: %q", w.life.given)
	}
}

// A card can be disabled and enabled again before any errand is done: the CA hears
// of both, in that order, however often.
func TestReleaseFollowsHold(t *testing.T) {
	ctx, w := context.Background(), livingCard(movesKeys)
	var want []string
	for range 3 {
		_, err := w.desk.Disable(ctx, actor, w.id.ID)
		must(t, err)
		_, err = w.desk.Enable(ctx, actor, w.id.ID)
		must(t, err)
		want = append(want, "remove alovelace 0", "Logon certificateHold", "Mail certificateHold", "register alovelace 5", "release Logon", "release Mail")
	}
	same(t, "errands", w.errandLines(), want...)
	ids := map[string]bool{}
	for _, e := range w.errands {
		ids[e.ID] = true
	}
	if len(ids) != len(w.errands) {
		t.Errorf("%d errands have %d ids", len(w.errands), len(ids))
	}
}

// Disabled again before the CA was heard about the release: the certificate goes on
// hold again behind it, and nobody releases what may be an officer's.
func TestDisableAgainBeforeReleaseIsHeard(t *testing.T) {
	ctx, w := context.Background(), livingCard(movesKeys)
	refresh := func() {
		for i, m := range w.record.Managed {
			w.record.Managed[i].Revoked = revocationOf(w.revoked, m.Serial)
		}
	}
	onHold := func() bool { return revocationOf(w.revoked, w.record.Managed[0].Serial) != nil }
	for _, heard := range []bool{true, false} {
		_, err := w.desk.Disable(ctx, actor, w.id.ID)
		must(t, err)
		must(t, w.work())
		refresh()
		_, err = w.desk.Enable(ctx, actor, w.id.ID)
		must(t, err)
		if w.record.Managed[0].Revoked != nil {
			t.Error("enabled, the record says that the certificate is on hold")
		}
		if heard {
			must(t, w.work())
		}
		refresh() // when the errand waits, the CA says that it is on hold still
	}
	_, err := w.desk.Disable(ctx, actor, w.id.ID)
	must(t, err)
	must(t, w.work())
	if !onHold() || w.record.Managed[0].Held {
		t.Errorf("on hold: %v, by us: %v", onHold(), w.record.Managed[0].Held)
	}
}

// A release that the CA refuses for good, because somebody has revoked the
// certificate meanwhile, is not asked for again and again.
func TestReleaseRefused(t *testing.T) {
	ctx, w := context.Background(), livingCard(movesKeys)
	_, err := w.desk.Disable(ctx, actor, w.id.ID)
	must(t, err)
	must(t, w.work())
	w.revoked[0].Reason = Superseded
	_, err = w.desk.Enable(ctx, actor, w.id.ID)
	must(t, err)
	must(t, w.work())
	if !slices.Equal(w.life.given, []string{"for good"}) || len(w.revoked) != 1 {
		t.Errorf("deferred %q, the CA has %+v", w.life.given, w.revoked)
	}
}

// Why a card is revoked decides what becomes of its certificates: those of a card
// in wrong hands are always revoked, former encryption certificates too, and
// common ones never.
func TestRevokeCard(t *testing.T) {
	ctx := context.Background()
	all := func(why RevokeReason) []string {
		var lines []string
		for _, name := range []string{"Logon", "Signing", "Mail", "Card", "former Mail"} {
			lines = append(lines, name+" "+string(why))
		}
		return append([]string{"publish -5", "remove alovelace 0"}, lines...)
	}
	for _, c := range []struct {
		why  CardRevokeReason
		keep bool
		want []string // nil: refused
	}{
		{CardLost, false, all(KeyCompromise)},
		{CardCompromised, false, all(KeyCompromise)},
		{CardLeft, false, all(AffiliationChanged)},
		{CardWithdrawn, false, all(PrivilegeWithdrawn)},
		{CardBroken, false, all(CessationOfOperation)},
		{CardLost, true, nil},
		{CardCompromised, true, nil},
		{CardLeft, true, []string{"remove alovelace 0"}},
		{CardWithdrawn, true, []string{"remove alovelace 0"}},
		{CardBroken, true, []string{"remove alovelace 0"}},
		{"bored", false, nil},
		{"", false, nil},
	} {
		w := livingCard(movesKeys)
		before := w.freeze()
		record, err := w.desk.Revoke(ctx, actor, w.id.ID, c.why, c.keep)
		if c.want == nil {
			if !Is(err, BadInput) || w.record.State != StateIssued || len(w.errands)+len(w.letters) > 0 {
				t.Errorf("%q, keep %v: %v", c.why, c.keep, err)
			}
			continue
		}
		must(t, err)
		same(t, fmt.Sprintf("%s, keep %v", c.why, c.keep), w.errandLines(), c.want...)
		same(t, "letters", w.told(), "card revoked to ada@corp.example")
		if l := w.letters[0].Notice; l.Reason != c.why || len(l.Kept) != map[bool]int{true: 6, false: 1}[c.keep] {
			t.Errorf("%s: the letter tells %+v", c.why, l)
		}
		if record.State != StateRevoked || record.Why != c.why || record.Access || record.User != w.user.Ref() {
			t.Errorf("%s: the record is %+v", c.why, record)
		}
		must(t, w.work())
		if len(w.entry) != map[bool]int{true: 4, false: 0}[c.keep] {
			t.Errorf("%s: the directory shows %d certificates", c.why, len(w.entry))
		}
		if w.card.lying().String() != before.card.String() {
			t.Errorf("%s: the card was touched", c.why)
		}
	}
}

// A disabled card whose certificates are on hold can be revoked: they are revoked
// for good then, and if the person keeps them, they stay on hold.
func TestRevokeDisabledCard(t *testing.T) {
	ctx := context.Background()
	for _, keep := range []bool{false, true} {
		w := livingCard(movesKeys)
		_, err := w.desk.Disable(ctx, actor, w.id.ID)
		must(t, err)
		must(t, w.work())
		_, err = w.desk.Revoke(ctx, actor, w.id.ID, CardLeft, keep)
		must(t, err)
		for _, e := range w.errands {
			if e.Revoke != nil && e.Revoke.Release || e.Access != nil {
				t.Errorf("keep %v: %+v", keep, e)
			}
		}
		if held := slices.ContainsFunc(w.record.Managed, func(m Managed) bool { return m.Held }); held != keep {
			t.Errorf("keep %v: held is %v", keep, held)
		}
	}
}

// An update that was interrupted ends when its card is revoked, since nobody can
// finish it; what a CA had granted it is revoked although no record names it. Any
// other operation waits for the update.
func TestRevokeDuringUpdate(t *testing.T) {
	ctx := context.Background()
	w, c := interrupted(t)
	w.light(0, false)
	run, _ := w.open()
	for name, do := range map[string]func() error{
		"disable":  func() error { _, err := w.desk.Disable(ctx, actor, w.id.ID); return err },
		"unassign": func() error { _, err := w.desk.ProposeUnassign(ctx, actor, c); return err },
	} {
		if err := do(); !Is(err, Unfinished) || RunOf(err) != run.ID {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := w.desk.Revoke(ctx, actor, w.id.ID, CardLost, false)
	must(t, err)
	if _, open := w.open(); open {
		t.Error("the update is open still")
	}
	must(t, w.work())
	for _, g := range run.grants() {
		if r := revocationOf(w.revoked, g.serial); r == nil || r.Reason != KeyCompromise {
			t.Errorf("what %s was granted is not revoked: %+v", g.Title, r)
		}
	}
	if row := w.life.audit[len(w.life.audit)-1]; !slices.ContainsFunc(w.life.audit, func(a AuditRow) bool { return strings.Contains(a.Detail, string(run.ID)) }) {
		t.Errorf("the audit does not say that the update ended: %+v", row)
	}
}

// interrupted is a card whose update was cut short once a CA had granted
// something.
func interrupted(t *testing.T) (*world, *Connected) {
	t.Helper()
	for cut := 1; ; cut++ {
		w := livingCard(movesKeys)
		w.now = w.now.AddDate(0, 0, 290)
		c, p, err := w.propose(Selection{})
		must(t, err)
		w.light(cut, true)
		if _, err := w.update(c, p.Plan); err == nil {
			t.Fatal("the update was not interrupted")
		}
		if run, open := w.open(); open && len(run.grants()) > 0 {
			return w, c
		}
	}
}

// A card is disabled and revoked also while the directory is away, by what the
// card was written under; its rules say whom to tell, and what only the directory
// knows stays as it is written.
func TestLifeWithoutDirectory(t *testing.T) {
	ctx, w := context.Background(), livingCard(movesKeys)
	p := w.policy
	p.Rules = []Rule{
		{Event: NoticeDisabled, To: []string{ToUser, ToManager, ToGroup + "cn=desk", "desk@corp.example", ToUser}},
		{Event: NoticeRevoked, To: []string{"desk@corp.example"}},
	}
	w.write(p, w.record.Managed...)
	w.desk.Directory = awayDirectory{}
	w.desk.PolicyOf = func(u User) (Policy, error) { return Policy{}, noPolicy(u) }
	_, err := w.desk.Disable(ctx, actor, w.id.ID)
	must(t, err)
	same(t, "letters", w.told(), "card disabled to ada@corp.example", "card disabled to manager", "card disabled to group:cn=desk", "card disabled to desk@corp.example")
	same(t, "errands", w.errandLines(), "remove alovelace 0", "Logon certificateHold", "Mail certificateHold")
	_, err = w.desk.Enable(ctx, actor, w.id.ID)
	must(t, err)
	if len(w.letters) != 4 {
		t.Errorf("letters: %q", w.told())
	}
	w.record.User.Mail = ""
	_, err = w.desk.Revoke(ctx, actor, w.id.ID, CardLost, false)
	must(t, err)
	if last := w.life.audit[len(w.life.audit)-1]; last.Act != "revoke card" || last.Detail != "lost; the user has no address" {
		t.Errorf("the audit has %+v", last)
	}
}

type awayDirectory struct{ Directory }

func (awayDirectory) User(context.Context, UserID) (User, error) {
	return User{}, &Error{Op: "read user", Kind: DirectoryAway}
}

// Whoever was faster is not written over.
func TestLifeOvertaken(t *testing.T) {
	ctx, w := context.Background(), livingCard(movesKeys)
	turned := w.desk.Ledger
	w.desk.Ledger = overtaking{modelLedger{w}}
	if _, err := w.desk.Disable(ctx, actor, w.id.ID); !Is(err, Overtaken) {
		t.Errorf("%v", err)
	}
	w.desk.Ledger = turned
	if w.record.State != StateIssued || len(w.errands)+len(w.letters) > 0 {
		t.Error("something was written")
	}
}

// overtaking is a ledger in which somebody writes each card just after it was
// read.
type overtaking struct{ modelLedger }

func (o overtaking) Card(ctx context.Context, id CardID) (Record, bool, error) {
	r, ok, err := o.modelLedger.Card(ctx, id)
	o.record.Version++
	return r, ok, err
}

// A card is found by its number, zeros and spaces or not, without a reader.
func TestFindCard(t *testing.T) {
	ctx, w := context.Background(), livingCard(movesKeys)
	w.desk.Readers = nil
	for _, number := range []string{"1", "0001", "0000 0001"} {
		v, err := w.desk.FindCard(ctx, actor, number)
		must(t, err)
		if v.Record.Card.ID != w.id.ID || len(v.Entries) != 6 || v.Seen {
			t.Errorf("%q: %+v", number, v)
		}
	}
	if _, err := w.desk.FindCard(ctx, actor, "2"); !Is(err, BadInput) {
		t.Errorf("an unknown number: %v", err)
	}
}

// A card that is revoked while its update waits for a CA has nothing come of that
// update: what is held is withdrawn, and what was approved is revoked.
func TestRevokeWhilePending(t *testing.T) {
	ctx := context.Background()
	w := livingCard(movesKeys)
	w.now = w.now.AddDate(0, 0, 290)
	for _, one := range w.policy.Templates {
		w.holds[one.Profile] = true
	}
	c, p, err := w.propose(Selection{})
	must(t, err)
	_, err = w.update(c, p.Plan)
	must(t, err)
	ids := w.pendingIDs()
	if len(ids) < 2 || w.record.State != StatePending {
		t.Fatalf("the card is %s, with %d requests", w.record.State, len(ids))
	}
	w.officer(ids[0], true) // the kiosk has not heard of it
	_, err = w.desk.Revoke(ctx, actor, w.id.ID, CardLost, false)
	must(t, err)
	must(t, w.work())
	_, err = w.desk.AskHeld(ctx)
	must(t, err)
	for id, a := range w.answers {
		if a.State == RequestPending {
			t.Errorf("request %s still waits", id)
		}
	}
	granted, err := ParseCertificate(w.answers[ids[0]].Certificate)
	must(t, err)
	if revocationOf(w.revoked, granted.Serial) == nil {
		t.Error("what was approved is not revoked")
	}
	if orphans, _ := w.desk.Requests.Orphans(ctx); len(orphans) != 1 || orphans[0].Orphan != granted.Serial {
		t.Errorf("listed are %+v", orphans)
	}
}
