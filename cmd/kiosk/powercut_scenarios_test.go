package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/piv"
	"cardkiosk/engine/sim"
	"cardkiosk/engine/vault"
)

const bankSlot sim.Slot = 0x83

// updateScenario: three certificates are due, one of them for encryption, whose
// old key must be kept; one is removed; a bank's certificate is followed.
func updateScenario(t *testing.T) *scenario {
	s := startOf(t, "update")
	chip := newChip(t, 712240)
	desk := *s.base.desk
	desk.PolicyOf = days(desk.PolicyOf, 9)
	issue(t, desk, chip, "alovelace", map[string]bool{"Mail encryption": true, "VPN": true})
	state := chip.State()
	giveBank(t, &state)
	s.choose = func(p engine.Proposal) engine.Selection {
		track := map[string]bool{}
		for _, f := range p.ThirdParty {
			track[f.Certificate.Fingerprint] = true
		}
		return engine.Selection{Optional: map[string]bool{"Mail encryption": true, "VPN": false}, Track: track}
	}
	s.check = checkUpdated
	s.settle(t, chipOf(t, state, sim.Options{}))
	return s
}

// giveBank puts a third-party certificate with its key on a card.
func giveBank(t *testing.T, state *sim.State) {
	other := newChip(t, 1).State()
	key := other.Keys[0xf9] // any key with its certificate will do
	state.Keys[bankSlot] = key
	state.Objects[bankSlot.Certificate()] = slices.Clone(other.Objects[0x5fff01])
	if state.Objects[bankSlot.Certificate()] == nil {
		t.Fatal("the factory card has no attestation certificate")
	}
}

func checkUpdated(s *scenario, o outcome) []string {
	wrong := agree(o)
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if o.runs[0].End != engine.Finished || len(o.runs) != 2 {
		say("%d runs, the last %q", len(o.runs), o.runs[0].End)
	}
	wantKeys := map[sim.Slot]bool{0x9a: true, 0x9c: true, 0x9d: true, 0x82: true, bankSlot: true, 0xf9: true}
	for slot := range o.card.Keys {
		if !wantKeys[slot] {
			say("a key was left in %x", byte(slot))
		}
	}
	if len(o.card.Keys) != len(wantKeys) {
		say("the card holds %d keys, want %d", len(o.card.Keys), len(wantKeys))
	}
	if len(o.record.Managed) != 3 || len(o.record.Former) != 1 || o.record.Former[0].Place != "82" {
		say("the record has %d managed and %d former certificates", len(o.record.Managed), len(o.record.Former))
	}
	for _, m := range o.record.Managed {
		if before := s.card.Keys[slotOf(m.Place)]; bytes.Equal(before.Public, m.Public) {
			say("%s still has its old key", m.Place)
		}
	}
	if !bytes.Equal(o.card.Keys[0x82].Public, s.card.Keys[0x9d].Public) {
		say("the old encryption key is not in the history")
	}
	// The old encryption key in 82 and the bank's in 83; what was in 84 is removed.
	if h, err := piv.ParseKeyHistory(o.card.Objects[0x5fc10c]); err != nil || h.OnCard != 2 {
		say("the Key History counts %d keys (%v)", h.OnCard, err)
	}
	if certificateIn(o.card, 0x84) != nil {
		say("the certificate that was unticked is still there")
	}
	if !bytes.Equal(o.card.Objects[bankSlot.Certificate()], s.card.Objects[bankSlot.Certificate()]) || !bytes.Equal(o.card.Keys[bankSlot].Private, s.card.Keys[bankSlot].Private) {
		say("the bank's certificate or key was touched")
	}
	if len(o.record.Tracked) != 1 || o.record.Tracked[0].Ignored {
		say("the bank's certificate is not followed: %v", o.record.Tracked)
	}
	if len(o.mains.issued) != 3 {
		say("%d keys were certified, want 3", len(o.mains.issued))
	}
	if o.letter != 1 {
		say("%d letters came", o.letter)
	}
	return wrong
}

// firstIssueScenario: a factory card becomes somebody's.
func firstIssueScenario(t *testing.T) *scenario {
	s := startOf(t, "first issue")
	chip := newChip(t, 712241)
	desk := *s.base.desk
	c := inReader(t, &desk, chip)
	if _, err := desk.Assign(t.Context(), tester, c, userNamed(t, &desk, "alovelace")); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	s.choose = func(engine.Proposal) engine.Selection {
		return engine.Selection{Optional: map[string]bool{"Mail encryption": true}}
	}
	s.check = checkIssued
	s.settle(t, chip)
	return s
}

