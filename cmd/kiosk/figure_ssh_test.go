package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardkiosk/cmd/kiosk/demo"
)

// measureSSHStart measures from the start of the ssh client to the kiosk's first
// frame, over a real sshd, beside "ssh HOST true" on the same one, in turns. The
// account is ours, so that no root is needed: sudo, which the packaging puts in
// between, is not in it.
func measureSSHStart(b *testing.B) {
	needs(b, "/usr/sbin/sshd", "ssh", "ssh-keygen")
	world := furnishedWorld(b, demo.Options{})
	client := sshdOfOurs(b)
	kiosk := built(b, "cardkiosk/cmd/kiosk", "CGO_ENABLED=0")
	var ours, floor []time.Duration
	for range starts {
		t := onTerminal(b, smallest, "ssh", append(client, "-tt", "env", "LANG=C.UTF-8", kiosk, "--config", world.Config())...)
		ours = append(ours, t.sees("Who is it?").Sub(t.started))
		t.leave()
		began := time.Now()
		if out, err := exec.Command("ssh", append(client, "true")...).CombinedOutput(); err != nil {
			b.Fatalf("ssh HOST true: %v\n%s", err, out)
		}
		floor = append(floor, time.Since(began))
	}
	mine, theirs := percentile(ours, 50), percentile(floor, 50)
	figure("ssh-start-to-frame", inMillis(mine), "ms", "<= "+inMillis(theirs+startGoal))
	note("ssh-start-to-frame is the median of %d; its goal is what \"ssh HOST true\" took in turns with it, %s ms, and the %s ms that a kiosk may take to start; it took %s ms more, %.2f times as long",
		starts, inMillis(theirs), inMillis(startGoal), inMillis(mine-theirs), float64(mine)/float64(theirs))
}

// startGoal is what the program may take to start by itself.
const startGoal = 100 * time.Millisecond

// sshdOfOurs serves ssh to this account on loopback, and returns the client's
// arguments.
func sshdOfOurs(b testing.TB) []string {
	b.Helper()
	dir := b.TempDir()
	key := filepath.Join(dir, "key")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).CombinedOutput(); err != nil {
		b.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
	if os.Geteuid() == 0 { // sshd wants it of root
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			b.Fatal(err)
		}
	}
	addr := freeAddress(b)
	port := addr[strings.LastIndex(addr, ":")+1:]
	write(b, filepath.Join(dir, "sshd"), "ListenAddress "+addr+"\nHostKey "+key+"\nAuthorizedKeysFile "+key+".pub\nPidFile none\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nPrintMotd no\nPrintLastLog no\n")
	background(b, exec.Command("/usr/sbin/sshd", "-D", "-e", "-f", filepath.Join(dir, "sshd")), answers(addr))
	return []string{
		"-F", "/dev/null", "-i", key, "-p", port, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
		"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "127.0.0.1",
	}
}
