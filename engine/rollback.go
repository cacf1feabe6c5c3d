package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
)

// putBack undoes what was done for a template beyond the plan's Decided, when
// its certificate does not fit on the card: the keys return to where they were,
// and the old certificate is at home again. The new key waits aside, the new
// certificate in the journal.
//
// The intent is noted first, and what lies where is looked at, never assumed: so
// it may stop anywhere. Whoever continues the run ends it first: half undone,
// nobody could tell what to do anew.
func (r *runner) putBack(ctx context.Context, full int) error {
	if err := r.noteAll(ctx, r.run.since(full), RollingBack); err != nil {
		return err
	}
	return r.endPutBack(ctx, full)
}

func (r *runner) endPutBack(ctx context.Context, full int) error {
	steps := r.run.since(full)
	ctx = context.WithoutCancel(ctx)
	for _, n := range steps {
		if r.run.Plan.Steps[n].Verb != MoveKey {
			continue
		}
		if err := r.moveBack(ctx, n); err != nil {
			return err
		}
	}
	if err := r.restore(ctx, r.run.Plan.Steps[full]); err != nil {
		return err
	}
	return r.noteAll(ctx, steps, RolledBack)
}

// since lists the steps of a template that were begun between Decided and a
// step, the last first. Checking changes nothing.
func (r Run) since(step int) []int {
	var begun []int
	for i := step; i >= r.Plan.Decided; i-- {
		if r.Plan.Steps[i].Template == r.Plan.Steps[step].Template && r.has(i, Begun) {
			begun = append(begun, i)
		}
	}
	return begun
}

func (r *runner) noteAll(ctx context.Context, steps []int, kind NoteKind) error {
	notes := make([]Note, len(steps))
	for i, n := range steps {
		notes[i] = Note{Step: n, Kind: kind, At: r.desk.Now()}
	}
	return r.note(ctx, notes, "")
}

// rollingBack returns the step whose undoing was begun and did not end.
func (r Run) rollingBack() (full int, ok bool) {
	for i := len(r.Plan.Steps) - 1; i >= r.Plan.Decided; i-- { // the steps before it are rolling back as well
		if last, noted := r.last(i); noted && last.Kind == RollingBack {
			return i, true
		}
	}
	return 0, false
}

// moveBack moves a key back to where a step took it from, unless it is there.
func (r *runner) moveBack(ctx context.Context, n int) error {
	s := r.run.Plan.Steps[n]
	from, err := r.card.KeyAt(ctx, s.From)
	if err != nil {
		return err
	}
	to, err := r.card.KeyAt(ctx, s.Place)
	if err != nil {
		return err
	}
	meant := r.run.moves(n)
	switch {
	case from == nil && to != nil && bytes.Equal(to.Public, meant):
		return r.card.MoveKey(ctx, s.Place, s.From)
	case from != nil && bytes.Equal(from.Public, meant):
		return nil
	}
	return &Error{
		Op: "move key back", Kind: CardTrouble, Subject: fmt.Sprintf("%s → %s", s.Place, s.From),
		Err: errors.New("neither place holds what the journal says"),
	}
}

// restore writes the old certificate, unless it is still there.
func (r *runner) restore(ctx context.Context, s Step) error {
	der, err := r.card.CertificateAt(ctx, s.Place)
	if err == nil && bytes.Equal(der, s.Old) {
		return nil
	}
	if Is(err, CardGone) || Is(err, CardLetGo) {
		return err
	}
	return r.card.WriteCertificate(ctx, s.Place, s.Old, nil)
}

// moves returns the public half of the key a step moves.
func (r Run) moves(step int) []byte {
	s := r.Plan.Steps[step]
	if s.Public != nil {
		return s.Public
	}
	return r.made(s.Template)
}

// canPutBack reports whether a step that the card had no room for left
// something to be put back.
func (r Run) canPutBack(step int) bool {
	s := r.Plan.Steps[step]
	return s.Verb == WriteCertificate && s.Old != nil && slices.Contains(r.since(step), step)
}
