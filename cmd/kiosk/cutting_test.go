package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
)

var errDead = errors.New("the power is gone")

// mains is the power of kiosk and card together: when it goes, neither does
// anything more. Every place where it may go is a point; points are counted.
type mains struct {
	mu     sync.Mutex
	cutAt  int // the point at which the power goes; -1 for never
	points int
	dead   bool
	chip   *sim.Card

	plan   engine.Plan
	stored []engine.Note // what reached the store, in order
	wrong  []string      // rules of the journal that were broken on the way
	issued map[string][]string
	asker  map[string]string // the request that brought a certificate, by its serial number
	proved map[sim.Slot]bool // keys used since the last write to the journal
	queued []string          // ids of the letters in the outbox
	asked  map[string]bool   // request ids that may have reached the CA, until they are looked up
	held   map[string]int    // steps whose requests a CA held, by request id
	told   []engine.NoticeEvent
	lives  int // how often everything was switched on again
	hurt   mutation
}

func newMains(cutAt int) *mains {
	return &mains{
		cutAt: cutAt, issued: map[string][]string{}, proved: map[sim.Slot]bool{}, asker: map[string]string{}, asked: map[string]bool{},
		held: map[string]int{},
	}
}

// powerBack switches everything on again, for good.
func (m *mains) powerBack() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dead, m.cutAt = false, -1
	m.lives++
	clear(m.proved)
}

// mutation is a way to make the run worse, to see whether that is noticed.
type mutation struct {
	name     string
	drop     func(s engine.Step, n engine.Note) bool // notes that never reach the store
	unstable bool                                    // each call has another request id
	undo     engine.NoteKind                         // notes of this kind about taking back never reach the store
	repeat   engine.Verb                             // done steps of this verb are forgotten on resume
}

// point counts a point and reports whether the power has gone.
func (m *mains) point() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.points == m.cutAt {
		m.dead = true
	}
	m.points++
	return m.dead
}

func (m *mains) isDead() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.dead
}

// apdu is the card's power switch: a point before and a point after every APDU
// that changes the card.
func (m *mains) apdu(c sim.Command) sim.Cut {
	switch {
	case m.isDead():
		return sim.CutBefore
	case c.Header[1] == generalAuthenticate:
		m.mu.Lock()
		defer m.mu.Unlock()
		m.proved[sim.Slot(c.Header[3])] = true
		return sim.Stay
	case !c.Changes:
		return sim.Stay
	}
	m.begunBefore(c)
	if m.point() {
		return sim.CutBefore
	}
	if m.point() {
		return sim.CutAfter
	}
	return sim.Stay
}

const generalAuthenticate = 0x87 // SP 800-73-4 part 2, 3.2.4

// provenBefore holds that a key was used before the journal says that it was
// proven.
func (m *mains) provenBefore(n engine.Note) {
	if n.Undo || n.Kind != engine.Done {
		return
	}
	s := m.plan.Steps[n.Step]
	if (s.Verb == engine.Check || s.Verb == engine.ProveCard) && !m.proved[slotOf(s.Place)] {
		m.wrong = append(m.wrong, fmt.Sprintf("step %d (%s) was noted as done before the key in %s was used", n.Step, s.Verb, s.Place))
	}
}

// begunBefore holds the rule of the journal: a card is changed only by a step
// that stands there as begun and not as done.
func (m *mains) begunBefore(c sim.Command) {
	m.mu.Lock()
	defer m.mu.Unlock()
	open := map[string]bool{}
	for _, n := range m.stored {
		key := fmt.Sprint(n.Undo, n.Step)
		open[key] = n.Kind == engine.Begun || n.Kind == engine.RollingBack
	}
	for _, is := range open {
		if is {
			return
		}
	}
	m.wrong = append(m.wrong, fmt.Sprintf("APDU %X changed the card while no step was begun", c.Header))
}

// off takes the power from the card, when it went elsewhere.
func (m *mains) off() error {
	m.chip.PowerOff()
	return errDead
}

// cutJournal is a journal of which every write is a point, before and after.
type cutJournal struct {
	engine.Journal
	*mains
}

func (j cutJournal) around(write func() error) error {
	if j.point() {
		return j.off()
	}
	if err := write(); err != nil {
		return err
	}
	if j.point() {
		return j.off()
	}
	return nil
}

