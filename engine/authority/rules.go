package authority

import (
	"bytes"
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/pelletier/go-toml/v2"

	"cardkiosk/engine"
)

// rules is ca.toml: what the CA permits, who decides what it holds, and when its
// CRL is published.
type rules struct {
	Officers []string `toml:"officers"` // system accounts; left out: nobody
	Queue    struct {
		Retry     span `toml:"retry"`     // when stations are to ask again
		Approvals span `toml:"approvals"` // how long what was approved first can be collected
	} `toml:"queue"`
	CRL struct {
		URL      string `toml:"url"`
		Interval span   `toml:"interval"` // between two CRLs of the schedule
		Overlap  span   `toml:"overlap"`  // how much longer each is valid
	} `toml:"crl"`
	Issuer struct {
		URL string `toml:"url"`
	} `toml:"issuer"`
	Templates []rule `toml:"template"`
}

// rule is what may be asked for under one template. What it does not name is
// not permitted.
type rule struct {
	Name         string          `toml:"name"`
	Decision     decision        `toml:"decision"`
	Renewal      renewalDecision `toml:"renewal"` // left out: as decision
	WhileValid   bool            `toml:"renewal_while_valid"`
	SignedBy     []string        `toml:"renewal_signed_by"` // templates
	Stations     []string        `toml:"stations"`
	Operators    []string        `toml:"operators"`
	SubjectFixed []attribute     `toml:"subject_fixed"`
	SubjectOpen  []attributeType `toml:"subject_open"`
	SAN          struct {
		UPN  []string `toml:"upn"`
		Mail []string `toml:"email"`
		URI  []string `toml:"uri"`
		DNS  []string `toml:"dns"`
	} `toml:"san"`
	Usage        []usageName `toml:"usage"`
	Extended     []usageOID  `toml:"extended"`
	SID          bool        `toml:"sid"`
	Keys         []keyType   `toml:"keys"`
	MaxValidDays int         `toml:"max_valid_days"`
}

// permitted returns the domains (for URIs: beginnings) a kind of alternative
// name may have; nil when the kind is not permitted at all.
func (r *rule) permitted(kind engine.SANKind) []string {
	switch kind {
	case engine.SANUPN:
		return r.SAN.UPN
	case engine.SANMail:
		return r.SAN.Mail
	case engine.SANURI:
		return r.SAN.URI
	case engine.SANDNS:
		return r.SAN.DNS
	}
	return nil
}

//go:embed ca.toml.tmpl
var rulesText string

//go:embed example.toml
var exampleTemplates string

// renderRules writes ca.toml for a new CA. Strings are quoted as TOML's basic
// strings, which Go's quoting of printable text is.
func (o Options) renderRules() []byte {
	fill := map[string]any{
		"Name": o.Name, "Officers": o.Officers, "Retry": cmp.Or(o.Retry, "5m"), "CRL": o.CRLURL, "Issuer": o.IssuerURL,
		"Templates": cmp.Or(o.Rules, exampleTemplates),
	}
	var b bytes.Buffer
	t := template.Must(template.New(rulesFile).Funcs(template.FuncMap{"quote": strconv.Quote}).Parse(rulesText))
	if err := t.Execute(&b, fill); err != nil {
		panic(err) // only strings go into the template that is built in
	}
	return b.Bytes()
}

func loadRules(path string) (rules, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return rules{}, &engine.Error{Op: "read rules", Kind: engine.BadInput, Subject: path, Err: err}
	}
	return parseRules(path, text)
}

// parseRules reads ca.toml. Unknown keys and values that mean nothing are
// refused, each with its line.
func parseRules(path string, text []byte) (rules, error) {
	r := rules{}
	r.CRL.Interval, r.CRL.Overlap, r.Queue.Retry = span(24*time.Hour), span(12*time.Hour), span(5*time.Minute)
	r.Queue.Approvals = span(90 * 24 * time.Hour)
	decoder := toml.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&r)
	if err == nil {
		err = r.check()
	}
	if err != nil {
		return rules{}, &engine.Error{Op: "read rules", Kind: engine.BadInput, Subject: path, Err: located(err)}
	}
	return r, nil
}

