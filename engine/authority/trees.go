package authority

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"net"
	"time"
)

// backdate is how far certificates reach into the past, for clocks that lag.
// The CA's own reach as far, so that validity nests from the first minute.
const backdate = 5 * time.Minute

// tree is a CA certificate with its key.
type tree struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// plantTree makes a self-signed CA certificate: it may sign certificates and
// CRLs, and no CA below it (path length 0).
func plantTree(name string, key crypto.Signer, notBefore, notAfter time.Time, random io.Reader) (tree, error) {
	serial, err := newSerial(random)
	if err != nil {
		return tree{}, err
	}
	id, err := keyID(key.Public())
	if err != nil {
		return tree{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             notBefore,
		NotAfter:              notAfter,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
		SubjectKeyId:          id,
	}
	der, err := x509.CreateCertificate(random, template, template, key.Public(), key)
	if err != nil {
		return tree{}, fmt.Errorf("sign certificate of %q: %w", name, err)
	}
	cert, err := x509.ParseCertificate(der)
	return tree{cert, key}, err
}

// credential makes a certificate for one end of the API: the server's when
// hosts are named, else a station's.
func (t tree) credential(name string, public crypto.PublicKey, hosts []string, notBefore, notAfter time.Time, random io.Reader) (*x509.Certificate, error) {
	serial, err := newSerial(random)
	if err != nil {
		return nil, err
	}
	id, err := keyID(public)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             notBefore,
		NotAfter:              earlier(notAfter, t.cert.NotAfter),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
		SubjectKeyId:          id,
	}
	if len(hosts) > 0 {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
			continue
		}
		template.DNSNames = append(template.DNSNames, h)
	}
	der, err := x509.CreateCertificate(random, template, t.cert, public, t.key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate of %q: %w", name, err)
	}
	return x509.ParseCertificate(der)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
