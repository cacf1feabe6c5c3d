package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cardkiosk/engine"
)

// policyFile is a file that holds policies and nothing else.
type policyFile struct {
	Policy []policy `toml:"policy"`
}

// written is a policy with the place where it is written.
type written struct {
	*policy
	c  *checker
	at *path
}

// checkPolicies makes the policies: those of config.toml, then those of the
// files it names.
func (d *document) checkPolicies(c *checker) {
	all := writtenIn(c, d.Policy)
	for i, name := range d.PolicyFiles {
		all = append(all, c.policyFiles(c.root.key("policy_files").item(i), name)...)
	}
	if len(all) == 0 && len(d.PolicyFiles) == 0 {
		c.absent(c.root.key("policy"), "add [[policy]] with a name, [policy.setup], and a [[policy.template]] for each certificate")
	}
	for _, w := range all {
		d.Policies = append(d.Policies, w.check(w.c, w.at, d.Config))
		for _, o := range w.Common {
			if f := (PFXFile{o.PFX, o.PasswordFile}); o.PFX != "" && !slices.Contains(d.PFXFiles, f) {
				d.PFXFiles = append(d.PFXFiles, f)
			}
		}
	}
	checkBetween(all, d.Policies)
	checkGroups(all)
}

// checkGroups reports more groups than the snapshot of the directory can follow.
func checkGroups(all []written) {
	named := map[string]bool{}
	for _, w := range all {
		for i, group := range w.Groups {
			if named[group] = true; len(named) > engine.MostGroups {
				w.c.wrong(w.at.key("groups").item(i), fmt.Sprintf("is group number %d; policies may name %d", len(named), engine.MostGroups),
					"gather groups in a group of the directory, and name that")
				return
			}
		}
	}
}

func writtenIn(c *checker, policies []policy) (all []written) {
	for i := range policies {
		all = append(all, written{&policies[i], c, c.root.key("policy").item(i)})
	}
	return all
}

// policyFiles reads the files that a pattern stands for, in the order of their
// names. One that was read before is left out.
func (c *checker) policyFiles(at *path, pattern string) (all []written) {
	if !c.need(at, pattern, `name a file: policy_files = ["policies/*.toml"]`) {
		return nil
	}
	files, err := filepath.Glob(c.resolve(pattern))
	switch {
	case err != nil:
		c.wrong(at, quote(pattern)+" cannot be read as a pattern", `close its brackets, or write it like this: "policies/*.toml"`)
	case len(files) == 0:
		c.wrong(at, quote(pattern)+" names no file", "put the file there, or correct the path (relative paths start at the configuration file's folder)")
	}
	for _, name := range files {
		switch {
		case same(name, c.file):
			c.wrong(at, quote(pattern)+" names this file too", "keep policy files in a folder of their own")
		case !slices.ContainsFunc(c.others, func(o *checker) bool { return same(o.file, name) }):
			all = append(all, c.policyFile(at, name)...)
		}
	}
	return all
}

func (c *checker) policyFile(at *path, name string) []written {
	data, problem := read(name)
	if problem != "" {
		c.wrong(at, quote(name)+" "+problem, "correct it, or name another file")
		return nil
	}
	o := c.another(name, data)
	var f policyFile
	if !o.read(&f) {
		return nil
	}
	if len(f.Policy) == 0 {
		o.absent(o.root.key("policy"), "add [[policy]] with a name, [policy.setup], and a [[policy.template]] for each certificate")
	}
	return writtenIn(o, f.Policy)
}

func same(a, b string) bool {
	one, err := os.Stat(a)    //nolint:gosec // whoever writes the configuration names its files
	other, err2 := os.Stat(b) //nolint:gosec // as above
	return err == nil && err2 == nil && os.SameFile(one, other)
}

// checkBetween reports what does not go together between policies.
func checkBetween(all []written, made []engine.Policy) {
	for i, w := range all {
		for _, before := range all[:i] {
			if w.Name != "" && w.Name == before.Name {
				w.c.wrong(w.at.key("name"), quote(w.Name)+" is also the name of the policy at "+before.where(), "give each policy a name of its own")
				break
			}
		}
		w.checkSameNames(all[:i])
		if by, ok := engine.Shadowed(made, i); ok && w.soundLinks() {
			var names []string
			for _, j := range by {
				names = append(names, quote(all[j].Name))
			}
			w.c.warn(w.at, fmt.Sprintf("%s can never be anybody's: for every user it could have, %s goes before it", quote(w.Name), andList(names)),
				"give it a higher priority or other links, or remove it")
		}
	}
}

// where is the file and line of a policy.
func (w written) where() string {
	line, _ := w.c.position(w.at)
	return fmt.Sprintf("%s:%d", w.c.file, line)
}

// soundLinks reports whether all links were understood: one that was not may
// lead to somebody.
func (w written) soundLinks() bool {
	for _, key := range []string{"priority", "containers", "groups"} {
		if w.c.unclear(w.at.key(key)) {
			return false
		}
	}
	return !slices.ContainsFunc(w.c.found, func(f Finding) bool {
		return strings.HasPrefix(f.Key, w.at.shown) && (strings.HasSuffix(f.Key, ".containers") || strings.HasSuffix(f.Key, ".groups"))
	})
}

// checkSameNames warns of templates that two policies call the same although
// they are not: an update that changes the policy of a card leaves the
// certificate as it is.
func (w written) checkSameNames(before []written) {
	for i, t := range w.Template {
		if other, ok := otherOrigin(t, before); ok {
			at := w.at.key("template").item(i).key("name")
			w.c.warn(at, fmt.Sprintf("%s is also a template of policy %s, with another CA or profile: an update takes them for the same certificate", quote(t.Name), quote(other)),
				"give them different names, or the same ca and profile")
		}
	}
}

func otherOrigin(t template, before []written) (policy string, ok bool) {
	for _, w := range before {
		for _, o := range w.Template {
			if t.Name != "" && t.Name == o.Name && (t.CA != o.CA || t.Profile != o.Profile) {
				return w.Name, true
			}
		}
	}
	return "", false
}
