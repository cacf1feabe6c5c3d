package engine

import (
	"context"
	"time"
)

// AgentRules are how a station carries tasks out, from its configuration.
type AgentRules struct {
	User       string        // logon name of whose workstation it is; "" where it is nobody's own
	Mismatch   Mismatch      // what becomes of a task that is bound to another
	RetryAfter time.Duration // when a task is offered again that its holder did not want now
}

// Mismatch says what an agent does with a task that is bound to another workstation,
// or to the workstation of its user.
type Mismatch string

// The rules.
const (
	MismatchRefuse Mismatch = "refuse" // leave it, and say so
	MismatchLog    Mismatch = "log"    // do it, and leave a line in the audit
)

// StartAgent checks that the account the agent runs as may run it, and returns the
// actor who waits there for cards.
func (d *Desk) StartAgent(ctx context.Context, account Actor) (Actor, error) {
	account.Mode = Agent
	err := d.may(ctx, account, RunAgent, matter{})
	if err == nil {
		d.witness(ctx, AuditRow{Actor: account, Act: string(RunAgent)}, nil)
	}
	return account, err
}

// byTask lets an agent look who lies in the readers, and whoever holds the card of a
// task that it has taken do what the task asks for, as long as whoever left it may
// do that themselves.
func (d *Desk) byTask(ctx context.Context, actor Actor, p Privilege, m matter) *Denial {
	switch {
	case p == RunAgent:
		return d.askRoles(ctx, actor, p, m)
	case p == ViewCard && m.card == "" && m.user == "":
		return nil
	case actor.Task == "" || d.Tasks == nil:
		return &Denial{Privilege: p, Why: NoTask}
	}
	t, ok, err := d.Tasks.Task(ctx, actor.Task)
	if err != nil {
		return &Denial{Privilege: p, Why: StandingUnknown, Err: err}
	}
	t = t.Standing(d.Now())
	mine := ok && t.State == TaskRunning && t.At == actor.Station && t.Kind.lets(p)
	its := m.card == t.Card.ID && m.user == t.User.ID && actor.User == t.User.ID
	if !mine || !its {
		return &Denial{Privilege: p, Why: NoTask}
	}
	if denial := d.stillLeft(ctx, t); denial != nil {
		denial.Privilege = p
		return denial
	}
	return nil
}

// stillLeft asks whether whoever left a task may do now what it asks for; of one
// that nobody left, whether the policy lets agents do it by themselves.
func (d *Desk) stillLeft(ctx context.Context, t Task) *Denial {
	m := t.about()
	if t.Kind == TaskContinue {
		policy, err := d.policyOf(ctx, m)
		switch {
		case err != nil:
			return &Denial{Privilege: ContinueUpdate, Why: StandingUnknown, Err: err}
		case !policy.Tasks.Resume:
			return &Denial{Privilege: ContinueUpdate, Why: NotByItself}
		}
		return nil
	}
	for _, p := range []Privilege{AssignTask, t.Kind.deed()} {
		if denial := d.askRoles(ctx, t.LeftBy, p, m); denial != nil {
			return &Denial{Privilege: p, Why: LeaverMayNot, Err: denial}
		}
	}
	return nil
}

// about is what a task is about.
func (t Task) about() matter { return matter{card: t.Card.ID, user: t.User.ID, policy: t.Policy} }
