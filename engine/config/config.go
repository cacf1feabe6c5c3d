// Package config reads config.toml: strictly, and with every finding in one go.
//
// Beware: a Config comes from Load or Parse only; both have checked it, so what
// they return needs no second look. Files with secrets are named, never read:
// that is for the parts that need them, which Trials asks.
package config

import "cardkiosk/engine"

// Config is config.toml, a field for each table. Paths are relative to the
// working directory (or absolute), whatever they were relative to in the file.
type Config struct {
	PolicyFiles []string `toml:"policy_files"` // as they were written; * stands for any text in a name

	Station   Station       `toml:"station"`
	Log       Log           `toml:"log"`
	Store     Store         `toml:"store"`
	Readers   Readers       `toml:"readers"`
	Directory Directory     `toml:"directory"`
	CAs       map[string]CA `toml:"ca"`
	Mail      Mail          `toml:"mail"`
	Vault     Vault         `toml:"vault"`
	Access    Access        `toml:"access"`
	Snapshot  Snapshot      `toml:"snapshot"`
	Requests  Requests      `toml:"requests"`
	SignIn    SignIn        `toml:"sign_in"`
	Audit     Audit         `toml:"audit"`
	Agent     Agent         `toml:"agent"`

	Roles    []engine.Role   `toml:"-"` // made from [[role]], in this order
	Policies []engine.Policy `toml:"-"` // made from [[policy]], here and in the policy files, in this order
	PFXFiles []PFXFile       `toml:"-"` // where the keys of common certificates are
	Warnings []Finding       `toml:"-"` // what does not keep the program from starting
}

// document is the whole file: Config, and the policies as they are written.
type document struct {
	Config
	Policy []policy `toml:"policy"`
	Role   []role   `toml:"role"`
}

// check checks every table, fills in what was left out, and makes the policies.
func (d *document) check(c *checker) {
	d.Station.check(c, c.root.key("station"))
	d.Log.check(c, c.root.key("log"), d.Station)
	d.Store.check(c, c.root.key("store"), d.Station)
	d.Readers.check(c, c.root.key("readers"))
	d.Directory.check(c, c.root.key("directory"))
	checkCAs(c, c.root.key("ca"), d.CAs)
	d.Mail.check(c, c.root.key("mail"), d.Station)
	d.Vault.check(c, c.root.key("vault"))
	d.Access.check(c, c.root.key("access"))
	d.Snapshot.check(c, c.root.key("snapshot"))
	d.Requests.check(c, c.root.key("requests"))
	d.SignIn.check(c, c.root.key("sign_in"), d)
	d.Audit.check(c, c.root.key("audit"))
	d.Agent.check(c, c.root.key("agent"))
	d.checkPolicies(c)
	d.checkRoles(c)
}
