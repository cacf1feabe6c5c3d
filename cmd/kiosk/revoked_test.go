package main

import (
	"slices"
	"strings"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// logonRevoked is the logon template that has superseded certificates revoked
// after a week.
var logonRevoked = strings.Replace(logonTemplate, "tracked =", "revoke_superseded = true\ngrace_days = 7\ntracked =", 1)

// A superseded certificate for logging on is revoked when its grace has passed,
// and not before.
func (s *site) supersededRevoked() {
	const user, dn = "ghopper", "uid=ghopper,ou=Research,dc=corp,dc=example"
	s.withPolicies(policyText("staff", "", logonRevoked, signingTemplate))
	s.put(0, "712320")
	old := s.updateOf(user, "--card", "712320", "--assign").Written[0]
	s.modify(dn, "replace", "displayName", "Rear Admiral Hopper")
	fresh := s.updateOf(user).Written[0]
	if fresh.Template != "logon" || fresh.Serial == old.Serial {
		s.t.Fatalf("written was %+v", fresh)
	}
	const day = 24 * time.Hour
	for _, at := range []struct {
		ahead   time.Duration
		revoked bool
	}{{0, false}, {6 * day, false}, {7*day + time.Hour, true}} {
		if _, err := s.open(at.ahead).desk.RunErrands(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
		r, revoked := s.revoked(old.Serial)
		if revoked != at.revoked || revoked && r.Reason != engine.Superseded {
			s.t.Errorf("after %v the CA says revoked: %v, %+v", at.ahead, revoked, r)
		}
	}
	if _, revoked := s.revoked(fresh.Serial); revoked {
		s.t.Error("the certificate on the card is revoked")
	}
	_, reasons := s.profile(s.open(0), user)
	s.says("the profile", reasons)
}

// revoked asks the CA about a certificate.
func (s *site) revoked(serial string) (engine.Revocation, bool) {
	s.t.Helper()
	list, err := s.open(0).desk.CAs["corp"].Revoked(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(r engine.Revocation) bool { return r.Serial == serial })
	if i < 0 {
		return engine.Revocation{}, false
	}
	return list[i], true
}

// What the CA's officer does to a certificate is seen at the desk: on hold it is
// shown as such and the card is not due; revoked, it is a reason and an update
// brings another; of a key that may be in wrong hands nothing is renewed.
func (s *site) revokedAtCA() {
	const user = "aturing"
	s.withPolicies(policyText("staff", "", logonTemplate, signingTemplate))
	s.put(0, "712330")
	first := s.updateOf(user, "--card", "712330", "--assign")
	logon := first.Written[0]

	s.officer("revoke", logon.Serial, "--reason", "certificateHold")
	s.work()
	s.says("the report, with the certificate on hold", s.due(user))
	profile, reasons := s.profile(s.open(0), user)
	s.says("the profile, with the certificate on hold", reasons)
	if e := profile.Cards[0].Entries[0]; e.Revoked == nil || e.Revoked.Reason != engine.CertificateHold {
		s.t.Errorf("the profile does not show that it is on hold: %+v", e)
	}
	if got := s.updateOf(user); got.End != "" {
		s.t.Errorf("with the certificate on hold: %+v", got)
	}

	s.officer("release", logon.Serial)
	_, reasons = s.profile(s.open(0), user)
	s.says("the profile, with the certificate released", reasons)

	s.officer("revoke", logon.Serial, "--reason", "superseded")
	want := "logon certificate was revoked at the CA on " + words.English.DateOf(time.Now()) + ": " + words.English.Revokes[engine.Superseded]
	s.says("the report before the worker asked the CA", s.due(user))
	s.work()
	s.says("the report", s.due(user), want)
	_, reasons = s.profile(s.open(0), user)
	s.says("the profile", reasons, want)
	second := s.updateOf(user)
	if len(second.Written) != 1 || second.Written[0].Template != "logon" || second.Written[0].Serial == logon.Serial {
		s.t.Fatalf("the update of a card with a revoked certificate: %+v", second)
	}
	_, reasons = s.profile(s.open(0), user)
	s.says("the profile after the update", reasons)

	s.officer("revoke", second.Written[0].Serial, "--reason", "keyCompromise")
	s.refused(user, exitRefused, words.English.Obstacle(engine.RevokedForGood{Template: "logon", Why: engine.KeyCompromise}))
}

// officer does something at the CA's own machine.
func (s *site) officer(deed, serial string, more ...string) {
	s.t.Helper()
	done(s.t, append([]string{"ca", deed, serial, "--ca", s.path("ca"), "--passphrase-file", s.path("passphrase")}, more...)...)
}
