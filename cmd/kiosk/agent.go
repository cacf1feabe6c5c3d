package main

import (
	"context"
	"errors"

	"cardkiosk/engine"
)

// agentCmd is the kiosk without an operator: at a workstation it waits for cards for
// which a task was left.
type agentCmd struct {
	Config string `placeholder:"FILE" help:"The configuration. Left out: config.toml in this folder, or else /etc/kiosk/config.toml."`
	Plain  bool   `help:"Numbered lines and questions instead of the full screen. Also with TERM=dumb, with ACCESSIBLE set, or without a terminal."`
}

// Help is what kiosk agent --help adds.
func (agentCmd) Help() string {
	return `The account it runs as needs the privilege "run agent", and accounts of this machine have to be
let in (sign_in.methods with "system"): nobody signs in at an agent. When a card is put in for which an
operator has left a task, the agent says what is to be done, asks for the card's PIN and does it. See
[agent] and [policy.tasks] in the configuration, and kiosk tasks.`
}

// Run waits for cards until it is told to stop.
func (cmd agentCmd) Run(ctx context.Context) error {
	p, err := openKiosk(ctx, cmd.Config)
	if err != nil {
		return err
	}
	err = p.asAccount(ctx)
	if err == nil {
		err = p.beAgent(ctx)
	}
	if err != nil {
		return errors.Join(err, p.close())
	}
	return errors.Join(p.show(ctx, cmd.Plain, shown{}), p.close())
}

// asAccount signs in the account that the program runs as: nobody is there to be
// asked.
func (p *parts) asAccount(ctx context.Context) error {
	if !p.signIn.Allows(engine.ByAccount) {
		return &engine.Error{Op: "sign in", Kind: engine.SignInShut, Err: errNoAccounts}
	}
	actor, user, err := p.signIn.WithAccount(ctx, p.account)
	if err == nil {
		p.actor, p.name = actor, user.Name
	}
	return err
}

var errNoAccounts = errors.New(`an agent signs in by the account it runs as: let accounts of this machine in (sign_in.methods with "system")`)

// beAgent makes an agent of the kiosk, where its account may run one.
func (p *parts) beAgent(ctx context.Context) (err error) {
	if p.desk.Agent.User == "" {
		p.desk.Agent.User = p.actor.Who
	}
	p.actor, err = p.desk.StartAgent(ctx, p.actor)
	return err
}
