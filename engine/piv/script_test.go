package piv

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"strings"
	"testing"
)

// script is a card that answers as it was told, and expects the commands it was
// told. An answer of "pull" pulls the card.
type script struct {
	t        *testing.T
	lines    [][2]string // command, answer, in hex
	extended bool
	before   func(n int) // is called before the n-th command is answered
	sent     int
	ended    []bool
}

var _ Connection = (*script)(nil)

const (
	selectPIV  = "00a4040 00b a000000308000010000100 00"
	selected   = "61114f0600001000010079074f05a000000308 9000"
	getVersion = "00fd0000 00"
	unknown    = "6d00"
)

func play(t *testing.T, lines ...[2]string) *script {
	s := &script{t: t, lines: lines}
	t.Cleanup(func() {
		if !t.Failed() && s.sent != len(s.lines) {
			t.Errorf("%d of %d commands were sent", s.sent, len(s.lines))
		}
	})
	return s
}

func (s *script) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.sent == len(s.lines) {
		s.t.Fatalf("unexpected command %X", command)
	}
	if s.before != nil {
		s.before(s.sent)
	}
	line := s.lines[s.sent]
	s.sent++
	if !bytes.Equal(command, unhex(s.t, line[0])) {
		s.t.Fatalf("command %d is\n%X, want\n%X", s.sent, command, unhex(s.t, line[0]))
	}
	if line[1] == "pull" {
		return nil, errPulled
	}
	return unhex(s.t, line[1]), nil
}

func (s *script) Begin(context.Context) error { return nil }
func (s *script) End(reset bool) error        { s.ended = append(s.ended, reset); return nil }
func (s *script) Extended() bool              { return s.extended }
func (s *script) Close() error                { return nil }
func (s *script) open() *Card                 { return Open(s, rand.Reader) }

// session is a session with the application selected.
func (s *script) session() *session {
	return &session{wire: s, extended: s.extended, random: rand.Reader, holder: &holderPIN{ref: refPIN, asked: true}}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return b
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// publicOf reads a SubjectPublicKeyInfo.
func publicOf(t *testing.T, spki []byte) crypto.PublicKey {
	t.Helper()
	public, err := x509.ParsePKIXPublicKey(spki)
	noError(t, err)
	return public
}
