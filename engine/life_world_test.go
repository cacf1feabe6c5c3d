package engine

import (
	"context"
	"slices"
	"strings"
	"time"
)

// What a card's life beside the update needs of the model world.

func (l modelLedger) Change(_ context.Context, c Change) error {
	return l.deed(func() error {
		version := int64(0)
		if l.record != nil {
			version = l.record.Version
		}
		run, open := l.open()
		switch {
		case open && (c.Ends != run.ID || l.leased(Lease{Station: c.Audit.Actor.Station, Now: c.Audit.At})):
			return &Error{Op: "change card", Kind: InWork}
		case !open && c.Ends != "", c.Record.Version != version:
			return &Error{Op: "change card", Kind: Overtaken}
		case open:
			l.runs[len(l.runs)-1].End = c.End
			l.lease = Lease{}
		}
		r := copied(c.Record)
		r.Version = version + 1
		l.record = &r
		l.errands = append(l.errands, c.Errands...)
		l.send(c.Letters)
		l.keep(c.Requests)
		l.life.audit = append(l.life.audit, c.Audit)
		return nil
	})
}

func (l modelLedger) CardsNumbered(_ context.Context, number string) ([]Record, error) {
	if l.record == nil || strings.TrimLeft(number, "0") != l.record.Card.Serial {
		return nil, l.look()
	}
	return []Record{*l.record}, l.look()
}

// modelPeople is a snapshot of the directory that knows nobody.
type modelPeople struct{ People }

func (modelPeople) Persons(context.Context, ...UserID) ([]Person, error) { return nil, nil }

func (modelPeople) KeepPersons(context.Context, ...Person) error { return nil }

// modelDiary remembers audit rows.
type modelDiary struct{ *world }

func (d modelDiary) Write(_ context.Context, a AuditRow) error {
	d.life.audit = append(d.life.audit, a)
	return nil
}

// worldLife is what the stories of a card's life look at besides.
type worldLife struct {
	audit []AuditRow
	given []string          // errands that failed
	told  []string          // what the access system heard
	names map[string]string // serial → template
}

// withLife is a world in which a card has a life beside the update: a policy that
// publishes, tells the access system, holds and keeps.
func withLife(kind string) *world {
	w := newWorld(kind)
	w.desk.People, w.desk.Audit = modelPeople{}, modelDiary{w}
	logon, signing, mail := modelTemplate("Logon", "9a", DigitalSignature), modelTemplate("Signing", "9c", DigitalSignature), modelTemplate("Mail", "9d", KeyAgreement)
	logon.HoldWhenDisabled, mail.HoldWhenDisabled = true, true
	logon.Binding = BindAttribute
	door := modelTemplate("Card", "9e", DigitalSignature)
	door.KeepUnassigned = true
	vpn := modelCommon("VPN", "84", w.newPFX(DigitalSignature))
	vpn.HoldWhenDisabled = true // which nobody can do to a common one
	w.policy = Policy{Name: "Staff", Templates: []Template{logon, signing, mail, door, vpn}, Publish: true, AccessSystem: true}
	return w
}

// layOut lays out a card with everything that one can hold: ours, a former mail
// key, and a certificate from elsewhere.
func (w *world) layOut() {
	p := w.policy
	w.write(p, w.grant(p.Templates[0], "9a", isValid), w.grant(p.Templates[1], "9c", isValid),
		w.grant(p.Templates[2], "9d", isValid), w.grant(p.Templates[3], "9e", isValid), w.grant(p.Templates[4], "84", isValid))
	w.record.Former = []Managed{w.grant(p.Templates[2], "82", isExpired)}
	w.record.PUK = []byte("sealed")
	w.intrude("83")
	w.card.former = 1
}

// in puts the card into a state of its life.
func (w *world) in(s State) {
	switch s {
	case "":
	case StateClean:
		w.record = &Record{Card: w.id, State: s, Version: 1}
	case StateAssigned:
		w.record = &Record{Card: w.id, User: w.user.Ref(), State: s, Version: 1}
	case StatePending, StateIssued, StateDisabled, StateRevoked:
		w.layOut()
		w.record.State = s
	}
}

// frozen is all that an operation may change, as it is now.
type frozen struct {
	record  *Record
	runs    []Run
	letters []Letter
	errands []Errand
	card    lying
	pin     [3]Counter
	former  int
	answers int
	revoked []Revocation
}

func (w *world) freeze() frozen {
	f := frozen{
		runs: copied(w.runs), letters: copied(w.letters), errands: copied(w.errands), card: w.card.lying(),
		pin: [3]Counter{w.card.pin, w.card.puk}, former: w.card.former, answers: len(w.answers), revoked: slices.Clone(w.revoked),
	}
	for i, r := range w.runs { // what JSON leaves out
		f.runs[i].Notes, f.runs[i].End, f.runs[i].Fence = slices.Clone(r.Notes), r.End, r.Fence
	}
	if w.record != nil {
		r := *w.record
		f.record = &r
	}
	return f
}

// release takes a certificate off hold.
func (a modelCA) release(serial string) error {
	return a.deed(func() error {
		for i, r := range a.revoked {
			switch {
			case r.Serial != serial:
			case r.Reason != CertificateHold:
				return &Error{Op: "release", Kind: CARefused}
			default:
				a.revoked = slices.Delete(slices.Clone(a.revoked), i, i+1)
				return nil
			}
		}
		return nil
	})
}

// wipe makes the card new. The power may go before it, or after.
func (c *modelCard) wipe() error {
	return c.deed(func() error {
		c.keys, c.objects = map[Place]modelKey{}, map[Place][]byte{}
		c.pin, c.puk = Counter{Left: 3, Max: 3, Factory: true}, Counter{Left: 3, Max: 3, Factory: true}
		c.chuid, c.capabilities, c.former = false, false, 0
		c.world.id.GUID = ""
		return nil
	})
}

// modelErrands hands the world's errands out as the store does: those of one kind
// in their order.
type modelErrands struct{ *world }

func (e modelErrands) TakeErrand(context.Context, time.Time, time.Time) (Errand, bool, error) {
	if len(e.errands) == 0 {
		return Errand{}, false, nil
	}
	return e.errands[0], true, nil
}

func (e modelErrands) ErrandDone(_ context.Context, id string, _ time.Time) error {
	e.errands = slices.DeleteFunc(e.errands, func(one Errand) bool { return one.ID == id })
	return nil
}

func (e modelErrands) DeferErrand(ctx context.Context, id string, at time.Time, why string) error {
	if at.IsZero() {
		why = "for good"
	}
	e.life.given = append(e.life.given, why)
	return e.ErrandDone(ctx, id, time.Time{})
}

func (e modelErrands) NextErrand(context.Context) (time.Time, bool, error) {
	return time.Time{}, false, nil
}

func (e modelErrands) CountErrands(context.Context, time.Time) (int, int, error) { return 0, 0, nil }

func (e modelErrands) Publish(_ context.Context, _ UserID, p Publication) error {
	for _, f := range p.Prune {
		delete(e.entry, f)
	}
	for _, b := range p.Unbind {
		delete(e.bound, b)
	}
	return nil
}

func (e modelErrands) Tell(_ context.Context, n AccessNote) error {
	e.life.told = append(e.life.told, string(n.Event)+" "+n.User.Logon)
	return nil
}

// work does all errands.
func (w *world) work() error {
	all := modelErrands{w}
	w.desk.Errands, w.desk.Publisher, w.desk.AccessSystem = all, all, all
	_, err := w.desk.RunErrands(context.Background())
	return err
}
