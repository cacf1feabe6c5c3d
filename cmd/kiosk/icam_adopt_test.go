package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine"
	"cardkiosk/engine/config"
)

// icamPolicy stands for the demo's; a template for each place follows.
const icamPolicy = `
[[policy]]
name = "Agency"
[policy.setup]
puk = "leave"
admin_key = "leave"
`

const icamTemplate = `
[[policy.template]]
name = "%s"
ca = "Corp Issuing CA"
profile = "%[2]s"
place = "%[3]s"
key = "rsa2048"
subject = "CN={name},OU=ICAM Test Cards,O=U.S. Government,C=US"
usage = ["%[4]s"]
valid_days = 730
renew_days = 30
`

// icamPeople are the holders: whom a card names, the directory has by name or by
// UPN.
func icamPeople() string {
	var ldif strings.Builder
	for i, p := range []struct{ logon, name, upn string }{
		{"first", "ICAM PIV Authentication", ""},
		{"piv-i", "ICAM Test Card Gen1-2 PIV-I Authentication", ""},
		{"missing", "ICAM Test Card PIV Auth SP 800-73-4 Missing DO", ""},
		{"global", "ICAM Test Card PIV Auth SP 800-73-4 Global PIN Primary", ""},
		{"0257000046", "Golden Holder", "0257000046@gsa.gov"}, // only the UPN tells
		{"large", "ICAM Test Card PIV Auth SP 800-73-4 Large Cert", ""},
	} {
		fmt.Fprintf(&ldif, "\ndn: uid=%s,ou=Research,dc=corp,dc=example\nobjectClass: inetOrgPerson\nentryUUID: 7d1c1101-5a3e-4f6b-9c2d-0c0a9e5e99%02d\n", p.logon, i)
		fmt.Fprintf(&ldif, "uid: %s\ncn: %s\ndisplayName: %s\nsn: Holder\n", p.logon, p.name, p.name)
		if p.upn != "" {
			fmt.Fprintf(&ldif, "userPrincipalName: %s\n", p.upn)
		}
	}
	return ldif.String()
}

