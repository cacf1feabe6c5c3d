package walk

import (
	"slices"
	"testing"

	"cardkiosk/engine"
)

// At an agent each action leads through its own stages, and back the same way until
// the run begins; it starts and ends where a card is waited for.
func TestAgentStagesThereAndBack(t *testing.T) {
	for action, all := range agentStages {
		d := &Draft{Mode: engine.Agent, Action: action}
		if d.Start() != AwaitCard || all[0] != AwaitCard || all[1] != ShowTask {
			t.Errorf("%s: begins with %v", action, all)
		}
		var there []Stage
		for s, ok := all[0], true; ok; s, ok = d.Next(s) {
			there = append(there, s)
		}
		if !slices.Equal(there, all) {
			t.Errorf("%s: walked %v, want %v", action, there, all)
		}
		for i := len(all) - 1; i > 0; i-- {
			got, ok := d.Back(all[i])
			begun := all[i] == Update || all[i] == Result
			if ok == begun || ok && got != all[i-1] {
				t.Errorf("%s: back from %s gives %q, %v", action, all[i], got, ok)
			}
		}
		if d.Release(); d.Mode != engine.Agent {
			t.Error("after a walk an agent is none any more")
		}
	}
	if to, ok := (&Draft{Mode: engine.Agent}).Back(ShowTask); to != AwaitCard || !ok {
		t.Errorf("back from the task leads to %q", to)
	}
}

// Holders choose certificates only where there are some and the policy lets them.
func TestTemplatesFallAwayAtAgent(t *testing.T) {
	optional := []engine.Choice{{Template: engine.Template{Optional: true}}}
	for name, c := range map[string]struct {
		mode    engine.Mode
		may     bool
		choices []engine.Choice
		want    Stage
	}{
		"an operator":     {engine.Operator, true, nil, SelectTemplates},
		"may choose":      {engine.Agent, true, optional, SelectTemplates},
		"may not":         {engine.Agent, false, optional, EnterPIN},
		"nothing to":      {engine.Agent, true, []engine.Choice{{}}, EnterPIN},
		"only what goes":  {engine.Agent, true, []engine.Choice{{Template: optional[0].Template, Leaving: true}}, EnterPIN},
		"nothing to, may": {engine.Agent, true, nil, EnterPIN},
	} {
		at := map[engine.Mode]Stage{engine.Operator: ConnectCard, engine.Agent: ShowTask}[c.mode]
		d := Draft{Mode: c.mode, Action: UpdateCard, Proposal: &engine.Proposal{May: engine.Freedom{Optional: c.may}, Choices: c.choices}}
		if got, _ := d.Next(at); got != c.want {
			t.Errorf("%s: comes to %s, want %s", name, got, c.want)
		}
	}
}

// A task comes to what the card is ready for, also when somebody has begun with it.
func TestTaskAction(t *testing.T) {
	run, turned := &engine.RunSummary{}, &engine.RunSummary{Turned: true}
	waits := &engine.Pending{Cancel: true, Requests: []engine.Request{{State: engine.RequestPending}}}
	ready := &engine.Pending{Requests: []engine.Request{{State: engine.RequestApproved}}}
	for name, c := range map[string]struct {
		kind       engine.TaskKind
		state      engine.State
		unfinished *engine.RunSummary
		pending    *engine.Pending
		want       Action
	}{
		"first update":          {engine.TaskUpdate, engine.StateAssigned, nil, nil, IssueCard},
		"update":                {engine.TaskUpdate, engine.StateIssued, nil, nil, UpdateCard},
		"update, begun":         {engine.TaskUpdate, engine.StateIssued, run, nil, ContinueUpdate},
		"update, approved":      {engine.TaskUpdate, engine.StatePending, nil, ready, ContinueUpdate},
		"update, waits":         {engine.TaskUpdate, engine.StatePending, nil, waits, ""},
		"update, disabled":      {engine.TaskUpdate, engine.StateDisabled, nil, nil, ""},
		"cancel":                {engine.TaskCancel, engine.StatePending, nil, waits, CancelUpdate},
		"cancel, begun":         {engine.TaskCancel, engine.StatePending, turned, nil, CancelUpdate},
		"cancel, not allowed":   {engine.TaskCancel, engine.StatePending, nil, ready, ""},
		"cancel, ended":         {engine.TaskCancel, engine.StateIssued, nil, nil, ""},
		"continue":              {engine.TaskContinue, engine.StatePending, nil, ready, ContinueUpdate},
		"continue, begun":       {engine.TaskContinue, engine.StatePending, run, nil, ContinueUpdate},
		"continue, not decided": {engine.TaskContinue, engine.StatePending, nil, waits, ""},
	} {
		got, ok := TaskAction(engine.Task{Kind: c.kind}, engine.CardView{Record: engine.Record{State: c.state}, Unfinished: c.unfinished, Pending: c.pending})
		if ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%s: comes to %q, %v; want %q", name, got, ok, c.want)
		}
	}
}

// A card with a task is left no other; what an agent offers by itself gives way.
func TestOneTaskIsLeft(t *testing.T) {
	for name, c := range map[string]struct {
		task *engine.Task
		want bool
	}{
		"none":             {nil, true},
		"idle":             {&engine.Task{Kind: engine.TaskUpdate, State: engine.TaskIdle}, false},
		"error":            {&engine.Task{Kind: engine.TaskCancel, State: engine.TaskError}, false},
		"by itself":        {&engine.Task{Kind: engine.TaskContinue, State: engine.TaskIdle}, true},
		"by itself, taken": {&engine.Task{Kind: engine.TaskContinue, State: engine.TaskRunning}, false},
	} {
		card := engine.CardView{Record: engine.Record{State: engine.StateIssued}, Task: c.task}
		if got := slices.Contains(Actions(&engine.Profile{}, &card), LeaveUpdate); got != c.want {
			t.Errorf("%s: offered %v", name, got)
		}
	}
}