// located puts the line and the remedy into the library's errors.
func located(err error) error {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) {
		var all []error
		for i := range unknown.Errors {
			e := &unknown.Errors[i]
			line, _ := e.Position()
			key := e.Key()
			all = append(all, fmt.Errorf("line %d: there is no key %q here: correct its name or remove it", line, key[len(key)-1]))
		}
		return errors.Join(all...)
	}
	var wrong *toml.DecodeError
	if errors.As(err, &wrong) {
		line, _ := wrong.Position()
		return fmt.Errorf("line %d: %s", line, strings.TrimPrefix(wrong.Error(), "toml: "))
	}
	return err
}

// check finds what a line alone does not tell.
func (r *rules) check() error {
	if err := errors.Join(checkURL("crl.url", r.CRL.URL), checkURL("issuer.url", r.Issuer.URL)); err != nil {
		return err
	}
	switch {
	case pathOf(r.CRL.URL) == pathOf(r.Issuer.URL):
		return errors.New("crl.url and issuer.url have the same path: give them different ones")
	case time.Duration(r.CRL.Interval) < time.Minute || r.CRL.Overlap < 0:
		return errors.New("crl.interval has to be at least 1m, and crl.overlap not negative")
	case time.Duration(r.Queue.Retry) < time.Second || time.Duration(r.Queue.Retry) > longestRetry:
		return errors.New("queue.retry has to be from 1s to 24h")
	case time.Duration(r.Queue.Approvals) < time.Hour:
		return errors.New("queue.approvals has to be at least 1h")
	case slices.ContainsFunc(r.Officers, func(o string) bool { return strings.TrimSpace(o) != o || o == "" }):
		return errors.New("officers has a name that is empty or has space around it: name accounts of this system")
	}
	seen := map[string]bool{}
	for i := range r.Templates {
		t := &r.Templates[i]
		if seen[t.Name] {
			return fmt.Errorf("there are two templates %q: rename one", t.Name)
		}
		seen[t.Name] = true
		if err := t.check(); err != nil {
			return fmt.Errorf("template %q: %w", t.Name, err)
		}
		if err := r.checkSignedBy(t); err != nil {
			return fmt.Errorf("template %q: %w", t.Name, err)
		}
	}
	return nil
}

// longestRetry is how long a station may be kept from asking again.
const longestRetry = 24 * time.Hour

// checkSignedBy wants templates whose keys sign.
func (r *rules) checkSignedBy(t *rule) error {
	for _, name := range t.SignedBy {
		switch by := r.template(name); {
		case by == nil:
			return fmt.Errorf("renewal_signed_by names %q, and there is no such template: correct its name or remove it", name)
		case !slices.Contains(by.Usage, usageName{engine.DigitalSignature}):
			return fmt.Errorf("renewal_signed_by names %q, whose keys do not sign: its usage has no digitalSignature", name)
		}
	}
	return nil
}

// template returns the rule of this name, or nil.
func (r *rules) template(name string) *rule {
	i := slices.IndexFunc(r.Templates, func(t rule) bool { return t.Name == name })
	if i < 0 {
		return nil
	}
	return &r.Templates[i]
}

func (r *rule) check() error {
	switch {
	case r.Name == "":
		return errors.New("it has no name: add name = \"…\"")
	case r.Decision == (decision{}):
		return errors.New("nothing says who decides: add decision = \"issue\" or \"hold\"")
	case len(r.SubjectFixed)+len(r.SubjectOpen) == 0:
		return errors.New("it permits no subject: add subject_fixed or subject_open")
	case len(r.Usage) == 0:
		return errors.New("it permits no usage: add usage = [\"digitalSignature\"] or another")
	case len(r.Keys) == 0:
		return errors.New("it permits no key: add keys = [\"p256\"] or others")
	case r.MaxValidDays < 1:
		return errors.New("max_valid_days has to be 1 or more")
	}
	for _, kind := range []engine.SANKind{engine.SANUPN, engine.SANMail, engine.SANURI, engine.SANDNS} {
		if p := r.permitted(kind); p != nil && len(p) == 0 {
			return fmt.Errorf("san.%s is an empty list: name what is permitted, or \"*\" for anything", kind)
		}
	}
	return nil
}

// checkURL wants http: whoever fetches a CRL over https needs a CRL to do so
// (RFC 5280, section 8).
func checkURL(key, text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || u.Host == "" || len(u.Path) < 2 || u.RawQuery != "" {
		return fmt.Errorf("%s %q is not of the form http://pki.corp.example/file", key, text)
	}
	return nil
}

// pathOf returns the path of a URL that checkURL has seen.
func pathOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Path
}