func (j cutJournal) Begin(ctx context.Context, r engine.Run, l engine.Lease) (fence int64, err error) {
	j.plan, j.stored, j.held = r.Plan, nil, map[string]int{}
	err = j.around(func() (err error) { fence, err = j.Journal.Begin(ctx, r, l); return err })
	return fence, err
}

func (j cutJournal) Take(ctx context.Context, id engine.RunID, l engine.Lease) (run engine.Run, err error) {
	err = j.around(func() (err error) { run, err = j.Journal.Take(ctx, id, l); return err })
	if j.hurt.repeat != "" {
		run.Notes = slices.DeleteFunc(run.Notes, func(n engine.Note) bool {
			return !n.Undo && n.Kind == engine.Done && run.Plan.Steps[n.Step].Verb == j.hurt.repeat
		})
	}
	return run, err
}

func (j cutJournal) Note(ctx context.Context, id engine.RunID, l engine.Lease, notes []engine.Note, end engine.RunEnd, a *engine.Closing) error {
	return j.around(func() error {
		kept := j.keep(notes)
		return j.reached(kept, j.Journal.Note(ctx, id, l, kept, end, a))
	})
}

func (j cutJournal) Record(ctx context.Context, id engine.RunID, l engine.Lease, o engine.Outcome) error {
	return j.around(func() error {
		if a := o.Audit; a.Actor != tester || a.Card != j.plan.Card.ID || a.User != j.plan.User.ID || a.Run != id || a.Act == "" || a.Result != "done" && a.Result != "cancelled" {
			j.wrong = append(j.wrong, fmt.Sprintf("the audit says of the update %+v", a))
		}
		o.Notes = j.keep(o.Notes)
		j.queue(o.Letters)
		return j.reached(o.Notes, j.Journal.Record(ctx, id, l, o))
	})
}

// keep drops what the mutation drops.
func (j cutJournal) keep(notes []engine.Note) []engine.Note {
	return slices.DeleteFunc(slices.Clone(notes), func(n engine.Note) bool {
		return n.Undo && n.Kind == j.hurt.undo || !n.Undo && j.hurt.drop != nil && j.hurt.drop(j.plan.Steps[n.Step], n)
	})
}

func (j cutJournal) reached(notes []engine.Note, err error) error {
	if err == nil {
		j.mu.Lock()
		defer j.mu.Unlock()
		for _, n := range notes {
			j.provenBefore(n)
		}
		clear(j.proved)
		j.stored = append(j.stored, notes...)
	}
	return err
}

// cutCA is a CA of which every request is a point, before and after. It counts
// what was issued, also when the answer was lost.
type cutCA struct {
	engine.CA
	*mains
}

func (c cutCA) Ask(ctx context.Context, r engine.CARequest) (engine.Answer, error) {
	if c.point() {
		return engine.Answer{}, c.off()
	}
	if c.hurt.unstable {
		r.ID = fmt.Sprintf("%s%02d", r.ID[:30], c.points%100)
	}
	c.mu.Lock()
	if c.asked[r.ID] {
		c.wrong = append(c.wrong, fmt.Sprintf("request %s was sent again and not looked up", r.ID))
	}
	c.asked[r.ID] = true
	c.mu.Unlock()
	a, err := c.CA.Ask(ctx, r)
	c.count(r.ID, a)
	c.holds(r, a)
	if c.point() {
		return engine.Answer{}, c.off()
	}
	return a, err
}

func (c cutCA) count(id string, a engine.Answer) {
	if a.State != engine.RequestIssued {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	cert, err := engine.ParseCertificate(a.Certificate)
	if err == nil {
		c.asker[cert.Serial] = id
	}
	if err == nil && !slices.Contains(c.issued[string(cert.Public)], cert.Serial) {
		c.issued[string(cert.Public)] = append(c.issued[string(cert.Public)], cert.Serial)
	}
}

func (c cutCA) Lookup(ctx context.Context, id string) (engine.Answer, bool, error) {
	if c.isDead() {
		return engine.Answer{}, false, c.off()
	}
	if c.hurt.unstable {
		return engine.Answer{}, false, nil // nobody knows the id it was asked under
	}
	c.mu.Lock()
	delete(c.asked, id)
	c.mu.Unlock()
	a, known, err := c.CA.Lookup(ctx, id)
	c.count(id, a)
	return a, known, err
}
