package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine/sim"
)

// lobbySite is a self-service kiosk among real servers: the program as it is
// installed, on a terminal of its own, with pcscd, a card that is due in somebody's
// hand, and a shell around it that tells how it has left the terminal.
type lobbySite struct {
	*site
	hand  *demo.Sockets
	term  *tmuxScreen
	files int // that the supervisor has open
}

const lobbyPIN = "48291375"

// theirs is what must never be left of the person whose card it is.
var theirs = []string{"Ada", "Lovelace", "alovelace", "ada@corp", "0071 2250", "712250", lobbyPIN, "Corp Issuing"}

func openLobbySite(t *testing.T) *lobbySite {
	t.Helper()
	needs(t, "tmux", "setpriv")
	s := &lobbySite{site: openSite(t, openLDAP, startSlapd)}
	write(t, s.path("pin"), lobbyPIN+"\n")
	s.configure("10")
	takeOut := s.plugIn(0, "712250", "card.json")
	done(t, "update", "--config", s.path("config.toml"), "--user", "alovelace", "--pin-file", s.path("pin"), "--yes", "--card", "712250", "--assign")
	takeOut()
	state, err := sim.File(s.path("card.json")).Load()
	if err != nil {
		t.Fatal(err)
	}
	s.hand = demo.NewSockets(s.daemon.Readers, []*sim.Card{chipOf(t, state, sim.Options{})})
	t.Cleanup(func() { _ = s.hand.Close() })
	if err := os.Mkdir(s.path("lobby"), 0o700); err != nil {
		t.Fatal(err)
	}
	config := strings.NewReplacer(
		`name = "desk-3"`, `name = "lobby-1"`, `folder = "."`, "folder = \"lobby\"\nmode = \"self-service\"\n[store]\nfile = \"kiosk.db\"",
		"[policy.setup]", "[policy.users]\nupdate = true\nchoose_optional = true\n[policy.setup]",
		"VALID_DAYS", "730", "renew_days = 9", "renew_days = 30",
	).Replace(realConfig)
	write(t, s.path("lobby.toml"), s.fill.Replace(config+s.directory))
	s.start()
	return s
}

// start starts the kiosk, without any of root's privileges: an account of its own has
// none.
func (s *lobbySite) start() {
	s.t.Helper()
	script := s.path("lobby.sh")
	write(s.t, script, fmt.Sprintf("#!/bin/sh\nstty -a > %[2]s/before\nsetpriv --bounding-set=-all --inh-caps=-all %[1]s --config %[2]s/lobby.toml\necho $? > %[2]s/code\nstty -a > %[2]s/after\n", kioskProgram(s.t), s.dir))
	s.term = openTerminal(s.t, nil, "sh", script)
	s.starts()
	supervisor := s.supervisor()
	s.t.Cleanup(func() { // it outlives its terminal, and must not outlive a test that has failed
		for pid := range childrenOf(s.t, supervisor) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		_ = syscall.Kill(supervisor, syscall.SIGKILL)
	})
}

func (s *lobbySite) starts() { s.t.Helper(); s.term.sees("Put your card into the reader") }

// supervisor is the kiosk's own process, visit the one that shows the screen.
func (s *lobbySite) supervisor() int { s.t.Helper(); return s.child(s.term.pid, "--config") }
func (s *lobbySite) visit() int      { s.t.Helper(); return s.child(s.supervisor(), "visit") }

// child waits until a process has one child with a word in its command, and tells it.
func (s *lobbySite) child(of int, word string) int {
	s.t.Helper()
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); {
		var found []int
		for pid, command := range childrenOf(s.t, of) {
			if slices.Contains(strings.Fields(command), word) {
				found = append(found, pid)
			}
		}
		if len(found) == 1 {
			return found[0]
		}
	}
	s.t.Fatalf("process %d does not have one child %q: %v", of, word, childrenOf(s.t, of))
	return 0
}

