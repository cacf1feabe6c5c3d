package ui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine/words"
	"cardkiosk/ui/widget"
)

func bind(shown, does string, keys ...string) key.Binding { return widget.Bind(shown, does, keys...) }

// keymap are the keys of the whole app, named in one place. Every one of them
// exists on the oldest terminals.
type keymap struct {
	choose, open, forward, back, tick, quit, help, action, scroll, read, due, mailbox, tray, officer, erase, next, again, renew, lock, signOut, tasks key.Binding
}

func newKeys(k words.Keys) keymap {
	return keymap{
		choose:  bind("↑↓", k.Choose, "up", "down", "pgup", "pgdown", "home", "end"),
		open:    bind("Enter", k.Open, "enter"),
		forward: bind("Enter", k.Go, "enter"),
		back:    bind("Esc", k.Back, "esc"),
		tick:    bind(k.Space, k.Tick, "space"),
		quit:    bind("q", k.Quit, "q"),
		help:    bind("?", k.Help, "?", "f1"),
		action:  bind("←→", k.Action, "left", "right", "tab", "shift+tab"),
		scroll:  bind(k.Pages, k.Scroll, "pgup", "pgdown"),
		read:    bind("F2", k.ReadCard, "f2", "ctrl+r"),
		due:     bind("F6", k.WorkList, "f6", "ctrl+g"),
		tasks:   bind("F8", k.Tasks, "f8", "ctrl+k"),
		mailbox: bind("F3", k.Mailbox, "f3", "ctrl+o"),
		tray:    bind("F4", k.Tray, "f4", "ctrl+t"),
		officer: bind("F7", k.Officer, "f7", "ctrl+y"),
		erase:   bind(k.Backspace, k.Erase, "backspace"),
		next:    bind("Tab", k.Next, "tab", "shift+tab", "up", "down"),
		renew:   bind("F5", k.LookAgain, "f5", "ctrl+l"),
		again:   bind("F5", k.Again, "f5", "ctrl+l"),
		lock:    bind("F10", k.Lock, "f10", "ctrl+x"),
		signOut: bind("F9", k.SignOut, "f9", "ctrl+n"),
	}
}

// moves moves a list if the key is one of moving.
func moves(l *widget.List, msg tea.KeyPressMsg, page int) bool { return l.Press(msg.String(), page) }
