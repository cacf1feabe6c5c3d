package store_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

// Whatever two stations do to a card, in whatever order and however late, only
// the last fence writes, no fence is given twice, a card has one open run, and
// its record is written once per version.
func TestFences(t *testing.T) {
	s, cards := open(t, newPath(t)), 0
	rapid.Check(t, func(t *rapid.T) {
		cards++
		m := &model{s: s, card: engine.CardID(fmt.Sprint("c", cards)), now: noon}
		t.Repeat(map[string]func(*rapid.T){
			"begin": m.begin, "take": m.take, "note": m.note, "record": m.record, "assign": m.assign, "wait": m.wait,
		})
		m.check(t)
	})
}

// claim is a right to write that a station was given once.
type claim struct {
	station string
	run     *modelRun
	fence   int64
}

type modelRun struct {
	id       engine.RunID
	notes    []engine.Note
	recorded bool
	end      engine.RunEnd
}

// model is what the store should know of one card.
type model struct {
	s       *store.Store
	card    engine.CardID
	now     time.Time
	station string    // holds the card, or held it last
	until   time.Time // zero when it was let go
	fence   int64
	version int64
	runs    []*modelRun // the latest last
	claims  []claim
}

func (m *model) open() *modelRun {
	if n := len(m.runs); n > 0 && m.runs[n-1].end == "" {
		return m.runs[n-1]
	}
	return nil
}

func (m *model) heldByOther(station string) bool {
	return m.station != station && m.until.After(m.now)
}

func (m *model) lease(station string, fence int64) engine.Lease {
	return engine.Lease{Station: station, Now: m.now, Until: m.now.Add(30 * time.Second), Fence: fence}
}

// expect fails the test unless err is of the kind; Broken stands for no error.
func expect(t *rapid.T, err error, kind engine.Kind) {
	t.Helper()
	if kind == engine.Broken && err == nil || kind != engine.Broken && engine.Is(err, kind) {
		return
	}
	t.Fatalf("error is %v (kind %d), want kind %d", err, engine.KindOf(err), kind)
}

func (m *model) begin(t *rapid.T) {
	station := drawStation(t)
	r := run(engine.RunID(fmt.Sprint(m.card, "/", len(m.runs))), m.card)
	fence, err := m.s.Begin(t.Context(), r, m.lease(station, 0))
	switch {
	case m.heldByOther(station):
		expect(t, err, engine.InWork)
	case m.open() != nil:
		expect(t, err, engine.Unfinished)
	default:
		expect(t, err, engine.Broken)
		m.runs = append(m.runs, &modelRun{id: r.ID})
		m.given(t, station, m.open(), fence)
	}
}

func (m *model) take(t *rapid.T) {
	if len(m.runs) == 0 {
		t.Skip("no run yet")
	}
	station, r := drawStation(t), rapid.SampledFrom(m.runs).Draw(t, "run")
	got, err := m.s.Take(t.Context(), r.id, m.lease(station, 0))
	switch {
	case r.end != "":
		expect(t, err, engine.Overtaken)
	case m.heldByOther(station):
		expect(t, err, engine.InWork)
	default:
		expect(t, err, engine.Broken)
		sameNotes(t, got.Notes, r.notes)
		m.given(t, station, r, got.Fence)
	}
}

// given books a new fence.
func (m *model) given(t *rapid.T, station string, r *modelRun, fence int64) {
	m.fence++
	if fence != m.fence {
		t.Fatalf("fence is %d, want %d", fence, m.fence)
	}
	m.station, m.until = station, m.lease(station, 0).Until
	m.claims = append(m.claims, claim{station, r, fence})
}

func (m *model) note(t *rapid.T) {
	c := m.drawClaim(t)
	notes := []engine.Note{{Step: len(c.run.notes), Kind: engine.Begun, At: m.now}, {Step: len(c.run.notes) + 1, Undo: true, Kind: engine.Refused, At: m.now}}
	end := rapid.SampledFrom([]engine.RunEnd{"", "", "", engine.Finished, engine.TakenBack}).Draw(t, "end")
	err := m.s.Note(t.Context(), c.run.id, m.lease(c.station, c.fence), notes, end, nil)
	if c.fence != m.fence || c.run.end != "" {
		expect(t, err, engine.Overtaken)
		return
	}
	expect(t, err, engine.Broken)
	m.wrote(c.run, notes, end)
}

func (m *model) record(t *rapid.T) {
	c := m.drawClaim(t)
	version := m.version - rapid.SampledFrom([]int64{0, 0, 0, 1, -1}).Draw(t, "version behind")
	o := outcome(run(c.run.id, m.card), version, letter("letter of "+string(c.run.id), m.card, 0))
	o.End = rapid.SampledFrom([]engine.RunEnd{"", engine.Finished}).Draw(t, "end")
	err := m.s.Record(t.Context(), c.run.id, m.lease(c.station, c.fence), o)
	switch {
	case c.fence == m.fence && c.run.recorded:
		expect(t, err, engine.Broken)
	case c.fence != m.fence || c.run.end != "" || version != m.version:
		expect(t, err, engine.Overtaken)
	default:
		expect(t, err, engine.Broken)
		m.version++
		c.run.recorded = true
		m.wrote(c.run, o.Notes, o.End)
	}
}

// wrote books what a claim that was good has written.
func (m *model) wrote(r *modelRun, notes []engine.Note, end engine.RunEnd) {
	r.notes, r.end = append(r.notes, notes...), end
	m.until = m.lease("", 0).Until
	if end != "" {
		m.until = time.Time{}
	}
}

func (m *model) assign(t *rapid.T) {
	r := record(m.card, jana)
	r.Version = m.version - rapid.SampledFrom([]int64{0, 0, 1}).Draw(t, "version behind")
	err := m.s.Assign(t.Context(), r, auditRow(m.card, "", "done"))
	switch {
	case m.open() != nil:
		expect(t, err, engine.InWork)
	case r.Version != m.version:
		expect(t, err, engine.Overtaken)
	default:
		expect(t, err, engine.Broken)
		m.version++
	}
}

func (m *model) wait(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(1, 40).Draw(t, "seconds")) * time.Second)
}

// check compares what can be read with the model.
func (m *model) check(t *rapid.T) {
	r, _, err := m.s.Card(t.Context(), m.card)
	expect(t, err, engine.Broken)
	if r.Version != m.version {
		t.Fatalf("version is %d, want %d", r.Version, m.version)
	}
	runs, err := m.s.Runs(t.Context(), m.card)
	expect(t, err, engine.Broken)
	slices.Reverse(runs)
	if len(runs) != len(m.runs) {
		t.Fatalf("%d runs, want %d", len(runs), len(m.runs))
	}
	for i, want := range m.runs {
		if runs[i].ID != want.id || runs[i].End != want.end {
			t.Fatalf("run %d is %s, ended %q; want %s, %q", i, runs[i].ID, runs[i].End, want.id, want.end)
		}
		if want.end == "" {
			sameNotes(t, runs[i].Notes, want.notes)
		}
	}
}

func sameNotes(t *rapid.T, got, want []engine.Note) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("notes are %v, want %v", got, want)
	}
}

func drawStation(t *rapid.T) string {
	return rapid.SampledFrom([]string{"north", "south"}).Draw(t, "station")
}

func (m *model) drawClaim(t *rapid.T) claim {
	if len(m.claims) == 0 {
		t.Skip("nobody has begun")
	}
	return rapid.SampledFrom(m.claims).Draw(t, "claim")
}
