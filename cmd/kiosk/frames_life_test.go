package main

import (
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
	"cardkiosk/ui"
)

// opensLife opens what can become of the card in focus beside the update.
func (s *pilot) opensLife() string {
	s.press("left", "enter") // the last button, from the first
	return s.sees("What is to become of card")
}

// A card is disabled, enabled, and revoked because it was lost; each is shown
// before it is done, and the way back has the focus.
func TestFramesOfACardsLife(t *testing.T) {
	l := openLobby(t)
	const id = engine.CardID("yubikey-712233")
	s := l.sitDown(t)
	s.opens("alovelace", "Ada Lovelace")
	s.sees("third-party", "card 0071 2233")
	s.golden("life-01-menu", s.opensLife())
	s.press("enter")
	s.golden("life-02-disable", s.sees("will be disabled", "▸  Back"))
	s.press("enter")
	s.sees("Due because", "card 0071 2233")
	if l.record(t, id).State != engine.StateIssued {
		t.Error("going back has disabled the card")
	}
	s.opensLife()
	s.press("enter")
	s.sees("will be disabled")
	s.press("left", "enter")
	s.golden("life-03-disabled", s.sees("The card is disabled.", "out of use until", "third-party"))
	s.opensLife()
	s.press("enter")
	s.golden("life-04-enable", s.sees("will be issued", "released from hold"))
	s.press("left", "enter")
	s.sees("The card is enabled.", "third-party")
	s.opensLife()
	s.press("down", "enter")
	s.golden("life-05-why-lost", s.sees("Why is card 0071 2233 revoked?", "always revoked"))
	s.press("space")
	s.press("down")
	s.press("space")
	s.golden("life-06-why-broken", s.sees("[x] Its user keeps"))
	s.press("up", "enter")
	s.golden("life-07-revoke", s.sees("and will be revoked", "(lost)", "key compromised"))
	s.press("esc")
	s.sees("Why is card")
	s.press("enter")
	s.sees("and will be revoked")
	s.press("left", "enter")
	s.golden("life-08-revoked", s.sees("The card is revoked.", "revoked (lost)", "third-party"))
	s.opensLife()
	s.press("enter")
	s.golden("life-09-clean", s.sees("Everything on card 0071 2233 goes", "▸  Back"))
	s.press("left", "enter")
	s.golden("life-10-cleaned", s.sees("The card is clean", "No card yet"))
	if got := l.record(t, id); got.State != engine.StateClean || got.User.ID != "" {
		t.Errorf("the record is %+v", got)
	}
}

// A card that is issued is emptied for somebody else, with its PIN.
func TestFramesOfUnassigning(t *testing.T) {
	l := openLobby(t)
	const id = engine.CardID("yubikey-712233")
	s := l.sitDown(t)
	s.opens("alovelace", "Ada Lovelace")
	s.sees("third-party", "card 0071 2233")
	s.opensLife()
	s.press("down", "down", "enter")
	s.golden("life-11-empty", s.sees("the card is taken from its user", "▸  Back"))
	s.press("left", "enter")
	s.sees("3 tries left.")
	s.types(testPIN)
	s.press("enter")
	s.golden("life-12-emptied", s.sees("The card is nobody's now"))
	s.press("enter")
	s.sees("No card yet")
	if got := l.record(t, id); got.State != engine.StateClean || got.User.ID != "" {
		t.Errorf("the record is %+v", got)
	}
	s.press("enter") // the card lies there still
	s.golden("life-16-assign-again", s.sees("0071 2233  YubiKey 5.7.1 · nobody's yet", "1 letter waits"))
}

// A card that was only assigned is taken back without it; and a card whose update
// waits can only be revoked, which ends the update.
func TestFramesOfEndingEarly(t *testing.T) {
	l := openLobby(t)
	s := sitDown(t, l.parts, func(n *ui.Needs) { n.ASCII = true })
	s.sees("Who is it?")
	s.types("ghopper")
	s.sees("1 found")
	s.press("enter")
	s.sees("Card update pending since")
	s.press("left", "left", "enter") // the focus is behind "Cancel update"
	s.golden("life-13-menu-pending", s.sees("What is to become of card"))
	s.press("enter")
	s.sees("Why is card")
	s.press("enter")
	s.golden("life-14-revoke-pending", s.sees("cannot be continued", ">  Back"))
}

// Emptying a card that was cut short goes on from its page.
func TestFramesOfEmptyingCutShort(t *testing.T) {
	l := openLobby(t)
	const id = engine.CardID("yubikey-712233")
	cutAt := byte(0xf6) // a key goes
	l.withChip(t, sim.Options{Power: func(c sim.Command) sim.Cut {
		if c.Header[1] == cutAt {
			cutAt = 0
			return sim.CutAfter
		}
		return sim.Stay
	}})
	putBack := func() {
		l.readers.Remove(0)
		if err := l.readers.Insert(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
	}
	s := l.sitDown(t)
	s.opens("alovelace", "Ada Lovelace")
	s.sees("third-party", "card 0071 2233")
	s.opensLife()
	s.press("down", "down", "enter")
	s.sees("the card is taken from its user")
	s.press("left", "enter")
	s.sees("3 tries left.")
	s.types(testPIN)
	s.press("enter")
	s.sees("The card was taken out", "can be continued")
	l.clock.turn(leaseOver * time.Nanosecond)
	s.press("enter")
	putBack()
	s.sees("to empty this card", "Continue update", "card 0071 2233 in")
	s.press("up") // what was said while the card was out is gone
	s.golden("life-15-emptying-begun", s.frame())
	l.goesOn(s)
	s.sees("The card is nobody's now")
	if got := l.record(t, id).State; got != engine.StateClean {
		t.Errorf("the card is %s", got)
	}
}

// Cleaning that was cut short says so, and ends when it is done again.
func TestFramesOfCleaningCutShort(t *testing.T) {
	l := openLobby(t)
	const id = engine.CardID("yubikey-712233")
	if _, err := l.desk.Revoke(t.Context(), l.actor, id, engine.CardBroken, false); err != nil {
		t.Fatal(err)
	}
	cut := false
	l.withChip(t, sim.Options{Power: func(c sim.Command) sim.Cut {
		if c.Header[1] == 0xfb && !cut { // reset
			cut = true
			return sim.CutBefore
		}
		return sim.Stay
	}})
	s := l.sitDown(t)
	s.opens("alovelace", "Ada Lovelace")
	s.sees("third-party", "card 0071 2233")
	cleans := func() {
		s.opensLife()
		s.press("enter")
		s.sees("Everything on card 0071 2233 goes")
		s.press("left", "enter")
	}
	cleans()
	s.sees("The card was taken out", "Clean it again")
	l.clock.rest()
	s.press("enter")
	l.readers.Remove(0)
	if err := l.readers.Insert(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	s.sees("out of use for ever", "card 0071 2233 in")
	cleans()
	s.sees("The card is clean")
}
