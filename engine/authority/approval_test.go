package authority

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"strings"
	"sync"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// approval asks for a decision on what a certificate is to say, with the key that
// the card has now.
func approval(t *testing.T, x wish) wire.Request {
	t.Helper()
	r := x.request(t, newID(t), "logon")
	r.Approval = true
	return r
}

// collect asks for the certificate that was approved, for a new key.
func collect(t *testing.T, x wish, id string) wire.Request {
	t.Helper()
	x.key = newKey(t, KeyP256)
	r := x.request(t, newID(t), "logon")
	r.Approved = id
	return r
}

// unusualKey is of a type that no rule permits.
func unusualKey(t *testing.T) crypto.Signer {
	t.Helper()
	return value[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
}

// Approve first: an officer decides before there is a key, whatever the present
// one is; then the certificate is issued at once, whatever the rule would hold.
func TestApproveFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ruled("hold"))
	x := logonWish(t)
	x.key = unusualKey(t) // of a type that the rule does not permit any more
	first := approval(t, x)
	for range 2 {
		if a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, first)); a.State != engine.RequestPending || a.RetryAfter != 300 {
			t.Fatalf("the approval is %s: %s", a.State, a.Words)
		}
	}
	early := collect(t, x, first.ID)
	if _, err := w.Ask(t.Context(), lobby, early); !engine.Is(err, engine.WrongState) || !strings.Contains(err.Error(), "waits for an officer since ") {
		t.Errorf("before it is decided: %v", err)
	}
	if done := value[Request](t)(w.Approve(t.Context(), alice, first.ID)); done.State != engine.RequestApproved || done.Serial != "" {
		t.Errorf("the officer sees %+v", done)
	}
	if a := value[wire.Answer](t)(w.Lookup(t.Context(), first.ID)); a.State != engine.RequestApproved || a.Certificate != nil {
		t.Errorf("the approval is %+v", a)
	}
	var issued []byte
	for range 2 {
		a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, early)) // the same id as before
		if a.State != engine.RequestIssued || issued != nil && !bytes.Equal(issued, a.Certificate) {
			t.Fatalf("approved, it is %s: %s", a.State, a.Words)
		}
		issued = a.Certificate
	}
	lintCertificate(t, issued)
	if c := value[*x509.Certificate](t)(x509.ParseCertificate(issued)); c.PublicKeyAlgorithm != x509.ECDSA {
		t.Errorf("it is for the key %v", c.PublicKeyAlgorithm)
	}
	used := value[Request](t)(w.Show(t.Context(), alice, first.ID))
	if used.UsedBy != early.ID || value[Request](t)(w.Show(t.Context(), alice, early.ID)).Approved != first.ID {
		t.Errorf("the officer sees %+v", used)
	}
	if a := value[wire.Answer](t)(w.Withdraw(t.Context(), lobby, first.ID)); a.State != engine.RequestApproved || !strings.Contains(a.Words, early.ID) {
		t.Errorf("withdrawn after it was used: %+v", a)
	}
	if a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, collect(t, x, first.ID))); a.State != engine.RequestRejected || !strings.Contains(a.Words, "was used for the request "+early.ID) {
		t.Errorf("used twice: %+v", a)
	}
	if n := w.rows(t, "certificates"); n != 1 {
		t.Errorf("%d certificates were issued", n)
	}
}

// Where the rule issues at once, an approval is granted at once, and nothing is
// issued for it; also when it renews something and is signed.
func TestApprovedByTheRule(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ruled("hold", `renewal = "issue"`))
	old := w.obtain(t, "logon")
	r := old.renew(t, "logon", old, func(x *wish) { x.key = old.key })
	r.Approval = true
	if a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, r)); a.State != engine.RequestApproved || a.Certificate != nil {
		t.Fatalf("the approval is %s: %s", a.State, a.Words)
	}
	if n := w.rows(t, `audit WHERE act = 'approve request' AND subject = $1 AND detail = 'logon, by its rule'`, r.ID); n != 1 {
		t.Errorf("%d audit rows tell of it", n)
	}
	next := collect(t, old.wish, r.ID)
	next.ID = r.ID
	if _, err := w.Ask(t.Context(), lobby, next); !engine.Is(err, engine.WrongState) {
		t.Errorf("under the approval's own id: %v", err)
	}
	if a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, collect(t, old.wish, r.ID))); a.State != engine.RequestIssued {
		t.Errorf("approved, it is %s: %s", a.State, a.Words)
	}
}

