package main

import (
	"context"
	"fmt"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// cardCleanCmd wipes a revoked card.
type cardCleanCmd struct {
	oneCard
	Yes bool `help:"Do it. Without it what would go is only printed."`
}

// Help is what kiosk card clean --help adds.
func (cardCleanCmd) Help() string {
	return `Everything on the card goes, certificates of others too; PIN, PUK and administration key become
the factory's. No PIN is wanted. Cut short anywhere, it is done by cleaning the card again. Cards that
cannot be reset are refused.`
}

// Run cleans the card.
func (cmd cardCleanCmd) Run(ctx context.Context) error { return cmd.with(ctx, cmd.do) }

func (cmd cardCleanCmd) do(ctx context.Context, p *parts, v engine.CardView) error {
	c, err := cmd.reach(ctx, p, v)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // what was done is done
	w, err := p.desk.ProposeClean(ctx, p.actor, c)
	if err != nil {
		return err
	}
	cmd.printWiping(w)
	if err := confirmed(cmd.Yes, "clean card"); err != nil {
		return err
	}
	record, err := p.desk.Clean(ctx, p.actor, c, w)
	if err != nil {
		return err
	}
	cmd.changed(ctx, p, engine.CardCleaned, record)
	return nil
}

func (cmd oneCard) printWiping(w engine.Wiping) {
	if !cmd.JSON {
		fmt.Println(words.English.WipeTitle(w))
		printLines(words.English.WipeLines(w))
		return
	}
	type goes struct {
		Place engine.Place     `json:"place"`
		Title string           `json:"title"`
		Group engine.StayGroup `json:"group"`
	}
	all := []goes{}
	for _, e := range w.Entries {
		all = append(all, goes{e.Place, e.Title, e.Group})
	}
	printJSON(struct {
		Event        engine.CardEvent `json:"event"`
		Card         engine.Identity  `json:"card"`
		User         engine.UserRef   `json:"user"`
		Certificates []goes           `json:"certificates"`
		Keys         []engine.Place   `json:"keys,omitempty"`
		Tell         []string         `json:"tell,omitempty"`
	}{engine.CardCleaned, w.Card, w.User, all, w.Keys, w.Tell})
}
