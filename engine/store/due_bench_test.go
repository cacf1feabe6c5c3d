package store_test

import (
	"bytes"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

// BenchmarkEachDue reads all cards of a store as a report does. A million takes
// minutes to load: MILLION=1 asks for it.
func BenchmarkEachDue(b *testing.B) {
	sizes := []int{10_000, 100_000}
	if os.Getenv("MILLION") != "" {
		sizes = append(sizes, 1_000_000)
	}
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := open(b, newPath(b))
			must(b, store.Load(b.Context(), s, n, func(i int) (engine.Record, engine.Person) {
				return store.Synthetic(i, n, noon)
			}))
			debug.FreeOSMemory()
			most := 0
			for b.Loop() {
				read := 0
				must(b, s.EachDue(b.Context(), func(engine.DueFacts) error {
					if read++; read%10_000 == 0 {
						most = max(most, resident(b))
					}
					return nil
				}))
				if read != n {
					b.Fatalf("%d cards were read, want %d", read, n)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "cards/s")
			b.ReportMetric(float64(most)/(1<<20), "MB-resident")
		})
	}
}

// resident is how many bytes of memory this process has.
func resident(t testing.TB) int {
	t.Helper()
	pages, err := os.ReadFile("/proc/self/statm")
	must(t, err)
	n, err := strconv.Atoi(string(bytes.Fields(pages)[1]))
	must(t, err)
	return n * os.Getpagesize()
}
