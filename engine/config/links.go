package config

import (
	"fmt"

	"cardkiosk/engine"
)

// links are what a policy is linked to.
func (p *policy) links(c *checker, at *path, d Directory) (all []engine.Link) {
	base, err := engine.ParseDN(d.BaseDN)
	known := err == nil && !c.main.unclear(c.root.key("directory").key("base_dn"))
	for i, text := range p.Containers {
		at := at.key("containers").item(i)
		dn, ok := c.linked(at, text, "OU=Sales,DC=corp,DC=example")
		if ok && known && !dn.Equal(base) && !dn.Below(base) {
			c.wrong(at, fmt.Sprintf("%s is not below directory.base_dn (%s): no user is ever found there", quote(text), quote(d.BaseDN)),
				"correct one of the two")
		}
		all = append(all, engine.Link{Container: text})
	}
	for i, text := range p.Groups {
		_, _ = c.linked(at.key("groups").item(i), text, "CN=Managers,OU=Groups,DC=corp,DC=example")
		all = append(all, engine.Link{Group: text})
	}
	return all
}

func (c *checker) linked(at *path, text, example string) (engine.DN, bool) {
	dn, err := engine.ParseDN(text)
	if err != nil {
		c.wrong(at, fmt.Sprintf("%s is not a distinguished name: %s", quote(text), err), fmt.Sprintf("write it like this: %q", example))
	}
	return dn, err == nil
}
