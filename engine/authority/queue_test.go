package authority

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// hold asks for a certificate that an officer is to decide on.
func (w *world) hold(t *testing.T, change ...func(*wire.Request)) wire.Request {
	t.Helper()
	r := logonWish(t).request(t, newID(t), "logon")
	r.Hold = true
	for _, c := range change {
		c(&r)
	}
	if a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, r)); a.State != engine.RequestPending {
		t.Fatalf("the request is %s: %s", a.State, a.Words)
	}
	return r
}

// A request that is held says since when, and when to ask again, as often as it is
// asked about; approved, it is issued with the validity counted from then.
func TestHeldAndApproved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ruled("hold"))
	asked := w.clock.now().UTC()
	r := w.hold(t)
	w.forward(72 * time.Hour)
	for name, ask := range map[string]func() (wire.Answer, error){
		"asked":     func() (wire.Answer, error) { return w.Ask(t.Context(), lobby, r) },
		"looked up": func() (wire.Answer, error) { return w.Lookup(t.Context(), r.ID) },
	} {
		want := wire.Answer{State: engine.RequestPending, Words: "Waits for an officer since " + asked.Format("2006-01-02 15:04 MST"), RetryAfter: 300}
		if a := value[wire.Answer](t)(ask()); a.State != want.State || a.Words != want.Words || a.RetryAfter != want.RetryAfter || a.Certificate != nil {
			t.Errorf("%s, the CA says %+v", name, a)
		}
	}
	done := value[Request](t)(w.Approve(t.Context(), alice, r.ID[:9]))
	a := value[wire.Answer](t)(w.Lookup(t.Context(), r.ID))
	c := value[*x509.Certificate](t)(x509.ParseCertificate(a.Certificate))
	if want := w.clock.now().UTC().Truncate(time.Second).AddDate(0, 0, 365); !c.NotAfter.Equal(want) || !done.NotAfter.Equal(want) {
		t.Errorf("approved, it is valid until %v, not %v", c.NotAfter, want)
	}
	if done.State != engine.RequestIssued || done.DecidedBy != "alice" || done.Serial != c.SerialNumber.Text(16) {
		t.Errorf("the officer sees %+v", done)
	}
	lintCertificate(t, a.Certificate)
	if n := w.rows(t, `audit WHERE act = 'approve request' AND who = 'alice' AND station = '' AND subject = $1`, r.ID); n != 1 {
		t.Errorf("%d audit rows tell of the approval", n)
	}
	if n := w.rows(t, `audit WHERE act = 'hold request' AND who = 'anna' AND station = 'lobby-1' AND subject = $1`, r.ID); n != 1 {
		t.Errorf("%d audit rows tell of the hold", n)
	}
}

// The reason of an officer is the CA's words to the station.
func TestHeldAndRejected(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ruled("hold"))
	r := w.hold(t)
	for _, bad := range []string{"", " \n", "a\x1b[2Jb", strings.Repeat("x", longestReason+1)} {
		if _, err := w.Reject(t.Context(), alice, r.ID, bad); !engine.Is(err, engine.BadInput) {
			t.Errorf("the reason %.20q: %v", bad, err)
		}
	}
	done := value[Request](t)(w.Reject(t.Context(), alice, r.ID, " The passport is missing "))
	a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, r))
	if a.State != engine.RequestRejected || a.Words != "The passport is missing" || done.Words != a.Words || done.State != a.State {
		t.Errorf("the CA says %+v, the officer sees %+v", a, done)
	}
	if n := w.rows(t, `audit WHERE act = 'reject request' AND who = 'alice' AND detail = 'The passport is missing'`); n != 1 {
		t.Errorf("%d audit rows tell of the rejection", n)
	}
	for name, again := range map[string]func() (Request, error){
		"approved": func() (Request, error) { return w.Approve(t.Context(), alice, r.ID) },
		"rejected": func() (Request, error) { return w.Reject(t.Context(), alice, r.ID, "no") },
	} {
		if _, err := again(); !engine.Is(err, engine.WrongState) || !strings.Contains(err.Error(), "is rejected: alice decided on ") {
			t.Errorf("%s once more: %v", name, err)
		}
	}
}

