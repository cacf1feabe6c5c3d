package words_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"flag"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

var update = flag.Bool("update", false, "write golden files")

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// bench is a workbench for plans: a policy, a user, a card and its record.
type bench struct {
	t *testing.T
	engine.Planning
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t}
	b.Policy = engine.Policy{
		Name: "Staff", SearchThirdParty: true,
		Templates: []engine.Template{
			b.template("Authentication", "9a", engine.DigitalSignature),
			b.template("Signing", "9c", engine.DigitalSignature, engine.ContentCommitment),
			b.template("Mail encryption", "9d", engine.KeyAgreement),
			b.template("VPN", "84", engine.DigitalSignature),
		},
		Setup: engine.Setup{PUK: engine.PUKSealed, Admin: engine.AdminProtect},
	}
	b.Policy.Templates[2].Optional = true
	b.Policy.Templates[3].Optional = true
	b.User = engine.User{ID: "u1", Name: "Ada Lovelace", Logon: "alovelace", Mail: "ada@corp.example", UPN: "alovelace@corp.example"}
	b.Contents = engine.Contents{
		Identity: engine.Identity{ID: "yubikey-712233", Serial: "712233", GUID: "00112233445566778899aabbccddeeff", Model: "YubiKey 5.7.1"},
		PIN:      engine.Counter{Left: 3, Max: 3}, PUK: engine.Counter{Left: 3, Max: 3},
		Admin: engine.AdminKey{Algorithm: "AES-192", Protected: true},
		CHUID: true, Capabilities: true, Abilities: yubikey(),
	}
	b.Record = engine.Record{Card: b.Contents.Identity, User: b.User.Ref(), State: engine.StateIssued, Written: now.AddDate(-1, 0, 0)}
	return b
}

func (b *bench) template(name string, at engine.Place, usage ...engine.KeyUsage) engine.Template {
	subject, err := engine.ParseNameRecipe("CN={name},O=Corp Example")
	if err != nil {
		b.t.Fatal(err)
	}
	return engine.Template{
		Name: name, CA: "corp", Profile: name, Place: at, Subject: subject, Usage: usage, ValidDays: 730,
		Key:   engine.KeySpec{Type: engine.P256, PIN: engine.PINOnce, Touch: engine.TouchNever},
		Renew: engine.Window{Days: 30},
	}
}

func yubikey() engine.Abilities {
	a := engine.Abilities{
		KeyTypes: []engine.KeyType{engine.RSA2048, engine.P256, engine.P384},
		ShowKeys: true, MoveKeys: true, DeleteKeys: true, SetSecrets: true, ProvesAnyKey: true, MaxCertificate: 3052,
	}
	for n := 0x82; n <= 0x95; n++ {
		p := engine.Place(fmt.Sprintf("%02x", n))
		a.History = append(a.History, p)
		a.Spare = append([]engine.Place{p}, a.Spare...)
	}
	return a
}

// put lays a certificate with its key on the card; its expiry tells whether it
// is due.
func (b *bench) put(at engine.Place, name string, days int) engine.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(int64(len(b.Contents.Items)) + 77), Subject: pkix.Name{CommonName: name},
		Issuer: pkix.Name{CommonName: "Issuer"}, NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(0, 0, days),
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		b.t.Fatal(err)
	}
	c, err := engine.ParseCertificate(der)
	if err != nil {
		b.t.Fatal(err)
	}
	spec := engine.KeySpec{Type: engine.P256, PIN: engine.PINOnce, Touch: engine.TouchNever}
	b.Contents.Items = append(b.Contents.Items, engine.Item{Place: at, Certificate: der, Key: &engine.Key{KeySpec: spec, Public: c.Public}})
	return c
}

// manage is put for one of ours.
func (b *bench) manage(template string, at engine.Place, days int) {
	c := b.put(at, "Ada Lovelace", days)
	b.Record.Managed = append(b.Record.Managed, engine.Managed{
		Template: template, Place: at, CA: "corp", Subject: c.Subject, NotBefore: c.NotBefore, NotAfter: c.NotAfter,
		Fingerprint: c.Fingerprint, Public: c.Public,
	})
}

func (b *bench) plan() engine.Plan {
	b.Choices = engine.Choices(engine.Situation{Policy: b.Policy, Record: b.Record, User: b.User, Contents: &b.Contents, Now: now})
	return engine.MakePlan(b.Planning)
}

