package audit

import (
	"fmt"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// FindingLine is a finding as a sentence.
func FindingLine(t *words.Text, f Finding) string {
	line := t.AuditRows(f.Station, f.Named, f.From, f.To, f.SeqFrom, f.SeqTo) + ": " + t.Audit.Faults[string(f.Fault)]
	if f.Detail != "" {
		line += " (" + engine.Clean(f.Detail) + ")"
	}
	return line
}

// VouchedLines say up to where a station's chain is vouched for, and what is not
// known.
func VouchedLines(t *words.Text, v Vouched) (all []string) {
	w := t.Audit
	whole := w.Sound
	if !v.Sound {
		whole = w.Unsound
	}
	all = append(all, whole.Of(int(v.Rows), t.Station(v.Station)))
	add := func(line string) { all = append(all, "  "+line) }
	switch {
	case v.To == 0:
		add(w.None)
	case v.Outside:
		add(fmt.Sprintf(w.Outside, v.To, words.AuditTime(v.At)))
	default:
		add(fmt.Sprintf(w.Stored, v.To, words.AuditTime(v.At)))
	}
	if v.To > 0 && !v.KnownKey {
		add(fmt.Sprintf(w.NoKey, v.Key))
	}
	switch {
	case !v.Sound:
		add(w.Before)
	case v.To > 0 && v.Last > v.To:
		add(fmt.Sprintf(w.Rest, v.To+1, v.Last))
	}
	return all
}
