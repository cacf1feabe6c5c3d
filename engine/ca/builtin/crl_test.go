package builtin

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// lister is a CA that serves its list, and counts who asks. Its clock is the
// client's too.
type lister struct {
	mu        sync.Mutex
	now       time.Time
	issuer    *credential // who has signed the list
	issuers   [][]byte    // what the CA says its issuers are
	list      x509.RevocationList
	asked     int
	unchanged int                                               // of asked: answered with 304
	before    func(w http.ResponseWriter, r *http.Request) bool // answers instead, when it says so
}

func newLister(t *testing.T) (*lister, *CA) {
	t.Helper()
	l := &lister{now: time.Now().Truncate(time.Second), issuer: newIssuer(t)}
	l.issuers = [][]byte{l.issuer.cert.Raw}
	l.list = x509.RevocationList{Number: big.NewInt(1), ThisUpdate: l.now, NextUpdate: l.now.Add(time.Hour)}
	p := newPair(t, l.ServeHTTP)
	p.config.Now = l.clock
	return l, p.client(t)
}

// newIssuer is a CA that may sign lists.
func newIssuer(t *testing.T) *credential {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Issuing CA"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCRLSign | x509.KeyUsageCertSign, SubjectKeyId: []byte{1, 2, 3},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	return &credential{cert, key}
}

func (l *lister) clock() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

// change changes the CA, between answers.
func (l *lister) change(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
}

func (l *lister) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if l.before != nil && r.URL.Path == wire.CRLPath && l.before(w, r) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.URL.Path == wire.IssuersPath {
		says(200, wire.Issuers{Certificates: l.issuers})(w, r)
		return
	}
	if r.Method == http.MethodPost {
		says(200, wire.Revoked{})(w, r)
		return
	}
	l.asked++
	tag := fmt.Sprintf("%q", l.list.Number)
	if r.Header.Get("If-None-Match") == tag {
		l.unchanged++
		w.WriteHeader(http.StatusNotModified)
		return
	}
	der, err := x509.CreateRevocationList(rand.Reader, &l.list, l.issuer.cert, l.issuer.key)
	if err != nil {
		panic(err)
	}
	w.Header().Set("ETag", tag)
	_, _ = w.Write(der)
}

func entry(serial int64, code int, at time.Time) x509.RevocationListEntry {
	return x509.RevocationListEntry{SerialNumber: big.NewInt(serial), ReasonCode: code, RevocationTime: at}
}

// What is on the list becomes what the domain knows: serial numbers as
// certificates have them, and every reason of RFC 5280.
func TestRevoked(t *testing.T) {
	l, ca := newLister(t)
	want := map[string]engine.RevokeReason{
		"10": engine.Unspecified, "11": engine.KeyCompromise, "12": engine.CACompromise, "13": engine.AffiliationChanged,
		"14": engine.Superseded, "15": engine.CessationOfOperation, "16": engine.CertificateHold, "19": engine.PrivilegeWithdrawn,
		"1a": engine.AACompromise, "1f": engine.Unspecified, // 15, which is no code
	}
	at := l.now.Add(-time.Hour).UTC()
	for _, code := range []int{0, 1, 2, 3, 4, 5, 6, 9, 10, 15} {
		l.list.RevokedCertificateEntries = append(l.list.RevokedCertificateEntries, entry(int64(16+code), code, at))
	}
	got, err := ca.Revoked(t.Context())
	must(t, err)
	if len(got) != len(want) {
		t.Errorf("%d are revoked, not %d", len(got), len(want))
	}
	for _, r := range got {
		if r.Reason != want[r.Serial] || !r.At.Equal(at) {
			t.Errorf("%+v, not %s", r, want[r.Serial])
		}
	}
}

// A list that nobody can go by is refused: one that has ended, to the second,
// one by somebody else, one that says more than we understand.
func TestRevokedRefuses(t *testing.T) {
	critical := []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: []byte{0x30, 0}}}
	for name, c := range map[string]struct {
		change func(l *lister)
		kind   engine.Kind
		says   string
	}{
		"ended":            {func(l *lister) { l.now = l.list.NextUpdate }, engine.CAAway, "its revocation list ended on 20"},
		"of somebody else": {func(l *lister) { l.issuer = newIssuer(t) }, engine.CAMistaken, "none of the CA's issuers has signed it"},
		"only for some":    {func(l *lister) { l.list.ExtraExtensions = critical }, engine.CAMistaken, "critical extension"},
		"of an entry of another CA": {func(l *lister) {
			e := entry(1, 1, l.now)
			e.ExtraExtensions = critical
			l.list.RevokedCertificateEntries = append(l.list.RevokedCertificateEntries, e)
		}, engine.CAMistaken, "critical extension"},
		"rubbish": {func(l *lister) {
			l.before = func(w http.ResponseWriter, r *http.Request) bool { says(200, "hello")(w, r); return true }
		}, engine.CAMistaken, "read it"},
		"not there": {func(l *lister) {
			l.before = func(w http.ResponseWriter, r *http.Request) bool { says(503, "no CRL")(w, r); return true }
		}, engine.CAAway, "503"},
		"unchanged, but never sent": {func(l *lister) {
			l.before = func(w http.ResponseWriter, r *http.Request) bool { w.WriteHeader(304); return true }
		}, engine.CAMistaken, "304"},
	} {
		l, ca := newLister(t)
		c.change(l)
		if _, err := ca.Revoked(t.Context()); !engine.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}

	l, ca := newLister(t)
	l.now = l.list.NextUpdate.Add(-time.Second)
	if _, err := ca.Revoked(t.Context()); err != nil {
		t.Errorf("a second before its end: %v", err)
	}
	l.change(func() { l.now = l.list.NextUpdate })
	if _, err := ca.Revoked(t.Context()); !engine.Is(err, engine.CAAway) {
		t.Errorf("a list that was kept and has ended: %v", err)
	}
	if l.unchanged != 1 {
		t.Errorf("the CA was asked %d times whether it has another", l.unchanged)
	}
}

