package engine

import (
	"context"
	"testing"
)

// nobodyAsks are the methods that no person asks for, and why that is right.
var nobodyAsks = map[string]string{
	"AskHeld":            "the worker's: asks CAs what became of requests that somebody was allowed to make",
	"Deliver":            "the worker's: sends letters that acts have left",
	"Health":             "counts what waits, for the header; says of nobody what it is",
	"Permitted":          "says beforehand what the actor may do, and does nothing",
	"RefreshPeople":      "the worker's: reads the directory for the report of due cards",
	"RefreshRevocations": "the worker's: reads what CAs have revoked",
	"RunErrands":         "the worker's: publishes and reports what acts have left",
	"Tell":               "the worker's: writes the letters that policies ask for",
}

// standing makes a world with an issued card that is due, and somebody who may
// everything to prepare things.
func standing(t *testing.T) *stand {
	t.Helper()
	w := withLife(movesKeys)
	w.policy.Cancel, w.policy.Users = true, UserOptions{Update: true, CancelUpdate: true}
	return stands(t, w)
}

func stands(t *testing.T, w *world) *stand {
	t.Helper()
	s := &stand{world: w}
	s.spy = &spyCA{modelCA: modelCA{w}}
	d := w.desk
	d.CAs = map[string]CA{"corp": s.spy}
	d.Audit, d.Roles, d.Policies = s, everything, []Policy{w.policy, {Name: "Visitors"}}
	d.Roles = append(d.Roles[:len(d.Roles):len(d.Roles)], Role{Name: "agents", Privileges: []Privilege{RunAgent}, Users: []string{"lobby"}})
	d.Roles[0].Users = []string{"operator"}
	d.Directory, d.People, d.Ledger = searched{modelDirectory{w}}, snapshotted{}, emptyShelf{modelLedger{w}}
	d.Unsent, d.AuditLog, d.Post = noLetters{}, noAuditLog{}, noPost{}
	if d.Tasks == nil {
		d.Tasks = keptChanges{modelTasks{map[TaskID]Task{}}, w}
	}
	return s
}

// issued has the card in the reader, issued and due.
func issued(t *testing.T) *stand {
	t.Helper()
	s := standing(t)
	p := s.policy
	s.write(p, s.grant(p.Templates[0], "9a", isExpiring), s.grant(p.Templates[1], "9c", isValid),
		s.grant(p.Templates[2], "9d", isValid), s.grant(p.Templates[3], "9e", isValid), s.grant(p.Templates[4], "84", isValid))
	s.record.PUK = []byte("sealed")
	s.lies(t)
	return s
}

func (s *stand) lies(t *testing.T) {
	t.Helper()
	var err error
	s.c, err = s.connect()
	must(t, err)
}

// inState has the card in a state of its life.
func inState(state State) func(*testing.T) *stand {
	return func(t *testing.T) *stand {
		s := standing(t)
		s.in(state)
		s.lies(t)
		return s
	}
}

// planned has an update planned, by whoever holds the card in self-service and by an
// operator else: the plan is made for both, and the case's own is carried out.
func (s *stand) planFor(ctx context.Context, who Actor) (Plan, error) {
	proven, users, roles := s.c.proven, s.policy.Users, s.desk.Roles
	defer func() { s.c.proven, s.policy.Users, s.desk.Roles = proven, users, roles }()
	s.c.proven, s.policy.Users, s.desk.Roles = true, UserOptions{Update: true, CancelUpdate: true}, everything
	maker := actor
	if who.Mode == SelfService {
		maker = Actor{Who: "ada", Station: who.Station, Mode: SelfService, User: ada.ID}
	}
	p, err := s.desk.Propose(ctx, maker, s.c, s.user, Selection{})
	return p.Plan, err
}

// waiting has an update that waits for its CA; decided says what the officer has
// decided of it, nil for nothing.
func standWaiting(decided map[string]bool) func(*testing.T) *stand {
	return func(t *testing.T) *stand {
		w := heldWorld(t)
		w.policy.Users = UserOptions{Update: true, CancelUpdate: true}
		s := stands(t, w)
		if decided != nil {
			s.officerDecides(decided)
			s.hears(t)
		}
		s.lies(t)
		return s
	}
}

