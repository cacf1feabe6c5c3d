package signin_test

import (
	"crypto"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"cardkiosk/engine"
)

// ada is what most certificates say.
var ada = said{upns: []string{"ada@corp.example"}}

func pin(text string) engine.PIN { return engine.NewPIN([]byte(text)) }

// last is the only row that there is since it was asked for last.
func (w *world) last() engine.AuditRow {
	w.t.Helper()
	if len(w.rows) != 1 {
		w.t.Fatalf("%d rows are in the audit: %+v", len(w.rows), w.rows)
	}
	row := w.rows[0]
	w.rows = nil
	return row
}

// Whoever holds a card that is vouched for, and knows its PIN, is signed in:
// with every kind of key, and by every kind of name.
func TestCardSignsIn(t *testing.T) {
	p256, p384, rsa2048 := newKey(t, elliptic.P256()), newKey(t, elliptic.P384()), newRSA(t, 2048)
	for name, c := range map[string]struct {
		key   crypto.Signer
		says  said
		mapBy []engine.CalledBy
		edit  func(*x509.Certificate)
		who   string
	}{
		"P-256, UPN":           {p256, ada, nil, nil, "ada"},
		"P-384, SID":           {p384, said{sid: "S-1-5-21-2"}, nil, nil, "bert"},
		"RSA, mail":            {rsa2048, said{mails: []string{"ADA@mail.example", "other@mail.example"}}, nil, nil, "ada"},
		"SID as a URI":         {p256, said{}, nil, func(c *x509.Certificate) { c.URIs = []*url.URL{parsed(t, engine.SIDURI("S-1-5-21-3"))} }, "cleo"},
		"SID before UPN":       {p256, said{sid: "S-1-5-21-2", upns: []string{"ada@corp.example"}}, nil, nil, "bert"},
		"serial number":        {p256, said{}, []engine.CalledBy{engine.BySerial}, func(c *x509.Certificate) { c.SerialNumber.SetInt64(3) }, "cleo"},
		"configured otherwise": {p256, said{sid: "S-1-5-21-2", upns: []string{"ada@corp.example"}}, []engine.CalledBy{engine.ByUPN, engine.BySID}, nil, "ada"},
		"clientAuth": {p256, ada, nil, func(c *x509.Certificate) {
			c.ExtKeyUsage, c.UnknownExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, nil
		}, "ada"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if c.mapBy != nil {
				w.MapBy = c.mapBy
			}
			w.insert(c.key, w.issuing.issue(c.key, c.says, c.edit))
			p := pin("123456")
			actor, user, err := w.WithCard(t.Context(), "front", p)
			if err != nil || user.Logon != c.who || actor != (engine.Actor{Who: c.who, Station: "desk-3", Mode: engine.Operator, User: user.ID, How: engine.ByCard}) {
				t.Errorf("%+v, %+v, %v", actor, user, err)
			}
			if row := w.last(); row.Result != "done" || row.Actor.Who != c.who || row.User != user.ID || row.Card != "yubikey-712233" || row.Act != "sign in" || row.Detail != "by card" || row.At != noon {
				t.Errorf("the audit has %+v", row)
			}
			if p.Len() != 0 {
				t.Error("the PIN was not wiped")
			}
		})
	}
}