// childrenOf are the processes that a process has started, with their commands; of
// one that is dead and not waited for it is "dead".
func childrenOf(t *testing.T, of int) map[int]string {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	found := map[int]string{}
	for _, file := range all {
		text, err := os.ReadFile(file)
		at := bytes.LastIndexByte(text, ')')
		if err != nil || at < 0 {
			continue
		}
		fields := strings.Fields(string(text[at+1:]))
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if fields[1] != strconv.Itoa(of) {
			continue
		}
		command, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		found[pid] = string(bytes.ReplaceAll(command, []byte{0}, []byte(" ")))
		if fields[0] == "Z" {
			found[pid] = "dead"
		}
	}
	return found
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

// toPIN puts the card in.
func (s *lobbySite) toPIN() {
	s.t.Helper()
	s.starts()
	if err := s.hand.Insert(s.t.Context(), 0); err != nil {
		s.t.Fatal(err)
	}
	s.term.sees("3 tries left", "Your card 0071 2250")
}

func (s *lobbySite) toOwnCard() {
	s.t.Helper()
	s.toPIN()
	s.term.types(lobbyPIN)
	s.term.press("Enter")
	s.term.sees("Ada Lovelace", "Update card")
}

func (s *lobbySite) toTemplates() {
	s.t.Helper()
	s.toOwnCard()
	s.term.press("Enter")
	s.term.sees("Which certificates?")
}

func (s *lobbySite) toConfirm() {
	s.t.Helper()
	s.toTemplates()
	s.term.press("Enter")
	s.term.sees("This is what will happen")
}

// pages are where abuse begins.
func (s *lobbySite) pages() map[string]func() {
	return map[string]func(){"start": s.starts, "PIN": s.toPIN, "own card": s.toOwnCard, "templates": s.toTemplates, "confirm": s.toConfirm}
}

// leaves takes the card out, and expects the start screen again: another process, and
// nothing of whoever was there.
func (s *lobbySite) leaves(visit int) {
	s.t.Helper()
	s.hand.Remove(0)
	for limit := time.Now().Add(time.Minute); alive(visit); {
		if time.Now().After(limit) {
			s.t.Fatalf("the visit's process %d goes on:\n%s", visit, s.term.frame())
		}
	}
	s.starts()
	s.isClean()
}

// isClean expects a kiosk that is on its feet, as if nobody had been there.
func (s *lobbySite) isClean() {
	s.t.Helper()
	for what, args := range map[string][]string{
		"screen and scroll-back": {"capture-pane", "-p", "-S", "-", "-E", "-"},
		"with escapes":           {"capture-pane", "-p", "-e", "-S", "-", "-E", "-"},
		"title":                  {"display-message", "-p", "#{pane_title} #{window_name}"},
		"buffers":                {"list-buffers"},
	} {
		shown := s.term.tmux(args...)
		for _, word := range theirs {
			if strings.Contains(shown, word) {
				s.t.Errorf("%s: %q is left:\n%s", what, word, shown)
			}
		}
	}
	if lines := strings.TrimSpace(s.term.tmux("display-message", "-p", "#{history_size}")); lines != "0" {
		s.t.Errorf("the terminal remembers %s lines", lines)
	}
	s.visit() // there is one
	for pid, command := range childrenOf(s.t, s.supervisor()) {
		if command != "dead" && !strings.Contains(command, " visit ") && !strings.Contains(command, " worker ") {
			s.t.Errorf("the supervisor has a child %d: %s", pid, command)
		}
	}
	if n := openFiles(s.t, s.supervisor()); s.files == 0 {
		s.files = n
	} else if n > s.files+2 {
		s.t.Errorf("the supervisor has %d files open; they were %d", n, s.files)
	}
}

func openFiles(t *testing.T, pid int) int {
	t.Helper()
	all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// A lobby kiosk as a lobby user would abuse it.
func TestLobbyAbused(t *testing.T) {
	s := openLobbySite(t)
	s.isClean()
	for _, abuse := range []struct {
		name string
		do   func(*lobbySite)
	}{
		{"closed to others", (*lobbySite).closedToOthers},
		{"keys", (*lobbySite).everyKey},
		{"signals", (*lobbySite).everySignal},
		{"pastes", (*lobbySite).pastes},
		{"resizes", (*lobbySite).resizes},
		{"card storm", (*lobbySite).cardStorm},
		{"kills", (*lobbySite).kills},
		{"an update", (*lobbySite).updated},
		{"stopped", (*lobbySite).stopped},
	} {
		if !t.Run(abuse.name, func(t *testing.T) {
			in := *s
			in.site, in.term = s.in(t), s.term.in(t)
			defer func(at time.Time) { t.Logf("took %v", time.Since(at)) }(time.Now())
			abuse.do(&in)
			s.files = in.files
		}) {
			t.Fatalf("the supervisor's log:\n%s", read(t, s.path("lobby/kiosk.log")))
		}
	}
}

func (s *tmuxScreen) in(t *testing.T) *tmuxScreen { in := *s; in.t = t; return &in }

// everyKey presses every control key, sequence and function key on every page. Only
// Enter, which goes on, and Esc, which goes back, may change the page.
func (s *lobbySite) everyKey() {
	for page, reach := range s.pages() {
		reach()
		visit, supervisor := s.visit(), s.supervisor()
		for b := range 0x20 {
			if b == '\r' || b == 0x1b {
				continue
			}
			s.term.tmux("send-keys", "-H", fmt.Sprintf("%02x", b))
		}
		for _, keys := range [][]string{
			{"C-c"},
			{"C-z"},
			{"C-\\"},
			{"C-d"},
			{"C-s"},
			{"C-q"},
			{"M-c"},
			{"M-x"},
			{"M-q"},
			{"M-F4"},
			{"C-Left"},
			{"S-F10"},
			{"F1"},
			{"F1"},
			{"F2"},
			{"F3"},
			{"F4"},
			{"F5"},
			{"F6"},
			{"F7"},
			{"F8"},
			{"F9"},
			{"F10"},
			{"F11"},
			{"F12"},
			{"-l", "q"},
			{"-l", "\x1b[?1049l"},
			{"-l", "\x1b]2;mine\x07"},
			{"-l", "\x1b[200~"},
			{"-l", "\x1bP+q544e\x1b\\"},
			{"-l", "\x1b[999;999R"},
			{"-l", "\x1bc"},
			{"-l", "\x9b200~"},
			{"-l", "\x1b_x"},
			{"-l", "\x1b[<0;1;1M"},
			{"-l", "\xff\xfe"},
		} {
			s.term.tmux(append([]string{"send-keys"}, keys...)...)
		}
		if now := s.visit(); now != visit || s.supervisor() != supervisor {
			s.t.Errorf("%s: the visit %d has ended, there is %d", page, visit, now)
		}
		if page == "start" {
			s.drained(page)
		} else {
			s.leaves(visit)
		}
		s.isClean()
	}
}

// everySignal sends the signals of terminals, and others, to the supervisor and to a
// visit: they do not so much as notice.
func (s *lobbySite) everySignal() {
	for page, reach := range s.pages() {
		reach()
		before := s.term.frame()
		supervisor, visit := s.supervisor(), s.visit()
		for _, sig := range []syscall.Signal{
			syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTSTP, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH,
			syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGPIPE, syscall.SIGALRM, syscall.SIGABRT, syscall.SIGCONT, 35, 64,
		} {
			for _, pid := range []int{supervisor, visit} {
				if err := syscall.Kill(pid, sig); err != nil {
					s.t.Errorf("%s, %v: %v", page, sig, err)
				}
			}
		}
		for _, pid := range []int{supervisor, visit} {
			if state := stateOf(s.t, pid); state == "T" || state == "Z" || state == "" {
				s.t.Errorf("%s: process %d is %q", page, pid, state)
			}
		}
		if now := s.visit(); now != visit {
			s.t.Errorf("%s: the visit %d has ended, there is %d", page, visit, now)
		}
		if after := s.term.frame(); after != before {
			s.t.Errorf("%s: the screen was\n%s\nand is\n%s", page, before, after)
		}
		if page != "start" {
			s.leaves(visit)
		}
	}
}

func stateOf(t *testing.T, pid int) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	return strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))[0]
}