// Whoever is not named in the rules sees and decides nothing, and that he tried is
// in the audit.
func TestOfficers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ruled("hold"))
	r := w.hold(t)
	nobody := newWorld(t, ruled("hold"), func(o *Options) { o.Officers = nil })
	waiting := nobody.hold(t)
	deeds := map[string]func(w *world, actor engine.Actor, id string) error{
		"see requests": func(w *world, actor engine.Actor, _ string) error {
			_, err := w.Requests(t.Context(), actor, Filter{})
			return err
		},
		"see requests ": func(w *world, actor engine.Actor, id string) error {
			_, err := w.Show(t.Context(), actor, id)
			return err
		},
		"approve request": func(w *world, actor engine.Actor, id string) error {
			_, err := w.Approve(t.Context(), actor, id)
			return err
		},
		"reject request": func(w *world, actor engine.Actor, id string) error {
			_, err := w.Reject(t.Context(), actor, id, "because")
			return err
		},
	}
	for act, deed := range deeds {
		for _, who := range []string{"", "mallory", "Alice", "alice "} {
			err := deed(w, engine.Actor{Who: who}, r.ID)
			if !engine.Is(err, engine.Forbidden) || !strings.Contains(err.Error(), "is no officer of this CA (officers in ca.toml)") {
				t.Errorf("%s by %q: %v", act, who, err)
			}
		}
		if n := w.rows(t, `audit WHERE act = $1 AND who = 'mallory' AND detail = 'refused: no officer'`, strings.TrimSpace(act)); n == 0 {
			t.Errorf("%s: the audit does not tell", act)
		}
		if err := deed(nobody, engine.Actor{Who: "root"}, waiting.ID); !engine.Is(err, engine.Forbidden) {
			t.Errorf("%s at a CA without officers: %v", act, err)
		}
	}
	if a := value[wire.Answer](t)(w.Lookup(t.Context(), r.ID)); a.State != engine.RequestPending {
		t.Errorf("the request is %s", a.State)
	}
}

// An officer decides by the rules of today: what they do not permit any more, or
// what renews a certificate that was revoked since, is not approved.
func TestApproveByTodaysRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ruled("issue"))
	old := w.obtain(t, "logon")
	renewal := old.renew(t, "logon", old)
	renewal.Hold = true
	value[wire.Answer](t)(w.Ask(t.Context(), lobby, renewal))
	ordinary := w.hold(t)
	value[wire.Revoked](t)(w.Revoke(t.Context(), alice, old.SerialNumber.Text(16), engine.CertificateHold))
	refused := func(id, says string) {
		t.Helper()
		if _, err := w.Approve(t.Context(), alice, id); !engine.Is(err, engine.WrongState) || !strings.Contains(err.Error(), says) {
			t.Errorf("approve: %v", err)
		}
	}
	refused(renewal.ID, "which is to be renewed, is on hold since ")
	if seen := value[Request](t)(w.Show(t.Context(), alice, renewal.ID)); !strings.HasPrefix(seen.Revoked, "is on hold since ") {
		t.Errorf("the officer sees %+v", seen)
	}
	must(t, w.Release(t.Context(), alice, old.SerialNumber.Text(16)))
	value[Request](t)(w.Approve(t.Context(), alice, renewal.ID))
	w.rules.Templates[0].MaxValidDays = 30
	refused(ordinary.ID, "at most 30 days of validity")
	w.rules.Templates = w.rules.Templates[1:]
	refused(ordinary.ID, "template logon is not in ca.toml any more")
	value[Request](t)(w.Reject(t.Context(), alice, ordinary.ID, "There is no such template any more"))
}

// What a station asked for before it was revoked is not approved, not even when it
// has a new certificate; what it asks for with that is.
func TestApproveNothingOfARevokedStation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ruled("hold"))
	w.station(t, "lobby-1")
	r, first := w.hold(t), w.hold(t, func(r *wire.Request) { r.Approval = true })
	if seen := value[Request](t)(w.Show(t.Context(), alice, r.ID)); !seen.StationRevoked.IsZero() {
		t.Errorf("the officer sees a station revoked on %v", seen.StationRevoked)
	}
	w.forward(time.Hour)
	revoked := w.clock.now().UTC().Truncate(time.Second)
	must(t, w.RevokeStation(t.Context(), alice, "lobby-1"))
	w.forward(time.Hour)
	w.station(t, "lobby-1")
	says := "station lobby-1 was revoked on " + minute(revoked) + ": let another kiosk ask"
	for _, id := range []string{r.ID, first.ID} {
		if _, err := w.Approve(t.Context(), alice, id); !engine.Is(err, engine.WrongState) || !strings.Contains(err.Error(), says) {
			t.Errorf("approve: %v", err)
		}
		if seen := value[Request](t)(w.Show(t.Context(), alice, id)); !seen.StationRevoked.Equal(revoked) || seen.State != engine.RequestPending {
			t.Errorf("the officer sees %+v", seen)
		}
	}
	value[Request](t)(w.Reject(t.Context(), alice, r.ID, "The kiosk was stolen"))
	value[Request](t)(w.Approve(t.Context(), alice, w.hold(t).ID))
}

