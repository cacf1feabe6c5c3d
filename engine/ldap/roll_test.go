package ldap

import (
	"errors"
	"slices"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"cardkiosk/engine"
)

// Users are read by the hundred, with all that one read alone has; ids nobody
// has, or can have, are passed over.
func TestUsers(t *testing.T) {
	d := open(t, newSlapd(t).config())
	ids := []engine.UserID{"", "no uuid", "*", engine.UserID(uuid(9999))}
	for i := range 250 {
		ids = append(ids, engine.UserID(uuid(i)))
	}
	got := map[engine.UserID]engine.User{}
	err := d.Users(t.Context(), ids, func(u engine.User) error {
		got[u.ID] = u
		return nil
	})
	if err != nil || len(got) != 250 {
		t.Fatalf("%d users, %v", len(got), err)
	}
	u, err := d.User(t.Context(), engine.UserID(uuid(42)))
	if many := got[u.ID]; err != nil || many.Logon != u.Logon || many.DN != u.DN || many.Mail != u.Mail || !slices.Equal(many.Attributes["employeeNumber"], []string{"42"}) {
		t.Errorf("%+v among many, %+v alone (%v)", many, u, err)
	}
	if err := d.Users(t.Context(), nil, nil); err != nil {
		t.Errorf("no ids: %v", err)
	}
}

// Whoever takes no more ends the reading, and the connection can be used again.
func TestUsersEnded(t *testing.T) {
	d := open(t, newSlapd(t).config())
	enough := errors.New("enough")
	var told int
	_, _, _, err := d.Changed(t.Context(), engine.Mark{At: time.Unix(0, 0)}, func(engine.User) error {
		told++
		return enough
	})
	if !errors.Is(err, enough) || told != 1 {
		t.Errorf("%d told, %v", told, err)
	}
	if _, err := d.User(t.Context(), engine.UserID(uuid(0))); err != nil {
		t.Error(err)
	}
}

// changes are the logon names of those who changed.
func changes(t *testing.T, d *Directory, since engine.Mark) (logons []string, now engine.Mark, groups bool) {
	t.Helper()
	now, groups, ok, err := d.Changed(t.Context(), since, func(u engine.User) error {
		logons = append(logons, u.Logon)
		return nil
	})
	if err != nil || !ok {
		t.Fatalf("since %v: ok %v, %v", since, ok, err)
	}
	return logons, now, groups
}

// From a mark on, whoever changes is told, thousands too, and whether a group
// did; the mark goes on with the server's clock and not with ours.
func TestChanged(t *testing.T) {
	s := newSlapd(t)
	d, admin := open(t, s.config()), s.admin()
	start, err := d.Mark(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if who, now, groups := changes(t, d, start); len(who) > 0 || groups || now != start {
		t.Errorf("nothing happened, and told were %q, groups %v, mark %v after %v", who, groups, now, start)
	}

	rename := goldap.NewModifyDNRequest(userDN(42), "uid=renamed", true, "")
	if err := admin.ModifyDN(rename); err != nil {
		t.Fatal(err)
	}
	who, after, groups := changes(t, d, start)
	if !slices.Equal(who, []string{"renamed"}) || groups || time.Since(after.At).Abs() > time.Minute {
		t.Errorf("told were %q, groups %v, mark %v", who, groups, after)
	}

	join := goldap.NewModifyRequest(staffDN, nil)
	join.Add("member", []string{userDN(5)})
	if err := admin.Modify(join); err != nil {
		t.Fatal(err)
	}
	_, told, groups := changes(t, d, after)
	if _, _, again := changes(t, d, told); again {
		t.Error("a group's change is news again, although nothing has happened since")
	}
	if !groups {
		t.Error("a group changed, and it was not told")
	}

	if who, _, _ := changes(t, d, engine.Mark{At: time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)}); len(who) != crowd+1 {
		t.Errorf("%d told since before all, wanted %d", len(who), crowd+1)
	}
	if _, _, ok, err := d.Changed(t.Context(), engine.Mark{}, nil); ok || err != nil {
		t.Errorf("without a mark: ok %v, %v", ok, err)
	}
}

// A directory that lists no more than so many entries is not taken for one in
// which no more has changed.
func TestChangedBeyondLimit(t *testing.T) {
	d := open(t, newSlapd(t, "sizelimit size.soft=500 size.hard=500 size.prtotal=500").config())
	since := engine.Mark{At: time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)}
	_, _, ok, err := d.Changed(t.Context(), since, func(engine.User) error { return nil })
	wantError(t, err, engine.DirectoryRefused, "needs a higher size limit")
	if ok {
		t.Error("it counts as read")
	}
}

// Neither a clock of ours that is wrong nor an entry from the future makes
// changes go unseen.
func TestChangedWithWrongClocks(t *testing.T) {
	s := newSlapd(t)
	admin := s.admin()
	touch := goldap.NewModifyRequest(userDN(1), nil)
	touch.Replace("sn", []string{"y"})
	if err := admin.Modify(touch); err != nil {
		t.Fatal(err)
	}
	for name, clock := range map[string]time.Time{
		"hours behind": time.Now().Add(-12 * time.Hour), "hours ahead": time.Now().Add(12 * time.Hour), "right": time.Now(),
	} {
		cfg := s.config()
		cfg.Now = func() time.Time { return clock }
		d := open(t, cfg)
		start, err := d.Mark(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		who, now, _ := changes(t, d, start)
		if !slices.Equal(who, []string{"user0001"}) || now.At.After(time.Now()) {
			t.Errorf("%s: told were %q, the mark is %v", name, who, now)
		}
		if who, _, _ := changes(t, d, now); !slices.Equal(who, []string{"user0001"}) {
			t.Errorf("%s: told again were %q", name, who)
		}
	}
}
