package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"cardkiosk/engine"
)

// Directory is the LDAP directory where the users are.
type Directory struct {
	Kind         DirectoryKind `toml:"kind"`    // decides what is left out below
	Servers      []string      `toml:"servers"` // ldaps:// or ldap:// URLs, in the order they are tried
	StartTLS     bool          `toml:"starttls"`
	CAFile       string        `toml:"ca_file"`     // PEM; "": the system's roots
	ServerName   string        `toml:"server_name"` // in the servers' certificates; "": the host of each URL
	BindDN       string        `toml:"bind_dn"`     // "": anonymous
	PasswordFile string        `toml:"password_file"`
	BaseDN       string        `toml:"base_dn"`
	Filter       string        `toml:"filter"`
	Search       []string      `toml:"search"`    // attributes to search in; empty: name, logon and mail
	PageSize     int           `toml:"page_size"` // entries
	Timeout      time.Duration `toml:"timeout"`
	Attributes   Attributes    `toml:"attributes"`
}

// DirectoryKind names a product, for the sake of its attribute names.
type DirectoryKind string

// The kinds of directory.
const (
	OpenLDAP        DirectoryKind = "openldap"
	ActiveDirectory DirectoryKind = "active-directory"
)

// Attributes are the directory's names for what is known of a user. "" means
// that the directory does not have it.
type Attributes struct {
	ID       string   `toml:"id"`
	Name     []string `toml:"name"` // the first that has a value
	Logon    string   `toml:"logon"`
	Mail     string   `toml:"mail"`
	UPN      string   `toml:"upn"`
	SID      string   `toml:"sid"`
	Manager  string   `toml:"manager"` // the DN of the user's manager
	Extra    []string `toml:"extra"`   // further ones that templates may name
	Disabled Mark     `toml:"disabled"`
}

// Mark is how a disabled account is known: by one of the Bits of a number, by
// a Value, or, when neither is given, by having the attribute at all.
type Mark struct {
	Attribute string `toml:"attribute"` // "": no account is ever disabled
	Bits      int    `toml:"bits"`
	Value     string `toml:"value"`
}

// presets are what each kind of directory calls things.
var presets = map[DirectoryKind]Directory{
	OpenLDAP: {
		Filter: "(objectClass=inetOrgPerson)",
		Attributes: Attributes{
			ID: "entryUUID", Name: []string{"displayName", "cn"}, Logon: "uid", Mail: "mail", Manager: "manager",
		},
	},
	ActiveDirectory: {
		Filter: "(&(objectCategory=person)(objectClass=user))",
		Search: []string{"anr", "mail"}, // MS-ADTS 3.1.1.3.1.3.1.4: ambiguous name resolution has an index for words of names
		Attributes: Attributes{
			ID: "objectGUID", Name: []string{"displayName", "cn"}, Logon: "sAMAccountName", Mail: "mail",
			UPN: "userPrincipalName", SID: "objectSid", Manager: "manager",
			Disabled: Mark{Attribute: "userAccountControl", Bits: 2}, // MS-ADTS 2.2.16, ADS_UF_ACCOUNT_DISABLE
		},
	},
}

// preset falls back on the one that has everything: a kind that is not known
// has been reported, and nothing else is to be reported because of it.
func (d *Directory) preset() Directory {
	if p, known := presets[d.Kind]; known {
		return p
	}
	return presets[ActiveDirectory]
}

func (d *Directory) check(c *checker, at *path) {
	if !c.given(at) {
		c.absent(at, "add [directory] with servers and base_dn")
		return
	}
	fallback(c, at.key("kind"), &d.Kind, OpenLDAP)
	oneOf(c, at.key("kind"), d.Kind, OpenLDAP, ActiveDirectory)
	d.checkServers(c, at)
	c.certificatesNamed(at.key("ca_file"), &d.CAFile)
	c.together(at.key("bind_dn"), d.BindDN != "", at.key("password_file"), d.PasswordFile != "")
	c.secretNamed(at.key("password_file"), &d.PasswordFile)
	d.checkSearch(c, at)
	fallback(c, at.key("page_size"), &d.PageSize, 200)
	c.counts(at.key("page_size"), d.PageSize, 1000)
	fallback(c, at.key("timeout"), &d.Timeout, 5*time.Second)
	c.timeout(at.key("timeout"), d.Timeout)
	d.Attributes.check(c, at.key("attributes"), d.preset().Attributes)
	try(c, at, "servers", c.trials.Directory, *d, "correct it as the sample configuration shows")
}

func (d *Directory) checkServers(c *checker, top *path) {
	at := top.key("servers")
	if len(d.Servers) == 0 {
		c.need(at, "", `name at least one: servers = ["ldaps://ldap.corp.example"]`)
	}
	plain := 0
	for i, server := range d.Servers {
		u, ok := c.address(at.item(i), server, []string{"ldaps", "ldap"}, "ldaps://ldap.corp.example:636")
		if !ok || u.Scheme == "ldaps" {
			continue
		}
		plain++
		if !d.StartTLS && !loopback(u.Hostname()) {
			c.wrong(at.item(i), "would be spoken to in the clear", "use ldaps://, or set starttls = true")
		}
	}
	c.hostNamed(top.key("server_name"), d.ServerName, "dc1.corp.example")
	if d.ServerName != "" && !d.StartTLS && plain == len(d.Servers) {
		c.wrong(top.key("server_name"), "is for a certificate, but without TLS there is none", "remove it")
	}
	if d.StartTLS && plain == 0 {
		c.wrong(top.key("starttls"), "is true, but there is no ldap:// server", "remove it: ldaps:// has TLS from the start")
	}
}

