package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// The stories of tasks that operators leave at desk-3 and that the agent at desk-4
// carries out, on one database; the CA, the directory, the mail server and the
// readers are processes too. Each story has a user and a card of its own.
func TestAgents(t *testing.T) {
	needs(t, "yubico-piv-tool", "pkcs11-tool", "pkcs15-tool", "opensc-tool", "tmux")
	s := openHeld(t)
	for _, story := range []struct {
		name string
		tell func(*heldSite)
	}{
		{"done", (*heldSite).taskDone},
		{"first update", (*heldSite).taskOfFirstUpdate},
		{"cancelled update", (*heldSite).taskCancels},
		{"resumed by itself", (*heldSite).resumedByItself},
		{"wrong user or workstation", (*heldSite).wrongPlace},
		{"not now, and two agents", (*heldSite).notNow},
		{"killed", (*heldSite).agentKilled},
		{"late and removed", (*heldSite).lateAndRemoved},
	} {
		t.Run(story.name, func(t *testing.T) { story.tell(s.in(t)) })
	}
	s.sends()                                // what a story has left
	for came := -1; came < s.letters.came; { // exim does not end while letters are not fetched
		came = s.letters.came
		s.letters.collect(t, time.Now().Add(time.Second))
	}
}

// withAgent writes the configurations of both kiosks, and of the agent's what is
// said of it.
func (s *heldSite) withAgent(agent string, policies ...string) (desk, lobby kiosk) {
	s.t.Helper()
	desk, lobby = s.kiosks(policies...)
	write(s.t, lobby.config, read(s.t, lobby.config)+"\n[agent]\n"+agent)
	return desk, lobby
}

// agent starts kiosk agent on a screen of its own.
func (k kiosk) agent() *tmuxScreen {
	k.t.Helper()
	term := openTerminal(k.t, nil, kioskProgram(k.t), "agent", "--config", k.config)
	term.sees("Put in your card")
	return term
}

// leaves leaves a task for a card.
func (k kiosk) leaves(serial string, more ...string) {
	k.t.Helper()
	k.t.Logf("$ kiosk tasks leave --card %s %s\n%s", serial, strings.Join(more, " "),
		done(k.t, append([]string{"tasks", "leave", "--config", k.config, "--card", serial}, more...)...))
}

