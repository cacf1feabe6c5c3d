package plain

import (
	"context"
	"fmt"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
)

// templates asks about each optional template and reads out the others.
func (w *walker) templates(ctx context.Context) error {
	w.title(w.Text.Templates.Title)
	p, err := w.propose(ctx)
	if err != nil {
		return err
	}
	chosen := map[string]bool{}
	for _, c := range p.Choices {
		if c.Leaving {
			w.say("  %s: %s", c.Template.Name, w.Text.Choice(c, false, w.Now()))
			continue
		}
		if !c.Template.Optional {
			w.say("  %s, %s: %s", c.Template.Name, w.Text.Templates.Mandatory, w.Text.Choice(c, true, w.Now()))
			continue
		}
		state, question := w.optional(c)
		w.say("  %s, %s: %s", c.Template.Name, w.Text.Templates.Optional, state)
		if chosen[c.Template.Name], err = w.yes(ctx, question); err != nil {
			return err
		}
	}
	w.draft.Selection.Optional = chosen
	if p, err = w.propose(ctx); err != nil {
		return err
	}
	if !w.obstructed(p.Plan) && walk.Idle(p) {
		w.say(w.Text.Confirm.Nothing)
		w.turned = walk.Profile
	}
	return nil
}

// optional says how an optional template stands, and what there is to choose:
// there is nothing to tick here.
func (w *walker) optional(c engine.Choice) (state, question string) {
	switch {
	case !c.Ticked:
		return w.Text.Plain.NotOnCard, w.Text.Plain.AskTick
	case c.Fate(true) == engine.Stays:
		return w.Text.Plain.OnCard, w.Text.Plain.AskKeep
	}
	return w.Text.Choice(c, true, w.Now()), w.Text.Plain.AskKeep
}

// propose plans for what was chosen so far.
func (w *walker) propose(ctx context.Context) (engine.Proposal, error) {
	p, err := w.Desk.Propose(ctx, w.Actor, w.draft.Connected, *w.draft.User, w.draft.Selection)
	if err == nil {
		w.draft.Proposal = &p
	}
	return p, err
}

// obstructed says what stands in the way of a plan, if anything does, and goes
// back.
func (w *walker) obstructed(p engine.Plan) bool {
	if len(p.Obstacles) == 0 {
		return false
	}
	w.say(w.Text.Confirm.Cannot)
	for _, o := range p.Obstacles {
		w.say("  - %s", w.Text.Obstacle(o))
	}
	w.turned = walk.Profile
	return true
}

// tracked asks about each third-party certificate.
func (w *walker) tracked(ctx context.Context) error {
	w.title(w.Text.Tracked.Title)
	w.say(w.Text.Tracked.Hint)
	track := map[string]bool{}
	for _, f := range w.draft.Proposal.ThirdParty {
		place := w.Text.Place(f.Place)
		if f.Unreadable != "" {
			w.say("  %s %s", place, w.Text.Tracked.Unreadable)
			continue
		}
		c := f.Certificate
		w.say("  %s %s, %s, %s", place, c.Subject, fmt.Sprintf(w.Text.Tracked.Issuer, c.Issuer), w.Text.Span(c.Life(w.Now()), c.NotBefore, c.NotAfter))
		yes, err := w.yes(ctx, w.Text.Plain.AskTrack)
		if err != nil {
			return err
		}
		track[c.Fingerprint] = yes
	}
	w.draft.Selection.Track = track
	_, err := w.propose(ctx)
	return err
}

// confirm reads the whole plan out and asks.
func (w *walker) confirm(ctx context.Context) error {
	plan := w.draft.Proposal.Plan
	w.title(w.Text.PlanTitle(plan))
	w.lines(w.Text.PlanLines(plan))
	switch {
	case w.obstructed(plan):
		return nil
	case !plan.Changes(): // the plan has said so
		w.turned = walk.Profile
		return nil
	}
	ok, err := w.yes(ctx, w.Text.Plain.AskGo)
	if err == nil && !ok {
		return errBack
	}
	return err
}