// Officers find requests by state, template, user and the beginning of an id.
func TestRequestsAreFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ruled("hold"))
	ids := map[string]string{}
	for _, id := range []string{"aa", "aab", "b1", "b2"} {
		ids[id] = w.hold(t, func(r *wire.Request) { r.ID, r.User.Logon = id, "user-"+id; r.User.Name = "\x1b[2JZoë" }).ID
		w.forward(time.Second)
	}
	value[Request](t)(w.Approve(t.Context(), alice, "b1"))
	value[Request](t)(w.Reject(t.Context(), alice, "b2", "no"))
	x := templateWish(t, "signing")
	value[wire.Answer](t)(w.Ask(t.Context(), lobby, x.request(t, "sign_1", "signing")))
	for _, c := range []struct {
		f    Filter
		want string
	}{
		{Filter{}, "aa aab b1 b2 sign_1"},
		{Filter{State: engine.RequestPending}, "aa aab"},
		{Filter{State: engine.RequestIssued}, "b1 sign_1"},
		{Filter{State: engine.RequestIssued, Template: "signing"}, "sign_1"},
		{Filter{State: engine.RequestRejected}, "b2"},
		{Filter{State: engine.RequestWithdrawn}, ""},
		{Filter{User: "USER-AA"}, "aa aab"},
		{Filter{User: "zoë"}, "aa aab b1 b2 sign_1"},
		{Filter{User: "nobody"}, ""},
	} {
		var got []string
		for _, r := range value[[]Request](t)(w.Requests(t.Context(), alice, c.f)) {
			got = append(got, r.ID)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v finds %s, not %s", c.f, got, c.want)
		}
	}
	for beginning, want := range map[string]string{"aa=": "aa", "aab": "aab", "aab=": "aab", "b1": "b1", "sign": "sign_1"} {
		if got := value[Request](t)(w.Show(t.Context(), alice, beginning)); got.ID != want || strings.ContainsRune(got.User.Name, '\x1b') {
			t.Errorf("%s shows %+v", beginning, got)
		}
	}
	for beginning, says := range map[string]string{"b": `several requests begin with "b": b1, b2: give more of the id`, "aa": `several requests begin with "aa": aa, aab: give more of the id, or "aa=" for the first alone`, "b=": "does not know", "=": "does not know", "": "does not know a request", "%": "does not know", "sign_2": "does not know", "a_": "does not know"} {
		if _, err := w.Show(t.Context(), alice, beginning); !engine.Is(err, engine.BadInput) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", beginning, err)
		}
	}
}

// Whoever types only what another request's id begins with decides neither.
func TestAmbiguousIDDecidesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ruled("hold"))
	for _, id := range []string{"aa", "aab", "aac", "aad", "aae", "aaf"} {
		w.hold(t, func(r *wire.Request) { r.ID = id })
	}
	_, approved := w.Approve(t.Context(), alice, "aa")
	_, rejected := w.Reject(t.Context(), alice, "aa", "no")
	for _, err := range []error{approved, rejected} {
		if !engine.Is(err, engine.BadInput) || !strings.Contains(err.Error(), "aa, aab, aac, aad, …: give more") {
			t.Errorf("the CA says %v", err)
		}
	}
	if n := w.rows(t, `requests WHERE state = 'pending'`); n != 6 {
		t.Errorf("%d requests wait", n)
	}
	if done := value[Request](t)(w.Approve(t.Context(), alice, WholeID("aa"))); done.ID != "aa" {
		t.Errorf("%s was approved", done.ID)
	}
}

// However many requests there are, one is found by its beginning without reading
// them all.
func TestBeginningUsesTheIndex(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var id, parent, unused int
	var plan string
	must(t, w.book.db.QueryRow(`EXPLAIN QUERY PLAN `+selectBeginning, "a", "b").Scan(&id, &parent, &unused, &plan))
	if !strings.Contains(plan, "SEARCH requests USING INDEX") {
		t.Errorf("the plan is %s", plan)
	}
}

