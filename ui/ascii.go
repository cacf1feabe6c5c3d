package ui

import (
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/text/unicode/norm"
)

// asciiFor are the signs that words and glyphs use beyond ASCII.
var asciiFor = map[rune]rune{
	'…': '.', '·': '-', '—': '-', '–': '-', '−': '-', '→': '>', '←': '<', '↑': '^', '↓': 'v',
	'▸': '>', '›': '>', '█': '#', '░': '.', '─': '-', '•': '*', '✓': '+', '✗': 'x', '◷': '!', '■': '#',
	'„': '"', '“': '"', '”': '"', '‘': '\'', '’': '\'', '▏': '_', 'ß': 's', 'ø': 'o', 'Ø': 'O', 'ł': 'l', 'Ł': 'L',
	'đ': 'd', 'Đ': 'D', 'ð': 'd', 'Ð': 'D', 'þ': 't', 'Þ': 'T', 'æ': 'a', 'Æ': 'A', 'œ': 'o', 'Œ': 'O', 'ı': 'i',
}

// plainASCII makes a frame fit for a terminal that knows ASCII only: letters
// lose their accents, what is left becomes a question mark for each cell it
// takes. Escape sequences are ASCII already.
func plainASCII(frame string) string {
	var b strings.Builder
	b.Grow(len(frame))
	for _, r := range norm.NFD.String(frame) {
		switch {
		case r < 0x80:
			b.WriteRune(r)
		case asciiFor[r] != 0:
			b.WriteRune(asciiFor[r])
		case unicode.Is(unicode.Mn, r):
		default:
			b.WriteString(strings.Repeat("?", ansi.StringWidth(string(r))))
		}
	}
	return b.String()
}
