package engine

import (
	"bytes"
	"context"
)

// spareUntouched looks at the places where a key was about to be made, or put, over
// the old one, or the old one about to leave, and nobody has noted that it was: where
// the old one is still there, nothing has begun, and nothing may be removed.
func (r *runner) spareUntouched(ctx context.Context) error {
	var spared []int
	for n := r.run.Plan.Decided; n < r.run.recordStep(); n++ {
		s := r.run.Plan.Steps[n]
		first := s.Verb == MakeKey || s.Verb == ImportKey || s.Verb == MoveKey && s.Public != nil
		if !first || !r.run.has(n, Begun) || r.run.has(n, Done) {
			continue
		}
		there, err := r.stillThere(ctx, n)
		if err != nil {
			return err
		}
		if there {
			spared = append(spared, n)
		}
	}
	if len(spared) == 0 {
		return nil
	}
	return r.noteAll(ctx, spared, RolledBack)
}

// stillThere reports whether the place of a step holds the key that the plan found
// there: the card tells, or else the key proves it, beside its certificate.
func (r *runner) stillThere(ctx context.Context, n int) (bool, error) {
	at := r.run.Plan.Steps[n].Place
	if from := r.run.Plan.Steps[n].From; from != "" {
		at = from
	}
	was := r.run.expected(at)
	key, err := r.card.KeyAt(ctx, at)
	if err != nil {
		return false, err
	}
	if key != nil || was.Public != nil {
		return key != nil && was.Public != nil && bytes.Equal(key.Public, was.Public), nil
	}
	der, err := r.card.CertificateAt(ctx, at)
	if err != nil || Fingerprint(der) != was.Certificate {
		return false, err
	}
	c, err := ParseCertificate(der)
	if err != nil {
		return false, nil //nolint:nilerr // what cannot be read proves nothing
	}
	r.mayTouch(n)
	err = r.prove(ctx, at, c.Public, encrypts(der))
	if Is(err, CardTrouble) {
		return false, nil
	}
	return err == nil, err
}

// expected is what the plan found at a place.
func (r Run) expected(at Place) Expect {
	for _, e := range r.Plan.Expects {
		if e.Place == at {
			return e
		}
	}
	return Expect{Place: at}
}
