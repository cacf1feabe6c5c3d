package main

import (
	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// What the CA rejects is shown in its own words, on the screen and in the letter.
// What it approved of the same update is written; the rest is asked for again, as
// often as it is rejected, and the card works all the while.
func (s *heldSite) rejected() {
	const user, mail, serial = "ghopper", "ghopper@corp.example", "712402"
	const missing, still = "No passport", "Still none"
	policy := tellsAll("")
	takeOut := s.issues(user, serial, policy, logonTemplate, rsaSigning, rsaEncryption)
	s.toldBoth(mail, aboutReady)
	before := s.holds("9c", "9d")
	a, b := s.kiosks(policy(logonTemplate + rsaSigning + rsaEncryption))
	term := a.screen()
	term.opens(user)
	beginUpdate(term)
	term.shows(words.English.Result.Pending)
	for _, to := range []string{mail, cardDesk} {
		s.arrives(to, aboutPending)
	}
	s.kills(term)

	held := s.waits(user, "signing", "encryption")
	s.rejects(held["signing"], missing)
	s.approves(held["encryption"])
	for _, to := range []string{mail, cardDesk} {
		s.hears(to, aboutRejected, "signing", missing)
		s.hears(to, aboutApproved, "encryption")
	}
	term = a.screen()
	term.opens(user)
	term.shows("rejected by corp", missing, "approved by corp", words.English.Actions["continue"])
	s.kills(term)
	takeOut()

	b.puts(serial)
	said := b.updates(user, exitServer) // the CA has refused something
	s.mentions("the update", said, missing)
	s.is(serial, engine.StateIssued)
	now := s.holds("9c", "9d")
	if now["9c"] != before["9c"] || now["9d"] == before["9d"] {
		s.t.Error("not just what was approved is new")
	}
	s.works("9a", "9c")
	s.toldBoth(mail, aboutDone)

	b.updates(user, exitPending)
	s.rejects(s.waits(user, "signing")["signing"], still)
	for _, to := range []string{mail, cardDesk} {
		s.arrives(to, aboutPending)
		s.hears(to, aboutRejected, still)
	}
	term = b.screen()
	term.opens(user)
	term.shows("rejected by corp", still, words.English.Actions["update again"])
	term.chooses(words.English.Actions["update again"])
	term.shows("End the rejected update of card", still)
	term.chooses(words.English.GiveUp.GoEnd)
	term.enters("48291375")
	term.shows(words.English.Result.Ended, "signing was refused by the CA: "+still)
	s.is(serial, engine.StateIssued)
	if s.holds("9c")["9c"] != before["9c"] {
		s.t.Error("the old certificate has gone")
	}
	s.kills(term)
	b.updates(user, exitPending)
	s.approves(s.waits(user, "signing")["signing"])
	b.updates(user, exitDone)
	c := s.is(serial, engine.StateIssued)
	s.recorded(c, before)
	s.tests(4)
	s.works("9a", "9c")
	s.toldBoth(mail, aboutCancelled, aboutPending, aboutApproved, aboutDone)
}
