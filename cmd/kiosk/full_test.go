package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
)

// fullScenario: two certificates are due, and the card turns out to be full when
// the second is written: only then the card says so.
func fullScenario(t *testing.T) *scenario {
	s := startOf(t, "full")
	chip := newChip(t, 712250)
	desk := *s.base.desk
	desk.PolicyOf = days(desk.PolicyOf, 9)
	issue(t, desk, chip, "alovelace", nil)
	state := chip.State()
	state.Memory = used(state) + room
	s.base.desk.PolicyOf = wordy(t, s.base.desk.PolicyOf)
	s.choose = func(engine.Proposal) engine.Selection { return engine.Selection{} }
	s.settle(t, chipOf(t, state, sim.Options{}))
	return s
}

// room lets one certificate grow, and not two.
const room = 900

// used is what the objects on a card take.
func used(state sim.State) int {
	total := 0
	for _, value := range state.Objects {
		total += len(value)
	}
	return total
}

// wordy makes the certificates of a policy longer by more than half the room.
func wordy(t *testing.T, of func(engine.User) (engine.Policy, error)) func(engine.User) (engine.Policy, error) {
	t.Helper()
	noise := make([]byte, room*2/3) // what repeats would be compressed
	_, _ = rand.Read(noise)
	long, err := engine.ParseSANRecipe("email=" + base64.RawURLEncoding.EncodeToString(noise) + "@corp.example")
	if err != nil {
		t.Fatal(err)
	}
	return func(u engine.User) (engine.Policy, error) {
		p, err := of(u)
		changed := make([]engine.Template, len(p.Templates))
		for i, t := range p.Templates {
			t.SAN = append(append([]engine.SANRecipe(nil), t.SAN...), long)
			changed[i] = t
		}
		p.Templates = changed
		return p, err
	}
}

// A card that says it is full only when it is written to gets its old key and
// certificate back, wherever the power goes. The new certificate is kept, and
// written once there is room.
func TestCardFullWhenWritten(t *testing.T) {
	s := fullScenario(t)
	points := s.fullStory(t, -1)
	for at := range points {
		s.fullStory(t, at)
	}
	t.Logf("power cut at %d points of an update that finds the card full", points)
}

// fullStory tells it once, and returns how many points there were until the card
// was found full.
func (s *scenario) fullStory(t *testing.T, cutAt int) int {
	t.Helper()
	wrong := func(format string, args ...any) {
		t.Helper()
		t.Errorf("cut at point %d: %s", cutAt, fmt.Sprintf(format, args...))
	}
	file := copiedStore(t, s.store)
	m := newMains(cutAt)
	m.chip = chipOf(t, s.card, sim.Options{Power: m.apdu})
	var o outcome
	err := s.once(t, m, file, s.acts[0], &o)
	if m.isDead() {
		m.powerBack()
		err = s.once(t, m, file, s.acts[0], &o)
	}
	points := m.points
	if !engine.Is(err, engine.CardFull) {
		wrong("the update ended with %v: %s %v", err, o.result.End, o.result.Refusals)
		return points
	}
	kept := 0
	now := m.chip.State()
	for _, slot := range []sim.Slot{0x9a, 0x9c} {
		certificate := engine.Fingerprint(certificateIn(now, slot))
		if certificate == engine.Fingerprint(certificateIn(s.card, slot)) {
			kept++
			if !bytes.Equal(now.Keys[slot].Private, s.card.Keys[slot].Private) {
				wrong("%x has its old certificate and another key", byte(slot))
			}
		}
	}
	if kept != 1 {
		wrong("%d of two certificates are the old ones, want one", kept)
	}
	now.Memory *= 2
	m.chip = chipOf(t, now, sim.Options{Power: m.apdu})
	if err := s.once(t, m, file, s.acts[0], &o); err != nil {
		wrong("with room: %v", err)
	}
	o.mains, o.card = m, m.chip.State()
	s.look(t, file, &o)
	for _, problem := range append(agree(o), m.wrong...) {
		wrong("%s", problem)
	}
	if len(m.issued) != 2 || len(o.card.Keys) != 3 {
		wrong("%d keys were certified, %d keys lie on the card", len(m.issued), len(o.card.Keys))
	}
	return points
}
