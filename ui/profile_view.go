package ui

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"cardkiosk/engine"
	"cardkiosk/ui/widget"
)

func (p *profile) View(w, h int) string {
	switch {
	case p.trouble != nil:
		return "\n" + p.look.trouble(p.text, p.trouble, w)
	case !p.loaded:
		return "\n   " + p.text.Frame.Working
	}
	foot := []string{""}
	for _, row := range p.buttons.Rows(w-1, p.button) {
		foot = append(foot, " "+row)
	}
	return p.pager.View(p.head(w), p.body(w), foot, h, p.moreLines)
}

// head says whose card it is, and lets one of several be chosen.
func (p *profile) head(w int) []string {
	g := p.look.glyph
	if p.load == nil {
		v, _ := p.card()
		return append([]string{" " + p.look.title.Render(p.text.Profile.Unknown)}, p.cardLine(v, w))
	}
	u := p.profile.User
	mail := u.Mail
	if mail == "" && p.profile.Unread == nil {
		mail = p.text.Profile.NoMail
	}
	who := " " + p.look.title.Render(u.Name) + " " + g.between + " " + u.Logon
	if mail != "" {
		who += " " + g.between + " " + mail
	}
	lines := []string{widget.Right(who, p.text.PolicyName(p.profile.Policy)+" ", w, g.more)}
	if u.Disabled {
		lines = append(lines, " "+p.look.bad.Render(g.bad+" "+p.text.Profile.UserDisabled))
	}
	if p.profile.Unread != nil {
		lines = append(lines, hang(" "+p.look.bad.Render(g.bad)+" ", p.text.Unread(p.profile.Unread), w)...)
	}
	if len(p.profile.Cards) == 0 {
		return append(lines, "", " "+p.text.Profile.NoCards)
	}
	for i, v := range p.profile.Cards {
		line := p.cardLine(v, w-3)
		if len(p.profile.Cards) > 1 {
			line = p.look.row(widget.Fit(strings.TrimPrefix(line, " "), w-4, g.more), i == p.cards.Cursor)
		}
		lines = append(lines, line)
	}
	return lines
}

func (p *profile) cardLine(v engine.CardView, w int) string {
	where := p.text.Profile.NotHere
	for _, r := range p.readers {
		if r.Card != nil && r.Card.ID == v.Record.Card.ID {
			where = fmt.Sprintf(p.text.Profile.InReader, engine.Clean(r.Reader.Name))
		}
	}
	state := p.text.StateOf(v.Record)
	line := fmt.Sprintf(p.text.Profile.Card, p.text.Serial(v.Record.Card), v.Record.Card.Model)
	return widget.Fit(" "+strings.TrimRight(line, " ")+"   "+strings.TrimSpace(state+"   "+where), w, p.look.glyph.more)
}

// body says why the card is due, and what is on it.
func (p *profile) body(w int) []string {
	v, ok := p.card()
	if !ok {
		return nil
	}
	lines := []string{""}
	if p.load == nil {
		hint := p.text.Profile.UnknownHint
		if len(p.holders) > 0 {
			hint = fmt.Sprintf(p.text.Profile.UnknownNamed, p.holders[0].Name)
		}
		for _, l := range widget.Wrap(hint, w-4) {
			lines = append(lines, " "+l)
		}
		lines = append(lines, "")
	}
	if v.Unfinished != nil {
		lines = append(lines, p.unfinished(*v.Unfinished, w)...)
	}
	if v.Pending != nil {
		lines = append(lines, p.pending(*v.Pending, w)...)
	}
	if v.Task != nil {
		lines = append(lines, p.task(*v.Task, w)...)
	}
	lines = append(lines, p.reasons(v, w)...)
	return append(lines, p.contents(v, w)...)
}

func (p *profile) unfinished(r engine.RunSummary, w int) []string {
	var lines []string
	for _, l := range hang(" "+p.look.glyph.soon+" ", p.text.Unfinished(r), w) {
		lines = append(lines, p.look.warn.Render(l))
	}
	return append(lines, "")
}

