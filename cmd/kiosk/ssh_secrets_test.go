package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// What others may see of a session, and what they may not.

// inside reports whether a process is in our own namespaces: others of this machine
// are nobody's business here.
func inside(proc string) bool {
	ours, _ := os.Readlink("/proc/self/ns/net")
	theirs, err := os.Readlink(proc + "/ns/net")
	return err == nil && ours == theirs
}

// processes are those whose command line is as wanted.
func (h *sshHost) processes(is func(title string) bool) (pids []int) {
	all, _ := filepath.Glob("/proc/[0-9]*") // the pattern is sound
	for _, proc := range all {
		title, err := os.ReadFile(proc + "/cmdline")
		if pid, _ := strconv.Atoi(filepath.Base(proc)); err == nil && is(string(title)) && inside(proc) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// watched is what was seen of processes: their command lines and environments.
type watched struct {
	end  chan struct{}
	work sync.WaitGroup
	saw  map[string]bool
}

// watchProcesses looks at all processes again and again, as ps does, and at their
// environments, as their owners and root can.
func (h *sshHost) watchProcesses() *watched {
	w := &watched{end: make(chan struct{}), saw: map[string]bool{}}
	again := time.NewTicker(50 * time.Millisecond)
	w.work.Go(func() {
		defer again.Stop()
		for {
			w.look()
			select {
			case <-w.end:
				return
			case <-again.C:
			}
		}
	})
	h.t.Cleanup(w.stop)
	return w
}

func (w *watched) look() {
	all, _ := filepath.Glob("/proc/[0-9]*") // the pattern is sound
	for _, proc := range all {
		if !inside(proc) {
			continue
		}
		for _, file := range []string{"/cmdline", "/environ"} {
			if b, err := os.ReadFile(proc + file); err == nil && len(b) > 0 { // it may have ended
				w.saw[string(b)] = true
			}
		}
	}
}

func (w *watched) stop() {
	select {
	case <-w.end:
	default:
		close(w.end)
	}
	w.work.Wait()
}

// finds searches whatever a session leaves for the PIN, and what is no store for
// what people are called.
func (h *sshHost) finds(w *watched) {
	h.t.Helper()
	w.stop()
	forms := formsOf("PIN", []byte(h.pin))
	kiosks, environments := 0, 0
	for _, seen := range slices.Sorted(maps.Keys(w.saw)) {
		if strings.Contains(seen, h.path("bin/kiosk")+"\x00--config") {
			kiosks++
		}
		if by := "\x00SUDO_USER=" + adaOp + "\x00"; strings.Contains("\x00"+seen, by) {
			environments++
			h.cleanEnvironment(strings.Split(seen, "\x00"))
		}
		for _, f := range lies([]byte(seen), forms) {
			h.t.Errorf("a process shows it: %s", f)
		}
	}
	if kiosks == 0 || environments == 0 {
		h.t.Errorf("%d command lines and %d environments of kiosks were seen among the processes", kiosks, environments)
	}
	found, searched := liesInFiles(h.t, h.dir, []string{"pin", "card.json"}, forms)
	for _, f := range found {
		h.t.Errorf("left behind: %s", f)
	}
	for _, file := range []string{"var/kiosk.log", "var/kiosk.db", "sudo.log", "home/" + adaOp + "/.bash_history", "etc/config.toml"} {
		if !searched[file] {
			h.t.Errorf("%s was not there to be searched", file)
		}
	}
	if sshd := h.sshd.String(); len(lies([]byte(sshd), forms)) > 0 || !strings.Contains(sshd, "kiosk-login") {
		h.t.Errorf("sshd's log has the PIN, or is none:\n%s", sshd)
	}
	h.namesNobody(w)
}

// cleanEnvironment: the kiosk gets of the caller's environment what the screen is drawn
// by, and from root that freed memory is overwritten.
func (h *sshHost) cleanEnvironment(env []string) {
	h.t.Helper()
	if !slices.Contains(env, "GODEBUG=clobberfree=1") || !slices.Contains(env, "LANG=C.UTF-8") {
		h.t.Errorf("the kiosk's environment lacks something: %q", env)
	}
	for _, e := range env {
		name, _, _ := strings.Cut(e, "=")
		switch name {
		case "", "GODEBUG", "LANG", "TERM", "SSH_TTY", "LD_PRELOAD", // NOEXEC is a library of sudo's
			"HOME", "LOGNAME", "USER", "SHELL", "PATH", "MAIL", "SUDO_USER", "SUDO_UID", "SUDO_GID", "SUDO_COMMAND", "SUDO_HOME":
		default:
			h.t.Errorf("the kiosk's environment has %q", e)
		}
	}
}

// namesNobody searches logs, histories and processes for the card's holder. The
// operator has typed their logon name, which is an id.
func (h *sshHost) namesNobody(w *watched) {
	h.t.Helper()
	forms := append(formsOf("name", []byte("Lovelace")), formsOf("mail", []byte("ada@corp"))...)
	for _, file := range []string{"var/kiosk.log", "sudo.log", "home/" + adaOp + "/.bash_history"} {
		for _, f := range lies([]byte(read(h.t, h.path(file))), forms) {
			h.t.Errorf("%s: %s", file, f)
		}
	}
	for _, f := range lies([]byte(h.sshd.String()), forms) {
		h.t.Errorf("sshd's log: %s", f)
	}
	for seen := range w.saw {
		for _, f := range lies([]byte(seen), forms) {
			h.t.Errorf("a process shows it: %s", f)
		}
	}
}

// attempt is what an operator tries with a shell of their own: it has to fail, with
// these words.
type attempt struct{ command, say string }

// cannotReach gives the operator a shell, by an sshd without the snippet: with what
// is theirs they get at nothing of the kiosk's.
func (h *sshHost) cannotReach() {
	h.t.Helper()
	shell := func(command string) (string, int) {
		return h.says(h.ssh("sshd-plain", adaOp, "-tt", "bash", "-i", "-c", "'set -o history; "+command+"; status=$?; history -w; exit $status'"))
	}
	if said, code := shell("id -un"); code != 0 || !strings.Contains(said, adaOp) {
		h.t.Fatalf("the operator has no shell: exit code %d\n%s", code, said)
	}
	term := h.comes("sshd-operators", adaOp) // somebody else's session meanwhile
	term.sees("Who is it?")
	for _, a := range h.attempts() {
		said, code := shell(a.command)
		if code == 0 || !strings.Contains(said, a.say) {
			h.t.Errorf("$ %s\nexit code %d, want words %q\n%s", a.command, code, a.say, said)
		}
	}
	h.leaves(term)
	said, code := shell("sudo -n -l")
	_, may, _ := strings.Cut(strings.Join(strings.Fields(strings.ReplaceAll(said, `\`, "")), " "), "may run the following commands")
	if _, command, _ := strings.Cut(may, ": "); code != 0 || command != "(kiosk) NOEXEC: NOPASSWD: "+h.path("bin/kiosk")+" --config="+h.path("etc/config.toml")+" exit" {
		h.t.Errorf("sudo lets the operator do: exit code %d\n%s", code, said)
	}
}

func (h *sshHost) attempts() (all []attempt) {
	h.t.Helper()
	for _, file := range []string{
		"etc/config.toml", "etc/directory-password", "etc/mail-password", "etc/station/station.key", "etc/station/station.crt", "etc/sudo.env",
		"var/kiosk.db", "var/kiosk.log",
	} {
		all = append(all, attempt{"cat " + h.path(file), "Permission denied"})
	}
	pid := h.running()[0]
	for _, file := range []string{"environ", "mem", "fd/"} {
		all = append(all, attempt{fmt.Sprintf("ls -l /proc/%d/%s && cat /proc/%d/%s", pid, file, pid, file), "Permission denied"})
	}
	kiosk, config := h.path("bin/kiosk"), h.path("etc/config.toml")
	mine := h.path("home/" + adaOp + "/mine.toml")
	h.puts("home/"+adaOp+"/mine.toml", read(h.t, config), 0o644)
	const refused = "a password is required"
	return append(all,
		attempt{"ls " + h.path("var"), "Permission denied"},
		attempt{"touch " + h.path("var/mine") + " || touch " + h.path("etc/mine"), "Permission denied"},
		attempt{fmt.Sprintf("kill -STOP %d", pid), "not permitted"},
		attempt{kiosk + " --config=" + config, "may not be read by this user"},
		attempt{kiosk + " --config=" + mine, "directory.password_file"}, // none of the secrets it names is theirs to read
		attempt{"SUDO_USER=" + bobOp + " SUDO_UID=" + strconv.Itoa(firstUID+2) + " " + kiosk + " due --config=" + mine, "station.folder: this user may not"},
		attempt{"sudo -n -u kiosk cat " + config, refused},
		attempt{"sudo -n -u kiosk " + kiosk + " --config=" + mine, refused},
		attempt{"sudo -n -u kiosk " + kiosk + " due --config=" + config, refused},
		attempt{"sudo -n -u kiosk " + kiosk + " --config=" + config + " --plain", refused},
		attempt{"sudo -n -u kiosk " + kiosk, refused},
		attempt{"sudo -n " + kiosk + " --config=" + config, refused},
		attempt{"sudo -n -u " + bobOp + " " + kiosk + " --config=" + config, refused},
		attempt{"sudo -n -u kiosk GODEBUG=http2debug=2 " + kiosk + " --config=" + config, "not allowed to set the following environment variables"},
		attempt{"sudo -n -E -u kiosk " + kiosk + " --config=" + config, "not allowed to preserve the environment"},
		attempt{"sudo -n -i -u kiosk", refused},
		attempt{"su -c id kiosk </dev/null", "Authentication failure"},
		// The CA asks for a certificate that only the kiosk has the key of.
		attempt{"echo | openssl s_client -connect " + h.serving.api + " -quiet -no_ign_eof", "alert certificate required"},
	)
}
