package authority

import (
	"context"
	"fmt"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// verdict is what a rule makes of a request: accepted, approved, pending, or
// rejected with words.
type verdict struct {
	state  requestState
	words  string
	renews *Renewal
}

// weigh judges a new request: what it asks for, what it renews, and then whose it
// is to decide.
func (a *Authority) weigh(ctx context.Context, rule *rule, r wire.Request, what *asked) (verdict, error) {
	words := rule.judge(what)
	if words == "" && r.Approval && r.Approved != "" {
		words = "An approval is not asked for with an approval"
	}
	var err error
	if words == "" {
		words, err = a.approvalRevoked(ctx, r.Approved)
	}
	if err != nil || words != "" {
		return verdict{state: rejected, words: words}, err
	}
	found, err := a.renewal(ctx, rule, r, what)
	if err != nil {
		return verdict{}, err
	}
	v := verdict{renews: found.renewal}
	if found.refused {
		v.state, v.words = rejected, found.renewal.Words
		return v, nil
	}
	v.state, v.words = rule.outcome(r, found.good)
	return v, nil
}

// outcome is what the rule's words come to for a request that it permits. A
// station's wish for an officer only ever adds one.
func (r *rule) outcome(asked wire.Request, renews bool) (requestState, string) {
	word := r.Decision.word
	switch {
	case asked.Approved != "":
		return accepted, "" // it was decided; redeem looks whether it was this
	case renews:
		word = r.renewal()
	}
	switch {
	case word == toRefuse:
		return rejected, r.forbidsBy("renewal", "renewals")
	case word == toHold || asked.Hold:
		return pending, ""
	case asked.Approval:
		return approved, ""
	}
	return accepted, ""
}

// renewal says what becomes of signed renewals.
func (r *rule) renewal() string {
	if r.Renewal.word == "" {
		return r.Decision.word
	}
	return r.Renewal.word
}

// approvalRevoked has words when what an approval renews, or what signed for that,
// was revoked since.
func (a *Authority) approvalRevoked(ctx context.Context, approval string) (string, error) {
	if approval == "" {
		return "", nil
	}
	e, _, err := a.book.request(ctx, approval)
	if err != nil {
		return "", err
	}
	return a.renewsRevoked(ctx, e)
}

// renewsRevoked has words when the certificate that a request renews, or the one
// that signed for it, was revoked or put on hold since it was asked for. What a
// superseded one signed before stays good: nothing is wrong with its key.
func (a *Authority) renewsRevoked(ctx context.Context, e entry) (string, error) {
	old, signer, err := a.renewalRevocations(ctx, e)
	switch {
	case err != nil:
		return "", err
	case old != nil:
		return fmt.Sprintf("Certificate %s, which is to be renewed, %s", e.Renews.Serial, old), nil
	case signer != nil && signer.Reason != engine.Superseded:
		return fmt.Sprintf("Certificate %s, which signed the renewal, %s", e.Renews.SignedBy, signer), nil
	}
	return "", nil
}

// renewalRevocations are what became of the certificate that a request renews, and
// of the one that signed for it when that is another; nil: nothing.
func (a *Authority) renewalRevocations(ctx context.Context, e entry) (old, signer *revocation, err error) {
	if e.Renews == nil {
		return nil, nil, nil
	}
	if e.Renews.Serial != "" {
		old, err = a.book.revokedNow(ctx, e.Renews.Serial)
	}
	if by := e.Renews.SignedBy; err == nil && by != "" && by != e.Renews.Serial {
		signer, err = a.book.revokedNow(ctx, by)
	}
	return old, signer, err
}

// String goes on after "the certificate".
func (r revocation) String() string {
	if r.Reason == engine.CertificateHold {
		return "is on hold since " + day(r.At)
	}
	return fmt.Sprintf("was revoked on %s: %s", day(r.At), r.Reason)
}
