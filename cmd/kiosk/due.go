package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"cardkiosk/engine"
	"cardkiosk/engine/config"
	"cardkiosk/engine/due"
	"cardkiosk/engine/words"
)

// dueCmd reports the cards that are due.
type dueCmd struct {
	Config    string   `placeholder:"FILE" help:"The configuration. Left out: config.toml in this folder, or else /etc/kiosk/config.toml."`
	Format    string   `enum:"text,csv,json" default:"text" help:"text for people, csv (RFC 4180), or json: one object a line."`
	Reason    []string `placeholder:"NAME" help:"Only cards that are due for this reason; may be given several times."`
	Policy    string   `placeholder:"NAME" help:"Only cards whose user has this policy now."`
	Container string   `placeholder:"DN" help:"Only cards whose user lies below this entry of the directory."`
	Within    int      `placeholder:"DAYS" help:"Also cards that will be due within so many days."`
}

// Help is what kiosk due --help adds.
func (dueCmd) Help() string {
	return `It asks neither the directory nor cards: contents are as last seen, users as kiosk worker read
them last. What is too old is said. Cards whose certificates end first come first, each as soon as it
is found. The report stands on standard output, everything else on standard error.

Reasons: ` + strings.Join(due.Names(), ", ") + `.`
}

// reportMemory is how much a report lets come together before it collects
// garbage. What it holds at a time is far less, and does not grow.
const reportMemory = 80 << 20

// Run prints the report, and then what it came to.
func (cmd dueCmd) Run(ctx context.Context) error {
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(reportMemory)
	p, err := openAs(ctx, cmd.Config)
	if err != nil {
		return err
	}
	return errors.Join(cmd.report(ctx, p, os.Stdout, os.Stderr), p.close())
}

func (cmd dueCmd) report(ctx context.Context, p *parts, out, aside io.Writer) error {
	filter, err := cmd.filter(p)
	if err != nil {
		return err
	}
	now := p.desk.Now()
	var sum engine.DueSummary
	to, err := due.NewWriter(cmd.Format, out, &words.English, now)
	if err == nil {
		sum, err = p.desk.Due(ctx, p.actor, filter, to.Write)
	}
	if errors.Is(err, syscall.EPIPE) {
		return nil // whoever read it has seen enough
	}
	if err != nil {
		return err
	}
	for _, line := range words.English.DueSummary(sum, now, p.snapshot.Stale) {
		if _, err := fmt.Fprintln(aside, "kiosk due:", line); err != nil {
			return fmt.Errorf("print summary: %w", err)
		}
	}
	return nil
}

func (cmd dueCmd) filter(p *parts) (engine.DueFilter, error) {
	f := engine.DueFilter{Policy: cmd.Policy, Within: cmd.Within}
	if cmd.Within < 0 {
		return f, cannotFilter("--within", errors.New("days are counted from 0"))
	}
	var policies []string
	for _, one := range p.desk.Policies {
		policies = append(policies, one.Name)
	}
	if cmd.Policy != "" {
		if err := known(cmd.Policy, "policy", policies); err != nil {
			return f, cannotFilter("--policy", err)
		}
	}
	for _, name := range cmd.Reason {
		if err := known(name, "reason", due.Names()); err != nil {
			return f, cannotFilter("--reason", err)
		}
	}
	if len(cmd.Reason) > 0 {
		f.Reason = func(r engine.Reason) bool { return slices.Contains(cmd.Reason, due.Name(r)) }
	}
	if cmd.Container != "" {
		container, err := engine.ParseDN(cmd.Container)
		if err != nil {
			return f, cannotFilter("--container", fmt.Errorf("%q is not a distinguished name: %w", cmd.Container, err))
		}
		f.Whose = func(_ engine.Identity, u engine.User) bool {
			entry, err := engine.ParseDN(u.DN)
			return err == nil && entry.Below(container)
		}
	}
	return f, nil
}

func cannotFilter(flag string, err error) error {
	return &engine.Error{Op: "choose cards", Kind: engine.BadInput, Subject: flag, Err: err}
}

// known returns nil when a name is one of those there are.
func known(name, what string, names []string) error {
	if slices.Contains(names, name) {
		return nil
	}
	if near := config.Nearest(name, names); near != "" {
		return fmt.Errorf("there is no %s %q, did you mean %q? There are: %s", what, name, near, strings.Join(names, ", "))
	}
	return fmt.Errorf("there is no %s %q; there are: %s", what, name, strings.Join(names, ", "))
}
