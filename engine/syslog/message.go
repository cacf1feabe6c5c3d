package syslog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cardkiosk/engine"
)

// The largest messages, in bytes. UDP: what receivers should take (RFC 5426,
// 3.2). The others: RFC 5425, 4.3.1, and what common servers take unasked.
const (
	mostUDP = 2048
	most    = 8192

	mostCheckpoint = 60_000 // what a packet can hold
)

// Severities (RFC 5424, 6.2.1).
const (
	warning = 4 // something was refused, or failed
	notice  = 5
)

// enterprise is the number that structured data is named with: the one for
// documentation (RFC 5612), since the kiosk has none of its own.
const enterprise = "@32473"

// row is a row as a message. docs/audit.md has the fields.
func (s *Server) row(r engine.ChainedRow) []byte {
	severity := warning
	if r.Result == "done" {
		severity = notice
	}
	fields := []field{
		{"seq", strconv.FormatInt(r.Seq, 10)},
		{"station", r.Actor.Station},
		{"n", strconv.FormatInt(r.N, 10)},
		{"who", r.Actor.Who},
		{"how", string(r.Actor.How)},
		{"mode", string(r.Actor.Mode)},
		{"act", r.Act},
		{"card", string(r.Card)},
		{"user", string(r.User)},
		{"run", string(r.Run)},
		{"result", r.Result},
		{"format", strconv.Itoa(r.Format)},
		{"prev", r.Prev.String()},
		{"hash", r.Hash.String()},
		{"detail", r.Detail},
	}
	text := fmt.Sprintf("%s: %s: %s", r.Actor.Who, r.Act, r.Result)
	return s.message(s.room(), severity, r.At, "AUDIT", "audit", fields, text)
}

// checkpoint is a checkpoint as a message: the text is the line that verifies,
// which is small and never cut.
func (s *Server) checkpoint(c engine.Checkpoint) []byte {
	fields := []field{
		{"station", c.Station}, {"number", strconv.FormatInt(c.Number, 10)}, {"n", strconv.FormatInt(c.N, 10)},
	}
	return s.message(mostCheckpoint, notice, c.At, "CHECKPOINT", "checkpoint", fields, c.Line())
}

// field is one parameter of structured data.
type field struct{ name, value string }

// message writes a message (RFC 5424, 6). What does not fit is cut, longest
// value first, and the message says so.
func (s *Server) message(room, severity int, at time.Time, id, data string, fields []field, text string) []byte {
	head := fmt.Sprintf("<%d>1 %s %s kiosk - %s ", s.facility*8+severity, at.UTC().Format("2006-01-02T15:04:05.000000Z"), s.host, id)
	for i := range fields {
		fields[i].value = engine.Clean(fields[i].value)
	}
	fields = slices.DeleteFunc(fields, func(f field) bool { return f.value == "" })
	text = engine.Clean(text)
	room -= len(head)
	for len(write(data, fields, text)) > room {
		fields, text = shorten(fields, text, len(write(data, fields, text))-room)
	}
	return []byte(head + write(data, fields, text))
}

func (s *Server) room() int {
	if s.way == overUDP {
		return mostUDP
	}
	return most
}

// write is structured data and text. Text that is not ASCII says that it is
// UTF-8 (RFC 5424, 6.4).
func write(data string, fields []field, text string) string {
	var out strings.Builder
	out.WriteString("[" + data + enterprise)
	for _, f := range fields {
		out.WriteString(" " + f.name + `="` + paramEscaper.Replace(f.value) + `"`)
	}
	out.WriteString("] ")
	if strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		out.WriteString("\ufeff")
	}
	out.WriteString(text)
	return out.String()
}

// paramEscaper escapes what ends a value (RFC 5424, 6.3.3).
var paramEscaper = strings.NewReplacer(`"`, `\"`, `\`, `\\`, `]`, `\]`)

// shorten takes so many bytes or more from the longest of text and values, and
// marks the message as cut.
func shorten(fields []field, text string, excess int) ([]field, string) {
	cut := slices.ContainsFunc(fields, func(f field) bool { return f.name == "cut" })
	if !cut {
		fields = append([]field{{"cut", "yes"}}, fields...)
		return fields, text
	}
	longest := 0
	for i, f := range fields {
		if len(f.value) > len(fields[longest].value) {
			longest = i
		}
	}
	if len(text) >= len(fields[longest].value) {
		return fields, clip(text, excess)
	}
	fields[longest].value = clip(fields[longest].value, excess)
	return fields, text
}

// clip takes so many bytes or more from the end of a text that is not empty, no
// character half.
func clip(s string, excess int) string {
	const sign = "…"
	keep := max(0, len(s)-excess-len(sign))
	for keep > 0 && !utf8.RuneStart(s[keep]) {
		keep--
	}
	if keep == 0 {
		return ""
	}
	return s[:keep] + sign
}

// header is a text as a field of the header takes it: printable ASCII without
// spaces, "-" where there is none.
func header(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r
		}
		return '_'
	}, s)
	if s == "" {
		return "-"
	}
	return s[:min(len(s), most)]
}
