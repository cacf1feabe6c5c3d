package engine

import (
	"bytes"
	"context"
	"testing"
)

// While an update waits, the card is in other hands. When the key that was made
// aside is not there any more, or does not work, the old one is left alone, and the
// update can be cancelled.
func TestNewKeyGoneWhileWaiting(t *testing.T) {
	for name, meddle := range map[string]func(*world, Place){
		"removed": func(w *world, at Place) { delete(w.card.keys, at) },
		"replaced": func(w *world, at Place) {
			w.card.keys[at] = modelKey{Key{KeySpec: anyKey(), Public: spkiOf(newKey(P256))}, newKey(P256)}
		},
		"another, that says it is the one": func(w *world, at Place) {
			key := w.card.keys[at]
			key.private = newKey(P256)
			w.card.keys[at] = key
		},
	} {
		w := heldWorld(t)
		w.officerDecides(map[string]bool{"Logon": true, "Signing": true})
		w.hears(t)
		old := w.card.keys["9a"].Public
		meddle(w, "95")
		_, err := w.again(false)
		if !Is(err, CardTrouble) || !bytes.Equal(w.card.keys["9a"].Public, old) {
			t.Errorf("%s: the old key lies at home: %v, %v", name, bytes.Equal(w.card.keys["9a"].Public, old), err)
		}
		c, err := w.connect()
		must(t, err)
		_, err = w.desk.CancelUpdate(context.Background(), actor, c, newPIN(), nil)
		must(t, err)
		if w.record.State != StateIssued || !bytes.Equal(w.card.keys["9a"].Public, old) {
			t.Errorf("%s: cancelled, the card is %s", name, w.record.State)
		}
	}
}

// A card that cannot prove itself any more is not gone on with: it may be another
// that says the same number.
func TestContinueWantsProof(t *testing.T) {
	w := heldWorld(t)
	w.officerDecides(map[string]bool{"Logon": true, "Signing": true})
	w.hears(t)
	for at, key := range w.card.keys {
		key.private = newKey(P256)
		w.card.keys[at] = key
	}
	before := w.card.lying()
	if _, err := w.again(false); !Is(err, OtherCard) {
		t.Errorf("%v", err)
	}
	if now := w.card.lying(); now.String() != before.String() || w.record.State != StatePending {
		t.Errorf("the card is %s, and not as it was", w.record.State)
	}
}

// Nobody cancels or continues what they may not, whatever the policy says; and
// nobody cancels what the policy does not let be cancelled.
func TestWaitingUpdateIsGuarded(t *testing.T) {
	ctx, stranger := context.Background(), Actor{Who: "ada", Station: "desk 1", Mode: SelfService}
	w := heldWorld(t)
	before := copied(*w.record)
	c, err := w.connect()
	must(t, err)
	for name, do := range map[string]func() error{
		"continue": func() error { _, err := w.desk.Resume(ctx, stranger, c, newPIN(), nil); return err },
		"cancel":   func() error { _, err := w.desk.CancelUpdate(ctx, stranger, c, newPIN(), nil); return err },
		"end":      func() error { _, err := w.desk.EndRejected(ctx, stranger, c, newPIN(), nil); return err },
	} {
		if err := do(); !Is(err, Forbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.desk.Policies[0].Cancel = false
	if _, err := w.desk.CancelUpdate(ctx, actor, c, newPIN(), nil); !Is(err, Forbidden) {
		t.Errorf("the policy does not let it be cancelled: %v", err)
	}
	if w.record.State != before.State || len(w.pendingIDs()) != 2 {
		t.Errorf("the card is %s, and %d requests wait", w.record.State, len(w.pendingIDs()))
	}
}
