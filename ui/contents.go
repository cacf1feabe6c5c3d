package ui

import (
	"fmt"

	"cardkiosk/engine"
	"cardkiosk/ui/widget"
)

// contents lists the certificates in their groups. The states are as wide as
// the widest of them: a date alone leaves more room for names.
func (p *profile) contents(v engine.CardView, w int) []string {
	t := p.text.Profile
	title := t.OnCard
	if !v.Seen {
		title = t.Unseen
	}
	lines := []string{" " + p.look.title.Render(title)}
	if len(v.Entries) == 0 {
		return append(lines, "   "+t.Empty)
	}
	for _, ca := range v.Silent {
		lead := "   " + p.look.warn.Render(p.look.glyph.soon) + " "
		lines = append(lines, hang(lead, fmt.Sprintf(p.text.Life.Silent, engine.Clean(ca)), w)...)
	}
	states, widest := make([]string, len(v.Entries)), 17
	for i, e := range v.Entries {
		states[i] = p.state(e)
		widest = max(widest, widget.Width(states[i]))
	}
	var group engine.StayGroup
	for i, e := range v.Entries {
		label := ""
		if e.Group != group {
			label, group = p.text.Groups[e.Group], e.Group
		}
		lines = append(lines, p.entry(label, widget.Fit(states[i], widest, ""), e, w))
	}
	return lines
}

func (p *profile) entry(label, state string, e engine.Entry, w int) string {
	g := p.look.glyph
	title := e.Title
	if e.Unreadable != "" {
		title = e.Unreadable
	}
	rest := max(w-3-12-4-widget.Width(state)-3, 10)
	return "   " + widget.Fit(label, 12, g.more) + widget.Fit(p.text.Place(e.Place), 4, g.more) +
		widget.Fit(title, rest-rest/2, g.more) + " " + state + " " + widget.Fit(e.Issuer, rest/2+1, g.more)
}

// state is a glyph and a date; what is not simply valid says so in words.
func (p *profile) state(e engine.Entry) string {
	t, g := p.text.Profile, p.look.glyph
	switch {
	case e.Unreadable != "":
		return p.look.bad.Render(g.bad + " " + t.Unreadable)
	case e.Missing:
		return p.look.bad.Render(g.bad + " " + t.Missing)
	case e.Revoked != nil && e.Revoked.Reason == engine.CertificateHold:
		return p.look.warn.Render(g.soon + " " + t.OnHold)
	case e.Revoked != nil:
		return p.look.bad.Render(g.bad + " " + t.Revoked)
	case e.Former:
		return t.Former
	}
	words := p.text.DateOf(e.NotAfter)
	if e.Life == engine.Expired || e.Life == engine.NotYet {
		words = p.text.Span(e.Life, e.NotBefore, e.NotAfter)
	}
	return p.look.life(e.Life, words)
}
