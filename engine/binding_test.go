package engine

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
)

// The value that binds an account to a certificate is what Microsoft publishes
// for the same issuer and serial number (KB5014754; the second is from
// Microsoft's article on all the methods of altSecurityIdentities), whatever is
// in a name.
func TestIssuerSerialBinding(t *testing.T) {
	type oid = asn1.ObjectIdentifier
	type attribute struct {
		oid   oid
		value string
	}
	dc, email := oid{0, 9, 2342, 19200300, 100, 1, 25}, oid{1, 2, 840, 113549, 1, 9, 1}
	cn, country, state, organisation, qualifier := oid{2, 5, 4, 3}, oid{2, 5, 4, 6}, oid{2, 5, 4, 8}, oid{2, 5, 4, 10}, oid{2, 5, 4, 46}
	for _, c := range []struct {
		issuer []attribute
		serial string
		want   string
	}{
		{
			[]attribute{{dc, "com"}, {dc, "contoso"}, {cn, "CONTOSO-DC-CA"}},
			"2B0000000011AC0000000012",
			"X509:<I>DC=com,DC=contoso,CN=CONTOSO-DC-CA<SR>1200000000AC11000000002B",
		},
		{
			[]attribute{{dc, "local"}, {dc, "dod"}, {cn, "SpatDoD Root CA"}},
			"10e8bd03000000000032",
			"X509:<I>DC=local,DC=dod,CN=SpatDoD Root CA<SR>32000000000003BDE810",
		},
		{
			[]attribute{{country, "CZ"}, {state, "Čechy"}, {organisation, `Corp, "the" Example`}, {email, "ca@corp.example"}, {qualifier, "7"}},
			"FF01", // DER writes it with a zero in front
			`X509:<I>C=CZ,S=Čechy,O="Corp, ""the"" Example",E=ca@corp.example,OID.2.5.4.46=7<SR>01FF`,
		},
	} {
		var issuer pkix.RDNSequence
		for _, a := range c.issuer {
			issuer = append(issuer, pkix.RelativeDistinguishedNameSET{{Type: a.oid, Value: a.value}})
		}
		got, err := IssuerSerialBinding(certificateBy(t, issuer, c.serial))
		if err != nil || got != c.want {
			t.Errorf("got  %s (%v)\nwant %s", got, err, c.want)
		}
	}
	if _, err := IssuerSerialBinding([]byte("no certificate")); err == nil {
		t.Error("rubbish has a binding")
	}
	if got, want := SIDURI("S-1-5-21-1-2-3-1104"), "tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-1104"; got != want {
		t.Errorf("got %s, wanted %s", got, want)
	}
}

// issuedBy makes a certificate whose issuer is as given.
func certificateBy(t *testing.T, issuer pkix.RDNSequence, serial string) []byte {
	t.Helper()
	name, err := asn1.Marshal(issuer)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	number, _ := new(big.Int).SetString(serial, 16)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: number}, &x509.Certificate{RawSubject: name}, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
