package main

import (
	"os"
	"regexp"
	"strings"
)

// plainOutput is the terminal's output without what Bubble Tea asks of it and we do
// not need: other reports for keys (xterm's modifyOtherKeys, Kitty's protocol) and a
// question whether they are there. A connection that breaks would leave them behind
// in the terminal of whoever came over it, where no key means any more what it did;
// and terminals that do not know them may show them.
type plainOutput struct {
	*os.File
	old bool // the terminal knows what a VT220 does
}

var (
	keyModes = regexp.MustCompile(`\x1b\[(?:[<=>][0-9;]*[um]|\?u)`)
	// A title (ends for a VT220 only with ST), and questions for modes (a VT220 has none).
	newer = regexp.MustCompile(`\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[\?[0-9;]*\$p`)
)

// Write implements io.Writer. The renderer writes sequences whole.
func (o *plainOutput) Write(p []byte) (int, error) {
	b := keyModes.ReplaceAll(p, nil)
	if o.old {
		b = newer.ReplaceAll(b, nil)
	}
	if len(b) == 0 {
		return len(p), nil
	}
	if _, err := o.File.Write(b); err != nil {
		return 0, err
	}
	return len(p), nil
}

// oldTerminal reports whether this is the console, or DEC's terminals up to the
// VT420 and those that claim no more: serial lines.
func oldTerminal(term string) bool { return term == "linux" || colourless(term) }

// colourless are DEC's terminals before the VT525.
func colourless(term string) bool {
	for _, family := range []string{"vt1", "vt2", "vt3", "vt4"} {
		if strings.HasPrefix(term, family) {
			return true
		}
	}
	return false
}