// tasks are what kiosk tasks list --json has of a card, the newest first.
func (s *heldSite) tasks(serial string) (all []taskShown) {
	s.t.Helper()
	lines := json.NewDecoder(bytes.NewReader([]byte(done(s.t, "tasks", "list", "--json", "--config", s.path("config.toml")))))
	for lines.More() {
		var t taskShown
		if err := lines.Decode(&t); err != nil {
			s.t.Fatal(err)
		}
		if t.Card.Serial == serial {
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(a, b taskShown) int { return b.Created.Compare(a.Created) })
	return all
}

// taskIs waits until the card's newest task is in a state.
func (s *heldSite) taskIs(serial string, state engine.TaskState) taskShown {
	s.t.Helper()
	for limit := time.Now().Add(90 * time.Second); ; {
		all := s.tasks(serial)
		if len(all) > 0 && all[0].State == state {
			return all[0]
		}
		if time.Now().After(limit) {
			s.t.Fatalf("the tasks of card %s are %+v, want one %s", serial, all, state)
		}
	}
}

// begins goes from the task to the end of the PIN.
func (s *tmuxScreen) begins() {
	s.t.Helper()
	s.press("Enter")
	s.enters("48291375")
}

// confirms goes from the plan to the run.
func (s *tmuxScreen) confirms() {
	s.t.Helper()
	s.sees("▸  Back")
	s.press("Left")
	s.press("Enter")
}

// An operator leaves a task at one kiosk, with a comment; the agent at another does it
// with the card's holder, and the card desk is written to.
func (s *heldSite) taskDone() {
	const user, serial = "alovelace", "712501"
	policy := func(templates string) string {
		return policyText("staff", "cancel_update = true", templates) + "[[policy.notify]]\nevent = \"task completed\"\nto = [\"" + cardDesk + "\"]\n"
	}
	takeOut := s.issues(user, serial, policy, logonTemplate)
	desk, lobby := s.withAgent("", policy(logonTemplate))
	before := s.holds("9a")
	takeOut()
	agent := lobby.agent()

	term := desk.screen()
	term.opens(user)
	term.chooses("Leave to agent")
	term.sees("Leave the update of card")
	term.types("before you travel")
	term.press("Enter")
	term.shows("The task is left.", "Task for an agent: Update card (idle)", "before you travel")

	lobby.puts(serial)
	agent.shows("Hello, Ada Lovelace", "before you travel", "Left by", "desk-3", "new key, new certificate")
	term.press("F5")
	term.shows("Task for an agent: Update card (running)", "An agent is at it at desk-4")
	agent.begins()
	agent.confirms()
	agent.shows(words.English.Result.Done)
	t := s.taskIs(serial, engine.TaskEnded)
	if t.At != "desk-4" || t.Result != engine.TaskDone || t.Run == "" || t.LeftBy.Station != "desk-3" || t.Tries != 1 {
		s.t.Errorf("the task is %+v", t)
	}
	s.arrives(cardDesk, "the task is done")
	s.works("9a")
	s.recorded(s.is(serial, engine.StateIssued), before)
	agent.press("Enter")
	agent.shows("No task for a card here")
}

// A card that was only assigned gets its first certificates at the agent, with a PIN
// that its holder chooses.
func (s *heldSite) taskOfFirstUpdate() {
	const user, serial = "asimecka", "712508"
	policy := policyText("staff", "", logonTemplate)
	desk, lobby := s.withAgent("", policy)
	takeOut := desk.puts(serial)
	s.assigns(desk, user)
	takeOut()
	desk.leaves(serial)
	agent := lobby.agent()
	lobby.puts(serial)
	agent.shows("Hello,", "Your card is to be updated.")
	agent.press("Enter")
	agent.sees("New PIN")
	for range 2 {
		agent.types("48291375")
		agent.press("Enter")
	}
	agent.confirms()
	agent.shows(words.English.Result.DoneFirst)
	s.taskIs(serial, engine.TaskEnded)
	s.is(serial, engine.StateIssued)
	s.works("9a")
}

// assigns gives the card in the kiosk's reader to a user, and leaves it at that.
func (s *heldSite) assigns(k kiosk, user string) {
	s.t.Helper()
	term := k.screen()
	term.opens(user)
	term.chooses(words.English.Actions["assign"])
	term.sees("Which card?", "nobody's yet")
	term.press("Enter")
	term.sees("Assign this card?")
	term.press("Enter")
	term.shows(words.English.Assign.Done)
}

// An update that waits for a CA is cancelled at the agent: the card is as it was.
func (s *heldSite) taskCancels() {
	const user, serial = "aturing", "712502"
	policy := tellsAll("cancel_update = true")
	takeOut := s.issues(user, serial, policy, logonHeld)
	desk, lobby := s.withAgent("", policy(logonHeld))
	before := s.chip(serial)
	desk.updates(user, exitPending)
	takeOut()
	out, errs, code := runKiosk(s.t, "tasks", "leave", "--config", desk.config, "--card", serial)
	if code != exitRefused {
		s.t.Errorf("an update of a card that waits was left: exit code %d\n%s%s", code, out, errs)
	}
	desk.leaves(serial, "--cancel")
	agent := lobby.agent()
	lobby.puts(serial)
	agent.shows("is to be cancelled")
	agent.press("Enter")
	agent.shows("Cancel the update of card", "the request is withdrawn at corp")
	agent.confirms()
	agent.enters("48291375")
	agent.shows(words.English.Result.Cancelled)
	if t := s.taskIs(serial, engine.TaskEnded); t.Kind != engine.TaskCancel || t.Result != engine.TaskDone {
		s.t.Errorf("the task is %+v", t)
	}
	s.is(serial, engine.StateIssued)
	if now := s.chip(serial); !reflect.DeepEqual(now, before) {
		s.t.Error("the card is not as it was")
	}
	s.waits(user)
}

// What the CA has approved is offered by itself, where the policy lets agents: nobody
// leaves a task, and the PIN is asked for.
func (s *heldSite) resumedByItself() {
	const user, serial = "ghopper", "712503"
	policy := tellsAll("cancel_update = true\n[policy.tasks]\nresume = true")
	takeOut := s.issues(user, serial, policy, logonHeld)
	desk, lobby := s.withAgent("", policy(logonHeld))
	desk.leaves(serial, "--comment", "first half")
	takeOut()
	agent := lobby.agent()
	lobby.puts(serial)
	agent.shows("first half")
	agent.begins()
	agent.confirms()
	agent.shows(words.English.Result.Pending)
	if t := s.taskIs(serial, engine.TaskEnded); t.Result != engine.TaskPending {
		s.t.Errorf("the task is %+v", t)
	}
	agent.press("Enter")
	agent.shows("No task for a card here")
	s.approves(s.waits(user, "logon")["logon"])
	agent.shows("was approved and can be finished", "Offered by the agent itself")
	agent.begins()
	agent.shows(words.English.Result.Done)
	if t := s.taskIs(serial, engine.TaskEnded); t.Kind != engine.TaskContinue || t.Result != engine.TaskDone {
		s.t.Errorf("the task is %+v", t)
	}
	s.is(serial, engine.StateIssued)
	s.works("9a")
}

// A task for the user's own workstation, or for another one, is left alone and said
// so, or done and audited: as configured.
func (s *heldSite) wrongPlace() {
	const user, serial = "khamilton", "712504"
	for _, bound := range []struct{ setting, station, says string }{
		{"bind_user = true", "", words.English.Denials.Why[engine.OtherUsers]},
		{"bind_station = true", "desk-9", words.English.Denials.Why[engine.OtherStation]},
	} {
		policy := tellsAll("[policy.tasks]\n" + bound.setting)
		var takeOut func()
		if bound.station == "" {
			takeOut = s.issues(user, serial, policy, logonTemplate)
		} else {
			desk, _ := s.kiosks(policy(logonTemplate))
			takeOut = desk.puts(serial)
		}
		desk, lobby := s.withAgent("user = \"asimecka\"\n", policy(logonTemplate))
		if bound.station == "" {
			desk.leaves(serial)
		} else {
			desk.leaves(serial, "--station", bound.station)
		}
		takeOut()
		agent, takeOut := lobby.agent(), lobby.puts(serial)
		agent.shows(bound.says)
		if t := s.taskIs(serial, engine.TaskIdle); t.Tries != 0 {
			s.t.Errorf("the task is %+v", t)
		}
		agent.killed()
		_, lobby = s.withAgent("user = \"asimecka\"\nmismatch = \"log\"\nretry_after = \"1h\"\n", policy(logonTemplate))
		agent = lobby.agent()
		agent.shows("Hello,")
		agent.press("Escape")
		agent.shows("You are asked again from")
		if t := s.taskIs(serial, engine.TaskIdle); t.Tries != 1 {
			s.t.Errorf("the task is %+v", t)
		}
		s.audited("take task", "refused", "done")
		agent.killed()
		done(s.t, "tasks", "remove", "--config", desk.config, string(s.tasks(serial)[0].ID))
		takeOut()
	}
}

// audited expects of an act, in the audit, these results of those of which the task
// was for another place.
func (s *heldSite) audited(act string, results ...string) {
	s.t.Helper()
	db, err := sql.Open("sqlite", "file:"+s.path("kiosk.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	for _, result := range results {
		var n int
		err := db.QueryRowContext(s.t.Context(), `SELECT COUNT(*) FROM audit WHERE act = $1 AND result = $2 AND detail LIKE '%task is for%'`, act, result).Scan(&n)
		if err != nil || n == 0 {
			s.t.Errorf("the audit has %d rows of %s, %s: %v", n, act, result, err)
		}
	}
}

// What its holder does not want now is offered again after the interval; and of two
// agents at one reader one has it.
func (s *heldSite) notNow() {
	const user, serial = "iyildiz", "712505"
	policy := policyText("staff", "", logonTemplate)
	takeOut := s.issues(user, serial, func(templates string) string { return policyText("staff", "", templates) }, logonTemplate)
	desk, lobby := s.withAgent("retry_after = \"2s\"\n", policy)
	takeOut()
	first := lobby.agent()
	other := lobby
	other.config = s.path("desk-5.toml")
	s.makeFolder("desk-5")
	write(s.t, other.config, strings.ReplaceAll(read(s.t, lobby.config), `"desk-4"`, `"desk-5"`))
	second := other.agent()
	lobby.puts(serial)
	for _, agent := range []*tmuxScreen{first, second} {
		agent.sees("No task for a card here")
	}
	desk.leaves(serial)
	t := s.taskIs(serial, engine.TaskRunning)
	has, hasNot := first, second
	if t.At == "desk-5" {
		has, hasNot = second, first
	}
	has.shows("Hello,")
	hasNot.shows("No task for a card here")
	if strings.Contains(hasNot.frame(), "Hello,") {
		s.t.Error("both have it")
	}
	hasNot.killed()
	has.press("Escape")
	has.shows("You are asked again from")
	has.shows("Hello,") // by itself
	if t := s.taskIs(serial, engine.TaskRunning); t.Tries != 2 {
		s.t.Errorf("the task is %+v", t)
	}
	has.begins()
	has.confirms()
	has.shows(words.English.Result.Done)
	s.taskIs(serial, engine.TaskEnded)
	s.works("9a")
}

// An agent that is killed in the middle of a run loses its task when the lease has
// ended; the next one goes on with what was begun.
func (s *heldSite) agentKilled() {
	const user, serial = "lwojcik", "712506"
	policy := func(templates string) string { return policyText("staff", "", templates) }
	takeOut := s.issues(user, serial, policy, logonTemplate)
	before := s.holds("9a")
	desk, lobby := s.withAgent("", policy(logonTemplate))
	takeOut()
	desk.leaves(serial)
	lobby.puts(serial)
	g, restore := lobby.behind(s.t)
	agent := lobby.agent()
	agent.shows("Hello,")
	died := make(chan struct{})
	g.cuts(cut{path: "/requests", after: true, do: func() { _ = syscall.Kill(agent.pid, syscall.SIGKILL); close(died) }})
	agent.begins()
	agent.confirms()
	<-died
	agent.isDead()
	restore()
	t := s.tasks(serial)[0]
	if t.State != engine.TaskRunning || s.is(serial, engine.StateIssued).Unfinished == "" {
		s.t.Errorf("the task is %+v", t)
	}
	next := lobby.agent()
	next.sees("No task for a card here")
	s.setBack(string(t.ID), "until", time.Minute) // its lease has ended
	if t := s.taskIs(serial, engine.TaskIdle); t.At != "desk-4" {
		s.t.Errorf("the task is %+v", t)
	}
	next.shows("Hello,")
	next.begins()
	next.shows(words.English.Result.Done)
	if t := s.taskIs(serial, engine.TaskEnded); t.Tries != 2 {
		s.t.Errorf("the task is %+v", t)
	}
	s.works("9a")
	s.recorded(s.is(serial, engine.StateIssued), before)
}

// A task that an agent is at can be removed once it is late, and then it is asked
// about no more.
func (s *heldSite) lateAndRemoved() {
	const user, serial = "omensah", "712507"
	policy := func(templates string) string { return policyText("staff", "", templates) }
	takeOut := s.issues(user, serial, policy, logonTemplate)
	desk, lobby := s.withAgent("", policy(logonTemplate))
	takeOut()
	desk.leaves(serial)
	lobby.puts(serial)
	agent := lobby.agent()
	agent.shows("Hello,")
	id := string(s.taskIs(serial, engine.TaskRunning).ID)
	out, errs, code := runKiosk(s.t, "tasks", "remove", "--config", desk.config, id)
	if code != exitRefused {
		s.t.Errorf("it was removed while it runs: exit code %d\n%s%s", code, out, errs)
	}
	s.setBack(id, "since", 11*time.Minute)
	if t := s.tasks(serial)[0]; !t.Late {
		s.t.Errorf("the task is %+v", t)
	}
	term := desk.screen()
	term.press("F8")
	term.shows("Tasks for agents", "late")
	term.press("d")
	term.sees("Remove the task?", "▸  No")
	term.rests()
	term.press("Left")
	term.sees("▸  Yes")
	term.press("Enter")
	term.shows("The task is removed.")
	agent.shows("The task was removed meanwhile", "Put in your card")
	s.is(serial, engine.StateIssued)
}

// setBack sets a time of a task back, as if so much time had gone by.
func (s *heldSite) setBack(id, column string, by time.Duration) {
	s.t.Helper()
	db, err := sql.Open("sqlite", "file:"+s.path("kiosk.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(s.t.Context(), `UPDATE tasks SET `+column+` = `+column+` - $1 WHERE id = $2`, by.Microseconds(), id); err != nil {
		s.t.Fatal(err)
	}
}
