package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine"
	"cardkiosk/engine/sim"
	"cardkiosk/engine/store"
)

// scenario is a card, its store and what is wanted of it: the state of things
// to which the power is given back again and again.
type scenario struct {
	name   string
	world  *demo.World
	base   *parts
	store  string // file of the store as it is before
	card   sim.State
	user   engine.User
	choose func(engine.Proposal) engine.Selection
	plan   engine.Plan // as it is made without any cut
	acts   []act       // what happens, one after the other; nil for the update alone
	record engine.Record
	check  func(s *scenario, o outcome) []string
}

// act is one thing that a story goes through, again when the power went. An officer
// decides between two, and no power goes then.
type act struct {
	between func(t *testing.T, s *scenario, requests []engine.Request)
	carry   func(t *testing.T, desk *engine.Desk, c *engine.Connected, o *outcome) error
}

// outcome is what a story has led to.
type outcome struct {
	mains  *mains
	card   sim.State
	record engine.Record
	runs   []engine.Run
	letter int // letters that reached the mailbox
	result engine.Result

	requests []engine.Request // of the last update that waited
}

// However often the power goes, the card ends whole, one certificate is made
// for each request, one letter is sent, and card and record agree.
func TestPowerCut(t *testing.T) {
	for _, s := range append([]*scenario{updateScenario(t), firstIssueScenario(t), refusedScenario(t), inPlaceScenario(t)}, heldScenarios(t)...) {
		t.Run(s.name, func(t *testing.T) {
			points := s.story(t, -1, mutation{}).mains.points
			wrong := 0
			for at := range points {
				if problems := s.problems(s.story(t, at, mutation{})); len(problems) > 0 {
					wrong++
					t.Errorf("cut at point %d: %s", at, strings.Join(problems, "; "))
				}
			}
			t.Logf("%s: %d steps, power cut at %d points (before and after every APDU that changes the card, every journal write and every request), %d ended wrong",
				s.name, len(s.plan.Steps), points, wrong)
		})
	}
}

// A worse run is noticed: each kind of note dropped, request ids that change,
// done steps repeated.
func TestPowerCutNotices(t *testing.T) {
	for _, s := range []*scenario{updateScenario(t), firstIssueScenario(t)} {
		s.notices(t, mutations(s.plan))
	}
	approvedScenario(t).notices(t, []mutation{
		{name: "request id not stable", unstable: true},
		{name: "held note dropped", drop: ofKind(engine.Held)},
	})
	cancelledScenario(t).notices(t, []mutation{
		{name: "rested note dropped", drop: ofKind(engine.Rested)},
		{name: "note that taking back begins dropped", undo: engine.Begun},
		{name: "note that it was taken back dropped", undo: engine.Done},
	})
}

func ofKind(kind engine.NoteKind) func(engine.Step, engine.Note) bool {
	return func(_ engine.Step, n engine.Note) bool { return n.Kind == kind }
}

// notices holds that each mutation breaks a rule, wherever the power may have to go
// for it.
func (s *scenario) notices(t *testing.T, all []mutation) {
	t.Helper()
	for _, m := range all {
		t.Run(s.name+"/"+m.name, func(t *testing.T) {
			points := s.story(t, -1, mutation{}).mains.points
			for _, at := range slices.Backward(append(cuts(points), -1)) {
				if problems := s.problems(s.story(t, at, m)); len(problems) > 0 {
					t.Logf("noticed with a cut at %d: %s", at, problems[0])
					return
				}
			}
			t.Errorf("nobody noticed, whatever the %d points", points)
		})
	}
}

func cuts(points int) []int {
	all := make([]int, points)
	for i := range all {
		all[i] = i
	}
	return all
}

// mutations are all of them for the verbs of a plan.
func mutations(plan engine.Plan) []mutation {
	all := []mutation{{name: "request id not stable", unstable: true}}
	seen := map[engine.Verb]bool{}
	last := 0
	for i, s := range plan.Steps {
		if !s.IfRefused {
			last = i
		}
	}
	for i, s := range plan.Steps {
		if seen[s.Verb] || s.IfRefused { // which nothing is here
			continue
		}
		seen[s.Verb] = true
		verb := s.Verb
		for _, kind := range []engine.NoteKind{engine.Begun, engine.Done} {
			all = append(all, mutation{
				name: fmt.Sprintf("%s note of %q dropped", kind, verb),
				drop: func(s engine.Step, n engine.Note) bool { return s.Verb == verb && n.Kind == kind },
			})
		}
		if i < last { // a run whose last step is done cannot be resumed
			all = append(all, mutation{name: fmt.Sprintf("%q repeated", verb), repeat: verb})
		}
	}
	return all
}

