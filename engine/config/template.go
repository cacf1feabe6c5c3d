package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cardkiosk/engine"
)

// template is a [[policy.template]] as it is written.
type template struct {
	Name         string             `toml:"name"`
	CA           string             `toml:"ca"`
	Profile      string             `toml:"profile"`
	Place        places             `toml:"place"`
	Key          engine.KeyType     `toml:"key"`
	KeyOrigin    keyOrigin          `toml:"key_origin"`
	PIN          engine.PINPolicy   `toml:"pin"`
	Touch        engine.TouchPolicy `toml:"touch"`
	Optional     bool               `toml:"optional"`
	Subject      string             `toml:"subject"`
	SAN          []string           `toml:"san"`
	Usage        []engine.KeyUsage  `toml:"usage"`
	Extended     []string           `toml:"extended"`
	Binding      engine.Binding     `toml:"binding"`
	Tracked      []string           `toml:"tracked"`
	ValidDays    int                `toml:"valid_days"`
	RenewDays    int                `toml:"renew_days"`
	RenewPercent int                `toml:"renew_percent"`
	renewal
	HoldOnDisable  bool `toml:"hold_on_disable"`
	KeepOnUnassign bool `toml:"keep_on_unassign"`
}

// keyOrigin says where a key is made.
type keyOrigin string

const (
	fromCard keyOrigin = "card"
	fromPFX  keyOrigin = "pfx"
)

// extendedNames are the names that engine.ExtendedUsage knows.
var extendedNames = []string{
	"clientAuth", "emailProtection", "smartcardLogon", "pkinitClient", "documentSigning", "cardAuth",
}

// check reports what is wrong with the template by itself.
func (t *template) check(c *checker, at *path, cfg Config) {
	c.name(at.key("name"), t.Name, `give the template a name: name = "logon"`)
	if c.need(at.key("ca"), t.CA, "name the CA that issues it: the NAME of a [ca.NAME]") && len(cfg.CAs) > 0 {
		oneOf(c, at.key("ca"), t.CA, slices.Sorted(maps.Keys(cfg.CAs))...)
	}
	c.need(at.key("profile"), t.Profile, "say what the CA calls this template")
	oneOf(c, at.key("key"), t.Key, engine.P256, engine.P384, engine.RSA2048)
	fallback(c, at.key("pin"), &t.PIN, engine.PINOnce)
	oneOf(c, at.key("pin"), t.PIN, engine.PINOnce, engine.PINAlways, engine.PINNever)
	fallback(c, at.key("touch"), &t.Touch, engine.TouchNever)
	oneOf(c, at.key("touch"), t.Touch, engine.TouchNever, engine.TouchAlways, engine.TouchCached)
	t.checkOrigin(c, at.key("key_origin"))
	t.checkUsages(c, at)
	t.checkPlace(c, at)
	t.checkBinding(c, at.key("binding"), cfg.Directory)
	t.checkLife(c, at)
	t.checkRenewal(c, at)
}

// checkOrigin refuses a key from a file for a certificate that a CA issues: it
// would have been in other hands.
func (t *template) checkOrigin(c *checker, at *path) {
	fallback(c, at, &t.KeyOrigin, fromCard)
	if t.KeyOrigin == fromPFX {
		c.wrong(at, "is pfx, but what a CA issues to one user is for a key of their card's own",
			`use "card"; a certificate and key that many cards share are a [[policy.common]], with pfx = "…"`)
		return
	}
	oneOf(c, at, t.KeyOrigin, fromCard, fromPFX)
}

// checkBinding reports a binding for which the directory has nothing.
func (t *template) checkBinding(c *checker, at *path, d Directory) {
	if t.Binding == "" && !c.given(at) {
		return
	}
	oneOf(c, at, t.Binding, engine.BindExtension, engine.BindURI, engine.BindAttribute)
	switch t.Binding {
	case engine.BindExtension, engine.BindURI:
		if d.Attributes.SID == "" && !c.main.unclear(attribute(c, "sid")) {
			c.wrong(at, "needs users' SIDs, but directory.attributes.sid is empty", "name the attribute there, or remove it")
		}
	case engine.BindAttribute:
		if d.Kind == OpenLDAP && !c.main.unclear(c.root.key("directory").key("kind")) {
			c.wrong(at, "writes to accounts of Active Directory, but directory.kind is openldap", `set kind = "active-directory" there, or remove it`)
		}
	}
}

