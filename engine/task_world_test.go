package engine

import (
	"context"
	"slices"
	"testing"
	"time"
)

// modelTasks keeps tasks in memory.
type modelTasks struct{ all map[TaskID]Task }

func (m modelTasks) Task(_ context.Context, id TaskID) (Task, bool, error) {
	t, ok := m.all[id]
	return t, ok, nil
}

func (m modelTasks) OpenTask(_ context.Context, card CardID) (Task, bool, error) {
	for _, t := range m.all {
		if t.Card.ID == card && t.State != TaskEnded {
			return t, true, nil
		}
	}
	return Task{}, false, nil
}

func (m modelTasks) AllTasks(context.Context, int) ([]Task, error) {
	var all []Task
	for _, t := range m.all {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b Task) int { return a.Created.Compare(b.Created) })
	return all, nil
}

func (m modelTasks) ChangeTask(ctx context.Context, c TaskChange) (Task, error) {
	t := c.Task
	was, there := m.all[t.ID]
	_, open, _ := m.OpenTask(ctx, t.Card.ID)
	switch {
	case t.Version == 0 && open:
		return t, &Error{Kind: TaskThere}
	case there != (t.Version > 0) || was.Version != t.Version:
		return t, &Error{Kind: TaskGone}
	}
	t.Version++
	if m.all[t.ID] = t; t.State == "" {
		delete(m.all, t.ID)
	}
	return t, nil
}

func (m modelTasks) HoldTask(_ context.Context, id TaskID, version int64, until time.Time) error {
	t, ok := m.all[id]
	if !ok || t.Version != version || t.State != TaskRunning {
		return &Error{Kind: TaskGone}
	}
	t.Until = until
	m.all[id] = t
	return nil
}

// keptChanges remembers what went with the changes of tasks.
type keptChanges struct {
	modelTasks
	*world
}

func (k keptChanges) ChangeTask(ctx context.Context, c TaskChange) (Task, error) {
	t, err := k.modelTasks.ChangeTask(ctx, c)
	if err == nil {
		k.life.audit = append(k.life.audit, *c.Audit)
		k.letters = append(k.letters, c.Letters...)
	}
	return t, err
}

// lobby is the account that an agent runs as.
var lobby = Actor{Who: "lobby", Station: "lobby-1", How: ByAccount}

// withTasks is a world with an issued card that is due, an operator who may leave
// tasks, and an agent at lobby-1.
func withTasks() *world {
	w := withLife(movesKeys)
	p := &w.policy
	p.Cancel = true
	w.write(*p, w.grant(p.Templates[0], "9a", isExpiring), w.grant(p.Templates[1], "9c", isValid),
		w.grant(p.Templates[2], "9d", isValid), w.grant(p.Templates[3], "9e", isValid), w.grant(p.Templates[4], "84", isValid))
	w.desk.Tasks = keptChanges{modelTasks{map[TaskID]Task{}}, w}
	w.desk.Agent = AgentRules{RetryAfter: 30 * time.Minute, Mismatch: MismatchRefuse}
	w.desk.Roles = []Role{
		{Name: "desk", Privileges: []Privilege{ViewCard, UpdateCard, CancelUpdate, AssignTask, SeeTasks, RetryTask, RemoveTask}, Users: []string{"operator"}},
		{Name: "agents", Privileges: []Privilege{RunAgent}, Users: []string{"lobby"}},
	}
	return w
}

// leaves leaves a task for the card.
func (w *world) leaves(t *testing.T, wish TaskWish) Task {
	t.Helper()
	task, err := w.desk.LeaveTask(t.Context(), actor, w.id.ID, wish)
	must(t, err)
	return task
}

// agent is who waits for cards at lobby-1.
func (w *world) agent(t *testing.T) Actor {
	t.Helper()
	a, err := w.desk.StartAgent(t.Context(), lobby)
	must(t, err)
	return a
}

// takes has an agent take the card's task.
func (w *world) takes(t *testing.T, agent Actor) (Task, Actor) {
	t.Helper()
	task, holder, ok, err := w.desk.TakeTask(t.Context(), agent, w.id.ID)
	if must(t, err); !ok {
		t.Fatal("there was nothing to take")
	}
	return task, holder
}

// idles expects that the agent finds nothing to do.
func (w *world) idles(t *testing.T, agent Actor) {
	t.Helper()
	if task, _, ok, err := w.desk.TakeTask(t.Context(), agent, w.id.ID); ok || err != nil {
		t.Errorf("the agent took %+v, %v", task, err)
	}
}

// acts has a holder update the card at the agent.
func (w *world) acts(t *testing.T, holder Actor) (Result, error) {
	t.Helper()
	c, err := w.desk.Connect(t.Context(), holder, "reader")
	if err != nil {
		return Result{}, err
	}
	p, err := w.desk.Propose(t.Context(), holder, c, w.user, Selection{})
	if err != nil {
		return Result{}, err
	}
	return w.desk.Update(t.Context(), holder, c, p.Plan, newPIN(), nil)
}

// task is the stored task as it stands.
func (w *world) task(id TaskID) Task {
	t, _, _ := w.desk.Tasks.Task(context.Background(), id)
	return t.Standing(w.now)
}
