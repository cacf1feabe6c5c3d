package authority

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"strings"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// ruled makes a CA whose template logon decides so, with more lines of its own.
func ruled(decision string, more ...string) func(*Options) {
	return func(o *Options) {
		lines := "decision = \"" + decision + "\"\n" + strings.Join(more, "\n")
		o.Rules = strings.Replace(exampleTemplates, `decision       = "issue"`, lines, 1)
		o.Officers = []string{"root", "alice"}
	}
}

var alice = engine.Actor{Who: "alice"}

// held is a certificate with its key, and whose it is.
type held struct {
	*x509.Certificate
	key  crypto.Signer
	wish wish
	user string
}

// obtain gets a certificate under a template, with an officer's help where one is
// wanted.
func (w *world) obtain(t *testing.T, template string, change ...func(*wish, *wire.Request)) held {
	t.Helper()
	x := templateWish(t, template)
	r := x.request(t, newID(t), template)
	for _, c := range change {
		c(&x, &r)
	}
	r.CSR = x.csr(t)
	a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, r))
	if a.State == engine.RequestPending {
		value[Request](t)(w.Approve(t.Context(), alice, r.ID))
		a = value[wire.Answer](t)(w.Lookup(t.Context(), r.ID))
	}
	if a.State != engine.RequestIssued {
		t.Fatalf("the first certificate is %s: %s", a.State, a.Words)
	}
	return held{value[*x509.Certificate](t)(x509.ParseCertificate(a.Certificate)), x.key, x, r.User.ID}
}

// templateWish is what a kiosk asks for under a template of the example.
func templateWish(t *testing.T, template string) wish {
	t.Helper()
	x, mail := logonWish(t), sanExtension(t, textName(1, "zoe@corp.example"))
	switch template {
	case "signing":
		x.extensions = []pkix.Extension{usageExtension(t, 0, 1), extendedExtension(t, "emailProtection"), mail}
	case "encryption":
		x.extensions = []pkix.Extension{usageExtension(t, 4), extendedExtension(t, "emailProtection"), mail}
	}
	return x
}

// instead puts an extension in the place of the one of its kind.
func (x *wish) instead(e pkix.Extension) {
	x.extensions = slices.Clone(x.extensions)
	for i := range x.extensions {
		if x.extensions[i].Id.Equal(e.Id) {
			x.extensions[i] = e
		}
	}
}

// renew asks for a certificate in place of another: the same, for another key,
// signed by whoever's.
func (old held) renew(t *testing.T, template string, by held, change ...func(*wish)) wire.Request {
	t.Helper()
	x := old.wish
	x.subject = append([]attribute(nil), old.wish.subject...)
	x.key = newKey(t, KeyP256)
	for _, c := range change {
		c(&x)
	}
	r := x.request(t, newID(t), template)
	r.User.ID = old.user
	r.CSR = naming(t, r.CSR, x.key, old.Raw)
	r.Renewal = value[[]byte](t)(wire.SignRenewal(r.CSR, by.Certificate, by.key))
	return r
}

// naming puts the certificate that is renewed into a request, as MS-WCCE 2.2.2.6.5
// has it.
func naming(t *testing.T, csr []byte, key crypto.Signer, renewed []byte) []byte {
	t.Helper()
	type attr struct {
		Type   asn1.ObjectIdentifier
		Values []asn1.RawValue `asn1:"set"`
	}
	var r struct {
		Info struct {
			Version         int
			Subject, Public asn1.RawValue
			Attributes      []attr `asn1:"tag:0,set"`
		}
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(csr, &r); err != nil {
		t.Fatal(err)
	}
	renewal := attr{asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 13, 1}, []asn1.RawValue{{FullBytes: renewed}}}
	r.Info.Attributes = append(r.Info.Attributes, renewal)
	digest := sha256.Sum256(value[[]byte](t)(asn1.Marshal(r.Info)))
	signature := value[[]byte](t)(key.Sign(rand.Reader, digest[:], crypto.SHA256))
	r.Signature = asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}
	made := value[[]byte](t)(asn1.Marshal(r))
	if der, ok := engine.Renews(made); !ok || string(der) != string(renewed) {
		t.Fatal("the request does not name what it renews")
	}
	return made
}
