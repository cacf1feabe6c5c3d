package config

import (
	"bytes"
	"fmt"
	"slices"

	"cardkiosk/engine"
)

// policy is a [[policy]] as it is written.
type policy struct {
	Name             string     `toml:"name"`
	Priority         int        `toml:"priority"`
	Containers       []string   `toml:"containers"`
	Groups           []string   `toml:"groups"`
	Publish          bool       `toml:"publish"`
	AccessSystem     bool       `toml:"access_system"`
	SearchThirdParty bool       `toml:"search_third_party"`
	CancelUpdate     bool       `toml:"cancel_update"`
	Setup            setup      `toml:"setup"`
	Users            users      `toml:"users"`
	Tasks            tasks      `toml:"tasks"`
	Notify           []notify   `toml:"notify"`
	Template         []template `toml:"template"`
	Common           []common   `toml:"common"`
}

type setup struct {
	PUK   engine.PUKRule   `toml:"puk"`
	Admin engine.AdminRule `toml:"admin_key"`
}

type users struct {
	Update         bool `toml:"update"`
	ChooseOptional bool `toml:"choose_optional"`
	ChooseTracked  bool `toml:"choose_tracked"`
	CancelUpdate   bool `toml:"cancel_update"`
}

// check checks a policy by itself, and makes it.
func (p *policy) check(c *checker, at *path, cfg Config) engine.Policy {
	c.name(at.key("name"), p.Name, `give the policy a name: name = "staff"`)
	p.Setup.check(c, at.key("setup"))
	p.Users.check(c, at.key("users"), *p)
	p.checkSwitches(c, at)
	made := engine.Policy{
		Name: p.Name, Priority: p.Priority, Links: p.links(c, at, cfg.Directory),
		Setup:            engine.Setup{PUK: p.Setup.PUK, Admin: p.Setup.Admin},
		SearchThirdParty: p.SearchThirdParty, Users: engine.UserOptions(p.Users),
		Publish: p.Publish, AccessSystem: p.AccessSystem, Rules: p.rules(c, at.key("notify"), cfg.Directory), Cancel: p.CancelUpdate,
		Tasks: engine.TaskOptions(p.Tasks),
	}
	if len(p.Template)+len(p.Common) == 0 {
		c.wrong(at.key("template"), "is missing", "add a [[policy.template]] for each certificate that belongs on the card")
	}
	for i := range p.Template {
		at := at.key("template").item(i)
		p.Template[i].check(c, at, cfg)
		made.Templates = append(made.Templates, p.Template[i].make(c, at, cfg.Directory))
	}
	for i := range p.Common {
		at := at.key("common").item(i)
		made.Templates = append(made.Templates, p.Common[i].make(c, at))
	}
	checkOnce(c, at, made.Templates[len(p.Template):])
	p.checkTogether(c, at)
	return made
}

// checkOnce reports common certificates that a card would get twice.
func checkOnce(c *checker, at *path, commons []engine.Template) {
	for i, t := range commons {
		before := slices.IndexFunc(commons[:i], func(o engine.Template) bool {
			return len(o.PFX.Certificate) > 0 && bytes.Equal(o.PFX.Certificate, t.PFX.Certificate)
		})
		if before >= 0 {
			c.wrong(at.key("common").item(i).key("pfx"), "has the certificate of "+quote(commons[before].Name)+" above", "keep one of the two: a card holds a common certificate once")
		}
	}
}

// checkSwitches reports what is switched on without what it needs.
func (p *policy) checkSwitches(c *checker, at *path) {
	if p.Publish && len(p.Template) == 0 && !c.unclear(at.key("template")) {
		c.wrong(at.key("publish"), "is true, but no certificate of this policy is a user's own: there is nothing to write to the directory",
			"add a [[policy.template]], or remove it")
	}
	access := c.root.key("access")
	if p.AccessSystem && !c.main.given(access) && !c.main.unclear(access) {
		c.wrong(at.key("access_system"), "is true, but there is no [access] to say where it is", "add [access] with url and secret_file, or remove it")
	}
}

func (u users) check(c *checker, at *path, p policy) {
	for _, one := range []struct {
		key string
		on  bool
	}{{"choose_optional", u.ChooseOptional}, {"choose_tracked", u.ChooseTracked}} {
		if one.on && !u.Update && !c.unclear(at.key("update")) {
			c.warn(at.key(one.key), "has no effect: users may not update their cards", "set update = true beside it, or remove it")
		}
	}
	if u.ChooseTracked && u.Update && !p.SearchThirdParty {
		c.warn(at.key("choose_tracked"), "has no effect: nobody is asked about third-party certificates", "set search_third_party = true in the policy, or remove it")
	}
	if u.CancelUpdate && !p.CancelUpdate && !c.unclear(at.up.key("cancel_update")) {
		c.warn(at.key("cancel_update"), "has no effect: updates under this policy cannot be cancelled", "set cancel_update = true in the policy, or remove it")
	}
}

func (s setup) check(c *checker, at *path) {
	if !c.given(at) {
		c.absent(at, "add [policy.setup] with puk and admin_key")
		return
	}
	oneOf(c, at.key("puk"), s.PUK, engine.PUKSealed, engine.PUKBlock, engine.PUKLeave)
	oneOf(c, at.key("admin_key"), s.Admin, engine.AdminProtect, engine.AdminLeave)
	vault := c.root.key("vault")
	if s.PUK == engine.PUKSealed && !c.main.given(vault) && !c.main.unclear(vault) {
		c.wrong(at.key("puk"), "is sealed, but there is no [vault] to say for whom",
			`add [vault] with recipient_file, or use "block" or "leave"`)
	}
}

// checkTogether reports certificates that do not go together on a card.
func (p *policy) checkTogether(c *checker, at *path) {
	var names []string
	var tenants []tenant
	add := func(what, name string, at *path, slots []engine.Place, optional bool) {
		if name != "" && slices.Contains(names, name) {
			c.wrong(at.key("name"), quote(name)+" is the name of a template above", "give each template a name of its own")
		}
		names = append(names, name)
		tenants = append(tenants, tenant{fmt.Sprintf("%s %s", what, quote(name)), slots, optional, at.key("place")})
	}
	for i, t := range p.Template {
		add("template", t.Name, at.key("template").item(i), t.Place.slots(), t.Optional)
	}
	for i, o := range p.Common {
		add("common certificate", o.Name, at.key("common").item(i), o.Place.slots(), o.Optional)
	}
	checkSlots(c, tenants)
}
