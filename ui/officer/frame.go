package officer

import (
	"fmt"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/ui/widget"
)

// View implements tea.Model: header, warning, page, status and help line.
func (a *App) View() tea.View {
	v := tea.NewView(a.frame())
	v.AltScreen = true
	v.WindowTitle = fmt.Sprintf(a.needs.Text.Officer.Title, engine.Clean(a.needs.CA))
	return v
}

func (a *App) frame() string {
	instead := a.needs.Text.TooSmall(a.width, a.height, widget.LeastWidth, widget.LeastHeight)
	return widget.Shown(a.width, a.height, a.needs.ASCII, a.whole, instead)
}

func (a *App) whole() string {
	w, h := a.width, a.height
	page := a.page(w, h-widget.FrameLines)
	help := a.look.Help(a.frontKeys(), w) // after page: it decides whether there is something to scroll
	return a.look.Frame(w, h, a.header(w), a.warning(w), page, a.look.Status(a.status, "", w), help)
}

func (a *App) page(w, h int) string {
	switch {
	case a.popup != nil:
		return a.popup.view(w, h)
	case a.detail != nil:
		return a.detail.view(a, w, h)
	}
	return a.queue.view(w, h)
}

func (a *App) header(w int) string {
	t := a.needs.Text.Officer
	left := " " + a.look.Title.Render(fmt.Sprintf(t.Title, engine.Clean(a.needs.CA)))
	return widget.Right(left, fmt.Sprintf(t.Who, engine.Clean(a.needs.Who))+" ", w, a.look.Glyph.More)
}

// warning says when what the CA revoked is not told as it should be.
func (a *App) warning(w int) string {
	t := a.needs.Text
	said, style := "", a.look.Warn
	switch crl := a.crl.crl; {
	case !a.crl.known:
	case a.crl.err != nil:
		said = t.Officer.CRLUnread
	case crl.Stale && crl.Made.IsZero():
		said = t.Officer.CRLNever
	case crl.Stale && a.needs.Now().After(crl.Ends):
		said, style = fmt.Sprintf(t.Officer.CRLEnded, t.When(crl.Ends)), a.look.Bad
	case crl.Stale:
		said = fmt.Sprintf(t.Officer.CRLStale, t.Ago(crl.Made, a.needs.Now()))
	}
	if said == "" {
		return ""
	}
	return widget.Fit(" "+style.Render(a.look.Glyph.Soon+" "+said), w, a.look.Glyph.More)
}

// frontKeys are the keys that work now.
func (a *App) frontKeys() []key.Binding {
	if a.popup != nil {
		return a.popup.keys()
	}
	return a.pageKeys()
}

func (a *App) pageKeys() []key.Binding {
	k, t := a.keys, a.needs.Text
	switch {
	case a.detail != nil:
		keys := []key.Binding{k.approve, k.reject}
		if !a.detail.app.waits() {
			keys = nil
		}
		if a.detail.pager.Hides() {
			keys = append(keys, k.scroll)
		}
		return append(keys, k.back, k.renew, k.help, k.quit)
	case a.queue.typing:
		return []key.Binding{k.choose, widget.Bind("Enter", t.Officer.KeyFiltered, "enter"), widget.Bind("Esc", t.Officer.KeyUnfilter, "esc")}
	}
	var keys []key.Binding
	if app, ok := a.queue.focused(); ok {
		keys = append(keys, k.choose, k.open)
		if app.waits() {
			keys = append(keys, k.approve, k.reject)
		}
	}
	keys = append(keys, k.filter)
	if a.guest || a.queue.filtered() {
		keys = append(keys, k.back)
	}
	return append(keys, k.help, k.quit, k.pile, k.renew)
}
