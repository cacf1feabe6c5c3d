package words_test

import (
	"strings"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// A common certificate was asked of no CA: no request is named.
func TestDetailsOfCommonCertificate(t *testing.T) {
	written := []engine.Managed{{Template: "logon", Request: "r1"}, {Template: "door", Common: true}}
	var said []string
	for _, l := range words.English.ResultDetails(engine.Result{Notice: engine.Notice{Written: written}}) {
		said = append(said, l.Text)
	}
	if all := strings.Join(said, "\n"); strings.Count(all, "request") != 1 || !strings.Contains(all, "request r1") {
		t.Errorf("the details are\n%s", all)
	}
}
