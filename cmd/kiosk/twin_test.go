package main

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// twin is the same screen in German. It hears what the pilot's screen hears, and
// does nothing itself: what it would ask, the pilot's screen asks for both. So each
// frame on file is there in each language, from one run of the test.
//
// A message must therefore bring values and not sentences: those a page makes itself.
type twin struct{ app tea.Model }

func newTwin(app tea.Model) *twin {
	_ = app.Init()
	return &twin{app}
}

func (w *twin) hear(msg tea.Msg) {
	if w != nil {
		_, _ = w.app.Update(msg)
	}
}

func (w *twin) frame() string { return frameOf(w.app) }

// golden compares a frame that the pilot has just seen with the one on file, in
// each language. A frame fits its screen.
func (s *pilot) golden(name, frame string) {
	s.t.Helper()
	golden(s.t, filepath.Join("frames", name+".golden"), steady(frame)+"\n")
	golden(s.t, filepath.Join("frames", "de", name+".golden"), steady(s.twin.frame())+"\n")
	s.whole(name, frame)
}

// whole reports what a frame lacks: a text that is cut in German and not in English,
// and a word that is cut without a sign or that is still English.
func (s *pilot) whole(name, frame string) {
	s.t.Helper()
	german := s.twin.frame()
	fits(s.t, name, frame, s.width, s.height)
	fits(s.t, name+" in German", german, s.width, s.height)
	if cut := cutIn(german); len(cut) > len(cutIn(frame)) {
		s.t.Errorf("%s in German is cut: %q", name, cut)
	}
	for _, w := range foreignWords(frame, german) {
		s.t.Errorf("%s in German says %q:\n%s", name, w, german)
	}
}

// cutEnd is how widget.Fit ends what it has cut: with the sign at the end of a word.
// Where the words themselves have it, a space stands before it.
var cutEnd = regexp.MustCompile(`\S+[^\s.…~][…~]`)

func cutIn(frame string) []string { return cutEnd.FindAllString(frame, -1) }

// foreignWords are those of a frame in German that are none of German, unless the
// frame in English has them too and they are none of English: then they are values.
func foreignWords(english, german string) (foreign []string) {
	values := map[string]bool{}
	for _, w := range wordsIn(outside(english)) {
		values[w] = true
	}
	rest := cutEnd.ReplaceAllString(outside(german), "")
	for _, w := range wordsIn(rest) {
		if slices.Contains(called, w) {
			continue
		}
		if !vocabulary.german[w] && (vocabulary.english[w] || !values[w]) {
			foreign = append(foreign, w)
		}
	}
	return foreign
}

// called are users, stations and templates whose names are words of a screen as well.
var called = []string{"Ada", "Adam", "Grace", "Siobhán", "desk", "demo", "moved", "Mail", "encryption"}

// names are those from outside that have words in them as the screen has too.
var names = []string{
	"Corp Issuing CA", "Bank of Example CA", "Zoë van der Berg", "Zoe van der Berg", "customer 4711",
	// what CAs and their officers say, each in its own language
	"Come to the desk with your passport, please.", "not today", "theo is not among officers in ca.toml",
	"the subject is another than that of the certificate it renews", "the subject is another than that of the",
	"Template authentication does not permit the subject attribute O=Other Example, only O=Corp Example (subject_fixed in ca.toml)",
	"Template authentication permits at most 1096 days of validity, not 5000 (max_valid_days in ca.toml)",
	"ICAM PIV Authenticat…", "ICAM Test Card Signi…", "ICAM Test Card Dig S…", "ICAM Test Card Key M…",
	"Waits for an officer since", "Come by with your passport first", "its subject",
}

// reader is the name of one of the demo's readers.
var reader = regexp.MustCompile(`Demo reader \d|[\w.]+@[\w.]+|F\d`)

// outside takes what comes from outside from a frame, on however many lines it stands.
func outside(frame string) string {
	flat := reader.ReplaceAllString(strings.Join(strings.Fields(steady(frame)), " "), "")
	for _, name := range names {
		flat = strings.ReplaceAll(flat, name, "")
	}
	return flat
}
