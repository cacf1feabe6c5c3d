package engine

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// become returns the state a card has after an event that is not an update's.
// Kind WrongState when the table refuses it.
func (r Record) become(op string, e CardEvent) (State, error) {
	to, err := r.State.after(e, "")
	if err != nil {
		return "", &Error{Op: op, Kind: WrongState, Subject: r.User.Name, Err: err}
	}
	return to, nil
}

// Change is what becomes of a card beside an update: its record, and all that
// goes with it.
type Change struct {
	Record  Record // over the version it was read as
	Letters []Letter
	Errands []Errand
	Audit   AuditRow

	Requests []Request // those of the open run, which nobody waits for any more

	// Ends is the open run that ends with the change; "" when the card must have
	// none. A run that some station is at is not ended: Kind InWork.
	Ends RunID
	End  RunEnd
}

// Wish is what is to become of a card that need not be at hand.
type Wish struct {
	Event  CardEvent        // CardUnassigned, CardDisabled, CardEnabled or CardRevoked
	Reason CardRevokeReason // of CardRevoked
	Keep   bool             // of CardRevoked: the person keeps the certificates
}

// Turn is what a wish comes to: shown to a person first, then written.
type Turn struct {
	Wish
	Record Record      // the card, as it is
	To     State       // what it will be
	Lots   []Lot       // what becomes of its certificates
	Access AccessDeed  // what the access system is told; "" for nothing
	Prunes bool        // the directory shows its certificates no more
	Ends   *RunSummary // an update that was begun, and that nobody can finish then
	Lost   []string    // templates of that update whose certificate a CA has granted: they are revoked
	Tell   []string    // who is written to: addresses, ToManager, ToGroup and a DN

	after  Record
	prune  []string
	grants []Lot     // those of Lost
	drop   []Request // of the update that ends
}

// Lot is what becomes of a certificate at its CA.
type Lot struct {
	Place  Place
	Title  string // template
	Group  StayGroup
	Former bool
	Deed   LotDeed
	Why    RevokeReason // of LotRevoke

	ca, serial string
}

// LotDeed says what is done about a certificate.
type LotDeed string

// The deeds.
const (
	LotStays   LotDeed = "stays" // as it is
	LotHold    LotDeed = "hold"
	LotOnHold  LotDeed = "on hold" // it is, and not by us: it stays so
	LotRelease LotDeed = "release"
	LotRevoke  LotDeed = "revoke"
)

// LotDeeds returns all deeds.
func LotDeeds() []LotDeed { return []LotDeed{LotStays, LotHold, LotOnHold, LotRelease, LotRevoke} }

// privilege is what whoever brings an event about must hold.
func (e CardEvent) privilege() Privilege {
	switch e {
	case CardAssigned:
		return AssignCard
	case CardAdopted:
		return AdoptCard
	case AllWritten, SomeHeld, UpdateDropped, PartStays:
		return UpdateCard
	case CardUnassigned:
		return UnassignCard
	case CardDisabled:
		return DisableCard
	case CardEnabled:
		return EnableCard
	case CardRevoked:
		return RevokeCard
	case CardCleaned:
		return CleanCard
	}
	return ""
}

// notice is what a letter about an event of a card's life tells.
func (e CardEvent) notice() NoticeEvent {
	switch e {
	case CardUnassigned:
		return NoticeUnassigned
	case CardDisabled:
		return NoticeDisabled
	case CardEnabled:
		return NoticeEnabled
	case CardRevoked:
		return NoticeRevoked
	case CardCleaned:
		return NoticeCleaned
	case CardAssigned, CardAdopted, AllWritten, SomeHeld, UpdateDropped, PartStays:
	}
	return UpdateDone
}

// Foresee tells what a wish would come to, and changes nothing. Nothing is asked
// of the card, nor of a CA.
func (d *Desk) Foresee(ctx context.Context, actor Actor, card CardID, w Wish) (Turn, error) {
	record, err := d.recorded(ctx, card)
	if err == nil {
		err = d.may(ctx, actor, w.Event.privilege(), aboutRecord(record))
	}
	if err != nil {
		return Turn{}, err
	}
	return d.foresee(ctx, record, w)
}

// ends reports whether what is wished for ends an update that was begun: the card
// may be lost, and nobody can finish it then. One that was never issued cannot be
// revoked.
func (w Wish) ends(s State) bool {
	return w.Event == CardRevoked || w.Event == CardUnassigned && s == StateAssigned
}

// recorded is a card's record. Kind BadInput when there is none.
func (d *Desk) recorded(ctx context.Context, card CardID) (Record, error) {
	record, known, err := d.Ledger.Card(ctx, card)
	if err == nil && !known {
		err = &Error{Op: "find card", Kind: BadInput, Subject: string(card), Err: errors.New("the store does not know it")}
	}
	return record, err
}

