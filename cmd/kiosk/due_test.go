package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"cardkiosk/engine"
)

// dueFacts is a ledger that has these facts for reports.
type dueFacts struct {
	engine.Ledger
	facts []engine.DueFacts
}

func (l dueFacts) EachDue(_ context.Context, each func(engine.DueFacts) error) error {
	for _, f := range l.facts {
		if err := each(f); err != nil {
			return err
		}
	}
	return nil
}

// readAt is a snapshot of the directory that was made at a time; zero: never.
type readAt struct {
	engine.People
	at time.Time
}

func (p readAt) Snapshot(context.Context) (engine.SnapshotState, error) {
	return engine.SnapshotState{Full: p.at, Refresh: p.at}, nil
}

// openDue is the demo with facts of cards: some that end soon, in research and
// elsewhere, and one that is fine.
func openDue(t *testing.T) *lobby {
	t.Helper()
	l := openPolicies(t)
	now := l.clock.Now()
	card := func(i int, name, unit string, days int) engine.DueFacts {
		r := engine.Record{
			Card: engine.Identity{ID: engine.CardID(fmt.Sprintf("yubikey-%d", i)), Serial: fmt.Sprint(712200 + i)}, State: engine.StateIssued,
			User: engine.UserRef{ID: engine.UserID(name), Name: name, Logon: name}, Written: now.AddDate(-1, 0, 0), Policy: "Staff",
		}
		for _, m := range l.desk.Policies[0].Templates {
			r.Managed = append(r.Managed, engine.Managed{Template: m.Name, Place: m.Place, NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(0, 0, days)})
		}
		if unit == "research" {
			r.Policy = "Research"
		}
		u := engine.User{ID: r.User.ID, Name: name, Logon: name, DN: fmt.Sprintf("uid=%s,ou=%s,dc=corp,dc=example", name, unit)}
		return engine.DueFacts{Record: r, Person: engine.Person{User: u}, Known: true}
	}
	moved := card(3, "moved", "research", 300)
	moved.Record.Policy = "Staff"
	l.desk.Ledger = dueFacts{l.desk.Ledger, []engine.DueFacts{
		card(1, "ann", "people", 5), card(2, "rob", "research", 9), card(4, "lee", "people", 50), moved, card(5, "fine", "people", 400),
	}}
	l.desk.People = readAt{l.desk.People, now.Add(-time.Hour)}
	l.snapshot.Stale = 2 * time.Hour
	return l
}

// Each filter of the command takes the cards it is for.
func TestDueReport(t *testing.T) {
	l := openDue(t)
	for _, c := range []struct {
		name string
		cmd  dueCmd
		want string
	}{
		{"all", dueCmd{}, "ann rob moved"},
		{"reason", dueCmd{Reason: []string{"other-policy"}}, "moved"},
		{"reasons", dueCmd{Reason: []string{"other-policy", "expires"}}, "ann rob moved"},
		{"policy", dueCmd{Policy: "Research"}, "rob moved"},
		{"container", dueCmd{Container: "OU=People, dc=CORP,dc=example"}, "ann"},
		{"within", dueCmd{Within: 30}, "ann rob lee moved"},
		{"within, of one reason", dueCmd{Within: 30, Reason: []string{"expires"}, Container: "ou=people,dc=corp,dc=example"}, "ann lee"},
	} {
		c.cmd.Format = "csv"
		var out, aside bytes.Buffer
		if err := c.cmd.report(t.Context(), l.parts, &out, &aside); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var names []string
		for _, line := range strings.Split(strings.TrimSpace(out.String()), "\r\n")[1:] {
			names = append(names, strings.Split(line, ",")[3])
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if said := fmt.Sprintf("kiosk due: Due: %d of 5 cards.\n", len(names)); aside.String() != said {
			t.Errorf("%s: said %q, want %q", c.name, aside.String(), said)
		}
	}
}

// A filter that makes no sense is refused with the word that was probably
// meant, before anything is read.
func TestDueMisuse(t *testing.T) {
	l := openDue(t)
	for _, c := range []struct {
		cmd  dueCmd
		says []string
	}{
		{dueCmd{Reason: []string{"expire"}}, []string{"--reason", `"expires"?`, "written-outside"}},
		{dueCmd{Reason: []string{"zzz"}}, []string{"--reason", `there is no reason "zzz"; there are: expires`}},
		{dueCmd{Policy: "Reserch"}, []string{"--policy", `did you mean "Research"`}},
		{dueCmd{Container: "people"}, []string{"--container", `"people" is not a distinguished name`, "equals sign"}},
		{dueCmd{Within: -1}, []string{"--within"}},
	} {
		c.cmd.Format = "text"
		var out bytes.Buffer
		err := c.cmd.report(t.Context(), l.parts, &out, io.Discard)
		if exitCode(err) != exitUsage || out.Len() > 0 {
			t.Errorf("%+v: %v, %q", c.cmd, err, out.String())
			continue
		}
		for _, want := range c.says {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: %q does not say %q", c.cmd, err, want)
			}
		}
	}
	if _, err := parserAnywhere(t).Parse([]string{"due", "--format", "xml"}); err == nil || !strings.Contains(err.Error(), `"text","csv","json"`) {
		t.Errorf("--format xml: %v", err)
	}
}

