package engine

import (
	"context"
	"errors"
	"testing"
)

// awayCA counts how often it is asked in vain.
type awayCA struct {
	CA
	asked *int
	list  []Revocation
	away  bool
}

func (a awayCA) Revoked(context.Context) ([]Revocation, error) {
	*a.asked++
	if a.away {
		return nil, &Error{Op: "ask CA", Kind: CAAway, Err: errors.New("no route")}
	}
	return a.list, nil
}

// A CA that is away is asked once for a card, and what it said last holds. When
// it is back, its word holds: revoked, or on hold no more.
func TestRevokedWhileTheCAIsAway(t *testing.T) {
	w := issuedWorld(movesKeys, signer(), mailer())
	hold := &Revocation{Serial: w.record.Managed[0].Serial, At: modelNow, Reason: CertificateHold}
	w.record.Managed[0].Revoked = hold
	asked := 0
	ca := awayCA{asked: &asked, away: true}
	w.desk.CAs = map[string]CA{"corp": ca}
	c, err := w.connect()
	if err != nil || asked != 1 || !hold.equal(c.Record.Managed[0].Revoked) {
		t.Errorf("while it is away: %v, asked %d times, revoked %+v", err, asked, c.Record.Managed[0].Revoked)
	}
	ca.away, ca.list = false, []Revocation{{Serial: w.record.Managed[1].Serial, At: modelNow, Reason: KeyCompromise}}
	w.desk.CAs["corp"] = ca
	c, err = w.connect()
	if err != nil || asked != 2 {
		t.Fatalf("when it is back: %v, asked %d times", err, asked)
	}
	for _, r := range []Record{c.Record, *w.record} {
		if r.Managed[0].Revoked != nil || r.Managed[1].Revoked == nil || r.Managed[1].Revoked.Reason != KeyCompromise {
			t.Errorf("recorded is %+v and %+v", r.Managed[0].Revoked, r.Managed[1].Revoked)
		}
	}
}
