package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
	"cardkiosk/engine/store"
)

// heldSite is the site with a second kiosk, which has a reader and a credential at
// the CA of its own, and the letters that were delivered.
type heldSite struct {
	*site
	letters *postbox
}

func openHeld(t *testing.T) *heldSite {
	t.Helper()
	s := &heldSite{site: openSite(t, openLDAP, startSlapd, heldRules...)}
	s.letters = &postbox{pipe: s.box}
	write(t, s.path("pin"), "48291375\n")
	done(t, "ca", "station", "desk-4", "--ca", s.path("ca"), "--out", s.path("station-4"), "--passphrase-file", s.path("passphrase"))
	for _, folder := range []string{"desk-3", "desk-4", "service"} {
		s.makeFolder(folder)
	}
	return s
}

func (s *heldSite) in(t *testing.T) *heldSite { return &heldSite{s.site.in(t), s.letters} }

// kiosk is one of the kiosks of a site.
type kiosk struct {
	*heldSite
	config  string
	reader  int
	station string // folder of its credential
}

// kiosks writes the configurations of both kiosks, with these policies; one
// database is theirs, and the worker's beside them.
func (s *heldSite) kiosks(policies ...string) (a, b kiosk) {
	s.t.Helper()
	a, b = kiosk{s, s.path("desk-3.toml"), 0, "station"}, kiosk{s, s.path("desk-4.toml"), 1, "station-4"}
	s.configureKiosk(a.config, "desk-3", s.daemon.Readers[1].Name, policies...)
	s.configureKiosk(b.config, "desk-4", s.daemon.Readers[0].Name, policies...)
	rewriteFile(s.t, b.config, `"station/`, `"station-4/`)
	s.configureKiosk(s.path("config.toml"), "service", "none", policies...)
	return a, b
}

func (s *heldSite) configureKiosk(file, name, ignored string, policies ...string) {
	s.t.Helper()
	head, _, _ := strings.Cut(realConfig, "[[policy]]")
	head = strings.NewReplacer(`name = "desk-3"`, `name = "`+name+`"`, `folder = "."`, `folder = "`+name+`"`).Replace(head)
	write(s.t, file, s.fill.Replace("[store]\nfile = \"kiosk.db\"\n[readers]\nignore = [\""+ignored+"\"]\n"+head+s.directory+strings.Join(policies, "\n")))
	if out := done(s.t, "config", "check", file); strings.Contains(out, "warning") {
		s.t.Errorf("config check says %q", out)
	}
}

// puts puts a user's card into the kiosk's reader.
func (k kiosk) puts(serial string) (takeOut func()) {
	return k.plugIn(k.reader, serial, "card-"+serial+".json")
}

// updates runs kiosk update for a user, expects an exit code, and returns what it
// printed.
func (k kiosk) updates(user string, code int, more ...string) string {
	k.t.Helper()
	args := append([]string{"update", "--config", k.config, "--user", user, "--yes", "--pin-file", k.path("pin")}, more...)
	out, errs, got := runKiosk(k.t, args...)
	k.t.Logf("$ kiosk update --user %s --yes %s\n%s%s(exit code %d)", user, strings.Join(more, " "), out, errs, got)
	if got != code {
		k.t.Fatalf("update of %s's card: exit code %d, want %d", user, got, code)
	}
	return out + errs
}

// issues gives a card to a user whose certificates end soon.
func (s *heldSite) issues(user, serial string, policy func(templates string) string, templates ...string) (takeOut func()) {
	s.t.Helper()
	a, _ := s.kiosks(policy(soon(templates...)))
	takeOut = a.puts(serial)
	a.updates(user, exitDone, "--card", serial, "--assign")
	return takeOut
}

// screen opens the kiosk full screen.
func (k kiosk) screen() *tmuxScreen {
	k.t.Helper()
	term := openTerminal(k.t, nil, kioskProgram(k.t), "--config", k.config)
	term.sees("Who is it?")
	return term
}

// opens finds a user and opens their profile.
func (s *tmuxScreen) opens(logon string) {
	s.t.Helper()
	s.types(logon)
	s.sees("1 found")
	s.press("Enter")
}

// chooses moves to the button of this name, and presses it.
func (s *tmuxScreen) chooses(label string) {
	s.t.Helper()
	names, focused := buttonsIn(s.sees(label), label)
	key := "Right"
	steps := slices.Index(names, label) - focused
	if steps < 0 {
		key, steps = "Left", -steps
	}
	for range steps {
		s.press(key)
	}
	s.sees("▸  " + label)
	s.press("Enter")
}

// buttonsIn reads the row of buttons with this one: their names, and which is in
// focus.
func buttonsIn(frame, label string) (names []string, focused int) {
	for line := range strings.Lines(frame) {
		before, after, ok := strings.Cut(line, "▸")
		if !ok || !strings.Contains(line, label) {
			continue
		}
		names = regexp.MustCompile(` {2,}`).Split(strings.TrimSpace(before), -1)
		if strings.TrimSpace(before) == "" {
			names = nil
		}
		return append(names, regexp.MustCompile(` {2,}`).Split(strings.TrimSpace(after), -1)...), len(names)
	}
	return nil, 0
}

// killed kills the program, as kill -9 does.
func (s *tmuxScreen) killed() {
	s.t.Helper()
	if err := syscall.Kill(s.pid, syscall.SIGKILL); err != nil {
		s.t.Fatal(err)
	}
	s.isDead()
}

