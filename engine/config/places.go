package config

import (
	"fmt"
	"slices"
	"strconv"

	"cardkiosk/engine"
)

// places is a slot or a list of slots, as it is written: "9a", ["82", "83"],
// "retired".
type places []engine.Place

// anyRetired stands for all retired slots.
const anyRetired engine.Place = "retired"

// retired reports whether a place is one of the retired key management slots,
// 82 to 95 (SP 800-73-4 part 1, 4.1). YubiKeys make keys in them too. Former
// encryption keys fill them from 82 upward, keys in the making from 95 down.
func retired(p engine.Place) bool {
	n, err := strconv.ParseUint(string(p), 16, 8)
	return err == nil && n >= 0x82 && n <= 0x95 && string(p) == fmt.Sprintf("%02x", n)
}

// check reports words that are no slots, and slots named twice.
func (p places) check(c *checker, at *path) {
	if len(p) == 0 {
		c.need(at, "", `name the slot: place = "9a"`)
	}
	for i, one := range p {
		if !retired(one) {
			oneOf(c, at.item(i), one, "9a", "9c", "9d", "9e", anyRetired)
		}
		if twice := p[:i].slots(); one != "" && slices.ContainsFunc(p[i:i+1].slots(), func(s engine.Place) bool { return slices.Contains(twice, s) }) {
			c.wrong(at.item(i), quote(string(one))+" is named twice", "name each slot once")
		}
	}
}

// slots are the places, with all those that a word stands for.
func (p places) slots() []engine.Place {
	var all []engine.Place
	for _, one := range p {
		switch {
		case one == anyRetired:
			for n := 0x82; n <= 0x95; n++ {
				all = append(all, engine.Place(fmt.Sprintf("%02x", n)))
			}
		case one != "":
			all = append(all, one)
		}
	}
	return all
}

// first and others are the slots as a template has them.
func (p places) first() engine.Place {
	for _, s := range p.slots() {
		return s
	}
	return ""
}

func (p places) others() []engine.Place {
	if s := p.slots(); len(s) > 1 {
		return s[1:]
	}
	return nil
}

// tenant is something that wants one of several slots.
type tenant struct {
	what     string // `template "logon"`
	slots    []engine.Place
	optional bool
	at       *path // of its slots
}

// tenancy is who is in which slot, by their number.
type tenancy map[engine.Place]int

// settle finds a slot for tenant n; others move to another slot of theirs for
// it, where they have one.
func (y tenancy) settle(tenants []tenant, n int, asked map[engine.Place]bool) bool {
	for _, s := range tenants[n].slots {
		if asked[s] {
			continue
		}
		asked[s] = true
		if there, taken := y[s]; !taken || y.settle(tenants, there, asked) {
			y[s] = n
			return true
		}
	}
	return false
}

// checkSlots reports mandatory certificates of one policy that cannot all be on
// a card, and optional ones for which there is never a slot beside them.
func checkSlots(c *checker, tenants []tenant) {
	mandatory := tenancy{}
	for n, t := range tenants {
		if !t.optional && len(t.slots) > 0 && !mandatory.settle(tenants, n, map[engine.Place]bool{}) {
			c.wrong(t.at, mandatory.taken(tenants, t), "give each mandatory certificate a slot of its own")
		}
	}
	for n, t := range tenants {
		beside := tenancy{}
		for s, m := range mandatory {
			beside[s] = m
		}
		if t.optional && len(t.slots) > 0 && !beside.settle(tenants, n, map[engine.Place]bool{}) {
			c.warn(t.at, mandatory.taken(tenants, t)+": the optional one can never be chosen", "give it a slot of its own")
		}
	}
}

// taken says by whom the slots of a tenant are taken.
func (y tenancy) taken(tenants []tenant, t tenant) string {
	var by []string
	for _, s := range t.slots {
		if n, ok := y[s]; ok && !slices.Contains(by, tenants[n].what) {
			by = append(by, tenants[n].what)
		}
	}
	if len(t.slots) == 1 {
		return fmt.Sprintf("slot %s is taken by %s", quote(string(t.slots[0])), andList(by))
	}
	return "each of its slots is taken, by " + andList(by)
}
