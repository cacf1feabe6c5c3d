package main

import (
	"fmt"
	"slices"

	"cardkiosk/engine"
)

// recipients checks whom rules reach through Active Directory: a user's manager,
// also one who is gone by then, and a group in groups, also by the primary group.
func (d *domain) recipients() {
	t := d.t
	ada, kurt := d.account("alovelace"), d.account("kgoedel")
	mails := func(users []engine.User, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		all := []string{}
		for _, u := range users {
			all = append(all, u.Mail)
		}
		slices.Sort(all)
		return fmt.Sprint(all)
	}
	if got := mails(d.ManagersOf(t.Context(), ada.ID)); got != "[]" {
		t.Errorf("before there is one, the manager is %s", got)
	}
	d.modify(ada.DN, "replace", "manager", kurt.DN)
	if got := mails(d.ManagersOf(t.Context(), ada.ID)); kurt.Mail == "" || got != "["+kurt.Mail+"]" {
		t.Errorf("the manager is %s, not %s", got, kurt.Mail)
	}
	if got, want := mails(d.MembersOf(t.Context(), staffDN)), mails([]engine.User{ada, kurt}, nil); got != want {
		t.Errorf("in %s are %s, not %s", staffDN, got, want)
	}
	if got := mails(d.MembersOf(t.Context(), "CN=Missing,DC=corp,DC=example")); got != "[]" {
		t.Errorf("in no group are %s", got)
	}
}
