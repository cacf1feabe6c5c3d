package authority

import (
	"context"
	"crypto/x509"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	zx509 "github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3"
	"github.com/zmap/zlint/v3/lint"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// revoked reads the newest CRL, checks its signature, and returns the reason
// code by serial number.
func (w *world) revoked(t *testing.T) map[string]int {
	t.Helper()
	crl := value[CRL](t)(w.CRL(t.Context()))
	list := value[*x509.RevocationList](t)(x509.ParseRevocationList(crl.DER))
	must(t, list.CheckSignatureFrom(w.issuing.cert))
	if list.Number.Int64() != crl.Number || !list.ThisUpdate.Equal(crl.ThisUpdate) || !list.NextUpdate.Equal(crl.NextUpdate) || len(list.RevokedCertificateEntries) != crl.Entries {
		t.Errorf("the CRL is not as its row says: %+v", crl)
	}
	codes := map[string]int{}
	for _, e := range list.RevokedCertificateEntries {
		codes[e.SerialNumber.Text(16)] = e.ReasonCode
	}
	return codes
}

func (w *world) mustRevoke(t *testing.T, serial string, why engine.RevokeReason) wire.Revoked {
	t.Helper()
	return value[wire.Revoked](t)(w.Revoke(t.Context(), engine.Actor{Who: "root"}, serial, why))
}

// A revoked certificate is on the list as soon as Revoke returns, with its
// reason; OpenSSL refuses it from then on, and the first reason stays.
func TestRevoke(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good, bad := w.issueOne(t), w.issueOne(t)
	serial := bad.SerialNumber.Text(16)
	first := w.mustRevoke(t, serial, engine.Superseded)
	w.forward(time.Hour)
	if again := w.mustRevoke(t, strings.ToUpper(serial), engine.KeyCompromise); again != first {
		t.Errorf("revoked again it is %+v, at first it was %+v", again, first)
	}
	if codes := w.revoked(t); len(codes) != 1 || codes[serial] != 4 {
		t.Errorf("the list has %v", codes)
	}
	if n := w.rows(t, `audit WHERE act = 'revoke certificate' AND subject = $1`, serial); n != 1 {
		t.Errorf("%d audit rows tell of the revocation", n)
	}

	dir := t.TempDir()
	crl := value[CRL](t)(w.CRL(t.Context()))
	must(t, writePEM(dir, "good.pem", pemCertificate, good.Raw))
	must(t, writePEM(dir, "bad.pem", pemCertificate, bad.Raw))
	must(t, writePEM(dir, "crl.pem", "X509 CRL", crl.DER))
	issuer, list := filepath.Join(w.dir, issuerFile), filepath.Join(dir, "crl.pem")
	contains(t, openssl(t, "crl", "-in", list, "-CAfile", issuer, "-noout", "-text"),
		"verify OK", "Superseded", "X509v3 CRL Number", "Authority Key Identifier")
	contains(t, openssl(t, "verify", "-crl_check", "-CRLfile", list, "-CAfile", issuer, filepath.Join(dir, "good.pem")), "good.pem: OK")
	contains(t, openssl(t, "verify", "-crl_check", "-CRLfile", list, "-CAfile", issuer, filepath.Join(dir, "bad.pem")), "certificate revoked")
	lintList(t, crl.DER)
}

func lintList(t *testing.T, der []byte) {
	t.Helper()
	registry := value[lint.Registry](t)(lint.GlobalRegistry().Filter(lint.FilterOptions{IncludeSources: lintSources}))
	list := value[*zx509.RevocationList](t)(zx509.ParseRevocationList(der))
	applied := 0
	for name, r := range zlint.LintRevocationListEx(list, registry).Results {
		if r.Status >= lint.Warn {
			t.Errorf("zlint: %s is %s %s", name, r.Status, r.Details)
		}
		if r.Status == lint.Pass {
			applied++
		}
	}
	if applied == 0 {
		t.Error("no lint applied")
	}
}

// What cannot be revoked is refused in words.
func TestRevokeRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	serial := w.issueOne(t).SerialNumber.Text(16)
	for name, c := range map[string]struct {
		serial, says string
		why          engine.RevokeReason
	}{
		"unknown certificate": {"abcdef", "does not know a certificate with the serial number abcdef", engine.Superseded},
		"no number":           {"xyz", `"xyz" is not a serial number`, engine.Superseded},
		"negative":            {"-1", "is not a serial number", engine.Superseded},
		"unknown reason":      {serial, "is not a reason to revoke", "boredom"},
		"reason of a CA":      {serial, "is not a reason to revoke", "cACompromise"},
	} {
		if _, err := w.Revoke(t.Context(), engine.Actor{}, c.serial, c.why); !engine.Is(err, engine.BadInput) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: the CA says %v", name, err)
		}
	}
	if n := w.rows(t, "certificates WHERE revoked IS NOT NULL"); n != 0 {
		t.Errorf("%d certificates were revoked", n)
	}
}

