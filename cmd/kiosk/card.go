package main

import (
	"context"
	"errors"
	"fmt"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// cardCmd is a card's life beside the update.
type cardCmd struct {
	Show     cardShowCmd     `cmd:"" help:"What the store knows of a card."`
	Unassign cardUnassignCmd `cmd:"" help:"Take a card from its user: one that is issued is emptied, in the reader."`
	Disable  cardDisableCmd  `cmd:"" help:"Take a card out of use for a while."`
	Enable   cardEnableCmd   `cmd:"" help:"Take a disabled card into use again."`
	Revoke   cardRevokeCmd   `cmd:"" help:"Take a card out of use for ever, and revoke its certificates."`
	Clean    cardCleanCmd    `cmd:"" help:"Wipe a revoked card, in the reader: it is as good as new."`
	Orphans  cardOrphansCmd  `cmd:"" help:"List certificates that a CA issued for updates which had been cancelled."`
}

// oneCard are the flags with which a card is named, and what is to be printed.
type oneCard struct {
	Config string `placeholder:"FILE" help:"The configuration. Left out: config.toml in this folder, or else /etc/kiosk/config.toml."`
	Card   string `required:"" placeholder:"SERIAL" help:"Which card: the number printed on it, or its id."`
	JSON   bool   `name:"json" help:"Print as JSON."`
}

// with opens the kiosk, finds the card in the store, and does something with it.
func (cmd oneCard) with(ctx context.Context, do func(ctx context.Context, p *parts, v engine.CardView) error) error {
	p, err := openAs(ctx, cmd.Config)
	if err != nil {
		return err
	}
	return errors.Join(cmd.find(ctx, p, do), p.close())
}

func (cmd oneCard) find(ctx context.Context, p *parts, do func(ctx context.Context, p *parts, v engine.CardView) error) error {
	v, err := p.desk.FindCard(ctx, p.actor, cmd.Card)
	if err != nil {
		return err
	}
	return do(ctx, p, v)
}

// reach connects the card that was found, in whichever reader it lies.
func (cmd oneCard) reach(ctx context.Context, p *parts, v engine.CardView) (*engine.Connected, error) {
	id := v.Record.Card
	return connectCard(ctx, p, func(r engine.ReaderView) bool { return r.Card.ID == id.ID }, id.Label())
}

// cardShowCmd prints what is known of a card.
type cardShowCmd struct{ oneCard }

// Run asks neither a reader nor a CA.
func (cmd cardShowCmd) Run(ctx context.Context) error { return cmd.with(ctx, cmd.show) }

func (cmd cardShowCmd) show(_ context.Context, p *parts, v engine.CardView) error {
	if cmd.JSON {
		printJSON(cardJSON(v))
		return nil
	}
	printLines(words.English.CardLines(v))
	for _, r := range v.Reasons {
		fmt.Println("  ! " + words.English.Reason(r, p.desk.Now()))
	}
	return nil
}

// cardShown is a card as JSON.
type cardShown struct {
	Card         engine.Identity         `json:"card"`
	State        string                  `json:"state"`
	Why          engine.CardRevokeReason `json:"why,omitempty"`
	User         *engine.UserRef         `json:"user,omitempty"`
	Policy       string                  `json:"policy,omitempty"`
	Certificates []certificateShown      `json:"certificates,omitempty"`
	Unfinished   engine.RunID            `json:"unfinished,omitempty"`
}

// certificateShown is a certificate in the record.
type certificateShown struct {
	engine.Managed
	Former bool `json:"former,omitempty"`
}

func cardJSON(v engine.CardView) cardShown {
	r := v.Record
	c := cardShown{Card: r.Card, State: string(r.State), Why: r.Why, Policy: r.Policy}
	if r.User.ID != "" {
		c.User = &r.User
	}
	for _, m := range r.Managed {
		c.Certificates = append(c.Certificates, certificateShown{m, false})
	}
	for _, m := range r.Former {
		c.Certificates = append(c.Certificates, certificateShown{m, true})
	}
	if v.Unfinished != nil {
		c.Unfinished = v.Unfinished.ID
	}
	return c
}

// confirmed returns nil when a deed is to be done that was shown.
func confirmed(yes bool, op string) error {
	if yes {
		return nil
	}
	return &engine.Error{Op: op, Kind: engine.BadInput, Err: errors.New("add --yes to carry this out")}
}

// changed says that a card was changed, and sends what waits because of it.
func (cmd oneCard) changed(ctx context.Context, p *parts, e engine.CardEvent, r engine.Record) {
	if cmd.JSON {
		printJSON(cardJSON(engine.CardView{Record: r}))
	} else {
		fmt.Println(words.English.Life.Done[e])
	}
	p.runAround(ctx)
}

// runAround sends letters and does errands now; what is not done waits.
func (p *parts) runAround(ctx context.Context) {
	if _, err := p.desk.Deliver(ctx); err != nil {
		p.log.Warn("letters wait for the kiosk", "err", err)
	}
	if _, err := p.desk.RunErrands(ctx); err != nil {
		p.log.Warn("errands wait for the kiosk", "err", err)
	}
}
