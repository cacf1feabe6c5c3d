package main

import (
	"os"
	"strings"
	"testing"
	"time"
)

// keysIn are the keys that a guard lets through.
func keysIn(text string) []string {
	var g keyGuard
	var keys []string
	put := func(key []byte) { keys = append(keys, string(key)) }
	for _, b := range []byte(text) {
		g.take(b, put)
	}
	g.rest(put)
	return keys
}

// Keys go through, as terminals of every age send them; what is no key does not, and
// what comes after it does.
func TestKeyGuard(t *testing.T) {
	for text, want := range map[string]string{
		"a1\r\x03\x1a\x1c":                       "a|1|\r|\x03|\x1a|\x1c",
		"ä€😀":                                    "ä|€|😀",
		"\x1b":                                   aloneEscape,
		"\x1b\x1b":                               aloneEscape + "|" + aloneEscape,
		"\x1bx":                                  "\x1bx",
		"\x1b[A\x1b[1;5C\x1bOP":                  "\x1b[A|\x1b[1;5C|\x1bOP",
		"\x1b[[A\x1b[15~":                        "\x1b[[A|\x1b[15~",
		"\x1b[200~x\x1b[201~y":                   "x|y",
		"\x1b]0;title\x07z":                      "z",
		"\x1bPq\x1b\\z":                          "z",
		"\x1b_secret\x1b\\z":                     "z",
		"\x1b]never ends":                        "",
		"\x1b[<0;10;10Mz":                        "z",
		"\x1b[I\x1b[Oz":                          "z",
		"\xff\xfe\x80z":                          "z",
		"\xc2\x9b200~":                           "2|0|0|~",
		"\xe2z\x82":                              "",
		"\x1b[" + strings.Repeat("9", 100) + "z": strings.Join(strings.Split(strings.Repeat("9", 77)+"z", ""), "|"),
		"\x1b[12\x1b[B":                          "\x1b[B",
	} {
		if got := strings.Join(keysIn(text), "|"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// What comes faster than anybody types is not typed, until it has rested; while a PIN
// is typed less is enough, and keys are spread out for the decoder.
func TestLobbyInputFlood(t *testing.T) {
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	defer out.Close()
	now := time.Unix(0, 0)
	l := newLobbyInput(in)
	l.now = func() time.Time { return now }
	typed := func(text string) string {
		t.Helper()
		if _, err := out.WriteString(text); err != nil {
			t.Fatal(err)
		}
		p := make([]byte, 4096)
		n, err := l.Read(p)
		if err != nil {
			t.Fatal(err)
		}
		return string(p[:n])
	}
	for _, c := range []struct {
		text, want string
		secret     bool
		rest       time.Duration
	}{
		{text: "48291375\r", want: "48291375\r"},
		{text: strings.Repeat("x", mostTyped+1), want: ""},
		{text: "y", want: "", rest: rested / 2},
		{text: "z", want: "", rest: rested},
		{text: "z", want: "z", rest: rested + 1},
		{text: "1\r", want: "1" + filler + "\r" + filler, secret: true, rest: time.Second},
		{text: "\x1b[D", want: "\x1b[D", secret: true, rest: time.Second},
		{text: strings.Repeat("1\r", mostSecret), want: "", secret: true, rest: time.Second},
		{text: "2", want: "2" + filler, secret: true, rest: time.Second},
	} {
		now = now.Add(c.rest)
		l.hush(c.secret)
		if got := typed(c.text); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}
