package officer

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
	"cardkiosk/ui/widget"
)

// soon is how long before its end a certificate is marked: by then its holder
// should have the new one.
const soon = 14 * 24 * time.Hour

// detail is the page of one request, with all there is to know of it.
type detail struct {
	app     Application
	trouble error // why it could not be asked for again
	pager   widget.Pager
}

// openDetail opens the page with what the list knows, and asks for the rest.
func (a *App) openDetail() tea.Cmd {
	app, ok := a.queue.focused()
	if !ok {
		return nil
	}
	a.detail = &detail{app: app}
	return a.askDetail()
}

func (d *detail) view(a *App, w, h int) string {
	t, l, app := a.needs.Text, a.look, d.app
	name := app.whose()
	if app.Logon != "" && app.Logon != name {
		name += " " + l.Glyph.Between + " " + app.Logon
	}
	head := []string{" " + l.Title.Render(name), ""}
	var foot []string
	if d.trouble != nil {
		title, _ := t.OfficerTrouble(d.trouble)
		foot = []string{"", "   " + l.Bad.Render(l.Glyph.Bad+" "+title)}
	}
	return d.pager.View(head, app.lines(l, t, a.needs.Now(), w), foot, h, a.moreLines)
}

// moreLines is the line that stands for n lines out of sight.
func (a *App) moreLines(n int) string {
	return "   " + a.look.Faint.Render(a.look.Glyph.Wait+" "+a.needs.Text.Count.Lines.Of(n))
}

// lines is everything, a field to a line, further lines of one under its first.
func (app Application) lines(l widget.Look, t *words.Text, now time.Time, w int) []string {
	o := t.Officer
	var lines []string
	field := func(label, value string) {
		if value != "" {
			lines = append(lines, widget.Hang("   "+widget.Fit(label, 14, l.Glyph.More)+" ", value, w)...)
		}
	}
	field(o.State, app.state(l, t, now))
	field(o.Words, app.Words)
	field(o.What, app.whatExactly(l, t))
	field(o.Template, app.Template)
	field(o.Subject, app.Subject)
	field(o.SAN, strings.Join(app.SANs, "\n"))
	field(o.Usage, strings.Join(app.Usage, ", "))
	field(o.Key, app.keyIs(t))
	if app.Days > 0 {
		field(o.Valid, o.Days.Of(app.Days))
	}
	field(o.AskedBy, t.AskedBy(app.Operator, app.Station, app.Since))
	if app.Hold {
		field(o.Hold, o.HoldWanted)
	}
	if app.Renews != nil {
		lines = append(lines, "")
		field(o.Renews, app.renewed(t))
		field(o.Ends, app.ends(l, t, now))
	}
	lines = append(lines, "")
	if app.Serial != "" {
		field(o.Certificate, t.Issued(app.Serial, app.Ends))
	}
	field(o.ID, app.ID)
	return lines
}

func (app Application) keyIs(t *words.Text) string {
	if app.NoKey {
		return t.Officer.NoKey
	}
	return app.Key
}

// renewed names the certificate that is renewed.
func (app Application) renewed(t *words.Text) string {
	if app.Renews.Serial == "" {
		return t.Officer.Foreign
	}
	return t.Renewed(app.Renews.Subject, app.Renews.Serial)
}

// brief is what stands beside or below the list.
func (app Application) brief(l widget.Look, t *words.Text, now time.Time, w int) []string {
	parts := []string{app.Subject, t.AskedBy(app.Operator, app.Station, app.Since)}
	switch {
	case app.waits() && app.Renews != nil:
		if ends := app.ends(l, t, now); ends != "" {
			parts = append(parts, fmt.Sprintf(t.Officer.RenewsEnds, ends))
		}
		if !app.Signed.Verified {
			parts = append(parts, app.signature(l, t))
		}
	case !app.waits():
		parts = append(parts, app.state(l, t, now))
		if app.Words != "" {
			parts = append(parts, app.Words)
		}
	}
	var lines []string
	for _, p := range parts {
		if w < wide/2 {
			lines = append(lines, widget.Wrap(p, w)...) // beside the list there is room below
			continue
		}
		lines = append(lines, widget.Fit(p, w, l.Glyph.More))
	}
	return lines
}

