package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// waiting goes on with an update that waits for a CA: it is cancelled where that
// is wanted, ended when nothing of it was approved, and continued otherwise, which
// asks the CA once more.
func (cmd updateCmd) waiting(ctx context.Context, p *parts, c *engine.Connected, wait engine.Pending) (*engine.Result, error) {
	cmd.printPending(wait, c.Record.User.Name)
	switch {
	case cmd.DryRun:
		return nil, nil
	case !cmd.Yes:
		return nil, &engine.Error{Op: "continue update", Kind: engine.BadInput, Err: errors.New("add --yes to continue it, or --cancel --yes to cancel it")}
	}
	pin, err := cmd.readPIN(ctx, p, c, false)
	if err != nil {
		return nil, err
	}
	defer pin.Wipe()
	goOn := p.desk.Resume
	switch {
	case cmd.Cancel:
		goOn = p.desk.CancelUpdate
	case wait.Rejected() && !wait.Ready():
		goOn = p.desk.EndRejected
	}
	result, err := goOn(ctx, p.actor, c, pin, cmd.watch(p))
	return &result, err
}

func (cmd updateCmd) printPending(wait engine.Pending, name string) {
	if cmd.JSON {
		return
	}
	t := &words.English
	fmt.Println(t.PendingTitle(wait))
	for _, l := range t.RequestLines(wait) {
		fmt.Println("  " + l.Text)
		if l.Words != "" {
			fmt.Println("    " + l.Words)
		}
	}
	fmt.Println(t.Meanwhile(wait.Works, name))
}

// holders are the CAs that hold requests of an update.
func holders(r engine.Result) string {
	var all []string
	for _, q := range r.Notice.Requests {
		if q.State == engine.RequestPending {
			all = append(all, q.CA+": "+q.Template)
		}
	}
	return strings.Join(all, "; ")
}
