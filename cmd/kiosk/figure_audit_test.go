package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

// Goals for a million rows of the audit.
const (
	auditRows      = 50_000 // rows in a second
	auditLinear    = 1.3
	auditMegabytes = 100
)

// measureAudit measures kiosk audit verify as a program, on a store with so many
// rows of five stations and a checkpoint for every thousand, all of which have
// left. Only the program is measured: the store has been filled before.
func measureAudit(b *testing.B) {
	kiosk := built(b, "cardkiosk/cmd/kiosk", "CGO_ENABLED=0")
	var perRow []float64
	for _, rows := range []int{100_000, million} {
		file, outside := auditStore(b, rows)
		took, peak := verifyRun(b, kiosk, file, outside, rows)
		for range 2 { // the best of three: others are at work on this machine
			if again, _ := verifyRun(b, kiosk, file, outside, rows); again < took {
				took = again
			}
		}
		perRow = append(perRow, took.Seconds()/float64(rows))
		note("audit-verify-rows: %d rows in %.2f s, %s MB at most", rows, took.Seconds(), megabytes(peak))
		if rows == million {
			figure("audit-verify-rows", fmt.Sprintf("%.0f", float64(rows)/took.Seconds()), "rows/s", fmt.Sprintf(">= %d", auditRows))
			figure("audit-verify-memory", megabytes(peak), "MB", fmt.Sprintf("<= %d", auditMegabytes))
		}
	}
	figure("audit-verify-linear", fmt.Sprintf("%.2f", perRow[1]/perRow[0]), "×", fmt.Sprintf("<= %.1f", auditLinear))
	note("audit-verify-linear is what a row costs among a million, over what it costs among a hundred thousand, start of the program included")
}

// verifyRun verifies a sound store, and reads what is said of it.
func verifyRun(b *testing.B, kiosk, file, outside string, rows int) (took time.Duration, peak int64) {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), kiosk, "audit", "verify", file, "--checkpoints", outside)
	began := time.Now()
	out, err := cmd.CombinedOutput()
	took = time.Since(began)
	if err != nil || !strings.Contains(string(out), fmt.Sprintf("%d rows: nothing wrong was found.", rows)) || strings.Contains(string(out), "No checkpoint") {
		b.Fatalf("%v: %s", err, out)
	}
	return took, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
}

// auditStore fills a store, and a file with what has left it.
func auditStore(b *testing.B, rows int) (file, outside string) {
	b.Helper()
	file, outside = filepath.Join(b.TempDir(), "kiosk.db"), filepath.Join(b.TempDir(), "checkpoints")
	kept, err := store.Open(b.Context(), file, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	const part = 5000
	var lines strings.Builder
	for from := 0; from < rows; from += part {
		if err := store.LoadAudit(b.Context(), kept, part, func(i int) engine.AuditRow { return store.SyntheticRow(from+i, now) }); err != nil {
			b.Fatal(err)
		}
		for station := range 5 {
			lines.WriteString(signEnd(b, kept, fmt.Sprintf("lobby-%d", station), now) + "\n")
		}
	}
	if err := kept.Close(); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(outside, []byte(lines.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	return file, outside
}

// signEnd makes a checkpoint of the end of a station's chain.
func signEnd(t testing.TB, kept engine.Chain, station string, now time.Time) string {
	t.Helper()
	end, last, err := kept.ChainEnd(context.Background(), station)
	if err != nil {
		t.Fatal(err)
	}
	c := engine.Checkpoint{Station: station, Number: 1, N: end.N, Seq: end.Seq, Hash: end.Hash, At: now}
	if last != nil {
		c.Number = last.Number + 1
	}
	c = c.Sign(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err := kept.KeepCheckpoint(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	return c.Line()
}
