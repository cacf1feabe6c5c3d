package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"os"
	"strings"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// mailTestCmd sends one letter through the configured server.
type mailTestCmd struct {
	Config  string `placeholder:"FILE" help:"The configuration. Left out: config.toml in this folder, or else /etc/kiosk/config.toml."`
	Address string `arg:"" help:"To whom. The letter says that it is a test."`
}

// Help is what kiosk mail test --help adds.
func (mailTestCmd) Help() string {
	return `The letter goes past the outbox: once, now, and is not tried again. The exit code is 0 when the server
has taken it, and 5 when it has not; it stands in the audit.`
}

// Run sends the letter and says what the server did.
func (cmd mailTestCmd) Run(ctx context.Context) error {
	to, err := cmd.to()
	if err != nil {
		return err
	}
	p, err := openAs(ctx, cmd.Config)
	if err != nil {
		return err
	}
	return errors.Join(cmd.try(ctx, p, to, os.Stdout, os.Stderr), p.close())
}

// to is the address without the name that may stand before it.
func (cmd mailTestCmd) to() (string, error) {
	a, err := mail.ParseAddress(cmd.Address)
	if err != nil {
		return "", &engine.Error{
			Op: "read address", Kind: engine.BadInput, Subject: engine.Clean(cmd.Address),
			Err: errors.New(`this is not a mail address: write it like "helpdesk@corp.example"`),
		}
	}
	return a.Address, nil
}

func (cmd mailTestCmd) try(ctx context.Context, p *parts, to string, out, aside io.Writer) error {
	l, sent := p.desk.TestMail(ctx, p.actor, to)
	lines := words.English.TestedMail(l, to, p.mail, sent)
	if len(lines) == 0 {
		return sent
	}
	if sent != nil {
		out, sent = aside, told{sent}
	}
	if _, err := fmt.Fprintln(out, strings.Join(lines, "\n")); err != nil {
		return errors.Join(sent, fmt.Errorf("print what the server did: %w", err))
	}
	return sent
}
