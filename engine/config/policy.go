package config

import (
	"fmt"
	"slices"

	"cardkiosk/engine"
)

// policy is a [[policy]] as it is written.
type policy struct {
	Name             string     `toml:"name"`
	SearchThirdParty bool       `toml:"search_third_party"`
	Setup            setup      `toml:"setup"`
	Template         []template `toml:"template"`
}

type setup struct {
	PUK   engine.PUKRule   `toml:"puk"`
	Admin engine.AdminRule `toml:"admin_key"`
}

// checkPolicies makes the policies. Every user has the first; linking others
// to containers and groups is not there yet, so they are refused.
func checkPolicies(c *checker, at *path, d *document) []engine.Policy {
	if len(d.Policy) == 0 {
		c.absent(at, "add [[policy]] with a name, [policy.setup], and a [[policy.template]] for each certificate")
	}
	var made []engine.Policy
	for i, p := range d.Policy {
		if i > 0 {
			c.wrong(at.item(i), "is one too many: this version gives every user the same policy",
				"keep one [[policy]] and remove the others")
		}
		made = append(made, p.check(c, at.item(i), d.Config))
	}
	return made
}

func (p policy) check(c *checker, at *path, cfg Config) engine.Policy {
	c.need(at.key("name"), p.Name, `give the policy a name: name = "staff"`)
	p.Setup.check(c, at.key("setup"))
	if len(p.Template) == 0 {
		c.wrong(at.key("template"), "is missing", "add a [[policy.template]] for each certificate that belongs on the card")
	}
	made := engine.Policy{
		Name: p.Name, SearchThirdParty: p.SearchThirdParty,
		Setup: engine.Setup{PUK: p.Setup.PUK, Admin: p.Setup.Admin},
	}
	for i, t := range p.Template {
		t.check(c, at.key("template").item(i), cfg)
		t.checkBeside(c, at.key("template").item(i), p.Template[:i])
		made.Templates = append(made.Templates, t.make(c, at.key("template").item(i), cfg.Directory))
	}
	return made
}

func (s setup) check(c *checker, at *path) {
	if !c.given(at) {
		c.absent(at, "add [policy.setup] with puk and admin_key")
		return
	}
	oneOf(c, at.key("puk"), s.PUK, engine.PUKSealed, engine.PUKBlock, engine.PUKLeave)
	oneOf(c, at.key("admin_key"), s.Admin, engine.AdminProtect, engine.AdminLeave)
	vault := c.root.key("vault")
	if s.PUK == engine.PUKSealed && !c.given(vault) && !c.unclear(vault) {
		c.wrong(at.key("puk"), "is sealed, but there is no [vault] to say for whom",
			`add [vault] with recipient_file, or use "block" or "leave"`)
	}
}

// checkBeside reports what does not go with the templates above.
func (t template) checkBeside(c *checker, at *path, above []template) {
	if t.Name != "" && slices.ContainsFunc(above, func(o template) bool { return o.Name == t.Name }) {
		c.wrong(at.key("name"), quote(t.Name)+" is the name of a template above", "give each template a name of its own")
	}
	for _, o := range above {
		if o.Place != t.Place || t.Place == "" || o.Optional && t.Optional {
			continue
		}
		problem := fmt.Sprintf("slot %s is taken by template %s", quote(string(t.Place)), quote(o.Name))
		if o.Optional || t.Optional {
			c.warn(at.key("place"), problem+": the optional one can never be chosen", "give it a slot of its own")
		} else {
			c.wrong(at.key("place"), problem, "give each mandatory template a slot of its own")
		}
	}
}
