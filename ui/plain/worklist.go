package plain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"cardkiosk/engine"
)

// workList reads out the cards that are due, a few at a time, until one is
// chosen. A text after a stroke looks for those it is about.
func (w *walker) workList(ctx context.Context) (chosen bool, err error) {
	w.title(w.Text.Due.Title)
	text := ""
	for {
		ctx, end := context.WithCancel(ctx)
		again, err := w.readList(ctx, text)
		end()
		if only, ok := strings.CutPrefix(again, w.Text.Plain.Only); ok && err == nil {
			text = only
			continue
		}
		if errors.Is(err, errBack) {
			return false, nil
		}
		return w.listed != "", err
	}
}

// readList reads the due cards out that a text is about. It returns an answer
// that asks for others.
func (w *walker) readList(ctx context.Context, text string) (again string, err error) {
	list, err := w.Desk.WorkList(ctx, w.Actor, text)
	if err != nil {
		return "", err
	}
	defer list.Close()
	due := due{list: list}
	for {
		page, err := due.next(perPage)
		if err != nil {
			w.trouble(err)
			return "", nil
		}
		if len(page) == 0 {
			w.say(w.nothingDue(text))
			return "", nil
		}
		for i, c := range page {
			lines := w.Text.DueLines(c, w.Now())
			w.say(w.Text.Plain.Number, i+1, strings.Join(lines, "\n"))
		}
		more := due.more()
		w.say("%s", w.dueKnown(due.known))
		again, err := w.whichDue(ctx, page, more)
		if err != nil || again != w.Text.Plain.More {
			return again, err
		}
	}
}

func (w *walker) nothingDue(text string) string {
	if strings.TrimSpace(text) != "" {
		return w.Text.Due.Nobody
	}
	return w.Text.Due.Nothing
}

// dueKnown says how old what is known of users is.
func (w *walker) dueKnown(page engine.DuePage) string {
	if page.Snapshot.Refresh.IsZero() {
		return w.Text.Due.NoUsers
	}
	return fmt.Sprintf(w.Text.Due.Snapshot, w.Text.Ago(page.Snapshot.Refresh, w.Now()))
}

// whichDue asks until a card, more of them, or others are chosen.
func (w *walker) whichDue(ctx context.Context, page []engine.DueCard, more bool) (again string, err error) {
	question := w.Text.Plain.WhichDue
	if more {
		question = w.Text.Plain.WhichDueMore
	}
	for {
		text, err := w.line(ctx, question)
		switch i, notNumber := strconv.Atoi(text); {
		case err != nil:
			return "", err
		case more && text == w.Text.Plain.More, strings.HasPrefix(text, w.Text.Plain.Only):
			return text, nil
		case notNumber == nil && i >= 1 && i <= len(page):
			c := page[i-1]
			w.draft.User = &engine.User{ID: c.User.ID, Name: c.User.Name, Logon: c.User.Logon}
			w.listed = c.Card.ID
			return "", nil
		}
		w.say(w.Text.Plain.NotUnderstood)
	}
}

// due cuts the pages of a work list into smaller ones.
type due struct {
	list  *engine.WorkList
	known engine.DuePage
	rest  []engine.DueCard
	done  bool
}

func (d *due) next(n int) ([]engine.DueCard, error) {
	if err := d.fill(n); err != nil {
		return nil, err
	}
	page := d.rest[:min(n, len(d.rest))]
	d.rest = d.rest[len(page):]
	return page, nil
}

// more reports whether there are further cards, or trouble that is to be told
// when somebody wants them.
func (d *due) more() bool { return d.fill(1) != nil || len(d.rest) > 0 }

// fill sees to it that n cards are at hand, where there are so many.
func (d *due) fill(n int) error {
	for !d.done && len(d.rest) < n {
		page, err := d.list.Next()
		d.known, d.rest = page, append(d.rest, page.Cards...) // the last ones may come with the end
		switch {
		case errors.Is(err, io.EOF):
			d.done = true
		case err != nil:
			return err
		}
	}
	return nil
}
