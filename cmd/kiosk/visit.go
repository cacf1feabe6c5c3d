package main

import (
	"context"
	"errors"
	"os"
	"runtime/debug"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
	"cardkiosk/ui"
)

// visitCmd is one visit to a self-service kiosk: what its supervisor starts, again
// and again. It is a process of its own, so that nothing of a person is left in
// memory when it has ended.
type visitCmd struct {
	Config string `required:"" placeholder:"FILE"`
}

// Run shows the start screen, and whatever follows when somebody puts a card in.
func (cmd visitCmd) Run(ctx context.Context) error {
	turnDeaf()
	if err := keepToOneself(); err != nil {
		return err
	}
	p, err := openKiosk(ctx, cmd.Config)
	if err != nil {
		return err
	}
	if p.actor.Mode != engine.SelfService {
		err := &engine.Error{Op: "begin visit", Kind: engine.BadInput, Subject: cmd.Config, Err: errors.New(`visits are for station.mode = "self-service"`)}
		return errors.Join(err, p.close())
	}
	_, err = p.showVisit(ctx, os.Stdin, nil)
	return errors.Join(err, p.close())
}

// showVisit shows one visit. left says that somebody has left the kiosk, as a demo
// lets them.
func (p *parts) showVisit(ctx context.Context, in *os.File, demo *ui.Demo) (left bool, err error) {
	debug.SetMemoryLimit(mostMemory)
	ctx, end := context.WithCancel(ctx)
	o := newOwner(ctx, p.log)
	defer o.wait()
	defer end()
	input := newLobbyInput(in)
	actor := p.actor
	actor.Who = "" // nobody yet
	app := ui.New(ctx, ui.Needs{
		Desk: p.desk, Actor: actor, Text: p.text, Languages: words.Languages(), Now: p.desk.Now,
		Start: o.start, Stop: o.stop, ASCII: !speaksUTF8(os.Getenv), FewSigns: fewSigns(),
		Secret: input.hush, Demo: demo, Idle: p.idle, After: time.After,
	})
	defer app.Close()
	err = runProgram(ctx, app, input)
	return app.Left(), err
}

// showVisits shows one visit after another, in this process: the demo's readers are
// in it. Only the demo does so.
func (p *parts) showVisits(ctx context.Context, demo *ui.Demo) error {
	turnDeaf()
	held, err := holdTerminal(os.Stdin, os.Stdout)
	if err != nil {
		return err
	}
	ctx, end := context.WithCancel(ctx)
	o := newOwner(ctx, p.log)
	defer o.wait()
	defer end()
	p.startWork(o)
	for left := false; err == nil && !left && ctx.Err() == nil; {
		if err = held.wipe(); err == nil {
			left, err = p.showVisit(ctx, os.Stdin, demo)
		}
	}
	return errors.Join(err, held.giveBack())
}