// What is held can be withdrawn from any station, again and again; what was
// decided stays, and the answer says so.
func TestWithdraw(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ruled("hold"))
	waiting, granted, refused := w.hold(t), w.hold(t), w.hold(t)
	value[Request](t)(w.Approve(t.Context(), alice, granted.ID))
	value[Request](t)(w.Reject(t.Context(), alice, refused.ID, "no passport"))
	for range 2 {
		for name, c := range map[string]struct {
			id    string
			state engine.RequestState
			words string
		}{
			"held":     {waiting.ID, engine.RequestWithdrawn, "Withdrawn at station lobby-2 on "},
			"issued":   {granted.ID, engine.RequestIssued, "The certificate was issued before the request was withdrawn"},
			"rejected": {refused.ID, engine.RequestRejected, "no passport"},
		} {
			a := value[wire.Answer](t)(w.Withdraw(t.Context(), Station{Name: "lobby-2", MayAsk: true}, c.id))
			if a.State != c.state || !strings.HasPrefix(a.Words, c.words) || (len(a.Certificate) > 0) != (c.state == engine.RequestIssued) {
				t.Errorf("%s: the CA says %s: %s", name, a.State, a.Words)
			}
		}
	}
	if a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, waiting)); a.State != engine.RequestWithdrawn {
		t.Errorf("asked again, it is %s", a.State)
	}
	if _, err := w.Approve(t.Context(), alice, waiting.ID); !engine.Is(err, engine.WrongState) || !strings.Contains(err.Error(), "is withdrawn: Withdrawn at station lobby-2") {
		t.Errorf("approved after it was withdrawn: %v", err)
	}
	if _, err := w.Withdraw(t.Context(), lobby, "nowhere"); statusOf(err) != 404 {
		t.Errorf("a request nobody knows: %v", err)
	}
	if _, err := w.Withdraw(t.Context(), Station{Name: "desk"}, waiting.ID); !engine.Is(err, engine.Forbidden) {
		t.Errorf("a station that may not ask: %v", err)
	}
	if n := w.rows(t, `audit WHERE act = 'withdraw request'`); n != 1 {
		t.Errorf("%d audit rows tell of the withdrawal", n)
	}
}

// However officers, stations and the same request race for an id, over two
// processes: there is one outcome, which everybody is told, and at most one
// certificate.
func TestOneOutcome(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ruled("hold"))
	second := &world{dir: w.dir, clock: w.clock}
	second.reopen(t)
	defer func() { must(t, second.Close()) }()
	outcomes := map[engine.RequestState]int{}
	const rounds = 32
	for round := range rounds {
		r := w.hold(t)
		settled := make(chan engine.RequestState, 16)
		start := make(chan struct{})
		var group sync.WaitGroup
		runners := 0
		race := func(do func(w *world) (engine.RequestState, error)) {
			if runners++; runners == round%4 {
				return // in turn, so that nobody always wins
			}
			for _, at := range []*world{w, second} {
				group.Go(func() {
					<-start
					state, err := do(at)
					switch {
					case err == nil:
						settled <- state
					case !engine.Is(err, engine.WrongState):
						t.Errorf("the CA says %v", err)
					}
				})
			}
		}
		race(func(w *world) (engine.RequestState, error) {
			r, err := w.Approve(context.Background(), alice, r.ID)
			return r.State, err
		})
		race(func(w *world) (engine.RequestState, error) {
			r, err := w.Reject(context.Background(), alice, r.ID, "no")
			return r.State, err
		})
		race(func(w *world) (engine.RequestState, error) {
			a, err := w.Withdraw(context.Background(), lobby, r.ID)
			return a.State, err
		})
		race(func(w *world) (engine.RequestState, error) {
			a, err := w.Ask(context.Background(), lobby, r)
			return a.State, err
		})
		close(start)
		group.Wait()
		close(settled)
		last := value[wire.Answer](t)(w.Lookup(t.Context(), r.ID))
		outcomes[last.State]++
		for state := range settled {
			if state != last.State && state != engine.RequestPending {
				t.Errorf("somebody was told %s of a request that is %s", state, last.State)
			}
		}
		if n := w.rows(t, `certificates WHERE request = $1`, r.ID); (n == 1) != (last.State == engine.RequestIssued) || n > 1 {
			t.Errorf("a request that is %s has %d certificates", last.State, n)
		}
		if n := w.rows(t, `audit WHERE subject = $1 AND act <> 'hold request'`, r.ID); n != 1 {
			t.Errorf("%d decisions are in the audit", n)
		}
	}
	t.Logf("%d races: %v", rounds, outcomes)
}

