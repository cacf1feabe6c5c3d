package engine

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// A task that an operator left is taken by an agent, done by the card's holder with
// what the task asks for and nothing else, and reported; whom the policy names is
// written to.
func TestTaskDone(t *testing.T) {
	w := withTasks()
	w.policy.Rules = []Rule{{Event: TaskCompleted, To: []string{"desk@corp.example"}}}
	w.desk.Policies = []Policy{w.policy}
	left := w.leaves(t, TaskWish{Kind: TaskUpdate, Comment: "before you travel\x1b[2J"})
	if strings.Contains(left.Comment, "\x1b") || left.LeftBy != actor || left.State != TaskIdle {
		t.Errorf("what was left is %+v", left)
	}
	agent := w.agent(t)
	taken, holder := w.takes(t, agent)
	if holder.Who != "alovelace" || holder.Mode != Agent || holder.Task != left.ID || taken.At != "lobby-1" {
		t.Errorf("taken by %+v as %+v", holder, taken)
	}
	w.idles(t, agent) // it is at it
	for _, p := range Privileges() {
		denied := w.desk.denial(t.Context(), holder, p, taken.about()) != nil
		if asked := slices.Contains([]Privilege{ViewCard, UpdateCard, ContinueUpdate}, p); denied == asked {
			t.Errorf("%s: denied %v", p, denied)
		}
	}
	other := taken.about()
	other.card = "card-2"
	if d := w.desk.denial(t.Context(), holder, UpdateCard, other); d == nil || d.Why != NoTask {
		t.Errorf("another card's update is denied with %v", d)
	}
	r, err := w.acts(t, holder)
	must(t, err)
	done, err := w.desk.FinishTask(t.Context(), holder, taken, r)
	must(t, err)
	if done.State != TaskEnded || done.Result != TaskDone || done.Run != r.Run {
		t.Errorf("it is %+v", done)
	}
	same(t, "letters", w.told(), "task completed to desk@corp.example")
	if _, err := w.acts(t, holder); !Is(err, Forbidden) {
		t.Errorf("with the task done one can go on: %v", err)
	}
	acts := []string{}
	for _, row := range w.life.audit {
		if strings.Contains(row.Act, "task") || row.Act == string(RunAgent) {
			acts = append(acts, row.Actor.Who+" "+row.Act)
		}
	}
	same(t, "audit", acts, "operator assign task", "lobby run agent", "lobby take task", "alovelace finish task")
}

// Whoever leaves a task must be allowed to do it themselves, when they leave it and
// when it is taken and done; and the card must be as for the deed.
func TestTaskWantsWhatItsDeedWants(t *testing.T) {
	w := withTasks()
	w.desk.Roles[0].Privileges = []Privilege{ViewCard, AssignTask, CancelUpdate}
	if _, err := w.desk.LeaveTask(t.Context(), actor, w.id.ID, TaskWish{Kind: TaskUpdate}); !Is(err, Forbidden) {
		t.Errorf("an update was left by who may not update: %v", err)
	}
	if _, err := w.desk.LeaveTask(t.Context(), actor, w.id.ID, TaskWish{Kind: TaskCancel}); !Is(err, WrongState) {
		t.Errorf("cancelling was left of no update: %v", err)
	}
	if _, err := w.desk.LeaveTask(t.Context(), actor, w.id.ID, TaskWish{Kind: TaskContinue}); !Is(err, Forbidden) {
		t.Errorf("what nobody leaves was left: %v", err)
	}
	w = withTasks()
	w.record.State = StateDisabled
	if _, err := w.desk.LeaveTask(t.Context(), actor, w.id.ID, TaskWish{Kind: TaskUpdate}); !Is(err, WrongState) {
		t.Errorf("an update of a disabled card was left: %v", err)
	}
	w.record.State = StateIssued
	w.leaves(t, TaskWish{Kind: TaskUpdate})
	if _, err := w.desk.LeaveTask(t.Context(), actor, w.id.ID, TaskWish{Kind: TaskUpdate}); !Is(err, TaskThere) {
		t.Errorf("a second one was left: %v", err)
	}
	agent := w.agent(t)
	roles := w.desk.Roles
	w.desk.Roles = roles[1:]
	if _, _, ok, err := w.desk.TakeTask(t.Context(), agent, w.id.ID); ok || DenialOf(err).Why != LeaverMayNot {
		t.Errorf("taken %v, %v, of one who may not any more", ok, err)
	}
	w.desk.Roles = roles
	_, holder := w.takes(t, agent)
	w.desk.Roles = roles[1:]
	if _, err := w.acts(t, holder); !Is(err, Forbidden) || DenialOf(err).Why != LeaverMayNot {
		t.Errorf("done for one who may not any more: %v", err)
	}
}

