package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// screen is what a terminal shows: as much of one as the kiosk's renderer asks
// for when TERM is linux. What it does not know it remembers, so that nobody
// measures a screen that is wrong.
type screen struct {
	size
	rows    [][]rune
	x, y    int
	top     int // of the rows that scroll
	bottom  int
	last    rune // that was printed
	pushing bool // what is printed moves the rest of its row on (ECMA-48, 7.2.10)
	drawing bool // between the beginning and the end of a frame (DEC mode 2026)
	parser  *ansi.Parser
	answer  func(string) // to a question of the program's
	unknown []string
}

// size is that of a screen, in characters.
type size struct{ width, height int }

var smallest = size{80, 24} // in which the kiosk is at home

func newScreen(of size, answer func(string)) *screen {
	s := &screen{size: of, rows: make([][]rune, of.height), bottom: of.height - 1, parser: ansi.NewParser(), answer: answer}
	for y := range s.rows {
		s.rows[y] = blank(of.width)
	}
	s.parser.SetHandler(ansi.Handler{Print: s.print, Execute: s.control, HandleEsc: s.escape, HandleCsi: s.sequence})
	return s
}

func blank(n int) []rune { return slices.Repeat([]rune{' '}, n) }

// Write draws what a program has sent.
func (s *screen) Write(p []byte) (int, error) {
	s.parser.Parse(p)
	return len(p), nil
}

// row is a row as text.
func (s *screen) row(y int) string { return strings.TrimRight(string(s.rows[y]), " ") }

// text is the whole screen.
func (s *screen) text() string {
	var all strings.Builder
	for y := range s.rows {
		all.WriteString(s.row(y) + "\n")
	}
	return all.String()
}

func (s *screen) print(r rune) {
	s.last = r
	if s.x < s.width {
		if s.pushing {
			s.rows[s.y] = slices.Insert(s.rows[s.y], s.x, r)[:s.width]
		}
		s.rows[s.y][s.x] = r
		s.x++
	}
}

func (s *screen) control(b byte) {
	switch b {
	case '\r':
		s.x = 0
	case '\n':
		s.down()
	case '\b':
		s.x = max(s.x-1, 0)
	case '\t':
		s.x = min(s.x/8*8+8, s.width-1)
	}
}

func (s *screen) down() {
	if s.y == s.bottom {
		s.remove(s.top, 1)
	} else {
		s.y = min(s.y+1, s.height-1)
	}
}

func (s *screen) escape(c ansi.Cmd) {
	switch {
	case c.Final() == 'M' && s.y == s.top: // reverse index
		s.insert(s.top, 1)
	case c.Final() == 'M':
		s.y--
	case c.Final() == '=' || c.Final() == '>' || c.Intermediate() != 0: // keypad, character sets
	default:
		s.unknown = append(s.unknown, fmt.Sprintf("ESC %c", c.Final()))
	}
}

// insert and remove move the rows from y to the bottom of those that scroll.
func (s *screen) insert(y, n int) {
	for range min(n, s.bottom+1-y) {
		copy(s.rows[y+1:s.bottom+1], s.rows[y:s.bottom])
		s.rows[y] = blank(s.width)
	}
}

func (s *screen) remove(y, n int) {
	for range min(n, s.bottom+1-y) {
		copy(s.rows[y:s.bottom], s.rows[y+1:s.bottom+1])
		s.rows[s.bottom] = blank(s.width)
	}
}

// sequence carries out a control sequence (ECMA-48).
func (s *screen) sequence(c ansi.Cmd, params ansi.Params) {
	n := func(i, def int) int {
		if v, _, ok := params.Param(i, def); ok && v > 0 {
			return v
		}
		return def // ECMA-48, 8.3: 0 is as good as none
	}
	switch {
	case c.Prefix() == '?' && c.Intermediate() == '$': // is there such a mode?
		s.tellMode(n(0, 0))
		return
	case c.Prefix() == '?' && n(0, 0) == ansi.ModeSynchronizedOutput.Mode():
		s.drawing = c.Final() == 'h'
		return
	case c.Prefix() != 0 || c.Intermediate() != 0:
		return // modes of keyboard and mouse
	}
	switch c.Final() {
	case 'm': // looks
	case 'b':
		for range n(0, 1) {
			s.print(s.last)
		}
	case 'h', 'l':
		s.pushing = c.Final() == 'h' && n(0, 0) == 4
	case 'A':
		s.y = max(s.y-n(0, 1), 0)
	case 'B', 'e':
		s.y = min(s.y+n(0, 1), s.height-1)
	case 'C', 'a':
		s.x = min(s.x+n(0, 1), s.width-1)
	case 'D':
		s.x = max(s.x-n(0, 1), 0)
	case 'G', '`':
		s.x = min(n(0, 1), s.width) - 1
	case 'd':
		s.y = min(n(0, 1), s.height) - 1
	case 'H', 'f':
		s.y, s.x = min(n(0, 1), s.height)-1, min(n(1, 1), s.width)-1
	case 'r':
		s.top, s.bottom = n(0, 1)-1, min(n(1, s.height), s.height)-1
		s.x, s.y = 0, 0
	case 'L':
		s.insert(s.y, n(0, 1))
	case 'M':
		s.remove(s.y, n(0, 1))
	case 'S':
		s.remove(s.top, n(0, 1))
	case 'T':
		s.insert(s.top, n(0, 1))
	default:
		s.inRow(c, n)
	}
}

// inRow carries out what changes the row of the cursor only, and erases.
func (s *screen) inRow(c ansi.Cmd, n func(i, def int) int) {
	row, k := s.rows[s.y], min(n(0, 1), s.width-s.x)
	switch c.Final() {
	case 'X':
		copy(row[s.x:], blank(k))
	case 'P':
		s.rows[s.y] = append(slices.Delete(row, s.x, s.x+k), blank(k)...)
	case '@':
		s.rows[s.y] = slices.Insert(row, s.x, blank(k)...)[:s.width]
	case 'K':
		from, to := span(n(0, 0), s.x, s.width)
		copy(row[from:to], blank(to-from))
	case 'J':
		s.sequence('K', ansi.Params{ansi.Param(n(0, 0))})
		from, to := span(n(0, 0), s.y, s.height)
		for y := from; y < to; y++ {
			if y != s.y {
				s.rows[y] = blank(s.width)
			}
		}
	default:
		s.unknown = append(s.unknown, fmt.Sprintf("CSI %c", c.Final()))
	}
}

// span is what erasing takes away: to the end, from the beginning, all.
func span(how, at, size int) (from, to int) {
	switch how {
	case 0:
		return at, size
	case 1:
		return 0, at + 1
	}
	return 0, size
}

// tellMode says which modes this terminal has: that frames begin and end is
// the only one the kiosk asks about.
func (s *screen) tellMode(mode int) {
	state := 0
	if mode == ansi.ModeSynchronizedOutput.Mode() {
		state = 2 // there, and off
	}
	s.answer(fmt.Sprintf("\x1b[?%d;%d$y", mode, state))
}
