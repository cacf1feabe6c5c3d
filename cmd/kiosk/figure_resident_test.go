package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine/pcsc/sandbox"
)

// measureResident measures the memory of a kiosk after a whole walk, on
// readers of a pcscd and in which 50,000 found users were walked through. It
// is the kiosk's alone: servers and cards are in the process that measures.
func measureResident(b *testing.B) {
	world := furnishedWorld(b, demo.Options{Users: many})
	daemon := sandbox.Pcscd(b, 1)
	tray := demo.NewSockets(daemon.Readers, world.Chips()[:1])
	b.Cleanup(func() { _ = tray.Close() })
	if err := tray.Insert(b.Context(), 0); err != nil {
		b.Fatal(err)
	}
	kiosk := built(b, "cardkiosk/cmd/kiosk", "CGO_ENABLED=1")
	t := onTerminal(b, large, kiosk, "--config", world.Config())
	defer t.leave()
	took := map[string][]time.Duration{}
	t.findMany(took)
	t.walkThrough(took, func() {})
	t.press(strings.Repeat(keyBackspace, len("extra")))
	t.updateAda(world.Cards()[0].PIN)
	figure("resident", t.memory("VmRSS"), "MB", "<= 64")
	figure("resident-peak", t.memory("VmHWM"), "MB", "<= 64")
	note("resident is the kiosk alone after an update, with %d found users walked through before; of it %s MB are the program's file",
		many, t.memory("RssFile"))

	d := onTerminal(b, large, kiosk, "demo")
	defer d.leave()
	d.updateAda(world.Cards()[0].PIN)
	note("resident of kiosk demo after the same update, directory, CA, mail server and cards in the same process: %s MB, at most %s MB",
		d.memory("VmRSS"), d.memory("VmHWM"))
}

// updateAda walks from the find page to the result of an update.
func (t *console) updateAda(pin string) {
	t.toUpdate(pin)
	t.sees("Card updated")
}

// toUpdate walks from the find page to where the update runs.
func (t *console) toUpdate(pin string) {
	t.sees("Who is it?")
	t.press("ada love")
	t.sees("▸ Ada Lovelace")
	t.sees("1 found")
	t.press(keyEnter)
	t.sees("Due because")
	t.sees("third-party") // so the card has been read
	t.press(keyEnter)
	t.sees("Which certificates?")
	t.press(keyEnter)
	t.sees("3 tries left.")
	t.press(pin + keyEnter)
	t.sees("Other certificates")
	t.press(keyEnter)
	t.sees("This is what will happen")
	t.press("\x1b[D")
	t.press(keyEnter)
}

// memory reads a line of the program's status in megabytes (proc(5)).
func (t *console) memory(line string) string {
	t.b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", t.program.Process.Pid))
	if err != nil {
		t.b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), line+":")
	value, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	kilobytes, err := strconv.Atoi(value)
	if err != nil {
		t.b.Fatalf("%s: %v", line, err)
	}
	return fmt.Sprintf("%.1f", float64(kilobytes)/1024)
}