// What only the rule approved is judged by the rule of today when it is collected;
// what an officer approved stays approved.
func TestApprovalByTodaysRule(t *testing.T) {
	t.Parallel()
	for today, want := range map[string]engine.RequestState{toHold: engine.RequestPending, toRefuse: engine.RequestRejected, toIssue: engine.RequestIssued} {
		w := newWorld(t, ruled("issue"))
		old := w.obtain(t, "logon")
		byRule := old.renew(t, "logon", old, func(x *wish) { x.key = old.key })
		byRule.Approval = true
		byOfficer := approval(t, old.wish)
		byOfficer.Hold = true
		for _, r := range []wire.Request{byRule, byOfficer} {
			value[wire.Answer](t)(w.Ask(t.Context(), lobby, r))
		}
		value[Request](t)(w.Approve(t.Context(), alice, byOfficer.ID))
		w.rules.Templates[0].Renewal.word = today
		if today != toRefuse {
			w.rules.Templates[0].Decision.word = today
		}
		next := collect(t, old.wish, byRule.ID)
		for range 2 {
			if a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, next)); a.State != want {
				t.Errorf("%s: by the rule, it is %s: %s", today, a.State, a.Words)
			}
		}
		if want == engine.RequestPending {
			if seen := value[Request](t)(w.Approve(t.Context(), alice, next.ID)); seen.State != engine.RequestIssued || seen.Renewal == nil || seen.Renewal.Serial != old.SerialNumber.Text(16) {
				t.Errorf("the officer sees %+v", seen)
			}
		}
		if a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, collect(t, old.wish, byOfficer.ID))); a.State != engine.RequestIssued {
			t.Errorf("%s: by an officer, it is %s: %s", today, a.State, a.Words)
		}
	}
}

// An approval that is not collected ends, counted from when it was granted; who
// collected one is seen.
func TestApprovalEnds(t *testing.T) {
	t.Parallel()
	const days = 24 * time.Hour
	w := newWorld(t, ruled("issue"))
	x := logonWish(t)
	byRule, byOfficer := approval(t, x), approval(t, x)
	byOfficer.Hold = true
	value[wire.Answer](t)(w.Ask(t.Context(), lobby, byRule))
	value[wire.Answer](t)(w.Ask(t.Context(), lobby, byOfficer))
	w.forward(60 * days)
	value[Request](t)(w.Approve(t.Context(), alice, byOfficer.ID))
	w.forward(31 * days)
	if a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, collect(t, x, byRule.ID))); a.State != engine.RequestRejected || !strings.Contains(a.Words, " has ended: ask again (approvals in ca.toml)") {
		t.Errorf("after 91 days, it is %s: %s", a.State, a.Words)
	}
	desk := Station{Name: "desk", MayAsk: true}
	next := collect(t, x, byOfficer.ID)
	if a := value[wire.Answer](t)(w.Ask(t.Context(), desk, next)); a.State != engine.RequestIssued {
		t.Errorf("after 31 days, it is %s: %s", a.State, a.Words)
	}
	if seen := value[Request](t)(w.Show(t.Context(), alice, byOfficer.ID)); seen.UsedBy != next.ID || seen.UsedStation != "desk" || seen.Station != "lobby-1" {
		t.Errorf("the officer sees %+v", seen)
	}
	late := approval(t, x)
	late.Hold = true
	value[wire.Answer](t)(w.Ask(t.Context(), lobby, late))
	granted := w.clock.now()
	value[Request](t)(w.Approve(t.Context(), alice, late.ID))
	w.forward(90*days + time.Second)
	if a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, collect(t, x, late.ID))); a.State != engine.RequestRejected || !strings.Contains(a.Words, "The approval of "+minute(granted)+" has ended") {
		t.Errorf("after 90 days, it is %s: %s", a.State, a.Words)
	}
}

