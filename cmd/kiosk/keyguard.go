package main

import (
	"bytes"
	"strings"
)

// keyGuard takes the bytes that a terminal sends, and passes those on that are keys
// (ECMA-48; Xterm Control Sequences, "PC-Style Function Keys").
type keyGuard struct {
	held  []byte // of a key that has begun
	state guardState
	lacks int // bytes of a character
}

type guardState int

const (
	betweenKeys guardState = iota
	inCharacter
	afterEscape
	inSequence // CSI
	inFunction // SS3
	inString   // OSC, DCS, APC, PM, SOS: nobody types one
)

// longestKey is longer than any key's sequence is.
const longestKey = 24

// aloneEscape is the key Esc as one sequence of its own: a bare escape could become
// the beginning of what comes next.
const aloneEscape = "\x1b[27u"

// keyEnds are the last bytes of the sequences that keys send, and y, with which
// terminals answer what they can do.
const keyEnds = "ABCDEFHPQRSZ~uy"

// begun reports whether a key has begun and not ended.
func (g *keyGuard) begun() bool { return g.state != betweenKeys }

// forget gives up what has begun.
func (g *keyGuard) forget() {
	clear(g.held)
	g.held, g.state = g.held[:0], betweenKeys
}

// rest passes on what has begun when nothing follows: only Esc is a key then.
func (g *keyGuard) rest(put func([]byte)) {
	if g.state == afterEscape {
		put([]byte(aloneEscape))
	}
	g.forget()
}

// take takes one byte.
func (g *keyGuard) take(b byte, put func([]byte)) {
	if g.state == inString {
		g.inString(b)
		return
	}
	g.held = append(g.held, b)
	if len(g.held) > longestKey {
		g.forget()
		return
	}
	switch g.state {
	case betweenKeys:
		g.begin(b, put)
	case inCharacter:
		g.character(b, put)
	case afterEscape:
		g.escaped(b, put)
	case inSequence:
		g.sequence(b, put)
	case inFunction:
		g.done(put)
	case inString:
	}
}

func (g *keyGuard) begin(b byte, put func([]byte)) {
	switch {
	case b == escape:
		g.state = afterEscape
	case b < 0x80:
		g.done(put)
	case b < 0xc2 || b > 0xf4: // RFC 3629, 4: no character begins so; C1 controls among them
		g.forget()
	default:
		g.state, g.lacks = inCharacter, 1
		if b >= 0xe0 {
			g.lacks++
		}
		if b >= 0xf0 {
			g.lacks++
		}
	}
}

func (g *keyGuard) character(b byte, put func([]byte)) {
	g.lacks--
	switch {
	case b&0xc0 != 0x80:
		g.forget()
	case g.lacks == 0 && bytes.Equal(g.held[:1], []byte{0xc2}) && b < 0xa0: // C1
		g.forget()
	case g.lacks == 0:
		g.done(put)
	}
}

func (g *keyGuard) escaped(b byte, put func([]byte)) {
	switch {
	case b == '[':
		g.state = inSequence
	case b == 'O':
		g.state = inFunction
	case strings.IndexByte("]P_^X", b) >= 0:
		g.state = inString
	case b == escape:
		put([]byte(aloneEscape))
		g.held = g.held[:1]
	case b >= 0x20 && b < 0x7f:
		g.done(put)
	default:
		g.forget()
	}
}

func (g *keyGuard) sequence(b byte, put func([]byte)) {
	switch {
	case b == escape:
		g.held, g.state = append(g.held[:0], escape), afterEscape
	case b < 0x20 || b > 0x7e:
		g.forget()
	case b < 0x40, b == '[' && len(g.held) == 3: // the second is how the Linux console begins F1 to F5
	case strings.IndexByte(keyEnds, b) < 0 || isPaste(g.held):
		g.forget()
	default:
		g.done(put)
	}
}

// isPaste reports whether a sequence is one of those that enclose a paste.
func isPaste(sequence []byte) bool {
	return bytes.Equal(sequence, []byte("\x1b[200~")) || bytes.Equal(sequence, []byte("\x1b[201~"))
}

// inString waits for the string's end: BEL, or ESC and a backslash.
func (g *keyGuard) inString(b byte) {
	if b == 0x07 || b == '\\' && len(g.held) > 0 && g.held[len(g.held)-1] == escape {
		g.forget()
		return
	}
	g.held = append(g.held[:0], b)
}

func (g *keyGuard) done(put func([]byte)) {
	put(g.held)
	g.forget()
}
