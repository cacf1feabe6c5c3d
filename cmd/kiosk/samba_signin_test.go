package main

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cardkiosk/engine"
)

// Active Directory's word about a password is understood, and a wrong one counts
// once.
func TestSignInActiveDirectory(t *testing.T) {
	s := openSite(t, activeDirectory+"\n[sign_in]\nmethods = [\"password\"]\n", startSamba)
	s.configure("300")
	d := &domain{t: t, dir: s.path("domain")}
	const right = "Right1 Wörd"
	for _, logon := range []string{"right", "wrong", "locked", "must", "off", "ended", "old", "Star (x) y"} {
		d.tool("user", "create", logon, right)
	}
	d.tool("domain", "passwordsettings", "set", "--account-lockout-threshold=3", "--account-lockout-duration=30", "--reset-account-lockout-after=30")
	d.tool("user", "setpassword", "must", "--newpassword="+right, "--must-change-at-next-login")
	d.tool("user", "disable", "off")
	const longAgo = "133000000000000000"                     // in 2022 (MS-ADTS 3.1.1.1.4, LDAPTime)
	d.lastSet("CN=old,CN=Users,DC=corp,DC=example", longAgo) // six weeks is the most
	d.modify("CN=ended,CN=Users,DC=corp,DC=example", "replace", "accountExpires", longAgo)
	s.at(func(p *parts) {
		for _, c := range []struct {
			logon, word string
			kind        engine.Kind // Broken: signed in
			count       string      // of wrong passwords
		}{
			{"right", right, engine.Broken, "0"},
			{"RIGHT", right, engine.Broken, "0"},
			{"Star (x) y", right, engine.Broken, "0"},
			{"wrong", "Wrong1 Word", engine.WrongPassword, "1"},
			{"wrong", "", engine.WrongPassword, "1"},
			{"wrong", right, engine.Broken, "0"},
			{"locked", "Wrong1 Word", engine.WrongPassword, "1"},
			{"locked", "Wrong1 Word", engine.WrongPassword, "2"},
			{"locked", "Wrong1 Word", engine.WrongPassword, "3"},
			{"locked", right, engine.AccountLocked, "3"},
			{"must", "Wrong1 Word", engine.WrongPassword, "1"},
			{"must", right, engine.PasswordExpired, ""},
			{"old", "Wrong1 Word", engine.WrongPassword, "1"},
			{"old", right, engine.PasswordExpired, ""},
			{"off", right, engine.AccountClosed, ""},
			{"ended", right, engine.AccountClosed, ""},
			{"nobody", right, engine.WrongPassword, ""},
			{"r*", right, engine.WrongPassword, ""},
		} {
			actor, user, err := p.signIn.WithPassword(t.Context(), c.logon, engine.NewPIN([]byte(c.word)))
			in := c.kind == engine.Broken
			if in && (err != nil || !strings.EqualFold(actor.Who, c.logon) || actor.User == "" || user.SID == "") {
				t.Errorf("%s: %+v, %+v, %v", c.logon, actor, user, err)
			}
			if !in && (!engine.Is(err, c.kind) || actor != (engine.Actor{})) {
				t.Errorf("%s, %q: %+v, %v", c.logon, c.word, actor, err)
			}
			if c.count == "" {
				continue
			}
			if got := d.values("CN="+c.logon+",CN=Users,DC=corp,DC=example", "badPwdCount"); !slices.Equal(got, []string{c.count}) {
				t.Errorf("%s, %q: wrong passwords that are noted: %q, not %s", c.logon, c.word, got, c.count)
			}
		}
	})
	other := t.TempDir()
	serverCertificate(t, other)
	write(t, s.path("root.pem"), read(t, filepath.Join(other, "root.pem")))
	s.at(func(p *parts) {
		if actor, _, err := p.signIn.WithPassword(t.Context(), "right", engine.NewPIN([]byte(right))); !engine.Is(err, engine.DirectoryRefused) || !strings.Contains(err.Error(), "not trusted") {
			t.Errorf("a server that is not trusted: %+v, %v", actor, err)
		}
	})
}

// tool has samba-tool do something to the domain.
func (d *domain) tool(args ...string) {
	d.t.Helper()
	args = append(args, "-s", filepath.Join(d.dir, "etc", "smb.conf"), "-H", filepath.Join(d.dir, "private", "sam.ldb"))
	if out, err := exec.Command("samba-tool", args...).CombinedOutput(); err != nil {
		d.t.Fatalf("samba-tool %s %s: %v\n%s", args[0], args[1], err, out)
	}
}

// lastSet says when an account's password was set; only Samba's own control lets
// that be said (DSDB_CONTROL_PASSWORD_BYPASS_LAST_SET_OID).
func (d *domain) lastSet(dn, at string) {
	d.t.Helper()
	change := exec.Command("ldbmodify", "-H", filepath.Join(d.dir, "private", "sam.ldb"), "--controls=local_oid:1.3.6.1.4.1.7165.4.3.20:1")
	change.Stdin = strings.NewReader("dn: " + dn + "\nchangetype: modify\nreplace: pwdLastSet\npwdLastSet: " + at + "\n")
	if out, err := change.CombinedOutput(); err != nil {
		d.t.Fatalf("ldbmodify: %v\n%s", err, out)
	}
}