// state is where the request is, since when, and who decided.
func (app Application) state(l widget.Look, t *words.Text, now time.Time) string {
	switch app.State {
	case engine.RequestPending:
		return l.Warn.Render(l.Glyph.Wait + " " + t.WaitsSince(app.Since, now))
	case engine.RequestApproved, engine.RequestIssued:
		return l.Good.Render(l.Glyph.Good + " " + t.Outcome(app.State, app.By, app.Decided))
	case engine.RequestRejected, engine.RequestWithdrawn:
		return l.Bad.Render(l.Glyph.Bad + " " + t.Outcome(app.State, app.By, app.Decided))
	}
	return ""
}

// what says in a few words what kind of request it is.
func (app Application) what(l widget.Look, t *words.Text) string {
	o := t.Officer
	switch {
	case app.Renews == nil && app.NoKey:
		return o.NewNoKey
	case app.Renews == nil:
		return o.New
	case app.Signed.Verified:
		return l.Good.Render(l.Glyph.Good + " " + o.Verified)
	}
	return l.Bad.Render(l.Glyph.Bad + " " + o.Unverified)
}

// whatExactly is the same with what there is to know of it.
func (app Application) whatExactly(l widget.Look, t *words.Text) string {
	if app.Renews == nil {
		return app.what(l, t)
	}
	return app.signature(l, t)
}

// signature says whether the key of the renewed certificate signed the request.
func (app Application) signature(l widget.Look, t *words.Text) string {
	if app.Signed.Verified {
		return l.Good.Render(l.Glyph.Good + " " + t.VerifiedBy(app.Signed.By))
	}
	return l.Bad.Render(l.Glyph.Bad + " " + t.NotVerified(app.Signed.Why))
}

// ends says when the certificate ends that is renewed, or that it is revoked.
func (app Application) ends(l widget.Look, t *words.Text, now time.Time) string {
	if app.Renews.Serial == "" {
		return ""
	}
	said := t.EndsAt(app.Renews.Ends, now)
	switch {
	case app.Renews.Revoked != "":
		return l.Bad.Render(l.Glyph.Bad + " " + t.RevokedToo(said, app.Renews.Revoked))
	case now.After(app.Renews.Ends):
		return l.Bad.Render(l.Glyph.Bad + " " + said)
	case app.endsSoon(now):
		return l.Warn.Render(l.Glyph.Soon + " " + said)
	}
	return said
}

// endsSoon marks what must not wait much longer, and what has waited too long.
func (app Application) endsSoon(now time.Time) bool {
	return app.waits() && app.Renews != nil && app.Renews.Serial != "" && app.Renews.Ends.Sub(now) < soon
}

// about names a request in a question about it.
func (a *App) about(app Application) string {
	return a.needs.Text.About(app.whose(), app.Template, app.Subject)
}

// approveHint says what would be granted, and what speaks against it.
func (a *App) approveHint(app Application) string {
	t, o := a.needs.Text, a.needs.Text.Officer
	parts := []string{a.about(app)}
	if len(app.SANs) > 0 { // they decide who one is where one logs on
		parts = append(parts, t.WithNames(strings.Join(app.SANs, ", ")))
	}
	if app.NoKey {
		parts = append(parts, o.ApproveNoKey)
	} else {
		parts = append(parts, o.ApproveHint)
	}
	switch {
	case app.Renews == nil:
		parts = append(parts, o.ApproveNew)
	case app.Signed.Verified:
		parts = append(parts, app.signature(a.look, t))
	default:
		parts = append(parts, app.signature(a.look, t), o.ApproveUnverified)
	}
	return strings.Join(parts, "\n\n")
}
