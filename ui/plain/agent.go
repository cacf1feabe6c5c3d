package plain

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
)

const (
	// tasksLooked is how often a task is looked for.
	tasksLooked = 3 * time.Second
	// taskKept is how often it is said that the agent is still at one.
	taskKept = 20 * time.Second
)

// Agent waits for cards with a task, and walks whoever holds one through it, until
// ctx ends or nobody answers any more.
func Agent(ctx context.Context, n Needs) error {
	a := &agent{walker: walker{Needs: n}, waits: n.Actor, told: map[string]int{}}
	a.draft.Mode = engine.Agent
	defer a.draft.Release()
	a.say("%s", a.Text.Tasks.Wait)
	a.say("%s", a.Text.Tasks.WaitHint)
	for ctx.Err() == nil {
		t, holder, reader := a.await(ctx)
		if reader == "" {
			return nil
		}
		switch err := a.serve(ctx, t, holder, reader); {
		case errors.Is(err, errLeft):
			a.say("%s", a.Text.Plain.Left)
			return nil
		case err != nil:
			return err
		}
	}
	return nil
}

// agent is a walker that begins with a card.
type agent struct {
	walker
	waits engine.Actor
	views []engine.ReaderView
	told  map[string]int // by reader: the visit of a card of which it was said that its task is refused
}

// await returns a task that was taken, and where its card lies; no reader when the
// agent is to end.
func (a *agent) await(ctx context.Context) (engine.Task, engine.Actor, string) {
	a.Actor = a.waits
	for {
		views, err := a.Desk.LookAtReaders(ctx, a.waits, a.views)
		if err == nil {
			a.views = views
		}
		for _, v := range views {
			if visit, was := a.told[v.Reader.Name]; v.Card == nil || v.Err != nil || was && visit == v.Reader.Visit {
				continue
			}
			t, holder, ok, err := a.Desk.TakeTask(ctx, a.waits, v.Card.ID)
			switch {
			case err != nil && ctx.Err() == nil:
				a.told[v.Reader.Name] = v.Reader.Visit
				a.trouble(err)
			case ok:
				return t, holder, v.Reader.Name
			}
		}
		select {
		case <-ctx.Done():
			return engine.Task{}, engine.Actor{}, ""
		case <-a.After(tasksLooked):
		}
	}
}

// serve walks through a task and reports what came of it. It is held meanwhile: when
// it is removed, whoever is asked something is asked no more.
func (a *agent) serve(ctx context.Context, t engine.Task, holder engine.Actor, reader string) error {
	a.Actor, a.draft.Task = holder, &t
	asking, stop := context.WithCancel(ctx)
	var held sync.WaitGroup
	gone := false
	held.Go(func() {
		gone = a.hold(asking, t)
		stop()
	})
	result, begun, err := a.do(asking, t, reader)
	stop()
	held.Wait()
	a.draft.Release()
	if gone && !begun {
		a.say("%s", a.Text.Tasks.Over)
		return nil
	}
	return a.report(context.WithoutCancel(ctx), t, result, begun, err)
}

// hold says again and again that the agent is at the task. It reports that it is ours
// no more.
func (a *agent) hold(ctx context.Context, t engine.Task) (gone bool) {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-a.After(taskKept):
		}
		if engine.Is(a.Desk.HoldTask(ctx, a.Actor, t), engine.TaskGone) {
			return true
		}
	}
}

var errNothing = errors.New("nothing to do")

// do walks from the task to the result. begun says that a run was.
func (a *agent) do(ctx context.Context, t engine.Task, reader string) (r engine.Result, begun bool, err error) {
	d := &a.draft
	if d.Connected, err = a.Desk.Connect(ctx, a.Actor, reader); err != nil {
		return r, false, err
	}
	d.Card = t.Card.ID
	if d.Action, d.User, d.Proposal, err = walk.Foresee(ctx, a.Desk, t, a.Actor, d.Connected); err != nil {
		return r, false, err
	}
	if d.Proposal != nil && walk.Idle(*d.Proposal) {
		return r, false, errNothing
	}
	for stage, more := walk.ShowTask, true; more; {
		a.stage = stage
		begun = begun || stage == walk.Update
		err := a.visit(ctx, stage)
		switch {
		case errors.Is(err, errBack):
			if stage, more = d.Back(stage); stage == walk.AwaitCard {
				return r, false, errBack
			}
			continue
		case err != nil:
			return r, begun, err
		case a.turned != "": // back to a profile that there is not here
			a.turned = ""
			if len(d.Proposal.Plan.Obstacles) > 0 {
				return r, begun, &engine.Error{Op: "begin task", Kind: engine.CannotPlan, Subject: t.User.Name}
			}
			return r, begun, errNothing
		}
		stage, more = d.Next(stage)
	}
	return *d.Result, true, nil
}

// showTask says what was left to be done, and asks whether to begin.
func (w *walker) showTask(ctx context.Context) error {
	t, words := *w.draft.Task, w.Text.Tasks
	w.title(fmt.Sprintf(words.Greet, t.User.Name))
	w.say("%s", words.What[t.Kind])
	w.say("%s", w.Text.LeftBy(t))
	if t.Comment != "" {
		w.say(words.Comment, t.Comment)
	}
	if p := w.draft.Proposal; p != nil {
		w.say("%s", words.Will)
		w.lines(w.Text.PlanLines(p.Plan))
	}
	w.say("%s", words.NeedsPIN)
	for i, what := range []string{words.Begin, words.NotNow} {
		w.say(w.Text.Plain.Number, i+1, what)
	}
	i, err := w.number(ctx, words.AskBegin, 2, "")
	if err == nil && i == 2 {
		return errBack
	}
	return err
}

// report tells the desk, and the person, what became of the task. Its error ends the
// agent: nobody answers any more.
func (a *agent) report(ctx context.Context, t engine.Task, r engine.Result, begun bool, err error) error {
	_, mute := errors.AsType[unanswered](err)
	left := mute || errors.Is(err, errLeft)
	var told error
	switch {
	case err == nil:
		_, told = a.Desk.FinishTask(ctx, a.Actor, t, r)
		if a.Nudge != nil {
			a.Nudge()
		}
	case errors.Is(err, errNothing):
		a.say(a.Text.Tasks.Nothing, t.User.Name)
		_, told = a.Desk.NothingToDo(ctx, a.Actor, t)
	case engine.Is(err, engine.Stopped) && begun: // the task is offered anew when its lease has ended
		a.trouble(err)
		return err
	case left, errors.Is(err, errBack), engine.Is(err, engine.CardGone) && !begun, errors.Is(err, context.Canceled):
		var back engine.Task
		if back, told = a.Desk.ReturnTask(ctx, a.Actor, t); told == nil {
			a.say(a.Text.Tasks.GivenBack, a.Text.Clock(back.NotBefore, a.Now()))
		}
	default:
		a.trouble(err)
		_, told = a.Desk.FailTask(ctx, a.Actor, t, err)
	}
	if told != nil {
		a.trouble(told)
	}
	if mute {
		return &engine.Error{Op: "read answer", Kind: engine.Stopped, Err: err}
	}
	if left {
		return errLeft
	}
	return nil
}
