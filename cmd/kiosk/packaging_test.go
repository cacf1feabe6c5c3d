package main

import (
	"os/exec"
	"strings"
	"testing"
)

// The samples of packaging/ are what their programs take, as they stand. (TestSSHHost
// gives sshd its own.)
func TestPackaging(t *testing.T) {
	needs(t, "visudo", "sh")
	for _, command := range [][]string{
		{"visudo", "-cf", "sudoers.d/kiosk"},
		{"sh", "-n", "bin/kiosk-login"},
	} {
		cmd := exec.Command(command[0], command[1:]...)
		cmd.Dir = "../../packaging"
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", strings.Join(command, " "), err, out)
		}
	}
	_, command, _ := strings.Cut(fromTop(t, "packaging/sudoers.d/kiosk"), "Cmnd_Alias KIOSK = ")
	command, _, _ = strings.Cut(command, "\n")
	if login := fromTop(t, "packaging/bin/kiosk-login"); !strings.HasSuffix(login, "-- "+command+"\n") {
		t.Errorf("kiosk-login does not run %q, which is all that sudo allows", command)
	}
}
