package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine"
	"cardkiosk/engine/authority"
	"cardkiosk/engine/walk"
	"cardkiosk/engine/words"
	"cardkiosk/ui/plain"
)

// walkAlone walks one update with the demo's answers, prints every stage, and
// then looks at the card with its own eyes. The CA holds a part of the update: the
// officer approves it, and the update is continued.
func (p *parts) walkAlone(ctx context.Context, world *demo.World) error {
	ctx, end := context.WithTimeout(ctx, 5*time.Minute)
	o := newOwner(ctx, p.log)
	defer o.wait()
	defer end()
	p.startWork(o)
	alone := &aloneDemo{parts: p, world: world, owner: o, card: world.Cards()[0], say: func(format string, args ...any) { fmt.Printf(format+"\n", args...) }}
	alone.say(p.text.Demo.World, world.Folder)
	return alone.walk(ctx)
}

// aloneDemo is the demo with nobody at it.
type aloneDemo struct {
	*parts
	world *demo.World
	owner *owner
	card  *demo.Card
	say   func(format string, args ...any)
	read  int // letters that were told of
}

func (d *aloneDemo) walk(ctx context.Context) error {
	yes := d.text.Plain.Yes
	err := d.update(ctx, "", map[walk.Stage][]string{
		walk.FindUser: {"ada love", "1"}, walk.Profile: {"1"},
		walk.SelectTemplates: {yes, yes}, walk.SelectTracked: {yes}, walk.Confirm: {yes},
	})
	for _, next := range []func(context.Context) error{d.awaitLetter, d.approve, d.awaitLetter} {
		if err == nil {
			err = next(ctx)
		}
	}
	if err != nil {
		return err
	}
	if err := d.update(ctx, engine.Finished, map[walk.Stage][]string{walk.FindUser: {"ada love", "1"}, walk.Profile: {"1"}}); err != nil {
		return err
	}
	if err := d.lookAtCard(ctx, d.card, d.say); err != nil {
		return fmt.Errorf("verify the card: %w", err)
	}
	return d.awaitLetter(ctx)
}

// update walks once, with these answers, to this end.
func (d *aloneDemo) update(ctx context.Context, want engine.RunEnd, answers map[walk.Stage][]string) error {
	t := d.text
	result, err := plain.Walk(ctx, plain.Needs{
		Desk: d.desk, Actor: d.actor, Text: t, Now: d.desk.Now, Out: os.Stdout, Start: d.owner.start,
		PINHint: func(id engine.CardID) string { return pinHint(d.world, id, t) },
		Input:   &demoInput{say: d.say, text: t, pin: d.card.PIN, answers: answers},
	})
	switch {
	case err != nil:
		return told{err}
	case result == nil || result.End != want:
		return errors.New("the demo's update did not end as it should")
	}
	return nil
}

// approve approves, as the officer, what the CA holds for the card.
func (d *aloneDemo) approve(ctx context.Context) error {
	t := d.text
	d.say("\n== %s", t.Demo.Officer)
	held, err := d.world.CA.Requests(ctx, demo.Officer, authority.Filter{State: engine.RequestPending})
	if err != nil {
		return err
	}
	for _, r := range held {
		d.say("  "+t.Demo.Held, engine.Clean(r.User.Name), engine.Clean(r.Template))
		if r.User.Logon != d.card.Owner() {
			continue
		}
		if _, err := d.world.CA.Approve(ctx, demo.Officer, r.ID); err != nil {
			return err
		}
		d.say("  > "+t.Demo.Approves, demo.Officer.Who)
	}
	return nil
}

// demoInput answers as the demo's story wants.
type demoInput struct {
	say     func(string, ...any)
	text    *words.Text
	pin     string
	answers map[walk.Stage][]string
}

func (d *demoInput) Line(_ context.Context, stage walk.Stage) (string, error) {
	if len(d.answers[stage]) == 0 {
		return "", fmt.Errorf("the demo has no answer for stage %q", stage)
	}
	first := d.answers[stage][0]
	d.answers[stage] = d.answers[stage][1:]
	d.say("  > "+d.text.Demo.Answer, first)
	return first, nil
}