func (d *Directory) checkSearch(c *checker, at *path) {
	fallback(c, at.key("search"), &d.Search, d.preset().Search)
	for i, name := range d.Search {
		checkAttribute(c, at.key("search").item(i), name)
	}
	if d.BindDN != "" && !isLogon(d.BindDN) {
		checkDN(c, at.key("bind_dn"), d.BindDN, "cn=kiosk,ou=services,dc=corp,dc=example")
	}
	const example = "dc=corp,dc=example"
	if c.need(at.key("base_dn"), d.BaseDN, fmt.Sprintf("name the branch with the users: base_dn = %q", example)) {
		checkDN(c, at.key("base_dn"), d.BaseDN, example)
	}
	fallback(c, at.key("filter"), &d.Filter, d.preset().Filter)
	if _, err := ldap.CompileFilter(d.Filter); err != nil {
		c.wrong(at.key("filter"), quote(d.Filter)+" is not an LDAP filter",
			"write it with all its parentheses, or leave the key out: "+presets[OpenLDAP].Filter)
	}
	d.checkForeign(c, at)
}

// checkForeign reports what only Active Directory understands, where kind says
// that it is none: such a search finds nobody, and says nothing.
func (d *Directory) checkForeign(c *checker, at *path) {
	if d.Kind != OpenLDAP || c.unclear(at.key("kind")) {
		return
	}
	const remedy = `set kind = "active-directory", or leave the key out`
	if strings.Contains(strings.ToLower(d.Filter), "objectcategory") {
		c.wrong(at.key("filter"), "asks for objectCategory, which only Active Directory has, but kind is openldap", remedy)
	}
	for i, name := range d.Search {
		if strings.EqualFold(name, "anr") {
			c.wrong(at.key("search").item(i), `"anr" is Active Directory's, but kind is openldap`, remedy)
		}
	}
}

// isLogon reports whether a bind name is one of the forms that Active Directory
// takes beside a DN (MS-ADTS 5.1.1.1.1): "kiosk@corp.example", "CORP\kiosk".
func isLogon(name string) bool {
	i := strings.IndexAny(name, `@\`)
	return i > 0 && i < len(name)-1 && !strings.ContainsAny(name, "=,")
}

func checkDN(c *checker, at *path, dn, example string) {
	if _, err := ldap.ParseDN(dn); err != nil {
		c.wrong(at, quote(dn)+" is not a distinguished name", fmt.Sprintf("write it like this: %q", example))
	}
}

func (a *Attributes) check(c *checker, at *path, preset Attributes) {
	fallback(c, at.key("name"), &a.Name, preset.Name)
	if len(a.Name) == 0 {
		c.need(at.key("name"), "", `name at least one attribute: name = ["displayName", "cn"]`)
	}
	for i, name := range a.Name {
		checkAttribute(c, at.key("name").item(i), name)
	}
	for _, one := range []struct {
		key    string
		value  *string
		preset string
	}{
		{"id", &a.ID, preset.ID},
		{"logon", &a.Logon, preset.Logon},
		{"mail", &a.Mail, preset.Mail},
		{"upn", &a.UPN, preset.UPN},
		{"sid", &a.SID, preset.SID},
		{"manager", &a.Manager, preset.Manager},
	} {
		fallback(c, at.key(one.key), one.value, one.preset)
		if *one.value != "" {
			checkAttribute(c, at.key(one.key), *one.value)
		}
	}
	for i, name := range a.Extra {
		at := at.key("extra").item(i)
		checkAttribute(c, at, name)
		if slices.Contains(engine.OwnAttributes(), name) {
			c.wrong(at, fmt.Sprintf("%s is a name of ours: {%s} means what directory.attributes.%[2]s names", quote(name), name), "remove it here")
		}
	}
	fallback(c, at.key("disabled"), &a.Disabled, preset.Disabled)
	a.Disabled.check(c, at.key("disabled"))
	c.need(at.key("id"), a.ID, `name the attribute that never changes: id = "entryUUID"`)
	c.need(at.key("logon"), a.Logon, `name the attribute with the logon name: logon = "uid"`)
}

func (m Mark) check(c *checker, at *path) {
	if m.Attribute != "" {
		checkAttribute(c, at.key("attribute"), m.Attribute)
	} else if m != (Mark{}) {
		c.need(at.key("attribute"), "", `name the attribute: attribute = "userAccountControl"`)
	}
	if m.Bits != 0 && m.Value != "" {
		c.wrong(at.key("value"), "stands beside bits", "keep one of the two")
	}
	if m.Bits < 0 {
		c.wrong(at.key("bits"), fmt.Sprintf("is %d", m.Bits), "use the bit's value: bits = 2")
	}
}

// checkAttribute takes what RFC 4512, 2.5 calls an attribute description: a
// name or an OID, perhaps with options.
func checkAttribute(c *checker, at *path, name string) {
	if name == "" || strings.Contains(name, "_") || strings.Trim(name, bare+".;") != "" {
		c.wrong(at, quote(name)+" is not the name of an attribute", `use letters, digits and hyphens, as in "displayName"`)
	}
}

// everyone is a user for whom the directory has all it is asked for.
func (d Directory) everyone(extra []string) engine.User {
	has := func(attribute string) string {
		if attribute == "" {
			return ""
		}
		return "x"
	}
	u := engine.User{
		Name: "x", Logon: "x", Mail: has(d.Attributes.Mail), UPN: has(d.Attributes.UPN), SID: has(d.Attributes.SID),
		Attributes: map[string][]string{},
	}
	for _, name := range extra {
		u.Attributes[name] = []string{"x"}
	}
	return u
}
