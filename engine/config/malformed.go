package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"

	"cardkiosk/engine"
)

// malformed reports what keeps the file from being TOML at all. go-toml stops
// there, so nothing else can be found.
func (c *checker) malformed(err error) {
	f := Finding{File: c.file, Line: 1, Column: 1}
	words := strings.TrimPrefix(err.Error(), "toml: ")
	var d *toml.DecodeError
	if errors.As(err, &d) {
		f.Line, f.Column = d.Position()
		f.Key = engine.Clean(strings.Join(d.Key(), "."))
		words = c.wholeCharacter(words, f.Line, f.Column)
	}
	f.Problem = engine.Clean(words)
	f.Remedy = cure(words) + "; nothing else was checked"
	c.found = append(c.found, f)
}

// marked reports a byte order mark, which TOML does not have: editors of
// Windows put one before the text, and do not show it.
func (c *checker) marked() bool {
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		if strings.HasPrefix(string(c.data), mark) {
			c.found = append(c.found, Finding{
				File: c.file, Line: 1, Column: 1, Problem: "begins with a byte order mark, which an editor put there and does not show",
				Remedy: "save the file as UTF-8 without one (\"UTF-8\", not \"UTF-8 with BOM\" or \"Unicode\"); nothing else was checked",
			})
			return true
		}
	}
	return false
}

// cures are what to do about go-toml's complaints, by a part of their words.
var cures = []struct{ words, remedy string }{
	{"already exists as", "write it the same way everywhere: [[NAME]] for each of several, [NAME] for one"},
	{"should be", "write it the same way everywhere: [[NAME]] for each of several, [NAME] for one"},
	{"already", "keep one of the two"},
	{"start of value", `put texts into straight quotes: key = "text"`},
	{"new lines", "end the text with a quote on the line where it begins"},
	{"unterminated", "end the text with a quote"},
	{"expected '='", `put an equals sign between key and value: key = "text"`},
	{"UTF-8", "save the file as UTF-8"},
	{"array", `separate the elements by commas and end the list with a bracket: key = ["a", "b"]`},
	{"close", "close the table's name with as many brackets as open it"},
	{"expected newline", "leave nothing behind the value but a comment: # …"},
}

func cure(words string) string {
	for _, c := range cures {
		if strings.Contains(words, c.words) {
			return c.remedy
		}
	}
	return "correct this place"
}

// wholeCharacter mends a complaint about one byte of a longer character: the
// quotes of a word processor are shown as such, and not as "â".
func (c *checker) wholeCharacter(words string, line, column int) string {
	const complaint = "unexpected character "
	rest := c.data
	for range line - 1 {
		_, rest, _ = bytes.Cut(rest, []byte("\n"))
	}
	r, size := utf8.DecodeRune(rest[min(column-1, len(rest)):])
	_, after, ok := strings.Cut(words, "' at ")
	if !ok || size < 2 || !strings.HasPrefix(words, complaint) {
		return words
	}
	return fmt.Sprintf("%s%q at %s", complaint, r, after)
}
