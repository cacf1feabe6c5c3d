package engine

import (
	"errors"
	"reflect"
	"testing"
)

var ada = User{
	ID: "u1", Name: "Ada Lovelace", Logon: "alovelace", Mail: "ada@corp.example", UPN: "alovelace@corp.example", SID: "S-1-5-21-1-2-3-1104",
	Attributes: map[string][]string{"department": {"Research", "Poetry"}},
}

// A value from the directory stays one value, whatever is in it.
func TestNameRecipeCannotBeInjected(t *testing.T) {
	r, err := ParseNameRecipe(`CN={name},OU={department},O=Corp\, Example`)
	if err != nil {
		t.Fatal(err)
	}
	evil := ada
	evil.Name = `Ada,O=Evil+CN=root\`
	got, err := r.Make(evil)
	want := []RDN{{"CN", `Ada,O=Evil+CN=root\`}, {"OU", "Research"}, {"O", "Corp, Example"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("made %v, %v; want %v", got, err, want)
	}
}

// A recipe says which attribute it could not have.
func TestRecipeLacks(t *testing.T) {
	for _, c := range []struct {
		name, recipe string
		user         User
		attr         string
		missing      bool
	}{
		{"no such attribute", "CN={title}", ada, "title", true},
		{"no mail", "CN={mail}", User{Name: "x"}, "mail", true},
		{"control character", "CN={name}", User{Name: "A\x1b[31mda"}, "name", false},
		{"what was cleaned already", "CN={name}", User{Name: "A\x1b[31mda"}.shown(), "name", false},
		{"direction override", "CN={name}", User{Name: "Ada\u202etxt"}, "name", false},
		{"not UTF-8", "CN={name}", User{Name: "Ad\xff"}, "name", false},
	} {
		r, err := ParseNameRecipe(c.recipe)
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Make(c.user)
		var a *AttributeError
		if !errors.As(err, &a) || a.Attribute != c.attr || errors.Is(err, ErrMissing) != c.missing {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A recipe that is not one is refused with what is wrong.
func TestBadRecipes(t *testing.T) {
	for _, s := range []string{"", "CN", "CN=", "CN={", "CN=}", "CN={na me}", "CN={}", "XX={name}", "{name}=CN", "CN={name},"} {
		if r, err := ParseNameRecipe(s); err == nil {
			t.Errorf("%q was taken as a subject: %v", s, r)
		}
	}
	for _, s := range []string{"", "email", "phone={mail}", "email={", "email=", "upn??={upn}"} {
		if r, err := ParseSANRecipe(s); err == nil {
			t.Errorf("%q was taken as an alternative name: %v", s, r)
		}
	}
}

// An optional alternative name is left out where the directory has nothing; a
// mandatory one keeps the certificate from being made.
func TestOptionalSAN(t *testing.T) {
	nobody := User{Name: "No Mail"}
	for recipe, want := range map[string]struct{ ok, fails bool }{
		"email={mail}": {false, true}, "email?={mail}": {false, false},
	} {
		r, err := ParseSANRecipe(recipe)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok, err := r.Make(nobody); ok != want.ok || (err != nil) != want.fails {
			t.Errorf("%s: ok %v, err %v", recipe, ok, err)
		}
		if san, ok, err := r.Make(ada); !ok || err != nil || san != (SAN{SANMail, "ada@corp.example"}) {
			t.Errorf("%s: %v %v %v", recipe, san, ok, err)
		}
	}
}

// The directory is asked for what recipes read, and for nothing else.
func TestRecipeAttributes(t *testing.T) {
	r, _ := ParseNameRecipe("CN={name},OU={department},L={l}")
	if got := r.Attributes(); !reflect.DeepEqual(got, []string{"department", "l"}) {
		t.Errorf("reads %v", got)
	}
}
