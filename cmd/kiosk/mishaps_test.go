package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine"
	"cardkiosk/engine/sim"
)

// Mishaps are what befalls an update besides a power cut: a CA that changes its
// mind, other hands on the card, a full card, a kiosk that is told to end.

// mishap is a kiosk, and a card of Ada's with certificates that are due.
type mishap struct {
	desk  engine.Desk
	chip  *sim.Card
	user  engine.User
	today func(engine.User) (engine.Policy, error)
}

func openMishap(t *testing.T, serial uint32, firmware sim.Firmware, optional ...string) *mishap {
	t.Helper()
	_, cfg := openWorld(t, demo.Options{AtOnce: true})
	m := &mishap{desk: *openParts(t, cfg, nil).desk}
	state, err := sim.Factory(firmware, serial, time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	m.chip, m.today = chipOf(t, state, sim.Options{}), m.desk.PolicyOf
	m.desk.PolicyOf = days(m.today, 9)
	chosen := map[string]bool{}
	for _, name := range optional {
		chosen[name] = true
	}
	issue(t, m.desk, m.chip, "alovelace", chosen)
	m.desk.PolicyOf = m.today
	m.user = userNamed(t, &m.desk, "alovelace")
	return m
}

var today57 = sim.Firmware{Major: 5, Minor: 7, Patch: 1}

// update proposes what is due and carries it out.
func (m *mishap) update(ctx context.Context, t *testing.T, s engine.Selection) (engine.Result, error) {
	t.Helper()
	c := inReader(t, &m.desk, m.chip)
	defer c.Close()
	p := propose(t, &m.desk, c, m.user, s)
	if len(p.Plan.Obstacles) > 0 {
		t.Fatalf("the plan has obstacles: %v", p.Plan.Obstacles)
	}
	return m.desk.Update(ctx, tester, c, p.Plan, engine.NewPIN([]byte(testPIN)), nil)
}

func (m *mishap) resume(t *testing.T) (engine.Result, error) {
	t.Helper()
	c := inReader(t, &m.desk, m.chip)
	defer c.Close()
	return m.desk.Resume(t.Context(), tester, c, engine.NewPIN([]byte(testPIN)), nil)
}

func (m *mishap) takeBack(t *testing.T) (engine.Result, error) {
	t.Helper()
	c := inReader(t, &m.desk, m.chip)
	defer c.Close()
	return m.desk.TakeBack(t.Context(), tester, c, engine.NewPIN([]byte(testPIN)), nil)
}

// with puts another CA in front of every real one.
func (m *mishap) with(in func(engine.CA) engine.CA) (real map[string]engine.CA) {
	real = m.desk.CAs
	m.desk.CAs = map[string]engine.CA{}
	for name, ca := range real {
		m.desk.CAs[name] = in(ca)
	}
	return real
}

// same reports whether a card still has the private key in a slot that it had.
func same(before, after sim.State, slot sim.Slot) bool {
	return bytes.Equal(before.Keys[slot].Private, after.Keys[slot].Private)
}

// naysayer refuses the requests for some of its templates.
type naysayer struct {
	engine.CA
	profiles []string
	first    bool // it can decide before there is a key
}

func (n naysayer) DecidesFirst() bool { return n.first }

func (n naysayer) Ask(ctx context.Context, r engine.CARequest) (engine.Answer, error) {
	if slices.Contains(n.profiles, r.Profile) {
		return engine.Answer{State: engine.RequestRejected, Words: "not today"}, nil
	}
	return n.CA.Ask(ctx, r)
}

// A card that cannot move keys is renewed in place. When the CA refuses the
// first certificate, its key is gone, but the others are not touched; nothing
// dead stays on the card, everybody is told, and the card can be updated again.
func TestRefusedInPlace(t *testing.T) {
	m := openMishap(t, 812345, sim.Firmware{Major: 5, Minor: 4, Patch: 3}, "VPN")
	first := m.profileAt(t, "9a")
	before := m.chip.State()
	real := m.with(func(ca engine.CA) engine.CA { return naysayer{CA: ca, profiles: []string{first}} })
	result, err := m.update(t.Context(), t, engine.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	if result.End != engine.Partly || len(result.Refusals) != 1 || len(result.Notice.Written) != 0 || len(result.Notice.Refused) != 1 {
		t.Errorf("the run ended %q, refusals %v, written %v", result.End, result.Refusals, result.Notice.Written)
	}
	after := m.chip.State()
	if same(before, after, 0x9a) || !same(before, after, 0x9c) || !same(before, after, 0x84) {
		t.Errorf("other keys than that of the refused certificate were touched")
	}
	if _, there := after.Objects[sim.Slot(0x9a).Certificate()]; there {
		t.Errorf("the certificate of the key that is gone is still on the card")
	}
	m.desk.CAs = real
	if result, err = m.update(t.Context(), t, engine.Selection{}); err != nil || result.End != engine.Finished || len(result.Notice.Written) != 3 {
		t.Errorf("the next update: %v, written %d, %v", result.End, len(result.Notice.Written), err)
	}
}

// Where the CA can decide before the key is made over the old one, a refusal costs
// nothing: the card is as it was.
func TestRefusedBeforeTheKey(t *testing.T) {
	m := openMishap(t, 812345, sim.Firmware{Major: 5, Minor: 4, Patch: 3}, "VPN")
	first := m.profileAt(t, "9a")
	before := m.chip.State()
	m.with(func(ca engine.CA) engine.CA { return naysayer{CA: ca, profiles: []string{first}, first: true} })
	result, err := m.update(t.Context(), t, engine.Selection{})
	if err != nil || result.End != engine.TakenBack || len(result.Refusals) != 1 {
		t.Fatalf("the run ended %q, refusals %v, %v", result.End, result.Refusals, err)
	}
	after := m.chip.State()
	if !same(before, after, 0x9a) || !same(before, after, 0x9c) || !same(before, after, 0x84) {
		t.Error("the card is not as it was")
	}
}

// profileAt is what the CA calls the template of a place.
func (m *mishap) profileAt(t *testing.T, at engine.Place) string {
	t.Helper()
	policy, err := m.today(m.user)
	if err != nil {
		t.Fatal(err)
	}
	for _, template := range policy.Templates {
		if template.Place == at {
			return template.Profile
		}
	}
	t.Fatalf("no template in %s", at)
	return ""
}

// A template may live where other templates' keys are made or kept: its home is
// left alone.
func TestHomeAmongSparePlaces(t *testing.T) {
	for _, home := range []engine.Place{"82", "95"} {
		t.Run(string(home), func(t *testing.T) {
			m := openMishap(t, 812350, today57, "Mail encryption")
			m.desk.PolicyOf = func(u engine.User) (engine.Policy, error) {
				policy, err := m.today(u)
				policy.Templates = slices.Clone(policy.Templates)
				for i := range policy.Templates {
					if policy.Templates[i].Name == "VPN" {
						policy.Templates[i].Place = home
					}
				}
				return policy, err
			}
			result, err := m.update(t.Context(), t, engine.Selection{Optional: map[string]bool{"VPN": true}})
			if err != nil || result.End != engine.Finished || len(result.Notice.Written) != 4 {
				t.Fatalf("ended %q with %d certificates: %v", result.End, len(result.Notice.Written), err)
			}
		})
	}
}

// away does not answer requests.
type away struct{ engine.CA }

func (away) Ask(context.Context, engine.CARequest) (engine.Answer, error) {
	return engine.Answer{}, &engine.Error{Op: "ask CA", Kind: engine.CAAway}
}

// While an update waits to be continued, the card is in other hands. What they
// have put there is not touched; the update can be taken back.
func TestOtherHandsMeanwhile(t *testing.T) {
	other := newChip(t, 1).State()
	foreign, certificate := other.Keys[0xf9], other.Objects[0x5fff01]
	for name, meddle := range map[string]func(*sim.State){
		"a template's home": func(s *sim.State) {
			s.Keys[0x9c], s.Objects[sim.Slot(0x9c).Certificate()] = foreign, certificate
		},
		"a place to make a key": func(s *sim.State) { s.Keys[0x93] = foreign },
	} {
		t.Run(name, func(t *testing.T) {
			m := openMishap(t, 812360, today57)
			real := m.with(func(ca engine.CA) engine.CA { return away{ca} })
			if _, err := m.update(t.Context(), t, engine.Selection{}); !engine.Is(err, engine.CAAway) {
				t.Fatalf("interrupted by %v", err)
			}
			state := m.chip.State()
			meddle(&state)
			m.chip, m.desk.CAs = chipOf(t, state, sim.Options{}), real
			if _, err := m.resume(t); !engine.Is(err, engine.PlanOutdated) {
				t.Errorf("continued: %v", err)
			}
			if result, err := m.takeBack(t); err != nil || result.End != engine.TakenBack {
				t.Errorf("taken back: %v, %v", result.End, err)
			}
			after := m.chip.State()
			for slot, key := range state.Keys {
				if bytes.Equal(key.Public, foreign.Public) && !bytes.Equal(after.Keys[slot].Private, key.Private) {
					t.Errorf("the foreign key in %x is gone", byte(slot))
				}
			}
		})
	}
}

// A kiosk that is told to end while keys change places finishes that first: the
// holder can go on using the card.
func TestToldToEndBetweenMoves(t *testing.T) {
	m := openMishap(t, 812351, today57)
	ctx, end := context.WithCancel(t.Context())
	m.chip = chipOf(t, m.chip.State(), sim.Options{Power: func(c sim.Command) sim.Cut {
		if c.Header[1] == 0xf6 { // MOVE KEY
			end()
		}
		return sim.Stay
	}})
	if _, err := m.update(ctx, t, engine.Selection{}); !engine.Is(err, engine.Stopped) {
		t.Fatalf("ended by %v", err)
	}
	state := m.chip.State()
	if _, there := state.Keys[0x9a]; !there {
		t.Errorf("9A was left without a key")
	}
	m.chip = chipOf(t, state, sim.Options{})
	if result, err := m.resume(t); err != nil || result.End != engine.Finished {
		t.Errorf("continued: %v, %v", result.End, err)
	}
}

// A card without room for the old encryption certificate says so before any key
// is moved, and the update can be taken back.
func TestNoRoomForHistory(t *testing.T) {
	m := openMishap(t, 812370, today57, "Mail encryption")
	state, used := m.chip.State(), 0
	for _, value := range state.Objects {
		used += len(value)
	}
	state.Memory = used + 300
	m.chip = chipOf(t, state, sim.Options{})
	if _, err := m.update(t.Context(), t, engine.Selection{}); !engine.Is(err, engine.CardFull) {
		t.Fatalf("ended by %v", err)
	}
	if result, err := m.takeBack(t); err != nil || result.End != engine.TakenBack {
		t.Errorf("taken back: %v, %v", result.End, err)
	}
	after := m.chip.State()
	for slot := range state.Keys {
		if !same(state, after, slot) {
			t.Errorf("the key in %x is another", byte(slot))
		}
	}
	if len(after.Keys) != len(state.Keys) || len(after.Objects) != len(state.Objects) {
		t.Errorf("%d keys and %d objects, not %d and %d", len(after.Keys), len(after.Objects), len(state.Keys), len(state.Objects))
	}
}

// miser does not let this station revoke.
type miser struct{ naysayer }

func (miser) Revoke(context.Context, string, engine.RevokeReason) error {
	return &engine.Error{Op: "revoke certificate", Kind: engine.CARefused}
}

// A station that may not revoke what it was given leaves that to somebody else,
// and the card is not stuck.
func TestMayNotRevoke(t *testing.T) {
	m := openMishap(t, 812346, today57)
	last := m.profileAt(t, "9c")
	m.with(func(ca engine.CA) engine.CA { return miser{naysayer{CA: ca, profiles: []string{last}}} })
	result, err := m.update(t.Context(), t, engine.Selection{})
	if err != nil || result.End != engine.TakenBack {
		t.Errorf("ended %q, %v", result.End, err)
	}
}
