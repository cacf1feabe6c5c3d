package engine

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"pgregory.net/rapid"
)

// holdsTrue checks what holds at any moment.
func (h *history) holdsTrue(t rapid.TB) {
	t.Helper()
	breaks := slices.Clone(h.faults)
	for id, n := range h.grants {
		if n > 1 {
			breaks = append(breaks, fmt.Sprintf("request %s brought %d certificates", id, n))
		}
	}
	breaks = append(breaks, h.letterBreaks()...)
	breaks = append(breaks, h.requestBreaks()...)
	if len(h.runs) > 0 {
		run := h.runs[len(h.runs)-1]
		breaks = append(breaks, h.workBreaks(run)...)
		if run.End == TakenBack && !run.wroteAny() && h.untouched(run) {
			breaks = append(breaks, h.bytesBreaks(run)...)
		}
		breaks = append(breaks, h.stateBreaks(run)...)
		breaks = append(breaks, orderBreaks(run)...)
		if run.End != "" || run.rests() {
			breaks = append(breaks, h.agreeBreaks()...)
		}
		if run.End != "" {
			breaks = append(breaks, h.strayBreaks()...)
		}
		if (run.End != "" || run.rests()) && h.lease != h.left {
			breaks = append(breaks, h.leaseBreaks()...)
		}
	}
	h.fail(t, breaks)
}

