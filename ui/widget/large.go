package widget

import (
	"strings"
	"unicode"
)

// letters are five rows high; a sign in them is a full cell. Letters with dots have
// them above, so that a line of text is six rows.
var letters = map[rune][5]string{
	'A': {" ### ", "#   #", "#####", "#   #", "#   #"},
	'B': {"#### ", "#   #", "#### ", "#   #", "#### "},
	'C': {" ####", "#    ", "#    ", "#    ", " ####"},
	'D': {"#### ", "#   #", "#   #", "#   #", "#### "},
	'E': {"#####", "#    ", "#### ", "#    ", "#####"},
	'F': {"#####", "#    ", "#### ", "#    ", "#    "},
	'G': {" ####", "#    ", "#  ##", "#   #", " ####"},
	'H': {"#   #", "#   #", "#####", "#   #", "#   #"},
	'I': {"###", " # ", " # ", " # ", "###"},
	'J': {"  ###", "   # ", "   # ", "#  # ", " ##  "},
	'K': {"#   #", "#  # ", "###  ", "#  # ", "#   #"},
	'L': {"#    ", "#    ", "#    ", "#    ", "#####"},
	'M': {"#   #", "## ##", "# # #", "#   #", "#   #"},
	'N': {"#   #", "##  #", "# # #", "#  ##", "#   #"},
	'O': {" ### ", "#   #", "#   #", "#   #", " ### "},
	'P': {"#### ", "#   #", "#### ", "#    ", "#    "},
	'Q': {" ### ", "#   #", "# # #", "#  # ", " ## #"},
	'R': {"#### ", "#   #", "#### ", "#  # ", "#   #"},
	'S': {" ####", "#    ", " ### ", "    #", "#### "},
	'T': {"#####", "  #  ", "  #  ", "  #  ", "  #  "},
	'U': {"#   #", "#   #", "#   #", "#   #", " ### "},
	'V': {"#   #", "#   #", "#   #", " # # ", "  #  "},
	'W': {"#   #", "#   #", "# # #", "## ##", "#   #"},
	'X': {"#   #", " # # ", "  #  ", " # # ", "#   #"},
	'Y': {"#   #", " # # ", "  #  ", "  #  ", "  #  "},
	'Z': {"#####", "   # ", "  #  ", " #   ", "#####"},
	'?': {" ### ", "#   #", "  ## ", "     ", "  #  "},
}

// dotted are the letters with two dots above, and the ones below them.
var dotted = map[rune]rune{'Ä': 'A', 'Ö': 'O', 'Ü': 'U'}

// largeRows is how high a line of large text is.
const largeRows = 6

// Large writes a text in large letters made of full, on as many lines of w cells as
// it needs. Where a word does not fit, or a letter is not to be had, or there are
// more lines than h, it is spaced text.
func Large(text, full string, w, h int) []string {
	words := strings.Fields(strings.Map(unicode.ToUpper, text))
	lines, ok := largeLines(words, w)
	if !ok || len(lines)*(largeRows+1) > h {
		return spaced(words, w)
	}
	for ; ; w-- { // as many lines, and none much longer than the others
		even, ok := largeLines(words, w-1)
		if !ok || len(even) > len(lines) {
			break
		}
		lines = even
	}
	var drawn []string
	for i, l := range lines {
		if i > 0 {
			drawn = append(drawn, "")
		}
		drawn = append(drawn, drawLarge(l, full)...)
	}
	return drawn
}

// largeLines divides words into lines of w cells in large letters.
func largeLines(words []string, w int) (lines []string, ok bool) {
	line := ""
	for _, word := range words {
		switch more := strings.TrimSpace(line + " " + word); {
		case !drawable(word) || largeWidth(word) > w:
			return nil, false
		case largeWidth(more) <= w:
			line = more
		default:
			lines, line = append(lines, line), word
		}
	}
	return append(lines, line), true
}

func drawable(word string) bool {
	for _, r := range word {
		if _, ok := letters[plainLetter(r)]; !ok {
			return false
		}
	}
	return true
}

func plainLetter(r rune) rune {
	if plain, ok := dotted[r]; ok {
		return plain
	}
	return r
}

// betweenWords is how many cells a space takes.
const betweenWords = 4

func largeWidth(text string) int {
	w := 0
	for _, r := range text {
		if r == ' ' {
			w += betweenWords
			continue
		}
		w += len(letters[plainLetter(r)][0]) + 1
	}
	return w - 1
}

func drawLarge(text, full string) []string {
	rows := make([]string, largeRows)
	for _, r := range text {
		if r == ' ' {
			for i := range rows {
				rows[i] += strings.Repeat(" ", betweenWords)
			}
			continue
		}
		glyph := letters[plainLetter(r)]
		dots := strings.Repeat(" ", len(glyph[0]))
		if _, ok := dotted[r]; ok {
			dots = " # # "
		}
		for i, cells := range append([]string{dots}, glyph[:]...) {
			rows[i] += cells + " "
		}
	}
	for i := range rows {
		rows[i] = strings.ReplaceAll(strings.TrimRight(rows[i], " "), "#", full)
	}
	if rows[0] == "" {
		return rows[1:]
	}
	return rows
}

// spaced writes words with a space after each letter.
func spaced(words []string, w int) []string {
	var all []string
	for _, word := range words {
		letters := strings.Split(word, "")
		all = append(all, strings.Join(letters, " "))
	}
	var lines []string
	line := ""
	for _, word := range all {
		switch {
		case line == "":
			line = word
		case Width(line)+3+Width(word) <= w:
			line += "   " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	lines = append(lines, line)
	for _, l := range lines {
		if Width(l) > w {
			return Wrap(strings.Join(words, " "), w)
		}
	}
	return lines
}

// Centred puts lines in the middle of a block of w×h cells. All of them begin where
// the widest does.
func Centred(lines []string, w, h int) []string {
	widest := 0
	for _, l := range lines {
		widest = max(widest, Width(l))
	}
	lead := strings.Repeat(" ", max((w-widest)/2, 0))
	all := make([]string, max((h-len(lines))/2, 0), h)
	for _, l := range lines {
		all = append(all, lead+l)
	}
	return all
}
