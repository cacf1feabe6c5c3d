package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// asked is what a PKCS #10 request asks for, in the terms of the rules. What
// the terms have no word for is named as well as can be, so that the refusal
// says what it was.
type asked struct {
	csr        *x509.CertificateRequest
	subject    []attribute // Type is an OID where we have no name for it
	usage      []engine.KeyUsage
	extended   []asn1.ObjectIdentifier
	names      []engine.SAN // Kind as in sanTags where it is not one of ours
	sid        string
	key        engine.KeyType
	unknown    []string         // OIDs of extensions that no rule can permit
	extensions []pkix.Extension // what goes into the certificate as asked
	validDays  int
	operator   string // whom the station names
	approval   bool   // the key is not the one that the certificate will be for
}

// readAsked reads a request and checks that whoever sent it holds the key.
func readAsked(r wire.Request) (*asked, error) {
	unreadable := func(err error) error {
		return &engine.Error{Op: "read request", Kind: engine.BadInput, Err: err}
	}
	csr, err := x509.ParseCertificateRequest(r.CSR)
	if err != nil {
		return nil, unreadable(fmt.Errorf("the request is not a PKCS #10 request: %w", err))
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, unreadable(fmt.Errorf("the request is not signed by the key it is for: %w", err))
	}
	a := &asked{csr: csr, key: keyTypeOf(csr.PublicKey), validDays: r.ValidDays, operator: r.Actor.Who, approval: r.Approval}
	if a.subject, err = readSubject(csr.RawSubject); err != nil {
		return nil, unreadable(err)
	}
	for _, e := range csr.Extensions {
		if err := a.readExtension(e); err != nil {
			return nil, unreadable(err)
		}
	}
	return a, nil
}

// content is what an id stands for. Signatures are left out: a kiosk that lost the
// answer signs anew.
func content(r wire.Request, a *asked) string {
	h := sha256.New()
	h.Write(a.csr.RawTBSCertificateRequest)
	h.Write(fmt.Appendf(nil, "%q %d %q", r.Template, r.ValidDays, r.User.ID))
	if r.Approval || r.Approved != "" {
		h.Write(fmt.Appendf(nil, " %t %q", r.Approval, r.Approved))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// says is what a certificate is to say, whoever's key it is for: an approval is
// for that.
func says(r wire.Request, a *asked) string {
	h := sha256.New()
	h.Write(fmt.Appendf(nil, "%q %d %q %x", r.Template, r.ValidDays, r.User.ID, a.csr.RawSubject))
	for _, e := range a.extensions {
		h.Write(fmt.Appendf(nil, " %s %x", e.Id, e.Value))
	}
	return hex.EncodeToString(h.Sum(nil))
}

func keyTypeOf(public any) engine.KeyType {
	switch k := public.(type) {
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256():
			return engine.P256
		case elliptic.P384():
			return engine.P384
		}
		return engine.KeyType(strings.ToLower(k.Params().Name))
	case *rsa.PublicKey:
		return engine.KeyType(fmt.Sprintf("rsa%d", k.N.BitLen()))
	}
	return engine.KeyType(fmt.Sprintf("%T", public))
}

// readSubject wants one attribute per part.
func readSubject(der []byte) ([]attribute, error) {
	var parts []asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &parts); err != nil || len(rest) > 0 {
		return nil, errors.New("the subject is not a name")
	}
	var subject []attribute
	for _, p := range parts {
		var one struct {
			Type  asn1.ObjectIdentifier
			Value asn1.RawValue
		}
		if p.Tag != asn1.TagSet || !p.IsCompound {
			return nil, errors.New("the subject is not a name")
		}
		if rest, err := asn1.Unmarshal(p.Bytes, &one); err != nil || len(rest) > 0 {
			return nil, errors.New("a part of the subject does not have exactly one attribute")
		}
		name := attributeName(one.Type)
		value, err := readText(name, one.Value)
		if err != nil {
			return nil, fmt.Errorf("the subject attribute %s: %w", name, err)
		}
		subject = append(subject, attribute{name, value})
	}
	return subject, nil
}

// readText wants the string types of RFC 5280, appendix A.1.
func readText(name string, v asn1.RawValue) (string, error) {
	permitted := []int{asn1.TagPrintableString, asn1.TagUTF8String}
	switch name {
	case "E", "DC":
		permitted = []int{asn1.TagIA5String}
	case "C", "SERIALNUMBER":
		permitted = []int{asn1.TagPrintableString}
	}
	if v.Class != asn1.ClassUniversal || !slices.Contains(permitted, v.Tag) {
		return "", errors.New("it is not of the string type that it has to be")
	}
	var s string
	_, err := asn1.Unmarshal(v.FullBytes, &s)
	return s, err
}

// readExtension reads one extension that is asked for. The certificate gets
// its value as it is; whether it is critical is not the station's to say.
func (a *asked) readExtension(e pkix.Extension) error {
	var err error
	critical := false
	switch {
	case e.Id.Equal(oidKeyUsage):
		critical = true // RFC 5280, 4.2.1.3
		a.usage, err = readUsage(e.Value)
	case e.Id.Equal(oidExtKeyUsage):
		err = readAll(e.Value, &a.extended)
	case e.Id.Equal(oidSAN):
		a.names, err = readNames(e.Value)
	case e.Id.Equal(oidSID):
		a.sid, err = readSID(e.Value)
	default:
		a.unknown = append(a.unknown, e.Id.String())
		return nil
	}
	if err != nil {
		return fmt.Errorf("the extension %s: %w", e.Id, err)
	}
	a.extensions = append(a.extensions, pkix.Extension{Id: e.Id, Critical: critical, Value: e.Value})
	return nil
}