func (t *template) checkUsages(c *checker, at *path) {
	if len(t.Usage) == 0 {
		c.need(at.key("usage"), "", `say what the key is for: usage = ["digitalSignature"]`)
	}
	elliptic := t.Key == engine.P256 || t.Key == engine.P384
	for i, u := range t.Usage {
		at := at.key("usage").item(i)
		oneOf(c, at, u, engine.DigitalSignature, engine.ContentCommitment, engine.KeyEncipherment, engine.KeyAgreement)
		// RFC 5480, 3: keyEncipherment must not be in a certificate with an
		// elliptic-curve key. RFC 3279, 2.3.1: keyAgreement not in one with RSA.
		if u == engine.KeyEncipherment && elliptic {
			c.wrong(at, fmt.Sprintf("%q is not for keys of type %s", u, t.Key), `use "keyAgreement", or key = "rsa2048"`)
		}
		if u == engine.KeyAgreement && t.Key == engine.RSA2048 {
			c.wrong(at, fmt.Sprintf("%q is not for keys of type %s", u, t.Key), `use "keyEncipherment", or key = "p256"`)
		}
	}
	for i, e := range t.Extended {
		if _, err := engine.ExtendedUsage(e); err != nil {
			t.unknownExtended(c, at.key("extended").item(i), e)
		}
	}
}

func (t *template) unknownExtended(c *checker, at *path, e string) {
	remedy := "use " + orList(append(slices.Clone(extendedNames), "an OID like 1.3.6.1.5.5.7.3.2"))
	if near := Nearest(e, extendedNames); near != "" {
		remedy = fmt.Sprintf("did you mean %q?", near)
	}
	c.wrong(at, quote(e)+" is neither the name of an extended key usage nor an OID", remedy)
}

// mostDays is a century, so that no sum of days leaves what a date can hold.
const mostDays = 36500

func (t *template) checkLife(c *checker, at *path) {
	days, percent := at.key("renew_days"), at.key("renew_percent")
	if c.given(at.key("valid_days")) {
		c.counts(at.key("valid_days"), t.ValidDays, mostDays)
	} else {
		c.wrong(at.key("valid_days"), "is missing", "say how long the certificate is valid: valid_days = 730")
	}
	switch {
	case c.given(days) && c.given(percent):
		c.wrong(percent, "stands beside renew_days", "keep one of the two")
	case c.given(percent):
		c.counts(percent, t.RenewPercent, 99)
	case c.given(days) && t.ValidDays > 0 && t.RenewDays >= t.ValidDays:
		c.wrong(days, fmt.Sprintf("is %d, but the certificate is valid for %d days only: it would be renewed for ever",
			t.RenewDays, t.ValidDays), "use a number below valid_days")
	case c.given(days):
		c.counts(days, t.RenewDays, mostDays)
	case !c.unclear(days) && !c.unclear(percent):
		c.wrong(days, "is missing", "say how long before its end the certificate is renewed: renew_days = 30, or renew_percent = 10")
	}
}

// make builds the template, and reports recipes that could not work.
func (t *template) make(c *checker, at *path, d Directory) engine.Template {
	made := engine.Template{
		Name: t.Name, CA: t.CA, Profile: t.Profile, Place: t.Place.first(), Others: t.Place.others(),
		Key:      engine.KeySpec{Type: t.Key, PIN: t.PIN, Touch: t.Touch},
		Optional: t.Optional,
		Subject:  t.subject(c, at.key("subject"), d),
		SAN:      t.names(c, at.key("san"), d),
		Usage:    t.Usage, Extended: t.Extended, Binding: t.Binding,
		ValidDays: t.ValidDays, Renew: engine.Window{Days: t.RenewDays, Percent: t.RenewPercent}, Renewal: t.rule(),
		HoldWhenDisabled: t.HoldOnDisable, KeepUnassigned: t.KeepOnUnassign,
	}
	made.Tracked = t.tracked(c, at.key("tracked"), d, made)
	return made
}