// A certificate on hold is on the list as such, and off it once it is released;
// OpenSSL sees both. What is revoked for good while on hold has been so since
// it was put there, and stays.
func TestHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	leaf := w.issueOne(t)
	serial, ctx, root := leaf.SerialNumber.Text(16), t.Context(), engine.Actor{Who: "root"}
	dir := t.TempDir()
	must(t, writePEM(dir, "leaf.pem", pemCertificate, leaf.Raw))
	opensslSays := func(list, says string) {
		t.Helper()
		crl := value[CRL](t)(w.CRL(ctx))
		must(t, writePEM(dir, list, "X509 CRL", crl.DER))
		contains(t, openssl(t, "crl", "-in", filepath.Join(dir, list), "-noout", "-text")+
			openssl(t, "verify", "-crl_check", "-CRLfile", filepath.Join(dir, list), "-CAfile", filepath.Join(w.dir, issuerFile), filepath.Join(dir, "leaf.pem")), says)
	}

	w.mustRevoke(t, serial, engine.CertificateHold)
	if codes := w.revoked(t); len(codes) != 1 || codes[serial] != 6 {
		t.Errorf("on hold the list has %v", codes)
	}
	opensslSays("held.pem", "Certificate Hold")
	lintList(t, value[CRL](t)(w.CRL(ctx)).DER)

	for range 2 { // the second time there is nothing to do
		must(t, w.Release(ctx, root, strings.ToUpper(serial)))
		if codes := w.revoked(t); len(codes) != 0 {
			t.Errorf("released, the list has %v", codes)
		}
	}
	opensslSays("released.pem", "leaf.pem: OK")
	if n := w.rows(t, `audit WHERE act = 'release certificate' AND subject = $1`, serial); n != 1 {
		t.Errorf("%d audit rows tell of the release", n)
	}

	held := w.mustRevoke(t, serial, engine.CertificateHold)
	w.forward(time.Hour)
	if again := w.mustRevoke(t, serial, engine.CertificateHold); again != held {
		t.Errorf("put on hold again it is %+v, at first it was %+v", again, held)
	}
	want := wire.Revoked{Serial: serial, Reason: engine.KeyCompromise, At: held.At}
	for _, why := range []engine.RevokeReason{engine.KeyCompromise, engine.CertificateHold, engine.Superseded} {
		if got := w.mustRevoke(t, serial, why); got != want {
			t.Errorf("revoked for %s while on hold it is %+v", why, got)
		}
	}
	if codes := w.revoked(t); len(codes) != 1 || codes[serial] != 1 {
		t.Errorf("revoked while on hold, the list has %v", codes)
	}
	if err := w.Release(ctx, root, serial); !engine.Is(err, engine.WrongState) || !strings.Contains(err.Error(), "was revoked for good: keyCompromise") {
		t.Errorf("released after it was revoked for good: %v", err)
	}
	for _, strange := range []string{"abcdef", "xyz"} {
		if err := w.Release(ctx, root, strange); !engine.Is(err, engine.BadInput) {
			t.Errorf("released %s: %v", strange, err)
		}
	}
}

// A hold, its release and another hold that no list has told of yet leave the
// next list right, whichever of them it comes after.
func TestHoldBetweenLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	serial := w.issueOne(t).SerialNumber.Text(16)
	value[CRL](t)(w.Publish(t.Context()))
	hold := func() {
		t.Helper()
		value[revocation](t)(w.book.revoke(t.Context(), serial, revocation{w.clock.now(), engine.CertificateHold}, auditRow{Act: actRevoke}))
	}
	release := func() { t.Helper(); must(t, w.book.release(t.Context(), serial, auditRow{Act: actRelease})) }
	for _, c := range []struct {
		name  string
		deeds []func()
		news  bool
		on    bool
	}{
		{"held and released", []func(){hold, release}, false, false},
		{"held", []func(){hold}, true, true},
		{"released", []func(){release}, true, false},
		{"held again", []func(){hold}, true, true},
		{"released and held", []func(){release, hold}, true, true},
		{"nothing", nil, false, true},
	} {
		for _, do := range c.deeds {
			do()
		}
		before := value[CRL](t)(w.CRL(t.Context()))
		after := value[CRL](t)(w.publishIfNeeded(t.Context()))
		if news := after.Number > before.Number; news != c.news {
			t.Errorf("%s: a new list is published: %v", c.name, news)
		}
		if _, on := w.revoked(t)[serial]; on != c.on {
			t.Errorf("%s: on the list: %v", c.name, on)
		}
	}
}

