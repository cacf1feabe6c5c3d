package main

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine"
	"cardkiosk/engine/config"
	"cardkiosk/engine/sim"
)

// The stories are told with the parts of production, over real protocols, to
// the demo world's servers; cards are software at APDU level.

var tester = engine.Actor{Who: "demo", Station: "desk-1", Mode: engine.Operator}

const testPIN = "135792"

// openWorld makes a world for one test.
func openWorld(t testing.TB, o demo.Options) (*demo.World, config.Config) {
	t.Helper()
	world, err := demo.Open(context.WithoutCancel(t.Context()), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := world.Close(); err != nil {
			t.Errorf("close world: %v", err)
		}
	})
	cfg, err := config.Load(world.Config(), config.Trials{})
	if err != nil {
		t.Fatal(err)
	}
	return world, cfg
}

// openParts puts a kiosk together; it is closed with the test.
func openParts(t testing.TB, cfg config.Config, readers engine.Readers) *parts {
	t.Helper()
	p, err := assemble(t.Context(), cfg, surroundings{readers, tester.Who, time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.close(); err != nil {
			t.Errorf("close parts: %v", err)
		}
	})
	return p
}

// newChip is a card fresh from the factory.
func newChip(t testing.TB, serial uint32) *sim.Card {
	t.Helper()
	state, err := sim.Factory(sim.Firmware{Major: 5, Minor: 7, Patch: 1}, serial, time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return chipOf(t, state, sim.Options{})
}

func chipOf(t testing.TB, state sim.State, o sim.Options) *sim.Card {
	t.Helper()
	chip, err := sim.New(state, o)
	if err != nil {
		t.Fatal(err)
	}
	return chip
}

// inReader puts a card into a virtual reader and connects it.
func inReader(t testing.TB, desk *engine.Desk, chip *sim.Card) *engine.Connected {
	t.Helper()
	readers := demo.NewVirtualReaders(chip)
	if err := readers.Insert(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	desk.Readers = readers
	c, err := desk.Connect(t.Context(), tester, readers.Reader(0))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// userNamed reads the user with a logon name from the directory.
func userNamed(t testing.TB, desk *engine.Desk, logon string) engine.User {
	t.Helper()
	search, err := desk.Find(t.Context(), tester, logon)
	if err != nil {
		t.Fatal(err)
	}
	defer search.Close()
	page, err := search.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range page {
		if f.User.Logon == logon {
			return f.User
		}
	}
	t.Fatalf("the directory has no %s", logon)
	return engine.User{}
}

// days is today's policy with certificates that last as long as a story wants.
func days(today func(engine.User) (engine.Policy, error), n int) func(engine.User) (engine.Policy, error) {
	return func(u engine.User) (engine.Policy, error) {
		policy, err := today(u)
		templates := append([]engine.Template(nil), policy.Templates...)
		for i := range templates {
			templates[i].ValidDays = n
		}
		policy.Templates = templates
		return policy, err
	}
}

// ofOtherCompany is today's policy with subjects that the CA refuses in
// certificates for some places.
func ofOtherCompany(t *testing.T, today func(engine.User) (engine.Policy, error), at ...engine.Place) func(engine.User) (engine.Policy, error) {
	t.Helper()
	subject, err := engine.ParseNameRecipe("CN={name},O=Other Example")
	if err != nil {
		t.Fatal(err)
	}
	return func(u engine.User) (engine.Policy, error) {
		policy, err := today(u)
		policy.Templates = slices.Clone(policy.Templates)
		for i := range policy.Templates {
			if slices.Contains(at, policy.Templates[i].Place) {
				policy.Templates[i].Subject = subject
			}
		}
		return policy, err
	}
}

// issue assigns a card and carries its first update out.
func issue(t testing.TB, desk engine.Desk, chip *sim.Card, logon string, optional map[string]bool) {
	t.Helper()
	user := userNamed(t, &desk, logon)
	c := inReader(t, &desk, chip)
	defer c.Close()
	var err error
	if c.Record, err = desk.Assign(t.Context(), tester, c, user); err != nil {
		t.Fatal(err)
	}
	p := propose(t, &desk, c, user, engine.Selection{Optional: optional})
	pin := engine.NewPIN([]byte(testPIN))
	result, err := desk.Update(t.Context(), tester, c, p.Plan, pin, nil)
	if err != nil || result.End != engine.Finished {
		t.Fatalf("first issue: %v, %v", result, err)
	}
}

func propose(t testing.TB, desk *engine.Desk, c *engine.Connected, user engine.User, s engine.Selection) engine.Proposal {
	t.Helper()
	p, err := desk.Propose(t.Context(), tester, c, user, s)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Plan.Obstacles) > 0 {
		t.Fatalf("the plan has obstacles: %v", p.Plan.Obstacles)
	}
	return p
}

// copyStore copies the files of a store that nobody writes to.
func copyStore(t *testing.T, from, to string) {
	t.Helper()
	for _, tail := range []string{"", "-wal"} {
		in, err := os.Open(from + tail)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		out, err := os.OpenFile(to+tail, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(out, in); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(in.Close(), out.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

var silent = slog.New(slog.DiscardHandler)

// copiedStore copies a store into a folder of its own.
func copiedStore(t *testing.T, from string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kiosk.db")
	copyStore(t, from, file)
	return file
}

// everything is a role of whoever tests.
var everything = []engine.Role{{Name: "everything", Privileges: engine.Privileges(), Users: []string{tester.Who}}}