// What is known of users has its age, and what to do is said, from the second
// on at which it is too old; and when it was never read.
func TestDueOfStaleSnapshot(t *testing.T) {
	l := openDue(t)
	for _, c := range []struct {
		age  time.Duration
		says string
	}{
		{2*time.Hour - time.Second, ""},
		{2 * time.Hour, "2 hours ago"},
		{50 * time.Hour, "2 days ago"},
		{0, "never read"},
	} {
		people := readAt{l.desk.People, time.Time{}}
		if c.age > 0 {
			people.at = l.clock.Now().Add(-c.age)
		}
		l.desk.People = people
		var aside bytes.Buffer
		if err := (dueCmd{Format: "text"}).report(t.Context(), l.parts, io.Discard, &aside); err != nil {
			t.Fatal(err)
		}
		warned := strings.Contains(aside.String(), "kiosk worker")
		if warned != (c.says != "") || !strings.Contains(aside.String(), c.says) {
			t.Errorf("at an age of %s: %s", c.age, &aside)
		}
	}
}

// Users whom the snapshot does not have are counted on standard error.
func TestDueOfUnknownUsers(t *testing.T) {
	l := openDue(t)
	facts := l.desk.Ledger.(dueFacts).facts
	facts[0].Known, facts[0].Person = false, engine.Person{}
	var out, aside bytes.Buffer
	if err := (dueCmd{Format: "text"}).report(t.Context(), l.parts, &out, &aside); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "the user is as recorded") || !strings.Contains(aside.String(), "Of 1 card the user") {
		t.Errorf("said\n%s\n%s", &out, &aside)
	}
}

// hungUp takes so many writes; then nobody reads any more.
type hungUp struct{ left int }

func (h *hungUp) Write(p []byte) (int, error) {
	if h.left--; h.left < 0 {
		return 0, fmt.Errorf("write |1: %w", syscall.EPIPE)
	}
	return len(p), nil
}

// Whoever has seen enough of the report is told nothing more; an output that
// breaks otherwise is trouble.
func TestDueIntoClosedPipe(t *testing.T) {
	l := openDue(t)
	for _, format := range []string{"text", "csv", "json"} {
		for left := range 3 {
			var aside bytes.Buffer
			if err := (dueCmd{Format: format}).report(t.Context(), l.parts, &hungUp{left}, &aside); err != nil || aside.Len() > 0 {
				t.Errorf("%s after %d writes: %v, said %q", format, left, err, &aside)
			}
		}
	}
	err := dueCmd{Format: "text"}.report(t.Context(), l.parts, deaf{}, io.Discard)
	if err == nil || errors.Is(err, syscall.EPIPE) || exitCode(err) != exitBroken {
		t.Errorf("into an output that is broken: %v", err)
	}
}

// The program itself: whoever stops reading its report ends it quietly, and one
// that is read to its end says what it came to.
func TestDueProgram(t *testing.T) {
	const cards = 6000 // more lines than a pipe holds
	file := dueStore(t, cards)
	cmd := exec.CommandContext(t.Context(), kioskProgram(t), "due", "--config", file)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || said.Len() > 0 {
		t.Errorf("nobody reads any more: %v, said %q", err, &said)
	}
	whole, errs, code := runKiosk(t, "due", "--config", file, "--format", "json")
	if lines := strings.Count(whole, "\n"); code != exitDone || errs != fmt.Sprintf("kiosk due: Due: %d of %d cards.\n", lines, cards) {
		t.Errorf("%d lines, code %d, said %q", lines, code, errs)
	}
}
