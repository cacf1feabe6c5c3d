package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// mailOutboxCmd lists the letters that were not sent.
type mailOutboxCmd struct {
	Config string `placeholder:"FILE" help:"The configuration. Left out: config.toml in this folder, or else /etc/kiosk/config.toml."`
	Days   int    `default:"30" help:"Of those that were given up, only the ones of so many days."`
	JSON   bool   `name:"json" help:"One object a line."`
}

// Help is what kiosk mail outbox --help adds.
func (mailOutboxCmd) Help() string {
	return `Those that wait come first, in the order in which they are tried, then those that were given up, the
latest first. Each has its recipient, how often it was tried, and the mail server's words. What it comes
to stands on standard error.`
}

// Run prints the letters.
func (cmd mailOutboxCmd) Run(ctx context.Context) error {
	if cmd.Days < 0 {
		return &engine.Error{Op: "choose letters", Kind: engine.BadInput, Subject: "--days", Err: errors.New("days are counted from 0")}
	}
	p, err := openAs(ctx, cmd.Config)
	if err != nil {
		return err
	}
	return errors.Join(cmd.list(ctx, p.desk, p.actor, os.Stdout, os.Stderr), p.close())
}

func (cmd mailOutboxCmd) list(ctx context.Context, desk *engine.Desk, actor engine.Actor, out, aside io.Writer) error {
	all, err := desk.OutboxLetters(ctx, actor, cmd.Days)
	if err != nil {
		return err
	}
	for _, u := range all {
		err := cmd.print(out, u)
		if errors.Is(err, syscall.EPIPE) {
			return nil // whoever read it has seen enough
		}
		if err != nil {
			return fmt.Errorf("print letters: %w", err)
		}
	}
	if _, err := fmt.Fprintln(aside, "kiosk mail outbox:", words.English.UnsentSummary(all, cmd.Days)); err != nil {
		return fmt.Errorf("print summary: %w", err)
	}
	return nil
}

func (cmd mailOutboxCmd) print(out io.Writer, u engine.Unsent) error {
	if cmd.JSON {
		return json.NewEncoder(out).Encode(unsentOf(u))
	}
	_, err := fmt.Fprintln(out, strings.Join(words.English.UnsentLines(u), "\n"))
	return err
}

// jsonUnsent is a letter that was not sent. What only the kiosk that wrote it can
// read is left out.
type jsonUnsent struct {
	ID      string             `json:"id"`
	State   string             `json:"state"` // "waiting" or "given up"
	Event   engine.NoticeEvent `json:"event,omitempty"`
	To      string             `json:"to"`
	Card    engine.Identity    `json:"card"`
	User    *engine.UserRef    `json:"user,omitempty"`
	Run     engine.RunID       `json:"run,omitempty"`
	Created time.Time          `json:"created"`
	Tries   int                `json:"tries"`
	Next    time.Time          `json:"next"` // of one that was given up, about when that was
	Words   string             `json:"words,omitempty"`
	Behind  bool               `json:"behind,omitempty"` // an earlier letter of the same card has to go first
	Newer   bool               `json:"newer,omitempty"`
}

func unsentOf(u engine.Unsent) jsonUnsent {
	j := jsonUnsent{
		ID: u.ID, State: "waiting", Event: u.Notice.Event, To: u.To, Card: u.Notice.Card, Run: u.Notice.Run,
		Created: u.Created, Tries: u.Tries, Next: u.Next, Words: u.Words, Behind: u.Behind, Newer: u.Newer,
	}
	if u.GaveUp {
		j.State = "given up"
	}
	if u.Notice.User.ID != "" {
		j.User = &u.Notice.User
	}
	return j
}
