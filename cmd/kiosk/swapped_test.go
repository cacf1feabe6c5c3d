package main

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
	"cardkiosk/engine/words"
)

// Certificates of policies, as the configuration has them.
const (
	logonTemplate = `
[[policy.template]]
name = "logon"
ca = "corp"
profile = "logon"
place = "9a"
key = "p256"
subject = "CN={name},O=Corp Example"
san = ["upn={upn}", "email?={mail}"]
usage = ["digitalSignature"]
extended = ["clientAuth", "smartcardLogon"]
tracked = ["name", "mail"]
valid_days = 730
renew_days = 30
`
	signingTemplate = `
[[policy.template]]
name = "signing"
ca = "corp"
profile = "signing"
place = "9c"
key = "p256"
pin = "always"
subject = "CN={name},O=Corp Example"
usage = ["digitalSignature", "contentCommitment"]
extended = ["emailProtection"]
tracked = []
valid_days = 730
renew_days = 30
`
	encryptionTemplate = `
[[policy.template]]
name = "encryption"
ca = "corp"
profile = "encryption"
place = "9d"
key = "p256"
subject = "CN={name},O=Corp Example"
usage = ["keyAgreement"]
extended = ["emailProtection"]
tracked = []
valid_days = 730
renew_days = 30
`
	doorTemplate = `
[[policy.template]]
name = "door"
ca = "corp"
profile = "cardauth"
place = "9e"
key = "p256"
pin = "never"
subject = "CN=Door,O=Corp Example"
usage = ["digitalSignature"]
extended = ["cardAuth"]
valid_days = 730
renew_days = 30
`
	boardroomTemplate = `
[[policy.template]]
name = "boardroom"
ca = "corp"
profile = "cardauth"
place = "9e"
key = "rsa2048"
pin = "never"
subject = "CN=Boardroom,O=Corp Example"
usage = ["digitalSignature"]
extended = ["cardAuth"]
valid_days = 730
renew_days = 30
`
)

// policyText begins a policy that changes neither PUK nor administration key,
// so that other programs can write to the card too.
func policyText(name, settings string, parts ...string) string {
	return fmt.Sprintf("\n[[policy]]\nname = %q\n%s\n[policy.setup]\npuk = \"leave\"\nadmin_key = \"leave\"\n", name, settings) + strings.Join(parts, "")
}

// commonText is a common certificate that the test data has.
func commonText(name, place, file string) string {
	return fmt.Sprintf("\n[[policy.common]]\nname = %q\npfx = %q\npassword_file = %q\nplace = %q\n", name, file, file+"-password", place)
}

func pemOf(der string) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte(der)}))
}

// startCrowdedSlapd serves a crowd of others too, and the group Managers, which
// holds Staff, which holds Laboratory.
func startCrowdedSlapd(t *testing.T, dir, password string) (addr string) {
	t.Helper()
	var more strings.Builder
	more.WriteString("\ndn: cn=Managers,ou=Groups,dc=corp,dc=example\nobjectClass: groupOfNames\ncn: Managers\nmember: cn=Staff,ou=Groups,dc=corp,dc=example\n")
	for i := range crowd {
		fmt.Fprintf(&more, "\ndn: uid=bert%04[1]d,dc=corp,dc=example\nobjectClass: inetOrgPerson\nuid: bert%04[1]d\ncn: Bert Middle%04[1]d\nsn: Middle%04[1]d\n", i)
	}
	return slapdWith(t, dir, password, more.String())
}

// ldap changes the directory as its administrator does.
func (s *site) ldap(ldif string) {
	s.t.Helper()
	cmd := exec.Command("ldapmodify", "-H", "ldaps://"+s.fill.Replace("DIRECTORY"), "-D", slapdAdmin, "-w", s.passwords.directory)
	cmd.Env = append(cmd.Environ(), "LDAPTLS_CACERT="+s.path("root.pem"))
	cmd.Stdin = strings.NewReader(ldif)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("ldapmodify: %v\n%s", err, out)
	}
}

func (s *site) modify(dn, deed, attribute, value string) {
	s.t.Helper()
	encoded := base64.StdEncoding.EncodeToString([]byte(value))
	s.ldap(fmt.Sprintf("dn: %s\nchangetype: modify\n%s: %s\n%s:: %s\n", dn, deed, attribute, attribute, encoded))
}

// A user who gets into a group of a group of a group gets another policy, and an
// update does exactly what the two policies differ in: what both have keeps its
// bytes and its keys; and again when the user leaves the group. A new name asks
// for a new certificate; whose account is disabled gets none. The report knows
// all that once the worker has looked, at what has changed only.
func (s *site) policiesSwapped() {
	const user, dn = "jdvorak", "uid=jdvorak,ou=Research,dc=corp,dc=example"
	s.copyPFX("modern-p256.pfx")
	s.withPolicies(
		policyText("staff", "", logonTemplate, signingTemplate, encryptionTemplate, doorTemplate),
		policyText("managers", "priority = 10\ngroups = [\"cn=Managers,ou=Groups,dc=corp,dc=example\"]", logonTemplate, signingTemplate, boardroomTemplate,
			commonText("seal", "82", "modern-p256.pfx")))
	p := s.open(0)
	if n := s.found(p, "bert"); n != crowd {
		s.t.Errorf("%d users were found, wanted %d", n, crowd)
	}
	s.put(0, "712301")
	s.explained(user, "staff", "managers: none of its links leads to this user")
	if first := s.updateOf(user, "--card", "712301", "--assign"); len(first.Written) != 4 {
		s.t.Fatalf("first issue: %+v", first)
	}
	if !s.snapshotRead(p) {
		s.t.Error("the worker's first look was not at everybody")
	}
	s.lies("712301", "9a", "9c", "9d", "9e")
	s.moved(p, user, dn, "add", []string{
		`The card was written under policy "staff"; its user now has "managers"`,
		`Template "boardroom" was added to the policy`,
		`Common certificate "seal" was added to the policy`,
		`Template "encryption" is not in the policy any more`,
		`Template "door" is not in the policy any more`,
	})
	s.explained(user, "managers", "linked to the group cn=Managers,ou=Groups,dc=corp,dc=example")
	s.lies("712301", "82", "9a", "9c", "9e")
	s.moved(p, user, dn, "delete", []string{
		`The card was written under policy "managers"; its user now has "staff"`,
		`Template "encryption" was added to the policy`,
		`Template "door" was added to the policy`,
		`Template "boardroom" is not in the policy any more`,
		`Common certificate "seal" is not in the policy any more`,
	})
	s.lies("712301", "9a", "9c", "9d", "9e")
	s.renamedAndDisabled(p, user, dn)
}

