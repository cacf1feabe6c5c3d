package main

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"syscall"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
	"cardkiosk/engine/words"
)

// logonHeld is the logon template whose renewals this station wants an officer to
// look at, whatever the CA's rule says.
var logonHeld = logonTemplate + "accept_signed_renewal = false\n"

// An update that is cancelled leaves nothing behind: the card is as it was, to the
// byte, its requests are withdrawn. While the CA is away too: then the worker
// withdraws them later, and what the officer was faster to approve is revoked.
func (s *heldSite) cancelled() {
	const user, mail, serial = "aturing", "aturing@corp.example", "712403"
	may := tellsAll("cancel_update = true")
	s.issues(user, serial, may, logonHeld, rsaSigning, rsaEncryption)
	templates := logonHeld + rsaSigning + rsaEncryption
	before := s.chip(serial)
	s.toldBoth(mail, aboutReady)

	a, _ := s.kiosks(tellsAll("")(templates))
	a.updates(user, exitPending)
	s.pendingAndWorking(user, serial)
	said := a.updates(user, exitRefused, "--cancel")
	s.mentions("the kiosk", said, `policy "staff" does not allow it: cancel_update`)
	s.pendingAndWorking(user, serial)

	a, _ = s.kiosks(may(templates))
	term := a.screen()
	term.opens(user)
	term.chooses("Cancel update")
	term.shows("Cancel the update of card", "the request is withdrawn at corp")
	term.chooses(words.English.GiveUp.Go)
	term.enters("48291375")
	term.shows(words.English.Result.Cancelled)
	s.kills(term)
	s.asBefore(serial, before)
	if got := slices.Sorted(maps.Keys(s.asked(user, engine.RequestWithdrawn))); !slices.Equal(got, []string{"encryption", "logon", "signing"}) {
		s.t.Errorf("withdrawn at the CA are %s", got)
	}
	s.waits(user)
	s.toldBoth(mail, aboutPending, aboutCancelled)

	a.updates(user, exitPending)
	a.dies(user, "/withdraw", true, "--cancel")
	s.is(serial, engine.StatePending)
	s.works("9a", "9c")
	a.updates(user, exitDone, "--cancel")
	s.asBefore(serial, before)
	s.waits(user)
	s.toldBoth(mail, aboutPending, aboutCancelled)

	s.cancelledWhileAway(a, user, serial, before)
	s.toldBoth(mail, aboutPending, aboutCancelled)
}

// pendingAndWorking expects that all three renewals wait, and that the old keys
// sign.
func (s *heldSite) pendingAndWorking(user, serial string) {
	s.t.Helper()
	s.is(serial, engine.StatePending)
	held := s.waits(user, "logon", "signing", "encryption")
	if !held["logon"].Hold || held["signing"].Hold || held["encryption"].Hold {
		s.t.Error("the CA does not know whose wish for an officer it was")
	}
	s.signed(held["logon"], "logon", s.onCard("9a"), s.onCard("9a"))
	s.signed(held["signing"], "signing", s.onCard("9c"), s.onCard("9c"))
	s.signed(held["encryption"], "logon", s.onCard("9d"), s.onCard("9a"))
	s.works("9a", "9c")
}

// asBefore expects the card to be issued, and to keep what it kept before the
// update, to the byte.
func (s *heldSite) asBefore(serial string, before sim.State) {
	s.t.Helper()
	s.is(serial, engine.StateIssued)
	now := s.chip(serial)
	if !reflect.DeepEqual(now.Keys, before.Keys) {
		s.t.Errorf("the card has other keys: in %v, before in %v", slices.Collect(maps.Keys(now.Keys)), slices.Collect(maps.Keys(before.Keys)))
	}
	if !reflect.DeepEqual(now.Objects, before.Objects) {
		s.t.Errorf("the card has other objects: %v, before %v", slices.Collect(maps.Keys(now.Objects)), slices.Collect(maps.Keys(before.Objects)))
	}
	if !reflect.DeepEqual(now, before) {
		s.t.Error("something else of the card has changed")
	}
	s.works("9a", "9c")
	s.t.Logf("the card's %d keys and %d objects are what they were, to the byte", len(now.Keys), len(now.Objects))
}

// cancelledWhileAway cancels an update while the CA is away; its officer, at the
// CA's own machine, approves one of the requests before it is back.
func (s *heldSite) cancelledWhileAway(k kiosk, user, serial string, before sim.State) {
	s.t.Helper()
	k.updates(user, exitPending)
	held := s.waits(user, "logon", "signing", "encryption")
	s.serving.end(syscall.SIGTERM)
	said := k.updates(user, exitDone, "--cancel")
	s.mentions("the kiosk", said, "error: corp has not answered since")
	s.mentions("the kiosk", said, words.English.Result.CancelledAway)
	s.asBefore(serial, before)
	s.approves(held["signing"])
	s.serveCA()
	s.sends()

	issued := s.shown(held["signing"].ID)
	s.waits(user)
	why, revoked := s.revoked(issued.Serial)
	if !revoked || why.Reason != engine.CessationOfOperation {
		s.t.Errorf("the CA says of the certificate that nobody wanted: %v, %s", revoked, why.Reason)
	}
	s.t.Logf("$ kiosk card orphans\n%s", done(s.t, "card", "orphans", "--config", k.config))
	var orphan orphanShown
	out := done(s.t, "card", "orphans", "--config", k.config, "--json")
	if err := json.Unmarshal([]byte(out), &orphan); err != nil || strings.Count(out, "\n") != 1 {
		s.t.Fatalf("%v in %s", err, out)
	}
	if orphan.Serial != issued.Serial || orphan.Template != "signing" || orphan.User.Logon != user || orphan.Request != held["signing"].ID {
		s.t.Errorf("the orphan is %+v", orphan)
	}
}
