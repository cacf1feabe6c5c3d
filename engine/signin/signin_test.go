package signin_test

import (
	"fmt"
	"strings"
	"testing"

	"cardkiosk/engine"
)

// Whoever types name and password is signed in, under the name that the
// directory has. Nobody learns which of the two was wrong, or that an account is
// disabled without knowing its password; and the audit has never a password.
func TestPassword(t *testing.T) {
	for _, c := range []struct {
		logon, word string
		kind        engine.Kind // Broken: signed in
		asked       int         // how many passwords were checked
		detail      string
	}{
		{"ADA", "right of ada", engine.Broken, 1, "by password"},
		{"ada", "wrong", engine.WrongPassword, 1, "check password"},
		{"ada", "", engine.WrongPassword, 0, "no password was typed"},
		{"", "right of ada", engine.WrongPassword, 0, "no name"},
		{"eve", "right of ada", engine.WrongPassword, 0, "nobody has this name"},
		{"double", "right of ada", engine.WrongPassword, 0, "several users"},
		{"dora", "wrong", engine.WrongPassword, 1, "check password"},
		{"dora", "right of dora", engine.AccountClosed, 1, "disabled"},
		{"e\x1b[31mve", "right of ada", engine.WrongPassword, 0, "nobody has this name"},
		{strings.Repeat("e", 5000), "right of ada", engine.WrongPassword, 0, "nobody has this name"},
	} {
		w := newWorld(t)
		w.users = append(w.users, engine.User{ID: "5", DN: "a", Logon: "double"}, engine.User{ID: "6", DN: "b", Logon: "double"})
		p := pin(c.word)
		actor, user, err := w.WithPassword(t.Context(), c.logon, p)
		in := err == nil
		if in != (c.kind == engine.Broken) || !in && (!engine.Is(err, c.kind) || actor != (engine.Actor{}) || user.ID != "") {
			t.Errorf("%.10q, %q: %+v, %v", c.logon, c.word, actor, err)
		}
		if in && (user.ID != "1" || actor != (engine.Actor{Who: "ada", Station: "desk-3", Mode: engine.Operator, User: "1", How: engine.ByPassword})) {
			t.Errorf("%+v, %+v", actor, user)
		}
		row := w.last()
		if row.Result == "done" != in || !strings.Contains(row.Detail, c.detail) || c.word != "" && strings.Contains(fmt.Sprint(row), c.word) {
			t.Errorf("%.10q, %q: the audit has %+v", c.logon, c.word, row)
		}
		if len(row.Actor.Who) > 100 || strings.Contains(row.Actor.Who, "\x1b") || !strings.EqualFold(row.Actor.Who, engine.Clean(c.logon)) && len(c.logon) < 100 {
			t.Errorf("the audit has %q for %.10q", row.Actor.Who, c.logon)
		}
		if w.asked != c.asked || p.Len() != 0 {
			t.Errorf("%.10q, %q: %d passwords were checked; %d bytes of it are left", c.logon, c.word, w.asked, p.Len())
		}
	}
}

// The system's word is taken for who somebody is; whether the directory has them
// decides whether more is known than the name.
func TestAccount(t *testing.T) {
	for _, c := range []struct {
		account string
		away    error
		kind    engine.Kind
		who     string
		user    engine.UserID
	}{
		{"ada", nil, engine.Broken, "ada", "1"},
		{"root", nil, engine.Broken, "ada", "1"}, // which is called otherwise there
		{"backup", nil, engine.Broken, "backup", ""},
		{"double", nil, engine.Broken, "double", ""},
		{"ada", &engine.Error{Op: "find user", Kind: engine.DirectoryAway}, engine.Broken, "ada", ""},
		{"dora", nil, engine.AccountClosed, "dora", ""},
		{"", nil, engine.BadInput, "", ""},
	} {
		w := newWorld(t)
		w.users = append(w.users, engine.User{ID: "5", DN: "a", Logon: "double"}, engine.User{ID: "6", DN: "b", Logon: "double"})
		w.away = c.away
		actor, user, err := w.WithAccount(t.Context(), c.account)
		in := err == nil
		if in != (c.kind == engine.Broken) || !in && !engine.Is(err, c.kind) {
			t.Errorf("%s: %v", c.account, err)
		}
		if in && (user.ID != c.user || actor != (engine.Actor{Who: c.who, Station: "desk-3", Mode: engine.Operator, User: c.user, How: engine.ByAccount})) {
			t.Errorf("%s: %+v, %+v", c.account, actor, user)
		}
		if row := w.last(); row.Result == "done" != in || row.Actor.Who != c.who {
			t.Errorf("%s: the audit has %+v", c.account, row)
		}
	}
}

// A way that is not open lets nobody in, whoever they are, and nothing is asked
// of anybody.
func TestWayShut(t *testing.T) {
	w := newWorld(t)
	w.Ways, w.asked, w.reads = nil, 0, 0
	_, _, byPassword := w.WithPassword(t.Context(), "ada", pin("right of ada"))
	_, _, byCard := w.WithCard(t.Context(), "front", pin("123456"))
	_, _, byAccount := w.WithAccount(t.Context(), "ada")
	_, tries := w.PINTries(t.Context(), "front")
	for _, err := range []error{byPassword, byCard, byAccount, tries} {
		if !engine.Is(err, engine.SignInShut) {
			t.Error(err)
		}
	}
	if len(w.rows) != 3 || w.asked+w.reads != 0 {
		t.Errorf("%d passwords were checked, %d cards read; the audit has %+v", w.asked, w.reads, w.rows)
	}
	for _, row := range w.rows {
		if row.Result != "refused" {
			t.Errorf("the audit has %+v", row)
		}
	}
}

// Nobody is let in without a row in the audit.
func TestAuditFull(t *testing.T) {
	w := newWorld(t)
	w.full = &engine.Error{Op: "write audit", Kind: engine.StoreFull}
	for _, sign := range []func() (engine.Actor, engine.User, error){
		func() (engine.Actor, engine.User, error) { return w.WithAccount(t.Context(), "ada") },
		func() (engine.Actor, engine.User, error) {
			return w.WithPassword(t.Context(), "ada", pin("right of ada"))
		},
	} {
		if actor, user, err := sign(); !engine.Is(err, engine.StoreFull) || actor != (engine.Actor{}) || user.ID != "" {
			t.Errorf("%+v, %+v, %v", actor, user, err)
		}
	}
}
