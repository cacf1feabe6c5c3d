package engine

import (
	"crypto/x509"
	"maps"
	"slices"
	"strings"
	"testing"
)

const (
	cardGUID  = "94e28c6884db44db8a0ef502d6689b14"
	cardUUID  = "94e28c68-84db-44db-8a0e-f502d6689b14"
	otherUUID = "11111111-84db-44db-8a0e-f502d6689b14"
	cardFASCN = "d13810d828af2c1084246da1685828af0210848d84e739c3eb"
)

func mustRecipes(t *testing.T, subject string, san ...string) (name NameRecipe, sans []SANRecipe) {
	t.Helper()
	name, err := ParseNameRecipe(subject)
	must(t, err)
	for _, s := range san {
		r, err := ParseSANRecipe(s)
		must(t, err)
		sans = append(sans, r)
	}
	return name, sans
}

// adoptingPolicy has a template for each kind of certificate.
func adoptingPolicy(t *testing.T) Policy {
	t.Helper()
	subject, san := mustRecipes(t, "CN={name},O=Corp Example", "upn={upn}", "email?={mail}")
	_, mail := mustRecipes(t, "CN={name}", "email?={mail}")
	return Policy{Name: "Staff", Templates: []Template{
		{Name: "Logon", CA: "corp", Place: "9a", Subject: subject, SAN: san, Tracked: []string{"name", "upn", "mail"}, Usage: []KeyUsage{DigitalSignature}, Renew: Window{Days: 30}},
		{Name: "Signing", CA: "corp", Place: "9c", Subject: subject, SAN: mail, Usage: []KeyUsage{DigitalSignature}},
		{Name: "Encryption", CA: "corp", Place: "9d", Subject: subject, SAN: mail, Usage: []KeyUsage{KeyAgreement}},
		{Name: "Door", CA: "doors", Place: "9e", Subject: subject, Usage: []KeyUsage{DigitalSignature}, Optional: true},
		{Name: "VPN", CA: "corp", Place: "84", Others: []Place{"85"}, Subject: subject, Usage: []KeyUsage{DigitalSignature}, Optional: true},
	}}
}

func adopting() User {
	return User{
		ID: "1", DN: "uid=ada,ou=Research,dc=corp", Name: "Ada Lovelace", Logon: "ada", Mail: "ada@corp.example", UPN: "ada@corp.example",
	}
}

// told says what was proposed: "Logon 9a, Signing 9c; kept 82; others 83".
func (a Adoption) told() string {
	var managed, former, others []string
	for _, m := range a.Managed {
		managed = append(managed, m.Template+" "+string(m.Place))
	}
	for _, m := range a.Former {
		former = append(former, string(m.Place))
	}
	for _, f := range a.ThirdParty {
		if f.Unreadable != "" {
			others = append(others, string(f.Place)+"?")
			continue
		}
		others = append(others, string(f.Place))
	}
	return strings.TrimSpace(strings.Join(managed, ", ") + "; " + strings.Join(former, " ") + "; " + strings.Join(others, " "))
}

