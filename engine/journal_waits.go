package engine

// What a run does while a CA holds some of its requests: everything that loses
// nothing. Whatever removes, makes keys over old ones or ends the run waits until
// every request is decided.

// held reports whether a step is a request that a CA holds.
func (r Run) held(step int) bool {
	return r.has(step, Held) && !r.has(step, Done) && !r.has(step, Refused)
}

// heldSteps lists the requests that CAs hold.
func (r Run) heldSteps() []int {
	var all []int
	for i := range r.Plan.Steps {
		if r.held(i) {
			all = append(all, i)
		}
	}
	return all
}

// Waits reports whether a CA holds one of the run's requests.
func (r Run) Waits() bool { return len(r.heldSteps()) > 0 }

// rested reports whether the run was ever put down to wait for a CA.
func (r Run) rested() bool {
	for _, n := range r.Notes {
		if n.Kind == Rested {
			return true
		}
	}
	return false
}

// recorded reports whether the outcome is recorded: only what the run no longer
// needs is left to be removed.
func (r Run) recorded() bool { return r.has(r.recordStep(), Done) }

// removes reports whether something that the plan takes off the card may be gone:
// then the run only goes forward.
func (r Run) removes() bool {
	for i := r.Plan.Decided; i < r.recordStep(); i++ {
		if s := r.Plan.Steps[i]; (s.Verb == RemoveCertificate || s.Verb == RemoveKey) && !s.IfRefused && r.has(i, Begun) {
			return true
		}
	}
	return false
}

// cancellable reports whether the run has waited for a CA and can still be given
// up.
func (r Run) cancellable() bool {
	return r.End == "" && r.rested() && !r.recorded() && !r.removes() && (r.wroteAny() || !r.sets())
}

// sets reports whether the card's PIN, PUK, administration key or identity may have
// been set, which cannot be put back: then at least what was granted is written.
func (r Run) sets() bool {
	for i, s := range r.Plan.Steps {
		switch s.Verb {
		case SetPIN, SetPUK, BlockPUK, SetAdminKey, WriteCHUID, WriteCapabilities:
			if r.has(i, Begun) {
				return true
			}
		case ProveCard, MakeKey, ImportKey, AskCA, AskApproval, MoveKey, WriteCertificate, Check, WriteHistory,
			RemoveCertificate, RemoveKey, WriteRecord, GiveBack:
		}
	}
	return false
}

// rests reports whether the run lies down: nothing was begun since.
func (r Run) rests() bool {
	return len(r.Notes) > 0 && r.Notes[len(r.Notes)-1].Kind == Rested
}

// waits reports whether a step has to wait for a CA's decision.
func (r Run) waits(step int) bool {
	held := r.heldSteps()
	if len(held) == 0 {
		return false
	}
	s := r.Plan.Steps[step]
	for _, i := range held {
		if i == step || s.Template != "" && r.Plan.Steps[i].Template == s.Template {
			return true
		}
	}
	if step < r.Plan.Decided {
		return false
	}
	switch s.Verb {
	case MoveKey, WriteCertificate, Check:
		return step > r.recordStep() || r.madeInPlace(s.Template) || !r.anyGranted()
	case SetPIN, SetPUK, BlockPUK, SetAdminKey, WriteCHUID, WriteCapabilities:
		return !r.anyGranted() // with the first certificate the card is handed out
	case WriteHistory:
		return r.parksHeld() || !r.anyGranted()
	case ProveCard, MakeKey, ImportKey, AskCA, AskApproval, RemoveCertificate, RemoveKey, WriteRecord, GiveBack:
	}
	return true
}

// anyGranted reports whether a CA has granted a certificate. An approval is none yet:
// it may be taken back until there is a key.
func (r Run) anyGranted() bool {
	for i, s := range r.Plan.Steps {
		if s.Verb == AskCA && r.has(i, Done) {
			return true
		}
	}
	return false
}

// madeInPlace reports whether a template's key is made, or put, over the old one.
func (r Run) madeInPlace(template string) bool {
	for i := r.Plan.Decided; i < len(r.Plan.Steps); i++ {
		if s := r.Plan.Steps[i]; (s.Verb == MakeKey || s.Verb == ImportKey) && s.Template == template {
			return true
		}
	}
	return false
}

// parksHeld reports whether a template whose request is held moves a key to the
// history.
func (r Run) parksHeld() bool {
	for _, i := range r.heldSteps() {
		if r.parks(r.Plan.Steps[i].Template) {
			return true
		}
	}
	return false
}

// parks reports whether a template's old key goes to the history.
func (r Run) parks(template string) bool {
	for _, s := range r.Plan.Steps {
		if s.Verb == WriteCertificate && s.Certificate != nil && s.Template == template {
			return true
		}
	}
	return false
}

// former is how many former keys the card holds after the run: fewer than planned
// when a template got no certificate whose old key was to go to the history.
func (r Run) former(planned int, without func(template string) bool) int {
	for _, s := range r.Plan.Steps {
		if s.Verb == WriteCertificate && s.Certificate != nil && without(s.Template) {
			planned--
		}
	}
	return planned
}

// recordStep is the index of the step that records the outcome.
func (r Run) recordStep() int {
	for i, s := range r.Plan.Steps {
		if s.Verb == WriteRecord {
			return i
		}
	}
	return len(r.Plan.Steps)
}
