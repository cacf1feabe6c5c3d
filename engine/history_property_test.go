package engine

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// history is one random life of a card whose CA may hold requests.
type history struct {
	*world
	selection Selection
	plan      Plan   // of the update under way
	before    lying  // the card before it …
	record    Record // … and its record
	steps     []string
	counts    map[string]int
}

// Whatever officers, kiosks, workers, CAs and the power do, in whatever order: a
// request brings one certificate, the card keeps what works, whoever is to know is
// told once, and what is cancelled leaves the card as it was.
func TestHistories(t *testing.T) {
	histories, total := 0, map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory(t)
		if h == nil {
			return
		}
		histories++
		for range rapid.IntRange(4, 24).Draw(t, "steps") {
			h.step(t)
			h.holdsTrue(t)
		}
		h.settle(t)
		for what, n := range h.counts {
			total[what] += n
		}
	})
	steps := 0
	for _, n := range total {
		steps += n
	}
	t.Logf("%d histories, %d steps: %v", histories, steps, total)
}

func newHistory(t *rapid.T) *history {
	w, s := drawWorld(t)
	w.policy.Cancel = true
	w.desk.Policies = []Policy{w.policy}
	w.decides = rapid.Bool().Draw(t, "the CA decides first")
	w.desk.Deadlines = Deadlines{Escalate: 5 * 24 * time.Hour, EscalateTo: []string{"boss@corp.example"}, Collect: 20 * 24 * time.Hour}
	w.policy.Rules = nil
	for _, one := range w.policy.Templates {
		w.holds[one.Profile] = rapid.Bool().Draw(t, one.Name+" is held")
		w.refuses[one.Profile] = oneIn(t, 12, one.Name+" is refused")
	}
	h := &history{world: w, selection: s, counts: map[string]int{}}
	_, p, err := w.propose(s)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Plan.Obstacles) > 0 || !p.Plan.Changes() {
		return nil
	}
	return h
}

func (h *history) step(t *rapid.T) {
	actions := []string{"officer", "officer", "worker", "worker", "clock", "CA down or up", "keeps all"}
	run, open := h.open()
	switch {
	case !open:
		actions = append(actions, "update", "update", "update")
	case run.rested():
		actions = append(actions, "continue", "continue", "continue", "cancel", "end rejected")
	default:
		actions = append(actions, "continue", "continue", "take back")
	}
	action := rapid.SampledFrom(actions).Draw(t, "then")
	h.counts[action]++
	h.steps = append(h.steps, action)
	if !slices.Contains([]string{"officer", "clock", "CA down or up", "keeps all"}, action) && oneIn(t, 3, "the power goes") {
		h.light(rapid.IntRange(1, 20).Draw(t, "with"), rapid.Bool().Draw(t, "after it"))
		h.counts["power cut"]++
		h.steps = append(h.steps, fmt.Sprintf("(power goes with deed %d)", h.cut))
	}
	h.act(t, action)
	h.light(0, false)
}

func (h *history) act(t *rapid.T, action string) {
	switch action {
	case "update":
		h.update(t)
	case "continue", "take back":
		_, _ = h.again(action == "take back")
	case "cancel":
		h.cancel(h.desk.CancelUpdate)
	case "end rejected":
		h.cancel(h.desk.EndRejected)
	case "worker":
		_, _ = h.desk.AskHeld(context.Background())
	case "officer":
		if ids := h.pendingIDs(); len(ids) > 0 {
			h.officer(rapid.SampledFrom(ids).Draw(t, "request"), !oneIn(t, 3, "rejects"))
		}
	case "clock":
		h.now = h.now.Add(time.Duration(rapid.IntRange(1, 9*24).Draw(t, "hours")) * time.Hour)
	case "CA down or up":
		h.down = !h.down
	case "keeps all":
		h.keepsAll = !h.keepsAll
	}
}

func (h *history) update(t *rapid.T) {
	c, p, err := h.propose(h.selection)
	if err != nil || len(p.Plan.Obstacles) > 0 || !p.Plan.Changes() {
		return
	}
	h.plan, h.before, h.record = p.Plan, h.card.lying(), copied(*h.world.record)
	_, _ = h.world.update(c, p.Plan)
}

func (h *history) cancel(how func(context.Context, Actor, *Connected, PIN, func(Event)) (Result, error)) {
	c, err := h.connect()
	if err != nil {
		return
	}
	_, _ = how(context.Background(), actor, c, newPIN(), nil)
}

