package walk

import (
	"context"

	"cardkiosk/engine"
)

// TaskDesk is what Foresee asks.
type TaskDesk interface {
	View(ctx context.Context, actor engine.Actor, c *engine.Connected, user *engine.User) (engine.CardView, error)
	ProposeFor(ctx context.Context, actor engine.Actor, c *engine.Connected) (engine.Proposal, error)
}

// Foresee finds out what a task comes to, for the card as it is. The proposal is of an
// update only.
func Foresee(ctx context.Context, desk TaskDesk, t engine.Task, holder engine.Actor, c *engine.Connected) (Action, *engine.User, *engine.Proposal, error) {
	user := engine.User{ID: t.User.ID, Name: t.User.Name, Logon: t.User.Logon, Mail: t.User.Mail}
	view, err := desk.View(ctx, holder, c, nil)
	if err != nil {
		return "", &user, nil, err
	}
	action, ok := TaskAction(t, view)
	switch {
	case !ok:
		return "", &user, nil, &engine.Error{Op: "begin task", Kind: engine.WrongState, Subject: t.User.Name}
	case action != IssueCard && action != UpdateCard:
		return action, &user, nil, nil
	}
	p, err := desk.ProposeFor(ctx, holder, c)
	if err != nil {
		return action, &user, nil, err
	}
	if len(p.Plan.Obstacles) > 0 {
		err = &engine.Error{Op: "begin task", Kind: engine.CannotPlan, Subject: t.User.Name}
	}
	return action, &p.User, &p, err
}