func (h *history) fail(t rapid.TB, breaks []string) {
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
// out of it needs no CA. A card that cannot move keys loses one only when the CA
// has decided for it, or the plan said so.
func (h *history) workBreaks(run Run) []string {
	var breaks []string
	now := h.card.lying()
	for at, der := range h.before.objects {
		if !works(h.before, at, der) || now.works(der) || h.planned(run, at) || h.torn(run, at) {
			continue
		}
		if !h.card.can.MoveKeys && h.inPlace(run, at) {
			continue
		}
		breaks = append(breaks, fmt.Sprintf("the certificate at %s does not work any more", at))
	}
	return breaks
}

// orderBreaks: nothing that removes, or makes a key over an old one, begins while a
// CA holds a request.
func orderBreaks(run Run) []string {
	var breaks []string
	for i, n := range run.Notes {
		s := Step{}
		if !n.Undo {
			s = run.Plan.Steps[n.Step]
		}
		loses := s.Verb == MakeKey || s.Verb == ImportKey || s.Verb == RemoveCertificate || s.Verb == RemoveKey
		if !loses || n.Kind != Begun || n.Step < run.Plan.Decided {
			continue
		}
		then := run
		then.Notes = run.Notes[:i]
		if then.Waits() {
			breaks = append(breaks, fmt.Sprintf("step %d (%s %s) was begun while a CA held a request", n.Step, s.Verb, s.Place))
		}
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

// inPlace reports whether the plan said that what lies at a place is lost, and when
// it comes about only once the CA has decided, it had.
func (h *history) inPlace(run Run, at Place) bool {
	for _, g := range run.Plan.Comes {
		switch {
		case g.Place != at:
		case g.How == InPlace:
			return true
		case g.How == DecidedFirst:
			return slices.ContainsFunc(run.Plan.Steps, func(s Step) bool {
				return s.Verb == AskCA && s.Template == g.Template && h.decidedFor(run, s)
			})
		}
	}
	return false
}

// decidedFor reports whether the CA stood by what it had decided for a step when it
// came about; later nobody can help it.
func (h *history) decidedFor(run Run, s Step) bool {
	for i, a := range run.Plan.Steps {
		if a.Verb != AskApproval || a.Template != s.Template {
			continue
		}
		id := requestID(run.ID, i)
		h.stood[id] = h.stood[id] || run.has(i, Done) && h.answers[id].State == RequestApproved
		return h.stood[id]
	}
	return false
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
	for i, s := range run.Plan.Steps {
		if s.Verb != WriteCertificate || s.Certificate != nil || s.Place != at || run.granted(s.Template) == nil || run.has(i, Done) {
			continue
		}
		begun := func(m Step) bool {
			j := slices.IndexFunc(run.Plan.Steps, func(o Step) bool { return reflect.DeepEqual(o, m) })
			return m.Template == s.Template && j >= run.Plan.Decided && run.has(j, Begun)
		}
		return (run.End == "" || h.world.record.State == StateRevoked) && slices.ContainsFunc(run.Plan.Steps, begun)
	}
	return false
}

// untouched reports whether nothing of the run was lost in place, which the plan
// says.
func (h *history) untouched(run Run) bool {
	return !slices.ContainsFunc(run.Plan.Steps, func(s Step) bool { return run.overwritten(s.Template) })
}

// bytesBreaks: the card is as it was before the update, byte for byte, and so is
// its record; only a card that cannot remove keys has one more. A card that was
// revoked meanwhile is nobody's to tidy up.
func (h *history) bytesBreaks(run Run) []string {
	if h.world.record.State == StateRevoked {
		return nil
	}
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
	return append(breaks, h.setBreaks(run)...)
}

// setBreaks: the record is as it was, and what an update sets once is not set, or,
// when it was set before it was cancelled, the record knows.
func (h *history) setBreaks(run Run) []string {
	var breaks []string
	is, was := copied(*h.world.record), copied(h.record)
	for i, s := range run.Plan.Steps {
		switch done, ok := run.note(i, Done); {
		case !ok:
		case s.Verb == SetPUK:
			was.PUK = done.Data.Sealed
		case s.Verb == WriteCHUID:
			was.Card.GUID = done.Data.GUID
		}
	}
	if s := h.sets(); s != h.set && !slices.ContainsFunc(run.Plan.Steps, func(s Step) bool { return slices.Contains(settings, s.Verb) && h.begun(run, s.Verb) }) {
		breaks = append(breaks, fmt.Sprintf("the card is set up: %+v", s))
	}
	is.Seen, was.Seen, is.Tracked, was.Tracked = Sighting{}, Sighting{}, nil, nil
	for i := range is.Managed { // what CAs say meanwhile is news, and no part of the update
		is.Managed[i].Revoked = nil
	}
	for i := range was.Managed {
		was.Managed[i].Revoked = nil
	}
	if !reflect.DeepEqual(is, was) {
		breaks = append(breaks, fmt.Sprintf("the record is not as it was: %+v, not %+v", is, was))
	}
	return breaks
}

var settings = []Verb{SetPIN, SetPUK, BlockPUK, SetAdminKey, WriteCHUID, WriteCapabilities}

func (h *history) begun(run Run, v Verb) bool {
	for i, s := range run.Plan.Steps {
		if s.Verb == v && run.has(i, Begun) {
			return true
		}
	}
	return false
}

// stateBreaks: the card's state is the one that its run has come to, and the table
// of states knows the way.
func (h *history) stateBreaks(run Run) []string {
	want := StateIssued
	switch {
	case h.world.record.State == StateRevoked:
		return nil
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

// agreeBreaks: while nobody is at the card, its record names what lies on it, with
// its key, and everything that the CA has granted and that lies there.
func (h *history) agreeBreaks() []string {
	if h.world.record.State == StateRevoked {
		return nil // nobody could finish the update
	}
	var breaks []string
	all := slices.Concat(h.world.record.Managed, h.world.record.Former)
	for _, m := range all {
		if !h.odd[m.Fingerprint] && !h.agrees(m) {
			breaks = append(breaks, fmt.Sprintf("the record has %s at %s, the card has not", m.Template, m.Place))
		}
	}
	for at, der := range h.card.objects {
		known := func(m Managed) bool { return m.Fingerprint == Fingerprint(der) }
		if h.ours(der) && works(h.card.lying(), at, der) && !slices.ContainsFunc(all, known) {
			breaks = append(breaks, fmt.Sprintf("the certificate at %s is in no record", at))
		}
	}
	return breaks
}

// strayBreaks: an update that has ended leaves no key behind that nobody knows of,
// where the card can remove keys.
func (h *history) strayBreaks() []string {
	if h.world.record.State == StateRevoked || !h.card.can.DeleteKeys {
		return nil
	}
	var breaks []string
	for at := range h.card.keys {
		known := func(m Managed) bool { return m.Place == at }
		_, lay := h.before.keys[at]
		if !lay && !slices.ContainsFunc(slices.Concat(h.world.record.Managed, h.world.record.Former), known) {
			breaks = append(breaks, fmt.Sprintf("a key was left behind at %s", at))
		}
	}
	return breaks
}

func (h *history) agrees(m Managed) bool {
	der := h.card.objects[m.Place]
	return Fingerprint(der) == m.Fingerprint && works(h.card.lying(), m.Place, der)
}

// ours reports whether a request of this history brought the certificate.
func (h *history) ours(der []byte) bool {
	for _, a := range h.answers {
		if a.State == RequestIssued && bytes.Equal(a.Certificate, der) {
			return true
		}
	}
	return false
}

func (h *history) leaseBreaks() []string {
	if h.lease != (Lease{}) {
		return []string{fmt.Sprintf("%s is still at the card", h.lease.Station)}
	}
	return nil
}

// requestBreaks: nobody takes silence for a no, and what the store says of a
// request its CA has said.
func (h *history) requestBreaks() []string {
	var breaks []string
	for _, k := range h.requests {
		a, asked := h.answers[k.q.ID]
		no := a.State == RequestRejected || a.State == RequestWithdrawn
		switch {
		case k.q.State == RequestRejected && asked && !no && a.State != RequestIssued: // a certificate may be good for nothing
			breaks = append(breaks, fmt.Sprintf("request %s is rejected, and its CA says %q", k.q.ID, a.State))
		case (k.q.State == RequestApproved || k.q.State == RequestIssued) && !k.q.Approval && a.State != RequestIssued:
			breaks = append(breaks, fmt.Sprintf("request %s is %s, and its CA says %q", k.q.ID, k.q.State, a.State))
		case k.q.State == RequestPending && k.q.Next.IsZero():
			breaks = append(breaks, fmt.Sprintf("nobody will ask about request %s again", k.q.ID))
		}
	}
	return breaks
}

// ends holds what must be in the end: no run is open, no request waits, here or at
// the CA, nobody is at anything, and whatever a CA granted and no card has is
// revoked.
func (h *history) ends(t rapid.TB) {
	breaks := h.leaseBreaks()
	if run, open := h.open(); open {
		breaks = append(breaks, fmt.Sprintf("the update does not come to an end: %v", run.heldSteps()))
	}
	for _, k := range h.requests {
		final := k.q.State == RequestIssued || k.q.State == RequestRejected || k.q.State == RequestWithdrawn
		if !final || k.q.Watched || !k.q.Next.IsZero() || k.until.After(h.now) {
			breaks = append(breaks, fmt.Sprintf("request %s is still open: %+v, taken until %v", k.q.ID, k.q, k.until))
		}
		h.countRequest(k.q)
	}
	for id, a := range h.answers {
		switch {
		case a.State == RequestPending:
			breaks = append(breaks, fmt.Sprintf("request %s still waits at the CA", id))
		case a.State == RequestIssued && !h.card.lying().holds(a.Certificate) && !h.wasRevoked(a.Certificate) && !h.replacedSince(a.Certificate):
			breaks = append(breaks, fmt.Sprintf("the certificate of request %s is on no card and not revoked", id))
		case a.State == RequestIssued && h.world.record.State == StateRevoked && !h.wasRevoked(a.Certificate) && !h.replacedSince(a.Certificate):
			breaks = append(breaks, fmt.Sprintf("the card is revoked, and the certificate of request %s is not", id))
		}
	}
	h.countRuns()
	h.fail(t, breaks)
}

func (h *history) wasRevoked(der []byte) bool {
	c, err := ParseCertificate(der)
	return err == nil && revocationOf(h.revoked, c.Serial) != nil
}

// replacedSince reports whether a certificate was on the card once and is in no
// record any more: a later update has replaced it.
func (h *history) replacedSince(der []byte) bool {
	known := func(m Managed) bool { return m.Fingerprint == Fingerprint(der) }
	if slices.ContainsFunc(slices.Concat(h.world.record.Managed, h.world.record.Former), known) {
		return false
	}
	for _, run := range h.runs {
		for i, s := range run.Plan.Steps {
			if s.Verb == WriteCertificate && run.has(i, Done) && bytes.Equal(run.toWrite(s), der) {
				return true
			}
		}
	}
	return false
}

func (h *history) countRequest(q Request) {
	switch {
	case q.Orphan != "":
		h.counts["orphan"]++
	case h.auditTells(q, ApprovalLapsed) > 0:
		h.counts["lapsed"]++
	case q.Approval && q.State == RequestIssued:
		h.counts["approved first"]++
	}
	if !q.Escalated.IsZero() {
		h.counts["escalated"]++
	}
}

func (h *history) countRuns() {
	for _, run := range h.runs {
		switch {
		case run.End == TakenBack && run.rested():
			h.counts["cancelled"]++
		case run.End != "":
			h.counts[string(run.End)]++
		}
		if run.rested() {
			h.counts["rested"]++
		}
	}
}