// pastes pastes a megabyte on every page, as plain keys and enclosed as a paste: lines
// of what could be a PIN, and one long word. Nothing of it counts, least of all as a
// try of the PIN, memory stays, and the next key works.
func (s *lobbySite) pastes() {
	const size = 1 << 20
	for name, text := range map[string]string{
		"lines": strings.Repeat("48291376\n", size/9), "word": strings.Repeat("7", size), "escapes": strings.Repeat("\x1b[200~\x1b]0;", size/10),
	} {
		file := s.path("paste-" + name)
		write(s.t, file, text)
		s.term.tmux("load-buffer", "-b", name, file)
		for page, reach := range s.pages() {
			reach()
			visit := s.visit()
			before := memoryOf(s.t, visit)
			s.term.tmux("paste-buffer", "-r", "-b", name)
			s.term.tmux("paste-buffer", "-r", "-p", "-b", name)
			s.drained(page)
			if now := s.visit(); now != visit {
				s.t.Fatalf("%s on %s: the visit has ended", name, page)
			}
			if after := memoryOf(s.t, visit); after > before+8<<10 {
				s.t.Errorf("%s on %s: %d KB became %d", name, page, before, after)
			}
			if page == "PIN" {
				s.term.sees("3 tries left")
			}
			if page != "start" {
				s.leaves(visit)
			}
		}
		s.term.tmux("delete-buffer", "-b", name)
	}
	s.toOwnCard() // no try of the PIN was spent
	s.leaves(s.visit())
}

