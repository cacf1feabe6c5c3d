package ui

import (
	"fmt"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/ui/widget"
)

// history lists the runs of a card.
type history struct {
	scene
	keys    keymap
	load    func() ([]engine.RunSummary, error)
	runs    []engine.RunSummary
	loaded  bool
	trouble error
	pager   widget.Pager
}

type historyLoaded struct {
	runs []engine.RunSummary
	err  error
}

func newHistory(s scene, k keymap, load func() ([]engine.RunSummary, error)) *history {
	return &history{scene: s, keys: k, load: load}
}

func (y *history) Init() tea.Cmd {
	load := y.load
	return func() tea.Msg {
		runs, err := load()
		return historyLoaded{runs, err}
	}
}

func (*history) deaf() bool { return false }

func (y *history) Keys() []key.Binding { return []key.Binding{y.keys.scroll, y.keys.back} }

func (y *history) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case historyLoaded:
		y.runs, y.trouble, y.loaded = msg.runs, msg.err, true
	case tea.KeyPressMsg:
		if msg.String() == "esc" || msg.String() == "enter" {
			return y.answer(popupClosed{})
		}
		y.pager.Press(msg.String())
	}
	return nil
}

func (y *history) View(w, h int) string {
	t := y.text.History
	head := []string{" " + y.look.title.Render(t.Title), ""}
	var body []string
	switch {
	case y.trouble != nil:
		body = []string{y.look.trouble(y.text, y.trouble, w)}
	case !y.loaded:
		body = []string{"   " + y.text.Frame.Working}
	case len(y.runs) == 0:
		body = []string{"   " + t.None}
	}
	times, ends := 20, 16
	for _, r := range y.runs {
		times, ends = max(times, widget.Width(y.text.When(r.Started))), max(ends, widget.Width(y.end(r)))
	}
	for _, r := range y.runs {
		line := widget.Fit(y.text.When(r.Started), times, "") + " " + widget.Fit(y.end(r), ends, "") + " " +
			widget.Fit(fmt.Sprintf(t.By, r.By.Who, r.By.Station), 28, "") + " " + short(r.ID)
		body = append(body, "   "+widget.Fit(line, w-4, y.look.glyph.more))
	}
	return y.pager.View(head, body, nil, h, y.moreLines)
}

// end says how a run ended.
func (y *history) end(r engine.RunSummary) string {
	if r.End == "" {
		return y.text.History.Open
	}
	return y.text.Ends[r.End]
}
