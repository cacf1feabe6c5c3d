package engine

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"sync"
)

// WorkList is the due cards page by page, those first whose certificates end
// first. Cards are judged as pages are asked for, so the first page comes at
// once, however many there are.
type WorkList struct {
	mu    sync.Mutex // Close comes when it will; the rest is one caller's
	next  func() (*DueCard, bool)
	stop  func()
	sum   DueSummary
	ended error
}

// DuePage is some of a work list. It may be empty while there is more to look
// at.
type DuePage struct {
	Cards    []DueCard
	Looked   int // how many cards were looked at so far
	Snapshot SnapshotState
}

// How much a page is: so many cards that are due, or so many looked at.
const (
	duePerPage    = 100
	lookedPerPage = 5000
)

// WorkList begins a list of the due cards whose holder's name, logon name, mail
// address, or own serial number has every word of a text. Nothing is read
// before the first Next. It lives until ctx ends or it is closed. What is looked
// at in passing is not audited; opening a profile is.
func (d *Desk) WorkList(ctx context.Context, actor Actor, text string) (*WorkList, error) {
	if err := d.may(ctx, actor, SeeDue, matter{}); err != nil {
		return nil, err
	}
	l := &WorkList{}
	only := d.localTo(ctx, actor, SeeDue)
	l.next, l.stop = iter.Pull(func(yield func(*DueCard) bool) {
		l.ended = d.judgeAll(ctx, DueFilter{Whose: about(text), only: only}, &l.sum, func(line DueCard, due bool) error {
			var card *DueCard
			if due {
				card = &line
			}
			if (due || l.sum.Cards%lookedPerPage == 0) && !yield(card) {
				return errGivenUp
			}
			return nil
		})
	})
	return l, nil
}

var errGivenUp = errors.New("given up")

// Next returns the next page, and io.EOF, with the last cards, at the end.
func (l *WorkList) Next() (DuePage, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var page DuePage
	err := l.fill(&page)
	page.Looked, page.Snapshot = l.sum.Cards, l.sum.Snapshot
	return page, err
}

func (l *WorkList) fill(page *DuePage) error {
	for len(page.Cards) < duePerPage {
		card, more := l.next()
		switch {
		case !more && l.ended != nil:
			return l.ended
		case !more:
			return io.EOF
		case card == nil:
			return nil // so many were looked at
		}
		page.Cards = append(page.Cards, *card)
	}
	return nil
}

// Close gives the list up.
func (l *WorkList) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stop()
}

// about reports whether a text is about a card or its holder; nil when it is
// about all.
func about(text string) func(Identity, User) bool {
	words := strings.Fields(strings.ToLower(text))
	if len(words) == 0 {
		return nil
	}
	return func(card Identity, u User) bool {
		for _, word := range words {
			in := func(s string) bool { return strings.Contains(strings.ToLower(s), word) }
			if !in(u.Name) && !in(u.Logon) && !in(u.Mail) && !in(printed(card)) {
				return false
			}
		}
		return true
	}
}

// printed is a card's number with the zeros in front that cards and pages have.
func printed(card Identity) string {
	const digits = 8
	label := card.Label()
	return strings.Repeat("0", max(digits-len(label), 0)) + label
}
