package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"cardkiosk/engine"
)

// checker collects what is wrong with one file.
type checker struct {
	main   *checker   // that of config.toml; itself, where this is it
	others []*checker // those of the policy files, in the order they are read
	file   string
	data   []byte
	trials Trials
	root   *path
	starts map[string]int  // where each path that is in the file starts
	spoilt map[string]bool // paths whose value is not known: that was reported, and once is enough
	found  []Finding
}

func newChecker(file string, data []byte, t Trials) *checker {
	c := &checker{file: file, data: data, trials: t, root: &path{}, spoilt: map[string]bool{}}
	c.main = c
	return c
}

// another is a checker for a policy file.
func (c *checker) another(file string, data []byte) *checker {
	o := newChecker(file, data, c.trials)
	o.main = c.main
	c.main.others = append(c.main.others, o)
	return o
}

// given reports whether the file has this key or table.
func (c *checker) given(at *path) bool {
	_, ok := c.starts[at.id]
	return ok
}

// wrong reports what keeps the program from starting. The position is the
// key's, or, when it is missing, that of the table it belongs in.
func (c *checker) wrong(at *path, problem, remedy string) {
	c.report(at, problem, remedy, Error)
}

// warn reports what somebody should know about.
func (c *checker) warn(at *path, problem, remedy string) {
	c.report(at, problem, remedy, Warning)
}

// absent reports a table that is missing, and keeps quiet about all that should
// be in it.
func (c *checker) absent(at *path, remedy string) {
	c.wrong(at, "is missing", remedy)
	c.spoilt[at.id] = true
}

// unclear reports whether a path, or a table it lies in, was reported as
// unreadable or missing: then nothing is known of its value.
func (c *checker) unclear(at *path) bool {
	for ; at != nil; at = at.up {
		if c.spoilt[at.id] {
			return true
		}
	}
	return false
}

func (c *checker) report(at *path, problem, remedy string, s Severity) {
	if c.unclear(at) {
		return
	}
	f := Finding{
		File: c.file, Key: at.shown, Severity: s,
		Problem: engine.Clean(problem), Remedy: engine.Clean(remedy),
	}
	f.Line, f.Column = c.position(at)
	c.found = append(c.found, f)
}

// position is 1:1 for a table that the file does not have.
func (c *checker) position(at *path) (line, column int) {
	for at.up != nil && !c.given(at) {
		at = at.up
	}
	before := string(c.data[:c.starts[at.id]])
	return 1 + strings.Count(before, "\n"), len(before) - strings.LastIndexByte(before, '\n')
}

// findings are those of config.toml in the order of its lines, then those of
// the policy files.
func (c *checker) findings() []Finding {
	slices.SortStableFunc(c.found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	all := c.found
	for _, o := range c.others {
		all = append(all, o.findings()...)
	}
	return all
}

// verdict returns nil when the program can start.
func (c *checker) verdict() error {
	all := c.findings()
	if !slices.ContainsFunc(all, func(f Finding) bool { return f.Severity == Error }) {
		return nil
	}
	return &engine.Error{Op: "read configuration", Kind: engine.BadInput, Subject: c.file, Err: &Findings{All: all}}
}

// fallback sets a key that the file leaves out.
func fallback[T any](c *checker, at *path, value *T, otherwise T) {
	if !c.given(at) {
		*value = otherwise
	}
}

// name reports a name that is missing, or that nobody could read on the screen.
func (c *checker) name(at *path, value, remedy string) {
	if c.need(at, value, remedy) && strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }) {
		c.wrong(at, quote(value)+" has a character that cannot be shown", "use letters, digits, spaces and punctuation only")
	}
}

// need reports a text that is missing or empty; one of spaces only is.
func (c *checker) need(at *path, value, remedy string) bool {
	switch {
	case strings.TrimSpace(value) != "":
		return true
	case c.given(at):
		c.wrong(at, "is empty", remedy)
	default:
		c.wrong(at, "is missing", remedy)
	}
	return false
}

// together reports one of two keys that make sense only as a pair.
func (c *checker) together(one *path, hasOne bool, other *path, hasOther bool) {
	if hasOne == hasOther || c.unclear(one) || c.unclear(other) {
		return
	}
	if hasOther {
		one, other = other, one
	}
	c.wrong(one, "stands alone, without "+other.shown, "give both, or neither")
}

// countsFromNone reports a number that is not one of 0 to most.
func (c *checker) countsFromNone(at *path, n, most int) {
	if n < 0 || n > most {
		c.wrong(at, fmt.Sprintf("is %d", n), fmt.Sprintf("use a number from 0 to %d", most))
	}
}

// oneOf reports a word that is not one of a closed set.
func oneOf[T ~string](c *checker, at *path, value T, known ...T) {
	if slices.Contains(known, value) {
		return
	}
	words, quoted := make([]string, len(known)), make([]string, len(known))
	for i, k := range known {
		words[i], quoted[i] = string(k), strconv.Quote(string(k))
	}
	remedy := "use " + orList(quoted)
	if near := Nearest(string(value), words); near != "" {
		remedy = fmt.Sprintf("did you mean %q? Possible here: %s", near, orList(quoted))
	}
	if c.need(at, string(value), remedy) {
		c.wrong(at, "does not take "+quote(string(value)), remedy)
	}
}

// counts reports a number that is not one of 1 to most.
func (c *checker) counts(at *path, n, most int) {
	if n < 1 || n > most {
		c.wrong(at, fmt.Sprintf("is %d", n), fmt.Sprintf("use a number from 1 to %d", most))
	}
}

// maxTimeout is the longest that somebody at a screen can be left waiting for
// a server.
const maxTimeout = 5 * time.Minute

func (c *checker) timeout(at *path, t time.Duration) {
	if t <= 0 || t > maxTimeout {
		c.wrong(at, "is "+short(t), fmt.Sprintf("use a time above 0s, and %s at most", short(maxTimeout)))
	}
}

// short leaves out the zeros of 1h0m0s.
func short(t time.Duration) string {
	s := t.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// orList joins words: a, b or c.
func orList(words []string) string { return list(words, " or ") }

// andList joins words: a, b and c.
func andList(words []string) string { return list(words, " and ") }

func list(words []string, joint string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + joint + words[last]
}

// quote shows a piece of the file in a finding, shortened when it is long.
func quote(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return strconv.Quote(s)
}
