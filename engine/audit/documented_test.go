package audit_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/audit"
)

// The example in the documentation verifies: the hashes of its rows, and the
// checkpoint with the key that stands there.
func TestDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/audit.md")
	must(t, err)
	rows := strings.Join(regexp.MustCompile(`(?m)^\{"seq":.*$`).FindAllString(string(text), -1), "\n")
	line := regexp.MustCompile(`(?m)^\{"kiosk_checkpoint":.*$`).FindString(string(text))
	key, err := audit.ParseKey(regexp.MustCompile(`(?m)^kiosk-audit-key .*$`).FindString(string(text)))
	must(t, err)
	c, ok, err := engine.FindCheckpoint(line)
	if !ok || err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	v := audit.NewVerifier(audit.Keys{key}, func(f audit.Finding) { t.Errorf("found %+v", f) })
	v.Outside(c, nil, "docs/audit.md")
	must(t, audit.ReadExport(strings.NewReader(rows), v.Row))
	got := v.End(-1)
	if len(got) != 1 || got[0].Rows != 2 || got[0].To != 2 || !got[0].KnownKey {
		t.Errorf("vouched is %+v", got)
	}
}