// What is on the card, and what of it becomes ours.
func TestAdoption(t *testing.T) {
	corp, doors, impostor := newFormerCA(t, "Corp CA"), newFormerCA(t, "Doors CA"), newFormerCA(t, "Corp CA")
	issuers := map[string][]*x509.Certificate{"corp": {corp.cert}, "doors": {doors.cert}}
	noUPN, other := adopting(), adopting()
	noUPN.UPN = ""
	other.Name, other.UPN, other.DN = "Zoë", "zoe@corp.example", "uid=zoe,dc=corp"
	for _, c := range []struct {
		name string
		user User
		card string // what lies where, by the corporate CA; "doors:" and "false:" by others
		want string // ours; kept; others
	}{
		{"all of it", adopting(), "9a CN=Ada_Lovelace upn=ada@corp.example; 9c CN=Ada_Lovelace; 9d CN=Ada_Lovelace encrypts; doors: 9e CN=Ada_Lovelace", "Logon 9a, Signing 9c, Encryption 9d, Door 9e; ;"},
		{"in the order of the policy", adopting(), "84 CN=Ada_Lovelace; 9c CN=Ada_Lovelace", "Signing 9c, VPN 84; ;"},
		{"UPN in other letters", adopting(), "9a CN=Somebody upn=ADA@Corp.Example", "Logon 9a; ;"},
		{"somebody else's UPN, the same name", adopting(), "9a CN=Ada_Lovelace upn=other@corp.example", "; ; 9a"},
		{"UPN, and the directory tells none", noUPN, "9a CN=Ada_Lovelace upn=ada@corp.example", "Logon 9a; ;"},
		{"the entry's name", adopting(), "9a entry=uid=ada,ou=Research,dc=corp", "Logon 9a; ;"},
		{"another entry's name", adopting(), "9a entry=uid=ada,ou=Sales,dc=corp", "; ; 9a"},
		{"somebody else's", other, "9a CN=Ada_Lovelace upn=ada@corp.example; 9c CN=Ada_Lovelace", "; ; 9a 9c"},
		{"another CA of the same name", adopting(), "false: 9a CN=Ada_Lovelace upn=ada@corp.example", "; ; 9a"},
		{"another template's CA", adopting(), "doors: 9a CN=Ada_Lovelace upn=ada@corp.example", "; ; 9a"},
		{"a signature nobody relies on any more", adopting(), "9a CN=Ada_Lovelace sha1", "; ; 9a"},
		{"unreadable beside ours", adopting(), "9a CN=Ada_Lovelace; 9c unreadable; 83 unreadable", "Logon 9a; ; 9c? 83?"},
		{"nothing", adopting(), "", "; ;"},
		{"beside another key", adopting(), "9a CN=Ada_Lovelace otherkey", "; ; 9a"},
		{"signs where one encrypts", adopting(), "9d CN=Ada_Lovelace", "; ; 9d"},
		{"encrypts where one signs", adopting(), "9a CN=Ada_Lovelace encrypts", "; ; 9a"},

		{"two for one template: the better place", adopting(), "85 CN=Ada_Lovelace newer; 84 CN=Ada_Lovelace", "VPN 84; ; 85"},
		{"renewed, the old one beside it", adopting(), "9a CN=Ada_Lovelace newer; 83 CN=Ada_Lovelace", "Logon 9a; ; 83"},
		{"encryption renewed twice", adopting(), "9d CN=Ada_Lovelace encrypts newer; 82 CN=Ada_Lovelace encrypts; 83 CN=Ada_Lovelace encrypts", "Encryption 9d; 82 83;"},
		{"former encryption alone", adopting(), "82 CN=Ada_Lovelace encrypts", "; 82;"},
		{"somebody else's former encryption", other, "82 CN=Ada_Lovelace encrypts", "; ; 82"},
		{"a signing certificate among the former", adopting(), "9a CN=Ada_Lovelace; 82 CN=Ada_Lovelace", "Logon 9a; ; 82"},

		{"card authentication, of this card", adopting(), "9a CN=Ada_Lovelace; doors: 9e serial=1 uuid=" + cardUUID, "Logon 9a, Door 9e; ;"},
		{"card authentication, by FASC-N", adopting(), "9a CN=Ada_Lovelace; doors: 9e serial=1 fascn=" + cardFASCN, "Logon 9a, Door 9e; ;"},
		{"card authentication, of another card", adopting(), "9a CN=Ada_Lovelace; doors: 9e serial=1 uuid=" + otherUUID, "Logon 9a; ; 9e"},
		{"card authentication alone", adopting(), "doors: 9e serial=1 uuid=" + cardUUID, "Door 9e; ;"},
		{"card authentication, its name the card's", adopting(), "doors: 9e CN=" + cardUUID + " uuid=" + cardUUID, "Door 9e; ;"},
		{"card authentication, the card names somebody else", adopting(), "9a CN=Bob upn=bob@corp.example; doors: 9e serial=1 uuid=" + cardUUID, "; ; 9a 9e"},
		{"card authentication, a stranger without UPN", adopting(), "9a CN=Bob uuid=" + cardUUID + "; doors: 9e serial=1 uuid=" + cardUUID, "; ; 9a 9e"},
		{"PIV-I: names the card, and the user elsewhere", adopting(), "9a CN=Ada_Lovelace uuid=" + cardUUID + "; 9c CN=A._Lovelace uuid=" + cardUUID, "Logon 9a, Signing 9c; ;"},
		{"names the card and somebody else's UPN", adopting(), "9a CN=Ada_Lovelace uuid=" + cardUUID + "; 9c CN=Ada upn=bob@corp.example uuid=" + cardUUID, "Logon 9a; ; 9c"},
		{"a bank's, of this card", adopting(), "9a CN=Ada_Lovelace; false: 83 serial=1 uuid=" + cardUUID, "Logon 9a; ; 83"},
	} {
		contents := Contents{
			Identity: Identity{ID: "yubikey-1", GUID: cardGUID}, FASCN: cardFASCN, Abilities: Abilities{History: []Place{"82", "83", "84"}},
		}
		for line := range strings.SplitSeq(c.card, "; ") {
			ca := corp
			by, rest, named := strings.Cut(line, ": ")
			if named {
				ca = map[string]*formerCA{"doors": doors, "false": impostor}[by]
				line = rest
			}
			if line != "" {
				contents.Items = append(contents.Items, ca.holds(line))
			}
		}
		if got := adopt(adoptingPolicy(t), c.user, contents, issuers).told(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Of two users of one name, a certificate with a UPN is the one's alone.
func TestAdoptionOfNamesakes(t *testing.T) {
	corp := newFormerCA(t, "Corp CA")
	issuers := map[string][]*x509.Certificate{"corp": {corp.cert}}
	one, two := adopting(), adopting()
	two.ID, two.UPN, two.DN = "2", "ada2@corp.example", "uid=ada2,dc=corp"
	contents := Contents{Items: []Item{corp.holds("9a CN=Ada_Lovelace upn=ada@corp.example")}}
	if !adopt(adoptingPolicy(t), one, contents, issuers).Ours() || adopt(adoptingPolicy(t), two, contents, issuers).Ours() {
		t.Error("the certificate is not the one's alone")
	}
}

// A common certificate is known by its bytes, wherever it lies and whoever it
// names, and no template of a CA takes it.
func TestAdoptionOfCommon(t *testing.T) {
	bank := newFormerCA(t, "Bank CA")
	shared, stranger := bank.holds("83 CN=Front_door"), bank.holds("82 CN=Front_door")
	policy := Policy{Templates: []Template{
		{Name: "Front door", Place: "82", PFX: &PFX{Certificate: shared.Certificate}},
		{Name: "Back door", Place: "84", PFX: &PFX{Certificate: bank.holds("84 CN=Back").Certificate}},
	}}
	a := adopt(policy, adopting(), Contents{Items: []Item{stranger, shared}}, nil)
	if got := a.told(); got != "Front door 83; ; 82" || !a.Managed[0].Common || a.Managed[0].CA != "" {
		t.Errorf("%q, %+v", got, a.Managed)
	}
}

// Which attributes a certificate was made with, only it tells: where it says
// something else than the directory, nobody knows what was there, and nothing is
// said to have changed.
func TestAdoptedAttributes(t *testing.T) {
	corp := newFormerCA(t, "Corp CA")
	issuers := map[string][]*x509.Certificate{"corp": {corp.cert}}
	all := map[string]string{"name": "Ada Lovelace", "upn": "ada@corp.example", "mail": "ada@corp.example"}
	for card, want := range map[string]map[string]string{
		"9a CN=Ada_Lovelace upn=ada@corp.example email=ada@corp.example": all,
		"9a CN=Ada_Byron upn=ada@corp.example email=ada@corp.example":    nil,
		"9a CN=Ada_Lovelace upn=ada@corp.example email=byron@corp.example": {
			"name": "Ada Lovelace", "upn": "ada@corp.example",
		},
		"9a CN=Ada_Lovelace email=ada@corp.example": {"name": "Ada Lovelace", "mail": "ada@corp.example"},
	} {
		policy, contents := adoptingPolicy(t), Contents{Items: []Item{corp.holds(card)}}
		a := adopt(policy, adopting(), contents, issuers)
		if len(a.Managed) != 1 || !maps.Equal(a.Managed[0].Attributes, want) {
			t.Errorf("%s: %+v, want %v", card, a.Managed, want)
			continue
		}
		user := adopting()
		user.Name, user.Mail = "Ada King", "king@corp.example"
		policy.Templates = policy.Templates[:1]
		reasons := Reasons(Situation{Policy: policy, Record: recordWith(a.Managed...), User: user, Contents: &contents, Now: issuedAt})
		var changed []string
		for _, r := range reasons {
			if c, ok := r.(AttributeChanged); ok {
				changed = append(changed, c.Attribute)
			}
		}
		var noted []string
		for _, name := range []string{"name", "mail"} {
			if _, ok := want[name]; ok {
				noted = append(noted, name)
			}
		}
		if !slices.Equal(changed, noted) || len(changed) != len(reasons) {
			t.Errorf("%s: due because %v, want %v changed", card, reasons, noted)
		}
	}
}
