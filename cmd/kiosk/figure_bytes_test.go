package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine/pcsc/sandbox"
	"cardkiosk/engine/words"
)

// settled is how long a terminal is silent after the last that a key did: for the
// answer of a directory beside it, that is long.
const settled = 250 * time.Millisecond

// measureBytes measures what comes to a terminal of 80×24 for each key, all of it,
// also what servers answer to it; and for each tick of the clock while an update
// runs. Slow links carry about 1,000 bytes in a second.
func measureBytes(b *testing.B) {
	world := furnishedWorld(b, demo.Options{AtOnce: true})
	daemon := sandbox.Pcscd(b, 1)
	tray := demo.NewSockets(daemon.Readers, world.Chips()[:1])
	b.Cleanup(func() { _ = tray.Close() })
	if err := tray.Insert(b.Context(), 0); err != nil {
		b.Fatal(err)
	}
	slow := relayedCA(b, world)
	t := onTerminal(b, smallest, built(b, "cardkiosk/cmd/kiosk", "CGO_ENABLED=1"), "--config", world.Config())
	defer t.leave()
	t.sees("Who is it?")
	t.untilSettled()
	sent := map[string][]int{}
	t.typesNames(sent)
	t.moves(sent)
	figureOfBytes("bytes-per-key-p95", "<= 600", slices.Concat(sent[ofLetters], sent[ofSteps]), sent)
	keys := slices.Concat(sent[ofLetters], sent[ofSteps])
	figure("bytes-per-key-most", fmt.Sprint(slices.Max(keys)), "bytes", "<= 600")
	slow.hold()
	ticks := t.ticks(world.Cards()[0].PIN)
	slow.release()
	figureOfBytes("bytes-per-tick-p95", "<= 200", ticks, nil)
	t.sees("Card updated")
}

// figureOfBytes prints what 95 of 100 do not exceed, and how it is spread. The most
// comes where a key fills an empty page: that is what stands on it.
func figureOfBytes(name, goal string, all []int, kinds map[string][]int) {
	sorted, sum := slices.Sorted(slices.Values(all)), 0
	for _, n := range all {
		sum += n
	}
	figure(name, fmt.Sprint(sorted[(len(sorted)*95+99)/100-1]), "bytes", goal)
	note("%s is of %d: %d bytes at the mean, %s", name, len(all), (sum+len(all)-1)/len(all), spread(all))
	for _, kind := range []string{ofLetters, ofSteps} {
		if of := kinds[kind]; len(of) > 0 {
			note("%s, %s: %s (%d keys)", name, kind, spread(of), len(of))
		}
	}
}

func spread(all []int) string {
	sorted := slices.Sorted(slices.Values(all))
	return fmt.Sprintf("half took up to %d, the most %d", sorted[(len(sorted)-1)/2], sorted[len(sorted)-1])
}

// typesNames types names as somebody does who looks for a user, and takes them back.
func (t *console) typesNames(sent map[string][]int) {
	for _, name := range []string{"ada lovelace", "turing", "müller", "corp.example", "zo"} {
		for _, letter := range name {
			sent[ofLetters] = append(sent[ofLetters], t.costs(string(letter)))
		}
		for range name {
			sent[ofLetters] = append(sent[ofLetters], t.costs(keyBackspace))
		}
	}
}

// moves walks through what is found.
func (t *console) moves(sent map[string][]int) {
	sent[ofLetters] = append(sent[ofLetters], t.costs("a"))
	for _, key := range slices.Concat(slices.Repeat([]string{keyDown}, 9), slices.Repeat([]string{keyUp}, 9)) {
		sent[ofSteps] = append(sent[ofSteps], t.costs(key))
	}
	t.press(keyBackspace)
	t.untilSettled()
}

// costs presses a key and returns how many bytes came of it.
func (t *console) costs(key string) int {
	t.b.Helper()
	t.press(key)
	return len(t.untilSettled())
}

// untilSettled reads until nothing comes any more.
func (t *console) untilSettled() []byte {
	t.b.Helper()
	before := len(t.came)
	for buf := make([]byte, 64<<10); ; {
		if err := t.keys.SetReadDeadline(time.Now().Add(settled)); err != nil {
			t.b.Fatal(err)
		}
		n, err := t.keys.Read(buf)
		t.came = append(t.came, buf[:n]...)
		_, _ = t.screen.Write(buf[:n])
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return t.came[before:]
		case err != nil:
			t.b.Fatal(err)
		}
	}
}

// ticks walks to the run of an update that waits for its CA, and returns what came
// for each tick of its clock.
func (t *console) ticks(pin string) (each []int) {
	t.b.Helper()
	t.toUpdate(pin)
	t.sees(words.English.Progress.DoNotRemove)
	tick := func() {
		shows := t.screen.text()
		t.await("a tick", func(s *screen) bool { return s.text() != shows })
	}
	// A kiosk that has to connect to its CA anew waits ten seconds for its hello.
	for range 5 { // until the card has done its part
		tick()
	}
	for range 10 {
		before := len(t.came)
		tick()
		each = append(each, len(t.came)-before)
	}
	return each
}

// slowRelay stands before a CA and can keep it from being heard.
type slowRelay struct{ gate sync.RWMutex }

func (r *slowRelay) hold()    { r.gate.Lock() }
func (r *slowRelay) release() { r.gate.Unlock() }

// relayedCA puts a relay before the world's CA, in its configuration.
func relayedCA(b *testing.B, world *demo.World) *slowRelay {
	b.Helper()
	text := read(b, world.Config())
	m := regexp.MustCompile(`(?m)^url = "https://([^"]+)"`).FindStringSubmatch(text)
	if m == nil {
		b.Fatalf("no CA stands in\n%s", text)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	write(b, world.Config(), strings.ReplaceAll(text, m[1], l.Addr().String()))
	r := &slowRelay{}
	go r.serve(l, m[1])
	return r
}

func (r *slowRelay) serve(l net.Listener, to string) {
	for {
		one, err := l.Accept()
		if err != nil {
			return
		}
		other, err := net.Dial("tcp", to)
		if err != nil {
			_ = one.Close()
			continue
		}
		go r.pass(one, other)
		go func() { _, _ = io.Copy(one, other); _ = one.Close() }()
	}
}

// pass passes on what a kiosk says, unless it is held.
func (r *slowRelay) pass(from, to net.Conn) {
	for buf := make([]byte, 16<<10); ; {
		n, err := from.Read(buf)
		r.gate.RLock()
		_, werr := to.Write(buf[:n])
		r.gate.RUnlock()
		if err != nil || werr != nil {
			_ = to.Close()
			return
		}
	}
}
