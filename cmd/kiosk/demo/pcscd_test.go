package demo_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cardkiosk/engine/pcsc/sandbox"
)

// The demo through pcscd makes namespaces of its own, and walks by itself where
// there is no terminal. The test stands here, and not beside the other stories,
// because those run in a sandbox already, whose network is there.
func TestDemoThroughPcscd(t *testing.T) {
	if missing := sandbox.Missing(); len(missing) > 0 {
		skip(t, "install the packages "+strings.Join(missing, ", "))
	}
	program := filepath.Join(t.TempDir(), "kiosk")
	if out, err := exec.Command("go", "build", "-o", program, "cardkiosk/cmd/kiosk").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), program, "demo", "--pcsc")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if err != nil && strings.Contains(errs.String(), "does not let us make namespaces") {
		skip(t, errs.String())
	}
	if err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	for _, want := range []string{"Card 0071 2233 is in Virtual PCD", "Verified: the card holds what the record says."} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out.String())
		}
	}
}

// skip skips a test for want of something, or fails it where every test has to
// run.
func skip(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}