// standInterrupted has an update that was cut off before it had gone too far.
func standInterrupted(t *testing.T) *stand {
	s := issued(t)
	p, err := s.planFor(t.Context(), actor)
	must(t, err)
	s.light(4, false)
	if _, err := s.update(s.c, p); err == nil {
		t.Fatal("the update was not cut off")
	}
	s.light(0, false)
	s.lies(t)
	return s
}

// unknown has a card that was issued before, by the same CA, and is in no record.
func unknown(t *testing.T) *stand {
	s := issued(t)
	s.record = nil
	s.lies(t)
	return s
}

// left has a task left for the card, and failed where that is said.
func left(failed bool) func(*testing.T) *stand {
	return func(t *testing.T) *stand {
		s := issued(t)
		s.task = s.leaves(t, TaskWish{Kind: TaskUpdate})
		if failed {
			taken, holder := s.takes(t, s.agent(t))
			var err error
			s.task, err = s.desk.FailTask(t.Context(), holder, taken, errDark)
			must(t, err)
		}
		return s
	}
}

// taken has a task at an agent.
func taken(t *testing.T) *stand {
	s := left(false)(t)
	s.task, _ = s.takes(t, s.agent(t))
	return s
}

const agents = "it is for the agent that is at the task"

// operations is the table, in the order of the walk.
func deskOperations() []deskOperation {
	return slicesOf(lookOperations(), updateOperations(), lifeOperations(), taskOperations(), otherOperations())
}

func slicesOf(all ...[]deskOperation) (ops []deskOperation) {
	for _, some := range all {
		ops = append(ops, some...)
	}
	return ops
}

func lookOperations() []deskOperation {
	return []deskOperation{
		{name: "Find", all: []Privilege{FindUsers}, lobby: never, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.Find(ctx, who, "ada")
			return err
		}},
		{name: "LookAtReaders", all: []Privilege{ViewCard}, lobby: anybody, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.LookAtReaders(ctx, who, nil)
			return err
		}},
		{name: "WatchReaders", all: []Privilege{ViewCard}, lobby: anybody, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.WatchReaders(ctx, who, nil)
			return err
		}},
		{name: "Connect", all: []Privilege{ViewCard}, about: somebody, lobby: whoever, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.Connect(ctx, who, "reader")
			return err
		}},
		{name: "View", all: []Privilege{ViewCard}, about: somebody, lobby: shown, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.View(ctx, who, s.c, &s.user)
			return err
		}},
		{name: "Holders", all: []Privilege{FindUsers}, lobby: never, set: unknown, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.Holders(ctx, who, s.c)
			return err
		}},
		{name: "Profile", all: []Privilege{ViewCard}, about: somebody, lobby: itself, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.Profile(ctx, who, ada.ID)
			return err
		}},
		{name: "FindCard", all: []Privilege{ViewCard}, about: somebody, lobby: itself, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.FindCard(ctx, who, "1")
			return err
		}},
		{name: "PendingNews", all: []Privilege{ViewCard}, about: somebody, lobby: itself, set: standWaiting(nil), do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.PendingNews(ctx, who, s.id.ID, Pending{})
			return err
		}},
		{name: "ExplainPolicy", all: []Privilege{ViewCard}, about: somebody, lobby: itself, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.ExplainPolicy(ctx, who, ada.ID)
			return err
		}},
		{name: "History", all: []Privilege{SeeHistory}, about: somebody, lobby: never, set: standWaiting(nil), do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.History(ctx, who, s.id.ID)
			return err
		}},
		{name: "Due", all: []Privilege{SeeDue}, lobby: never, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.Due(ctx, who, DueFilter{}, func(DueCard) error { return nil })
			return err
		}},
		{name: "WorkList", all: []Privilege{SeeDue}, lobby: never, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			l, err := s.desk.WorkList(ctx, who, "")
			if err == nil {
				l.Close()
			}
			return err
		}},
	}
}

