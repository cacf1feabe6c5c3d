package engine

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
)

// askCA gets the certificate for a key the run made, or, when the plan says so,
// for one that was there; or a decision before there is a key. A request that may
// have reached the CA before is looked up first.
func (r *runner) askCA(ctx context.Context, n int) (NoteKind, Data, error) {
	s := r.run.Plan.Steps[n]
	ca, err := r.desk.ca(s.Ask.CA)
	if err != nil {
		return "", Data{}, err
	}
	begun, _ := r.run.note(n, Begun)
	answer, known := Answer{}, false
	if !r.fresh[n] {
		if answer, known, err = ca.Lookup(ctx, begun.Data.Request); err != nil {
			return "", Data{}, err
		}
	}
	if !known {
		if answer, err = r.request(ctx, ca, n, begun.Data.Request); err != nil {
			return "", Data{}, err
		}
	}
	return r.weigh(ctx, ca, n, answer)
}

func (r *runner) request(ctx context.Context, ca CA, n int, id string) (Answer, error) {
	s := r.run.Plan.Steps[n]
	public, err := x509.ParsePKIXPublicKey(r.run.asksFor(n))
	if err != nil {
		return Answer{}, fmt.Errorf("read the key that was made: %w", err)
	}
	q := CARequest{
		ID: id, Profile: s.Ask.Profile, User: r.run.Plan.User, Actor: r.run.Actor, ValidDays: s.Ask.ValidDays,
		Hold: s.Ask.Hold, Approval: s.Verb == AskApproval, Approved: r.run.approval(n),
	}
	var renews []byte
	if s.Ask.Renews != nil {
		renews = s.Ask.Renews.Certificate
		if q.Renewal, err = r.renewal(ctx, n); err != nil {
			return Answer{}, err
		}
	}
	r.mayTouch(n)
	if q.CSR, err = s.Ask.csr(cardSigner{context.WithoutCancel(ctx), r.card, s.Place, public}, renews); err != nil {
		return Answer{}, fmt.Errorf("make request: %w", err)
	}
	return ca.Ask(ctx, q)
}

// renewal lends the old key to the connector, which signs the request with it.
func (r *runner) renewal(ctx context.Context, n int) (*SignedRenewal, error) {
	renews := r.run.Plan.Steps[n].Ask.Renews
	by, err := x509.ParseCertificate(renews.By)
	if err != nil {
		return nil, fmt.Errorf("read the certificate that vouches: %w", err)
	}
	var key crypto.Signer = cardSigner{context.WithoutCancel(ctx), r.card, renews.Place, by.PublicKey}
	if renews.Touch {
		key = touched{key, func() { r.tell(Event{Kind: EventTouch, Step: n}) }}
	}
	return &SignedRenewal{Certificate: renews.Certificate, By: renews.By, Key: key}, nil
}

// approval is the id of the request by which a step's has been decided before;
// "" when there is none.
func (r Run) approval(step int) string {
	if r.Plan.Steps[step].Verb != AskCA {
		return ""
	}
	for i, s := range r.Plan.Steps {
		if s.Verb == AskApproval && s.Template == r.Plan.Steps[step].Template {
			return requestID(r.ID, i)
		}
	}
	return ""
}

// weigh decides what an answer means for the run.
func (r *runner) weigh(ctx context.Context, ca CA, n int, a Answer) (NoteKind, Data, error) {
	s, words := r.run.Plan.Steps[n], Clean(a.Words)
	switch a.State {
	case RequestIssued:
		return r.weighIssued(ctx, ca, n, a)
	case RequestApproved:
		if s.Verb == AskApproval {
			return Done, Data{}, nil
		}
	case RequestRejected, RequestWithdrawn:
		return Refused, Data{Words: words}, nil
	case RequestPending:
		r.retry[n] = a.RetryAfter
		return Held, Data{Words: words}, nil
	}
	return "", Data{}, &Error{Op: "ask CA", Kind: FateUnknown, Subject: s.Ask.CA, Err: fmt.Errorf("request is %q", a.State)}
}

func (r *runner) weighIssued(ctx context.Context, ca CA, n int, a Answer) (NoteKind, Data, error) {
	s := r.run.Plan.Steps[n]
	issuers, err := ca.Issuers(ctx)
	if err != nil {
		return "", Data{}, err
	}
	err = errors.New("a certificate was issued before there was a key")
	if s.Verb == AskCA {
		err = checkIssued(s.Ask, r.run.asksFor(n), a.Certificate, issuers, r.desk.Now())
	}
	if err != nil {
		r.desk.Log.Error("CA issued what was not asked for", "run", r.run.ID, "ca", s.Ask.CA, "err", err)
		return r.unwanted(ctx, ca, n, a.Certificate, err)
	}
	return Done, Data{Certificate: a.Certificate}, nil
}

// unwanted refuses a certificate that was issued. Taking the run back revokes
// it; where the run goes on, that happens here.
func (r *runner) unwanted(ctx context.Context, ca CA, n int, der []byte, why error) (NoteKind, Data, error) {
	if n >= r.run.Plan.Decided || r.run.has(n, Held) {
		if err := r.revoke(ctx, ca, r.run.Plan.Steps[n].Ask.CA, der); err != nil {
			return "", Data{}, err
		}
	}
	return Refused, Data{Words: Clean(why.Error()), Certificate: der}, nil
}
