package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cardkiosk/cmd/kiosk/demo"
)

// large is a screen on which a frame is more work.
var large = size{160, 60}

// many is how many users the directory answers with.
const many = 50_000

// What keys send (ECMA-48, and DEC's VT220).
const (
	keyUp        = "\x1b[A"
	keyDown      = "\x1b[B"
	keyPageUp    = "\x1b[5~"
	keyPageDown  = "\x1b[6~"
	keyEnter     = "\r"
	keyBackspace = "\x7f"
)

// measureKeys measures from a key to the frame that shows what it did, on a
// terminal: the kiosk reads, decides, draws, and the frame is read whole. A
// directory's answer of 50,000 users is walked through to its end while its
// pages come, and further letters are typed over it.
func measureKeys(b *testing.B) {
	world := furnishedWorld(b, demo.Options{Users: many})
	t := onTerminal(b, large, built(b, "cardkiosk/cmd/kiosk", "CGO_ENABLED=0"), "--config", world.Config())
	defer t.leave()
	peer := onTerminal(b, large, built(b, "cardkiosk/testdata/emptytea", "CGO_ENABLED=0"))
	defer peer.leave()
	peer.sees("Type:")
	took := map[string][]time.Duration{}
	t.findMany(took)
	t.walkThrough(took, func() {
		key := string(rune('a' + len(took[ofPeer])%26))
		took[ofPeer] = append(took[ofPeer], peer.effect(key, (*screen).text))
	})
	t.typeOver(took)
	every := slices.Concat(took[ofLetters], took[ofPages], took[ofSteps])
	figure("key-to-frame-p99", inMillis(percentile(every, 99)), "ms", "<= 16")
	note("key-to-frame-p99 is of %d keys, one right after the frame of the other; half of them took %s ms, the longest %s ms; the kiosk used %s ms of CPU for each",
		len(every), inMillis(percentile(every, 50)), inMillis(slices.Max(every)), inMillis(t.cpu()/time.Duration(len(every))))
	for _, what := range []string{ofPages, ofSteps, ofLetters, ofPeer} {
		note("key-to-frame of %s: 99 of 100 in %s ms, half in %s ms (%d keys)",
			what, inMillis(percentile(took[what], 99)), inMillis(percentile(took[what], 50)), len(took[what]))
	}
}

// The kinds of keys.
const (
	ofLetters = "letters"
	ofPages   = "pages down"
	ofSteps   = "steps up and down"
	ofPeer    = "an empty Bubble Tea program, in turns with the pages"
)

// findMany types what all made-up users are found by, and waits for the first
// of them.
func (t *console) findMany(took map[string][]time.Duration) {
	t.sees("Who is it?")
	for _, letter := range "extra" {
		took[ofLetters] = append(took[ofLetters], t.effect(string(letter), typedText))
	}
	t.sees("▸ Extra 00000")
}

// walkThrough walks through all the users that are found.
func (t *console) walkThrough(took map[string][]time.Duration, between func()) {
	for ahead(t.screen) > 0 {
		took[ofPages] = append(took[ofPages], t.effect(keyPageDown, rowInFocus))
		between()
		if len(took[ofPages])%10 == 0 {
			took[ofSteps] = append(took[ofSteps], t.effect(keyUp, rowInFocus), t.effect(keyDown, rowInFocus), t.effect(keyPageUp, rowInFocus))
		}
		t.await("more users", func(s *screen) bool { return allCame(s) || ahead(s) > pageful })
	}
}

// typeOver types further letters while the answer to the first is shown.
func (t *console) typeOver(took map[string][]time.Duration) {
	for range 20 {
		for _, key := range []string{"0", "7", keyBackspace, keyBackspace} {
			took[ofLetters] = append(took[ofLetters], t.effect(key, typedText))
		}
		t.await("the answer to the letters", func(s *screen) bool { return strings.Contains(s.text(), "▸ Extra 00000") })
	}
}

// effect presses a key and tells how long it was until what it acts on showed
// another text.
func (t *console) effect(key string, on func(*screen) string) time.Duration {
	t.b.Helper()
	before, at := on(t.screen), time.Now()
	t.press(key)
	return t.await("the effect of "+strconv.Quote(key), func(s *screen) bool { return on(s) != before }).Sub(at)
}

// cpu is the time the program has computed (proc(5), stat: fields 14 and 15,
// in hundredths of a second).
func (t *console) cpu() time.Duration {
	t.b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", t.program.Process.Pid))
	if err != nil {
		t.b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // after the name, which is field 2
	fields := strings.Fields(rest)
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// rowInFocus is the row under the cursor, typedText the search field.
func rowInFocus(s *screen) string { return rowWith(s, "▸") }

func typedText(s *screen) string { return rowWith(s, "Who is it?") }

func rowWith(s *screen, text string) string {
	for y := range s.rows {
		if row := s.row(y); strings.Contains(row, text) {
			return row
		}
	}
	return ""
}

// pageful is about as many rows as a page has.
const pageful = 60

var (
	extraUser = regexp.MustCompile(`▸ Extra (\d+)`)
	usersSeen = regexp.MustCompile(`(?m)^ +(\d+) (found|shown)`)
)

// ahead is how many users that have come lie behind the one under the cursor.
func ahead(s *screen) int {
	return numberIn(usersSeen, s) - 1 - numberIn(extraUser, s)
}

func allCame(s *screen) bool { return numberIn(usersSeen, s) == many }

func numberIn(in *regexp.Regexp, s *screen) int {
	found := in.FindStringSubmatch(s.text())
	if found == nil {
		return 0
	}
	n, _ := strconv.Atoi(found[1]) // they are digits
	return n
}
