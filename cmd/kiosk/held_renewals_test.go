package main

import (
	"crypto/rand"
	"crypto/x509"
	"slices"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/authority"
	"cardkiosk/engine/sim"
	"cardkiosk/engine/words"
)

// signed expects of what the CA keeps that it renews a certificate, and that
// another, under a template, has signed for it.
func (s *heldSite) signed(r authority.Request, template string, renews, by []byte) {
	s.t.Helper()
	serial := func(der []byte) string {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			s.t.Fatal(err)
		}
		return c.SerialNumber.Text(16)
	}
	n := r.Renewal
	if n == nil || !n.Verified || n.Serial != serial(renews) || n.SignedBy != serial(by) || n.SignerTemplate != template {
		s.t.Errorf("%s: the CA keeps %+v; it was to renew %s, signed by %s (%s)", r.Template, n, serial(renews), serial(by), template)
	}
}

// A key that is used again signs for its own renewal, or, where it cannot sign, the
// holder's logon key does; the key stays, the certificate is another.
func (s *heldSite) sameKey() {
	const user, mail, serial = "khamilton", "khamilton@corp.example", "712404"
	same := func(template string) string { return template + "key_on_renewal = \"same\"\n" }
	policy := tellsAll("")
	takeOut := s.issues(user, serial, policy, same(logonHeld), same(rsaSigning), same(rsaEncryption))
	before, keys := s.holds("9a", "9c", "9d"), s.chip(serial).Keys
	a, b := s.kiosks(policy(same(logonHeld) + same(rsaSigning) + same(rsaEncryption)))
	a.updates(user, exitPending)
	s.pendingAndWorking(user, serial)
	for _, r := range s.waits(user, "logon", "signing", "encryption") {
		s.approves(r)
	}
	takeOut()
	b.puts(serial)
	b.updates(user, exitDone)
	s.recorded(s.is(serial, engine.StateIssued), before)
	s.tests(3)
	s.works("9a", "9c")
	for slot, key := range s.chip(serial).Keys {
		if !slices.Equal(key.Private, keys[slot].Private) {
			s.t.Errorf("in %x lies another key", byte(slot))
		}
	}
	s.toldBoth(mail, aboutReady, aboutPending, aboutApproved, aboutApproved, aboutApproved, aboutDone)
}

// A card that cannot move keys: the officer decides before there is a new key, and
// the old one works until then; key and certificate are made in one later visit.
func (s *heldSite) decidedFirst() {
	const user, mail, serial = "iyildiz", "iyildiz@corp.example", "712405"
	state, err := sim.Factory(sim.Firmware{Major: 5, Minor: 4, Patch: 3}, 712405, time.Now(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	state.Admin.Algorithm = 0x03 // as kiosk softcard --admin-key 3des makes it
	if err := sim.File(s.path("card-" + serial + ".json")).Save(state); err != nil {
		s.t.Fatal(err)
	}
	policy := tellsAll("")
	takeOut := s.issues(user, serial, policy, logonHeld, rsaSigning)
	before := s.holds("9a", "9c")
	a, b := s.kiosks(policy(logonHeld + rsaSigning))
	said := a.updates(user, exitPending)
	s.mentions("the plan", said, words.English.Hows[engine.DecidedFirst])
	s.is(serial, engine.StatePending)
	held := s.waits(user, "logon", "signing")
	for _, r := range held {
		if !r.Approval {
			s.t.Errorf("%s: no decision was asked for, but a certificate", r.Template)
		}
	}
	s.signed(held["logon"], "logon", s.onCard("9a"), s.onCard("9a"))
	s.signed(held["signing"], "signing", s.onCard("9c"), s.onCard("9c"))
	if now := s.holds("9a", "9c"); now["9a"] != before["9a"] || now["9c"] != before["9c"] {
		s.t.Error("the card holds other certificates")
	}
	s.works("9a", "9c")
	for _, r := range held {
		s.approves(r)
	}
	s.works("9a", "9c")
	takeOut()
	b.puts(serial)
	b.dies(user, "/requests", false) // when there is a new key, and no certificate for it
	b.updates(user, exitDone)
	s.recorded(s.is(serial, engine.StateIssued), before)
	s.works("9a", "9c")
	s.toldBoth(mail, aboutReady, aboutPending, aboutApproved, aboutApproved, aboutDone)
}

// A first certificate that the CA holds: the card is handed out with what was
// granted, and is issued when the rest is there.
func (s *heldSite) firstIssue() {
	const user, mail, serial = "lwojcik", "lwojcik@corp.example", "712406"
	a, b := s.kiosks(tellsAll("")(logonTemplate + doorTemplate))
	takeOut := a.puts(serial)
	a.updates(user, exitPending, "--card", serial, "--assign")
	s.is(serial, engine.StatePending)
	s.works("9a")
	held := s.waits(user, "cardauth")["cardauth"]
	if held.Renewal != nil {
		s.t.Errorf("it renews %+v", held.Renewal)
	}
	takeOut()
	s.approves(held)
	b.puts(serial)
	b.updates(user, exitDone)
	s.recorded(s.is(serial, engine.StateIssued), nil)
	s.works("9a", "9e")
	s.toldBoth(mail, aboutPending, aboutApproved, aboutReady)
}

// What the officer approved and then revoked is not written any more: the update
// ends with what is left, and the old certificate stays.
func (s *heldSite) revokedMeanwhile() {
	const user, mail, serial = "omensah", "omensah@corp.example", "712407"
	policy := tellsAll("")
	takeOut := s.issues(user, serial, policy, logonTemplate, rsaSigning, rsaEncryption)
	before := s.holds("9c", "9d")
	a, b := s.kiosks(policy(logonTemplate + rsaSigning + rsaEncryption))
	a.updates(user, exitPending)
	held := s.waits(user, "signing", "encryption")
	for _, r := range held {
		s.approves(r)
	}
	for _, to := range []string{mail, cardDesk} {
		s.hears(to, aboutApproved, "signing")
		s.hears(to, aboutApproved, "encryption")
	}
	s.officer(exitDone, "revoke", s.shown(held["signing"].ID).Serial, "--reason", "privilegeWithdrawn")
	takeOut()
	b.puts(serial)
	said := b.updates(user, exitServer)
	s.mentions("the update", said, "revoked: privilegeWithdrawn")
	s.is(serial, engine.StateIssued)
	now := s.holds("9c", "9d")
	if now["9c"] != before["9c"] || now["9d"] == before["9d"] {
		s.t.Error("not just what was still good is new")
	}
	s.works("9a", "9c")
	s.toldBoth(mail, aboutReady, aboutPending, aboutDone)
}