// A station without hurry is told when to ask again as the rules have it, and puts
// certificates on hold and takes them off over the API.
func TestAPIOfTheQueue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ruled("hold"))
	at, serial := w.serve(t), w.obtain(t, "logon").SerialNumber.Text(16)
	c, r := visitor(t, w.station(t, "lobby-1")), w.hold(t)
	for _, step := range []struct {
		method, path string
		body         any
		status       int
		says         string
	}{
		{"GET", wire.RequestPath(r.ID), nil, 200, `"state":"pending","words":"Waits for an officer since `},
		{"GET", wire.RequestPath(r.ID), nil, 200, `"retryAfter":300`},
		{"POST", wire.WithdrawPath(r.ID), nil, 200, `"state":"withdrawn"`},
		{"POST", wire.WithdrawPath(r.ID), nil, 200, `"state":"withdrawn"`},
		{"POST", wire.WithdrawPath("nowhere"), nil, 404, "does not know a request nowhere"},
		{"POST", wire.RevokePath(serial), wire.Revocation{Reason: engine.CertificateHold}, 200, `"reason":"certificateHold"`},
		{"POST", wire.ReleasePath(serial), nil, 200, fmt.Sprintf(`{"serial":%q}`, serial)},
		{"POST", wire.ReleasePath(serial), nil, 200, fmt.Sprintf(`{"serial":%q}`, serial)},
		{"POST", wire.RevokePath(serial), wire.Revocation{Reason: engine.KeyCompromise}, 200, `"reason":"keyCompromise"`},
		{"POST", wire.ReleasePath(serial), nil, 409, "was revoked for good: keyCompromise"},
		{"POST", wire.ReleasePath("abcd"), nil, 404, "does not know a certificate"},
		{"POST", wire.ReleasePath("no hex"), nil, 400, "is not a serial number"},
	} {
		status, text, err := say(t.Context(), c, step.method, at.api+step.path, step.body)
		if err != nil || status != step.status || !strings.Contains(text, step.says) {
			t.Errorf("%s %s: %d %s %v", step.method, step.path, status, text, err)
		}
	}
	value[any](t)(w.book.db.Exec(`UPDATE stations SET may_revoke = 0`))
	if status, text, err := say(t.Context(), c, "POST", at.api+wire.ReleasePath(serial), nil); err != nil || status != 403 || !strings.Contains(text, "may not revoke certificates") {
		t.Errorf("a station without the right: %d %s %v", status, text, err)
	}
}

// Wherever the CA dies while an officer approves, the request has one certificate,
// with the validity fixed at first.
func TestApproveCrash(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ruled("hold"))
	r := w.hold(t)
	w.issuing.key = cutSigner{Signer: w.issuing.key, before: func() error { return errPowerCut }}
	if _, err := w.Approve(t.Context(), alice, r.ID); err == nil {
		t.Fatal("the CA that dies says nothing")
	}
	dead := w.Authority
	w.reopen(t)
	defer func() { must(t, dead.Close()) }()
	if seen := value[Request](t)(w.Show(t.Context(), alice, r.ID)); seen.State != engine.RequestApproved || seen.Serial == "" {
		t.Errorf("the officer sees %+v", seen)
	}
	if _, err := w.Reject(t.Context(), alice, r.ID, "no"); !engine.Is(err, engine.WrongState) {
		t.Errorf("rejected after all: %v", err)
	}
	until := w.clock.now().UTC().Truncate(time.Second).AddDate(0, 0, 365)
	w.forward(time.Hour)
	first := value[wire.Answer](t)(w.Withdraw(t.Context(), lobby, r.ID))
	again := value[wire.Answer](t)(w.Lookup(t.Context(), r.ID))
	c := value[*x509.Certificate](t)(x509.ParseCertificate(first.Certificate))
	if !c.NotAfter.Equal(until) || !bytes.Equal(first.Certificate, again.Certificate) || w.rows(t, "certificates") != 1 {
		t.Errorf("valid until %v, not %v; %d certificates", c.NotAfter, until, w.rows(t, "certificates"))
	}
}
