package main

import (
	"context"
	"errors"
	"fmt"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// cardUnassignCmd takes a card from its user.
type cardUnassignCmd struct {
	oneCard
	PINFile string `name:"pin-file" placeholder:"FILE" help:"File with the card's PIN, to empty a card that is issued."`
	LastTry bool   `help:"Use the PIN although the card has only one try left for it."`
	Yes     bool   `help:"Do it. Without it what would happen is only printed."`
}

// Help is what kiosk card unassign --help adds.
func (cardUnassignCmd) Help() string {
	return `A card that was only assigned is nobody's then, and need not be in a reader. One that is issued is
emptied of what is ours, but for templates with keep_on_unassign; the rest is revoked. That is journalled:
called again after an interruption, it goes on.`
}

// Run takes the card from its user.
func (cmd cardUnassignCmd) Run(ctx context.Context) error {
	if err := cmd.pin().checkPINFile(); err != nil {
		return err
	}
	return cmd.with(ctx, cmd.do)
}

// pin is the command that knows how a PIN is read from a file, and a run shown.
func (cmd cardUnassignCmd) pin() updateCmd {
	return updateCmd{PINFile: cmd.PINFile, LastTry: cmd.LastTry, JSON: cmd.JSON}
}

func (cmd cardUnassignCmd) do(ctx context.Context, p *parts, v engine.CardView) error {
	if v.Record.State != engine.StateIssued {
		return cmd.turn(ctx, p, v, engine.Wish{Event: engine.CardUnassigned}, cmd.Yes)
	}
	c, err := cmd.reach(ctx, p, v)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // what was done is done
	result, err := cmd.empty(ctx, p, c, v)
	if err != nil {
		return err
	}
	cmd.pin().printResult(result)
	p.runAround(ctx)
	return nil
}

// empty empties a card, or goes on with it.
func (cmd cardUnassignCmd) empty(ctx context.Context, p *parts, c *engine.Connected, v engine.CardView) (engine.Result, error) {
	if open := v.Unfinished; open != nil && open.Event == engine.CardUnassigned {
		if !cmd.JSON {
			fmt.Printf(words.English.Profile.Unfinished+"\n", words.English.When(open.Started), engine.Clean(open.By.Station))
		}
		return cmd.unlocked(ctx, p, c, p.desk.Resume)
	}
	plan, err := p.desk.ProposeUnassign(ctx, p.actor, c)
	if err != nil {
		return engine.Result{}, err
	}
	cmd.pin().printPlan(engine.Proposal{Plan: plan})
	if len(plan.Obstacles) > 0 {
		return engine.Result{}, told{&engine.Error{Op: "unassign card", Kind: engine.CannotPlan}}
	}
	return cmd.unlocked(ctx, p, c, func(ctx context.Context, actor engine.Actor, c *engine.Connected, pin engine.PIN, watch func(engine.Event)) (engine.Result, error) {
		return p.desk.UnassignIssued(ctx, actor, c, plan, pin, watch)
	})
}

// carrying is what carries a journalled plan out, or goes on with one.
type carrying = func(ctx context.Context, actor engine.Actor, c *engine.Connected, pin engine.PIN, watch func(engine.Event)) (engine.Result, error)

// unlocked reads the PIN for something that was shown, and does it.
func (cmd cardUnassignCmd) unlocked(ctx context.Context, p *parts, c *engine.Connected, do carrying) (engine.Result, error) {
	if err := confirmed(cmd.Yes, "unassign card"); err != nil {
		return engine.Result{}, err
	}
	if cmd.PINFile == "" {
		return engine.Result{}, &engine.Error{Op: "unassign card", Kind: engine.BadInput, Err: errors.New("--yes needs --pin-file FILE, with the card's PIN in it")}
	}
	pin, err := cmd.pin().readPIN(ctx, p, c, false)
	if err != nil {
		return engine.Result{}, err
	}
	defer pin.Wipe()
	return do(ctx, p.actor, c, pin, cmd.pin().watch(p))
}
