package engine

import (
	"bytes"
	"context"
	"errors"
)

// proveAside makes sure that the key which was made aside still lies there and
// works, before the old one leaves its place: days may have passed, and other hands
// may have been on the card. While it cannot be, the old key is left alone.
func (r *runner) proveAside(ctx context.Context, template string) error {
	for _, n := range r.run.steps(MakeKey, template) {
		s := r.run.Plan.Steps[n]
		made := r.run.made(template)
		if n >= r.run.Plan.Decided || made == nil {
			continue
		}
		key, err := r.card.KeyAt(ctx, s.Place)
		if err != nil {
			return err
		}
		if key == nil || !bytes.Equal(key.Public, made) {
			return &Error{
				Op: "check the new key", Kind: CardTrouble, Subject: string(s.Place),
				Err: errors.New("the key that was made there is not there any more: cancel the update and make another"),
			}
		}
		if s.Key.wantsFinger() {
			r.tell(Event{Kind: EventTouch, Step: n})
		}
		if err := r.prove(ctx, s.Place, made, r.run.opens(template)); err != nil {
			return err
		}
	}
	return nil
}

// opens reports whether a template's new key is proven by agreeing.
func (r Run) opens(template string) bool {
	for _, n := range r.steps(Check, template) {
		if s := r.Plan.Steps[n]; s.Certificate == nil {
			return s.Encrypts
		}
	}
	return false
}

// proveAgain has the card of an update that waited prove once more, with a key that
// the store names, that it is the one: what lay in a reader days ago need not be
// what lies there now.
func (r *runner) proveAgain(ctx context.Context) error {
	if !r.run.rested() || r.run.recorded() {
		return nil
	}
	for n, s := range r.run.Plan.Steps {
		if s.Verb != ProveCard || !r.run.has(n, Done) {
			continue
		}
		public, encrypts, ok := r.run.keyNow(s)
		if !ok {
			return nil // its key has left its place, and the new one is not there yet
		}
		r.mayTouch(n)
		err := r.prove(ctx, s.Place, public, encrypts)
		if Is(err, CardTrouble) {
			return &Error{Op: "prove card", Kind: OtherCard, Subject: r.run.Plan.Card.Label(), Err: err}
		}
		return err
	}
	return nil
}

// keyNow is the key that lies, by the journal, where a key was that proved the card;
// ok is false while it is being replaced.
func (r Run) keyNow(proof Step) (public []byte, encrypts, ok bool) {
	moved := false
	for i := r.Plan.Decided; i < len(r.Plan.Steps); i++ {
		s := r.Plan.Steps[i]
		keys := s.Verb == MakeKey || s.Verb == ImportKey || s.Verb == MoveKey || s.Verb == RemoveKey
		moved = moved || keys && (s.Place == proof.Place || s.From == proof.Place) && r.has(i, Begun)
	}
	if !moved {
		return proof.Public, false, true
	}
	for _, s := range r.Plan.Steps {
		if s.Verb == WriteCertificate && s.Certificate == nil && s.Place == proof.Place && r.wrote(s.Template) && r.made(s.Template) != nil {
			return r.made(s.Template), r.opens(s.Template), true
		}
	}
	return nil, false, false
}