func updateOperations() []deskOperation {
	anyUpdate := []Privilege{UpdateCard, ContinueUpdate, CancelUpdate, UnassignCard}
	return []deskOperation{
		{name: "PINTries", any: []Privilege{ViewCard, UpdateCard}, about: somebody, lobby: whoever, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.PINTries(ctx, who, s.c)
			return err
		}},
		{name: "CheckPIN", any: anyUpdate, about: somebody, lobby: optional, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			return s.desk.CheckPIN(ctx, who, s.c, newPIN())
		}},
		{name: "ProveHolder", about: somebody, lobby: whoever, soft: "it is for whoever holds the card", set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, _, err := s.desk.ProveHolder(ctx, who, s.c, newPIN())
			return err
		}},
		{name: "Propose", all: []Privilege{UpdateCard}, about: somebody, lobby: optional, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.Propose(ctx, who, s.c, s.user, Selection{})
			return err
		}},
		{name: "ProposeFor", all: []Privilege{UpdateCard}, about: somebody, lobby: optional, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.ProposeFor(ctx, who, s.c)
			return err
		}},
		{name: "Update", all: []Privilege{UpdateCard}, about: somebody, lobby: optional, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			plan, err := s.planFor(ctx, who)
			if err != nil {
				return err
			}
			_, err = s.desk.Update(ctx, who, s.c, plan, newPIN(), nil)
			return err
		}},
		{name: "Resume", all: []Privilege{ContinueUpdate}, about: somebody, lobby: optional, set: standInterrupted, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.Resume(ctx, who, s.c, newPIN(), nil)
			return err
		}},
		{name: "TakeBack", all: []Privilege{ContinueUpdate}, about: somebody, lobby: optional, set: standInterrupted, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.TakeBack(ctx, who, s.c, newPIN(), nil)
			return err
		}},
		{name: "CancelUpdate", all: []Privilege{CancelUpdate}, about: somebody, lobby: optional, set: standWaiting(nil), do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.CancelUpdate(ctx, who, s.c, newPIN(), nil)
			return err
		}},
		{name: "EndRejected", all: []Privilege{ContinueUpdate}, about: somebody, lobby: optional, set: standWaiting(map[string]bool{"Logon": false, "Signing": false}), do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.EndRejected(ctx, who, s.c, newPIN(), nil)
			return err
		}},
	}
}

func lifeOperations() []deskOperation {
	return []deskOperation{
		{name: "ProposeAdoption", all: []Privilege{AdoptCard}, about: somebody, lobby: never, set: unknown, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.ProposeAdoption(ctx, who, s.c, s.user)
			return err
		}},
		{name: "Adopt", all: []Privilege{AdoptCard}, about: somebody, lobby: never, soft: "nothing on it is the user's", set: unknown, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.Adopt(ctx, who, s.c, Adoption{User: s.user})
			return err
		}},
		{name: "Assign", all: []Privilege{AssignCard}, about: somebody, lobby: never, set: inState(""), do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.Assign(ctx, who, s.c, s.user)
			return err
		}},
		{name: "Foresee", all: []Privilege{DisableCard}, about: somebody, lobby: never, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.Foresee(ctx, who, s.id.ID, Wish{Event: CardDisabled})
			return err
		}},
		{name: "Turn", all: []Privilege{DisableCard}, about: somebody, lobby: never, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.Turn(ctx, who, s.id.ID, Wish{Event: CardDisabled})
			return err
		}},
		{name: "Unassign", all: []Privilege{UnassignCard}, about: somebody, lobby: never, set: inState(StateAssigned), do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.Unassign(ctx, who, s.id.ID)
			return err
		}},
		{name: "ProposeUnassign", all: []Privilege{UnassignCard}, about: somebody, lobby: never, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.ProposeUnassign(ctx, who, s.c)
			return err
		}},
		{name: "UnassignIssued", all: []Privilege{UnassignCard}, about: somebody, lobby: never, set: emptying, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.UnassignIssued(ctx, who, s.c, s.plan, newPIN(), nil)
			return err
		}},
		{name: "Disable", all: []Privilege{DisableCard}, about: somebody, lobby: never, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.Disable(ctx, who, s.id.ID)
			return err
		}},
		{name: "Enable", all: []Privilege{EnableCard}, about: somebody, lobby: never, set: inState(StateDisabled), do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.Enable(ctx, who, s.id.ID)
			return err
		}},
		{name: "Revoke", all: []Privilege{RevokeCard}, about: somebody, lobby: never, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.Revoke(ctx, who, s.id.ID, CardLost, false)
			return err
		}},
		{name: "ProposeClean", all: []Privilege{CleanCard}, about: somebody, lobby: never, set: inState(StateRevoked), do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.ProposeClean(ctx, who, s.c)
			return err
		}},
		{name: "Clean", all: []Privilege{CleanCard}, about: somebody, lobby: never, set: standCleaning, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.Clean(ctx, who, s.c, s.wiping)
			return err
		}},
		{name: "ShowPUK", all: []Privilege{ShowPUK}, about: somebody, lobby: never, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.ShowPUK(ctx, who, s.id.ID, func(sealed []byte) ([]byte, error) { return sealed, nil })
			return err
		}},
	}
}