// openAgency is a kiosk that comes to an agency whose cards are there already:
// its configuration is a file, its directory OpenLDAP, and its CA knows under
// whom the cards were issued, or does not.
func openAgency(t *testing.T, issuers string) *parts {
	t.Helper()
	world, err := demo.Open(t.Context(), demo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = world.Close() })
	dir := t.TempDir()
	serverCertificate(t, dir)
	addr := slapdWith(t, dir, strings.TrimSpace(read(t, filepath.Join(world.Folder, "directory-password"))), icamPeople())
	text, _, _ := strings.Cut(read(t, world.Config()), "[[policy]]")
	text = strings.NewReplacer(
		world.Directory.Addr(), addr, `ca_file = "root.pem"`+"\nbind_dn", `ca_file = "`+filepath.Join(dir, "root.pem")+`"`+"\nbind_dn",
		"[mail]", issuers+"\n[mail]",
	).Replace(text) + icamPolicy
	for _, tmpl := range [][4]any{
		{"Authentication", "authentication", "9a", "digitalSignature"},
		{"Signing", "signing", "9c", "digitalSignature"},
		{"Encryption", "encryption", "9d", "keyEncipherment"},
		{"Card authentication", "cardauth", "9e", "digitalSignature"},
	} {
		text += fmt.Sprintf(icamTemplate, tmpl[:]...)
	}
	write(t, world.Config(), text)
	cfg, err := config.Load(world.Config(), trials(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	return openParts(t, cfg, &demoReaders{})
}

// The public PIV test cards are taken over where a template's CA names their CA
// among those from before: whose each is, its certificates say. What does not
// belong to the holder or to the card, or was tampered with, is third-party; and
// nothing on a card changes. Golden are 01, 46 and 53.
func TestAdoptICAMCards(t *testing.T) {
	folder := os.Getenv("ICAM_CARDS")
	if folder == "" {
		t.Skip("set ICAM_CARDS to a folder with GSA's ICAM test cards (github.com/GSA/gsa-icam-card-builder, cards/)")
	}
	issuers, err := filepath.Abs("../../testdata/icam/issuers.pem")
	if err != nil {
		t.Fatal(err)
	}
	known := openAgency(t, `issuers_file = "`+issuers+`"`)
	unknown := openAgency(t, "")
	const all = "Authentication 9a, Signing 9c, Encryption 9d, Card authentication 9e;"
	for i, c := range []struct{ card, holder, want string }{
		{"01_Golden_PIV", "first", all}, // its GUID is in none of its certificates: known by its FASC-N
		{"03_SKID_Mismatch", "first", all},
		{"05_Tampered_Certificates", "", "; 9a 9c 9d 9e"}, // what names the holder is tampered with
		{"08_Tampered_Security_Object", "first", all},
		{"12_Certs_not_yet_valid", "first", all},
		{"13_Certs_are_expired", "first", all},
		{"15_CHUID_FASCN_mismatch", "first", "Authentication 9a; 9c 9d 9e"},
		{"19_CHUID_UUID_mismatch", "piv-i", "Authentication 9a; 9c 9d 9e"},
		{"23_Public_Private_Key_mismatch", "first", all},
		{"25_Disco_Object_Not_Present", "missing", all},
		{"28_Disco_Object_Present_Global_PIN_Primary", "global", all},
		{"46_Golden_FIPS_201-2_PIV", "0257000046", all},
		{"53_FIPS_201-2_Large_Card_Auth_Cert", "large", all},
	} {
		t.Run(c.card, func(t *testing.T) {
			adoptICAM(t, known, filepath.Join(folder, c.card), uint32(810000+i), c.holder, c.want)
		})
		t.Run(c.card+", issuers unknown", func(t *testing.T) {
			adoptICAM(t, unknown, filepath.Join(folder, c.card), uint32(820000+i), "", "; 9a 9c 9d 9e")
		})
	}
}

// adoptICAM has one card taken over, or not where holder is "", and compares
// what was proposed, what the records have, and the card.
func adoptICAM(t *testing.T, p *parts, folder string, serial uint32, holder, want string) {
	t.Helper()
	if _, err := os.Stat(folder); err != nil && !strings.Contains(folder, "Golden") {
		t.Skip(err)
	}
	chip, _ := icamChip(t, folder, serial)
	readers := demo.NewVirtualReaders(chip)
	if err := readers.Insert(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	p.desk.Readers.(*demoReaders).Readers = readers
	before := chip.State()
	var said strings.Builder
	err := newAdopting(adoptCmd{Yes: true}, p, &clerk{}, &said).run(t.Context())
	if !reflect.DeepEqual(chip.State(), before) {
		t.Error("the card has changed")
	}
	record, ok, rerr := p.desk.Ledger.Card(t.Context(), engine.CardID(fmt.Sprintf("yubikey-%d", serial)))
	if rerr != nil {
		t.Fatal(rerr)
	}
	if holder == "" {
		if ok || codeOf(err) != exitRefused || !strings.Contains(said.String(), "Nothing on it was issued to") {
			t.Errorf("it was taken over: %+v, %v\n%s", record, err, &said)
		}
		return
	}
	var managed, others []string
	for _, m := range record.Managed {
		managed = append(managed, m.Template+" "+string(m.Place))
	}
	for _, tr := range record.Tracked {
		others = append(others, string(tr.Place))
	}
	slices.Sort(others)
	if got := strings.TrimSpace(strings.Join(managed, ", ") + "; " + strings.Join(others, " ")); got != want || record.User.Logon != holder || err != nil {
		t.Errorf("%s has %q, want %s with %q (%v); said\n%s", record.User.Logon, got, holder, want, err, &said)
	}
}
