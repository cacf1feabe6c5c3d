package demo

import (
	"context"
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
			return fmt.Errorf("issue %s: %w", c.Label, err)
		}
		if err := c.age(desk.Now()); err != nil {
			return err
		}
	}
	return nil
}

// issue carries the first update of a card out, in a reader of its own and
// under a policy whose certificates last as long as the story wants.
func (c *Card) issue(ctx context.Context, desk engine.Desk) error {
	readers := NewVirtualReaders(c.card)
	if err := readers.Insert(ctx, 0); err != nil {
		return err
	}
	desk.Readers, desk.PolicyOf = readers, c.pastPolicy(desk)
	actor := engine.Actor{Who: "demo", Station: "demo", Mode: engine.Operator}
	user, err := findUser(ctx, &desk, actor, c.owner)
	if err != nil {
		return err
	}
	connected, err := desk.Connect(ctx, actor, readers.Reader(0))
	if err != nil {
		return err
	}
	defer connected.Close() //nolint:errcheck // the card goes to another reader next
	if connected.Record, err = desk.Assign(ctx, actor, connected, user); err != nil {
		return err
	}
	proposal, err := desk.Propose(ctx, actor, connected, user, engine.Selection{Optional: map[string]bool{"VPN": c.vpn}})
	if err != nil {
		return err
	}
	pin := engine.NewPIN([]byte(c.PIN))
	defer pin.Wipe()
	result, err := desk.Update(ctx, actor, connected, proposal.Plan, pin, nil)
	if err == nil && result.End != engine.Finished {
		err = fmt.Errorf("it was %s: %v", result.End, result.Refusals)
	}
	return err
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

// findUser finds the user with a logon name.
func findUser(ctx context.Context, desk *engine.Desk, actor engine.Actor, logon string) (engine.User, error) {
	search, err := desk.Find(actor, logon)
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
