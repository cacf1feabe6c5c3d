package builtin

import (
	"crypto"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// What the CA says of requests that wait is checked against what was asked, and it
// cannot keep us away for ever.
func TestAnswersOfTheQueue(t *testing.T) {
	for name, c := range map[string]struct {
		says wire.Answer
		asks engine.CARequest
		want engine.Answer
		kind engine.Kind
	}{
		"held": {
			wire.Answer{State: engine.RequestPending, Words: "Waits\x1b", RetryAfter: 300},
			engine.CARequest{},
			engine.Answer{State: engine.RequestPending, Words: engine.Clean("Waits\x1b"), RetryAfter: 5 * time.Minute},
			-1,
		},
		"held for ages":      {wire.Answer{State: engine.RequestPending, RetryAfter: 1 << 62}, engine.CARequest{}, engine.Answer{State: engine.RequestPending, RetryAfter: 24 * time.Hour}, -1},
		"held until before":  {wire.Answer{State: engine.RequestPending, RetryAfter: -5}, engine.CARequest{}, engine.Answer{State: engine.RequestPending}, -1},
		"approved":           {wire.Answer{State: engine.RequestApproved}, engine.CARequest{Approval: true}, engine.Answer{State: engine.RequestApproved}, -1},
		"approved, unasked":  {wire.Answer{State: engine.RequestApproved}, engine.CARequest{}, engine.Answer{}, engine.CAMistaken},
		"issued to approve":  {wire.Answer{State: engine.RequestIssued, Certificate: []byte{1}}, engine.CARequest{Approval: true}, engine.Answer{}, engine.CAMistaken},
		"held and issued":    {wire.Answer{State: engine.RequestPending, Certificate: []byte{1}}, engine.CARequest{}, engine.Answer{}, engine.CAMistaken},
		"a state of its own": {wire.Answer{State: "accepted"}, engine.CARequest{}, engine.Answer{}, engine.CAMistaken},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := newPair(t, says(200, c.says)).ca.Ask(t.Context(), c.asks)
			if c.kind >= 0 != (err != nil) || err != nil && !engine.Is(err, c.kind) {
				t.Fatalf("ask: %v", err)
			}
			if got.State != c.want.State || got.Words != c.want.Words || got.RetryAfter != c.want.RetryAfter {
				t.Errorf("it becomes %+v, not %+v", got, c.want)
			}
		})
	}
}

// key is a card's: it counts, and may be pulled.
type key struct {
	crypto.Signer
	signed int
	pulled error
}

func (k *key) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	k.signed++
	if k.pulled != nil {
		return nil, k.pulled
	}
	return k.Signer.Sign(random, digest, opts)
}

// A renewal goes out signed over the very request, by the key that is lent, which
// signs once. A card that is pulled while it signs says so, and nothing goes out.
func TestAskSigns(t *testing.T) {
	var mu sync.Mutex
	var sent []wire.Request
	p := newPair(t, func(w http.ResponseWriter, r *http.Request) {
		var body wire.Request
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		sent = append(sent, body)
		says(200, wire.Answer{State: engine.RequestPending})(w, r)
	})
	holder := newCredential(t, nil)
	k := &key{Signer: holder.key}
	r := engine.CARequest{ID: "r1", CSR: []byte{0x30, 0}, Hold: true, Renewal: &engine.SignedRenewal{By: holder.cert.Raw, Key: k}}
	_, err := p.ca.Ask(t.Context(), r)
	must(t, err)
	csr, by, err := wire.ReadRenewal(sent[0].Renewal)
	if err != nil || string(csr) != string(r.CSR) || !by.Equal(holder.cert) || !sent[0].Hold || k.signed != 1 {
		t.Errorf("sent: %x by %v, signed %d times: %v", csr, by, k.signed, err)
	}
	k.pulled = &engine.Error{Op: "sign", Kind: engine.CardGone}
	if _, err := p.ca.Ask(t.Context(), r); !engine.Is(err, engine.CardGone) || len(sent) != 1 {
		t.Errorf("a card that is pulled: %v, %d sent", err, len(sent))
	}
	r.Renewal.By = []byte("no certificate")
	if _, err := p.ca.Ask(t.Context(), r); err == nil || len(sent) != 1 {
		t.Errorf("signed by no certificate: %v, %d sent", err, len(sent))
	}
}
