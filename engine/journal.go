package engine

import (
	"slices"
	"time"
)

// RunID names one run of one plan: 32 hex digits, drawn at Begin.
type RunID string

// Run is an update under way, as the journal has it: the confirmed plan and
// the notes of what became of its steps.
type Run struct {
	ID      RunID     `json:"id"`
	Actor   Actor     `json:"actor"`
	Plan    Plan      `json:"plan"`
	Started time.Time `json:"started"`
	Fence   int64     `json:"-"` // grows each time a kiosk takes the card; older ones may write no more
	Notes   []Note    `json:"-"`
	End     RunEnd    `json:"-"` // "" while the run is open

	at *Actor // who continues it; nil: who began it
}

// by is who is at the run now.
func (r Run) by() Actor {
	if r.at != nil {
		return *r.at
	}
	return r.Actor
}

// RunEnd says how a run ended.
type RunEnd string

// The ends.
const (
	Finished  RunEnd = "finished"
	Partly    RunEnd = "finished in part" // a CA refused when the old key was gone already
	TakenBack RunEnd = "taken back"       // undone before anything was lost
)

// NoteKind is what a note says of a step.
type NoteKind string

// The notes. Begun stands in the journal before the deed, the others after.
const (
	Begun   NoteKind = "begun"
	Done    NoteKind = "done"
	Refused NoteKind = "refused" // the CA said no; its words are in Words
	Held    NoteKind = "held"    // the CA has the request, and an officer decides
	Rested  NoteKind = "rested"  // of the record: the run was put down to wait for the CA, and what there was to record is recorded

	// A certificate did not fit: the template's steps beyond the plan's Decided
	// are undone one by one, and can be begun again. In between nobody knows
	// what lies where without looking.
	RollingBack NoteKind = "rolling back"
	RolledBack  NoteKind = "rolled back"
)

// Note is one entry of the journal.
type Note struct {
	Step int       `json:"step"`           // index into the plan's steps, or, when Undo, into those of Run.undoSteps
	Undo bool      `json:"undo,omitempty"` // the run is being taken back
	Kind NoteKind  `json:"kind"`
	At   time.Time `json:"at"`
	Data Data      `json:"data,omitzero"`
}

// Data is what later steps, and a later process, need of a step. None of it is
// secret: a PUK is sealed.
type Data struct {
	Public      []byte `json:"public,omitempty"`      // MakeKey done
	Request     string `json:"request,omitempty"`     // AskCA, AskApproval begun
	Certificate []byte `json:"certificate,omitempty"` // AskCA done; AskCA refused: a certificate we did not ask for
	Words       string `json:"words,omitempty"`       // AskCA refused, held: the CA's
	Watch       bool   `json:"watch,omitempty"`       // GiveBack done: the CA could not be made to; somebody has to look after it
	GUID        string `json:"guid,omitempty"`        // WriteCHUID begun
	Sealed      []byte `json:"sealed,omitempty"`      // SetPUK begun
}

// note returns the last note of a kind about a step of the plan.
func (r Run) note(step int, kind NoteKind) (Note, bool) {
	return r.find(Note{Step: step, Kind: kind})
}

func (r Run) has(step int, kind NoteKind) bool {
	_, ok := r.note(step, kind)
	return ok
}

// undone reports whether a step of undoSteps is done.
func (r Run) undone(step int) bool {
	_, ok := r.find(Note{Undo: true, Step: step, Kind: Done})
	return ok
}

func (r Run) find(like Note) (Note, bool) {
	for i := len(r.Notes) - 1; i >= 0; i-- {
		switch n := r.Notes[i]; {
		case n.Undo != like.Undo || n.Step != like.Step:
		case n.Kind == like.Kind:
			return n, true
		case n.Kind == RollingBack && like.Kind == Done, n.Kind == RolledBack && like.Kind == Begun, n.Kind == Refused && like.Kind == Done, n.Kind == Held && like.Kind == Done:
			return Note{}, false // what was so before is so no more: it begins, and is noted, anew
		}
	}
	return Note{}, false
}

// refusal returns the CA's refusal of a template, if there is one.
func (r Run) refusal(template string) (Note, bool) {
	for i, s := range r.Plan.Steps {
		if n, ok := r.note(i, Refused); ok && s.Template == template {
			return n, true
		}
	}
	return Note{}, false
}

func (r Run) refused(template string) bool {
	_, no := r.refusal(template)
	return no
}

// refusals are what CAs said no to, in the order of the plan.
func (r Run) refusals() []Refusal {
	var all []Refusal
	for i, s := range r.Plan.Steps {
		if n, ok := r.note(i, Refused); ok {
			all = append(all, Refusal{s.Template, n.Data.Words})
		}
	}
	return all
}

// skips reports whether a step has fallen away: its template was refused, and
// the run went on all the same, or another one was before this one's key was
// touched, which then stays as it is.
func (r Run) skips(step int) bool {
	s := r.Plan.Steps[step]
	if s.Template == "" || step < r.Plan.Decided && s.Verb != WriteCertificate {
		return false
	}
	refused := r.refused(s.Template)
	if s.IfRefused {
		return !refused || s.Verb == RemoveCertificate && r.spared(s.Template)
	}
	switch s.Verb {
	case MakeKey, AskCA:
		return r.spared(s.Template)
	case WriteCertificate, Check, MoveKey, RemoveKey, RemoveCertificate:
		return refused || r.spared(s.Template)
	case ProveCard, ImportKey, AskApproval, SetPIN, SetPUK, BlockPUK, SetAdminKey, WriteCHUID, WriteCapabilities,
		WriteHistory, WriteRecord, GiveBack:
	}
	return false
}

