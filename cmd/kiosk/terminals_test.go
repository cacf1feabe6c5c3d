package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"cardkiosk/cmd/kiosk/demo"
)

// sequences are all control sequences in what was written: CSI, OSC, and the others.
var sequences = regexp.MustCompile(`\x1b(?:\[([<=>?]?)([0-9;:]*)([ -/]*)([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z^-~])`)

// Over SSH the terminal may be any of these. Each shows the same page, gets nothing
// that it does not understand, and is asked for nothing that would outlast a
// connection that breaks.
func TestTerminals(t *testing.T) {
	world := furnishedWorld(t, demo.Options{})
	frames := map[string]string{}
	for _, kind := range []string{"xterm", "xterm-256color", "screen", "tmux-256color", "linux", "vt220", "vt100"} {
		c := onTerminalOf(t, kind, smallest, kioskProgram(t), "--config", world.Config())
		c.sees("Who is it?")
		c.sees("No card reader service") // which is asked beside
		c.press("ada lo")
		c.sees("1 found")
		c.press(keyBackspace + keyBackspace + keyBackspace)
		c.sees("4 found")
		c.press(keyDown)
		c.await("the next row in focus", func(s *screen) bool { return strings.Contains(focused(s), "Adam") })
		frames[kind] = c.screen.text()
		c.press(keyUp)
		c.await("the row in focus", func(s *screen) bool { return strings.Contains(focused(s), "Lovelace") })
		c.press(keyEnter)
		c.sees("Due because")
		c.leave()
		frames[kind] += c.screen.text()
		for _, wrong := range unfit(kind, string(c.came)) {
			t.Errorf("TERM=%s gets %q", kind, wrong)
		}
	}
	t.Log(frames["vt220"])
	for kind, like := range map[string]string{"xterm-256color": "xterm", "screen": "xterm", "tmux-256color": "xterm", "vt220": "linux", "vt100": "linux"} {
		if frames[kind] != frames[like] {
			t.Errorf("TERM=%s shows\n%s\nTERM=%s shows\n%s", kind, frames[kind], like, frames[like])
		}
	}
}

// focused is the row under the cursor, which few signs mark with ">".
func focused(s *screen) string {
	if row := rowInFocus(s); row != "" {
		return row
	}
	return rowWith(s, " > ")
}

// unfit are the sequences that a kind of terminal does not understand, or that
// nobody is to get.
func unfit(kind, written string) (wrong []string) {
	for _, m := range sequences.FindAllStringSubmatch(written, -1) {
		whole, prefix, params, between, final := m[0], m[1], strings.FieldsFunc(m[2], func(r rune) bool { return r == ';' || r == ':' }), m[3], m[4]
		switch {
		case prefix == "?" && slices.ContainsFunc(params, func(p string) bool { return slices.Contains(mouseModes, p) }),
			prefix != "" && prefix != "?", prefix == "?" && final == "u":
			wrong = append(wrong, whole)
		case !oldTerminal(kind):
		case strings.HasPrefix(whole, "\x1b]"), between != "", prefix == "" && final != "" && !strings.Contains(knownTo(kind), final):
			wrong = append(wrong, whole)
		case final == "m" && colourless(kind) && slices.ContainsFunc(params, coloured):
			wrong = append(wrong, whole)
		}
	}
	if !oldTerminal(kind) {
		return wrong
	}
	if rest := sequences.ReplaceAllString(written, ""); strings.Contains(rest, "\x1b") {
		wrong = append(wrong, rest)
	}
	return wrong
}

// mouseModes are those in which a terminal reports the mouse (xterm, "Mouse Tracking").
var mouseModes = []string{"9", "1000", "1001", "1002", "1003", "1005", "1006", "1015", "1016"}

// knownTo are the ends of the control sequences that a terminal carries out: the
// console's in console_codes(4), a VT220's in its Programmer Reference Manual.
func knownTo(kind string) string {
	if kind == "linux" {
		return "@ABCDEFGHJKLMPXacdefghlmnqrsu`"
	}
	return "@ABCDHJKLMPXcfghilmnqr"
}

func coloured(param string) bool {
	return len(param) == 2 && strings.Contains("349", param[:1]) || len(param) == 3
}
