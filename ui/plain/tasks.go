package plain

import (
	"context"
	"errors"
	"fmt"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
)

// task says what was left for an agent.
func (w *walker) task(v engine.CardView) {
	if v.Task != nil {
		w.describeTask(*v.Task)
	}
}

func (w *walker) describeTask(t engine.Task) {
	w.say("%s", w.Text.TaskTitle(t, w.Now()))
	for _, line := range w.Text.TaskLines(t, w.Now()) {
		w.say("  %s", line)
	}
}

// leaveTask asks for what goes with a task, and leaves it.
func (w *walker) leaveTask(ctx context.Context) error {
	t, d := w.Text.Tasks, &w.draft
	wish := engine.TaskWish{Kind: d.Action.TaskKind()}
	title := t.LeaveUpdate
	if wish.Kind == engine.TaskCancel {
		title = t.LeaveCancel
	}
	w.title(fmt.Sprintf(title, w.Text.SerialOf(d.Card), d.User.Name))
	w.say("%s", t.LeaveHint)
	var err error
	if wish.Comment, err = w.line(ctx, t.AskComment+":"); err != nil {
		return err
	}
	if w.user.Tasks.Station {
		if wish.Station, err = w.line(ctx, t.AskStation+":"); err != nil {
			return err
		}
	}
	if yes, err := w.yes(ctx, t.AskLeave); err != nil || !yes {
		return leave(err)
	}
	if _, err := w.Desk.LeaveTask(ctx, w.Actor, d.Card, wish); err != nil {
		return err
	}
	w.say("%s", t.Left)
	w.turned = walk.Profile
	return nil
}

// taskList reads the tasks out, and does what is wanted with one.
func (w *walker) taskList(ctx context.Context) error {
	for {
		w.title(w.Text.Tasks.Title)
		all, err := w.Desk.TaskList(ctx, w.Actor)
		if err != nil {
			w.trouble(err)
			return nil
		}
		if len(all) == 0 {
			w.say("%s", w.Text.Tasks.None)
			return nil
		}
		for i, t := range all {
			w.say(w.Text.Plain.Number, i+1, t.User.Name+", "+w.Text.Serial(t.Card))
			w.describeTask(t)
		}
		i, err := w.number(ctx, w.Text.Tasks.AskWhich, len(all), "")
		if err == nil {
			err = w.withTask(ctx, all[i-1])
		}
		if errors.Is(err, errBack) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// withTask offers a task again, or removes it.
func (w *walker) withTask(ctx context.Context, t engine.Task) error {
	words := w.Text.Tasks
	for i, what := range []string{words.Retry, words.Remove} {
		w.say(w.Text.Plain.Number, i+1, what)
	}
	i, err := w.number(ctx, words.AskWhat, 2, "")
	if err != nil {
		return err
	}
	said := words.Retried
	if i == 1 {
		_, err = w.Desk.RetryTask(ctx, w.Actor, t.ID)
	} else {
		said, err = words.Removed, w.Desk.RemoveTask(ctx, w.Actor, t.ID)
	}
	if err != nil {
		w.trouble(err)
		return nil
	}
	w.say("%s", said)
	return nil
}