// Many revocations at once share CRLs; when each returns, the list has it.
func TestRevokeConcurrently(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var serials []string
	for range 16 {
		serials = append(serials, w.issueOne(t).SerialNumber.Text(16))
	}
	var group sync.WaitGroup
	for _, s := range serials {
		group.Go(func() {
			if _, err := w.Revoke(t.Context(), engine.Actor{}, s, engine.KeyCompromise); err != nil {
				t.Errorf("the CA says %v", err)
			}
			crl, err := w.CRL(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			list, err := x509.ParseRevocationList(crl.DER)
			if err != nil {
				t.Error(err)
				return
			}
			for _, e := range list.RevokedCertificateEntries {
				if e.SerialNumber.Text(16) == s {
					return
				}
			}
			t.Errorf("CRL %d does not have %s, which is revoked", crl.Number, s)
		})
	}
	group.Wait()
	if codes := w.revoked(t); len(codes) != len(serials) {
		t.Errorf("the list has %d of %d", len(codes), len(serials))
	}
}

// The list comes on its schedule, each is valid for the overlap beyond the
// next, and revocations in between do not shift the schedule.
func TestCRLSchedule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorldWith(t, wallClock{})
		w.rules.CRL.Interval, w.rules.CRL.Overlap = span(4*time.Hour), span(2*time.Hour)
		serial := w.issueOne(t).SerialNumber.Text(16)
		ctx, stop := context.WithCancel(t.Context())
		over := make(chan struct{})
		go func() { w.publishOnSchedule(ctx); close(over) }()
		defer func() { stop(); <-over }()
		start := time.Now()
		newest := func(after time.Duration, number int64, entries int) CRL {
			t.Helper()
			time.Sleep(time.Until(start.Add(after))) // the bubble's time: nothing waits
			synctest.Wait()
			crl := value[CRL](t)(w.CRL(t.Context()))
			if crl.Number != number || crl.Entries != entries {
				t.Fatalf("after %v the list is number %d with %d entries, not %d with %d", after, crl.Number, crl.Entries, number, entries)
			}
			if crl.NextUpdate.Sub(crl.ThisUpdate) != 6*time.Hour {
				t.Errorf("list %d is valid for %v", number, crl.NextUpdate.Sub(crl.ThisUpdate))
			}
			return crl
		}
		first := newest(0, 1, 0)
		newest(4*time.Hour-time.Second, 1, 0)
		second := newest(4*time.Hour+time.Second, 2, 0)
		if left := first.NextUpdate.Sub(second.ThisUpdate); left < 2*time.Hour-time.Second {
			t.Errorf("list 2 comes %v before the end of list 1", left)
		}
		newest(5*time.Hour, 2, 0)
		w.mustRevoke(t, serial, engine.Superseded)
		newest(5*time.Hour, 3, 1)
		newest(8*time.Hour-time.Second, 3, 1)
		newest(8*time.Hour+2*time.Second, 4, 1)

		// A revocation by a process that died before it published is told of
		// within a minute.
		other := w.issueOne(t).SerialNumber.Text(16)
		value[revocation](t)(w.book.revoke(t.Context(), other, revocation{time.Now(), engine.Superseded}, auditRow{Act: actRevoke}))
		newest(8*time.Hour+2*time.Minute, 5, 2)
	})
}

// RFC 5280, 3.3: an entry stays until a CRL of the schedule that was published
// after the certificate's end has told of it once more.
func TestExpiredEntries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.issueOne(t)
	serial := old.SerialNumber.Text(16)
	w.mustRevoke(t, serial, engine.CessationOfOperation)
	has := func(when string, want bool) {
		t.Helper()
		if _, got := w.revoked(t)[serial]; got != want {
			t.Errorf("%s: the list has the certificate: %v", when, got)
		}
	}
	w.forward(old.NotAfter.Sub(w.clock.now()) - time.Hour)
	value[CRL](t)(w.Publish(t.Context()))
	has("before its end", true)
	w.forward(2 * time.Hour)
	w.mustRevoke(t, w.issueOne(t).SerialNumber.Text(16), engine.Superseded)
	has("after its end, on a list out of schedule", true)
	w.forward(time.Hour)
	value[CRL](t)(w.Publish(t.Context()))
	has("on the first list of the schedule after its end", true)
	w.forward(time.Hour)
	value[CRL](t)(w.Publish(t.Context()))
	has("on the second", false)
}

// Only the last few lists are kept, and numbers only grow.
func TestOldCRLs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for want := int64(1); want <= keepCRLs+4; want++ {
		if crl := value[CRL](t)(w.Publish(t.Context())); crl.Number != want {
			t.Errorf("list %d has the number %d", want, crl.Number)
		}
	}
	if n := w.rows(t, "crls"); n != keepCRLs {
		t.Errorf("%d lists are kept", n)
	}
}

// The newest list's age is known: overdue when nobody publishes, ended when it is
// too late.
func TestCRLAge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	check := func(name string, overdue, ended bool) {
		t.Helper()
		if age := value[CRLAge](t)(w.CRLAge(t.Context())); age.Overdue != overdue || age.Ended != ended {
			t.Errorf("%s: %+v", name, age)
		}
	}
	check("before the first", true, false)
	value[CRL](t)(w.Publish(t.Context()))
	check("new", false, false)
	w.forward(24*time.Hour + time.Minute)
	check("about to be published", false, false)
	w.forward(2 * time.Minute)
	check("late", true, false)
	w.forward(12 * time.Hour)
	check("ended", true, true)
}
