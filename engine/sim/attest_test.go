package sim

import (
	"bytes"
	"crypto/x509"
	"testing"
	"time"
)

// An attestation leads over the certificate in 5FFF01 to the card's root, and
// says which card, which firmware and which policies.
func TestAttest(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	unlock(t, card)
	for algorithm, slot := range map[byte]byte{algP256: 0x9a, algP384: 0x9c, algRSA1024: 0x82, algEd25519: 0x9d} {
		do(t, card, insGenerate, 0, slot, generateData(algorithm, PINAlways, TouchCached))
		attestation, err := x509.ParseCertificate(do(t, card, insAttest, slot, 0, nil))
		if err != nil {
			t.Fatal(err)
		}
		checkChain(t, card, attestation)
		if want := "CN=YubiKey PIV Attestation " + hexByte(slot); attestation.Subject.String() != want {
			t.Errorf("subject is %s, want %s", attestation.Subject, want)
		}
		if !bytes.Equal(attestation.RawSubjectPublicKeyInfo, card.State().Keys[Slot(slot)].Public) {
			t.Error("attests another key")
		}
		want := map[string][]byte{
			"1.3.6.1.4.1.41482.3.3": {5, 7, 1},
			"1.3.6.1.4.1.41482.3.7": {0x02, 0x03, 0x0a, 0xde, 0x29},
			"1.3.6.1.4.1.41482.3.8": {PINAlways, TouchCached},
			"1.3.6.1.4.1.41482.3.9": {1},
		}
		if len(attestation.Extensions) != len(want) {
			t.Errorf("%d extensions, want %d", len(attestation.Extensions), len(want))
		}
		for _, e := range attestation.Extensions {
			if !bytes.Equal(e.Value, want[e.Id.String()]) {
				t.Errorf("extension %s is % x", e.Id, e.Value)
			}
		}
	}
}

func checkChain(t *testing.T, card *Card, attestation *x509.Certificate) {
	t.Helper()
	object, ok := parseTLV(do(t, card, insGetData, 0x3f, 0xff, unhex(t, "5c 03 5f ff 01")))
	if !ok {
		t.Fatal("object 5FFF01 is no TLV")
	}
	issuer, err := readCertificateObject(object[0].value)
	if err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(card.State().AttestationRoot)
	if err != nil {
		t.Fatal(err)
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(root)
	between.AddCert(issuer)
	if _, err := attestation.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}); err != nil {
		t.Error(err)
	}
	if !attestation.NotAfter.Equal(issuer.NotAfter) {
		t.Error("dates are not the attestation certificate's")
	}
}

// Nothing is attested without a key, without an attestation key, or of the
// attestation key itself.
func TestAttestRefused(t *testing.T) {
	card := newCard(t, firmware571, Options{})
	unlock(t, card)
	say(t, card, "00 f9 9a 00", "6a82")
	say(t, card, "00 f9 f9 00", "6b00")
	say(t, card, "00 f9 9a 01", "6b00")
	do(t, card, insGenerate, 0, 0x9a, generateData(algP256, 0, 0))
	do(t, card, insPutData, 0x3f, 0xff, unhex(t, "5c 03 5f ff 01 53 02 70 00"))
	say(t, card, "00 f9 9a 00", "6a80")
	do(t, card, insPutData, 0x3f, 0xff, unhex(t, "5c 03 5f ff 01 53 00"))
	say(t, card, "00 f9 9a 00", "6a80")
	do(t, card, insMoveKey, 0xff, 0xf9, nil)
	say(t, card, "00 f9 9a 00", "6a80")
}