// Nobody runs an agent without the privilege, however much else they may.
func TestAgentWantsItsPrivilege(t *testing.T) {
	w := withTasks()
	if _, err := w.desk.StartAgent(t.Context(), actor); !Is(err, Forbidden) {
		t.Errorf("an operator started an agent: %v", err)
	}
	w.leaves(t, TaskWish{Kind: TaskUpdate})
	agent := w.agent(t)
	w.desk.Roles = w.desk.Roles[:1]
	if _, _, _, err := w.desk.TakeTask(t.Context(), agent, w.id.ID); !Is(err, Forbidden) {
		t.Errorf("it takes tasks when the privilege is gone: %v", err)
	}
}

// A task bound to another workstation, or to the user's own, is left alone and said
// so, or done and audited: as configured.
func TestTaskMismatch(t *testing.T) {
	for name, c := range map[string]struct {
		options TaskOptions
		station string
		user    string // whose workstation the agent's is
		why     DenialWhy
	}{
		"this workstation":        {TaskOptions{Station: true}, "LOBBY-1", "", ""},
		"another workstation":     {TaskOptions{Station: true}, "lobby-2", "", OtherStation},
		"her own workstation":     {TaskOptions{User: true}, "", "ALovelace", ""},
		"somebody's workstation":  {TaskOptions{User: true}, "", "asimecka", OtherUsers},
		"nobody's workstation":    {TaskOptions{User: true}, "", "", OtherUsers},
		"her own, and another":    {TaskOptions{Station: true, User: true}, "lobby-2", "alovelace", OtherStation},
		"bound to nothing at all": {TaskOptions{}, "", "asimecka", ""},
	} {
		for _, rule := range []Mismatch{MismatchRefuse, MismatchLog} {
			w := withTasks()
			w.policy.Tasks = c.options
			w.desk.Agent.Mismatch, w.desk.Agent.User = rule, c.user
			task := w.leaves(t, TaskWish{Kind: TaskUpdate, Station: c.station})
			w.life.audit = nil
			_, _, ok, err := w.desk.TakeTask(t.Context(), w.agent(t), w.id.ID)
			refused := c.why != "" && rule == MismatchRefuse
			if ok == refused || refused && (DenialOf(err) == nil || DenialOf(err).Why != c.why) || !refused && err != nil {
				t.Errorf("%s, %s: taken %v, %v", name, rule, ok, err)
			}
			if refused != (w.task(task.ID).State == TaskIdle) {
				t.Errorf("%s, %s: it is %s", name, rule, w.task(task.ID).State)
			}
			told := slices.ContainsFunc(w.life.audit, func(r AuditRow) bool {
				return r.Act == takeTask && strings.Contains(r.Detail, "another") || strings.Contains(r.Detail, "own")
			})
			if told != (c.why != "") {
				t.Errorf("%s, %s: the audit has %+v", name, rule, w.life.audit)
			}
		}
	}
}

// What a policy binds has to be named, and nothing else.
func TestTaskBinding(t *testing.T) {
	w := withTasks()
	if _, err := w.desk.LeaveTask(t.Context(), actor, w.id.ID, TaskWish{Kind: TaskUpdate, Station: "lobby-1"}); !Is(err, BadInput) {
		t.Errorf("bound though the policy does not: %v", err)
	}
	w.policy.Tasks.Station = true
	if _, err := w.desk.LeaveTask(t.Context(), actor, w.id.ID, TaskWish{Kind: TaskUpdate}); !Is(err, BadInput) {
		t.Errorf("not bound though the policy wants it: %v", err)
	}
}