// drained waits until a key is heard again: at the start another language is chosen,
// elsewhere help is opened and closed.
func (s *lobbySite) drained(page string) {
	s.t.Helper()
	key, says, back := "F1", "Keys on this page", "F1"
	if page == "start" {
		key, says, back = "2", "Legen Sie Ihre Karte", "1"
	}
	s.pressedUntil(key, says, true)
	s.pressedUntil(back, says, false)
}

// pressedUntil presses a key until the screen shows a text, or does not any more.
func (s *lobbySite) pressedUntil(key, text string, shows bool) {
	s.t.Helper()
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); {
		if strings.Contains(s.term.frame(), text) == shows {
			return
		}
		s.term.press(key)
		for soon := time.Now().Add(time.Second); time.Now().Before(soon); {
			if strings.Contains(s.term.frame(), text) == shows {
				return
			}
		}
	}
	s.t.Fatalf("%s is not heard; the screen shows\n%s", key, s.term.frame())
}

// memoryOf is what a process has of the machine's memory, in KB.
func memoryOf(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("process %d has no memory", pid)
	return 0
}

// resizes makes the terminal 200 sizes, down to one cell, on every page.
func (s *lobbySite) resizes() {
	dice := rand.New(rand.NewPCG(5, 3))
	for page, reach := range s.pages() {
		reach()
		before, visit := s.term.frame(), s.visit()
		for i := range 200 {
			w, h := 1+dice.IntN(220), 1+dice.IntN(70)
			if i%20 == 0 {
				w, h = 1, 1
			}
			s.term.tmux("resize-window", "-x", strconv.Itoa(w), "-y", strconv.Itoa(h))
		}
		s.term.tmux("resize-window", "-x", "80", "-y", "24")
		s.term.sees(strings.TrimRight(before, "\n"))
		if now := s.visit(); now != visit {
			s.t.Errorf("%s: the visit has ended", page)
		}
		if page != "start" {
			s.leaves(visit)
		}
	}
}

// cardStorm puts the card in and out a hundred times, as fast as it goes.
func (s *lobbySite) cardStorm() {
	s.starts()
	for range 100 {
		if err := s.hand.Insert(s.t.Context(), 0); err != nil {
			s.t.Fatal(err)
		}
		s.hand.Remove(0)
	}
	s.starts()
	s.isClean()
	for range 5 { // vpcd may have lost count: the screen says what to do
		if err := s.hand.Insert(s.t.Context(), 0); err != nil {
			s.t.Fatal(err)
		}
		if frame := s.seesEither("Your card 0071 2250", "put it in again"); strings.Contains(frame, "Your card") {
			break
		}
		s.hand.Remove(0)
		s.starts()
	}
	s.term.sees("Your card 0071 2250")
	s.leaves(s.visit())
}