// holdsTrue checks what holds at any moment.
func (h *history) holdsTrue(t *rapid.T) {
	t.Helper()
	breaks := slices.Clone(h.faults)
	for id, n := range h.grants {
		if n > 1 {
			breaks = append(breaks, fmt.Sprintf("request %s brought %d certificates", id, n))
		}
	}
	breaks = append(breaks, h.letterBreaks()...)
	if len(h.runs) > 0 && h.plan.Card.ID != "" {
		run := h.runs[len(h.runs)-1]
		breaks = append(breaks, h.workBreaks(run)...)
		if run.End == TakenBack && !run.wroteAny() && h.untouched(run) {
			breaks = append(breaks, h.bytesBreaks()...)
		}
		breaks = append(breaks, h.stateBreaks(run)...)
	}
	h.fail(t, breaks)
}

func (h *history) fail(t *rapid.T, breaks []string) {
	t.Helper()
	if len(breaks) == 0 {
		return
	}
	notes := ""
	for _, n := range slices.Concat(each(h.runs, func(r Run) []Note { return r.Notes })...) {
		notes += fmt.Sprintf(" %d%s %s,", n.Step, when(n.Undo, " undo"), n.Kind)
	}
	t.Fatalf("%s\nsteps: %s\nplan: %s\nnotes:%s\nbefore:%s\nafter:%s\nrecord before: %s\nrecord: %s", breaks, h.steps, planLine(h.plan), notes, h.before, h.card.lying(),
		recordLine(h.record), recordLine(*h.world.record))
}

// workBreaks: a certificate whose key worked before the update works, or another
// of its template does, or the plan said that it goes; only between moving the old
// key away and writing the new certificate is there a moment without, and the way
// out of it needs no CA.
func (h *history) workBreaks(run Run) []string {
	if !h.card.can.MoveKeys {
		return nil
	}
	var breaks []string
	now := h.card.lying()
	for at, der := range h.before.objects {
		if !works(h.before, at, der) || now.works(der) || h.planned(run, at) || h.torn(run, at) {
			continue
		}
		breaks = append(breaks, fmt.Sprintf("the certificate at %s does not work any more", at))
	}
	return breaks
}

// works reports whether a certificate lies somewhere beside its own key.
func (l lying) works(der []byte) bool {
	for at, object := range l.objects {
		if bytes.Equal(object, der) && works(l, at, der) {
			return true
		}
	}
	return false
}

func works(l lying, at Place, der []byte) bool {
	c, err := ParseCertificate(der)
	return err == nil && bytes.Equal(l.keys[at].Public, c.Public)
}

// planned reports whether what lay at a place is gone as the plan said: removed,
// or replaced by a new certificate that works.
func (h *history) planned(run Run, at Place) bool {
	for i, s := range run.Plan.Steps {
		switch {
		case s.Place != at || !run.has(i, Begun):
		case s.Verb == RemoveCertificate || s.Verb == RemoveKey:
			return true
		case s.Verb == WriteCertificate && s.Certificate == nil:
			return works(h.card.lying(), at, h.card.objects[at])
		}
	}
	return false
}

// torn reports whether a place is between the move and the write. Then the
// certificate is in the journal.
func (h *history) torn(run Run, at Place) bool {
	for _, s := range run.Plan.Steps {
		if s.Verb == WriteCertificate && s.Certificate == nil && s.Place == at {
			return run.granted(s.Template) != nil && run.End == ""
		}
	}
	return false
}

// untouched reports whether nothing of the run was lost in place, which the plan
// says.
func (h *history) untouched(run Run) bool {
	return !slices.ContainsFunc(run.Plan.Steps, func(s Step) bool { return run.overwritten(s.Template) })
}

// bytesBreaks: the card is as it was before the update, byte for byte, and so is
// its record; only a card that cannot remove keys has one more.
func (h *history) bytesBreaks() []string {
	var breaks []string
	now := h.card.lying()
	if !maps.EqualFunc(now.objects, h.before.objects, bytes.Equal) {
		breaks = append(breaks, "the certificates are not as they were")
	}
	for at, key := range now.keys {
		was, lay := h.before.keys[at]
		if _, certified := h.before.objects[at]; lay && !certified && !h.card.can.ShowKeys {
			continue // nobody could know of it
		}
		if lay && !bytes.Equal(was.Public, key.Public) || !lay && h.card.can.DeleteKeys {
			breaks = append(breaks, fmt.Sprintf("the key at %s is not as it was", at))
		}
	}
	for at := range h.before.keys {
		if _, lies := now.keys[at]; !lies {
			breaks = append(breaks, fmt.Sprintf("the key at %s is gone", at))
		}
	}
	is, was := copied(*h.world.record), h.record
	is.Seen, was.Seen, is.Tracked, was.Tracked = Sighting{}, Sighting{}, nil, nil
	for i := range is.Managed { // what CAs say meanwhile is news, and no part of the update
		is.Managed[i].Revoked = nil
	}
	for i := range was.Managed {
		was.Managed[i].Revoked = nil
	}
	if !reflect.DeepEqual(is, was) {
		breaks = append(breaks, fmt.Sprintf("the record is not as it was: %+v", is))
	}
	return breaks
}

