package widget

import (
	"strings"

	"charm.land/bubbles/v2/key"
)

// Bind makes a binding: how its keys are written, what they do, and which work.
func Bind(shown, does string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, does))
}

// motions maps keys to the ways of moving in a list.
var motions = map[string]Motion{
	"up": Up, "down": Down, "pgup": PageUp, "pgdown": PageDown,
	"home": First, "end": Last,
}

// Press moves the list if the key is one of moving; page is how many rows are
// on screen.
func (l *List) Press(key string, page int) bool {
	m, ok := motions[key]
	if ok {
		l.Move(m, page)
	}
	return ok
}

// KeyLines lists what keys do, those too that the help line has no room for;
// control is how the control key is written.
func (l Look) KeyLines(keys []key.Binding, control string) []string {
	var lines []string
	for _, b := range keys {
		if !b.Enabled() {
			continue
		}
		all := b.Help().Key
		if also := alsoKeys(b, control); also != "" {
			all += "  (" + also + ")"
		}
		lines = append(lines, "   "+Fit(all, 30, l.Glyph.More)+" "+b.Help().Desc)
	}
	return lines
}

// alsoKeys names the keys of a binding that the help line has no room for.
func alsoKeys(b key.Binding, control string) string {
	var more []string
	for _, k := range b.Keys() {
		letter, ctrl := strings.CutPrefix(k, "ctrl+")
		switch {
		case ctrl:
			more = append(more, control+"+"+letter)
		case strings.HasPrefix(k, "f") && len(k) == 2 && !strings.EqualFold(k, b.Help().Key):
			more = append(more, k)
		}
	}
	return strings.Join(more, ", ")
}
