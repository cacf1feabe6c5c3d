package plain

import (
	"context"
	"fmt"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
)

// chooseLife asks what is to become of the card beside an update.
func (w *walker) chooseLife(ctx context.Context, may engine.Permissions) error {
	actions := walk.LifeActions(*w.card)
	for i, a := range actions {
		w.say(w.Text.Plain.Number, i+1, w.choice(w.Text.Actions[string(a)]+": "+w.Text.Life.Hints[string(a)], may, a))
	}
	i, err := w.number(ctx, w.Text.Life.AskLife, len(actions), "")
	if err != nil {
		return err
	}
	if why := may.Denied(actions[i-1].Privileges()...); why != nil {
		w.trouble(why)
		return errBack
	}
	w.draft.Action, w.draft.Card, w.draft.Wish = actions[i-1], w.card.Record.Card.ID, engine.Wish{}
	return nil
}

// reason asks why a card is revoked, and whether its user keeps the certificates
// where that may be.
func (w *walker) reason(ctx context.Context) error {
	t := w.Text.Life
	w.title(fmt.Sprintf(t.Why, w.Text.SerialOf(w.draft.Card)))
	all := engine.CardRevokeReasons()
	for i, why := range all {
		w.say(w.Text.Plain.Number, i+1, t.Reasons[why])
	}
	i, err := w.number(ctx, t.AskWhy, len(all), "")
	if err != nil {
		return err
	}
	w.draft.Wish.Reason, w.draft.Wish.Keep = all[i-1], false
	if all[i-1].AlwaysRevokes() {
		w.say(t.Always)
		return nil
	}
	w.draft.Wish.Keep, err = w.yes(ctx, t.AskKeep)
	return err
}

// deed reads out what will happen to the card, asks, and does what needs no PIN.
func (w *walker) deed(ctx context.Context) error {
	d := &w.draft
	if d.Action == walk.EmptyCard {
		return w.empty(ctx)
	}
	if d.GivesUp() {
		return w.giveUp(ctx)
	}
	if d.Action == walk.CleanCard {
		return w.clean(ctx)
	}
	wish := d.Wish
	wish.Event = d.Action.Event()
	return w.turn(ctx, wish)
}

// empty reads out how the card is taken from its user. The PIN comes next.
func (w *walker) empty(ctx context.Context) error {
	plan, err := w.Desk.ProposeUnassign(ctx, w.Actor, w.draft.Connected)
	if err != nil {
		return err
	}
	w.title(w.Text.PlanTitle(plan))
	w.lines(w.Text.PlanLines(plan))
	if w.obstructed(plan) {
		return nil
	}
	w.draft.Emptying = &plan
	return w.sure(ctx)
}

// giveUp reads out what becomes of an update that is cancelled, or was rejected. The
// PIN comes next.
func (w *walker) giveUp(ctx context.Context) error {
	view, err := w.Desk.View(ctx, w.Actor, w.draft.Connected, nil)
	if err != nil {
		return err
	}
	p, err := w.draft.GivenUp(view)
	if err != nil {
		return err
	}
	w.title(w.Text.GiveUpTitle(view.Record.Card, w.draft.Action == walk.UpdateAgain))
	w.lines(w.Text.GiveUpLines(p))
	return w.sure(ctx)
}

// clean wipes the card.
func (w *walker) clean(ctx context.Context) error {
	wiping, err := w.Desk.ProposeClean(ctx, w.Actor, w.draft.Connected)
	if err != nil {
		return err
	}
	w.title(w.Text.WipeTitle(wiping))
	w.lines(w.Text.WipeLines(wiping))
	if err := w.sure(ctx); err != nil {
		return err
	}
	_, err = w.Desk.Clean(ctx, w.Actor, w.draft.Connected, wiping)
	return w.done(engine.CardCleaned, err)
}

// turn brings a wish about.
func (w *walker) turn(ctx context.Context, wish engine.Wish) error {
	turn, err := w.Desk.Foresee(ctx, w.Actor, w.draft.Card, wish)
	if err != nil {
		return err
	}
	w.title(w.Text.TurnTitle(turn))
	w.lines(w.Text.TurnLines(turn))
	if err := w.sure(ctx); err != nil {
		return err
	}
	_, err = w.Desk.Turn(ctx, w.Actor, w.draft.Card, wish)
	return w.done(wish.Event, err)
}

// sure asks whether that is to be done; a no goes back.
func (w *walker) sure(ctx context.Context) error {
	ok, err := w.yes(ctx, w.Text.Plain.AskGo)
	if err == nil && !ok {
		return errBack
	}
	return err
}

// done says what was done, and goes back to the profile.
func (w *walker) done(event engine.CardEvent, err error) error {
	if err != nil {
		return err
	}
	w.say("%s.", w.Text.Life.Done[event])
	if w.Nudge != nil {
		w.Nudge()
	}
	w.draft.ForgetCard()
	w.turned = walk.Profile
	return nil
}
