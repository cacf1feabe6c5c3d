package engine

import (
	"context"
	"slices"
	"time"
)

// modelRequests keeps requests as the store does.
type modelRequests struct{ *world }

func (m modelRequests) RequestsOf(_ context.Context, card CardID) ([]Request, error) {
	var all []Request
	for _, k := range m.requests {
		if k.q.Card.ID == card && (k.last || k.q.Watched) {
			all = append(all, copied(k.q))
		}
	}
	return all, m.look()
}

func (m modelRequests) TakeRequests(_ context.Context, now, until time.Time, most int) ([]Request, error) {
	return m.take(now, until, most, func(k *keptRequest) bool { return !k.q.Next.IsZero() && !k.q.Next.After(now) })
}

func (m modelRequests) TakeRequestsOf(_ context.Context, card CardID, now, until time.Time) ([]Request, error) {
	return m.take(now, until, len(m.requests), func(k *keptRequest) bool { return !k.q.Next.IsZero() && k.q.Card.ID == card })
}

func (m modelRequests) take(now, until time.Time, most int, due func(*keptRequest) bool) (taken []Request, err error) {
	err = m.deed(func() error {
		for _, k := range m.requests {
			if len(taken) < most && due(k) && !k.until.After(now) {
				k.until = until
				k.q.Version++
				taken = append(taken, copied(k.q))
			}
		}
		return nil
	})
	return taken, err
}

func (m modelRequests) NextRequest(context.Context) (at time.Time, ok bool, err error) {
	for _, k := range m.requests {
		if !k.q.Next.IsZero() && (!ok || k.q.Next.Before(at)) {
			at, ok = k.q.Next, true
		}
	}
	return at, ok, m.look()
}

func (m modelRequests) SettleRequests(_ context.Context, settled ...Settled) error {
	return m.deed(func() error {
		for _, s := range settled {
			i := slices.IndexFunc(m.requests, func(k *keptRequest) bool { return k.q.ID == s.Request.ID })
			if i < 0 || m.requests[i].q.Version != s.Request.Version {
				continue
			}
			s.Request.Version++
			m.requests[i].q, m.requests[i].until = copied(s.Request), time.Time{}
			m.audit = append(m.audit, s.Audit...)
			m.send(s.Letters)
		}
		return nil
	})
}

func (m modelRequests) Orphans(context.Context) ([]Request, error) {
	var all []Request
	for _, k := range m.requests {
		if k.q.Orphan != "" {
			all = append(all, k.q)
		}
	}
	return all, m.look()
}

// keptRequest is a request with what only the store knows of it.
type keptRequest struct {
	q     Request
	last  bool // of the card's last update that waited
	until time.Time
}

// keep writes requests with a record.
func (w *world) keep(requests []Request) {
	for _, q := range requests {
		for _, k := range w.requests {
			k.last = k.last && k.q.Run == q.Run
		}
		q = copied(q)
		q.Version++
		i := slices.IndexFunc(w.requests, func(k *keptRequest) bool { return k.q.ID == q.ID })
		if i < 0 {
			w.requests = append(w.requests, &keptRequest{q: q, last: true})
			continue
		}
		q.Version = w.requests[i].q.Version + 1
		w.requests[i].q, w.requests[i].last, w.requests[i].until = q, true, time.Time{}
	}
}

// send puts letters into the outbox: one that is there stays as it is.
func (w *world) send(letters []Letter) {
	for _, l := range letters {
		if !slices.ContainsFunc(w.letters, func(o Letter) bool { return o.ID == l.ID }) {
			w.letters = append(w.letters, l)
		}
	}
}