// pending says what an update waits for, and what works meanwhile.
func (p *profile) pending(wait engine.Pending, w int) []string {
	lines := []string{" " + p.look.title.Render(p.text.PendingTitle(wait))}
	for _, l := range p.text.RequestLines(wait) {
		lead, style := p.look.request(l)
		for i, part := range widget.Wrap(l.Text, w-6-widget.Width(lead)) {
			if i > 0 {
				lead = strings.Repeat(" ", widget.Width(lead))
			}
			lines = append(lines, "   "+style.Render(lead+" "+part))
		}
		if l.Words != "" {
			lines = append(lines, hang(strings.Repeat(" ", 4+widget.Width(lead)), l.Words, w)...)
		}
	}
	for _, words := range []string{p.text.Meanwhile(wait.Works, p.profile.User.Name), p.text.PendingNext(wait)} {
		lines = append(lines, hang(" ", words, w)...)
	}
	return append(lines, "")
}

// reason puts a glyph before a reason: what has ended or will, what is to come,
// what is to go, and what is not as it was.
func (l look) reason(r engine.Reason, words string) string {
	switch r := r.(type) {
	case engine.Expires:
		return l.life(r.Life, words)
	case engine.Revoked:
		return l.bad.Render(l.glyph.bad + " " + words)
	case engine.TemplateRemoved:
		return l.glyph.minus + " " + words
	case engine.TemplateMissing:
		return l.glyph.plus + " " + words
	case engine.UpdateDecided:
		if r.Approved > 0 {
			return l.good.Render(l.glyph.good + " " + words)
		}
		return l.bad.Render(l.glyph.bad + " " + words)
	case engine.OptionalAvailable, engine.OtherPolicy, engine.WrittenOutside, engine.AttributeChanged, engine.CommonReplaced, engine.AccessSwitched:
		return l.warn.Render(l.glyph.soon + " " + words)
	}
	return words
}

// whole is a reason on as many lines as it needs: its values are not to be cut.
func (p *profile) whole(r engine.Reason, w int) []string {
	glyph := widget.Width(p.look.reason(r, ""))
	lines := widget.Wrap(p.text.Reason(r, p.now()), w-4-glyph)
	for i, l := range lines {
		lines[i] = "   " + p.look.reason(r, l)
		if i > 0 { // in the colour of the first, without the glyph
			lines[i] = strings.Repeat(" ", 3+glyph) + ansi.TruncateLeft(p.look.reason(r, l), glyph, "")
		}
	}
	return lines
}

func (p *profile) reasons(v engine.CardView, w int) []string {
	var due, add, drop []string
	for _, r := range v.Reasons {
		switch optional, is := r.(engine.OptionalAvailable); {
		case is && optional.OnCard:
			drop = append(drop, optional.Template)
		case is:
			add = append(add, optional.Template)
		default:
			due = append(due, p.whole(r, w)...)
		}
	}
	var lines []string
	if len(due) > 0 {
		lines = append(append([]string{" " + p.look.title.Render(p.text.Profile.DueBecause)}, due...), "")
	} else if v.Record.State == engine.StateIssued {
		lines = append(lines, " "+p.look.good.Render(p.look.glyph.good+" "+p.text.Profile.NotDue), "")
	}
	if out := p.text.OutOfUse(v.Record.State); out != "" {
		mark := p.look.bad.Render(p.look.glyph.bad)
		if v.Record.State == engine.StateDisabled {
			mark = p.look.warn.Render(p.look.glyph.soon)
		}
		lines = append(append(lines, hang(" "+mark+" ", out, w)...), "")
	}
	optional := append(p.optional(p.text.Profile.CouldAdd, add, w), p.optional(p.text.Profile.CouldDrop, drop, w)...)
	if len(optional) > 0 {
		optional = append(optional, "")
	}
	return append(lines, optional...)
}

// optional lists templates that may be on the card or not, on as few lines as
// possible.
func (p *profile) optional(what string, names []string, w int) []string {
	if len(names) == 0 {
		return nil
	}
	return hang(" ", fmt.Sprintf(what, strings.Join(names, ", ")), w)
}
