package engine

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"
)

// formerCA issued the cards of before. Its own certificate ended long ago.
type formerCA struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	next int64
}

func newFormerCA(t *testing.T, name string) *formerCA {
	t.Helper()
	ca := &formerCA{t: t, key: newP256(t)}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: issuedAt.AddDate(-9, 0, 0), NotAfter: issuedAt.AddDate(-1, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &ca.key.PublicKey, ca.key)
	must(t, err)
	ca.cert, err = x509.ParseCertificate(der)
	must(t, err)
	return ca
}

func newP256(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return key
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// holds makes what lies at one place, told in short:
// "9a CN=Ada_Lovelace upn=ada@corp.example newer".
func (ca *formerCA) holds(text string) Item {
	ca.t.Helper()
	words := strings.Fields(text)
	it := Item{Place: Place(words[0])}
	if words[1] == "unreadable" {
		it.Unreadable = "it is no certificate"
		return it
	}
	ca.next++
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(100 + ca.next), NotBefore: issuedAt, NotAfter: endsAt, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	key := newP256(ca.t)
	beside := key
	var names []asn1.RawValue
	for _, w := range words[1:] {
		kind, value, _ := strings.Cut(w, "=")
		switch kind {
		case "CN":
			tmpl.Subject = pkix.Name{CommonName: strings.ReplaceAll(value, "_", " "), Organization: []string{"Corp Example"}}
		case "entry":
			tmpl.RawSubject = ca.entry(value)
		case "serial":
			tmpl.Subject = pkix.Name{SerialNumber: value}
		case "upn", "email":
			names = append(names, generalNames([]SAN{{SANKind(kind), value}})...)
		case "uuid":
			names = append(names, generalNames([]SAN{{SANURI, "urn:uuid:" + value}})...)
		case "fascn":
			number, err := hex.DecodeString(value)
			must(ca.t, err)
			names = append(names, otherName(oidFASCN, asn1.TagOctetString, string(number)))
		case "encrypts":
			tmpl.KeyUsage = x509.KeyUsageKeyAgreement
		case "newer":
			tmpl.NotBefore = issuedAt.AddDate(0, 1, 0)
		case "sha1":
			tmpl.SignatureAlgorithm = x509.ECDSAWithSHA1
		case "otherkey":
			beside = newP256(ca.t)
		default:
			ca.t.Fatalf("what is %q?", w)
		}
	}
	if len(names) > 0 {
		value, err := asn1.Marshal(names)
		must(ca.t, err)
		tmpl.ExtraExtensions = []pkix.Extension{{Id: oidSAN, Value: value}}
	}
	var err error
	it.Certificate, err = x509.CreateCertificate(rand.Reader, tmpl, ca.cert, &key.PublicKey, ca.key)
	must(ca.t, err)
	public, err := x509.MarshalPKIXPublicKey(&beside.PublicKey)
	must(ca.t, err)
	it.Key = &Key{Public: public}
	return it
}

// entry is a directory entry's name as a subject: "uid=ada,dc=corp".
func (ca *formerCA) entry(dn string) []byte {
	ca.t.Helper()
	var seq pkix.RDNSequence
	for _, part := range strings.Split(dn, ",") {
		name, value, _ := strings.Cut(part, "=")
		seq = append(pkix.RDNSequence{{{Type: nameOIDs[strings.ToUpper(name)], Value: value}}}, seq...)
	}
	der, err := asn1.Marshal(seq)
	must(ca.t, err)
	return der
}
