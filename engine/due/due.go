// Package due writes the report about due cards: as text for people, as CSV and
// as JSON for programs.
//
// A card is written as soon as it is told, in one write: whoever reads the
// report sees it at once, and no two are held at a time.
package due

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// Writer writes one card after another.
type Writer interface {
	Write(c engine.DueCard) error
}

// Formats are the names of the formats, the one for people first.
func Formats() []string { return []string{"text", "csv", "json"} }

// NewWriter returns the writer of a format. Sentences in it are about now.
func NewWriter(format string, out io.Writer, text *words.Text, now time.Time) (Writer, error) {
	p := page{out: out, text: text, now: now}
	switch format {
	case "text":
		return &textWriter{p}, nil
	case "csv":
		return newCSVWriter(p)
	case "json":
		return newJSONWriter(p), nil
	}
	return nil, fmt.Errorf("there is no format %q", format)
}

// page is what a card is put together on before it is written.
type page struct {
	out  io.Writer
	text *words.Text
	now  time.Time
	buf  bytes.Buffer
}

func (p *page) flush() error {
	_, err := p.out.Write(p.buf.Bytes())
	p.buf.Reset()
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

type textWriter struct{ page }

func (w *textWriter) Write(c engine.DueCard) error {
	for _, line := range w.text.DueLines(c, w.now) {
		w.buf.WriteString(line)
		w.buf.WriteByte('\n')
	}
	return w.flush()
}

// columns are the header of the CSV (RFC 4180): one line for each card.
var columns = []string{
	"card", "serial", "model", "user", "name", "logon", "mail", "state", "policy",
	"reasons", "why", "since", "next_expiry", "contents_seen", "notes", "trouble",
}

type csvWriter struct {
	page
	csv *csv.Writer
}

func newCSVWriter(p page) (*csvWriter, error) {
	w := &csvWriter{page: p}
	w.csv = csv.NewWriter(&w.buf)
	w.csv.UseCRLF = true
	return w, w.line(columns)
}

func (w *csvWriter) Write(c engine.DueCard) error {
	var names, why []string
	for _, r := range c.Reasons {
		if name := Name(r); !slices.Contains(names, name) {
			names = append(names, name)
		}
		why = append(why, w.text.Reason(r, w.now))
	}
	trouble := ""
	if c.Trouble != nil {
		trouble = w.text.TitleOf(c.Trouble)
	}
	return w.line([]string{
		string(c.Card.ID), c.Card.Serial, c.Card.Model, string(c.User.ID), c.User.Name, c.User.Logon, c.User.Mail, string(c.State), c.Policy,
		strings.Join(names, " "), strings.Join(why, "; "), stamp(c.Since), stamp(c.Next), stamp(c.Seen), strings.Join(notes(c), " "), trouble,
	})
}

func (w *csvWriter) line(fields []string) error {
	if err := w.csv.Write(fields); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	w.csv.Flush()
	return w.flush()
}

// notes are what is not as usual with a card's user, in words for programs.
func notes(c engine.DueCard) []string {
	var all []string
	for _, n := range []struct {
		is   bool
		word string
	}{{c.Gone, "gone"}, {c.User.Disabled, "disabled"}, {c.Unknown, "unknown"}} {
		if n.is {
			all = append(all, n.word)
		}
	}
	return all
}

// stamp writes a time as RFC 3339 in UTC; none is "".
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

type jsonWriter struct {
	page
	json *json.Encoder
}

func newJSONWriter(p page) *jsonWriter {
	w := &jsonWriter{page: p}
	w.json = json.NewEncoder(&w.buf)
	w.json.SetEscapeHTML(false)
	return w
}

func (w *jsonWriter) Write(c engine.DueCard) error {
	line := jsonCard{
		Card:   c.Card,
		User:   jsonUser{c.User.Ref(), c.User.Disabled, c.Gone, c.Unknown},
		State:  c.State,
		Policy: c.Policy, Reasons: []jsonReason{},
		Since: c.Since.UTC(), Next: c.Next.UTC(), Written: c.Written.UTC(), Seen: c.Seen.UTC(),
	}
	for _, r := range c.Reasons {
		reason := fields(r)
		reason.Type, reason.Words = Name(r), w.text.Reason(r, w.now)
		line.Reasons = append(line.Reasons, reason)
	}
	if c.Trouble != nil {
		line.Trouble = w.text.TitleOf(c.Trouble)
	}
	if err := w.json.Encode(line); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return w.flush()
}
