package audit

import "time"

// Fault is what is wrong with rows of a chain, or with what vouches for them.
// The words stand in JSON: never rename one.
type Fault string

// The faults.
const (
	Changed     Fault = "changed"       // the row does not say what its hash is of
	Departs     Fault = "departs"       // it holds another hash than the row before has: one of the two is not the one that was written
	Missing     Fault = "missing"       // rows were removed
	OutOfPlace  Fault = "out of place"  // its number was there before: inserted, doubled or moved
	CutOff      Fault = "cut off"       // the last rows were removed
	NotAsSigned Fault = "not as signed" // the chain holds, but it is not the one that was signed: it was made anew
	Miscounted  Fault = "miscounted"    // fewer rows were ever counted than there are
	Newer       Fault = "newer"         // a newer kiosk has linked it
	Checkpoint  Fault = "checkpoint"    // a checkpoint is not the station's, or not whole, or was removed
	Unguarded   Fault = "unguarded"     // what keeps the tables shut was taken away
)

// Faults returns all faults, for tables that must not lack one.
func Faults() []Fault {
	return []Fault{Changed, Departs, Missing, OutOfPlace, CutOff, NotAsSigned, Miscounted, Newer, Checkpoint, Unguarded}
}

// Finding is one thing that is wrong. Which rows it is about is said by their
// numbers in the station's chain, and by those among all rows, as far as they
// are known.
type Finding struct {
	Fault   Fault  `json:"fault"`
	Station string `json:"station"`
	Named   bool   `json:"-"`              // the station is known; "" is one that has no name
	From    int64  `json:"from,omitempty"` // in the station's chain
	To      int64  `json:"to,omitempty"`
	SeqFrom int64  `json:"seqFrom,omitempty"` // among all rows
	SeqTo   int64  `json:"seqTo,omitempty"`
	Detail  string `json:"detail,omitempty"` // what exactly; of a checkpoint where it stands
}

// joins reports whether next goes on where f ends, so that one can be said of
// both.
func (f Finding) joins(next Finding) bool {
	if f.Fault != next.Fault || f.Station != next.Station || f.Named != next.Named || f.Detail != next.Detail {
		return false
	}
	return f.To > 0 && next.From == f.To+1 && (f.Fault == Changed || f.Fault == OutOfPlace || f.Fault == Newer)
}

// Vouched says of one station up to where its chain is vouched for. When
// something was found, only rows before the first finding are.
type Vouched struct {
	Station    string    `json:"station"`
	Rows       int64     `json:"rows"` // that were read
	Last       int64     `json:"last"` // number of the last one
	Sound      bool      `json:"sound"`
	To         int64     `json:"vouchedTo"` // 0: no checkpoint vouches for any
	At         time.Time `json:"signedAt,omitzero"`
	Key        string    `json:"key,omitempty"` // base64, of who signed
	Outside    bool      `json:"outside"`       // the checkpoint has left the station
	KnownKey   bool      `json:"knownKey"`      // and its key was kept elsewhere
	Checkpoint int64     `json:"checkpoint,omitempty"`
}