func checkIssued(s *scenario, o outcome) []string {
	wrong := agree(o)
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if len(o.record.Managed) != 3 || len(o.card.Keys) != 4 {
		say("%d managed certificates, %d keys", len(o.record.Managed), len(o.card.Keys))
	}
	if !bytes.Equal(o.card.PIN.Value, []byte(testPIN+"\xff\xff")) || o.card.PIN.Left != o.card.PIN.Max {
		say("the PIN is not the one that was chosen, or a try was spent")
	}
	if bytes.Equal(o.card.Admin.Value, s.card.Admin.Value) {
		say("the administration key is the factory's")
	}
	if o.record.Card.GUID == "" || !bytes.Contains(o.card.Objects[0x5fc102], guidBytes(o.record.Card.GUID)) {
		say("the card's GUID is not the record's")
	}
	if _, err := piv.ParseCapabilities(o.card.Objects[0x5fc107]); err != nil {
		say("the card capabilities are not there: %v", err)
	}
	if got := reveal(s, o.record.PUK); !bytes.Equal(got, bytes.TrimRight(o.card.PUK.Value, "\xff")) || bytes.Equal(o.card.PUK.Value, s.card.PUK.Value) {
		say("the sealed PUK %q is not the card's %q", got, o.card.PUK.Value)
	}
	if o.letter != 1 {
		say("%d letters came", o.letter)
	}
	return wrong
}

// refusedScenario: the CA says no to the last of three requests. Everything is
// taken back: the card is as before, what was granted is revoked, nobody is
// written to.
func refusedScenario(t *testing.T) *scenario {
	s := updateScenario(t)
	s.name = "refused by the CA"
	s.base.desk.PolicyOf = ofOtherCompany(t, s.base.desk.PolicyOf, "9d")
	s.settle(t, chipOf(t, s.card, sim.Options{}))
	s.check = checkTakenBack
	return s
}

func checkTakenBack(s *scenario, o outcome) []string {
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if o.runs[0].End != engine.TakenBack {
		say("the run ended %q", o.runs[0].End)
	}
	if len(o.card.Keys) != len(s.card.Keys) || len(o.card.Objects) != len(s.card.Objects) {
		say("%d keys and %d objects, before %d and %d", len(o.card.Keys), len(o.card.Objects), len(s.card.Keys), len(s.card.Objects))
	}
	for slot, key := range s.card.Keys {
		if !bytes.Equal(o.card.Keys[slot].Private, key.Private) {
			say("the key in %x is another", byte(slot))
		}
	}
	for object, value := range s.card.Objects {
		if !bytes.Equal(o.card.Objects[object], value) {
			say("object %x is another", uint32(object))
		}
	}
	for _, serials := range o.mains.issued {
		if !revoked(s, serials[0]) {
			say("certificate %s was granted and not given back", serials[0])
		}
	}
	if o.letter != 0 {
		say("%d letters came about nothing", o.letter)
	}
	return wrong
}

// inPlaceScenario: a card that cannot move keys. Two certificates are renewed
// over the old ones, one is removed.
func inPlaceScenario(t *testing.T) *scenario {
	s := startOf(t, "in place")
	state, err := sim.Factory(sim.Firmware{Major: 5, Minor: 4, Patch: 3}, 712242, time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	chip := chipOf(t, state, sim.Options{})
	desk := *s.base.desk
	desk.PolicyOf = days(desk.PolicyOf, 9)
	issue(t, desk, chip, "alovelace", map[string]bool{"VPN": true})
	state = chip.State()
	giveBank(t, &state)
	s.choose = func(p engine.Proposal) engine.Selection {
		return engine.Selection{Optional: map[string]bool{"VPN": false}, Track: map[string]bool{p.ThirdParty[0].Certificate.Fingerprint: false}}
	}
	s.check = checkInPlace
	s.settle(t, chipOf(t, state, sim.Options{}))
	return s
}

func checkInPlace(s *scenario, o outcome) []string {
	wrong := agree(o)
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if o.runs[0].End != engine.Finished || len(o.runs) != 2 {
		say("%d runs, the last %q", len(o.runs), o.runs[0].End)
	}
	if len(o.record.Managed) != 2 || certificateIn(o.card, 0x84) != nil {
		say("the record has %d managed certificates; that in 84: %x", len(o.record.Managed), certificateIn(o.card, 0x84))
	}
	for _, m := range o.record.Managed {
		if bytes.Equal(s.card.Keys[slotOf(m.Place)].Public, m.Public) {
			say("%s still has its old key", m.Place)
		}
	}
	if !bytes.Equal(o.card.Objects[bankSlot.Certificate()], s.card.Objects[bankSlot.Certificate()]) || !bytes.Equal(o.card.Keys[bankSlot].Private, s.card.Keys[bankSlot].Private) {
		say("the bank's certificate or key was touched")
	}
	if len(o.mains.issued) != 2 || o.letter != 1 {
		say("%d keys were certified, %d letters came", len(o.mains.issued), o.letter)
	}
	return wrong
}

func guidBytes(guid string) []byte {
	b, err := hex.DecodeString(guid)
	if err != nil {
		panic(err)
	}
	return b
}

// reveal opens a seal as the help desk would.
func reveal(s *scenario, sealed []byte) []byte {
	puk, err := vault.Reveal(sealed, filepath.Join(s.world.Folder, "helpdesk.identity"))
	if err != nil {
		return []byte(err.Error())
	}
	return puk
}

// revoked asks the CA's own CRL, as anybody would.
func revoked(s *scenario, serial string) bool {
	crl, err := s.world.CRL(context.Background())
	if err != nil {
		return false
	}
	for _, r := range crl.RevokedCertificateEntries {
		if r.SerialNumber.Text(16) == serial {
			return true
		}
	}
	return false
}
