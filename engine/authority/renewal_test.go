package authority

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"strings"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// What becomes of a request is what the rule's words say of its kind, and a
// station can only add a hold.
func TestRuleWords(t *testing.T) {
	t.Parallel()
	const issued, pending, rejected = engine.RequestIssued, engine.RequestPending, engine.RequestRejected
	type outcome map[string]engine.RequestState
	// ordinary: names nothing. extends: a good renewal. ended, renamed: no renewals.
	for _, c := range []struct {
		decision string
		more     []string
		want     outcome
	}{
		{"issue", nil, outcome{"ordinary": issued, "extends": issued, "ended": issued, "renamed": issued}},
		{"hold", nil, outcome{"ordinary": pending, "extends": pending, "ended": pending, "renamed": pending}},
		{"hold", []string{`renewal = "issue"`}, outcome{"ordinary": pending, "extends": issued, "ended": pending, "renamed": pending}},
		{"issue", []string{`renewal = "hold"`}, outcome{"ordinary": issued, "extends": pending, "ended": issued, "renamed": issued}},
		{"issue", []string{`renewal = "refuse"`}, outcome{"ordinary": issued, "extends": rejected, "ended": issued, "renamed": issued}},
		{"hold", []string{`renewal = "refuse"`}, outcome{"ordinary": pending, "extends": rejected, "ended": pending, "renamed": pending}},
		{"hold", []string{`renewal = "issue"`, `renewal_while_valid = true`}, outcome{"ordinary": pending, "extends": issued, "ended": rejected, "renamed": pending}},
		{"issue", []string{`renewal_while_valid = false`}, outcome{"ordinary": issued, "extends": issued, "ended": issued, "renamed": issued}},
	} {
		t.Run(strings.Join(append(c.more, c.decision), ", "), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, ruled(c.decision, c.more...))
			old := w.obtain(t, "logon")
			for _, kind := range []string{"readdressed", "rebound"} { // no renewals either
				c.want[kind] = c.want["renamed"]
			}
			requests := func() map[string]wire.Request {
				return map[string]wire.Request{
					"ordinary": logonWish(t).request(t, newID(t), "logon"),
					"extends":  old.renew(t, "logon", old),
					"renamed":  old.renew(t, "logon", old, func(x *wish) { x.subject[1].Value = "Zoë Schmidt" }),
					"readdressed": old.renew(t, "logon", old, func(x *wish) {
						x.instead(sanExtension(t, upnName("boss@corp.example"), textName(1, "zoe@corp.example")))
					}),
					"rebound": old.renew(t, "logon", old, func(x *wish) { x.instead(sidExtension("S-1-5-21-1-2-3-500")) }),
				}
			}
			w.checkStates(t, requests(), c.want)
			w.forward(366 * 24 * time.Hour)
			w.checkStates(t, map[string]wire.Request{"ended": old.renew(t, "logon", old)}, c.want)
		})
	}
}

// checkStates asks, and asks again with a hold.
func (w *world) checkStates(t *testing.T, requests map[string]wire.Request, want map[string]engine.RequestState) {
	t.Helper()
	for kind, r := range requests {
		a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, r))
		if a.State != want[kind] {
			t.Errorf("%s: it is %s and not %s: %s", kind, a.State, want[kind], a.Words)
		}
		r.ID, r.Hold = newID(t), true
		a = value[wire.Answer](t)(w.Ask(t.Context(), lobby, r))
		if wanted := want[kind]; a.State != wanted && (wanted != engine.RequestIssued || a.State != engine.RequestPending) || a.State == engine.RequestIssued {
			t.Errorf("%s, with a hold: it is %s", kind, a.State)
		}
	}
}

