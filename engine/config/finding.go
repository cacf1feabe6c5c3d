package config

import (
	"fmt"
	"strings"
)

// Finding is one thing that is wrong with a configuration, and what to do.
type Finding struct {
	File     string
	Line     int // from 1; 0 when it is about the file as a whole
	Column   int // from 1, in bytes
	Key      string
	Problem  string
	Remedy   string
	Severity Severity
}

// Severity says whether the program can start in spite of a finding.
type Severity int

// The severities.
const (
	Error Severity = iota
	Warning
)

// String gives the finding on one line, in the form that editors jump to:
// "config.toml:12:3: directory.servers: is empty — name at least one".
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", f.Line, f.Column)
	}
	b.WriteString(": ")
	if f.Severity == Warning {
		b.WriteString("warning: ")
	}
	if f.Key != "" {
		b.WriteString(f.Key + ": ")
	}
	return b.String() + f.Problem + " — " + f.Remedy
}

// Findings is everything that is wrong with a configuration, warnings too, in
// the order of its lines. It is an error: at least one finding is not a mere
// warning.
type Findings struct{ All []Finding }

// Error gives one finding per line.
func (f *Findings) Error() string {
	lines := make([]string, len(f.All))
	for i, one := range f.All {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}
