package main

import (
	"os"
	"strings"
	"testing"
)

// While a PIN is typed every key still arrives whole: letters with accents, and
// keys that send more than one byte.
func TestPINInputTearsNothing(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	const typed = "1ö€💳\x1b[D2"
	if _, err := write.WriteString(typed); err != nil {
		t.Fatal(err)
	}
	if err := write.Close(); err != nil {
		t.Fatal(err)
	}
	input := &typedInput{File: read}
	input.hush(true)
	var got strings.Builder
	for b := make([]byte, 4096); ; {
		n, err := input.Read(b)
		if err != nil {
			break
		}
		for at, part := range strings.Split(string(b[:n]), filler) {
			if at == 0 && part != "" && !strings.Contains(typed, part) {
				t.Errorf("%q came, which was not typed", part)
			}
			got.WriteString(part)
		}
	}
	if got.String() != typed {
		t.Errorf("%q was typed, %q came", typed, got.String())
	}
}
