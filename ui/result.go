package ui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
	"cardkiosk/engine/words"
	"cardkiosk/ui/widget"
)

// result says what the run did, and what the holder does next.
type result struct {
	scene
	keys    keymap
	result  engine.Result
	buttons widget.Buttons
	single  bool // nobody else is waited for
	again   bool // the update was ended so that another can be made
	own     bool // the card's holder reads it
	details bool
	pager   widget.Pager
}

// walkDone is the answer: end the walk, and maybe begin with another user.
type walkDone struct{ another, again bool }

// newResult makes the page. again says that the update was ended so that another
// can be made: that goes first then.
func newResult(s scene, k keymap, r engine.Result, again bool) *result {
	t := s.text.Result
	page := &result{scene: s, keys: k, result: r, again: again, buttons: widget.Buttons{Labels: []string{t.Close, t.Another, t.Details}}}
	if again {
		page.buttons.Labels = append([]string{s.text.Actions[string(walk.UpdateCard)]}, page.buttons.Labels...)
	}
	return page
}

// alone takes the choice of another user away.
func (r *result) alone(is bool) {
	if r.single = is; is {
		r.buttons.Labels = []string{r.text.Result.Close, r.text.Result.Details}
	}
}

// newOwnResult makes the page for the card's holder.
func newOwnResult(s scene, k keymap, r engine.Result) *result {
	page := newResult(s, k, r, false)
	page.own, page.single, page.buttons.Labels = true, true, []string{s.text.Lobby.Leave, s.text.Result.Details}
	return page
}

func (r *result) Init() tea.Cmd { return nil }

func (r *result) Keys() []key.Binding {
	keys := []key.Binding{r.keys.action, r.keys.forward}
	if r.pager.Hides() {
		keys = append(keys, r.keys.scroll)
	}
	return append(keys, r.keys.help, r.keys.quit)
}

func (r *result) Update(msg tea.Msg) tea.Cmd {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil
	}
	switch press.String() {
	case "left", "shift+tab":
		r.buttons.Move(-1)
	case "right", "tab":
		r.buttons.Move(+1)
	case "esc":
		return r.answer(walkDone{})
	case "enter":
		return r.choose()
	default:
		r.pager.Press(press.String())
	}
	return nil
}

func (r *result) choose() tea.Cmd {
	chosen := r.buttons.Focus
	if r.again {
		chosen--
	}
	if r.single && chosen > 0 {
		chosen++ // there is no other user
	}
	switch chosen {
	case -1:
		return r.answer(walkDone{again: true})
	case 0:
		return r.answer(walkDone{})
	case 1:
		return r.answer(walkDone{another: true})
	}
	r.details = !r.details
	r.pager.Top()
	return nil
}

func (r *result) View(w, h int) string {
	mark := r.look.good.Render(r.look.glyph.good + " ")
	switch {
	case r.result.End == "":
		mark = r.look.warn.Render(r.look.glyph.wait + " ")
	case r.result.End != engine.Finished && r.result.Notice.Event != engine.UpdateCancelled:
		mark = r.look.bad.Render(r.look.glyph.bad + " ")
	}
	head := []string{" " + mark + r.look.title.Render(r.text.ResultTitle(r.result)), ""}
	foot := []string{""}
	if r.own {
		foot = append(foot, "   "+r.look.title.Render(r.text.Lobby.TakeYours), "")
	}
	for _, row := range r.buttons.Rows(w-4, r.look.button) {
		foot = append(foot, "   "+row)
	}
	var body []string
	for _, l := range r.lines() {
		body = append(body, r.look.planLine(l, w)...)
	}
	return r.pager.View(head, body, foot, h, r.moreLines)
}

func (r *result) lines() []words.PlanLine {
	if r.details {
		return r.text.ResultDetails(r.result)
	}
	return r.text.ResultLines(r.result)
}