// An approval is for what was approved, and for as long as nothing stands against
// it.
func TestApprovalIsNotForAnythingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ruled("issue"))
	old := w.obtain(t, "logon")
	grant := func(change ...func(*wire.Request)) string {
		r := approval(t, old.wish)
		for _, c := range change {
			c(&r)
		}
		if a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, r)); a.State == engine.RequestIssued || a.Certificate != nil {
			t.Fatalf("the approval is %s", a.State)
		}
		return r.ID
	}
	of := old.renew(t, "logon", old, func(x *wish) { x.key = old.key })
	of.Approval = true
	value[wire.Answer](t)(w.Ask(t.Context(), lobby, of))
	value[wire.Revoked](t)(w.Revoke(t.Context(), alice, old.SerialNumber.Text(16), engine.CertificateHold))
	rejected, withdrawn, good := grant(), grant(), grant()
	value[Request](t)(w.Reject(t.Context(), alice, rejected, "no"))
	if a := value[wire.Answer](t)(w.Withdraw(t.Context(), lobby, withdrawn)); a.State != engine.RequestWithdrawn {
		t.Errorf("an approval nobody used, withdrawn: %+v", a)
	}
	ordinary := logonWish(t).request(t, newID(t), "logon")
	value[wire.Answer](t)(w.Ask(t.Context(), lobby, ordinary))
	for name, c := range map[string]struct {
		approved string
		change   func(x *wish, r *wire.Request)
		says     string
	}{
		"another subject":     {good, func(x *wish, _ *wire.Request) { x.subject = []attribute{{"O", "Corp Example"}, {"CN", "Eve"}} }, "asks for something else"},
		"another name":        {good, func(x *wish, _ *wire.Request) { x.extensions = logonWish(t).extensions[:2] }, "asks for something else"},
		"longer":              {good, func(_ *wish, r *wire.Request) { r.ValidDays++ }, "asks for something else"},
		"another user":        {good, func(_ *wish, r *wire.Request) { r.User.ID = "eve" }, "asks for something else"},
		"a key not permitted": {good, func(x *wish, _ *wire.Request) { x.key = unusualKey(t) }, "the key type p-521 (keys in ca.toml)"},
		"rejected":            {rejected, func(*wish, *wire.Request) {}, "is rejected"},
		"withdrawn":           {withdrawn, func(*wish, *wire.Request) {}, "is withdrawn"},
		"unknown":             {"nowhere", func(*wish, *wire.Request) {}, "does not know an approval nowhere"},
		"no approval":         {ordinary.ID, func(*wish, *wire.Request) {}, "does not know an approval"},
		"of what is on hold":  {of.ID, func(*wish, *wire.Request) {}, "which is to be renewed, is on hold since"},
		"for an approval":     {good, func(_ *wish, r *wire.Request) { r.Approval = true }, "not asked for with an approval"},
	} {
		x := old.wish
		r := collect(t, x, c.approved)
		x.key = newKey(t, KeyP256)
		c.change(&x, &r)
		r.CSR = x.csr(t)
		if a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, r)); a.State != engine.RequestRejected || !strings.Contains(a.Words, c.says) {
			t.Errorf("%s: the CA says %s: %s", name, a.State, a.Words)
		}
	}
	if a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, collect(t, old.wish, good))); a.State != engine.RequestIssued {
		t.Errorf("for what was approved, it is %s: %s", a.State, a.Words)
	}
}

// However many ask with one approval at once, while it is withdrawn: one of them
// gets a certificate, or it is withdrawn and none does.
func TestApprovalIsUsedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ruled("issue"))
	second := &world{dir: w.dir, clock: w.clock}
	second.reopen(t)
	defer func() { must(t, second.Close()) }()
	x := logonWish(t)
	used := 0
	const rounds = 16
	for range rounds {
		first := approval(t, x)
		value[wire.Answer](t)(w.Ask(t.Context(), lobby, first))
		before := w.rows(t, "certificates")
		var group sync.WaitGroup
		start := make(chan struct{})
		for i, at := range []*world{w, second, w, second} {
			r := collect(t, x, first.ID)
			group.Go(func() {
				<-start
				if _, err := at.Ask(t.Context(), lobby, r); err != nil {
					t.Errorf("the CA says %v", err)
				}
			})
			if i == 2 {
				group.Go(func() {
					<-start
					if _, err := at.Withdraw(t.Context(), lobby, first.ID); err != nil {
						t.Errorf("the CA says %v", err)
					}
				})
			}
		}
		close(start)
		group.Wait()
		state := value[wire.Answer](t)(w.Lookup(t.Context(), first.ID)).State
		got := w.rows(t, "certificates") - before
		if state == engine.RequestApproved && got != 1 || state == engine.RequestWithdrawn && got != 0 {
			t.Errorf("an approval that is %s brought %d certificates", state, got)
		}
		used += got
	}
	t.Logf("%d races, %d used", rounds, used)
}