// text is the plan as the confirm page shows it, with its steps.
func text(p engine.Plan) string {
	t := &words.English
	var b bytes.Buffer
	fmt.Fprintln(&b, t.PlanTitle(p))
	for _, o := range p.Obstacles {
		fmt.Fprintln(&b, "  ! "+t.Obstacle(o))
	}
	lead := map[words.Mark]string{words.MarkGoes: "  - ", words.MarkComes: "  + ", words.MarkStays: "    ", words.MarkNote: "      "}
	for _, l := range t.PlanLines(p) {
		fmt.Fprintln(&b, lead[l.Mark]+l.Text)
	}
	fmt.Fprintln(&b, "Steps")
	for i, s := range p.Steps {
		mark := " "
		if i == p.Decided {
			mark = ">"
		}
		from := ""
		if s.From != "" {
			from = string(s.From) + " → "
		}
		fmt.Fprintf(&b, "%s %2d %-24s %-10s %s\n", mark, i, s.Verb, from+string(s.Place), t.Step(s, false))
	}
	return b.String()
}

// The plan's text is what a person agrees to: every way a certificate comes,
// goes or stays, and every obstacle, on cards that can more and cards that can
// less.
func TestPlans(t *testing.T) {
	for name, arrange := range map[string]func(b *bench){
		"renewal-staged": func(b *bench) {
			b.manage("Authentication", "9a", 9)
			b.manage("Signing", "9c", 400)
		},
		"renewal-expired": func(b *bench) {
			b.manage("Authentication", "9a", -3)
			b.manage("Signing", "9c", 400)
		},
		"renewal-encryption-keeps-old-key": func(b *bench) {
			b.manage("Authentication", "9a", 400)
			b.manage("Signing", "9c", 400)
			b.manage("Mail encryption", "9d", 5)
			b.put("82", "Former mail key of another system", 100)
		},
		"renewal-in-place-on-an-older-card": func(b *bench) {
			b.manage("Authentication", "9a", 9)
			b.manage("Signing", "9c", 400)
			b.Contents.Abilities.MoveKeys, b.Contents.Abilities.DeleteKeys = false, false
		},
		"encryption-in-place-is-refused": func(b *bench) {
			b.manage("Authentication", "9a", 400)
			b.manage("Signing", "9c", 400)
			b.manage("Mail encryption", "9d", 5)
			b.Contents.Abilities.MoveKeys = false
		},
		"three-templates-one-removal-one-tracked": func(b *bench) {
			b.manage("Authentication", "9a", 9)
			b.manage("Signing", "9c", 3)
			b.manage("VPN", "84", 200)
			bank := b.put("83", "Bank of Example", 200)
			b.Selection.Optional = map[string]bool{"VPN": false, "Mail encryption": true}
			b.Selection.Track = map[string]bool{bank.Fingerprint: true}
		},
		"removal-where-keys-cannot-be-removed": func(b *bench) {
			b.manage("Authentication", "9a", 400)
			b.manage("Signing", "9c", 400)
			b.manage("VPN", "84", 200)
			b.Contents.Abilities.MoveKeys, b.Contents.Abilities.DeleteKeys = false, false
			b.Selection.Optional = map[string]bool{"VPN": false}
		},
		"removal-of-encryption-loses-old-mail": func(b *bench) {
			b.manage("Authentication", "9a", 400)
			b.manage("Signing", "9c", 400)
			b.manage("Mail encryption", "9d", 400)
			b.Selection.Optional = map[string]bool{"Mail encryption": false}
		},
		"first-issue-of-a-factory-card": func(b *bench) {
			b.Record.State, b.Record.Written = engine.StateAssigned, time.Time{}
			b.Contents.PIN.Factory, b.Contents.PUK.Factory, b.Contents.Admin = true, true, engine.AdminKey{Factory: true}
			b.Contents.CHUID, b.Contents.Capabilities = false, false
			b.Selection.Optional = map[string]bool{"Mail encryption": true}
		},
		"first-issue-blocks-the-puk": func(b *bench) {
			b.Policy.Setup = engine.Setup{PUK: engine.PUKBlock, Admin: engine.AdminLeave}
			b.Record.State, b.Record.Written = engine.StateAssigned, time.Time{}
			b.Contents.PIN.Factory, b.Contents.PUK.Factory, b.Contents.Admin = true, true, engine.AdminKey{Factory: true}
		},
		"stray-key-in-the-way": func(b *bench) {
			b.manage("Signing", "9c", 400)
			b.Contents.Items = append(b.Contents.Items, engine.Item{Place: "9a", Key: &engine.Key{Public: []byte("stray")}})
		},
		"touch-and-pin-always-are-counted": func(b *bench) {
			b.Policy.Templates[0].Key.Touch = engine.TouchAlways
			b.Policy.Templates[1].Key.Touch = engine.TouchCached
			b.manage("Authentication", "9a", 9)
			b.Contents.Items[0].Key.Touch = engine.TouchAlways
		},
		"third-party-in-the-place": func(b *bench) {
			b.put("9a", "Somebody Else's Logon", 400)
			b.manage("Signing", "9c", 400)
		},
		"unreadable-in-the-place": func(b *bench) {
			b.manage("Signing", "9c", 400)
			b.Contents.Items = append(b.Contents.Items, engine.Item{Place: "9a", Unreadable: "the certificate ends early"})
		},
		"no-room-to-stage": func(b *bench) {
			b.manage("Authentication", "9a", 9)
			b.manage("Signing", "9c", 400)
			for _, p := range b.Contents.Abilities.History[1:] {
				b.put(p, "Old mail key", 300)
			}
		},
		"nothing-to-do": func(b *bench) {
			b.manage("Authentication", "9a", 400)
			b.manage("Signing", "9c", 400)
		},
		"obstacles-of-card-and-user": func(b *bench) {
			b.User.Disabled, b.User.Name = true, ""
			b.Contents.PIN.Left = 0
			b.Contents.Admin = engine.AdminKey{}
			b.Contents.Abilities.KeyTypes = []engine.KeyType{engine.RSA2048}
			b.Record.State = engine.StateRevoked
		},
		"values-that-no-certificate-takes": func(b *bench) {
			b.User.Mail, b.User.Name = "zoë@corp.example", "Dr. Zoë Maria Theodora von und zu Hohenlohe-Waldenburg-Schillingsfürst"
			b.User.Attributes = map[string][]string{"c": {"Österreich"}, "employeeNumber": {"47*11"}, "host": {"a b"}, "page": {"corp"}}
			wants := func(i int, subject string, sans ...string) {
				b.Policy.Templates[i].Subject = parsed(t, engine.ParseNameRecipe, subject)
				for _, s := range sans {
					b.Policy.Templates[i].SAN = append(b.Policy.Templates[i].SAN, parsed(t, engine.ParseSANRecipe, s))
				}
			}
			b.Policy.Templates = append(b.Policy.Templates, b.Policy.Templates[0], b.Policy.Templates[0], b.Policy.Templates[0], b.Policy.Templates[0])
			wants(0, "CN={name}")
			wants(1, "CN={logon}", "email?={mail}") // there, and not usable: not left out
			wants(2, "CN={logon},E={logon}+{mail}")
			wants(3, "CN={logon},C={c}")
			wants(4, "SERIALNUMBER={employeeNumber}")
			wants(5, "CN={logon}", "dns={host}")
			wants(6, "CN={logon}", "uri={page}")
			wants(7, "CN={logon}", "email={logon}")
			b.Selection.Optional = map[string]bool{"VPN": true, "Mail encryption": true}
		},
		"policies-a-plain-card-cannot-keep": func(b *bench) {
			b.Policy.Templates[0].Key.Touch = engine.TouchAlways
			b.Contents.Abilities = engine.Abilities{
				KeyTypes: []engine.KeyType{engine.P256},
				Policies: map[engine.Place]engine.PINPolicy{"9a": engine.PINOnce, "9c": engine.PINAlways},
			}
			b.Selection.Optional = map[string]bool{"VPN": true}
		},
		"unreadable-key-in-the-place": func(b *bench) {
			b.manage("Authentication", "9a", 9)
			b.manage("Signing", "9c", 400)
			b.manage("VPN", "84", 400)
			for i := range b.Contents.Items {
				b.Contents.Items[i].Key = &engine.Key{Unreadable: "the key has an unknown algorithm"}
			}
			b.Selection.Optional = map[string]bool{"VPN": false}
		},
		"administration-key-of-a-plain-card": func(b *bench) {
			b.manage("Authentication", "9a", 9)
			b.manage("Signing", "9c", 400)
			b.Contents.Admin = engine.AdminKey{Untold: true}
			b.Contents.Abilities = engine.Abilities{KeyTypes: []engine.KeyType{engine.P256}}
		},
		"unprovable-encryption-on-a-plain-card": func(b *bench) {
			b.manage("Authentication", "9a", 400)
			b.manage("Signing", "9c", 400)
			b.Contents.Abilities = engine.Abilities{KeyTypes: []engine.KeyType{engine.P256}}
			b.Selection.Optional = map[string]bool{"Mail encryption": true}
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			arrange(b)
			golden(t, filepath.Join("plans", name+".golden"), text(b.plan()))
		})
	}
}

func parsed[T any](t *testing.T, parse func(string) (T, error), s string) T {
	t.Helper()
	recipe, err := parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return recipe
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("..", "..", "testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got:\n%s\nwant:\n%s", name, got, want)
	}
}