// A renewal that the rule issues at once carries what the old certificate said,
// for the new key; zlint finds nothing in it, and what the CA found out about it
// is kept.
func TestRenewed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ruled("hold", `renewal = "issue"`))
	for _, template := range []string{"logon", "signing"} {
		old := w.obtain(t, template)
		w.forward(24 * time.Hour)
		r := old.renew(t, template, old)
		a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, r))
		if a.State != engine.RequestIssued {
			t.Fatalf("%s: it is %s: %s", template, a.State, a.Words)
		}
		lintCertificate(t, a.Certificate)
		renewed := value[*x509.Certificate](t)(x509.ParseCertificate(a.Certificate))
		if !bytes.Equal(renewed.RawSubject, old.RawSubject) || bytes.Equal(renewed.RawSubjectPublicKeyInfo, old.RawSubjectPublicKeyInfo) || !renewed.NotAfter.After(old.NotAfter) {
			t.Errorf("%s: %v until %v was renewed as %v until %v", template, old.Subject, old.NotAfter, renewed.Subject, renewed.NotAfter)
		}
		seen := value[Request](t)(w.Show(t.Context(), alice, r.ID))
		want := Renewal{
			Serial: old.SerialNumber.Text(16), Subject: "O=Corp Example, CN=Zoë Müller", NotAfter: old.NotAfter, Verified: true,
			SignedBy: old.SerialNumber.Text(16), Signer: "O=Corp Example, CN=Zoë Müller", SignerTemplate: template,
		}
		if seen.Renewal == nil || *seen.Renewal != want {
			t.Errorf("%s: the CA keeps %+v, not %+v", template, seen.Renewal, want)
		}
		// A kiosk that lost the answer signs anew.
		r.Renewal = value[[]byte](t)(wire.SignRenewal(r.CSR, old.Certificate, old.key))
		if again := value[wire.Answer](t)(w.Ask(t.Context(), lobby, r)); !bytes.Equal(again.Certificate, a.Certificate) {
			t.Errorf("%s: signed anew, it gets another certificate", template)
		}
	}
}

// A renewal that nobody vouches for is refused in words, whatever the rule would
// do with good ones.
func TestRenewalRefused(t *testing.T) {
	t.Parallel()
	w, foreign := newWorld(t, ruled("issue")), newWorld(t, ruled("issue"))
	mine, theirs := w.obtain(t, "logon"), foreign.obtain(t, "logon")
	eve := w.obtain(t, "logon", func(_ *wish, r *wire.Request) { r.User.ID = "eve" })
	gone, suspended := w.obtain(t, "logon"), w.obtain(t, "logon")
	value[wire.Revoked](t)(w.Revoke(t.Context(), alice, gone.SerialNumber.Text(16), engine.AffiliationChanged))
	value[wire.Revoked](t)(w.Revoke(t.Context(), alice, suspended.SerialNumber.Text(16), engine.CertificateHold))
	encryption := w.obtain(t, "encryption")
	changed := func(old held, change func(r *wire.Request)) wire.Request {
		r := old.renew(t, "logon", old)
		change(&r)
		return r
	}
	forged := held{mine.Certificate, eve.key, eve.wish, mine.user}
	forged.Certificate = &x509.Certificate{Raw: mine.Raw, RawIssuer: mine.RawIssuer, SerialNumber: mine.SerialNumber, PublicKey: eve.key.Public()}
	for name, c := range map[string]struct {
		request wire.Request
		says    string
	}{
		"the signature is another key's": {mine.renew(t, "logon", forged), "The signature of the renewal is not valid"},
		"no CMS":                         {changed(mine, func(r *wire.Request) { r.Renewal = []byte("CMS") }), "The signature of the renewal is not valid"},
		"over another request":           {changed(mine, func(r *wire.Request) { r.Renewal = mine.renew(t, "logon", mine).Renewal }), "signed over another request"},
		"names nothing": {changed(mine, func(r *wire.Request) {
			r.CSR = logonWish(t).csr(t)
			r.Renewal = value[[]byte](t)(wire.SignRenewal(r.CSR, mine.Certificate, mine.key))
		}), "does not name the certificate that it renews"},
		"of another CA":          {theirs.renew(t, "logon", theirs), "that is to be renewed is none of this CA's"},
		"signed by another CA's": {mine.renew(t, "logon", theirs), "that signed the renewal is none of this CA's"},
		"revoked":                {gone.renew(t, "logon", gone), "was revoked on "},
		"on hold":                {suspended.renew(t, "logon", suspended), "is on hold since "},
		"another user's":         {changed(eve, func(r *wire.Request) { r.User.ID = "u1" }), "is another user's"},
		"signed by another user": {mine.renew(t, "logon", eve), "renewal_signed_by in ca.toml"},
		"signed for encryption":  {encryption.renew(t, "encryption", encryption), "its key usage has no digitalSignature"},
	} {
		t.Run(name, func(t *testing.T) {
			a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, c.request))
			if a.State != engine.RequestRejected || !strings.Contains(a.Words, c.says) || a.Certificate != nil {
				t.Errorf("the CA says %s: %s", a.State, a.Words)
			}
			seen := value[Request](t)(w.Show(t.Context(), alice, c.request.ID))
			if seen.Renewal == nil || seen.Renewal.Verified || seen.Renewal.Words != a.Words {
				t.Errorf("the officer sees %+v", seen.Renewal)
			}
		})
	}
	if n := w.rows(t, `audit WHERE act = 'reject request'`); n != 11 {
		t.Errorf("%d rejections are in the audit", n)
	}
	// Taken off hold, it is renewed.
	must(t, w.Release(t.Context(), alice, suspended.SerialNumber.Text(16)))
	if a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, suspended.renew(t, "logon", suspended))); a.State != engine.RequestIssued {
		t.Errorf("released, it is %s: %s", a.State, a.Words)
	}
}

