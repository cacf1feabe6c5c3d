package audit

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"

	"cardkiosk/engine"
)

// Verifier walks over the rows of an audit in the order in which they were
// written, and says what is wrong. It keeps the end of every chain and every
// checkpoint, and no row.
type Verifier struct {
	keys     Keys
	found    func(Finding)
	findings int

	chains map[string]*chain
	order  []string // of the stations, as they came
	seq    int64    // of the last row
	held   map[string]Finding
	store  bool // the store's own checkpoints were told
}

// chain is what is kept of a station while rows go by.
type chain struct {
	end         engine.ChainedRow // the last row in its place; N is 0 before the first
	link        engine.Hash       // what its hash should be, where it is not what it is
	vouched     Vouched
	checkpoints map[int64][]signed // by the row they are of
	inStore     map[int64]string   // the signatures of the store's own, by their number
	signedTo    int64              // up to here a checkpoint agrees
	broken      bool               // a checkpoint did not: one finding is enough
	key         ed25519.PublicKey  // that signed the first one
}

// signed is a checkpoint that is the station's, as far as is known.
type signed struct {
	engine.Checkpoint
	outside  bool
	knownKey bool
}

// NewVerifier makes one that tells found what is wrong. Without keys it takes
// the word of checkpoints that have left the station.
func NewVerifier(keys Keys, found func(Finding)) *Verifier {
	return &Verifier{keys: keys, found: found, chains: map[string]*chain{}, held: map[string]Finding{}}
}

func (v *Verifier) chain(station string) *chain {
	c := v.chains[station]
	if c == nil {
		c = &chain{vouched: Vouched{Station: station, Sound: true}, checkpoints: map[int64][]signed{}, inStore: map[int64]string{}}
		v.chains[station] = c
		v.order = append(v.order, station)
	}
	return c
}

// Row takes the next row. odd says what is in it that the kiosk never writes.
func (v *Verifier) Row(r engine.ChainedRow, odd string) {
	c := v.chain(r.Actor.Station)
	c.vouched.Rows++
	v.count(r)
	link := r.Link()
	changed := odd != "" || link != r.Hash
	switch {
	case r.Format > engine.ChainFormat:
		v.tell(c, of(Newer, r))
	case changed:
		f := of(Changed, r)
		f.Detail = odd
		v.tell(c, f)
	}
	if v.follow(c, r, link, changed) {
		v.compare(c, r, link)
	}
}

// of is a finding about one row.
func of(fault Fault, r engine.ChainedRow) Finding {
	return Finding{Fault: fault, Station: r.Actor.Station, Named: true, From: r.N, To: r.N, SeqFrom: r.Seq, SeqTo: r.Seq}
}

// count looks whether the rows of all stations are numbered one after the other.
func (v *Verifier) count(r engine.ChainedRow) {
	switch {
	case r.Seq > v.seq+1:
		v.tell(nil, Finding{Fault: Missing, SeqFrom: v.seq + 1, SeqTo: r.Seq - 1})
	case r.Seq <= v.seq:
		v.tell(v.chain(r.Actor.Station), of(OutOfPlace, r))
	}
	v.seq = max(v.seq, r.Seq)
}

// follow looks whether a row is the next one of its chain, and takes it for that
// one. A row that was changed has been told of: it is the next where it looks
// like it, so that the rows behind it are not accused.
func (v *Verifier) follow(c *chain, r engine.ChainedRow, link engine.Hash, changed bool) (taken bool) {
	linked := r.Prev == c.end.Hash || r.Prev == c.link
	next := r.N == c.end.N+1
	switch {
	case changed && !next && !linked:
		return false // from elsewhere
	case changed:
		r.N = c.end.N + 1
	case next && !linked:
		f := of(Departs, r)
		f.From, f.SeqFrom = max(c.end.N, 1), max(c.end.Seq, 1)
		v.tell(c, f)
	case r.N > c.end.N+1:
		v.tell(c, Finding{
			Fault: Missing, Station: r.Actor.Station, Named: true, From: c.end.N + 1, To: r.N - 1,
			SeqFrom: c.end.Seq + 1, SeqTo: r.Seq - 1,
		})
	case !next:
		v.tell(c, of(OutOfPlace, r))
		return false
	}
	c.end, c.link = r, link
	c.vouched.Last = r.N
	return true
}

