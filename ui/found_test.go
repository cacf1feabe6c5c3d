package ui

import (
	"strconv"
	"testing"

	"cardkiosk/engine"
)

// Users are counted through, whatever the pages they came in.
func TestFoundUsersAreCountedThrough(t *testing.T) {
	var f foundUsers
	n := 0
	for _, size := range []int{3, 1, 0, 200, 2} {
		page := make([]engine.FoundUser, size)
		for i := range page {
			page[i].User.Logon = strconv.Itoa(n)
			n++
		}
		f.add(page)
	}
	if f.count() != n {
		t.Fatalf("%d users are counted, of %d", f.count(), n)
	}
	for i := range n {
		if got := f.at(i).User.Logon; got != strconv.Itoa(i) {
			t.Errorf("user %d is %q", i, got)
		}
	}
}