// spared reports whether a template's key, which was to be made over the old
// one, is left alone: the CA did not approve that, or a template before it was
// refused when it was asked, so who knows what the CA says to this one.
func (r Run) spared(template string) bool {
	for i, s := range r.Plan.Steps {
		switch {
		case i < r.Plan.Decided:
		case s.Verb == MakeKey && s.Template == template:
			return !r.has(i, Begun) && (r.refused(template) || r.refusedAfter(r.Plan.Decided, i))
		}
	}
	return false
}

// sparedAt reports whether what lies at a place is left alone because the
// template that was to come there is, or was refused.
func (r Run) sparedAt(at Place) bool {
	return slices.ContainsFunc(r.Plan.Steps, func(s Step) bool {
		return s.Verb == WriteCertificate && s.Certificate == nil && s.Place == at && (r.spared(s.Template) || r.refused(s.Template) && !r.overwritten(s.Template))
	})
}

// overwritten reports whether a template's key was made over the old one.
func (r Run) overwritten(template string) bool {
	for i := r.Plan.Decided; i < len(r.Plan.Steps); i++ {
		if s := r.Plan.Steps[i]; s.Verb == MakeKey && s.Template == template && r.has(i, Begun) {
			return true
		}
	}
	return false
}

// refusedAfter reports whether a request among these steps was refused.
func (r Run) refusedAfter(from, to int) bool {
	for i := from; i < to; i++ {
		if r.has(i, Refused) {
			return true
		}
	}
	return false
}

// next returns the first step that is neither done nor fallen away and need not
// wait for a CA, or false when there is none.
func (r Run) next() (int, bool) {
	for i := range r.Plan.Steps {
		if !r.has(i, Done) && !r.has(i, Refused) && !r.skips(i) && !r.waits(i) {
			return i, true
		}
	}
	return 0, false
}

// goesBack reports whether the run is being taken back: it was told to, or a
// request was refused, at once, while everything could still be taken back. What
// is refused after it was held is for a person to decide about.
func (r Run) goesBack() bool {
	for _, n := range r.Notes {
		if n.Undo || n.Kind == Refused && n.Step < r.Plan.Decided && !r.has(n.Step, Held) {
			return true
		}
	}
	return false
}

// touched reports whether a step that changes what lies at a place was begun.
func (r Run) touched(at Place) bool {
	for i, s := range r.Plan.Steps {
		if (s.Place == at || s.From == at) && s.Verb != ProveCard && s.Verb != AskCA && s.Verb != AskApproval && r.has(i, Begun) {
			return true
		}
	}
	return false
}

// finishes is how the run ends when there is no next step.
func (r Run) finishes() RunEnd {
	if r.refusedAfter(0, len(r.Plan.Steps)) {
		return Partly
	}
	return Finished
}

// Committed reports whether a step that cannot be taken back was begun.
func (r Run) Committed() bool {
	for i := r.Plan.Decided; i < len(r.Plan.Steps); i++ {
		if last, ok := r.last(i); ok && last.Kind != RolledBack && last.Kind != Rested {
			return true
		}
	}
	return false
}

// last returns the last note about a step of the plan.
func (r Run) last(step int) (Note, bool) {
	for _, n := range slices.Backward(r.Notes) {
		if !n.Undo && n.Step == step {
			return n, true
		}
	}
	return Note{}, false
}

// midway reports whether a step ends what the one before it has torn open: the
// template's old key has left its place, and nothing but the card is needed to
// put the new one there. A run that is asked to stop goes on until then.
func (r Run) midway(step int) bool {
	s := r.Plan.Steps[step]
	if s.Verb != MoveKey && s.Verb != WriteCertificate && s.Verb != Check {
		return false
	}
	for i := r.Plan.Decided; i < step; i++ {
		before := r.Plan.Steps[i]
		if before.Template == s.Template && (before.Verb == MoveKey || before.Verb == MakeKey || before.Verb == ImportKey) && r.has(i, Done) {
			return true
		}
	}
	return false
}

// made returns the public key the run made, or took from a PFX, for a template.
func (r Run) made(template string) []byte {
	if made := r.data(MakeKey, template).Public; made != nil {
		return made
	}
	return r.data(ImportKey, template).Public
}

// asksFor returns the public key a request is for: one that was there, or the
// one the run made.
func (r Run) asksFor(step int) []byte {
	s := r.Plan.Steps[step]
	if s.Public != nil {
		return s.Public
	}
	return r.made(s.Template)
}

// granted returns the certificate the run was given for a template, or took
// from a PFX.
func (r Run) granted(template string) []byte {
	for _, s := range r.Plan.Steps {
		if s.Verb == ImportKey && s.Template == template {
			return s.Certificate
		}
	}
	return r.data(AskCA, template).Certificate
}

func (r Run) data(v Verb, template string) Data {
	for i, s := range r.Plan.Steps {
		if s.Verb == v && s.Template == template {
			n, _ := r.note(i, Done)
			return n.Data
		}
	}
	return Data{}
}
