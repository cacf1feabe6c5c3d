package widget

import (
	"strings"
	"unicode/utf8"
)

// Secret is a field for a PIN or a password: the bytes live in one place that is
// overwritten when they are taken or erased, and what is drawn are dots.
type Secret struct {
	Most int // bytes; zero: enough for a PIN
	held []byte
}

// secretMost is more than any PIN has, so that a person sees that theirs is
// too long, and the buffer never grows (a grown one leaves its old bytes).
const secretMost = 32

func (s *Secret) most() int {
	if s.Most > 0 {
		return s.Most
	}
	return secretMost
}

// Type adds what a key typed. Anything beyond the field's size is dropped.
func (s *Secret) Type(text string) {
	if s.held == nil {
		s.held = make([]byte, 0, s.most())
	}
	for i := 0; i < len(text) && len(s.held) < s.most(); i++ {
		s.held = append(s.held, text[i])
	}
}

// Erase takes the last character away.
func (s *Secret) Erase() {
	_, n := utf8.DecodeLastRune(s.held)
	clear(s.held[len(s.held)-n:])
	s.held = s.held[:len(s.held)-n]
}

// Clear overwrites everything.
func (s *Secret) Clear() {
	clear(s.held[:cap(s.held)])
	s.held = s.held[:0]
}

// Take hands the bytes over; the field is empty afterwards.
func (s *Secret) Take() []byte {
	b := s.held
	s.held = nil
	return b
}

// Len counts characters.
func (s *Secret) Len() int { return utf8.RuneCount(s.held) }

// View draws a dot for each character.
func (s *Secret) View(dot string) string { return strings.Repeat(dot, s.Len()) }