func (d *Desk) foresee(ctx context.Context, record Record, w Wish) (Turn, error) {
	to, err := record.become(string(w.Event.privilege()), w.Event)
	if err != nil {
		return Turn{}, err
	}
	open, unfinished, err := d.openRun(ctx, record.Card.ID)
	if err != nil {
		return Turn{}, err
	}
	if unfinished && !w.ends(record.State) {
		return Turn{}, &Error{Op: string(w.Event.privilege()), Kind: Unfinished, Effect: CanContinue, Subject: open.Actor.Station, Run: open.ID}
	}
	policies, err := d.policiesOf(ctx, record)
	if err != nil {
		return Turn{}, err
	}
	t := turning{Turn: Turn{Wish: w, Record: record, To: to, after: record}, policies: policies}
	t.after.State, t.after.Managed = to, slices.Clone(record.Managed)
	if unfinished {
		t.open = &open
		if t.asked, err = d.Requests.RequestsOf(ctx, record.Card.ID); err != nil {
			return Turn{}, err
		}
	}
	err = t.make()
	t.Tell = t.told()
	return t.Turn, err
}

// turning is everything a turn is made from. Nothing in it is a clock or can
// write.
type turning struct {
	Turn
	policies []Policy  // the user's now, then the one under which the card was written, as far as they are known
	open     *Run      // an update that was begun and not ended
	asked    []Request // what CAs hold, or held, for the card
}

func (t *turning) make() error {
	switch t.Event {
	case CardUnassigned:
		return t.unassign()
	case CardDisabled:
		return t.disable()
	case CardEnabled:
		return t.enable()
	case CardRevoked:
		return t.revoke()
	case CardAssigned, CardAdopted, AllWritten, SomeHeld, UpdateDropped, PartStays, CardCleaned:
	}
	return &Error{Op: "change card's state", Kind: BadInput, Err: errors.New(string(t.Event) + " is not brought about this way")}
}

// policiesOf are the policy that a card's user has now, and the one under which
// it was written, as far as they are known. No card waits for a directory that
// is away: then the user is as the snapshot has them.
func (d *Desk) policiesOf(ctx context.Context, r Record) ([]Policy, error) {
	var known []Policy
	now, err := d.PolicyOf(d.whose(ctx, r.User))
	switch {
	case err == nil:
		known = append(known, now)
	case !Is(err, NoPolicy):
		return nil, err
	}
	before, err := d.before(ctx, r)
	if before != nil {
		known = append(known, *before)
	}
	return known, err
}

// whose reads a card's user from the directory, if that answers soon; else they
// are as the snapshot, or at last the record, has them.
func (d *Desk) whose(ctx context.Context, ref UserRef) User {
	soon, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	user, err := d.user(soon, ref.ID)
	if err == nil {
		return user
	}
	d.Log.Warn("directory does not tell of the card's user", "user", ref.ID, "err", err)
	persons, err := d.People.Persons(ctx, ref.ID)
	if err != nil || len(persons) == 0 {
		return ref.user()
	}
	return persons[0].User
}

// template is what the first of the policies that has it says of a template.
func (t *turning) template(name string) Template { return templateOf(t.policies, name) }

func templateOf(policies []Policy, name string) Template {
	for _, p := range policies {
		if found, ok := p.Template(name); ok {
			return found
		}
	}
	return Template{Name: name}
}

func publishes(policies []Policy) bool {
	return slices.ContainsFunc(policies, func(p Policy) bool { return p.Publish })
}

// told lists who is written to, by the rules of the first policy that is known:
// the user by their address, whom only the directory knows as the rule says.
func (t *turning) told() []string {
	var rules Policy
	if len(t.policies) > 0 {
		rules = t.policies[0]
	}
	return addressed(rules.told(t.Event.notice()), t.Record.User)
}

