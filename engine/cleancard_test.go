package engine

import (
	"context"
	"reflect"
	"testing"
)

// A revoked card that is cleaned is as good as new, and nobody's. What goes was
// shown before, certificates of others too.
func TestCleanCard(t *testing.T) {
	ctx, w := context.Background(), withLife(movesKeys)
	w.in(StateRevoked)
	w.card.keys["95"] = modelKey{Key: Key{KeySpec: anyKey(), Public: []byte{1}}}
	c, err := w.connect()
	must(t, err)
	show, err := w.desk.ProposeClean(ctx, actor, c)
	must(t, err)
	if len(show.Entries) != 7 || len(show.Keys) != 1 || show.User != w.user.Ref() {
		t.Errorf("what would go is %+v", show)
	}
	record, err := w.desk.Clean(ctx, actor, c, show)
	must(t, err)
	want := Record{Card: w.id, State: StateClean, Version: 2}
	if !reflect.DeepEqual(record, want) || record.Card.GUID != "" {
		t.Errorf("the record is %+v", record)
	}
	if !w.card.contents().Blank() {
		t.Errorf("the card has %s", w.card.lying())
	}
	same(t, "letters", w.told(), "card cleaned to ada@corp.example")
	c, err = w.connect()
	must(t, err)
	if _, err := w.desk.Assign(ctx, actor, c, w.user); err != nil {
		t.Errorf("it cannot be assigned again: %v", err)
	}
}

// The power may go before or after anything: the record says revoked until it says
// clean, and cleaning it again ends the same.
func TestPowerCutDuringClean(t *testing.T) {
	ctx := context.Background()
	for cut := 1; cut <= 2; cut++ { // the wipe, and the record
		for _, after := range []bool{false, true} {
			w := withLife(movesKeys)
			w.in(StateRevoked)
			clean := func() error {
				c, err := w.connect()
				if err != nil {
					return err
				}
				show, err := w.desk.ProposeClean(ctx, actor, c)
				if err == nil {
					_, err = w.desk.Clean(ctx, actor, c, show)
				}
				return err
			}
			w.light(cut, after)
			if err := clean(); err == nil {
				t.Fatal("the power did not go")
			}
			w.light(0, false)
			if err := clean(); err != nil && (!Is(err, WrongState) || cut != 2 || !after) {
				t.Errorf("cut at %d (after: %v): %v", cut, after, err)
			}
			if w.record.State != StateClean || !w.card.contents().Blank() || len(w.letters) != 1 {
				t.Errorf("cut at %d (after: %v): %q, %d letters, %s", cut, after, w.record.State, len(w.letters), w.card.lying())
			}
		}
	}
}

// A card that cannot be reset, or that nobody could tell afterwards, is refused in
// words, and so is one that is not as it was shown. Nothing is changed.
func TestCleanRefused(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		kind   string
		change func(w *world)
		want   Kind
	}{
		"cannot be reset": {plainPIV, func(*world) {}, CardRefused},
		"no serial":       {movesKeys, func(w *world) { w.id.Serial, w.record.Card.Serial = "", "" }, CardRefused},
		"not as shown":    {movesKeys, func(w *world) { w.intrude("9c") }, PlanOutdated},
	} {
		w := withLife(c.kind)
		w.in(StateRevoked)
		connected, err := w.connect()
		must(t, err)
		show := Wiping{items: connected.Contents.Items}
		c.change(w)
		before := w.freeze()
		if _, err := w.desk.Clean(ctx, actor, connected, show); !Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if after := w.freeze(); !reflect.DeepEqual(before, after) {
			t.Errorf("%s: something was changed", name)
		}
	}
}