func parsed(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// A card that is not accepted is told why, and costs no try of its PIN: the one
// that is typed here is wrong.
func TestCardNotAccepted(t *testing.T) {
	key := newKey(t, elliptic.P256())
	on := func(serial int64, reason int) map[int64]int { return map[int64]int{serial: reason} }
	for name, c := range map[string]struct {
		says  said
		edit  func(*x509.Certificate) // of the certificate
		world func(*world)
		fault engine.CardFault
	}{
		"ended":                    {ada, func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Second) }, nil, engine.CertificateEnded},
		"to come":                  {ada, func(c *x509.Certificate) { c.NotBefore = noon.Add(time.Second) }, nil, engine.CertificateEarly},
		"revoked":                  {ada, nil, func(w *world) { w.lists(w.root.list(nil), w.issuing.list(on(5, 1))) }, engine.CertificateRevoked},
		"revoked without a reason": {ada, nil, func(w *world) { w.lists(w.root.list(nil), w.issuing.list(on(5, 0))) }, engine.CertificateRevoked},
		"on hold":                  {ada, nil, func(w *world) { w.lists(w.root.list(nil), w.issuing.list(on(5, 6))) }, engine.CertificateOnHold},
		"CA revoked":               {ada, nil, func(w *world) { w.lists(w.root.list(on(77, 2)), w.issuing.list(nil)) }, engine.CertificateRevoked},
		"list out of date":         {ada, nil, func(w *world) { w.lists(w.root.list(nil), w.issuing.listAt(noon.AddDate(0, 0, -1), nil)) }, engine.RevocationUnknown},
		"list unreachable":         {ada, nil, func(w *world) { w.lists(w.root.list(nil), nil) }, engine.RevocationUnknown},
		"root's list unreachable":  {ada, nil, func(w *world) { w.lists(nil, w.issuing.list(nil)) }, engine.RevocationUnknown},
		"list forged":              {ada, nil, func(w *world) { w.lists(w.root.list(nil), newCA(w.t, "Corp Issuing", nil, nil).list(nil)) }, engine.RevocationUnknown},
		"no list":                  {ada, nil, func(w *world) { w.lists() }, engine.RevocationUnknown},
		"unfit extended usage": {ada, func(c *x509.Certificate) {
			c.UnknownExtKeyUsage, c.ExtKeyUsage = nil, []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
		}, nil, engine.CertificateUnfit},
		"no extended usage": {ada, func(c *x509.Certificate) { c.UnknownExtKeyUsage = nil }, nil, engine.CertificateUnfit},
		"any extended usage": {ada, func(c *x509.Certificate) {
			c.UnknownExtKeyUsage, c.ExtKeyUsage = nil, []x509.ExtKeyUsage{x509.ExtKeyUsageAny}
		}, nil, engine.CertificateUnfit},
		"unfit usage": {ada, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }, nil, engine.CertificateUnfit},
		"a CA's":      {ada, func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }, nil, engine.CertificateUnfit},
		"unknown critical": {ada, func(c *x509.Certificate) {
			c.ExtraExtensions[0].Id, c.ExtraExtensions[0].Critical = []int{1, 2, 3}, true
		}, nil, engine.CertificateForeign},
		"nobody's":                {said{upns: []string{"eve@corp.example"}}, nil, nil, engine.HolderUnknown},
		"nameless":                {said{}, nil, nil, engine.HolderUnknown},
		"several users'":          {said{mails: []string{"team@mail.example"}}, nil, nil, engine.HolderUnclear},
		"two users' addresses":    {said{mails: []string{"ada@mail.example", "dora@mail.example"}}, nil, nil, engine.HolderUnclear},
		"two UPNs":                {said{upns: []string{"ada@corp.example", "eve@corp.example"}}, nil, nil, engine.HolderUnclear},
		"nobody's SID, Ada's UPN": {said{sid: "S-1-5-21-9", upns: []string{"ada@corp.example"}}, nil, nil, engine.HolderUnknown},
		"root of another house":   {ada, nil, func(w *world) { w.Roots = x509.NewCertPool(); w.Roots.AddCert(newCA(w.t, "Corp Root", nil, nil).cert) }, engine.CertificateForeign},
		"no way to the root":      {ada, nil, func(w *world) { w.Intermediates = x509.NewCertPool() }, engine.CertificateForeign},
		"CA for servers only": {ada, nil, func(w *world) {
			w.issuing = newCA(w.t, "Web", w.root, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
			w.Intermediates.AddCert(w.issuing.cert)
		}, engine.CertificateForeign},
		"foreign CA":                  {ada, nil, func(w *world) { w.issuing = newCA(w.t, "Elsewhere", nil, nil) }, engine.CertificateForeign},
		"foreign CA of our CA's name": {ada, nil, func(w *world) { w.issuing = newCA(w.t, "Corp Issuing", nil, nil) }, engine.CertificateForeign},
		"CA that has ended": {ada, nil, func(w *world) {
			w.issuing = newCA(w.t, "Old", w.root, func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Hour) })
			w.Intermediates.AddCert(w.issuing.cert)
		}, engine.CertificateForeign},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if c.world != nil {
				c.world(w)
			}
			w.insert(key, w.issuing.issue(key, c.says, c.edit))
			w.refusesCard("654321", engine.CardNotAccepted, c.fault)
			if left := w.card.State().PIN.Left; left != 3 {
				t.Errorf("%d tries of the PIN are left", left)
			}
		})
	}
}