// addressed puts the user's address where a rule says ToUser; one who has none is
// left out.
func addressed(to []string, user UserRef) []string {
	var all []string
	for _, one := range to {
		if one == ToUser {
			one = user.Mail
		}
		if one != "" && !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}

// lotOf begins with a recorded certificate that stays as it is.
func lotOf(m Managed, former bool) Lot {
	return Lot{Place: m.Place, Title: m.Template, Group: groupOf(m), Former: former, Deed: LotStays, ca: m.CA, serial: m.Serial}
}

// Turn brings about what Foresee told of, and returns the card's record as it is
// then. Disable, Enable, Revoke and Unassign are turns by name.
func (d *Desk) Turn(ctx context.Context, actor Actor, card CardID, w Wish) (Record, error) {
	return d.turn(ctx, actor, card, w)
}

// turn brings a wish about.
func (d *Desk) turn(ctx context.Context, actor Actor, card CardID, w Wish) (Record, error) {
	row := AuditRow{Actor: actor, Act: string(w.Event.privilege()), Card: card, Detail: string(w.Reason)}
	record, err := d.bringAbout(ctx, actor, card, w, &row)
	if err != nil {
		d.witness(ctx, row, err)
	}
	return record, err
}

func (d *Desk) bringAbout(ctx context.Context, actor Actor, card CardID, w Wish, row *AuditRow) (Record, error) {
	record, err := d.recorded(ctx, card)
	row.User = record.User.ID
	if err == nil {
		err = d.may(ctx, actor, w.Event.privilege(), aboutRecord(record))
	}
	if err != nil {
		return Record{}, err
	}
	t, err := d.foresee(ctx, record, w)
	if err != nil {
		return Record{}, err
	}
	now := d.Now()
	row.At, row.Result, row.Detail = now, "done", t.detail()
	change := Change{
		Record: t.after, Letters: t.letters(actor, now), Errands: t.errands(now), Audit: *row,
	}
	if t.Ends != nil {
		change.Ends, change.End, change.Requests = t.Ends.ID, TakenBack, dropped(t.drop, now)
	}
	if err := d.Ledger.Change(ctx, change); err != nil {
		return Record{}, err
	}
	d.Log.Info("card changed", "card", card, "event", string(w.Event), "state", string(t.To))
	record, err = d.recorded(ctx, card)
	return record, err
}

// key tells this change of a card from every other: what follows from it is made
// once, however often it is tried.
func (t Turn) key() RunID { return changeKey(t.Record, t.Event) }

func changeKey(r Record, e CardEvent) RunID {
	return RunID(strings.Join([]string{string(r.Card.ID), strconv.FormatInt(r.Version, 10), string(e)}, " "))
}

// letters tell of the turn.
func (t Turn) letters(actor Actor, now time.Time) []Letter {
	n := Notice{Event: t.Event.notice(), User: t.Record.User, Card: t.Record.Card, Actor: actor, At: now, Reason: t.Reason}
	if t.Event == CardRevoked {
		for _, f := range t.Lots {
			if f.Deed == LotStays {
				n.Kept = append(n.Kept, Stay{f.Place, f.Title, f.Group})
			}
		}
	}
	return lettersTo(t.Tell, n, func(to string) string { return letterID(t.key(), n.Event, to) })
}

// detail says what an auditor would ask about.
func (t Turn) detail() string {
	var all []string
	if t.Reason != "" {
		all = append(all, string(t.Reason))
	}
	if t.Keep {
		all = append(all, "the person keeps the certificates")
	}
	if t.Ends != nil {
		all = append(all, "update "+string(t.Ends.ID)+" ended unfinished")
	}
	if t.Record.User.Mail == "" {
		all = append(all, "the user has no address")
	}
	return strings.Join(all, "; ")
}

// errands are what is to be done elsewhere because of the turn. Those of one kind
// are done in this order.
func (t Turn) errands(now time.Time) []Errand {
	var all []Errand
	add := func(what string, e Errand) {
		e.ID, e.Card, e.User = errandID(t.key(), what), t.Record.Card.ID, t.Record.User.ID
		e.Created, e.Due = now, now
		all = append(all, e)
	}
	if len(t.prune) > 0 {
		add("publish", Errand{Publication: &Publication{Prune: t.prune}})
	}
	if t.Access != "" {
		note := AccessNote{Key: errandID(t.key(), "access"), Event: t.Access, At: now, Card: t.Record.Card, User: t.Record.User}
		if t.Access == AccessRegister {
			note.Certificates = t.after.Managed
		}
		add("access", Errand{Access: &note})
	}
	for _, f := range slices.Concat(t.Lots, t.grants) {
		if e := f.errand(); e != nil {
			add(string(f.Deed)+" "+f.ca+" "+f.serial, Errand{Revoke: e})
		}
	}
	return all
}

// errand is what its CA is to do; nil for nothing.
func (f Lot) errand() *RevokeErrand {
	e := RevokeErrand{CA: f.ca, Serial: f.serial}
	switch f.Deed {
	case LotStays:
		return nil
	case LotHold, LotOnHold:
		e.Reason = CertificateHold
	case LotRelease:
		e.Release = true
	case LotRevoke:
		e.Reason = f.Why
	}
	return &e
}

// deed names the errand in the audit.
func (e RevokeErrand) deed() string {
	switch {
	case e.Release:
		return "release certificate"
	case e.Reason == CertificateHold:
		return "put certificate on hold"
	case e.Reason == Superseded:
		return "revoke superseded certificate"
	}
	return "revoke certificate"
}

// forGood reports whether a release was refused for good: somebody else has
// revoked the certificate meanwhile, and that no try will change.
func (e *RevokeErrand) forGood(failed error) bool {
	return e != nil && e.Release && Is(failed, CARefused)
}
