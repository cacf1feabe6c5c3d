package engine

import (
	"strings"
	"testing"
)

// No words from outside move a cursor, change a colour or turn a line round.
func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"Šimečka":                  "Šimečka",
		"王芳":                       "王芳",
		"a b":                      "a b",
		"x\x1b]0;title\x07y":       "x�]0;title�y",
		"two\nlines\r\ttab":        "two�lines��tab",
		"bad\xff\xfeutf8":          "bad��utf8",
		"abc\u202edef\u2066x":      "abc�def�x",
		"c1 \u009b31m csi":         "c1 �31m csi",
		"zero\u200bwidth\ufeffbom": "zero�width�bom",
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("x\x1b[2Jy")
	f.Fuzz(func(t *testing.T, s string) {
		if got := Clean(s); strings.ContainsFunc(got, func(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 }) {
			t.Errorf("%q has a control character", got)
		}
	})
}
