package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"

	"cardkiosk/engine"
)

// common is a [[policy.common]] as it is written: one certificate with its key
// for many cards.
type common struct {
	Name         string             `toml:"name"`
	PFX          string             `toml:"pfx"`
	PasswordFile string             `toml:"password_file"`
	Place        places             `toml:"place"`
	PIN          engine.PINPolicy   `toml:"pin"`
	Touch        engine.TouchPolicy `toml:"touch"`
	Optional     bool               `toml:"optional"`
}

// PFXFile is where a common certificate is, with its key.
type PFXFile struct {
	File         string
	PasswordFile string // "": without a password
}

// make checks a common certificate and builds its template.
func (o *common) make(c *checker, at *path) engine.Template {
	c.name(at.key("name"), o.Name, `give the certificate a name: name = "door"`)
	fallback(c, at.key("pin"), &o.PIN, engine.PINOnce)
	oneOf(c, at.key("pin"), o.PIN, engine.PINOnce, engine.PINAlways, engine.PINNever)
	fallback(c, at.key("touch"), &o.Touch, engine.TouchNever)
	oneOf(c, at.key("touch"), o.Touch, engine.TouchNever, engine.TouchAlways, engine.TouchCached)
	o.Place.check(c, at.key("place"))
	certificate, key := o.open(c, at)
	checkHolds(c, at, o.Place, key)
	return engine.Template{
		Name: o.Name, Place: o.Place.first(), Others: o.Place.others(), Optional: o.Optional,
		Key: engine.KeySpec{Type: key, PIN: o.PIN, Touch: o.Touch},
		PFX: &engine.PFX{Certificate: certificate},
	}
}

// open reads the certificate in the PFX, and the kind of its key. Without the
// trial the PFX is not opened, and both are empty.
func (o *common) open(c *checker, at *path) (der []byte, key engine.KeyType) {
	before := len(c.found)
	if c.need(at.key("pfx"), o.PFX, `name the file with certificate and key: pfx = "door.pfx"`) {
		c.secretNamed(at.key("pfx"), &o.PFX)
	}
	c.secretNamed(at.key("password_file"), &o.PasswordFile)
	broken := false
	for _, f := range c.found[before:] {
		broken = broken || f.Severity == Error
	}
	if broken || c.trials.PFX == nil || c.unclear(at.key("pfx")) || c.unclear(at.key("password_file")) {
		return nil, ""
	}
	certificate, err := c.trials.PFX(o.PFX, o.PasswordFile)
	if err != nil {
		c.wrong(at.key("pfx"), "cannot be used: "+cause(err), "name a PFX (PKCS #12) with one certificate and its key, and in password_file the file with its password")
		return nil, ""
	}
	key, ok := keyTypeOf(certificate.DER)
	if !ok {
		c.wrong(at.key("pfx"), quote(o.PFX)+" holds a key that cards do not take", "make one with a key of RSA-2048, P-256 or P-384")
	}
	return certificate.DER, key
}

func keyTypeOf(der []byte) (engine.KeyType, bool) {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return "", false
	}
	const bits = 2048
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return engine.RSA2048, k.N.BitLen() == bits
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P384() {
			return engine.P384, true
		}
		return engine.P256, k.Curve == elliptic.P256()
	}
	return "", false
}