// story tells it once: the update with a power cut at a point, then everything
// is switched on again and the run resumed.
func (s *scenario) story(t *testing.T, cutAt int, hurt mutation) outcome {
	t.Helper()
	file := copiedStore(t, s.store)
	m := newMains(cutAt)
	m.hurt = hurt
	m.chip = chipOf(t, s.card, sim.Options{Power: m.apdu})
	letters := len(s.world.Mailbox.Messages())
	o := outcome{mains: m}
	for _, a := range s.acts {
		s.play(t, m, file, a, &o)
	}
	o.card = m.chip.State()
	s.look(t, file, &o)
	o.letter = len(s.world.Mailbox.Messages()) - letters
	return o
}

// play goes through an act, and switches the power on again when it went.
func (s *scenario) play(t *testing.T, m *mains, file string, a act, o *outcome) {
	t.Helper()
	for try := 0; ; try++ {
		err := s.once(t, m, file, a, o)
		if err == nil || try > 2 {
			return
		}
		if !m.isDead() && try > 0 {
			m.wrong = append(m.wrong, "the run does not end: "+err.Error())
			return
		}
		m.powerBack()
	}
}

// once is one life of the kiosk: it continues what was begun, or begins.
func (s *scenario) once(t *testing.T, m *mains, file string, a act, o *outcome) error {
	kept, err := store.Open(t.Context(), file, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	desk := *s.base.desk
	desk.Log = silent
	later := time.Duration(m.lives) * 10 * time.Minute // whoever was at anything is forgotten
	desk.Now = func() time.Time { return time.Now().Add(later) }
	desk.Ledger, desk.Audit, desk.Outbox, desk.Requests = cutLedger{kept, m}, kept, toldOutbox{kept, m}, cutRequests{kept, m}
	desk.Texts, desk.Errands, desk.People = kept, kept, kept
	desk.Journal = cutJournal{kept, m}
	desk.CAs = map[string]engine.CA{}
	for name, ca := range s.base.desk.CAs {
		desk.CAs[name] = cutCA{ca, m}
	}
	if a.between != nil {
		requests, err := kept.RequestsOf(t.Context(), s.plan.Card.ID)
		if err != nil {
			t.Fatal(err)
		}
		a.between(t, s, requests)
		return nil
	}
	c, err := s.connect(t, &desk, m)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := a.carry(t, &desk, c, o); err != nil {
		return err
	}
	_, err = desk.Deliver(t.Context())
	return err
}

// connect reads the card, unless the power goes meanwhile.
func (s *scenario) connect(t *testing.T, desk *engine.Desk, m *mains) (*engine.Connected, error) {
	readers := demo.NewVirtualReaders(m.chip)
	if err := readers.Insert(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	desk.Readers = readers
	c, err := desk.Connect(t.Context(), tester, readers.Reader(0))
	if err != nil && !m.isDead() {
		t.Fatal(err)
	}
	return c, err
}

func (s *scenario) carry(t *testing.T, desk *engine.Desk, c *engine.Connected, o *outcome) (err error) {
	pin := engine.NewPIN([]byte(testPIN))
	view, err := desk.View(t.Context(), tester, c, &s.user)
	if err != nil {
		t.Fatal(err)
	}
	if view.Unfinished != nil {
		o.result, err = desk.Resume(t.Context(), tester, c, pin, nil)
	} else if view.Pending != nil {
		return nil
	} else if p := propose(t, desk, c, s.user, engine.Selection{}); len(view.Reasons) == 0 || engine.Due(view.Reasons) || p.Plan.First {
		p = propose(t, desk, c, s.user, s.choose(p))
		o.result, err = desk.Update(t.Context(), tester, c, p.Plan, pin, nil)
	}
	return err
}

// look reads what the store has kept.
func (s *scenario) look(t *testing.T, file string, o *outcome) {
	kept, err := store.Open(t.Context(), file, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	if o.record, _, err = kept.Card(t.Context(), s.plan.Card.ID); err != nil {
		t.Fatal(err)
	}
	if o.runs, err = kept.Runs(t.Context(), s.plan.Card.ID); err != nil {
		t.Fatal(err)
	}
	if o.requests, err = kept.RequestsOf(t.Context(), s.plan.Card.ID); err != nil {
		t.Fatal(err)
	}
}

// problems are the rules that an outcome breaks.
func (s *scenario) problems(o outcome) []string {
	wrong := slices.Clone(o.mains.wrong)
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if len(o.runs) == 0 || o.runs[0].End == "" {
		say("the run has not ended")
		return wrong
	}
	wrong = append(wrong, s.journal(o)...)
	wrong = append(wrong, o.mains.heldIn()...)
	for public, serials := range o.mains.issued {
		if len(serials) > 1 {
			say("%d certificates were made for key %x…", len(serials), public[len(public)-4:])
		}
	}
	for i, l := range o.result.Letters {
		if i >= len(o.mains.queued) || l.ID != o.mains.queued[i] {
			say("the result names letter %s, the outbox has %v", l.ID, o.mains.queued)
		}
	}
	wrong = append(wrong, s.check(s, o)...)
	return wrong
}

// journal holds that each step of a finished run was begun, and was done once.
func (s *scenario) journal(o outcome) []string {
	var wrong []string
	if o.result.End != engine.Finished {
		return nil
	}
	for i, step := range o.mains.plan.Steps {
		begun, done := 0, 0
		for _, n := range o.mains.stored {
			if n.Undo || n.Step != i {
				continue
			}
			switch n.Kind {
			case engine.Begun:
				begun++
			case engine.Done, engine.Refused:
				done++
			case engine.RollingBack, engine.RolledBack:
				done--
			case engine.Held, engine.Rested:
			}
		}
		if step.IfRefused && begun+done == 0 {
			continue
		}
		if begun == 0 || done != 1 {
			wrong = append(wrong, fmt.Sprintf("step %d (%s) was begun %d times and done %d times in the journal", i, step.Verb, begun, done))
		}
	}
	return wrong
}

// agree holds that card and record say the same of every managed certificate,
// and that the key beside each is its own.
func agree(o outcome) []string {
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if o.record.State != engine.StateIssued {
		say("the record says %q", o.record.State)
	}
	for _, m := range slices.Concat(o.record.Managed, o.record.Former) {
		slot := slotOf(m.Place)
		if got := certificateIn(o.card, slot); engine.Fingerprint(got) != m.Fingerprint {
			say("%s: the card holds another certificate than the record names", m.Place)
		}
		if id, ours := o.mains.asker[m.Serial]; ours && id != m.Request {
			say("%s: the record names the request %q, and %q brought the certificate", m.Place, m.Request, id)
		}
		if key := o.card.Keys[slot]; !bytes.Equal(key.Public, m.Public) {
			say("%s: the key is not the certificate's", m.Place)
		}
	}
	return wrong
}

func slotOf(p engine.Place) sim.Slot {
	var slot sim.Slot
	if err := slot.UnmarshalText([]byte(strings.ToUpper(string(p)))); err != nil {
		panic(err)
	}
	return slot
}

// certificateIn takes a certificate out of the object 70 … 71 … FE …
func certificateIn(s sim.State, slot sim.Slot) []byte {
	object := s.Objects[slot.Certificate()]
	for n := 0; n < len(object); n++ { // whatever is in the object must be what the record's fingerprint says
		if object[n] == 0x30 && len(object) > n+4 && object[n+1] == 0x82 {
			size := 4 + int(object[n+2])<<8 + int(object[n+3])
			return object[n:min(n+size, len(object))]
		}
	}
	return nil
}

// startOf makes the world and a card that was issued in it some time ago.
func startOf(t *testing.T, name string) *scenario {
	world, cfg := openWorld(t, demo.Options{AtOnce: true})
	cfg.Store.File = filepath.Join(t.TempDir(), "base.db")
	s := &scenario{name: name, world: world, base: openParts(t, cfg, nil), store: cfg.Store.File}
	s.acts = []act{{carry: s.carry}}
	return s
}

// settle takes the state of things as the scenario's start; letters about the
// past are sent first.
func (s *scenario) settle(t *testing.T, chip *sim.Card) {
	desk := *s.base.desk
	for waits := true; waits; {
		round, err := desk.Deliver(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		waits = !round.Next.IsZero()
	}
	s.user = userNamed(t, &desk, "alovelace")
	c := inReader(t, &desk, chip)
	s.plan = propose(t, &desk, c, s.user, s.choose(propose(t, &desk, c, s.user, engine.Selection{}))).Plan
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	s.card = chip.State()
	record, _, err := desk.Ledger.Card(t.Context(), s.plan.Card.ID)
	if err != nil {
		t.Fatal(err)
	}
	s.record = record
}