func (d *demoInput) Secret(context.Context, walk.Stage) ([]byte, error) {
	d.say("  > "+d.text.Demo.Answer, d.pin)
	return []byte(d.pin), nil
}

// lookAtCard reads the card anew, compares it with the record, and has each
// signing key sign a challenge.
func (p *parts) lookAtCard(ctx context.Context, c *demo.Card, say func(string, ...any)) error {
	t := p.text
	say("\n== %s", t.Demo.Verify)
	views, err := p.desk.LookAtReaders(ctx, p.actor, nil)
	if err != nil {
		return err
	}
	reader := ""
	for _, v := range views {
		if v.Card != nil && v.Card.ID == c.ID() {
			reader = v.Reader.Name
		}
	}
	card, err := p.desk.Readers.Connect(ctx, reader)
	if err != nil {
		return err
	}
	defer card.Close() //nolint:errcheck // only read from
	say("  "+t.Demo.VerifyCard, t.Serial(engine.Identity{Serial: fmt.Sprint(c.Serial)}))
	pin := engine.NewPIN([]byte(c.PIN))
	defer pin.Wipe()
	unlocked, err := card.Unlock(ctx, pin, false)
	if err != nil {
		return err
	}
	defer unlocked.Close() //nolint:errcheck // only read from
	record, _, err := p.desk.Ledger.Card(ctx, c.ID())
	if err != nil {
		return err
	}
	for _, m := range record.Managed {
		if err := verifyOne(ctx, unlocked, m, t, say); err != nil {
			return fmt.Errorf("%s: %w", m.Template, err)
		}
	}
	say(t.Demo.Verified)
	return nil
}

func verifyOne(ctx context.Context, card engine.UnlockedCard, m engine.Managed, t *words.Text, say func(string, ...any)) error {
	der, err := card.CertificateAt(ctx, m.Place)
	if err != nil {
		return err
	}
	if engine.Fingerprint(der) != m.Fingerprint {
		return errors.New("the card holds another certificate than the record names")
	}
	say("  "+t.Demo.VerifyCertificate, t.Place(m.Place), m.Fingerprint)
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("read certificate: %w", err)
	}
	public, ok := c.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return fmt.Errorf("its key is a %T", c.PublicKey)
	}
	if c.KeyUsage&x509.KeyUsageKeyAgreement != 0 {
		return verifyAgreement(ctx, card, m, public, t, say)
	}
	challenge := sha256.Sum256([]byte(rand.Text()))
	signature, err := card.Sign(ctx, m.Place, public, challenge[:], crypto.SHA256)
	if err != nil {
		return err
	}
	if !ecdsa.VerifyASN1(public, challenge[:], signature) {
		return errors.New("the signature over a challenge is wrong")
	}
	say("  "+t.Demo.VerifySignature, t.Place(m.Place))
	return nil
}

func verifyAgreement(ctx context.Context, card engine.UnlockedCard, m engine.Managed, public *ecdsa.PublicKey, t *words.Text, say func(string, ...any)) error {
	theirs, err := public.ECDH()
	if err != nil {
		return fmt.Errorf("read public key: %w", err)
	}
	ours, err := theirs.Curve().GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	want, err := ours.ECDH(theirs)
	if err != nil {
		return fmt.Errorf("agree: %w", err)
	}
	got, err := card.Agree(ctx, m.Place, public, ours.PublicKey().Bytes())
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return errors.New("the key on the card agrees on another secret")
	}
	say("  "+t.Demo.VerifyAgreement, t.Place(m.Place))
	return nil
}

// awaitLetter waits until the next letter has come.
func (d *aloneDemo) awaitLetter(ctx context.Context) error {
	for {
		changed := d.world.Mailbox.Changed()
		if all := d.world.Mailbox.Messages(); len(all) > d.read {
			m := all[d.read]
			d.read++
			d.say(d.text.Demo.Mail, engine.Clean(m.To), engine.Clean(m.Subject))
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.New(d.text.Demo.NoMailCame)
		case <-changed:
		}
	}
}
