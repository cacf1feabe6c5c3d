package main

import (
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/signin"
)

// signInPart is the configuration of a desk where people sign in by password and
// by card.
const signInPart = `
[sign_in]
methods = ["password", "card"]
roots_file = "operator-roots.pem"
[[sign_in.crl]]
url = "http://LISTS/crl"
`

// colleagues are people with passwords, beside those of the demo.
const colleagues = `
dn: uid=olga,dc=corp,dc=example
objectClass: inetOrgPerson
uid: olga
cn: Olga
sn: x
userPassword: right word

dn: uid=gone,dc=corp,dc=example
objectClass: inetOrgPerson
uid: gone
cn: Gone
sn: x
userPassword: right word
userAccountControl: 514

dn: cn=twin 1,dc=corp,dc=example
objectClass: inetOrgPerson
uid: twin
cn: twin 1
sn: x
userPassword: right word

dn: cn=twin 2,dc=corp,dc=example
objectClass: inetOrgPerson
uid: twin
cn: twin 2
sn: x
userPassword: right word

dn: uid=\2A\28\29\5C,dc=corp,dc=example
objectClass: inetOrgPerson
uid: *()\
cn: Star
sn: x
userPassword: right word
`

// Against real servers, a real pcscd and the CA of the cards themselves: the
// right password and the right card sign in; every other one does not, and is
// told why.
func TestSignIn(t *testing.T) {
	s := openSite(t, openLDAP+signInPart, func(t *testing.T, dir, password string) string { return slapdWith(t, dir, password, colleagues) })
	s.directory = strings.ReplaceAll(s.directory, "LISTS", s.serving.public)
	s.trustCA("operator-roots.pem")
	s.insert("712250")
	write(t, s.path("pin"), "48291375\n")
	desk := s.directory
	s.directory = strings.Replace(desk, `["password", "card"]`, `["password", "card", "system"]`, 1) // whoever gives the command
	s.configure("300")
	if out := done(t, "config", "check", s.path("config.toml")); !strings.Contains(out, "is fine") {
		t.Errorf("config check says %q", out)
	}
	first := s.update("--card", "712250", "--assign")
	if first.End != engine.Finished || first.Written[0].Place != "9a" {
		t.Fatalf("first issue: %+v", first)
	}
	s.directory = desk
	s.configure("300")
	s.signInByPassword()
	s.signInByCard(first.Written[0].Serial)
}

