package main

import (
	"strings"
	"syscall"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// tellsAll is a policy that tells the user and the card desk of everything.
func tellsAll(settings string) func(templates string) string {
	return func(templates string) string {
		text := policyText("staff", settings, templates)
		for _, e := range []engine.NoticeEvent{engine.UpdateDone, engine.UpdatePending, engine.UpdateApproved, engine.UpdateRejected, engine.UpdateCancelled} {
			text += "[[policy.notify]]\nevent = \"" + string(e) + "\"\nto = [\"user\", \"" + cardDesk + "\"]\n"
		}
		return text
	}
}

// Whoever is killed, and whenever: an update that waits for an officer is
// continued at another kiosk when they have approved, and meanwhile the card works.
func (s *heldSite) approved() {
	const user, mail, serial = "alovelace", "ada@corp.example", "712401"
	policy := tellsAll("")
	takeOut := s.issues(user, serial, policy, logonTemplate, rsaSigning, rsaEncryption)
	s.toldBoth(mail, aboutReady)
	before := s.holds("9a", "9c", "9d")
	a, b := s.kiosks(policy(logonTemplate + rsaSigning + rsaEncryption))

	s.cutWhileAsking(a, user, serial, before)
	term := a.screen()
	term.opens(user)
	term.chooses("Continue update")
	term.enters("48291375")
	term.shows(words.English.Result.Pending)
	for _, to := range []string{mail, cardDesk} {
		s.arrives(to, aboutPending, "signing", "encryption")
	}
	s.kills(term)

	s.is(serial, engine.StatePending)
	held := s.waits(user, "signing", "encryption")
	if now := s.holds("9a", "9c", "9d"); now["9a"] == before["9a"] || now["9c"] != before["9c"] || now["9d"] != before["9d"] {
		s.t.Error("not just the certificate that was issued at once is new")
	}
	s.works("9a", "9c")
	s.tests(3)
	a.updates(user, exitPending)
	end := s.worker()
	takeOut()

	s.approves(held["signing"])
	s.arrives(mail, aboutApproved, "signing")
	s.arrives(cardDesk, aboutApproved)
	s.rests()
	end(syscall.SIGKILL)
	s.approves(held["encryption"])
	s.worker()
	s.arrives(mail, aboutApproved, "encryption")
	s.arrives(cardDesk, aboutApproved)
	s.sentAll()

	if due := done(s.t, "due", "--config", b.config, "--reason", "update-approved"); !strings.Contains(due, user) {
		s.t.Errorf("the work list does not say that the update can go on:\n%s", due)
	}
	b.puts(serial)
	term = b.screen()
	term.shows("is approved: F2 opens it")
	term.press("F2")
	term.sees("Which card?")
	term.press("Enter")
	term.shows("Continue update", "approved by corp")
	term.chooses("Continue update")
	term.enters("48291375")
	term.shows(words.English.Result.Done)
	s.toldBoth(mail, aboutDone)
	c := s.is(serial, engine.StateIssued)
	s.tests(4) // the former one for encryption is kept
	s.works("9a", "9c")
	s.recorded(c, before)
}
