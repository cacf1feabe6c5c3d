package engine

import (
	"context"
)

// ReaderView is a reader by name, with what is in it.
type ReaderView struct {
	Reader Reader
	Card   *Identity // nil when there is none, or it could not be read
	Owner  UserRef   // from the store; zero for a card it does not know
	State  State
	Ready  bool  // its update was approved: it can be continued
	Err    error // why the card could not be read
}

// LookAtReaders lists the readers, each with the card in it. known are the
// views of an earlier look: a card that was not moved since is not asked again.
func (d *Desk) LookAtReaders(ctx context.Context, actor Actor, known []ReaderView) ([]ReaderView, error) {
	if err := d.may(ctx, actor, ViewCard, matter{}); err != nil {
		return nil, err
	}
	readers, err := d.Readers.List(ctx)
	if err != nil {
		return nil, err
	}
	return d.look(ctx, actor, readers, known), nil
}

// WatchReaders returns as soon as the readers or the cards in them differ from
// known.
func (d *Desk) WatchReaders(ctx context.Context, actor Actor, known []ReaderView) ([]ReaderView, error) {
	if err := d.may(ctx, actor, ViewCard, matter{}); err != nil {
		return nil, err
	}
	before := make([]Reader, len(known))
	for i, v := range known {
		before[i] = v.Reader
	}
	readers, err := d.Readers.Wait(ctx, before)
	if err != nil {
		return nil, err
	}
	return d.look(ctx, actor, readers, known), nil
}

func (d *Desk) look(ctx context.Context, actor Actor, readers []Reader, known []ReaderView) []ReaderView {
	views := make([]ReaderView, len(readers))
	for i, r := range readers {
		views[i] = d.lookAt(ctx, r, known)
		if actor.Mode == SelfService {
			views[i] = views[i].forPassersBy()
		}
	}
	return views
}

// forPassersBy is what a reader's screen may tell whoever stands before it: that
// there is a card, and whether it is of use here. Whose it is the card's holder knows.
func (v ReaderView) forPassersBy() ReaderView {
	v.Owner, v.Ready = UserRef{}, false
	return v
}

func (d *Desk) lookAt(ctx context.Context, r Reader, known []ReaderView) ReaderView {
	v := ReaderView{Reader: r}
	if !r.Card || r.Mute {
		return v
	}
	for _, k := range known {
		if k.Reader.Name == r.Name && k.Reader.Visit == r.Visit && k.Card != nil {
			v.Card = k.Card
		}
	}
	if v.Card == nil {
		id, err := d.identify(ctx, r.Name)
		if err != nil {
			v.Err = err
			return v
		}
		v.Card = &id
	}
	record, ok, err := d.Ledger.Card(ctx, v.Card.ID)
	if ok {
		v.Owner, v.State = record.User, record.State
	}
	if ok && record.State == StatePending {
		var all []Request
		all, err = d.Requests.RequestsOf(ctx, record.Card.ID)
		v.Ready = Pending{Requests: all}.Ready()
	}
	v.Err = err
	return v
}

func (d *Desk) identify(ctx context.Context, reader string) (Identity, error) {
	card, err := d.Readers.Connect(ctx, reader)
	if err != nil {
		return Identity{}, err
	}
	id, err := card.Identify(ctx)
	if cerr := card.Close(); err == nil {
		err = cerr
	}
	return id, err
}

// Connected is a card in a reader that the walk holds: read, and ready to be
// unlocked. Whoever connects closes. No operation but ProveHolder changes it, so that it may be
// looked at while one goes on.
type Connected struct {
	Reader   string
	Visit    int // the reader's, while the card lies in it
	Contents Contents
	Record   Record // zero State for a card the store does not know
	silent   []string
	before   *Policy // see Situation
	card     Card
	proven   bool // by ProveHolder, and only there
}

// Known reports whether the store knows the card.
func (c *Connected) Known() bool { return c.Record.State != "" }

// Close lets the card go.
func (c *Connected) Close() error { return c.card.Close() }

// Connect reaches the card in a reader and reads it, without its PIN.
func (d *Desk) Connect(ctx context.Context, actor Actor, reader string) (*Connected, error) {
	if err := d.may(ctx, actor, ViewCard, matter{}); err != nil {
		return nil, err
	}
	card, err := d.Readers.Connect(ctx, reader)
	if err != nil {
		return nil, err
	}
	c := &Connected{Reader: reader, card: card}
	err = d.readInto(ctx, actor, c)
	if err == nil {
		c.Visit, err = d.visit(ctx, reader)
	}
	if err != nil {
		_ = card.Close()
		return nil, err
	}
	d.witness(ctx, AuditRow{Actor: actor, Act: string(ViewCard), Card: c.Contents.Identity.ID, User: c.Record.User.ID}, nil)
	return c, nil
}

// visit tells which visit of a card to a reader this is. It is asked after the
// card was read: a card that was put in again before has ended the reading.
func (d *Desk) visit(ctx context.Context, reader string) (int, error) {
	readers, err := d.Readers.List(ctx)
	for _, r := range readers {
		if r.Name == reader {
			return r.Visit, nil
		}
	}
	return 0, err
}

// readInto reads the card, and asks about it once it is known whose it is, and that
// the actor may see it. Of one that has not shown whose it is, nothing is asked of
// a CA in self-service: see ProveHolder.
func (d *Desk) readInto(ctx context.Context, actor Actor, c *Connected) (err error) {
	if c.Contents, err = c.card.Inspect(ctx); err != nil {
		return err
	}
	if c.Record, _, err = d.Ledger.Card(ctx, c.Contents.Identity.ID); err != nil {
		return err
	}
	if err = d.may(ctx, actor, ViewCard, aboutCard(c)); err != nil {
		return err
	}
	if actor.Mode != SelfService {
		c.Record, c.silent = d.askRevoked(ctx, c.Record)
		d.askHeldOf(ctx, c.Record)
	}
	d.see(ctx, c)
	c.before, err = d.before(ctx, c.Record)
	return err
}

// View shows a connected card as it is now, beside its record. The policy is
// that of the card's user; a card without one has no reasons. In self-service only
// its holder sees it.
func (d *Desk) View(ctx context.Context, actor Actor, c *Connected, user *User) (CardView, error) {
	if err := d.may(ctx, actor, ViewCard, aboutCard(c)); err != nil {
		return CardView{}, err
	}
	if actor.Mode == SelfService && !c.proven {
		err := denied(actor, NotProven, nil)
		d.witness(ctx, AuditRow{Actor: actor, Act: string(ViewCard), Card: c.Contents.Identity.ID, User: c.Record.User.ID}, err)
		return CardView{}, err
	}
	record := c.Record
	if record.State == "" {
		record.Card = c.Contents.Identity
	}
	if user == nil {
		return d.view(ctx, Situation{Record: record, Contents: &c.Contents, Now: d.Now()})
	}
	now, err := d.situation(ctx, *user, record, &c.Contents)
	if err != nil {
		return CardView{}, err
	}
	v, err := d.view(ctx, now)
	v.Silent = c.silent
	return v, err
}
