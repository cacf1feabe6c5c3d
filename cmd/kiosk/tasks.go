package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// tasksCmd is what is left for agents.
type tasksCmd struct {
	List   tasksListCmd   `cmd:"" help:"List them."`
	Leave  tasksLeaveCmd  `cmd:"" help:"Leave the update of a card, or cancelling it, to an agent."`
	Retry  tasksRetryCmd  `cmd:"" help:"Offer a task again."`
	Remove tasksRemoveCmd `cmd:"" help:"Remove a task."`
}

// tasksCommon are the flags of all of them.
type tasksCommon struct {
	Config string `placeholder:"FILE" help:"The configuration. Left out: config.toml in this folder, or else /etc/kiosk/config.toml."`
	JSON   bool   `help:"One JSON object a line, for programs."`
}

func (c tasksCommon) with(ctx context.Context, do func(context.Context, *parts) error) error {
	p, err := openAs(ctx, c.Config)
	if err != nil {
		return err
	}
	return errors.Join(do(ctx, p), p.close())
}

// taskShown is a task as JSON.
type taskShown struct {
	ID        engine.TaskID     `json:"id"`
	Kind      engine.TaskKind   `json:"kind"`
	State     engine.TaskState  `json:"state"`
	Late      bool              `json:"late,omitempty"`
	Card      engine.Identity   `json:"card"`
	User      engine.UserRef    `json:"user"`
	Policy    string            `json:"policy,omitempty"`
	LeftBy    engine.Actor      `json:"leftBy"`
	Comment   string            `json:"comment,omitempty"`
	Created   time.Time         `json:"created"`
	For       string            `json:"for,omitempty"` // workstation
	Own       bool              `json:"own,omitempty"` // the user's own workstation
	At        string            `json:"at,omitempty"`
	Since     time.Time         `json:"since"`
	NotBefore time.Time         `json:"notBefore,omitzero"`
	Tries     int               `json:"tries"`
	Run       engine.RunID      `json:"run,omitempty"`
	Result    engine.TaskResult `json:"result,omitempty"`
	Trouble   string            `json:"trouble,omitempty"`
}

func (c tasksCommon) print(t engine.Task, now time.Time) {
	t = t.Standing(now)
	if !c.JSON {
		fmt.Printf("%s  %s %s, %s: %s\n", t.ID, words.English.Serial(t.Card), t.User.Logon, words.English.Tasks.Kinds[t.Kind], words.English.TaskState(t, now))
		for _, line := range words.English.TaskLines(t, now) {
			fmt.Println("    " + line)
		}
		return
	}
	shown := taskShown{
		ID: t.ID, Kind: t.Kind, State: t.State, Late: t.Late(now), Card: t.Card, User: t.User, Policy: t.Policy, LeftBy: t.LeftBy,
		Comment: t.Comment, Created: t.Created, For: t.Station, Own: t.Bound, At: t.At, Since: t.Since, NotBefore: t.NotBefore,
		Tries: t.Tries, Run: t.Run, Result: t.Result,
	}
	if err := t.Failure(); err != nil {
		shown.Trouble = words.English.TitleOf(err)
	}
	printJSON(shown)
}

// tasksListCmd lists the tasks.
type tasksListCmd struct{ tasksCommon }

// Run prints them: those that are not completed, then the completed.
func (cmd tasksListCmd) Run(ctx context.Context) error { return cmd.with(ctx, cmd.list) }

func (cmd tasksListCmd) list(ctx context.Context, p *parts) error {
	all, err := p.desk.TaskList(ctx, p.actor)
	if err != nil {
		return err
	}
	for _, t := range all {
		cmd.print(t, p.desk.Now())
	}
	if len(all) == 0 && !cmd.JSON {
		fmt.Println(words.English.Tasks.None)
	}
	return nil
}

// tasksLeaveCmd leaves one.
type tasksLeaveCmd struct {
	tasksCommon
	Card    string `required:"" placeholder:"NUMBER" help:"The card, by the number printed on it."`
	Cancel  bool   `help:"Cancel the update that waits for a CA, instead of updating."`
	Comment string `placeholder:"TEXT" help:"What the card's user reads."`
	Station string `placeholder:"NAME" help:"The workstation that is to do it, where the policy wants that."`
}

// Run leaves it.
func (cmd tasksLeaveCmd) Run(ctx context.Context) error { return cmd.with(ctx, cmd.leave) }

func (cmd tasksLeaveCmd) leave(ctx context.Context, p *parts) error {
	v, err := p.desk.FindCard(ctx, p.actor, cmd.Card)
	if err != nil {
		return err
	}
	wish := engine.TaskWish{Kind: engine.TaskUpdate, Comment: cmd.Comment, Station: cmd.Station}
	if cmd.Cancel {
		wish.Kind = engine.TaskCancel
	}
	t, err := p.desk.LeaveTask(ctx, p.actor, v.Record.Card.ID, wish)
	if err == nil {
		cmd.print(t, p.desk.Now())
	}
	return err
}

// oneTask is a command about one task.
type oneTask struct {
	tasksCommon
	ID string `arg:"" help:"The task: its id, or how it begins, as kiosk tasks list has it."`
}

// find finds the one task whose id begins so.
func (cmd oneTask) find(ctx context.Context, p *parts) (engine.TaskID, error) {
	all, err := p.desk.TaskList(ctx, p.actor)
	if err != nil {
		return "", err
	}
	var found []engine.TaskID
	for _, t := range all {
		if cmd.ID != "" && strings.HasPrefix(string(t.ID), cmd.ID) {
			found = append(found, t.ID)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	why := "no task has an id that begins so: see kiosk tasks list"
	if len(found) > 1 {
		why = "several tasks have an id that begins so: give more of it"
	}
	return "", &engine.Error{Op: "find task", Kind: engine.BadInput, Subject: engine.Clean(cmd.ID), Err: errors.New(why)}
}

// tasksRetryCmd offers one again.
type tasksRetryCmd struct{ oneTask }

// Run offers it again.
func (cmd tasksRetryCmd) Run(ctx context.Context) error { return cmd.with(ctx, cmd.retry) }

func (cmd tasksRetryCmd) retry(ctx context.Context, p *parts) error {
	id, err := cmd.find(ctx, p)
	if err != nil {
		return err
	}
	t, err := p.desk.RetryTask(ctx, p.actor, id)
	if err == nil {
		cmd.print(t, p.desk.Now())
	}
	return err
}

// tasksRemoveCmd removes one.
type tasksRemoveCmd struct{ oneTask }

// Run removes it.
func (cmd tasksRemoveCmd) Run(ctx context.Context) error { return cmd.with(ctx, cmd.remove) }

func (cmd tasksRemoveCmd) remove(ctx context.Context, p *parts) error {
	id, err := cmd.find(ctx, p)
	if err != nil {
		return err
	}
	return p.desk.RemoveTask(ctx, p.actor, id)
}
