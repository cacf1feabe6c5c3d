package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cardkiosk/engine"
)

// Seed gives the cards their past: those that belong to somebody are assigned
// and issued by the desk itself, over the same protocols as everything after.
// Nobody is written to about it.
func (w *World) Seed(ctx context.Context, desk *engine.Desk) error {
	for _, c := range w.cards {
		if c.owner == "" {
			continue
		}
		if err := c.issue(ctx, *desk); err != nil {
			return fmt.Errorf("issue card %q: %w", c.Story, err)
		}
		if err := c.age(desk.Now()); err != nil {
			return err
		}
		if err := c.leaveWaiting(ctx, *desk); err != nil {
			return fmt.Errorf("renew card %q: %w", c.Story, err)
		}
	}
	return nil
}

// past is who issued the cards of the world.
var past = engine.Actor{Who: "demo", Station: "demo", Mode: engine.Operator}

// issue carries the first update of a card out, under a policy whose certificates
// last as long as the story wants.
func (c *Card) issue(ctx context.Context, desk engine.Desk) error {
	desk.PolicyOf = c.pastPolicy(desk)
	result, err := c.update(ctx, desk, func(held *engine.Connected, user engine.User) (err error) {
		held.Record, err = desk.Assign(ctx, past, held, user)
		return err
	})
	if err == nil && result.End != engine.Finished {
		err = fmt.Errorf("it was %s: %v", result.End, result.Refusals)
	}
	return err
}

// leaveWaiting renews a card whose renewal, the story wants, an officer is to look
// at. That officer has not done so yet.
func (c *Card) leaveWaiting(ctx context.Context, desk engine.Desk) error {
	if !c.waits {
		return nil
	}
	desk.PolicyOf = heldPolicy(desk.PolicyOf)
	result, err := c.update(ctx, desk, func(*engine.Connected, engine.User) error { return nil })
	if err == nil && result.End != "" {
		err = errors.New("the CA did not hold it")
	}
	return err
}

// update carries an update of the card out, in a reader of its own.
func (c *Card) update(ctx context.Context, desk engine.Desk, before func(*engine.Connected, engine.User) error) (engine.Result, error) {
	readers := NewVirtualReaders(c.card)
	if err := readers.Insert(ctx, 0); err != nil {
		return engine.Result{}, err
	}
	desk.Readers = readers
	user, err := findUser(ctx, &desk, past, c.owner)
	if err != nil {
		return engine.Result{}, err
	}
	connected, err := desk.Connect(ctx, past, readers.Reader(0))
	if err != nil {
		return engine.Result{}, err
	}
	defer connected.Close() //nolint:errcheck // the card goes to another reader next
	if err := before(connected, user); err != nil {
		return engine.Result{}, err
	}
	proposal, err := desk.Propose(ctx, past, connected, user, engine.Selection{Optional: map[string]bool{"VPN": c.vpn}})
	if err != nil {
		return engine.Result{}, err
	}
	pin := engine.NewPIN([]byte(c.PIN))
	defer pin.Wipe()
	return desk.Update(ctx, past, connected, proposal.Plan, pin, nil)
}

// pastPolicy is today's policy, or the one the story wants, with an
// authentication certificate that ends when the story wants.
func (c *Card) pastPolicy(desk engine.Desk) func(engine.User) (engine.Policy, error) {
	today := desk.PolicyOf
	return func(u engine.User) (engine.Policy, error) {
		policy, err := today(u)
		for _, p := range desk.Policies {
			if p.Name == c.policy {
				policy = p
			}
		}
		policy.Rules = []engine.Rule{{Event: engine.UpdateDone}} // nobody is told about the past
		policy.Templates = slices.Clone(policy.Templates)
		for i := range policy.Templates {
			if policy.Templates[i].Place == "9a" {
				policy.Templates[i].ValidDays = c.days
			}
		}
		return policy, err
	}
}

// heldPolicy is a policy that wants an officer to look at renewals. Nobody is told
// that they wait: only what is decided is news.
func heldPolicy(today func(engine.User) (engine.Policy, error)) func(engine.User) (engine.Policy, error) {
	return func(u engine.User) (engine.Policy, error) {
		policy, err := today(u)
		policy.Rules = slices.DeleteFunc(slices.Clone(policy.Rules), func(r engine.Rule) bool { return r.Event == engine.UpdatePending })
		policy.Templates = slices.Clone(policy.Templates)
		for i := range policy.Templates {
			policy.Templates[i].Renewal.Hold = true
		}
		return policy, err
	}
}

// findUser finds the user with a logon name.
func findUser(ctx context.Context, desk *engine.Desk, actor engine.Actor, logon string) (engine.User, error) {
	search, err := desk.Find(ctx, actor, logon)
	if err != nil {
		return engine.User{}, err
	}
	defer search.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	page, err := search.Next(ctx)
	if err != nil {
		return engine.User{}, err
	}
	for _, f := range page {
		if f.User.Logon == logon {
			return f.User, nil
		}
	}
	return engine.User{}, fmt.Errorf("the directory has no %s", logon)
}
