package engine

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

// A work list gives page after page, reads no further than it is asked, and
// ends with io.EOF.
func TestWorkListPages(t *testing.T) {
	var facts []DueFacts
	for i := range 250 {
		facts = append(facts, holder(fmt.Sprintf("user%03d", i)))
	}
	d := dueDesk(endsAt, facts, staff())
	l, err := d.WorkList(t.Context(), reporter, "")
	if err != nil || d.Ledger.(*shelf).read != 0 {
		t.Fatalf("%v, %d cards were read", err, d.Ledger.(*shelf).read)
	}
	defer l.Close()
	for _, want := range []struct {
		cards, looked int
		err           error
	}{{100, 100, nil}, {100, 200, nil}, {50, 250, io.EOF}, {0, 250, io.EOF}} {
		page, err := l.Next()
		if len(page.Cards) != want.cards || page.Looked != want.looked || !errors.Is(err, want.err) || !page.Snapshot.Refresh.Equal(endsAt) {
			t.Errorf("%d cards of %d, %v, want %+v", len(page.Cards), page.Looked, err, want)
		}
	}
}

// Nobody without the privilege gets one.
func TestWorkListForbidden(t *testing.T) {
	self := Actor{Who: "ada", Mode: SelfService}
	if _, err := dueDesk(endsAt, nil, staff()).WorkList(t.Context(), self, ""); !Is(err, Forbidden) {
		t.Errorf("a holder: %v", err)
	}
}

// Where few cards are due, pages tell how far the search has come.
func TestWorkListTellsHowFar(t *testing.T) {
	facts := make([]DueFacts, 12_000)
	for i := range facts {
		facts[i] = holder("other")
	}
	facts[11_000] = holder("ada")
	l, err := dueDesk(endsAt, facts, staff()).WorkList(t.Context(), reporter, "ADA  0071")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, want := range []struct {
		cards, looked int
		err           error
	}{{0, 5_000, nil}, {0, 10_000, nil}, {1, 12_000, io.EOF}} {
		if page, err := l.Next(); len(page.Cards) != want.cards || page.Looked != want.looked || !errors.Is(err, want.err) {
			t.Errorf("%d cards of %d, %v, want %+v", len(page.Cards), page.Looked, err, want)
		}
	}
}

// A list that is closed, whenever, lets the ledger go.
func TestWorkListClosed(t *testing.T) {
	d := dueDesk(endsAt, []DueFacts{holder("ada"), holder("bob")}, staff())
	for reads := range 3 {
		l, err := d.WorkList(t.Context(), reporter, "")
		if err != nil {
			t.Fatal(err)
		}
		for range reads {
			_, _ = l.Next()
		}
		l.Close()
		l.Close()
		if page, err := l.Next(); len(page.Cards) > 0 || err == nil {
			t.Errorf("a closed list gave %+v, %v", page, err)
		}
	}
}