func emptying(t *testing.T) *stand {
	s := issued(t)
	var err error
	s.plan, err = s.desk.ProposeUnassign(t.Context(), actor, s.c)
	must(t, err)
	return s
}

func standCleaning(t *testing.T) *stand {
	s := inState(StateRevoked)(t)
	var err error
	s.wiping, err = s.desk.ProposeClean(t.Context(), actor, s.c)
	must(t, err)
	return s
}

func taskOperations() []deskOperation {
	return []deskOperation{
		{name: "LeaveTask", all: []Privilege{AssignTask, UpdateCard}, about: somebody, lobby: never, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.LeaveTask(ctx, who, s.id.ID, TaskWish{Kind: TaskUpdate})
			return err
		}},
		{name: "TaskList", all: []Privilege{SeeTasks}, lobby: never, set: left(false), do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.TaskList(ctx, who)
			return err
		}},
		{name: "RetryTask", all: []Privilege{RetryTask}, about: somebody, lobby: never, set: left(true), do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.RetryTask(ctx, who, s.task.ID)
			return err
		}},
		{name: "RemoveTask", all: []Privilege{RemoveTask}, about: somebody, lobby: never, set: left(true), do: func(ctx context.Context, s *stand, who Actor) error {
			return s.desk.RemoveTask(ctx, who, s.task.ID)
		}},
		{name: "StartAgent", all: []Privilege{RunAgent}, lobby: never, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.StartAgent(ctx, who)
			return err
		}},
		{name: "TakeTask", all: []Privilege{RunAgent}, lobby: never, set: left(false), do: func(ctx context.Context, s *stand, who Actor) error {
			_, _, _, err := s.desk.TakeTask(ctx, who, s.id.ID)
			return err
		}},
		{name: "HoldTask", about: somebody, lobby: never, soft: agents, set: taken, do: func(ctx context.Context, s *stand, who Actor) error {
			return s.desk.HoldTask(ctx, who, s.task)
		}},
		{name: "ReturnTask", about: somebody, lobby: never, soft: agents, set: taken, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.ReturnTask(ctx, who, s.task)
			return err
		}},
		{name: "FinishTask", about: somebody, lobby: never, soft: agents, set: taken, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.FinishTask(ctx, who, s.task, Result{End: Finished})
			return err
		}},
		{name: "NothingToDo", about: somebody, lobby: never, soft: agents, set: taken, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.NothingToDo(ctx, who, s.task)
			return err
		}},
		{name: "FailTask", about: somebody, lobby: never, soft: agents, set: taken, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.FailTask(ctx, who, s.task, errDark)
			return err
		}},
	}
}

func otherOperations() []deskOperation {
	return []deskOperation{
		{name: "OutboxLetters", all: []Privilege{SeeOutbox}, lobby: never, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.OutboxLetters(ctx, who, 7)
			return err
		}},
		{name: "TestMail", all: []Privilege{TryMail}, lobby: never, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.TestMail(ctx, who, "ada@corp.example")
			return err
		}},
		{name: "Orphans", all: []Privilege{SeeOrphans}, lobby: never, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.Orphans(ctx, who)
			return err
		}},
		{name: "ExplainRoles", all: []Privilege{SeeRoles}, about: somebody, lobby: itself, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			_, err := s.desk.ExplainRoles(ctx, who, ada.ID, "")
			return err
		}},
		{name: "SeeAuditRows", all: []Privilege{SeeAudit}, lobby: never, set: issued, do: func(ctx context.Context, s *stand, who Actor) error {
			return s.desk.SeeAuditRows(ctx, who, AuditFilter{}, func(ChainedRow) error { return nil })
		}},
	}
}
