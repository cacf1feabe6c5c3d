package config

import (
	"maps"
	"slices"
	"time"
)

// CA is a certification authority, under the name that templates use.
type CA struct {
	Type            CAType        `toml:"type"`
	URL             string        `toml:"url"`
	CertificateFile string        `toml:"certificate_file"` // the station's, PEM
	KeyFile         string        `toml:"key_file"`
	RootFile        string        `toml:"root_file"`    // who vouches for the server, PEM
	IssuersFile     string        `toml:"issuers_file"` // under which it issued before this kiosk, PEM; "": none
	Timeout         time.Duration `toml:"timeout"`
}

// CAType says which connector speaks to a CA.
type CAType string

// Builtin is the CA that comes with this program: kiosk ca serve.
const Builtin CAType = "builtin"

func checkCAs(c *checker, at *path, cas map[string]CA) {
	if len(cas) == 0 {
		c.absent(at, "add [ca.NAME] with type, url, certificate_file, key_file and root_file; templates use NAME")
	}
	for _, name := range slices.Sorted(maps.Keys(cas)) {
		ca := cas[name]
		ca.check(c, at.key(name))
		cas[name] = ca
	}
}

func (ca *CA) check(c *checker, at *path) {
	oneOf(c, at.key("type"), ca.Type, Builtin)
	const example = "https://ca.corp.example:8443"
	if c.need(at.key("url"), ca.URL, `name the CA's server: url = "`+example+`"`) {
		c.address(at.key("url"), ca.URL, []string{"https"}, example)
	}
	const made = "name the file that kiosk ca station made for this kiosk"
	if c.need(at.key("certificate_file"), ca.CertificateFile, made) {
		c.certificatesNamed(at.key("certificate_file"), &ca.CertificateFile)
	}
	if c.need(at.key("key_file"), ca.KeyFile, made) {
		c.secretNamed(at.key("key_file"), &ca.KeyFile)
	}
	if c.need(at.key("root_file"), ca.RootFile, made) {
		c.certificatesNamed(at.key("root_file"), &ca.RootFile)
	}
	c.certificatesNamed(at.key("issuers_file"), &ca.IssuersFile)
	fallback(c, at.key("timeout"), &ca.Timeout, 30*time.Second)
	c.timeout(at.key("timeout"), ca.Timeout)
	try(c, at, "key_file", c.trials.CA, *ca, "name the key that kiosk ca station made together with the certificate")
}
