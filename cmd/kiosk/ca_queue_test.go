package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/builtin"
	"cardkiosk/ui/widget"
)

// An officer at a terminal decides what the CA holds while it is served: what is
// approved is issued, what is rejected has its reason, and what somebody else
// decides meanwhile is seen.
func TestCAQueue(t *testing.T) {
	needs(t, "tmux")
	dir, pass := holdingCA(t)
	served := serveCA(t, dir, pass)
	ca := connectCA(t, served.url, stationFolder(t, dir, pass, "lobby-1"))
	for _, id := range []string{"first", "second", "third"} {
		holdsAt(t, ca, id)
	}
	term := openQueue(t, dir, pass, "NO_COLOR=1")
	term.sees("Requests at Corp Issuing CA", "3 wait", "Zoë")
	term.press("Enter")
	term.sees("CN=Zoë Müller", "anna at station lobby-1", "first")
	term.types("a")
	term.sees("Approve this request?")
	term.decides("Approved: Zoë, cardauth.", "2 wait")
	if answer, _, err := ca.Lookup(t.Context(), "first"); err != nil || answer.State != engine.RequestIssued {
		t.Errorf("what was approved is %q: %v", answer.State, err)
	}
	term.types("r")
	term.sees("Why is this request rejected?")
	term.rests()
	term.types("No passport")
	term.sees("No passport")
	term.press("Enter")
	term.sees("Reject this request?")
	term.decides("Rejected: Zoë, cardauth.", "1 waits")
	if answer, _, err := ca.Lookup(t.Context(), "second"); err != nil || answer.State != engine.RequestRejected || answer.Words != "No passport" {
		t.Errorf("what was rejected is %q, in the words %q: %v", answer.State, answer.Words, err)
	}
	if said, code := kioskSays(t, "ca", "approve", "third", "--ca", dir, "--passphrase-file", pass); code != exitDone {
		t.Fatalf("exit code %d: %s", code, said)
	}
	term.sees("decided or withdrawn elsewhere meanwhile", "No request waits.")
	term.press("q")
	term.sees(ended(exitDone))
	if err := served.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if rest, err := served.end(); err != nil {
		t.Errorf("serve: %v\n%s", err, rest)
	}
}

// However much is pasted into a real terminal, key by key, nothing is decided.
func TestCAQueuePasted(t *testing.T) {
	needs(t, "tmux")
	dir, pass := holdingCA(t)
	served := serveCA(t, dir, pass)
	ca := connectCA(t, served.url, stationFolder(t, dir, pass, "lobby-1"))
	holdsAt(t, ca, "first")
	term := openQueue(t, dir, pass)
	term.sees("1 waits")
	term.pastes(1<<20, "-p")                                     // marked as a paste
	term.pastes(1 << 16)                                         // as keys
	for !strings.Contains(term.sees("Requests at"), "1 waits") { // out of whatever the keys have led to
		term.rests()
		term.press("Escape")
	}
	if answer, _, err := ca.Lookup(t.Context(), "first"); err != nil || answer.State != engine.RequestPending {
		t.Errorf("the request is %q: %v", answer.State, err)
	}
	term.press("C-c")
	term.sees(ended(exitDone))
	_ = served.cmd.Process.Kill()
	_, _ = served.end()
}

// Without a terminal, and for whoever is no officer, there is no screen but a
// sentence.
func TestCAQueueRefuses(t *testing.T) {
	needs(t, "tmux")
	dir, pass := caFolder(t)
	checkCommands(t, []commandSays{
		{[]string{"ca", "queue", "--ca", dir, "--passphrase-file", pass}, exitUsage, "kiosk ca requests, show, approve and reject"},
	})
	term := openQueue(t, dir, pass)
	term.sees("is no officer of this CA", ended(exitRefused))
}

// openQueue opens a terminal in which an officer has the queue, and sees how it
// ended.
func openQueue(t *testing.T, dir, pass string, env ...string) *tmuxScreen {
	t.Helper()
	queue := strings.Join([]string{kioskProgram(t), "ca", "queue", "--ca", dir, "--passphrase-file", pass}, " ")
	return openTerminal(t, append(env, "LC_ALL=C.UTF-8"), "sh", "-c", "'"+queue+"; echo "+ended("$?")+"; exec cat'")
}

func ended(code any) string { return fmt.Sprint("The exit code is ", code) }

// holdingCA is a CA whose example template holds every request, for the account
// of the test to decide.
func holdingCA(t *testing.T) (dir, passphrase string) {
	t.Helper()
	dir, passphrase = caFolder(t)
	file := filepath.Join(dir, "ca.toml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rules := strings.ReplaceAll(string(text), `decision       = "issue"`, `decision       = "hold"`)
	rules = strings.Replace(rules, "officers = []", `officers = ["`+administrator().Who+`"]`, 1)
	if err := os.WriteFile(file, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, passphrase
}

// holdsAt asks for a certificate, which the CA holds.
func holdsAt(t *testing.T, ca *builtin.CA, id string) {
	t.Helper()
	answer, err := ca.Ask(t.Context(), cardRequest(t, id, newCardKey(t)))
	if err != nil || answer.State != engine.RequestPending {
		t.Fatalf("request %s is %q: %v", id, answer.State, err)
	}
}

// pastes pastes so many bytes that would approve, were they heard.
func (s *tmuxScreen) pastes(bytes int, how ...string) {
	s.t.Helper()
	const keys = "a\x1b[D\r/\r"
	pasted := filepath.Join(s.t.TempDir(), "pasted")
	if err := os.WriteFile(pasted, []byte(strings.Repeat(keys, bytes/len(keys))), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.tmux("load-buffer", pasted)
	s.tmux(append([]string{"paste-buffer", "-r"}, how...)...)
}

// decides says yes to the question on the screen, as a person does who has read
// it.
func (s *tmuxScreen) decides(shows ...string) {
	s.t.Helper()
	s.rests()
	s.press("Left")
	s.sees("▸  Yes")
	s.rests()
	s.press("Enter")
	s.sees(shows...)
}

// rests lets the keys rest for as long as a pop-up wants. What the last key did
// is on the screen already: the time is counted from there.
func (s *tmuxScreen) rests() { <-time.After(2 * widget.Quiet) }
