package ui

import (
	"context"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
)

// agent is what the app knows of the tasks it carries out; of no use elsewhere.
type agent struct {
	waits   engine.Actor // who waits for cards: the account that the agent runs as
	looking bool
	asked   map[string]int   // by reader: the visit of the card about which a task was refused
	refused map[string]error // … and why
	begun   bool             // the run has
	held    time.Time        // when it was said last that the agent is at its task
}

const (
	// tasksLooked is how often an agent looks for a task of a card that lies there.
	tasksLooked = 3 * time.Second
	// taskKept is how often it says that it is still at one: in a third of its lease.
	taskKept = 20 * time.Second
)

type (
	// taskTaken is a task with the card and with what it comes to.
	taskTaken struct {
		task     engine.Task
		holder   engine.Actor
		card     *engine.Connected
		user     *engine.User
		action   walk.Action
		proposal *engine.Proposal
		err      error
	}
	// noTask is that no card has one now.
	noTask struct {
		refused map[string]error
		asked   map[string]int
	}
	tasksAgain struct{}
	// taskStillHeld is how holding the task went.
	taskStillHeld struct {
		id  engine.TaskID
		err error
	}
	// taskEnded is that it was reported.
	taskEnded struct{ err error }
)

// isAgent reports whether the app waits for cards instead of people.
func (a *App) isAgent() bool { return a.draft.Mode == engine.Agent }

// home is where the walk begins.
func (a *App) home() walk.Stage {
	if a.isAgent() {
		return walk.AwaitCard
	}
	return walk.FindUser
}

// atHome reports whether there is no page before this one.
func (a *App) atHome() bool { return a.stage == a.home() }

// watchTasks looks again and again for tasks, or holds the one that was taken.
func (a *App) watchTasks() tea.Cmd {
	if !a.isAgent() || a.needs.After == nil {
		return nil
	}
	ctx, after := a.ctx, a.needs.After(tasksLooked)
	again := func() tea.Msg {
		select {
		case <-ctx.Done():
			return nil
		case <-after:
			return tasksAgain{}
		}
	}
	return tea.Batch(a.lookForTask(), a.holdTask(), again)
}

// lookForTask takes the task of a card that lies in a reader, if one has one. What
// was refused of a card is not asked again while it lies there.
func (a *App) lookForTask() tea.Cmd {
	if a.stage != walk.AwaitCard || a.agent.looking || a.popup != nil || a.readers.trouble != nil {
		return nil
	}
	var here []engine.ReaderView
	refused, asked := map[string]error{}, map[string]int{}
	for _, v := range a.readers.views {
		name := v.Reader.Name
		switch visit, was := a.agent.asked[name]; {
		case v.Card == nil || v.Err != nil:
		case was && visit == v.Reader.Visit:
			refused[name], asked[name] = a.agent.refused[name], visit
		default:
			here = append(here, v)
		}
	}
	if len(here) == 0 {
		return a.tasksAre(noTask{refused, asked})
	}
	desk, waits, ctx := a.needs.Desk, a.agent.waits, a.ctx
	a.agent.looking = true
	return func() tea.Msg {
		for _, v := range here {
			t, holder, ok, err := desk.TakeTask(ctx, waits, v.Card.ID)
			switch {
			case err != nil:
				refused[v.Reader.Name], asked[v.Reader.Name] = err, v.Reader.Visit
			case ok:
				return begin(ctx, desk, t, holder, v.Reader.Name)
			}
		}
		return noTask{refused, asked}
	}
}

// begin reads the card of a task that was taken, and finds out what it comes to.
func begin(ctx context.Context, desk *engine.Desk, t engine.Task, holder engine.Actor, reader string) (taken taskTaken) {
	taken = taskTaken{task: t, holder: holder}
	c, err := desk.Connect(ctx, holder, reader)
	if err != nil {
		taken.err = err
		return taken
	}
	taken.card = c
	taken.action, taken.user, taken.proposal, taken.err = walk.Foresee(ctx, desk, t, holder, c)
	return taken
}

// taskIsTaken shows the task, or reports why it cannot be done.
func (a *App) taskIsTaken(msg taskTaken) tea.Cmd {
	a.agent.looking = false
	a.agent.refused, a.agent.asked = nil, nil
	a.needs.Actor = msg.holder
	task := msg.task
	a.draft.Task, a.draft.Connected, a.draft.User, a.draft.Proposal = &task, msg.card, msg.user, msg.proposal
	a.draft.Action, a.draft.Card = msg.action, task.Card.ID
	a.agent.held = a.needs.Now()
	a.guard.lastUse = a.agent.held // somebody has put their card in
	switch {
	case engine.Is(msg.err, engine.CardGone):
		return a.giveBack(a.needs.Text.Tasks.Pulled)
	case msg.err != nil:
		return a.failTask(msg.err)
	case msg.proposal != nil && walk.Idle(*msg.proposal):
		return a.nothingToDo()
	}
	return a.turn(walk.ShowTask)
}

// tasksAre takes what was found where no card has a task, and looks again later.
func (a *App) tasksAre(msg noTask) tea.Cmd {
	a.agent.looking = false
	a.agent.refused, a.agent.asked = msg.refused, msg.asked
	if p, ok := a.page.(*awaitCard); ok {
		p.refused = msg.refused
	}
	return nil
}

