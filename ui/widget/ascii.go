package widget

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// asciiFor are the signs that words and glyphs use beyond ASCII.
var asciiFor = map[rune]rune{
	'…': '.', '·': '-', '—': '-', '–': '-', '−': '-', '→': '>', '←': '<', '↑': '^', '↓': 'v',
	'▸': '>', '›': '>', '█': '#', '░': '.', '─': '-', '•': '*', '✓': '+', '✗': 'x', '◷': '!', '■': '#',
	'„': '"', '“': '"', '”': '"', '‘': '\'', '’': '\'', '▏': '_', 'ß': 's', 'ø': 'o', 'Ø': 'O', 'ł': 'l', 'Ł': 'L',
	'đ': 'd', 'Đ': 'D', 'ð': 'd', 'Ð': 'D', 'þ': 't', 'Þ': 'T', 'æ': 'a', 'Æ': 'A', 'œ': 'o', 'Œ': 'O', 'ı': 'i',
}

// ASCII makes a text fit for a terminal that knows ASCII only: letters
// lose their accents, what is left becomes a question mark for each cell it
// takes. Escape sequences are ASCII already.
func ASCII(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range norm.NFD.String(text) {
		switch {
		case r < 0x80:
			b.WriteRune(r)
		case asciiFor[r] != 0:
			b.WriteRune(asciiFor[r])
		case unicode.Is(unicode.Mn, r):
		default:
			b.WriteString(strings.Repeat("?", Width(string(r))))
		}
	}
	return b.String()
}
