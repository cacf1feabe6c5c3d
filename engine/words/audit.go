package words

import (
	"fmt"
	"time"

	"cardkiosk/engine"
)

// Audit are the words of kiosk audit.
type Audit struct {
	Faults map[string]string // by audit.Fault

	Row     string // number, station
	Rows    string // first, last, station
	Among   string // number
	Amongst string // first, last
	Chain   string // station
	NoName  string // in place of a station's name

	Sound   Plural // rows, station
	Unsound Plural // rows, station
	Outside string // last row, date and time of the signature
	Stored  string // last row, date and time of the signature
	NoKey   string // the key
	Rest    string // first, last
	None    string
	Before  string
	Good    Plural // rows
	Bad     Plural // findings

	Card, User, Run string // what a row is about
	Keep            string // a public key
}

// Station is a station's name, cleaned; one that has none is said to have none.
func (t *Text) Station(name string) string {
	if name == "" {
		return t.Audit.NoName
	}
	return engine.Clean(name)
}

// AuditRows says which rows of a chain are meant, and which among all; 0 is not
// known.
func (t *Text) AuditRows(station string, named bool, from, to, seqFrom, seqTo int64) string {
	w := t.Audit
	switch {
	case named && from > 0 && from == to:
		return fmt.Sprintf(w.Row, from, t.Station(station)) + t.among(seqFrom, seqTo)
	case named && from > 0:
		return fmt.Sprintf(w.Rows, from, to, t.Station(station)) + t.among(seqFrom, seqTo)
	case named:
		return fmt.Sprintf(w.Chain, t.Station(station))
	case seqFrom > 0 && seqFrom == seqTo:
		return fmt.Sprintf(w.Among, seqFrom)
	case seqFrom > 0:
		return fmt.Sprintf(w.Amongst, seqFrom, seqTo)
	}
	return "kiosk"
}

func (t *Text) among(from, to int64) string {
	switch {
	case from <= 0 || to < from:
		return ""
	case from == to:
		return " (" + fmt.Sprintf(t.Audit.Among, from) + ")"
	}
	return " (" + fmt.Sprintf(t.Audit.Amongst, from, to) + ")"
}

// AuditTime is a time in the audit: to the second, and the same everywhere.
func AuditTime(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05 UTC") }