// compare holds a row against the checkpoints that are of it. Of a row that was
// changed, hash or contents may still be as they were signed.
func (v *Verifier) compare(c *chain, r engine.ChainedRow, link engine.Hash) {
	for _, s := range c.checkpoints[r.N] {
		if s.Seq == r.Seq && (s.Hash == r.Hash || s.Hash == link) {
			c.agree(s)
			continue
		}
		if !c.broken {
			c.broken = true
			v.tell(c, Finding{
				Fault: NotAsSigned, Station: s.Station, Named: true, From: c.signedTo + 1, To: r.N, SeqTo: r.Seq, Detail: s.said(),
			})
		}
	}
}

// agree notes that a checkpoint vouches for the chain up to here.
func (c *chain) agree(s signed) {
	if c.broken {
		return
	}
	c.signedTo = s.N
	better := !c.vouched.Outside || s.outside // one inside never takes the place of one outside
	if c.vouched.Sound && better {
		c.vouched.To, c.vouched.At, c.vouched.Checkpoint = s.N, s.At, s.Number
		c.vouched.Outside, c.vouched.KnownKey = s.outside, s.knownKey
		c.vouched.Key = base64.StdEncoding.EncodeToString(s.Key)
	}
}

func (s signed) said() string {
	return fmt.Sprintf("checkpoint %d of %s", s.Number, s.At.UTC().Format("2006-01-02 15:04:05 UTC"))
}

// End is told when no more rows come, with the number of rows that were ever
// counted, or less than 0 where that is not known.
func (v *Verifier) End(counted int64) []Vouched {
	switch {
	case counted > v.seq:
		v.tell(nil, Finding{Fault: CutOff, SeqFrom: v.seq + 1, SeqTo: counted})
	case counted >= 0 && counted < v.seq:
		v.tell(nil, Finding{Fault: Miscounted, SeqFrom: counted + 1, SeqTo: v.seq})
	}
	all := make([]Vouched, 0, len(v.order))
	for _, station := range v.order {
		c := v.chains[station]
		v.missed(c, station)
		if v.store {
			v.removed(c)
		}
		all = append(all, c.vouched)
	}
	for _, f := range v.held {
		v.found(f)
	}
	clear(v.held)
	return all
}

// missed tells of the last rows that checkpoints are of and that did not come.
// Whether these were cut off, or others before them taken out and the chain made
// anew, cannot be told: all behind the last one that was signed are named.
func (v *Verifier) missed(c *chain, station string) {
	var last signed
	for n, all := range c.checkpoints {
		if n > max(c.end.N, last.N) {
			last = all[0]
		}
	}
	if last.N > 0 {
		v.tell(c, Finding{
			Fault: CutOff, Station: station, Named: true, From: c.signedTo + 1, To: last.N, SeqTo: last.Seq,
			Detail: fmt.Sprintf("%s; the chain ends with row %d", last.said(), c.end.N),
		})
	}
}

// Unguarded tells of what the store's tables are not kept shut by any more.
func (v *Verifier) Unguarded(guard string) {
	v.tell(nil, Finding{Fault: Unguarded, Detail: guard})
}

// Findings is how many were found.
func (v *Verifier) Findings() int { return v.findings }

// tell holds a finding back until it is known whether the next one goes on with
// it. c is the chain that is not sound any more; nil where that is not known.
func (v *Verifier) tell(c *chain, f Finding) {
	if c != nil {
		c.vouched.Sound = false
	}
	last, holds := v.held[f.Station]
	if holds && last == f {
		return
	}
	if holds && last.joins(f) {
		last.To, last.SeqTo = f.To, f.SeqTo
		v.held[f.Station] = last
		return
	}
	if holds {
		v.found(last)
	}
	v.findings++
	v.held[f.Station] = f
}