// tracked are the attributes whose change makes a card due: all that go into
// the certificate, unless the file names others.
func (t *template) tracked(c *checker, at *path, d Directory, made engine.Template) []string {
	if !c.given(at) {
		return goesIn(made)
	}
	for i, name := range t.Tracked {
		checkKnown(c, at.item(i), d, name)
	}
	return t.Tracked
}

// goesIn are the attributes that a certificate is made of.
func goesIn(t engine.Template) []string {
	names := t.Subject.Reads()
	for _, s := range t.SAN {
		names = append(names, s.Reads()...)
	}
	if t.Binding == engine.BindExtension || t.Binding == engine.BindURI {
		names = append(names, "sid")
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (t *template) subject(c *checker, at *path, d Directory) engine.NameRecipe {
	const example = `subject = "CN={name},O=Corp Example"`
	if !c.need(at, t.Subject, "say who the certificate is for: "+example) {
		return engine.NameRecipe{}
	}
	recipe, err := engine.ParseNameRecipe(t.Subject)
	if err != nil {
		c.wrong(at, err.Error(), "write it like this: "+example)
		return recipe
	}
	for _, name := range recipe.Attributes() {
		checkKnown(c, at, d, name)
	}
	_, err = recipe.Make(d.everyone(recipe.Attributes()))
	checkFilled(c, at, err)
	return recipe
}

func (t *template) names(c *checker, at *path, d Directory) []engine.SANRecipe {
	var recipes []engine.SANRecipe
	for i, text := range t.SAN {
		at := at.item(i)
		recipe, err := engine.ParseSANRecipe(text)
		if err != nil {
			c.wrong(at, err.Error(), `write it like this: "upn={upn}", or "email?={mail}" to leave it out for users without mail`)
			continue
		}
		recipes = append(recipes, recipe)
		for _, name := range recipe.Attributes() {
			checkKnown(c, at, d, name)
		}
		_, ok, err := recipe.Make(d.everyone(recipe.Attributes()))
		checkFilled(c, at, err)
		if err == nil && !ok {
			c.warn(at, quote(text)+" is left out for everybody: directory.attributes lacks what it asks for",
				"name the attribute there, or take it out here")
		}
	}
	return recipes
}

// checkFilled reports a recipe that no user could fulfil.
func checkFilled(c *checker, at *path, err error) {
	var lacking *engine.AttributeError
	var misfit *engine.Misfit
	switch {
	case !errors.As(err, &lacking):
		return
	case errors.As(err, &misfit):
		if lacking.Attribute == "" { // of attributes nobody knows yet what they hold
			c.wrong(at, misfit.Error(), "correct it")
		}
		return
	case c.main.unclear(attribute(c, lacking.Attribute)):
		return
	}
	c.wrong(at, fmt.Sprintf("asks for {%s}, which nobody has: directory.attributes.%[1]s is empty", lacking.Attribute),
		"name the attribute there, or take it out here")
}

func attribute(c *checker, name string) *path {
	return c.root.key("directory").key("attributes").key(name)
}

// checkKnown reports an attribute that neither is one of ours nor stands in
// directory.attributes.extra. LDAP would ask for a misspelt one without a word.
func checkKnown(c *checker, at *path, d Directory, name string) {
	own, extra := engine.OwnAttributes(), attribute(c, "extra")
	if slices.Contains(own, name) || slices.Contains(d.Attributes.Extra, name) || c.main.unclear(extra) {
		return
	}
	known := slices.Concat(own, d.Attributes.Extra)
	remedy := "add it to directory.attributes.extra, or use one of " + strings.Join(known, ", ")
	if near := Nearest(name, known); near != "" {
		remedy = fmt.Sprintf("did you mean %q? An attribute of the directory has to stand in directory.attributes.extra", near)
	}
	c.wrong(at, fmt.Sprintf("asks for %s, an attribute that is not known", quote(name)), remedy)
}
