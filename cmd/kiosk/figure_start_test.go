package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cardkiosk/cmd/kiosk/demo"
)

// starts is how often a program is started; the median counts.
const starts = 21

// measureStart measures from the start of the program, as a person starts it
// on a terminal, to the first frame in which a key is seen in the search field.
// The key is pressed when the field is first on the screen. The servers are
// up, and the store has been used before.
func measureStart(b *testing.B) {
	world := furnishedWorld(b, demo.Options{})
	kiosk := built(b, "cardkiosk/cmd/kiosk", "CGO_ENABLED=0")
	empty := built(b, "cardkiosk/testdata/emptytea", "CGO_ENABLED=0")
	var ours, theirs, shown []time.Duration
	for range starts {
		field, echo := untilTyped(b, "Who is it?", kiosk, "--config", world.Config())
		ours, shown = append(ours, echo), append(shown, field)
		_, echo = untilTyped(b, "Type:", empty)
		theirs = append(theirs, echo)
	}
	figure("start-to-search", inMillis(percentile(ours, 50)), "ms", "<= 100")
	note("start-to-search is the median of %d starts; least %s ms, most %s ms; the field is on the screen after %s ms",
		starts, inMillis(slices.Min(ours)), inMillis(slices.Max(ours)), inMillis(percentile(shown, 50)))
	note("start-to-search of an empty Bubble Tea program on the same terminal, in turns with ours: %s ms; ours takes %.1f times as long",
		inMillis(percentile(theirs, 50)), float64(percentile(ours, 50))/float64(percentile(theirs, 50)))
}

// untilTyped starts a program, presses Q when it shows a field, and tells when
// the field was there and when Q was in it.
func untilTyped(b *testing.B, field, program string, args ...string) (shown, typed time.Duration) {
	b.Helper()
	t := onTerminal(b, smallest, program, args...)
	defer t.leave()
	shown = t.sees(field).Sub(t.started)
	t.press("Q")
	at := t.await("the key in the field", func(s *screen) bool {
		_, after, _ := strings.Cut(s.text(), field)
		return strings.HasPrefix(strings.TrimLeft(after, " "), "Q")
	})
	return shown, at.Sub(t.started)
}

// furnishedWorld is the demo world with its cards issued, for kiosks that run
// as programs of their own.
func furnishedWorld(b testing.TB, o demo.Options) *demo.World {
	b.Helper()
	world, cfg := openWorld(b, o)
	p, err := assemble(b.Context(), cfg, surroundings{nil, tester.Who, time.Now})
	if err != nil {
		b.Fatal(err)
	}
	if err := world.Seed(b.Context(), p.desk); err != nil {
		b.Fatal(err)
	}
	if err := p.close(); err != nil {
		b.Fatal(err)
	}
	return world
}

// percentile is the value that so many percent do not exceed.
func percentile(all []time.Duration, percent int) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[max((len(sorted)*percent+99)/100, 1)-1]
}

func inMillis(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()*1000) }