// refusesCard checks that nobody is signed in, why, and that it is noted.
func (w *world) refusesCard(typed string, kind engine.Kind, fault engine.CardFault) {
	w.t.Helper()
	actor, user, err := w.WithCard(w.t.Context(), "front", pin(typed))
	if !engine.Is(err, kind) || fault != "" && !errors.Is(err, fault) || actor != (engine.Actor{}) || user.ID != "" {
		w.t.Errorf("%+v, %+v, %v", actor, user, err)
	}
	row := w.last()
	if row.Result != "refused" || row.Actor.Who != "" && row.Actor.Who != "ada" && row.Actor.Who != "dora" || row.User != "" || !strings.Contains(row.Detail, string(fault)) || strings.Contains(row.Detail, typed) {
		w.t.Errorf("the audit has %+v", row)
	}
}

// A card without a certificate, one that says it has another's, one whose holder
// is disabled.
func TestCardLies(t *testing.T) {
	key, other := newKey(t, elliptic.P256()), newKey(t, elliptic.P256())
	w := newWorld(t)
	adas := w.issuing.issue(key, ada, nil)
	w.insert(key, nil)
	w.refusesCard("123456", engine.CardNotAccepted, engine.NoCertificate)
	w.insert(key, []byte{0x30, 0x03, 0x02, 0x01, 0x01})
	w.refusesCard("123456", engine.CardNotAccepted, "")
	w.insert(other, adas) // a copy of Ada's certificate, and a key of one's own
	w.refusesCard("123456", engine.CardNotAccepted, engine.KeyUnproven)
	w.insert(newKey(t, elliptic.P384()), adas)
	w.refusesCard("123456", engine.CardNotAccepted, engine.KeyUnproven)
	w.insert(nil, adas)
	w.refusesCard("123456", engine.CardNotAccepted, engine.KeyUnproven)
	w.insert(key, w.issuing.issue(key, said{upns: []string{"dora@corp.example"}}, nil))
	w.refusesCard("654321", engine.AccountClosed, "")
	small := newRSA(t, 1024)
	w.insert(small, w.issuing.issue(small, ada, nil))
	w.refusesCard("654321", engine.CardNotAccepted, engine.CertificateUnfit)
}

// A wrong PIN costs one try, and how many are left is said before and after.
func TestCardWithWrongPIN(t *testing.T) {
	key := newKey(t, elliptic.P256())
	w := newWorld(t)
	w.insert(key, w.issuing.issue(key, ada, nil))
	for _, c := range []struct {
		typed string
		kind  engine.Kind
		left  int
	}{{"12345", engine.BadInput, 3}, {"654321", engine.WrongPIN, 2}, {"654321", engine.WrongPIN, 1}, {"654321", engine.PINBlocked, 0}, {"123456", engine.PINBlocked, 0}} {
		_, _, err := w.WithCard(t.Context(), "front", pin(c.typed))
		var e *engine.Error
		if !errors.As(err, &e) || e.Kind != c.kind || e.Kind == engine.WrongPIN && e.TriesLeft != c.left {
			t.Errorf("%s: %v", c.typed, err)
		}
		counter, err := w.PINTries(t.Context(), "front")
		if err != nil || counter.Left != c.left || w.card.State().PIN.Left != c.left {
			t.Errorf("%s: %+v tries are said to be left, %d are (%v)", c.typed, counter, w.card.State().PIN.Left, err)
		}
		if row := w.last(); row.Result != "refused" || c.typed != "12345" && row.Actor.Who != "ada" {
			t.Errorf("%s: the audit has %+v", c.typed, row)
		}
	}
}

// What keeps everybody out is no refusal: no card, no directory.
func TestCardTrouble(t *testing.T) {
	key := newKey(t, elliptic.P256())
	w := newWorld(t)
	if _, _, err := w.WithCard(t.Context(), "front", pin("123456")); !engine.Is(err, engine.CardGone) {
		t.Error(err)
	}
	if row := w.last(); row.Result != "failed" {
		t.Errorf("the audit has %+v", row)
	}
	w.insert(key, w.issuing.issue(key, ada, nil))
	w.away = &engine.Error{Op: "find user", Kind: engine.DirectoryAway}
	if _, _, err := w.WithCard(t.Context(), "front", pin("654321")); !engine.Is(err, engine.DirectoryAway) || w.card.State().PIN.Left != 3 {
		t.Errorf("%v, %d tries left", err, w.card.State().PIN.Left)
	}
	if row := w.last(); row.Result != "failed" {
		t.Errorf("the audit has %+v", row)
	}
}