// For encryption, whose key cannot sign, the holder's logon certificate signs
// where the rule says so: a valid one, for the same holder.
func TestEncryptionRenewal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ruled("issue"))
	old, logon := w.obtain(t, "encryption"), w.obtain(t, "logon")
	short := w.obtain(t, "logon", func(_ *wish, r *wire.Request) { r.ValidDays = 1 })
	eve := w.obtain(t, "logon", func(_ *wish, r *wire.Request) { r.User.ID = "eve" })
	married := w.obtain(t, "logon", func(x *wish, _ *wire.Request) { x.subject = []attribute{{"O", "Corp Example"}, {"CN", "Zoë Schmidt"}} })
	gone, suspended, signing := w.obtain(t, "logon"), w.obtain(t, "logon"), w.obtain(t, "signing")
	value[wire.Revoked](t)(w.Revoke(t.Context(), alice, gone.SerialNumber.Text(16), engine.KeyCompromise))
	value[wire.Revoked](t)(w.Revoke(t.Context(), alice, suspended.SerialNumber.Text(16), engine.CertificateHold))
	w.forward(48 * time.Hour)
	for name, c := range map[string]struct {
		by   held
		says string
	}{
		"by logon":          {logon, ""},
		"by another user":   {eve, "is another user's"},
		"by another name":   {married, "is for another name"},
		"by an ended one":   {short, "ended on "},
		"by a revoked one":  {gone, "was revoked on "},
		"by one on hold":    {suspended, "is on hold since "},
		"by a template not": {signing, "does not permit that a certificate of template signing signs its renewals (renewal_signed_by in ca.toml)"},
		"by itself":         {old, "its key usage has no digitalSignature"},
	} {
		r := old.renew(t, "encryption", c.by)
		a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, r))
		if want := c.says == ""; want != (a.State == engine.RequestIssued) || !strings.Contains(a.Words, c.says) {
			t.Errorf("%s: the CA says %s: %s", name, a.State, a.Words)
		}
		if c.says == "" {
			lintCertificate(t, a.Certificate)
			if seen := value[Request](t)(w.Show(t.Context(), alice, r.ID)); !seen.Renewal.Verified || seen.Renewal.SignedBy != logon.SerialNumber.Text(16) || seen.Renewal.SignerTemplate != "logon" {
				t.Errorf("the officer sees %+v", seen.Renewal)
			}
		}
	}
}

// A renewal is not approved, and an approval of one is good for nothing, once the
// certificate that signed it is revoked or on hold; superseded, its signature from
// before stays good.
func TestSignerRevokedSince(t *testing.T) {
	t.Parallel()
	for reason, says := range map[engine.RevokeReason]string{
		engine.KeyCompromise: "which signed the renewal, was revoked on ", engine.CertificateHold: "which signed the renewal, is on hold since ", engine.Superseded: "",
	} {
		w := newWorld(t, ruled("issue"))
		old, logon := w.obtain(t, "encryption"), w.obtain(t, "logon")
		waits, before := old.renew(t, "encryption", logon), old.renew(t, "encryption", logon)
		waits.Hold, before.Approval = true, true
		value[wire.Answer](t)(w.Ask(t.Context(), lobby, waits))
		value[wire.Answer](t)(w.Ask(t.Context(), lobby, before))
		value[wire.Revoked](t)(w.Revoke(t.Context(), alice, logon.SerialNumber.Text(16), reason))
		seen := value[Request](t)(w.Show(t.Context(), alice, waits.ID))
		if seen.SignerRevoked == "" || seen.Revoked != "" {
			t.Errorf("%s: the officer sees %+v", reason, seen)
		}
		x := old.wish
		x.key = newKey(t, KeyP256)
		next := x.request(t, newID(t), "encryption")
		next.Approved = before.ID
		a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, next))
		_, err := w.Approve(t.Context(), alice, waits.ID)
		if says == "" {
			if err != nil || a.State != engine.RequestIssued {
				t.Errorf("%s: approve: %v, and with an approval it is %s: %s", reason, err, a.State, a.Words)
			}
			continue
		}
		if !engine.Is(err, engine.WrongState) || !strings.Contains(err.Error(), says) || a.State != engine.RequestRejected || !strings.Contains(a.Words, says) {
			t.Errorf("%s: approve: %v, and with an approval it is %s: %s", reason, err, a.State, a.Words)
		}
	}
}

