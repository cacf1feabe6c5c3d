package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// figures are what `make bench` measures, on the demo world and over the real
// protocols. Each prints lines that begin with "figure", with "floor" or with
// "note". A goal that is missed is there to be read: nothing fails by it.
var figures = []struct {
	name    string
	measure func(b *testing.B)
}{
	{"start-to-search", measureStart},
	{"key-to-frame-p99", measureKeys},
	{"renewal-apdus-ratio", measureRenewal},
	{"held-renewal-apdus", measureHeld},
	{"held-requests-10k", measureBusy},
	{"resident", measureResident},
	{"find-as-you-type-1M", measureFind},
	{"due", measureDue},
	{"bytes", measureBytes},
	{"ssh-start", measureSSHStart},
	{"audit", measureAudit},
}

// BenchmarkFigures measures the figures that FIGURES names, or else all.
func BenchmarkFigures(b *testing.B) {
	wanted := strings.Fields(os.Getenv("FIGURES"))
	var known []string
	for _, f := range figures {
		known = append(known, f.name)
	}
	for _, name := range wanted {
		if !slices.Contains(known, name) {
			b.Fatalf("there is no figure %q; there are: %s", name, strings.Join(known, ", "))
		}
	}
	for _, f := range figures {
		if len(wanted) == 0 || slices.Contains(wanted, f.name) {
			b.Run(f.name, func(b *testing.B) {
				defer func() {
					if b.Skipped() {
						note("%s could not be measured here; go test -v says why", f.name)
					}
				}()
				f.measure(b)
			})
		}
	}
}

// figure prints a figure beside its goal.
func figure(name, value, unit, goal string) {
	fmt.Printf("figure %s %s %s goal %s\n", name, value, unit, goal)
}

// note prints what helps to understand a figure.
func note(format string, args ...any) { fmt.Printf("note "+format+"\n", args...) }
