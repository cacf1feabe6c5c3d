package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
	"cardkiosk/engine/vault"
)

// pukCmd is for the help desk: the kiosk itself cannot open a sealed PUK.
type pukCmd struct {
	Key  pukKeyCmd  `cmd:"" help:"Make the key pair for which PUKs are sealed."`
	Show pukShowCmd `cmd:"" help:"Show the PUK of a card."`
}

// pukKeyCmd makes the pair. The identity goes to the help desk, the recipient
// to the kiosks.
type pukKeyCmd struct {
	Identity  string `required:"" placeholder:"FILE" help:"The secret half, for the help desk."`
	Recipient string `required:"" placeholder:"FILE" help:"The public half: vault.recipient_file in config.toml."`
}

// Run makes both files; it overwrites nothing.
func (cmd pukKeyCmd) Run(context.Context) error {
	if err := vault.NewIdentity(cmd.Identity, cmd.Recipient); err != nil {
		return err
	}
	fmt.Printf("%s is for the help desk and belongs on no kiosk.\n%s is for the kiosks: vault.recipient_file.\n", cmd.Identity, cmd.Recipient)
	return nil
}

// pukShowCmd opens the seal of one card's PUK.
type pukShowCmd struct {
	Store    string `required:"" placeholder:"FILE" help:"The kiosk's database."`
	Card     string `required:"" placeholder:"SERIAL" help:"Which card."`
	Identity string `required:"" placeholder:"FILE" help:"The secret half that kiosk puk key made."`
}

// Run prints the PUK.
func (cmd pukShowCmd) Run(ctx context.Context) error {
	if _, err := os.Stat(cmd.Store); err != nil {
		return &engine.Error{Op: "open store", Kind: engine.BadInput, Subject: cmd.Store, Err: err}
	}
	s, err := store.Open(ctx, cmd.Store, store.Options{})
	if err != nil {
		return err
	}
	return errors.Join(cmd.show(ctx, s), s.Close())
}

// id takes the serial number also as cards and screens have it: "0071 2233".
func (cmd pukShowCmd) id() engine.CardID {
	return engine.CardID("yubikey-" + strings.TrimLeft(strings.ReplaceAll(cmd.Card, " ", ""), "0"))
}

func (cmd pukShowCmd) show(ctx context.Context, s *store.Store) error {
	holder := engine.Role{Name: "who has the key", Privileges: []engine.Privilege{engine.ShowPUK}, Users: []string{whoami()}}
	desk := &engine.Desk{Roles: []engine.Role{holder}, Ledger: s, Audit: s, Now: time.Now, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("learn this machine's name: %w", err)
	}
	actor := engine.Actor{Who: whoami(), Station: host, Mode: engine.Operator}
	puk, err := desk.ShowPUK(ctx, actor, cmd.id(), func(sealed []byte) ([]byte, error) { return vault.Reveal(sealed, cmd.Identity) })
	if err != nil {
		return err
	}
	defer clear(puk)
	_, err = fmt.Printf("%s\n", puk)
	return err
}
