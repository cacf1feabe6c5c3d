package ui

import (
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
)

// How people sign in with the card in a reader: which one, and how often its PIN may
// still be tried.

// enterCard has the card in the reader that is chosen checked. Its last try is
// asked for twice.
func (g *gate) enterCard() tea.Cmd {
	r, ok := g.reader()
	switch {
	case !ok || !r.Card || r.Mute:
		return g.say(g.text.Doors.PutIn)
	case g.secret.Len() == 0:
		return nil
	case g.counts:
		g.eager = true
		return nil
	case g.tries.known && g.tries.left == 1 && !g.sure:
		g.sure = true
		return nil
	}
	pin, check, ctx := engine.NewPIN(g.secret.Take()), g.needs.Card, g.ctx
	g.busy, g.sure, g.trouble = true, false, nil
	return func() tea.Msg {
		actor, user, err := check(ctx, r.Name, pin)
		pin.Wipe()
		return gateAnswered{cameThrough{actor, user, r.Name, r.Visit}, err}
	}
}

// watch tells of cards that come and go, where people sign in by card.
func (g *gate) watch(known []engine.Reader) tea.Cmd {
	if !slices.Contains(g.needs.Ways, engine.ByCard) {
		return nil
	}
	ctx, readers := g.ctx, g.needs.Readers
	return func() tea.Msg {
		all, err := readers(ctx, known)
		return gateReaders{all, err}
	}
}

// readersAre takes what lies in the readers now. Whoever puts their card in before
// they have typed anything wants to sign in with it.
func (g *gate) readersAre(msg gateReaders) tea.Cmd {
	if msg.err != nil {
		g.readers, g.seen = nil, true
		if g.way == engine.ByCard {
			g.trouble = msg.err
		}
		return g.retry()
	}
	if msg.readers == nil {
		msg.readers = []engine.Reader{} // known to be none: they are waited for
	}
	before, name := g.readers, ""
	if r, ok := g.reader(); ok {
		name = r.Name
	}
	g.readers = slices.DeleteFunc(slices.Clone(msg.readers), func(r engine.Reader) bool { return r.Name == g.needs.held })
	g.list.Set(len(g.readers))
	g.pick(before, name)
	cmd := g.watch(msg.readers)
	if came := g.came(before); came && g.seen && !g.chosen && g.way == engine.ByPassword && g.empty() && !g.busy {
		cmd = tea.Batch(cmd, g.turnTo(engine.ByCard, false))
	}
	g.seen = true
	return tea.Batch(cmd, g.askTries())
}

// retry asks for the readers again after a while.
func (g *gate) retry() tea.Cmd {
	ctx, again := g.ctx, g.watch(nil)
	return func() tea.Msg {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(retryReaders):
			return again()
		}
	}
}

// came reports whether a card was put in.
func (g *gate) came(before []engine.Reader) bool {
	return slices.ContainsFunc(g.readers, func(r engine.Reader) bool { return r.Card && !slices.Contains(before, r) })
}

// pick keeps the focus on a reader with a card, and goes to one when one comes.
func (g *gate) pick(before []engine.Reader, name string) {
	if i := slices.IndexFunc(g.readers, func(r engine.Reader) bool { return r.Name == name && r.Card }); i >= 0 {
		g.list.Cursor = i
		return
	}
	if i := slices.IndexFunc(g.readers, func(r engine.Reader) bool { return r.Card && !slices.Contains(before, r) }); i >= 0 {
		g.list.Cursor = i
		return
	}
	if i := slices.IndexFunc(g.readers, func(r engine.Reader) bool { return r.Card }); i >= 0 {
		g.list.Cursor = i
	}
}

func (g *gate) reader() (engine.Reader, bool) {
	if g.list.Cursor >= len(g.readers) {
		return engine.Reader{}, false
	}
	return g.readers[g.list.Cursor], true
}

// askTries asks the card in focus how many tries its PIN has left.
func (g *gate) askTries() tea.Cmd {
	r, ok := g.reader()
	if g.way != engine.ByCard || !ok || !r.Card || r.Mute || g.tries.reader == r.Name && g.tries.visit == r.Visit {
		return nil
	}
	g.tries, g.counts, g.eager, g.sure = pinTries{reader: r.Name, visit: r.Visit}, true, false, false
	ctx, tries := g.ctx, g.needs.Tries
	return func() tea.Msg {
		left, err := tries(ctx, r.Name)
		return gateTries{pinTries{r.Name, r.Visit, left.Left, err == nil}, err}
	}
}

func (g *gate) count(msg gateTries) tea.Cmd {
	if msg.tries.reader != g.tries.reader || msg.tries.visit != g.tries.visit {
		return nil
	}
	g.tries, g.counts = msg.tries, false
	if g.eager && g.way == engine.ByCard {
		g.eager = false
		return g.enterCard()
	}
	return nil
}
