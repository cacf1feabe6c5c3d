package engine

import (
	"bytes"
	"context"
	"errors"
	"slices"
)

// Wiping is what goes when a card is cleaned: everything, whoever wrote it.
type Wiping struct {
	Card    Identity
	User    UserRef  // whose the card was
	Entries []Entry  // its certificates, those of others too
	Keys    []Place  // keys without a certificate
	Tell    []string // as in Turn

	items []Item
}

// ProposeClean tells what would go if a connected card was cleaned. Kind
// CardRefused on cards that cannot be reset. Nothing is written.
func (d *Desk) ProposeClean(ctx context.Context, actor Actor, c *Connected) (Wiping, error) {
	if err := d.may(ctx, actor, CleanCard, aboutCard(c)); err != nil {
		return Wiping{}, err
	}
	if err := cleanable(c.Record, c.Contents); err != nil {
		return Wiping{}, err
	}
	policies, err := d.policiesOf(ctx, c.Record)
	if err != nil {
		return Wiping{}, err
	}
	w := wiping(c.Record, c.Contents, Entries(Situation{Record: c.Record, Contents: &c.Contents, Now: d.Now()}))
	w.Tell = cleaning(c.Record, policies).Tell
	return w, nil
}

// cleanable finds what forbids to clean a card.
func cleanable(r Record, c Contents) error {
	if _, err := r.become("clean card", CardCleaned); err != nil {
		return err
	}
	refuse := func(why string) error {
		return &Error{Op: "clean card", Kind: CardRefused, Subject: r.Card.Label(), Err: errors.New(why)}
	}
	switch {
	case !c.Abilities.Resets:
		return refuse("this card cannot be reset: destroy it, and take another")
	case c.Identity.Serial == "":
		return refuse("this card has no serial number that it tells: emptied, nobody could tell which it is. Destroy it, and take another")
	}
	return nil
}

func wiping(r Record, c Contents, entries []Entry) Wiping {
	w := Wiping{Card: c.Identity, User: r.User, items: c.Items}
	for _, e := range entries {
		if !e.Missing {
			w.Entries = append(w.Entries, e)
		}
	}
	for _, it := range c.Items {
		if it.Certificate == nil && it.Key != nil {
			w.Keys = append(w.Keys, it.Place)
		}
	}
	return w
}

// Clean wipes a revoked card that is connected, and returns its record as it is
// then: as good as new, and nobody's. No PIN is wanted. When it is cut short the
// card stays revoked in its record, and cleaning it again ends the same.
func (d *Desk) Clean(ctx context.Context, actor Actor, c *Connected, w Wiping) (Record, error) {
	row := AuditRow{Actor: actor, Act: string(CleanCard), Card: c.Contents.Identity.ID, User: c.Record.User.ID}
	record, err := d.clean(ctx, actor, c, w, row)
	if err != nil {
		d.witness(ctx, row, err)
	}
	return record, err
}

func (d *Desk) clean(ctx context.Context, actor Actor, c *Connected, w Wiping, row AuditRow) (Record, error) {
	if err := d.may(ctx, actor, CleanCard, aboutCard(c)); err != nil {
		return Record{}, err
	}
	record, _, err := d.Ledger.Card(ctx, c.Contents.Identity.ID)
	if err != nil {
		return Record{}, err
	}
	contents, err := c.card.Inspect(ctx)
	if err != nil {
		return Record{}, err
	}
	if contents.Identity.ID != record.Card.ID && record.Card.ID != "" {
		return Record{}, &Error{Op: "clean card", Kind: OtherCard, Subject: contents.Identity.Label()}
	}
	if err := cleanable(record, contents); err != nil {
		return Record{}, err
	}
	if !w.shows(contents) {
		return Record{}, &Error{Op: "clean card", Kind: PlanOutdated, Subject: record.Card.Label()}
	}
	policies, err := d.policiesOf(ctx, record)
	if err != nil {
		return Record{}, err
	}
	if err := c.card.Wipe(ctx); err != nil {
		return Record{}, cutShort(err)
	}
	return d.cleaned(context.WithoutCancel(ctx), record, policies, row)
}

// cutShort says that what a card holds may be on its way out. A card that refuses
// does so before anything is done to it.
func cutShort(err error) error {
	var e *Error
	if !errors.As(err, &e) || e.Kind == CardRefused {
		return err
	}
	marked := *e
	marked.Effect, marked.Err = CleanAgain, err
	return &marked
}

// shows reports whether a card holds what was shown before, or nothing any more:
// it was wiped, and that was not recorded.
func (w Wiping) shows(now Contents) bool {
	same := func(a, b Item) bool {
		return a.Place == b.Place && bytes.Equal(a.Certificate, b.Certificate) && bytes.Equal(publicOf(a.Key), publicOf(b.Key))
	}
	return now.Blank() || slices.EqualFunc(w.items, now.Items, same)
}

// cleaned records that a card was wiped.
func (d *Desk) cleaned(ctx context.Context, before Record, policies []Policy, row AuditRow) (Record, error) {
	t, now := cleaning(before, policies), d.Now()
	after := Record{Card: before.Card, State: StateClean, Version: before.Version}
	after.Card.GUID = "" // it went with the CHUID
	row.At, row.Result, row.Detail = now, "done", t.detail()
	err := d.Ledger.Change(ctx, Change{Record: after, Letters: t.letters(row.Actor, now), Audit: row})
	if err != nil {
		return Record{}, err
	}
	d.Log.Info("card changed", "card", before.Card.ID, "event", string(CardCleaned), "state", string(StateClean))
	return d.recorded(ctx, before.Card.ID)
}

func cleaning(r Record, policies []Policy) Turn {
	t := turning{Turn: Turn{Wish: Wish{Event: CardCleaned}, Record: r}, policies: policies}
	t.Tell = t.told()
	return t.Turn
}
