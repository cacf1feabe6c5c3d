package engine

import (
	"bytes"
	"context"
)

// backward takes the run back: what it made is removed, what it was given is
// revoked. It is noted like the way forward, so it can be interrupted too.
func (r *runner) backward(ctx context.Context) error {
	steps := r.run.undoSteps()
	r.tell(Event{Kind: EventSteps, Undo: true, Steps: steps})
	for n, s := range steps {
		if r.run.undone(n) {
			r.tell(Event{Kind: EventSkip, Undo: true, Step: n})
			continue
		}
		if err := ctx.Err(); err != nil {
			return &Error{Op: "take back", Kind: Stopped, Err: err}
		}
		begun := Note{Undo: true, Step: n, Kind: Begun, At: r.desk.Now()}
		if err := r.note(ctx, []Note{begun}, ""); err != nil {
			return err
		}
		r.tell(Event{Kind: EventBegun, Undo: true, Step: n})
		if s.Verb == WriteRecord { // ends the run
			return r.recordCancelled(ctx, n)
		}
		data, err := r.undo(ctx, s)
		if err != nil {
			return err
		}
		done := Note{Undo: true, Step: n, Kind: Done, At: r.desk.Now(), Data: data}
		if err := r.note(ctx, []Note{done}, ""); err != nil {
			return err
		}
		r.settled(done)
	}
	if len(r.run.watched()) > 0 {
		return r.recordCancelled(ctx, len(steps))
	}
	return r.end(ctx, nil, TakenBack)
}

func (r *runner) undo(ctx context.Context, s Step) (Data, error) {
	switch s.Verb { //nolint:exhaustive // undoSteps makes no others
	case RemoveKey:
		return Data{}, r.removeKey(ctx, s)
	case RemoveCertificate:
		return Data{}, r.card.RemoveCertificate(context.WithoutCancel(ctx), s.Place)
	case WriteHistory:
		return Data{}, r.card.WriteFile(context.WithoutCancel(ctx), CardFile{Former: &s.Count})
	}
	watch, err := r.giveBack(ctx, s)
	return Data{Watch: watch}, err
}

// removeKey removes a key where the card can; where it cannot, a key without a
// certificate stays behind, and the next one made there overwrites it.
func (r *runner) removeKey(ctx context.Context, s Step) error {
	ctx = context.WithoutCancel(ctx)
	if r.again && s.Public != nil {
		key, err := r.card.KeyAt(ctx, s.Place)
		if err != nil {
			return err
		}
		if key != nil && !bytes.Equal(key.Public, s.Public) {
			r.desk.Log.Warn("another key has come to lie there: it is left alone", "run", r.run.ID, "place", s.Place)
			return nil
		}
	}
	err := r.card.RemoveKey(ctx, s.Place)
	if Is(err, CardRefused) {
		r.desk.Log.Warn("card cannot remove keys", "run", r.run.ID, "place", s.Place)
		return nil
	}
	return err
}

// giveBack withdraws a request, and revokes what it brought. A request the CA
// never saw brought nothing. When the CA lets nobody withdraw, or the CA of a run
// that waited cannot be asked, the request has to be watched: a certificate may
// still come of it. Such a run has waited for days, and need not wait for that.
func (r *runner) giveBack(ctx context.Context, s Step) (watch bool, err error) {
	var answer Answer
	var ok bool
	ca, err := r.desk.ca(s.Ask.CA)
	if err == nil {
		answer, ok, err = ca.Withdraw(ctx, s.Request)
	}
	if err == nil && ok && answer.State == RequestIssued {
		err = r.revoke(ctx, ca, s.Ask.CA, answer.Certificate)
	}
	switch {
	case Is(err, CAAway) && r.run.rested():
		r.desk.Log.Warn("CA does not answer: the request is watched", "run", r.run.ID, "ca", s.Ask.CA, "request", s.Request, "err", err)
		return true, nil
	case err != nil:
		return false, err
	}
	return ok && answer.State == RequestPending, nil
}

// revoke revokes a certificate that is not to be used. A station that may not
// leaves that to somebody who may: the audit names the certificate.
func (r *runner) revoke(ctx context.Context, ca CA, name string, der []byte) error {
	c, err := ParseCertificate(der)
	if err != nil {
		return err
	}
	err = ca.Revoke(ctx, c.Serial, CessationOfOperation)
	if Is(err, CARefused) {
		r.desk.Log.Error("certificate was not revoked: somebody has to", "run", r.run.ID, "ca", name, "serial", c.Serial, "err", err)
		r.desk.witness(ctx, AuditRow{
			Actor: r.run.by(), Act: "revoke certificate", Card: r.run.Plan.Card.ID, User: r.run.Plan.User.ID, Run: r.run.ID,
			Detail: "not revoked at " + name + ": " + c.Serial,
		}, err)
		return nil
	}
	return err
}
