package engine

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// tableCase is one combination of everything an update's plan depends on.
type tableCase struct {
	card             string // which kind
	kind             string // of template
	inCard, inUser   bool   // whether the card's and the user's policy have it
	optional, ticked bool
	state            string // of the certificate
	sameKey          bool   // on renewal; for a common certificate: the PFX is the same
	thirdParty       bool   // something from elsewhere lies in the slot
}

const (
	signing, encryption, common = "signing", "encryption", "common"

	revokedSuperseded, revokedCompromise, onHold = "superseded", "keyCompromise", "certificateHold"
)

func tableCases() []tableCase {
	var all []tableCase
	both := []bool{true, false}
	states := []string{string(isValid), string(isExpiring), string(isExpired), revokedSuperseded, revokedCompromise, onHold}
	for _, card := range []string{movesKeys, keepsKeys} {
		for _, kind := range []string{signing, encryption, common} {
			for _, inCard := range both {
				for _, inUser := range both {
					for _, optional := range both {
						for _, ticked := range both {
							for _, state := range states {
								for _, sameKey := range both {
									for _, third := range both {
										all = append(all, tableCase{card, kind, inCard, inUser, optional, ticked, state, sameKey, third})
									}
								}
							}
						}
					}
				}
			}
		}
	}
	return all
}

func (c tableCase) String() string {
	word := func(yes bool, a, b string) string {
		if yes {
			return a
		}
		return b
	}
	key := word(c.sameKey, "same key", "new key")
	if c.kind == common {
		key = word(c.sameKey, "same PFX", "new PFX")
	}
	return fmt.Sprintf("card %s user %s %-9s %-8s %-15s %s %s", word(c.inCard, "yes", "no "), word(c.inUser, "yes", "no "),
		word(c.optional, "optional", "mandatory"), word(c.ticked, "ticked", "cleared"), c.state, key,
		word(c.thirdParty, "third-party", "free       "))
}

// world lays the case out: the template in question at its place, and a
// bystander that both policies have and nothing speaks against.
func (c tableCase) world() *world {
	w := newWorld(c.card)
	bystander := modelTemplate("Bystander", "9e", DigitalSignature)
	t := c.template(w)
	was, is := Policy{Name: "Staff", Templates: []Template{bystander}}, Policy{Name: "Staff", Templates: []Template{bystander}}
	managed := []Managed{w.grant(bystander, "9e", isValid)}
	if c.inCard {
		was.Templates = append(was.Templates, t)
		managed = append(managed, c.granted(w, t))
	}
	if c.thirdParty {
		w.intrude(t.Place)
	}
	if c.inUser {
		if t.Common() && !c.sameKey {
			t.PFX = w.newPFX(DigitalSignature)
		}
		is.Templates = append(is.Templates, t)
	}
	w.write(was, managed...)
	w.policy = is
	return w
}

func (c tableCase) template(w *world) Template {
	t := modelTemplate("Template", "9c", DigitalSignature)
	switch c.kind {
	case encryption:
		t = modelTemplate("Template", "9d", KeyAgreement)
	case common:
		t = modelCommon("Template", "9c", w.newPFX(DigitalSignature))
	}
	t.Optional, t.Renewal.SameKey = c.optional, c.sameKey && c.kind != common
	return t
}

func (c tableCase) granted(w *world, t Template) Managed {
	l := isValid
	if c.state == string(isExpiring) || c.state == string(isExpired) {
		l = life(c.state)
	}
	m := w.grant(t, t.Place, l)
	switch c.state {
	case revokedSuperseded, revokedCompromise, onHold:
		w.revoke(m, RevokeReason(c.state))
	}
	return m
}

func (c tableCase) selection() Selection {
	return Selection{Optional: map[string]bool{"Template": c.ticked}}
}

// Every combination of what the card's policy and the user's policy say, of what
// was ticked, of the certificate's state and of what lies in the slot: the plan
// is as on file, breaks no rule when it is carried out, and leaves nothing to do.
func TestTable(t *testing.T) {
	const want = 2 * 3 * 2 * 2 * 2 * 2 * 6 * 2 * 2
	cases := tableCases()
	if len(cases) != want {
		t.Fatalf("%d cases, not %d", len(cases), want)
	}
	files, plans, carried := map[string]*bytes.Buffer{}, map[string]bool{}, 0
	for _, c := range cases {
		plan, done, breaks := c.world().carryOut(c.selection())
		for _, b := range breaks {
			t.Errorf("%s, %s, %s: %s\n\t%s", c.card, c.kind, c, b, planLine(plan))
		}
		if done {
			carried++
		}
		name := strings.ReplaceAll(strings.ToLower(c.card+" "+c.kind), " ", "-")
		if files[name] == nil {
			files[name] = &bytes.Buffer{}
		}
		plans[planLine(plan)] = true
		fmt.Fprintf(files[name], "%s: %s\n", c, planLine(plan))
	}
	t.Logf("%d cases, %d different plans, %d carried out", len(cases), len(plans), carried)
	for name, got := range files {
		golden(t, filepath.Join("..", "testdata", "plans", "table", name+".golden"), got.Bytes())
	}
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got:\n%s", path, got)
	}
}
