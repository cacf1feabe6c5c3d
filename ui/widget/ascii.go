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
	'„': '"', '“': '"', '”': '"', '‘': '\'', '’': '\'', '▏': '_', '×': 'x', 'ß': 's', 'ø': 'o', 'Ø': 'O', 'ł': 'l', 'Ł': 'L',
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

// gap is how many spaces stand at least between two columns.
const gap = 3

// asciiLines is ASCII of lines that are laid out: three dots take two cells more than
// the one sign they stand for, which the spaces behind them give.
func asciiLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		parts := strings.Split(line, "…")
		for n := 1; n < len(parts); n++ {
			parts[n] = spellDots(parts[n], n == len(parts)-1)
		}
		lines[i] = ASCII(strings.Join(parts, ""))
	}
	return strings.Join(lines, "\n")
}

// spellDots puts the dots before what stands behind them. last says that the line
// ends with it.
func spellDots(behind string, last bool) string {
	if at := strings.Index(behind, strings.Repeat(" ", gap+2)); at >= 0 {
		return "..." + behind[:at] + behind[at+2:]
	}
	if short, ok := strings.CutSuffix(behind, "  "); ok && last {
		return "..." + short
	}
	return "." + behind
}
