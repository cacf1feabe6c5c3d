package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cardkiosk/engine"
)

// What of an update that waits for its CA may be cut: putting it down, asking what
// became of it, withdrawing, and the change that ends it.

func (j cutJournal) Rest(ctx context.Context, id engine.RunID, l engine.Lease, o engine.Outcome) error {
	return j.around(func() error {
		o.Notes = j.keep(o.Notes)
		j.queue(o.Letters)
		return j.reached(o.Notes, j.Journal.Rest(ctx, id, l, o))
	})
}

func (j cutJournal) queue(letters []engine.Letter) {
	j.queued = nil
	for _, l := range letters {
		j.queued = append(j.queued, l.ID)
	}
}

// cutRequests are requests of which every write is a point, before and after.
type cutRequests struct {
	engine.Requests
	*mains
}

func (q cutRequests) take(take func() ([]engine.Request, error)) (taken []engine.Request, err error) {
	err = cutJournal{nil, q.mains}.around(func() (err error) { taken, err = take(); return err })
	return taken, err
}

func (q cutRequests) TakeRequests(ctx context.Context, now, until time.Time, most int) ([]engine.Request, error) {
	return q.take(func() ([]engine.Request, error) { return q.Requests.TakeRequests(ctx, now, until, most) })
}

func (q cutRequests) TakeRequestsOf(ctx context.Context, card engine.CardID, now, until time.Time) ([]engine.Request, error) {
	return q.take(func() ([]engine.Request, error) { return q.Requests.TakeRequestsOf(ctx, card, now, until) })
}

func (q cutRequests) SettleRequests(ctx context.Context, settled ...engine.Settled) error {
	return cutJournal{nil, q.mains}.around(func() error { return q.Requests.SettleRequests(ctx, settled...) })
}

// cutLedger is a ledger of which every change of a card's life is a point.
type cutLedger struct {
	engine.Ledger
	*mains
}

func (l cutLedger) Change(ctx context.Context, c engine.Change) error {
	return cutJournal{nil, l.mains}.around(func() error { return l.Ledger.Change(ctx, c) })
}

// toldOutbox remembers the events of the letters that were sent.
type toldOutbox struct {
	engine.Outbox
	*mains
}

func (b toldOutbox) TakeDue(ctx context.Context, now, until time.Time, most int) ([]engine.Letter, error) {
	letters, err := b.Outbox.TakeDue(ctx, now, until, most)
	for _, l := range letters {
		b.told = append(b.told, l.Notice.Event)
	}
	return letters, err
}

func (c cutCA) Withdraw(ctx context.Context, id string) (engine.Answer, bool, error) {
	if c.point() {
		return engine.Answer{}, false, c.off()
	}
	a, ok, err := c.CA.Withdraw(ctx, id)
	if c.point() {
		return engine.Answer{}, false, c.off()
	}
	return a, ok, err
}

func (c cutCA) Revoke(ctx context.Context, serial string, why engine.RevokeReason) error {
	return cutJournal{nil, c.mains}.around(func() error { return c.CA.Revoke(ctx, serial, why) })
}

// holds remembers the step whose request the CA holds. The power may go before the
// journal says so.
func (c cutCA) holds(r engine.CARequest, a engine.Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, s := range c.plan.Steps {
		asks := s.Verb == engine.AskCA && !r.Approval || s.Verb == engine.AskApproval && r.Approval
		if asks && s.Ask.Profile == r.Profile && a.State == engine.RequestPending {
			c.held[r.ID] = i
		}
	}
}

// heldIn holds that what a CA held stands in the journal as held.
func (m *mains) heldIn() []string {
	var wrong []string
	for id, step := range m.held {
		noted := func(n engine.Note) bool { return !n.Undo && n.Step == step && n.Kind == engine.Held }
		if !slices.ContainsFunc(m.stored, noted) {
			wrong = append(wrong, fmt.Sprintf("the CA held request %s, and the journal does not say so", id))
		}
	}
	return wrong
}