// What its holder did not want now is offered again after the interval, or when
// somebody says so.
func TestTaskReturned(t *testing.T) {
	w := withTasks()
	w.leaves(t, TaskWish{Kind: TaskUpdate})
	agent := w.agent(t)
	taken, holder := w.takes(t, agent)
	back, err := w.desk.ReturnTask(t.Context(), holder, taken)
	must(t, err)
	if back.State != TaskIdle || back.Silent() {
		t.Errorf("it is %+v", back)
	}
	w.now = w.now.Add(29 * time.Minute)
	w.idles(t, agent)
	w.now = w.now.Add(time.Minute)
	taken, holder = w.takes(t, agent)
	if taken.Tries != 2 {
		t.Errorf("it was tried %d times", taken.Tries)
	}
	_, err = w.desk.ReturnTask(t.Context(), holder, taken)
	must(t, err)
	_, err = w.desk.RetryTask(t.Context(), actor, taken.ID)
	must(t, err)
	w.takes(t, agent)
}

// A task that runs for ten minutes is late, and only then may be removed while it
// runs; whoever was at it may do nothing more.
func TestTaskLate(t *testing.T) {
	w := withTasks()
	w.leaves(t, TaskWish{Kind: TaskUpdate})
	taken, holder := w.takes(t, w.agent(t))
	for range 10 * 2 {
		if taken.Late(w.now) {
			t.Fatalf("it is late after %v", w.now.Sub(modelNow))
		}
		if err := w.desk.RemoveTask(t.Context(), actor, taken.ID); !Is(err, WrongState) {
			t.Fatalf("it was removed while it runs: %v", err)
		}
		must(t, w.desk.HoldTask(t.Context(), holder, taken))
		w.now = w.now.Add(30 * time.Second)
	}
	list, err := w.desk.TaskList(t.Context(), actor)
	must(t, err)
	if len(list) != 1 || !list[0].Late(w.now) || list[0].State != TaskRunning {
		t.Errorf("the list is %+v", list)
	}
	must(t, w.desk.RemoveTask(t.Context(), actor, taken.ID))
	if _, err := w.acts(t, holder); !Is(err, Forbidden) {
		t.Errorf("with the task gone one can go on: %v", err)
	}
	if err := w.desk.HoldTask(t.Context(), holder, taken); !Is(err, TaskGone) {
		t.Errorf("it is held still: %v", err)
	}
	if _, err := w.desk.ReturnTask(t.Context(), holder, taken); !Is(err, TaskGone) {
		t.Errorf("it was returned all the same: %v", err)
	}
}

// The task of an agent that has gone silent is idle again when its lease ends; the
// next agent goes on with the update that was begun, and the first may do nothing.
func TestAgentGoesSilent(t *testing.T) {
	w := withTasks()
	w.leaves(t, TaskWish{Kind: TaskUpdate})
	agent := w.agent(t)
	taken, first := w.takes(t, agent)
	w.light(9, true) // the power goes with the run under way
	if _, err := w.acts(t, first); err == nil {
		t.Fatal("the power did not go")
	}
	w.light(0, false)
	if _, open := w.open(); !open {
		t.Fatal("no run is open")
	}
	w.idles(t, agent)
	w.now = w.now.Add(taskLease)
	if is := w.task(taken.ID); is.State != TaskIdle || !is.Silent() {
		t.Errorf("it is %+v", is)
	}
	agent.Station = "lobby-2"
	again, second := w.takes(t, agent)
	c, err := w.desk.Connect(t.Context(), second, "reader")
	must(t, err)
	if _, err := w.desk.Resume(t.Context(), first, c, newPIN(), nil); !Is(err, Forbidden) {
		t.Errorf("the first agent goes on: %v", err)
	}
	r, err := w.desk.Resume(t.Context(), second, c, newPIN(), nil)
	must(t, err)
	if _, err := w.desk.FinishTask(t.Context(), first, taken, r); !Is(err, TaskGone) {
		t.Errorf("the first agent reports: %v", err)
	}
	_, err = w.desk.FinishTask(t.Context(), second, again, r)
	must(t, err)
}

