package pcsc

// visits numbers what pcscd counts, so that no number comes twice. pcscd counts
// the cards put in and taken out per reader, in 16 bits, and starts again at
// zero with each reader plugged in and each start of its own: so each time a
// reader appears, a new series of numbers begins.
type visits struct {
	series int            // begun so far
	byName map[string]int // the series of each reader
	count  map[string]int // pcscd's count
}

// forget has every reader appear anew: pcscd was away.
func (v *visits) forget() { v.byName = nil }

// update takes pcscd's counts of all readers there are.
func (v *visits) update(counts map[string]int) {
	before := v.byName
	v.byName = make(map[string]int, len(counts))
	for name := range counts {
		series, ok := before[name]
		if !ok {
			v.series++
			series = v.series
		}
		v.byName[name] = series
	}
	v.count = counts
}

// of returns the number of the visit to a reader now.
func (v *visits) of(name string) int {
	const counter = 16 // bits of pcscd's count
	return v.byName[name]<<counter | v.count[name]&(1<<counter-1)
}
