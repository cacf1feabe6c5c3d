package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// policyCmd is about the policies.
type policyCmd struct {
	Explain policyExplainCmd `cmd:"" help:"Say which policy a user has, and why no other."`
}

// policyExplainCmd asks the directory about one user and looks at every policy
// for them.
type policyExplainCmd struct {
	Config string `placeholder:"FILE" help:"The configuration. Left out: config.toml in this folder, or else /etc/kiosk/config.toml."`
	User   string `arg:"" help:"Whose: logon name, mail address, or the directory's own id."`
}

// Run prints the policy and the link that gave it, then the others with the
// reason why they lost.
func (cmd policyExplainCmd) Run(ctx context.Context) error {
	p, err := openAs(ctx, cmd.Config)
	if err != nil {
		return err
	}
	return errors.Join(cmd.explain(ctx, p, os.Stdout), p.close())
}

func (cmd policyExplainCmd) explain(ctx context.Context, p *parts, out io.Writer) error {
	e, err := cmd.ask(ctx, p)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, strings.Join(words.English.PolicyLines(e), "\n")); err != nil {
		return fmt.Errorf("print policies: %w", err)
	}
	if !e.Assigned {
		return told{&engine.Error{Op: "choose policy", Kind: engine.NoPolicy, Subject: e.User.Name}}
	}
	return nil
}

// ask takes the text for an id when nobody has it as logon name or address.
func (cmd policyExplainCmd) ask(ctx context.Context, p *parts) (engine.Explanation, error) {
	user, unknown := meant(ctx, p, cmd.User)
	if unknown != nil && !engine.Is(unknown, engine.UserUnknown) {
		return engine.Explanation{}, unknown
	}
	if unknown != nil {
		user.ID = engine.UserID(cmd.User)
	}
	e, err := p.desk.ExplainPolicy(ctx, p.actor, user.ID)
	if unknown != nil && engine.Is(err, engine.UserUnknown) {
		return e, unknown
	}
	return e, err
}
