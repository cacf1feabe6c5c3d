package audit

import (
	"fmt"

	"cardkiosk/engine"
)

// Outside takes a checkpoint that has left the station; where says in which file
// it stands. All checkpoints come before the first row.
func (v *Verifier) Outside(c engine.Checkpoint, err error, where string) {
	v.checkpoint(c, err, where, true)
}

// Stored takes a checkpoint of the store's own: whoever can write the rows can
// write these too, but not sign them.
func (v *Verifier) Stored(c engine.Checkpoint, err error) {
	v.store = true
	v.checkpoint(c, err, "the store", false)
}

// WithStore says that the store's own checkpoints are known, even if there are
// none.
func (v *Verifier) WithStore() { v.store = true }

func (v *Verifier) checkpoint(c engine.Checkpoint, err error, where string, outside bool) {
	known, ours := v.keys.knows(c.Station, c.Key)
	chain := v.chain(c.Station)
	if chain.key == nil && c.Signed() {
		chain.key = c.Key
	}
	bad := ""
	switch {
	case err != nil:
		bad = err.Error()
	case c.Format < 1 || c.Format > engine.CheckpointFormat:
		bad = fmt.Sprintf("it is of format %d", c.Format)
	case !c.Signed():
		bad = "its signature does not hold"
	case known && !ours:
		bad = "it was signed with a key that is not known to be the station's"
	case !known && !c.Key.Equal(chain.key):
		bad = "it was signed with another key than the first one, and no key was given that says which is the station's"
	}
	if bad != "" {
		v.tell(chain, Finding{
			Fault: Checkpoint, Station: c.Station, Named: true, To: c.N, SeqTo: c.Seq, Detail: fmt.Sprintf("%s, checkpoint %d: %s", where, c.Number, bad),
		})
		return
	}
	if !outside {
		v.inOrder(chain, c)
	}
	chain.checkpoints[c.N] = append(chain.checkpoints[c.N], signed{c, outside, known})
}

// inOrder looks whether the store's own checkpoints are numbered one after the
// other.
func (v *Verifier) inOrder(chain *chain, c engine.Checkpoint) {
	if c.Number != int64(len(chain.inStore))+1 {
		v.tell(chain, Finding{
			Fault: Checkpoint, Station: c.Station, Named: true, To: c.N, SeqTo: c.Seq,
			Detail: fmt.Sprintf("the store, checkpoint %d: it does not follow number %d: some were removed, or doubled", c.Number, len(chain.inStore)),
		})
	}
	chain.inStore[c.Number] = string(c.Signature)
}

// removed tells of checkpoints that have left the station and are not in the
// store any more: the store is an older one, or they were taken out of it.
func (v *Verifier) removed(c *chain) {
	var first, last signed
	for _, all := range c.checkpoints {
		for _, s := range all {
			if !s.outside || c.inStore[s.Number] == string(s.Signature) {
				continue
			}
			if first.Number == 0 || s.Number < first.Number {
				first = s
			}
			if s.Number > last.Number {
				last = s
			}
		}
	}
	if first.Number > 0 {
		v.tell(c, Finding{
			Fault: Checkpoint, Station: first.Station, Named: true, To: first.N, SeqTo: first.Seq,
			Detail: fmt.Sprintf("the store, checkpoints %d to %d: some have left the station, and are not there any more", first.Number, last.Number),
		})
	}
}
