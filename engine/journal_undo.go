package engine

// undoSteps are the deeds that take a run back: the keys it made are removed,
// the certificates it was given are given back. They follow from the notes
// before the turn, which do not change any more. What was granted and written
// stays; then its old key goes.
//
// A run that waited for a CA has changed the card's state: its record is written
// last.
func (r Run) undoSteps() []Step {
	var back []Step
	for i := len(r.Plan.Steps) - 1; i >= 0; i-- {
		if r.has(i, Begun) && !r.wrote(r.Plan.Steps[i].Template) {
			back = append(back, r.undoStep(i)...)
		}
	}
	if !r.rested() {
		return back
	}
	return append(append(back, r.leftBehind()...), Step{Verb: WriteRecord})
}

// undoStep is what undoes one step. Beyond Decided there are only keys that were
// made over old ones and whose certificates were never granted: what lies beside
// them is dead.
func (r Run) undoStep(step int) []Step {
	s := r.Plan.Steps[step]
	switch s.Verb {
	case MakeKey, ImportKey:
		undo := []Step{{Verb: RemoveKey, Place: s.Place, Template: s.Template, Public: r.made(s.Template)}}
		if step >= r.Plan.Decided {
			undo = append(undo, Step{Verb: RemoveCertificate, Place: s.Place, Template: s.Template})
		}
		return undo
	case WriteCertificate: // a copy
		if step < r.Plan.Decided {
			return []Step{{Verb: RemoveCertificate, Place: s.Place, Template: s.Template}}
		}
	case AskCA, AskApproval:
		if no, refused := r.note(step, Refused); !refused || no.Data.Certificate != nil {
			return []Step{{Verb: GiveBack, Place: s.Place, Template: s.Template, Ask: s.Ask, Request: requestID(r.ID, step)}}
		}
	case ProveCard, SetPIN, SetPUK, BlockPUK, SetAdminKey, WriteCHUID, WriteCapabilities,
		MoveKey, Check, WriteHistory, RemoveCertificate, RemoveKey, WriteRecord, GiveBack:
	}
	return nil
}

// leftBehind are the steps that what was granted and written still waits for:
// its old keys go, and the history counts those that are kept.
func (r Run) leftBehind() []Step {
	var left []Step
	for i, s := range r.Plan.Steps {
		lacks := func(template string) bool { return !r.wrote(template) }
		if s.Verb == WriteHistory && !r.has(i, Done) && r.former(0, lacks) > r.former(0, func(string) bool { return true }) {
			left = append(left, Step{Verb: WriteHistory, Count: r.former(s.Count, lacks)})
		}
	}
	for i := r.recordStep() + 1; i < len(r.Plan.Steps); i++ {
		if s := r.Plan.Steps[i]; !s.IfRefused && !r.has(i, Done) && r.wrote(s.Template) {
			left = append(left, s)
		}
	}
	return left
}
