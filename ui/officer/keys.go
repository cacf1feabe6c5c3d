package officer

import (
	"charm.land/bubbles/v2/key"

	"cardkiosk/engine/words"
	"cardkiosk/ui/widget"
)

// keymap are the keys of the screen. Every one of them exists on the oldest
// terminals.
type keymap struct {
	choose, open, approve, reject, filter, pile, renew, back, help, quit, scroll, action, forward, done key.Binding
}

func newKeys(t *words.Text) keymap {
	k, o := t.Keys, t.Officer
	return keymap{
		choose:  widget.Bind("↑↓", k.Choose, "up", "down", "pgup", "pgdown", "home", "end"),
		open:    widget.Bind("Enter", k.Open, "enter"),
		approve: widget.Bind("a", o.KeyApprove, "a"),
		reject:  widget.Bind("r", o.KeyReject, "r"),
		filter:  widget.Bind("/", o.KeyFilter, "/"),
		pile:    widget.Bind("Tab", o.KeyPile, "tab", "shift+tab"),
		renew:   widget.Bind("F5", k.LookAgain, "f5", "ctrl+l"),
		back:    widget.Bind("Esc", k.Back, "esc"),
		help:    widget.Bind("?", k.Help, "?", "f1"),
		quit:    widget.Bind("q", k.Quit, "q", "ctrl+c"),
		scroll:  widget.Bind(k.Pages, k.Scroll, "pgup", "pgdown", "up", "down"),
		action:  widget.Bind("←→", k.Action, "left", "right", "tab", "shift+tab"),
		forward: widget.Bind("Enter", k.Go, "enter"),
		done:    widget.Bind("Enter", k.Close, "enter", "esc"),
	}
}
