package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cardkiosk/engine"
)

// Letters that wait are listed as they are due, then those that were given up,
// the latest first; sent ones and those given up long ago are not. Each says how
// often it was tried and why in vain, and which one goes first.
func TestListLetters(t *testing.T) {
	s := open(t, newPath(t))
	post(t, s, letter("sent", "c1", 0), letter("never", "c2", 1), letter("long ago", "c3", 1), letter("later", "c4", 2), letter("after it", "c4", 3), letter("next", "c5", 4))
	lists := func(since int, want ...string) []engine.Unsent {
		t.Helper()
		all, err := s.ListLetters(t.Context(), at(since))
		must(t, err)
		var got []string
		for _, u := range all {
			minute := fmt.Sprint(u.Next.Sub(noon).Minutes())
			got = append(got, strings.Join([]string{u.ID, minute, fmt.Sprint(u.Tries), u.Words, fmt.Sprint(u.GaveUp, u.Behind, u.Newer)}, "|"))
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("the list is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		return all
	}
	takes(t, s, 1, "sent", "long ago", "never") // held until minute 6
	must(t, s.Sent(t.Context(), "sent", at(1)))
	must(t, s.Defer(t.Context(), "long ago", time.Time{}, "550 gone"))
	must(t, s.Defer(t.Context(), "never", at(10), "451 wait"))
	takes(t, s, 10, "never", "later", "next")
	must(t, s.Defer(t.Context(), "never", time.Time{}, "550 no"))
	must(t, s.Defer(t.Context(), "later", at(30), "451 later"))
	must(t, s.Defer(t.Context(), "next", at(20), "away"))
	all := lists(0,
		"after it|3|0||false true false", "next|20|1|away|false false false", "later|30|1|451 later|false false false",
		"never|15|2|550 no|true false false", "long ago|6|1|550 gone|true false false")
	if first := all[0]; first.To != jana.Mail || first.Notice.User != jana || !first.Created.Equal(at(3)) || first.Notice.Card.ID != "c4" {
		t.Errorf("the first letter is %+v", first)
	}
	lists(7,
		"after it|3|0||false true false", "next|20|1|away|false false false", "later|30|1|451 later|false false false",
		"never|15|2|550 no|true false false")
}

// A letter of a newer kiosk is listed too, without what only that one can read.
func TestListNewerLetter(t *testing.T) {
	s := open(t, newPath(t))
	post(t, s, letter("l1", "c1", 0))
	_, err := s.Raw().ExecContext(t.Context(), `UPDATE outbox SET format = 2, notice = 'who knows'`)
	must(t, err)
	all, err := s.ListLetters(t.Context(), at(0))
	must(t, err)
	if len(all) != 1 || !all[0].Newer || all[0].To != jana.Mail || all[0].Notice.Card.ID != "c1" || all[0].Notice.Event != "" {
		t.Errorf("the list is %+v", all)
	}
}