// stateBreaks: the card's state is the one that its run has come to.
func (h *history) stateBreaks(run Run) []string {
	want := StateIssued
	switch {
	case run.has(run.recordStep(), Done):
	case run.End == "" && run.rested():
		want = StatePending
	case run.End == "" || run.End == TakenBack && !run.wroteAny():
		want = h.record.State
	}
	if got := h.world.record.State; got != want {
		return []string{fmt.Sprintf("the card is %s, not %s", got, want)}
	}
	return nil
}

// letterBreaks: for whatever happened exactly those are told who are to know, and
// of nothing else.
func (h *history) letterBreaks() []string {
	want := map[string]string{}
	for _, run := range h.runs {
		tell := func(event NoticeEvent) {
			for _, to := range run.tells(event) {
				if to == ToUser {
					to = run.Plan.User.Mail
				}
				want[letterID(run.ID, event, to)] = string(event)
			}
		}
		if run.rested() {
			tell(UpdatePending)
		}
		switch {
		case run.has(run.recordStep(), Done):
			tell(UpdateDone)
		case run.End == TakenBack && run.rested():
			tell(UpdateCancelled)
		}
	}
	for _, row := range h.audit {
		event := NoticeEvent(row.Act)
		for _, k := range h.requests {
			if row.Run != k.q.Run || !bytes.Contains([]byte(row.Detail), []byte(k.q.ID)) {
				continue
			}
			to := toldOf(k.q.Tell, event)
			if event == ApprovalOverdue {
				to = append(to[:len(to):len(to)], h.desk.Deadlines.EscalateTo...)
			}
			for _, to := range to {
				if to == ToUser {
					to = k.q.User.Mail
				}
				want[requestLetterID(k.q, event, to)] = row.Act
			}
		}
	}
	var breaks []string
	for _, l := range h.letters {
		if _, due := want[l.ID]; !due {
			breaks = append(breaks, fmt.Sprintf("%s was told %q, which did not happen", l.To, l.Notice.Event))
		}
		delete(want, l.ID)
	}
	for _, event := range want {
		breaks = append(breaks, fmt.Sprintf("nobody was told of %q", event))
	}
	return breaks
}

// settle brings everything to an end: the CA is there, the officer has decided,
// the worker has looked, and the update is continued or cancelled.
func (h *history) settle(t *rapid.T) {
	h.down, h.keepsAll = false, false
	for _, id := range h.pendingIDs() {
		h.officer(id, !oneIn(t, 3, "rejects at last"))
	}
	h.now = h.now.Add(time.Hour)
	for range 8 {
		if _, err := h.desk.AskHeld(context.Background()); err != nil {
			t.Fatal(err)
		}
		h.holdsTrue(t)
		if _, open := h.open(); !open {
			break
		}
		h.steps = append(h.steps, "end")
		if _, err := h.again(false); err != nil {
			h.fail(t, []string{fmt.Sprintf("it cannot be continued: %v", err)})
		}
		for _, id := range h.pendingIDs() {
			h.officer(id, true)
		}
		h.now = h.now.Add(2 * time.Hour)
	}
	if run, open := h.open(); open {
		h.fail(t, []string{fmt.Sprintf("the update does not come to an end: %v", run.heldSteps())})
	}
	h.orphanBreaks(t)
}

// orphanBreaks: whatever a CA granted and no card has is revoked in the end.
func (h *history) orphanBreaks(t *rapid.T) {
	h.now = h.now.Add(2 * time.Hour)
	if _, err := h.desk.AskHeld(context.Background()); err != nil {
		t.Fatal(err)
	}
	var breaks []string
	for id, a := range h.answers {
		if a.State != RequestIssued {
			continue
		}
		c, err := ParseCertificate(a.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		if !h.card.lying().holds(a.Certificate) && revocationOf(h.revoked, c.Serial) == nil && !h.replacedSince(a.Certificate) {
			breaks = append(breaks, fmt.Sprintf("the certificate of request %s is on no card and not revoked", id))
		}
	}
	h.fail(t, breaks)
}

// replacedSince reports whether a certificate was on the card once: a later update
// has replaced it.
func (h *history) replacedSince(der []byte) bool {
	for _, run := range h.runs {
		for i, s := range run.Plan.Steps {
			if s.Verb == WriteCertificate && run.has(i, Done) && bytes.Equal(run.toWrite(s), der) {
				return true
			}
		}
	}
	return false
}
