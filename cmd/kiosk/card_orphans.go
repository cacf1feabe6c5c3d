package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// cardOrphansCmd lists the certificates that came of cancelled updates.
type cardOrphansCmd struct {
	Config string `placeholder:"FILE" help:"The configuration. Left out: config.toml in this folder, or else /etc/kiosk/config.toml."`
	JSON   bool   `name:"json" help:"One object a line."`
}

// Help is what kiosk card orphans --help adds.
func (cardOrphansCmd) Help() string {
	return `When an update is cancelled while its CA is away, or lets nobody withdraw, the worker goes on asking. What
the CA issues all the same is revoked, and stands here: its key is on no card.`
}

// Run prints them.
func (cmd cardOrphansCmd) Run(ctx context.Context) error {
	p, err := openAs(ctx, cmd.Config)
	if err != nil {
		return err
	}
	return errors.Join(cmd.list(ctx, p), p.close())
}

func (cmd cardOrphansCmd) list(ctx context.Context, p *parts) error {
	all, err := p.desk.Orphans(ctx, p.actor)
	if err != nil {
		return err
	}
	for _, q := range all {
		if !cmd.JSON {
			printLines(words.English.OrphanLines(q))
			continue
		}
		if err := json.NewEncoder(os.Stdout).Encode(orphanOf(q)); err != nil {
			return fmt.Errorf("print certificates: %w", err)
		}
	}
	if len(all) == 0 && !cmd.JSON {
		fmt.Println(words.English.Orphans.None)
	}
	return nil
}

// orphanShown is such a certificate as JSON.
type orphanShown struct {
	Serial   string          `json:"serial"`
	CA       string          `json:"ca"`
	Template string          `json:"template"`
	Card     engine.Identity `json:"card"`
	User     engine.UserRef  `json:"user"`
	Run      engine.RunID    `json:"run"`
	Request  string          `json:"request"`
	Asked    time.Time       `json:"asked"`
	Revoked  time.Time       `json:"revoked"`
}

func orphanOf(q engine.Request) orphanShown {
	return orphanShown{q.Orphan, q.CA, q.Template, q.Card, q.User, q.Run, q.ID, q.Asked, q.Decided}
}
