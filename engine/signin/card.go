package signin

import (
	"context"
	"crypto/x509"
	"errors"

	"cardkiosk/engine"
)

// PINTries tells how often the PIN of the card in a reader may still be tried;
// Left is -1 when the card does not tell. It spends no try.
func (d *Desk) PINTries(ctx context.Context, reader string) (engine.Counter, error) {
	if err := d.open(engine.ByCard); err != nil {
		return engine.Counter{}, err
	}
	card, err := d.Readers.Connect(ctx, reader)
	if err != nil {
		return engine.Counter{}, err
	}
	pin, _, err := card.Counters(ctx)
	return pin, errors.Join(err, card.Close())
}

// WithCard signs in whoever holds the card in a reader and knows its PIN. What
// can be seen without the PIN is looked at first: a card that is not accepted
// costs no try. The PIN is wiped.
//
// Kinds: SignInShut, WrongPIN, PINBlocked, BadInput (the PIN's shape),
// CardNotAccepted (a CardFault in it says why), AccountClosed, and the trouble
// that readers, cards and directories have.
func (d *Desk) WithCard(ctx context.Context, reader string, pin engine.PIN) (engine.Actor, engine.User, error) {
	defer pin.Wipe()
	a := attempt{way: engine.ByCard}
	err := d.byCard(ctx, reader, pin, &a)
	return d.admit(ctx, a, err)
}

// byCard notes in the attempt what it finds out, also of those who are refused.
func (d *Desk) byCard(ctx context.Context, reader string, pin engine.PIN, a *attempt) error {
	if err := d.open(engine.ByCard); err != nil {
		return err
	}
	if err := pin.CheckShape(); err != nil {
		return err
	}
	card, err := d.Readers.Connect(ctx, reader)
	if err != nil {
		return err
	}
	defer func() { _ = card.Close() }() // who somebody is, is known by then
	return d.throughCard(ctx, card, pin, a)
}

func (d *Desk) throughCard(ctx context.Context, card engine.Card, pin engine.PIN, a *attempt) error {
	contents, err := card.Inspect(ctx)
	if err != nil {
		return err
	}
	a.card = contents.Identity.ID
	item, _ := contents.At(d.Place)
	if item.Certificate == nil {
		return fault(engine.NoCertificate, nil)
	}
	c, err := x509.ParseCertificate(item.Certificate)
	if err != nil {
		return fault(engine.CertificateUnfit, err)
	}
	if err := d.vouchedFor(ctx, c); err != nil {
		return err
	}
	user, err := d.holder(ctx, c)
	if err != nil {
		return err
	}
	a.who = user.Logon
	if err := closed(user); err != nil {
		return err
	}
	if err := d.prove(ctx, card, pin, c); err != nil {
		return err
	}
	a.user = user
	return nil
}

// prove has the card sign a challenge. One that signs with another key than the
// certificate's lies about what it is.
func (d *Desk) prove(ctx context.Context, card engine.Card, pin engine.PIN, c *x509.Certificate) error {
	err := engine.ProveHolder(ctx, card, pin, d.Place, c, d.Random)
	if engine.Is(err, engine.CardTrouble) {
		return fault(engine.KeyUnproven, err)
	}
	return err
}

// refusal joins a fault and its cause, for errors.Is and the log.
type refusal struct {
	fault engine.CardFault
	cause error
}

func (r *refusal) Error() string   { return r.fault.Error() + ": " + r.cause.Error() }
func (r *refusal) Unwrap() []error { return []error{r.fault, r.cause} }

func fault(f engine.CardFault, cause error) error {
	e := &engine.Error{Op: op, Kind: engine.CardNotAccepted, Err: f}
	if cause != nil {
		e.Err = &refusal{f, cause}
	}
	return e
}