// trustCA writes the CA's certificate into a file.
func (s *site) trustCA(file string) {
	s.t.Helper()
	answer, err := http.Get("http://" + s.serving.public + "/ca.cer")
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	der, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	write(s.t, s.path(file), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
}

// at does something at the desk of a kiosk that has just started.
func (s *site) at(do func(p *parts)) {
	s.t.Helper()
	p, err := openKiosk(s.t.Context(), s.path("config.toml"))
	if err != nil {
		s.t.Fatal(err)
	}
	do(p)
	if err := p.close(); err != nil {
		s.t.Error(err)
	}
}

func (s *site) signInByPassword() {
	t := s.t
	s.at(func(p *parts) {
		for _, c := range []struct {
			logon, word string
			kind        engine.Kind // Broken: signed in
		}{
			{"olga", "right word", engine.Broken},
			{"OLGA", "right word", engine.Broken},
			{`*()\`, "right word", engine.Broken},
			{"olga", "wrong", engine.WrongPassword},
			{"olga", "", engine.WrongPassword},
			{"*", "right word", engine.WrongPassword},
			{"nobody", "right word", engine.WrongPassword},
			{"twin", "right word", engine.WrongPassword},
			{"gone", "wrong", engine.WrongPassword},
			{"gone", "right word", engine.AccountClosed},
		} {
			actor, user, err := p.signIn.WithPassword(t.Context(), c.logon, engine.NewPIN([]byte(c.word)))
			in := c.kind == engine.Broken
			if in && (err != nil || !strings.EqualFold(actor.Who, c.logon) || actor.User == "" || actor.User != user.ID || actor.Station != "desk-3") {
				t.Errorf("%s: %+v, %+v, %v", c.logon, actor, user, err)
			}
			if !in && (!engine.Is(err, c.kind) || actor != (engine.Actor{})) {
				t.Errorf("%s, %q: %+v, %v", c.logon, c.word, actor, err)
			}
		}
		if _, _, err := p.signIn.WithAccount(t.Context(), "olga"); !engine.Is(err, engine.SignInShut) {
			t.Errorf("by account: %v", err)
		}
	})
}

// signInByCard goes through what becomes of Ada's own card.
func (s *site) signInByCard(serial string) {
	t := s.t
	const right, wrong = "48291375", "11111119"
	s.at(func(p *parts) { s.accepted(p.signIn, right) })
	s.at(func(p *parts) {
		_, err := s.card(p.signIn, wrong)
		var e *engine.Error
		if !errors.As(err, &e) || e.Kind != engine.WrongPIN || e.TriesLeft != 2 {
			t.Errorf("with a wrong PIN: %v", err)
		}
		if pin, err := p.signIn.PINTries(t.Context(), s.daemon.Readers[0].Name); err != nil || pin.Left != 2 {
			t.Errorf("tries of the PIN: %+v, %v", pin, err)
		}
		s.accepted(p.signIn, right)
	})
	s.at(func(p *parts) {
		p.signIn.Now = func() time.Time { return time.Now().AddDate(2, 0, 0) }
		s.notAccepted(p.signIn, wrong, engine.CertificateEnded)
		p.signIn.Now, p.signIn.MapBy = time.Now, []engine.CalledBy{engine.BySerial}
		s.notAccepted(p.signIn, wrong, engine.HolderUnknown) // no certificate of hers was published
	})
	s.officer("revoke", serial, "--reason", "certificateHold")
	s.at(func(p *parts) { s.notAccepted(p.signIn, wrong, engine.CertificateOnHold) })
	s.officer("release", serial)
	s.at(func(p *parts) { s.accepted(p.signIn, right) })
	s.officer("revoke", serial, "--reason", "keyCompromise")
	s.at(func(p *parts) { s.notAccepted(p.signIn, wrong, engine.CertificateRevoked) })
	s.serving.end(syscall.SIGTERM)
	s.at(func(p *parts) { s.notAccepted(p.signIn, wrong, engine.RevocationUnknown) })
	write(t, s.path("operator-roots.pem"), read(t, s.path("root.pem")))
	s.at(func(p *parts) { s.notAccepted(p.signIn, wrong, engine.CertificateForeign) })
}

func (s *site) card(d *signin.Desk, pin string) (engine.Actor, error) {
	actor, _, err := d.WithCard(s.t.Context(), s.daemon.Readers[0].Name, engine.NewPIN([]byte(pin)))
	return actor, err
}

func (s *site) accepted(d *signin.Desk, pin string) {
	s.t.Helper()
	if actor, err := s.card(d, pin); err != nil || actor.Who != "alovelace" || actor.How != engine.ByCard {
		s.t.Errorf("%+v, %v", actor, err)
	}
}

// notAccepted checks that a card is refused, why, and that no try of its PIN was
// spent.
func (s *site) notAccepted(d *signin.Desk, wrongPIN string, fault engine.CardFault) {
	s.t.Helper()
	actor, err := s.card(d, wrongPIN)
	if !engine.Is(err, engine.CardNotAccepted) || !errors.Is(err, fault) || actor != (engine.Actor{}) {
		s.t.Errorf("%s: %+v, %v", fault, actor, err)
	}
	if pin, err := d.PINTries(s.t.Context(), s.daemon.Readers[0].Name); err != nil || pin.Left != 3 {
		s.t.Errorf("%s: tries of the PIN: %+v, %v", fault, pin, err)
	}
}
