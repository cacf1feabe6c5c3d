package main

import (
	"context"
	"fmt"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// cardDisableCmd takes a card out of use for a while.
type cardDisableCmd struct {
	oneCard
	Yes bool `help:"Do it. Without it what would happen is only printed."`
}

// Help is what kiosk card disable --help adds.
func (cardDisableCmd) Help() string {
	return `Certificates whose template has hold_on_disable go on hold at their CA; the access system
forgets the card. kiosk card enable undoes both. The card need not be in a reader.`
}

// Run disables the card.
func (cmd cardDisableCmd) Run(ctx context.Context) error { return cmd.with(ctx, cmd.do) }

func (cmd cardDisableCmd) do(ctx context.Context, p *parts, v engine.CardView) error {
	return cmd.turn(ctx, p, v, engine.Wish{Event: engine.CardDisabled}, cmd.Yes)
}

// cardEnableCmd takes a disabled card into use again.
type cardEnableCmd struct {
	oneCard
	Yes bool `help:"Do it. Without it what would happen is only printed."`
}

// Help is what kiosk card enable --help adds.
func (cardEnableCmd) Help() string {
	return `What was put on hold when the card was disabled, and nothing else, is released at its CA; the
access system knows the card again. The card need not be in a reader.`
}

// Run enables the card.
func (cmd cardEnableCmd) Run(ctx context.Context) error { return cmd.with(ctx, cmd.do) }

func (cmd cardEnableCmd) do(ctx context.Context, p *parts, v engine.CardView) error {
	return cmd.turn(ctx, p, v, engine.Wish{Event: engine.CardEnabled}, cmd.Yes)
}

// cardRevokeCmd takes a card out of use for ever.
type cardRevokeCmd struct {
	oneCard
	Reason string `required:"" enum:"lost,broken,compromised,left,withdrawn" help:"Why: ${enum}."`
	Keep   bool   `name:"keep-certificates" help:"Its user keeps the certificates: they are not revoked. Not of a card that is lost or compromised."`
	Yes    bool   `help:"Do it. Without it what would happen is only printed."`
}

// Help is what kiosk card revoke --help adds.
func (cardRevokeCmd) Help() string {
	return `Its certificates are revoked, former ones for encryption too; common ones are other cards' too and
stay. An update that was begun ends, and what it was granted is revoked. The card need not be in a reader.
Once it is back, kiosk card clean makes it as good as new.`
}

// Run revokes the card.
func (cmd cardRevokeCmd) Run(ctx context.Context) error { return cmd.with(ctx, cmd.do) }

func (cmd cardRevokeCmd) do(ctx context.Context, p *parts, v engine.CardView) error {
	w := engine.Wish{Event: engine.CardRevoked, Reason: engine.CardRevokeReason(cmd.Reason), Keep: cmd.Keep}
	return cmd.turn(ctx, p, v, w, cmd.Yes)
}

// turn shows what a wish comes to, and brings it about where that is wanted.
func (cmd oneCard) turn(ctx context.Context, p *parts, v engine.CardView, w engine.Wish, yes bool) error {
	card := v.Record.Card.ID
	turn, err := p.desk.Foresee(ctx, p.actor, card, w)
	if err != nil {
		return err
	}
	cmd.printTurn(turn)
	if err := confirmed(yes, string(w.Event)); err != nil {
		return err
	}
	record, err := p.desk.Turn(ctx, p.actor, card, w)
	if err != nil {
		return err
	}
	cmd.changed(ctx, p, w.Event, record)
	return nil
}

// lotShown is what becomes of a certificate, as JSON.
type lotShown struct {
	Place    engine.Place        `json:"place"`
	Template string              `json:"template"`
	Group    engine.StayGroup    `json:"group"`
	Former   bool                `json:"former,omitempty"`
	Deed     engine.LotDeed      `json:"deed"`
	Reason   engine.RevokeReason `json:"reason,omitempty"`
}

func (cmd oneCard) printTurn(t engine.Turn) {
	if !cmd.JSON {
		fmt.Println(words.English.TurnTitle(t))
		printLines(words.English.TurnLines(t))
		return
	}
	lots := []lotShown{}
	for _, l := range t.Lots {
		lots = append(lots, lotShown{l.Place, l.Title, l.Group, l.Former, l.Deed, l.Why})
	}
	var ends engine.RunID
	if t.Ends != nil {
		ends = t.Ends.ID
	}
	printJSON(struct {
		Event        engine.CardEvent        `json:"event"`
		Card         engine.Identity         `json:"card"`
		From         engine.State            `json:"from"`
		To           engine.State            `json:"to"`
		Reason       engine.CardRevokeReason `json:"reason,omitempty"`
		Certificates []lotShown              `json:"certificates"`
		Access       engine.AccessDeed       `json:"access,omitempty"`
		Prunes       bool                    `json:"prunes,omitempty"`
		Ends         engine.RunID            `json:"ends,omitempty"`
		Lost         []string                `json:"lost,omitempty"`
		Tell         []string                `json:"tell,omitempty"`
	}{t.Event, t.Record.Card, t.Record.State, t.To, t.Reason, lots, t.Access, t.Prunes, ends, t.Lost, t.Tell})
}