// moved has the user come into the group, or go out of it, and the card updated:
// in 9A and 9C is what both policies have, in 9E something else for each.
func (s *site) moved(p *parts, user, dn, deed string, reasons []string) {
	s.t.Helper()
	before := s.holds("9a", "9c", "9e")
	s.modify("cn=Laboratory,ou=Groups,dc=corp,dc=example", deed, "member", dn)
	s.says("the report before the worker looked", s.due(user))
	if s.snapshotRead(p) {
		s.t.Error("the worker read everybody because of one group")
	}
	s.says("the report", s.due(user), reasons...)
	_, got := s.profile(p, user)
	s.says("the profile", got, reasons...)
	if got := s.updateOf(user); got.End != engine.Finished || len(got.Written) != 2 || len(got.Removed) != 2 {
		s.t.Errorf("the update: %+v", got)
	}
	after := s.holds("9a", "9c", "9e")
	for _, at := range []engine.Place{"9a", "9c"} {
		if after[at] != before[at] {
			s.t.Errorf("the certificate in %s is another", at)
		}
		s.signs(at, before[at])
	}
	if after["9e"] == before["9e"] {
		s.t.Error("the certificate in 9e is the same")
	}
	s.signs("9e", after["9e"])
	_, got = s.profile(p, user)
	s.says("the profile after the update", got)
	s.says("the report after the update", s.due(user))
}

// lies expects certificates and keys in these places of a card, and in no others;
// other programs list as many.
func (s *site) lies(serial string, places ...engine.Place) {
	s.t.Helper()
	state, err := sim.File(s.path("card-" + serial + ".json")).Load()
	if err != nil {
		s.t.Fatal(err)
	}
	var keys []engine.Place
	for slot := range state.Keys {
		if slot != attestation {
			keys = append(keys, engine.Place(fmt.Sprintf("%02x", byte(slot))))
		}
	}
	slices.Sort(keys)
	if !slices.Equal(keys, places) {
		s.t.Errorf("keys lie in %s, not in %s", keys, places)
	}
	if on := slices.Sorted(maps.Keys(s.holds("82", "83", "94", "95", "9a", "9c", "9d", "9e"))); !slices.Equal(on, places) {
		s.t.Errorf("certificates lie in %s, not in %s", on, places)
	}
	out, err := exec.Command("pkcs15-tool", "-c").CombinedOutput()
	if listed := strings.Count(string(out), "X.509 Certificate"); err != nil || listed != len(places) {
		s.t.Errorf("pkcs15-tool lists %d certificates, %v\n%s", listed, err, out)
	}
}

// attestation is the slot with a key that nobody brings or removes.
const attestation sim.Slot = 0xf9

func (s *site) renamedAndDisabled(p *parts, user, dn string) {
	s.modify(dn, "replace", "displayName", "Jiří Novotný")
	s.modify(dn, "replace", "mail", "jiri@corp.example")
	s.says("the report before the worker looked", s.due(user))
	if s.snapshotRead(p) {
		s.t.Error("the worker read everybody because of one user")
	}
	renamed := []string{
		`logon: name has changed from "Jiří Dvořák" to "Jiří Novotný"`,
		`logon: mail has changed from "jdvorak@corp.example" to "jiri@corp.example"`,
	}
	s.says("the report", s.due(user), renamed...)
	_, reasons := s.profile(p, user)
	s.says("the profile", reasons, renamed...)
	if got := s.updateOf(user); len(got.Written) != 1 || got.Written[0].Subject != "Jiří Novotný" {
		s.t.Errorf("the update: %+v", got)
	}

	s.modify(dn, "replace", "userAccountControl", "514")
	s.shownDisabled(user)
	s.modify(dn, "replace", "displayName", "Jiří N.")
	s.refused(user, exitRefused, words.English.Obstacle(engine.UserDisabled{}))
}

// found counts whom a search finds, over all of its pages.
func (s *site) found(p *parts, text string) int {
	s.t.Helper()
	all, err := search(s.t.Context(), p, text)
	if err != nil {
		s.t.Error(err)
	}
	return len(all)
}

// copyPFX puts a common certificate of the test data beside the configuration.
func (s *site) copyPFX(name string) {
	write(s.t, s.path(name), read(s.t, "../../testdata/pfx/"+name))
	write(s.t, s.path(name+"-password"), read(s.t, "../../testdata/pfx/password"))
}