// An update that a CA holds completes its task; what the CA approves is offered by
// itself where the policy lets agents, and then it is the holder's PIN that is asked
// for and nobody's privilege.
func TestApprovedIsResumed(t *testing.T) {
	for _, resume := range []bool{false, true} {
		w := withTasks()
		w.holds["Logon"] = true
		w.policy.Tasks.Resume = resume
		w.leaves(t, TaskWish{Kind: TaskUpdate})
		agent := w.agent(t)
		taken, holder := w.takes(t, agent)
		r, err := w.acts(t, holder)
		must(t, err)
		done, err := w.desk.FinishTask(t.Context(), holder, taken, r)
		must(t, err)
		if done.Result != TaskPending {
			t.Errorf("it came to %s", done.Result)
		}
		w.idles(t, agent) // nothing is approved
		w.officerDecides(map[string]bool{"Logon": true})
		w.hears(t)
		w.desk.Roles = w.desk.Roles[1:] // nobody may leave anything
		if !resume {
			w.idles(t, agent)
			continue
		}
		taken, holder = w.takes(t, agent)
		if taken.Kind != TaskContinue {
			t.Errorf("it took %+v", taken)
		}
		c, err := w.desk.Connect(t.Context(), holder, "reader")
		must(t, err)
		r, err = w.desk.Resume(t.Context(), holder, c, newPIN(), nil)
		must(t, err)
		done, err = w.desk.FinishTask(t.Context(), holder, taken, r)
		must(t, err)
		if done.Result != TaskDone || w.record.State != StateIssued {
			t.Errorf("it came to %s, the card is %s", done.Result, w.record.State)
		}
		w.idles(t, agent)
	}
}

// An update that waits is cancelled at the agent when that was left, also in the
// place of what the agent offers by itself.
func TestCancelAtAgent(t *testing.T) {
	w := withTasks()
	w.holds["Logon"], w.policy.Tasks.Resume = true, true
	w.policy.Rules = []Rule{{Event: TaskCompleted, To: []string{"desk@corp.example"}}}
	w.desk.Policies = []Policy{w.policy}
	c, p, err := w.propose(Selection{})
	must(t, err)
	_, err = w.update(c, p.Plan)
	must(t, err)
	w.leaves(t, TaskWish{Kind: TaskCancel})
	taken, holder := w.takes(t, w.agent(t))
	if c, err = w.desk.Connect(t.Context(), holder, "reader"); err != nil {
		t.Fatal(err)
	}
	r, err := w.desk.CancelUpdate(t.Context(), holder, c, newPIN(), nil)
	must(t, err)
	done, err := w.desk.FinishTask(t.Context(), holder, taken, r)
	must(t, err)
	if done.Result != TaskDone || w.record.State != StateIssued {
		t.Errorf("it came to %s, the card is %s", done.Result, w.record.State)
	}
	same(t, "letters", w.told(), "task completed to desk@corp.example")
	if !w.letters[0].Notice.Cancels {
		t.Error("the letter does not say that an update was cancelled")
	}
}

// What kept a task from being done stands on it until somebody retries or removes it.
func TestTaskFailed(t *testing.T) {
	w := withTasks()
	w.leaves(t, TaskWish{Kind: TaskUpdate})
	agent := w.agent(t)
	taken, holder := w.takes(t, agent)
	failed, err := w.desk.FailTask(t.Context(), holder, taken, &Error{Op: "ask", Kind: CAAway, Subject: "ca.corp\x1b.example", Run: "r1"})
	must(t, err)
	if failed.State != TaskError || failed.Run != "r1" || !Is(failed.Failure(), CAAway) || strings.Contains(failed.Words, "\x1b") {
		t.Errorf("it is %+v", failed)
	}
	w.idles(t, agent)
	_, err = w.desk.RetryTask(t.Context(), actor, failed.ID)
	must(t, err)
	w.takes(t, agent)
}

// Who may see the tasks of some policies only sees no others.
func TestTasksOfOnePolicy(t *testing.T) {
	w := withTasks()
	w.leaves(t, TaskWish{Kind: TaskUpdate})
	for policy, want := range map[string]int{"Staff": 1, "Guests": 0} {
		w.desk.Roles[0].Policies = []string{policy}
		list, err := w.desk.TaskList(t.Context(), actor)
		must(t, err)
		if len(list) != want {
			t.Errorf("of policy %s %d tasks are seen", policy, len(list))
		}
	}
}