// holdTask says that the agent is still at its task.
func (a *App) holdTask() tea.Cmd {
	if a.draft.Task == nil || a.needs.Now().Sub(a.agent.held) < taskKept {
		return nil
	}
	a.agent.held = a.needs.Now()
	desk, actor, ctx, task := a.needs.Desk, a.needs.Actor, a.ctx, *a.draft.Task
	return func() tea.Msg { return taskStillHeld{task.ID, desk.HoldTask(ctx, actor, task)} }
}

// taskIsHeld leaves a task that is ours no more, unless its run goes on: that ends by
// itself.
func (a *App) taskIsHeld(msg taskStillHeld) tea.Cmd {
	if !engine.Is(msg.err, engine.TaskGone) || a.running || a.draft.Task == nil || a.draft.Task.ID != msg.id {
		return nil
	}
	a.draft.Task = nil
	cmd := a.await()
	a.status = a.needs.Text.Tasks.Over
	return cmd
}

// await goes back to waiting.
func (a *App) await() tea.Cmd {
	a.needs.Actor, a.agent.begun = a.agent.waits, false
	a.draft.Release()
	return a.turn(walk.AwaitCard)
}

// report ends the task at the desk, whatever becomes of the page.
func (a *App) report(end func(ctx context.Context, actor engine.Actor, t engine.Task) error) tea.Cmd {
	if a.draft.Task == nil {
		return nil
	}
	actor, task, ctx := a.needs.Actor, *a.draft.Task, context.WithoutCancel(a.ctx)
	a.draft.Task = nil
	return func() tea.Msg { return taskEnded{end(ctx, actor, task)} }
}

// giveBack gives the task back: it is offered again after a while.
func (a *App) giveBack(said string) tea.Cmd {
	desk := a.needs.Desk
	report := a.report(func(ctx context.Context, actor engine.Actor, t engine.Task) error {
		_, err := desk.ReturnTask(ctx, actor, t)
		return err
	})
	cmd := a.await()
	if said == "" {
		said = fmt.Sprintf(a.needs.Text.Tasks.GivenBack, a.needs.Text.Clock(a.needs.Now().Add(desk.Agent.RetryAfter), a.needs.Now()))
	}
	a.status = said
	return tea.Batch(report, cmd)
}

// nothingToDo reports that the card is up to date.
func (a *App) nothingToDo() tea.Cmd {
	desk, name := a.needs.Desk, a.draft.Task.User.Name
	report := a.report(func(ctx context.Context, actor engine.Actor, t engine.Task) error {
		_, err := desk.NothingToDo(ctx, actor, t)
		return err
	})
	cmd := a.await()
	a.status = fmt.Sprintf(a.needs.Text.Tasks.Nothing, name)
	return tea.Batch(report, cmd)
}

// failTask reports trouble, and shows it.
func (a *App) failTask(why error) tea.Cmd {
	desk := a.needs.Desk
	report := a.report(func(ctx context.Context, actor engine.Actor, t engine.Task) error {
		_, err := desk.FailTask(ctx, actor, t, why)
		return err
	})
	return tea.Batch(report, a.await(), a.trouble(why))
}

// finishTask reports how the run ended.
func (a *App) finishTask(r engine.Result) tea.Cmd {
	desk := a.needs.Desk
	return a.report(func(ctx context.Context, actor engine.Actor, t engine.Task) error {
		_, err := desk.FinishTask(ctx, actor, t, r)
		return err
	})
}

// cardLeftAgent is that the card was taken out before anything was begun.
func (a *App) cardLeftAgent() tea.Cmd {
	if a.stage == walk.Result {
		return a.await()
	}
	return a.giveBack(a.needs.Text.Tasks.Pulled)
}

// closeAgent gives a task back that was not begun, when the program ends. One whose
// run was begun is offered anew when its lease has ended.
func (a *App) closeAgent() {
	if a.draft.Task == nil || a.agent.begun {
		return
	}
	_, _ = a.needs.Desk.ReturnTask(context.WithoutCancel(a.ctx), a.needs.Actor, *a.draft.Task) // it lapses otherwise
}

// agentHears takes the messages of an agent's work.
func (a *App) agentHears(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tasksAgain:
		return a.watchTasks()
	case noTask:
		return a.tasksAre(msg)
	case taskTaken:
		return a.taskIsTaken(msg)
	case taskStillHeld:
		return a.taskIsHeld(msg)
	case taskEnded:
		if a.needs.Nudge != nil {
			a.needs.Nudge() // it may have left letters
		}
		if msg.err != nil && !engine.Is(msg.err, engine.TaskGone) {
			a.status = a.needs.Text.TitleOf(msg.err)
		}
	}
	return nil
}

// agentRunIsOver reports how the run ended, and shows it.
func (a *App) agentRunIsOver(msg runEnded) tea.Cmd {
	if msg.err != nil {
		return tea.Batch(a.failTask(msg.err), a.lookAnew())
	}
	a.draft.Result = &msg.result
	report := a.finishTask(msg.result)
	return tea.Batch(report, a.turn(walk.Result), a.lookAnew())
}

// loseAgentCard is that the card is not held any more before anything was begun.
func (a *App) loseAgentCard(why error) tea.Cmd {
	if engine.Is(why, engine.CardGone) {
		return a.cardLeftAgent()
	}
	return a.failTask(why)
}

// findTask looks for a task as soon as a card has come.
func (a *App) findTask() tea.Cmd {
	if !a.isAgent() {
		return nil
	}
	return a.lookForTask()
}