// A CA that has another certificate by now is believed when it says so.
func TestRevokedAfterTheCAHasAnotherCertificate(t *testing.T) {
	l, ca := newLister(t)
	_, err := ca.Issuers(t.Context())
	must(t, err)
	l.change(func() {
		l.issuer = newIssuer(t)
		l.issuers = append(l.issuers, l.issuer.cert.Raw)
	})
	if _, err := ca.Revoked(t.Context()); err != nil {
		t.Error(err)
	}
}

// Ten looks at once are one download; later looks only ask whether there is
// another list; and what this station revoked itself it sees at once.
func TestRevokedIsKept(t *testing.T) {
	l, ca := newLister(t)
	look := func(times, asked, unchanged, entries int) {
		t.Helper()
		var group sync.WaitGroup
		for range times {
			group.Go(func() {
				if got, err := ca.Revoked(t.Context()); err != nil || len(got) != entries {
					t.Errorf("%d are revoked, not %d: %v", len(got), entries, err)
				}
			})
		}
		group.Wait()
		if l.asked != asked || l.unchanged != unchanged {
			t.Errorf("the CA was asked %d times, %d times for nothing new; not %d and %d", l.asked, l.unchanged, asked, unchanged)
		}
	}
	look(10, 1, 0, 0)
	l.change(func() { l.now = l.now.Add(crlFresh - time.Second) })
	look(10, 1, 0, 0)
	l.change(func() { l.now = l.now.Add(time.Second) })
	look(10, 2, 1, 0)
	l.change(func() {
		l.now = l.now.Add(crlFresh)
		l.list.Number = big.NewInt(2)
		l.list.RevokedCertificateEntries = []x509.RevocationListEntry{entry(7, 6, l.now)}
	})
	look(10, 3, 1, 1)
	must(t, ca.Revoke(t.Context(), "8", engine.Superseded))
	l.change(func() {
		l.list.Number = big.NewInt(3)
		l.list.RevokedCertificateEntries = append(l.list.RevokedCertificateEntries, entry(8, 4, l.now))
	})
	look(10, 4, 1, 2)
	l.change(func() { l.now = l.now.Add(-time.Minute) }) // the clock was set back
	look(10, 5, 2, 2)
}

// answers is a way to the CA that has no network.
type answers func(*http.Request) (*http.Response, error)

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

// A CA that is away is tried once for all who wait, and again for whoever comes
// later; who turns away while waiting is let go, and spoils it for nobody.
func TestRevokedWhileTheCAIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tried, goOn := 0, make(chan struct{})
		ca := &CA{base: &url.URL{Scheme: "https", Host: "ca"}, now: time.Now, crl: crl{turn: make(chan struct{}, 1)}, client: &http.Client{
			Transport: answers(func(r *http.Request) (*http.Response, error) {
				tried++
				select {
				case <-goOn:
					return nil, errors.New("nobody there")
				case <-r.Context().Done():
					return nil, r.Context().Err()
				}
			}),
		}}
		var group sync.WaitGroup
		look := func(ctx context.Context, want engine.Kind) {
			group.Go(func() {
				if _, err := ca.Revoked(ctx); !engine.Is(err, want) {
					t.Errorf("not of kind %d: %v", want, err)
				}
			})
			synctest.Wait()
		}
		asking, turnAway := context.WithCancel(t.Context())
		look(asking, engine.Stopped)
		waiting, turnAwayToo := context.WithCancel(t.Context())
		look(waiting, engine.Stopped)
		for range 5 {
			look(t.Context(), engine.CAAway)
		}
		turnAwayToo()
		synctest.Wait()
		turnAway()
		synctest.Wait() // the next in turn asks
		close(goOn)
		group.Wait()
		if tried != 2 {
			t.Errorf("the CA was tried %d times", tried)
		}
		look(t.Context(), engine.CAAway)
		group.Wait()
		if tried != 3 {
			t.Errorf("by who came later the CA was tried %d times", tried-2)
		}
	})
}

// What was revoked while the CA was away is still asked for when it is back.
func TestRevokedAfterFailure(t *testing.T) {
	l, ca := newLister(t)
	_, err := ca.Revoked(t.Context())
	must(t, err)
	must(t, ca.Revoke(t.Context(), "8", engine.Superseded))
	l.before = func(w http.ResponseWriter, r *http.Request) bool { says(503, "")(w, r); return true }
	if _, err := ca.Revoked(t.Context()); !engine.Is(err, engine.CAAway) {
		t.Errorf("away: %v", err)
	}
	l.before = nil
	if _, err := ca.Revoked(t.Context()); err != nil || l.asked != 2 {
		t.Errorf("back: the CA was asked %d times, %v", l.asked, err)
	}
}
