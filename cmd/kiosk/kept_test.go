package main

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
)

// keepers are the files of a site that a secret belongs in: what holds the
// passwords, the servers' own, and the card itself.
var keepers = []string{
	"seal.pfx-password", "stamp.pfx-password", "directory-password", "mail-password", "passphrase", "people.ldif", "people", "slapd.conf", "exim.conf", "card.json",
}

// After a whole walk at the screen - a first issue, then an update with a slip
// of the finger - no PIN, PUK, key or password is left, nor that of a common
// certificate which the card got: not in the log at its most talkative, nor in the database, the journal, the letters, the screen, or
// the memory of the program, which still runs.
func TestNoSecretIsKept(t *testing.T) {
	needs(t, "opensc-tool")
	s := openSite(t, openLDAP, startSlapd)
	s.insert("712260")
	s.configure("730")
	secrets := makePFX(t, s.path("seal.pfx"), "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
	maps.Copy(secrets, makePFX(t, s.path("stamp.pfx"), "rsa:2048"))
	write(t, s.path("config.toml"), read(t, s.path("config.toml"))+"\n[log]\nlevel = \"debug\"\n"+
		commonText("seal", "82", "seal.pfx")+commonText("stamp", "83", "stamp.pfx"))
	pin, slip := randomWord(8), randomWord(7)
	// What is planted is found, or the search would prove nothing.
	var planted []form
	var env []string
	for i, f := range formsOf("planted", []byte(randomWord(7))) {
		if !bytes.Contains(f.bytes, []byte{0}) { // which no environment holds
			planted, env = append(planted, f), append(env, fmt.Sprintf("PLANTED_%d=%s", i, shellQuoted(f.bytes)))
		}
	}
	term := openTerminal(t, env, kioskProgram(t), "--config", s.path("config.toml"))

	s.issueAtScreen(term, pin)
	letters := delivered(t, s.box)
	s.updateAtScreen(term, pin, slip)
	letters += delivered(t, s.box)

	state, err := sim.File(s.path("card.json")).Load()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(state.PIN.Value, []byte(pin)) {
		t.Fatalf("the card's PIN is not the one that was typed")
	}
	for _, at := range []engine.Place{"82", "83"} {
		if state.Objects[slotOf(at).Certificate()] == nil {
			t.Errorf("the card has no common certificate in %s", at)
		}
	}
	maps.Copy(secrets, map[string][]byte{
		"PIN": []byte(pin), "mistyped PIN": []byte(slip), "PUK": state.PUK.Value, "administration key": state.Admin.Value,
		"directory password": []byte(s.passwords.directory), "mail password": []byte(s.passwords.mail), "CA passphrase": []byte(s.passwords.ca),
	})
	var forms []form
	for name, secret := range secrets {
		forms = append(forms, formsOf(name, secret)...)
	}
	write(t, s.path("letters"), letters)
	write(t, s.path("screen"), term.tmux("capture-pane", "-p", "-S", "-"))
	found, searched := liesInFiles(t, s.dir, keepers, forms)
	for _, f := range found {
		t.Errorf("kept in %s", f)
	}
	for _, file := range []string{"kiosk.log", "kiosk.db", "letters", "screen", "ca/ca.db"} {
		if !searched[file] {
			t.Errorf("%s was not searched", file)
		}
	}
	if !strings.Contains(letters, "Ada") || !strings.Contains(read(t, s.path("kiosk.log")), "run") {
		t.Errorf("letters or log are empty")
	}
	// The screen may be ahead of the last collection of garbage.
	for limit := time.Now().Add(20 * time.Second); ; {
		found = liesInMemory(t, term.pid, forms)
		if len(found) == 0 || time.Now().After(limit) {
			break
		}
	}
	for _, f := range found {
		t.Errorf("kept in %s", f)
	}
	for _, f := range planted {
		if len(liesInMemory(t, term.pid, []form{f})) == 0 {
			t.Errorf("planted as %s, not found in memory", f.as)
		}
	}
}

// A copy that is planted is found, in whatever form it lies there.
func TestSearchFindsWhatIsPlanted(t *testing.T) {
	secret := []byte(randomWord(7))
	for _, f := range formsOf("secret", secret) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "own"), string(f.bytes))
		write(t, filepath.Join(dir, "log"), "some text "+string(f.bytes)+" and more")
		found, _ := liesInFiles(t, dir, []string{"own"}, []form{f})
		if len(found) != 1 || !strings.HasPrefix(found[0], "log: secret, "+f.as) {
			t.Errorf("%s: found %q", f.as, found)
		}
	}
}

func (s *site) issueAtScreen(term *tmuxScreen, pin string) {
	s.t.Helper()
	term.sees("Who is it?")
	term.types("alovelace")
	term.sees("Ada Lovelace", "1 found")
	term.press("Enter")
	term.sees("No card yet")
	term.press("Enter")
	term.sees("Which card?", "nobody's yet")
	term.press("Enter")
	term.sees("Assign this card?")
	term.press("Enter")
	term.sees("The card was assigned.")
	term.press("Enter")
	term.sees("Which certificates?")
	term.press("Enter")
	term.sees("Choose the card's PIN")
	for range 2 {
		term.types(pin)
		term.press("Enter")
	}
	term.sees("will be issued")
	term.press("Left", "Enter")
	term.sees("Card issued")
}

func (s *site) updateAtScreen(term *tmuxScreen, pin, slip string) {
	s.t.Helper()
	term.press("Enter") // Close
	term.sees("Up to date", "Update card")
	term.press("Enter")
	term.sees("Which certificates?")
	term.press("Down", "Down", "Down", "Down", "Space")
	term.sees("will be new")
	term.press("Enter")
	term.sees("3 tries left")
	term.types(slip)
	term.press("Enter")
	term.sees("The PIN was wrong")
	term.types(pin)
	term.press("Enter")
	term.sees("This is what will happen")
	term.press("Left", "Enter")
	term.sees("Card updated")
}

// shellQuoted quotes bytes for sh.
func shellQuoted(b []byte) string {
	var q strings.Builder
	for _, c := range b {
		fmt.Fprintf(&q, "\\%03o", c)
	}
	return `"$(printf '` + q.String() + `')"`
}