// isDead waits until the program is gone.
func (s *tmuxScreen) isDead() {
	s.t.Helper()
	for limit := time.Now().Add(time.Minute); strings.TrimSpace(s.tmux("display-message", "-p", "#{pane_dead}")) != "1"; {
		if time.Now().After(limit) {
			s.t.Fatal("the program has not ended")
		}
	}
}

// kills kills the app when nobody is about to ask a CA, nor to send a letter: who
// dies at that is waited for some minutes, and no test waits so long.
func (s *heldSite) kills(term *tmuxScreen) {
	s.t.Helper()
	s.rests()
	term.killed()
}

// rests waits until no letter waits, and nobody asks a CA at this moment.
func (s *heldSite) rests() {
	s.t.Helper()
	s.sentAll()
	kept, err := store.Open(s.t.Context(), s.path("kiosk.db"), store.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	defer kept.Close()
	for limit := time.Now().Add(time.Minute); ; {
		at, some, err := kept.NextRequest(s.t.Context())
		if err != nil || time.Now().After(limit) {
			s.t.Fatalf("requests are asked about at %v, %v", at, err)
		}
		if left := time.Until(at); !some || left > time.Hour || left > 300*time.Millisecond && left < 3*time.Second {
			return
		}
	}
}

// shows logs what is on the screen.
func (s *tmuxScreen) shows(texts ...string) string {
	s.t.Helper()
	frame := s.sees(texts...)
	s.t.Log("the screen:\n" + strings.TrimRight(frame, "\n "))
	return frame
}

// enters types the PIN where it is asked for.
func (s *tmuxScreen) enters(pin string) {
	s.t.Helper()
	s.sees("tries left")
	s.types(pin)
	s.press("Enter")
}

// worker is kiosk worker as a service. end ends it with a signal.
func (s *heldSite) worker() (end func(syscall.Signal)) {
	s.t.Helper()
	said := &lockedBuffer{}
	stop := backgroundSaying(s.t, exec.Command(kioskProgram(s.t), "worker", "--config", s.path("config.toml")), said,
		func() bool { return strings.Contains(said.String(), "at work") })
	return func(sig syscall.Signal) { stop(sig) }
}

// sends is one round of the worker's, on the database of both kiosks.
func (s *heldSite) sends() {
	s.t.Helper()
	done(s.t, "worker", "--once", "--config", s.path("config.toml"))
}

// mentions expects words in what was said.
func (s *heldSite) mentions(who, said, text string) {
	s.t.Helper()
	if !strings.Contains(said, text) {
		s.t.Errorf("%s does not say %q, but\n%s", who, text, said)
	}
}

// card is what kiosk card show --json says of a card.
func (s *heldSite) card(serial string) (c cardShown) {
	s.t.Helper()
	out := done(s.t, "card", "show", "--config", s.path("config.toml"), "--card", serial, "--json")
	if err := json.Unmarshal([]byte(out), &c); err != nil {
		s.t.Fatalf("%v in %s", err, out)
	}
	return c
}

// is expects of a card the state.
func (s *heldSite) is(serial string, state engine.State) cardShown {
	s.t.Helper()
	c := s.card(serial)
	if c.State != string(state) {
		s.t.Fatalf("card %s is %s, not %s", serial, c.State, state)
	}
	return c
}

// chip is what a card keeps.
func (s *heldSite) chip(serial string) sim.State {
	s.t.Helper()
	state, err := sim.File(s.path("card-" + serial + ".json")).Load()
	if err != nil {
		s.t.Fatal(err)
	}
	return state
}

// works expects that the keys in places sign for the certificates there.
func (s *heldSite) works(places ...engine.Place) {
	s.t.Helper()
	all := s.holds(places...)
	for _, at := range places {
		if all[at] == "" {
			s.t.Errorf("there is no certificate in %s", at)
			continue
		}
		s.signs(at, all[at])
	}
}

// tests has pkcs11-tool test every key, and pkcs15-tool list so many certificates.
func (s *heldSite) tests(certificates int) {
	s.t.Helper()
	out, err := exec.Command("pkcs11-tool", "--test", "--login", "--pin", "48291375").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "No errors") {
		s.t.Errorf("pkcs11-tool --test: %v\n%s", err, out)
	}
	s.t.Logf("$ pkcs11-tool --test --login\n%s", out)
	out, err = exec.Command("pkcs15-tool", "-c").CombinedOutput()
	if err != nil || strings.Count(string(out), "X.509 Certificate") != certificates {
		s.t.Errorf("pkcs15-tool does not list %d certificates: %v\n%s", certificates, err, out)
	}
}

// recorded expects on the card what its record says, and nothing of what was there
// before where it was.
func (s *heldSite) recorded(c cardShown, before map[engine.Place]string) {
	s.t.Helper()
	for _, m := range c.Certificates {
		der := s.onCard(m.Place)
		if engine.Fingerprint(der) != m.Fingerprint {
			s.t.Errorf("%s does not hold what is recorded", m.Place)
		}
		if !m.Former && before[m.Place] == string(der) {
			s.t.Errorf("%s holds what it held before", m.Place)
		}
	}
}

func (s *heldSite) makeFolder(name string) {
	s.t.Helper()
	if err := os.Mkdir(s.path(name), 0o700); err != nil {
		s.t.Fatal(err)
	}
}

// rewriteFile changes a text everywhere in a file.
func rewriteFile(t *testing.T, file, old, now string) {
	t.Helper()
	write(t, file, strings.ReplaceAll(read(t, file), old, now))
}