// For encryption, it is the certificate that is renewed whose names count, and not
// those of the logon certificate that signs.
func TestEncryptionRenewalForOtherNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ruled("issue"), func(o *Options) {
		o.Rules = strings.Replace(o.Rules, `renewal_signed_by`, "renewal = \"refuse\"\nrenewal_signed_by", 1)
	})
	logon := w.obtain(t, "logon")
	old := w.obtain(t, "encryption", func(x *wish, _ *wire.Request) { x.instead(sanExtension(t, textName(1, "zm@corp.example"))) })
	same := old.renew(t, "encryption", logon)
	if a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, same)); a.State != engine.RequestRejected || !strings.Contains(a.Words, "(renewal in ca.toml)") {
		t.Errorf("a renewal is %s: %s", a.State, a.Words)
	}
	other := old.renew(t, "encryption", logon, func(x *wish) { x.instead(sanExtension(t, textName(1, "zoe@corp.example"))) })
	if a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, other)); a.State != engine.RequestIssued {
		t.Errorf("for the names of the logon certificate, it is %s: %s", a.State, a.Words)
	}
}

// What is no renewal is judged as any other request, and says why it is none.
func TestNoRenewal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, ruled("hold", `renewal = "issue"`), func(o *Options) {
		o.Rules = strings.Replace(o.Rules, `["digitalSignature"]`, `["digitalSignature", "contentCommitment"]`, 1)
	})
	old := w.obtain(t, "logon")
	unsigned := old.renew(t, "logon", old)
	unsigned.Renewal = nil
	renamed := old.renew(t, "logon", old, func(x *wish) { x.subject[1].Value = "Zoë Schmidt" })
	other := w.obtain(t, "signing")
	moved := other.renew(t, "logon", other, func(x *wish) { x.extensions = logonWish(t).extensions })
	check := func(name string, r wire.Request, verified bool, says string) {
		t.Helper()
		a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, r))
		seen := value[Request](t)(w.Show(t.Context(), alice, r.ID))
		if a.State != engine.RequestPending || seen.Renewal.Verified != verified || !strings.Contains(seen.Renewal.Words, says) {
			t.Errorf("%s: the CA says %s: %+v", name, a.State, seen.Renewal)
		}
	}
	check("not signed", unsigned, false, "It is not signed")
	check("another subject", renamed, true, "No renewal: the subject was O=Corp Example, CN=Zoë Müller")
	check("another template", moved, true, "is of template signing")
	narrow := w.obtain(t, "logon", func(x *wish, _ *wire.Request) { x.instead(extendedExtension(t, "clientAuth")) })
	for says, changed := range map[string]pkix.Extension{
		"No renewal: the alternative names are others than those of the certificate":      sanExtension(t, upnName("boss@corp.example"), textName(1, "zoe@corp.example")),
		"No renewal: the alternative names are others than those of the certificate, ":    sanExtension(t, upnName("zoe@corp.example")),
		"No renewal: the SID is another than that of the certificate":                     sidExtension("S-1-5-21-1-2-3-500"),
		"No renewal: the certificate does not have the key usage contentCommitment":       usageExtension(t, 0, 1),
		"No renewal: the certificate does not have the extended key usage smartcardLogon": extendedExtension(t, "clientAuth", "smartcardLogon"),
	} {
		r := narrow.renew(t, "logon", narrow, func(x *wish) { x.instead(changed) })
		check(says, r, true, strings.TrimSuffix(says, ", "))
	}
	for name, left := range map[string]int{"without a SID": 3, "without names": 2} {
		check(name, old.renew(t, "logon", old, func(x *wish) { x.extensions = x.extensions[:left] }), true, "No renewal: the ")
	}
	narrower := old.renew(t, "logon", old, func(x *wish) { x.instead(extendedExtension(t, "clientAuth")) })
	if a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, narrower)); a.State != engine.RequestIssued {
		t.Errorf("narrower, it is %s: %s", a.State, a.Words)
	}
	w.forward(366 * 24 * time.Hour)
	check("ended", old.renew(t, "logon", old), true, "ended on ")
}
