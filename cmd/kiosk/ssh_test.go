package main

import (
	"database/sql"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

const sshCard = "712501"

// An operator comes to the kiosk over SSH, signed in by the system: a whole update,
// and one whose connection is lost at its worst moments, which the next session goes
// on with. Nobody sees the PIN meanwhile, and what is the kiosk's stays the kiosk's.
func TestSSHHost(t *testing.T) {
	h := openHost(t)
	watch := h.watchProcesses()
	h.gives(sshCard)
	h.updatesOverSSH()
	h.losesConnections()
	h.resizes()
	h.refusesRequests()
	h.cannotReach()
	h.finds(watch)
}

// gives issues Ada Lovelace's card, whose logon certificate is due at once.
func (h *sshHost) gives(serial string) {
	h.t.Helper()
	h.configureHost("", policyText("staff", "", soon(logonTemplate)))
	h.plugIn(0, serial, "card.json")
	out, code := h.asKiosk("update", "--config", h.path("etc/config.toml"), "--user", "alovelace", "--card", serial, "--assign", "--yes", "--pin-file", h.path("pin"))
	if code != exitDone {
		h.t.Fatalf("first issue: exit code %d\n%s", code, out)
	}
	h.configureHost("", policyText("staff", "", logonTemplate))
}

// comes opens a session on a terminal, as an operator does.
func (h *sshHost) comes(sshd, who string) *tmuxScreen {
	h.t.Helper()
	return openTerminal(h.t, []string{"LANG=C.UTF-8"}, h.ssh(sshd, who, "-tt")...)
}

// updatesOverSSH: the system has signed the operator in, and the audit has their
// name.
func (h *sshHost) updatesOverSSH() {
	h.t.Helper()
	before := h.onCard("9a")
	term := h.comes("sshd-operators", adaOp)
	term.sees("Who is it?", adaOp+" (operator)")
	term.opens("alovelace")
	h.begins(term)
	term.shows(words.English.Result.Done)
	h.leaves(term)
	if string(h.onCard("9a")) == string(before) {
		h.t.Error("the card has no new certificate")
	}
	h.witnessed(adaOp, engine.UpdateCard)
}

// leaves ends the session as a person does.
func (h *sshHost) leaves(term *tmuxScreen) {
	h.t.Helper()
	term.press("C-c")
	term.sees(words.English.Frame.Quit)
	term.rests()
	term.press("Left")
	term.sees("▸  " + words.English.Frame.Yes)
	term.press("Enter")
	term.isDead()
	h.hasEnded()
}

// begins goes from the profile through the walk until the update runs.
func (h *sshHost) begins(term *tmuxScreen) {
	h.t.Helper()
	term.chooses("Update card")
	term.sees("Which certificates?")
	term.press("Enter")
	term.enters(h.pin)
	term.shows("This is what will happen")
	term.press("Left")
	term.press("Enter")
}

// continues goes on from the profile with what was begun.
func (h *sshHost) continues(term *tmuxScreen) {
	h.t.Helper()
	term.chooses(words.English.Actions["continue"])
	term.enters(h.pin)
}

// losesConnections loses the connection while the CA is asked: the client is killed
// before the CA has heard its request, then the server's side of the connection
// before its answer has come back. Each time the kiosk comes to its safe note and
// ends by itself, and the next session is offered to go on.
func (h *sshHost) losesConnections() {
	h.t.Helper()
	policy := policyText("staff", "", logonTemplate+signingTemplate)
	g := openGateway(kiosk{heldSite: &heldSite{site: h.site, letters: h.letters}, station: "station"})
	h.configureHost(g.url, policy)
	for i, lose := range []func(*tmuxScreen){(*tmuxScreen).loses, func(*tmuxScreen) { h.killsSessions() }} {
		term := h.comes("sshd-operators", adaOp)
		lost := make(chan struct{})
		g.cuts(cut{path: "/requests", after: i > 0, do: func() { lose(term); close(lost) }, waits: true})
		term.opens("alovelace")
		if i == 0 {
			h.begins(term)
		} else {
			h.continues(term)
		}
		<-lost
		term.isDead()
		h.hasEnded()
		if h.holds("9c")["9c"] != "" {
			h.t.Error("a certificate is on the card before the CA's answer has come")
		}
	}
	h.configureHost("", policy)
	term := h.comes("sshd-operators", adaOp)
	term.opens("alovelace")
	h.continues(term)
	term.shows(words.English.Result.Done)
	h.leaves(term)
	if h.holds("9c")["9c"] == "" {
		h.t.Error("the card has no new certificate")
	}
	h.witnessed(adaOp, engine.ContinueUpdate)
}

// loses kills the client, as a computer that is switched off does.
func (s *tmuxScreen) loses() { _ = syscall.Kill(s.pid, syscall.SIGKILL) }

// killsSessions kills sshd's processes of the operator's sessions.
func (h *sshHost) killsSessions() {
	killed := 0
	for _, pid := range h.processes(func(title string) bool { return strings.HasPrefix(title, "sshd: "+adaOp) }) {
		if syscall.Kill(pid, syscall.SIGKILL) == nil {
			killed++
		}
	}
	if killed < 2 { // one of root's, one of theirs
		h.t.Errorf("%d processes of sshd were killed", killed)
	}
}

// hasEnded waits until no session's kiosk runs any more.
func (h *sshHost) hasEnded() {
	h.t.Helper()
	for limit := time.Now().Add(time.Minute); len(h.running()) > 0; {
		if time.Now().After(limit) {
			h.t.Fatalf("the kiosk has not ended: %v", h.running())
		}
	}
}

// witnessed expects in the audit rows of this act, all of them with this name.
func (h *sshHost) witnessed(who string, act engine.Privilege) {
	h.t.Helper()
	n := 0
	for _, row := range h.audit() {
		if row.act == string(act) {
			n++
			if row.who != who {
				h.t.Errorf("%s is said to have been done by %s", act, row.who)
			}
		}
	}
	if n == 0 {
		h.t.Errorf("the audit has no %q", act)
	}
}

type auditRow struct{ who, act string }

// audit reads a copy of the database, lest files come to be there that are not the
// kiosk's. What the kiosk did by itself before anybody came is left out.
func (h *sshHost) audit() (rows []auditRow) {
	h.t.Helper()
	dir := h.t.TempDir()
	for _, name := range []string{"kiosk.db", "kiosk.db-wal"} {
		if out, err := exec.Command("sh", "-c", `[ ! -e "$1" ] || cp "$1" "$2"`, "sh", h.path("var/"+name), dir).CombinedOutput(); err != nil {
			h.t.Fatalf("copy the database: %v\n%s", err, out)
		}
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "kiosk.db"))
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close()
	found, err := db.QueryContext(h.t.Context(), `SELECT who, act FROM audit WHERE who <> $1 ORDER BY seq`, kioskAccount)
	if err != nil {
		h.t.Fatal(err)
	}
	defer found.Close()
	for found.Next() {
		var r auditRow
		if err := found.Scan(&r.who, &r.act); err != nil {
			h.t.Fatal(err)
		}
		rows = append(rows, r)
	}
	if err := found.Err(); err != nil {
		h.t.Fatal(err)
	}
	return rows
}