// seesEither waits until the screen shows one of two texts.
func (s *lobbySite) seesEither(one, other string) string {
	s.t.Helper()
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); {
		if frame := s.term.frame(); strings.Contains(frame, one) || strings.Contains(frame, other) {
			return frame
		}
	}
	s.t.Fatalf("never saw %q nor %q; the screen shows\n%s", one, other, s.term.frame())
	return ""
}

// kills kills the visit on every page, as a crash or the kernel would: the start
// screen is there again, and waits for the card to be taken out.
func (s *lobbySite) kills() {
	for page, reach := range s.pages() {
		for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGSEGV} {
			reach()
			visit, supervisor := s.visit(), s.supervisor()
			if err := syscall.Kill(visit, sig); err != nil {
				s.t.Fatal(err)
			}
			if page != "start" {
				s.term.sees("Take the card out of the reader")
			}
			s.leaves(visit)
			if now := s.supervisor(); now != supervisor {
				s.t.Errorf("%s, %v: the supervisor is another: %d", page, sig, now)
			}
		}
	}
	if log := read(s.t, s.path("lobby/kiosk.log")); !strings.Contains(log, "signal: killed") {
		s.t.Errorf("the log does not say that visits were killed:\n%s", log)
	}
}

// updated is what the kiosk is for.
func (s *lobbySite) updated() {
	s.toConfirm()
	visit := s.visit()
	s.term.press("Left")
	s.term.press("Enter")
	s.term.sees("Card updated", "Take your card out now")
	s.leaves(visit)
	s.toPIN()
	s.term.types(lobbyPIN)
	s.term.press("Enter")
	s.term.sees("Ada Lovelace", "▸  Done", "Update card")
	s.leaves(s.visit())
	for _, word := range theirs[:4] {
		if log := read(s.t, s.path("lobby/kiosk.log")); strings.Contains(log, word) {
			s.t.Errorf("the log has %q in it", word)
		}
	}
}

// closedToOthers tries to read a visit's memory and to trace it, as its own account
// without privileges. The same works with the supervisor, who knows nothing.
func (s *lobbySite) closedToOthers() {
	s.toPIN()
	visit := s.visit()
	for _, file := range []string{"mem", "environ", "maps", "auxv"} {
		if out, err := asPlainUser("head", "-c", "0", fmt.Sprintf("/proc/%d/%s", visit, file)); err == nil {
			s.t.Errorf("/proc/%d/%s can be opened: %s", visit, file, out)
		}
		if out, err := asPlainUser("head", "-c", "0", fmt.Sprintf("/proc/%d/%s", s.supervisor(), file)); err != nil {
			s.t.Errorf("the test proves nothing: %s of the supervisor cannot be opened: %s", file, out)
		}
	}
	limits := read(s.t, fmt.Sprintf("/proc/%d/limits", visit))
	if i := strings.Index(limits, "Max core file size"); i < 0 || !slices.Equal(strings.Fields(limits[i:])[4:6], []string{"0", "0"}) {
		s.t.Errorf("core dumps: %s", limits)
	}
	s.leaves(visit)
}

func asPlainUser(command ...string) (string, error) {
	out, err := exec.Command("setpriv", append([]string{"--bounding-set=-all", "--inh-caps=-all"}, command...)...).CombinedOutput()
	return string(out), err
}

// stopped ends the kiosk in the middle of a visit, as systemd does: no process is
// left, and the terminal is as it was found.
func (s *lobbySite) stopped() {
	s.toOwnCard()
	supervisor := s.supervisor()
	children := childrenOf(s.t, supervisor)
	if err := syscall.Kill(supervisor, syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	s.term.isDead()
	for pid := range children {
		if alive(pid) {
			s.t.Errorf("process %d is left", pid)
		}
	}
	if before, after := read(s.t, s.path("before")), read(s.t, s.path("after")); before != after {
		s.t.Errorf("the terminal was\n%s\nand is\n%s", before, after)
	}
	if code := strings.TrimSpace(read(s.t, s.path("code"))); code != "0" {
		s.t.Errorf("it ended with %s", code)
	}
	shown := s.term.tmux("capture-pane", "-p", "-S", "-", "-E", "-")
	for _, word := range theirs {
		if strings.Contains(shown, word) {
			s.t.Errorf("%q is left:\n%s", word, shown)
		}
	}
	s.hand.Remove(0)
}
