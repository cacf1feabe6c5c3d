package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

// Goals for a million cards.
const (
	dueSeconds   = 15
	dueFirstLine = 1000 // ms
	dueMegabytes = 200
	dueLinear    = 1.5
)

// dueSizes are how many cards the report is measured with.
var dueSizes = []struct {
	name  string
	cards int
	goal  string
}{
	{"due-10k", 10_000, fmt.Sprintf("<= %d", dueSeconds)},
	{"due-100k", 100_000, fmt.Sprintf("<= %d", dueSeconds)},
	{"due-1M", 1_000_000, fmt.Sprintf("<= %d", dueSeconds)},
}

// measureDue measures kiosk due as a program, on a store with so many cards of
// five certificates each, with everybody in the snapshot, of which about a tenth
// is due. Only the program is measured: the store has been filled before.
func measureDue(b *testing.B) {
	kiosk := built(b, "cardkiosk/cmd/kiosk", "CGO_ENABLED=0")
	var perCard []float64
	var busy []string
	for _, size := range dueSizes {
		config := dueStore(b, size.cards)
		run := reportDue(b, kiosk, config, size.cards)
		for range 2 { // the best of three: others are at work on this machine
			if again := reportDue(b, kiosk, config, size.cards); again.took < run.took {
				run = again
			}
		}
		figure(size.name, fmt.Sprintf("%.2f", run.took.Seconds()), "s", size.goal)
		note("%s: %d of %d cards are due; first line after %s ms, %s MB at most, %.1f s of processor",
			size.name, run.due, size.cards, inMillis(run.first), megabytes(run.peak), run.busy.Seconds())
		busy = append(busy, fmt.Sprintf("%.1f µs among %d", 1e6*run.busy.Seconds()/float64(size.cards), size.cards))
		perCard = append(perCard, run.took.Seconds()/float64(size.cards))
		if size.name == "due-1M" {
			figure("due-1M-first-line", inMillis(run.first), "ms", fmt.Sprintf("<= %d", dueFirstLine))
			figure("due-1M-memory", megabytes(run.peak), "MB", fmt.Sprintf("<= %d", dueMegabytes))
		}
	}
	figure("due-linear", fmt.Sprintf("%.2f", perCard[len(perCard)-1]/perCard[0]), "×", fmt.Sprintf("<= %.1f", dueLinear))
	note("due-linear is what a card costs among a million, over what it costs among ten thousand, start of the program included; of processor it costs %s",
		strings.Join(busy, ", "))
}

func megabytes(kilobytes int64) string { return fmt.Sprintf("%.1f", float64(kilobytes)/1024) }

// dueRun is one report.
type dueRun struct {
	first, took, busy time.Duration
	peak              int64 // resident, in kilobytes
	due               int
}

// reportDue runs the report to its end, and reads it.
func reportDue(b *testing.B, kiosk, config string, cards int) (run dueRun) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, kiosk, "due", "--config", config, "--format", "csv")
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	var said strings.Builder
	cmd.Stderr = &said
	began := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for n := 0; ; n++ {
		_, err := lines.ReadSlice('\n')
		if err == io.EOF {
			run.due = n - 1 // without the header
			break
		}
		if err != nil {
			b.Fatal(err)
		}
		if n == 1 {
			run.first = time.Since(began)
		}
	}
	if err := cmd.Wait(); err != nil {
		b.Fatalf("%v: %s", err, &said)
	}
	run.took = time.Since(began)
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	run.peak, run.busy = usage.Maxrss, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()
	if want := fmt.Sprintf("%d of %d cards", run.due, cards); !strings.Contains(said.String(), want) || run.due < cards/20 || run.due > cards/5 {
		b.Fatalf("%d cards were reported; said: %s", run.due, &said)
	}
	return run
}

// dueStore fills the store of a kiosk whose policy is the one that these cards
// were written under, and returns its configuration.
func dueStore(b testing.TB, cards int) string {
	b.Helper()
	now := time.Now()
	world, cfg := openWorld(b, demo.Options{})
	kept, err := store.Open(b.Context(), cfg.Store.File, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	load := func(i int) (engine.Record, engine.Person) { return store.Synthetic(i, cards, now) }
	if err := store.Load(b.Context(), kept, cards, load); err != nil {
		b.Fatal(err)
	}
	if err := kept.KeepSnapshot(b.Context(), engine.SnapshotState{Full: now, Refresh: now}); err != nil {
		b.Fatal(err)
	}
	if err := kept.Close(); err != nil {
		b.Fatal(err)
	}
	text, err := os.ReadFile(world.Config())
	if err != nil {
		b.Fatal(err)
	}
	kiosk, _, _ := strings.Cut(strings.ReplaceAll(string(text), "dc=corp,dc=example", "dc=corp,dc=test"), "[[policy]]")
	if err := os.WriteFile(world.Config(), []byte(kiosk+duePolicy()), 0o600); err != nil {
		b.Fatal(err)
	}
	return world.Config()
}

// dueWindow makes about a tenth of the cards due: their first ends are spread
// over three years from a month ago on.
const dueWindow = 78

// duePolicy is the policy of store.Synthetic: linked to its users' container and
// group, and tracking their address.
func duePolicy() string {
	policy := "[[policy]]\nname = \"staff\"\ncontainers = [\"OU=Staff,OU=Prague,DC=corp,DC=test\"]\ngroups = [\"CN=Staff,OU=Groups,DC=corp,DC=test\"]\n\n[policy.setup]\npuk = \"leave\"\nadmin_key = \"leave\"\n"
	for _, t := range [][2]string{{"logon", "9a"}, {"signing", "9c"}, {"mail", "9d"}, {"door", "9e"}, {"vpn", "82"}} {
		usage := "digitalSignature"
		if t[1] == "9d" {
			usage = "keyAgreement"
		}
		policy += fmt.Sprintf(`
[[policy.template]]
name = %q
ca = "Corp Issuing CA"
profile = "authentication"
place = %q
key = "p256"
pin = %q
subject = "CN={name}"
san = ["email={mail}"]
usage = [%q]
tracked = ["mail"]
valid_days = 730
renew_days = %d
`, t[0], t[1], map[bool]string{true: "always", false: "once"}[t[1] == "9c"], usage, dueWindow)
	}
	return policy
}