// resizes: the terminal may have any size, and another while it is looked at.
func (h *sshHost) resizes() {
	h.t.Helper()
	term := h.comes("sshd-operators", adaOp)
	term.sees("Who is it?")
	for _, of := range []size{{132, 43}, {60, 10}, {100, 30}, {80, 24}} {
		term.tmux("resize-window", "-x", strconv.Itoa(of.width), "-y", strconv.Itoa(of.height))
		if of.width < 80 {
			term.sees("60×10")
			continue
		}
		rule := strings.Repeat("─", of.width)
		if frame := term.sees("Who is it?", rule); strings.Count(frame, rule) != 2 {
			h.t.Errorf("at %d×%d the screen shows\n%s", of.width, of.height, frame)
		}
	}
	h.leaves(term)
}

// refusesRequests: what the client asks sshd for is not looked at; without a terminal
// that is said in one line.
func (h *sshHost) refusesRequests() {
	h.t.Helper()
	mine := h.path("home/" + adaOp + "/mine")
	const terminal, closed = "needs a terminal: ssh -t", "Connection closed" // sshd drops what a subsystem says
	for _, c := range []struct {
		name string
		run  []string
		say  string
	}{
		{"no terminal", h.ssh("sshd-operators", adaOp, "-T"), terminal},
		{"a command", h.ssh("sshd-operators", adaOp, "touch", mine), terminal},
		{"a command for the login shell", h.ssh("sshd-plain", bobOp, "touch", mine), terminal},
		{"no terminal for the login shell", h.ssh("sshd-plain", bobOp, "-T"), terminal},
		{"scp", append(append([]string{"scp", "-q"}, h.sshOptions("sshd-operators", "-P")...), h.path("etc/sudo.env"), adaOp+"@127.0.0.1:"+mine), closed},
		{"scp, the old way", append(append([]string{"scp", "-q", "-O"}, h.sshOptions("sshd-operators", "-P")...), h.path("etc/sudo.env"), adaOp+"@127.0.0.1:"+mine), terminal},
		{"sftp", append(append([]string{"sftp", "-q"}, h.sshOptions("sshd-operators", "-P")...), adaOp+"@127.0.0.1"), closed},
		{"sftp for the login shell", append(append([]string{"sftp", "-q"}, h.sshOptions("sshd-plain", "-P")...), bobOp+"@127.0.0.1"), closed},
	} {
		said, code := h.says(c.run)
		if code == 0 || !strings.Contains(said, c.say) {
			h.t.Errorf("%s: exit code %d, and it says\n%s", c.name, code, said)
		}
		if _, err := exec.Command("test", "-e", mine).Output(); err == nil {
			h.t.Errorf("%s: it was done", c.name)
		}
	}
	term := openTerminal(h.t, []string{"LANG=C.UTF-8"}, h.ssh("sshd-plain", bobOp, "-tt", "touch", mine)...)
	term.sees("Who is it?", bobOp+" (operator)") // not the command, but the kiosk
	h.leaves(term)
	if who := h.audit(); slices.ContainsFunc(who, func(r auditRow) bool { return r.who != adaOp && r.who != bobOp }) {
		h.t.Errorf("the audit has %v", who)
	}
	said, code := h.says(h.ssh("sshd-operators", adaOp, "-N", "-o", "ExitOnForwardFailure=yes", "-L", freeAddress(h.t)+":"+h.serving.api, "-R", fmt.Sprint("0:", h.serving.api)))
	if code == 0 {
		h.t.Errorf("ports are forwarded:\n%s", said)
	}
}
