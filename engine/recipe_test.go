package engine

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
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

// A question mark leaves out what is not there, never what cannot be used.
func TestOptionalSANThatCannotBeUsed(t *testing.T) {
	r, err := ParseSANRecipe("email?={mail}")
	if err != nil {
		t.Fatal(err)
	}
	_, ok, err := r.Make(User{Mail: "zoë@corp.example"})
	var a *AttributeError
	var m *Misfit
	if ok || !errors.As(err, &a) || a.Attribute != "mail" || !errors.As(err, &m) || m.Why != MisfitASCII {
		t.Errorf("ok %v, err %v", ok, err)
	}
}

// The attribute to correct is the one with the characters in the way, not the
// first of the recipe.
func TestMisfitNamesItsAttribute(t *testing.T) {
	r, err := ParseNameRecipe("CN=x,E={logon}.{mail}")
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Make(User{Logon: "zoe", Mail: "zoë@corp.example"})
	var a *AttributeError
	if !errors.As(err, &a) || a.Attribute != "mail" {
		t.Errorf("err %v", err)
	}
}

// Whatever a recipe lets through can be encoded, and is read again as what it
// was: nobody finds out after the key was made.
func TestWhatFitsIsEncoded(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	kinds := []SANKind{SANUPN, SANMail, SANDNS, SANURI}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.StringOf(rapid.RuneFrom([]rune("aZ09 '@.*&_ëß😀:/-"))), rapid.StringMatching(`[a-z]{1,3}(@[a-z]{1,3}|:[a-z]+|\.[a-z]+|[A-Z]{80})?`))
		rdn := RDN{rapid.SampledFrom(nameTypes).Draw(t, "type"), text.Draw(t, "value")}
		san := SAN{rapid.SampledFrom(kinds).Draw(t, "kind"), text.Draw(t, "name")}
		if Clean(rdn.Value+san.Value) != rdn.Value+san.Value || rdn.Value == "" || rdn.fits() != nil || san.fits() != nil {
			return
		}
		ask := Ask{Subject: []RDN{{"CN", "x"}, rdn}, SAN: []SAN{san}}
		der, err := ask.csr(key, nil)
		if err != nil {
			t.Fatal(err)
		}
		csr, err := x509.ParseCertificateRequest(der)
		if err != nil {
			t.Fatal(err)
		}
		read := csr.Subject.Names[0]
		if read.Value != rdn.Value || !read.Type.Equal(nameOIDs[rdn.Type]) {
			t.Fatalf("%v became %v", rdn, read)
		}
		named := slices.Concat(csr.EmailAddresses, csr.DNSNames)
		if (san.Kind == SANMail || san.Kind == SANDNS) && !slices.Equal(named, []string{san.Value}) {
			t.Fatalf("%v became %v", san, named)
		}
	})
}

// The directory is asked for what recipes read, and for nothing else.
func TestRecipeAttributes(t *testing.T) {
	r, _ := ParseNameRecipe("CN={name},OU={department},L={l}")
	if got := r.Attributes(); !reflect.DeepEqual(got, []string{"department", "l"}) {
		t.Errorf("reads %v", got)
	}
}
