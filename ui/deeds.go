package ui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
	"cardkiosk/engine/words"
)

// buildDeed makes the page that shows what an action of a card's life comes to.
func (a *App) buildDeed(s scene) screen {
	d := &a.draft
	if d.Action == walk.EmptyCard {
		return newDeed(s, a.keys, a.emptying(s.ctx, d.Connected))
	}
	if d.GivesUp() {
		return newDeed(s, a.keys, a.givingUp(s.ctx, *d))
	}
	if d.Action == walk.CleanCard {
		return newDeed(s, a.keys, a.wiping(s.ctx, d.Connected))
	}
	wish := d.Wish
	wish.Event = d.Action.Event()
	return newDeed(s, a.keys, a.turning(s.ctx, d.Card, wish))
}

// emptying foresees how an issued card is taken from its user.
func (a *App) emptying(ctx context.Context, card *engine.Connected) func() (foreseen, error) {
	desk, actor := a.needs.Desk, a.needs.Actor
	return func() (foreseen, error) {
		plan, err := desk.ProposeUnassign(ctx, actor, card)
		say := func(t *words.Text) saying { return saying{t.PlanTitle(plan), t.PlanGo(plan), t.PlanLines(plan)} }
		return foreseen{say: say, obstacles: plan.Obstacles, plan: &plan}, err
	}
}

// givingUp foresees what becomes of an update that is cancelled, or was rejected.
func (a *App) givingUp(ctx context.Context, d walk.Draft) func() (foreseen, error) {
	desk, actor := a.needs.Desk, a.needs.Actor
	return func() (foreseen, error) {
		view, err := desk.View(ctx, actor, d.Connected, nil)
		if err != nil {
			return foreseen{}, err
		}
		p, err := d.GivenUp(view)
		again := d.Action == walk.UpdateAgain
		say := func(t *words.Text) saying {
			return saying{t.GiveUpTitle(view.Record.Card, again), t.GiveUpGo(again), t.GiveUpLines(p)}
		}
		return foreseen{say: say}, err
	}
}

// wiping foresees what goes when a card is cleaned.
func (a *App) wiping(ctx context.Context, card *engine.Connected) func() (foreseen, error) {
	desk, actor := a.needs.Desk, a.needs.Actor
	return func() (foreseen, error) {
		w, err := desk.ProposeClean(ctx, actor, card)
		do := func() (engine.CardEvent, error) {
			_, err := desk.Clean(ctx, actor, card, w)
			return engine.CardCleaned, err
		}
		say := func(t *words.Text) saying {
			return saying{t.WipeTitle(w), t.Life.Deeds[engine.CardCleaned], t.WipeLines(w)}
		}
		return foreseen{say: say, do: do}, err
	}
}

// turning foresees what needs no card.
func (a *App) turning(ctx context.Context, card engine.CardID, wish engine.Wish) func() (foreseen, error) {
	desk, actor := a.needs.Desk, a.needs.Actor
	return func() (foreseen, error) {
		turn, err := desk.Foresee(ctx, actor, card, wish)
		do := func() (engine.CardEvent, error) {
			_, err := desk.Turn(ctx, actor, card, wish)
			return wish.Event, err
		}
		say := func(t *words.Text) saying {
			return saying{t.TurnTitle(turn), t.Life.Deeds[wish.Event], t.TurnLines(turn)}
		}
		return foreseen{say: say, do: do}, err
	}
}

// deedIsDone reads the profile anew, and says what was done.
func (a *App) deedIsDone(msg deedDone) tea.Cmd {
	a.draft.ForgetCard()
	if msg.err == nil && (msg.event == engine.CardCleaned || msg.event == engine.CardUnassigned) {
		a.focused = "" // it is the user's no more
	}
	profile, health := a.turn(walk.Profile), a.askHealth(0, false)
	if msg.err != nil {
		return tea.Batch(profile, a.trouble(msg.err), health)
	}
	if a.needs.Nudge != nil {
		a.needs.Nudge()
	}
	a.status = a.needs.Text.Life.Done[msg.event] + "."
	return tea.Batch(profile, health, a.lookAnew())
}
