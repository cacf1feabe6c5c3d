package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/audit"
	"cardkiosk/engine/words"
)

// auditFilter are the flags that choose rows.
type auditFilter struct {
	Card    string `placeholder:"ID" help:"Only of this card: its id, or the number printed on it."`
	User    string `placeholder:"ID" help:"Only about this user: the id that the directory never changes."`
	Who     string `placeholder:"NAME" help:"Only what this person did: a logon name."`
	Act     string `placeholder:"ACT" help:"Only this act: \"update card\", say."`
	Run     string `placeholder:"ID" help:"Only of this run."`
	Station string `placeholder:"NAME" help:"Only of this station."`
	Since   string `placeholder:"TIME" help:"Only from this time on: 2026-03-01, or 2026-03-01T09:30:00+01:00."`
	Until   string `placeholder:"TIME" help:"Only before this time, written alike."`
}

func (f auditFilter) filter() (engine.AuditFilter, error) {
	filter := engine.AuditFilter{
		Card: f.Card, User: engine.UserID(f.User), Who: f.Who, Act: f.Act, Run: engine.RunID(f.Run), Station: f.Station,
	}
	var err error
	if filter.Since, err = auditTime("--since", f.Since); err != nil {
		return filter, err
	}
	filter.Until, err = auditTime("--until", f.Until)
	return filter, err
}

// auditTime reads a time, or a day: that one's beginning here.
func auditTime(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, time.Local); err == nil {
		return day, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, &engine.Error{
			Op: "choose rows", Kind: engine.BadInput, Subject: flag,
			Err: fmt.Errorf("%q is neither a day nor a time: write 2026-03-01, or 2026-03-01T09:30:00+01:00", engine.Clean(text)),
		}
	}
	return at, nil
}

// auditListCmd lists rows of the audit.
type auditListCmd struct {
	Config string `placeholder:"FILE" help:"The configuration. Left out: config.toml in this folder, or else /etc/kiosk/config.toml."`
	auditFilter
	Newest int  `default:"100" help:"So many at most, the newest; 0: all."`
	JSON   bool `name:"json" help:"One object a line."`
}

// Run prints them, the oldest first.
func (cmd auditListCmd) Run(ctx context.Context) error {
	filter, err := cmd.filter()
	if err != nil {
		return err
	}
	if cmd.Newest < 0 {
		return &engine.Error{Op: "choose rows", Kind: engine.BadInput, Subject: "--newest", Err: errors.New("rows are counted from 0")}
	}
	filter.Newest = cmd.Newest
	p, err := openAs(ctx, cmd.Config)
	if err != nil {
		return err
	}
	return errors.Join(cmd.list(ctx, p, filter, os.Stdout), p.close())
}

func (cmd auditListCmd) list(ctx context.Context, p *parts, filter engine.AuditFilter, out io.Writer) error {
	if cmd.JSON {
		return exportRows(ctx, p, filter, audit.JSON, out)
	}
	err := p.desk.SeeAuditRows(ctx, p.actor, filter, func(r engine.ChainedRow) error {
		_, err := fmt.Fprintln(out, auditLine(&words.English, r))
		return err
	})
	return seenEnough(err)
}

// auditLine is a row as one line: when and where, who, what, and about whom.
func auditLine(t *words.Text, r engine.ChainedRow) string {
	w := t.Audit
	who := engine.Clean(r.Actor.Who)
	if r.Actor.How != "" {
		who += " (" + engine.Clean(string(r.Actor.How)) + ")"
	}
	parts := []string{words.AuditTime(r.At), fmt.Sprintf("%s/%d", engine.Clean(r.Actor.Station), r.N), who, engine.Clean(r.Act) + ": " + engine.Clean(r.Result)}
	for _, about := range []struct{ format, value string }{{w.Card, string(r.Card)}, {w.User, string(r.User)}, {w.Run, string(r.Run)}, {"%s", r.Detail}} {
		if about.value != "" {
			parts = append(parts, fmt.Sprintf(about.format, engine.Clean(about.value)))
		}
	}
	return strings.Join(parts, "  ")
}

// seenEnough is nil where whoever read it has seen enough.
func seenEnough(err error) error {
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}

// auditExportCmd writes the audit for others.
type auditExportCmd struct {
	Config string `placeholder:"FILE" help:"The configuration. Left out: config.toml in this folder, or else /etc/kiosk/config.toml."`
	Format string `enum:"csv,json" default:"json" help:"json: one object a line; or csv (RFC 4180)."`
	auditFilter
}

// Help is what kiosk audit export --help adds.
func (auditExportCmd) Help() string {
	return `Everything that verifies the rows is in it: kiosk audit verify takes the file. One that holds only chosen rows is
not whole, and is found to lack the others. In CSV, a field that a spreadsheet would take for a formula has an
apostrophe in front.`
}

// Run writes it to standard output.
func (cmd auditExportCmd) Run(ctx context.Context) error {
	filter, err := cmd.filter()
	if err != nil {
		return err
	}
	p, err := openAs(ctx, cmd.Config)
	if err != nil {
		return err
	}
	return errors.Join(exportRows(ctx, p, filter, cmd.Format, os.Stdout), p.close())
}

func exportRows(ctx context.Context, p *parts, filter engine.AuditFilter, format string, out io.Writer) error {
	w, err := audit.NewWriter(format, out)
	if err == nil {
		err = errors.Join(p.desk.SeeAuditRows(ctx, p.actor, filter, w.Row), w.Close())
	}
	return seenEnough(err)
}
