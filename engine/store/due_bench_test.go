package store_test

import (
	"bytes"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"syscall"
	"testing"
	"time"

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
			most, spent := 0, processorTime(b)
			var first time.Duration
			for b.Loop() {
				read, start := 0, time.Now()
				must(b, s.EachDue(b.Context(), func(engine.DueFacts) error {
					switch read++; {
					case read == 1:
						first = max(first, time.Since(start))
					case read%10_000 == 0:
						most = max(most, resident(b))
					}
					return nil
				}))
				if read != n {
					b.Fatalf("%d cards were read, want %d", read, n)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "cards/s")
			b.ReportMetric(float64((processorTime(b)-spent).Nanoseconds())/1000/float64(n)/float64(b.N), "cpu-µs/card")
			b.ReportMetric(float64(first.Microseconds())/1000, "ms-to-first")
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

// processorTime is what this process has used up of all processors, which on a
// busy machine says more than a clock.
func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var use syscall.Rusage
	must(t, syscall.Getrusage(syscall.RUSAGE_SELF, &use))
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
