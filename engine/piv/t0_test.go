package piv

import (
	"bytes"
	"context"
	"crypto/x509"
	"reflect"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
)

// t0Reader is a reader that speaks T=0 with its card, and is strict: it takes
// what ISO/IEC 7816-3, 12.2 allows, and the card gives its answer only to who
// asks for exactly as many bytes as it has.
type t0Reader struct {
	*virtual
	rest []byte // of an answer, waiting for GET RESPONSE
	last []byte // the status word that comes with its end
}

func (r *t0Reader) T0() bool { return true }

func (r *t0Reader) Transmit(ctx context.Context, tpdu []byte) ([]byte, error) {
	const wrongLength = "\x67\x00"
	if len(tpdu) < 5 { // P3 is always there
		return []byte(wrongLength), nil
	}
	p3, data := int(tpdu[4]), tpdu[5:]
	switch {
	case len(data) > 0 && len(data) != p3: // an Le behind the data, or an extended length
		return []byte(wrongLength), nil
	case tpdu[1] == insGetResponse:
		return r.give(p3), nil
	}
	command := tpdu
	if len(data) == 0 {
		command = tpdu[:4] // what P3 asks for is seen to here
	}
	if err := r.fetch(ctx, command); err != nil {
		return nil, err
	}
	switch {
	case len(r.rest) == 0:
		return r.last, nil
	case len(data) > 0: // case 4
		return r.more(), nil
	}
	return r.give(p3), nil
}

// fetch has the card carry a command out, and keeps its whole answer.
func (r *t0Reader) fetch(ctx context.Context, command []byte) error {
	answer, err := r.virtual.Transmit(ctx, command)
	r.rest = nil
	for err == nil {
		end := len(answer) - 2
		r.rest, r.last = append(r.rest, answer[:end]...), answer[end:]
		if r.last[0] != 0x61 {
			return nil
		}
		answer, err = r.virtual.Transmit(ctx, []byte{0, insGetResponse, 0, 0})
	}
	return err
}

// give hands out as many bytes as there are, at most 256, to who asks for so
// many; others are told.
func (r *t0Reader) give(p3 int) []byte {
	n := min(len(r.rest), shortAnswer)
	if byte(p3) != byte(n) {
		return []byte{0x6c, byte(n)}
	}
	portion := bytes.Clone(r.rest[:n])
	r.rest = r.rest[n:]
	if len(r.rest) == 0 {
		return append(portion, r.last...)
	}
	return append(portion, r.more()...)
}

func (r *t0Reader) more() []byte { return []byte{0x61, byte(min(len(r.rest), shortAnswer))} }

// Cards that speak T=0 take every command, long ones and long answers too.
func TestT0(t *testing.T) {
	for _, f := range []sim.Firmware{yubiKey57, yubiKey53, plainCard} {
		t.Run(f.String(), func(t *testing.T) {
			state := factory(t, f)
			large := furnish(t, state, 0x9e, sim.PINNever, sim.TouchNever)
			v := put(t, state, sim.Options{})
			want := inspect(t, v.open())
			c := openTold(&t0Reader{virtual: v})
			if got := inspect(t, c); !reflect.DeepEqual(got, want) {
				t.Errorf("contents are %+v, want %+v", got, want)
			}
			wantKind(t, c.CheckPIN(t.Context(), newPIN("654321")), engine.WrongPIN)
			if pin, _, err := c.Counters(t.Context()); err != nil || pin.Left != 2 {
				t.Errorf("counter is %+v (%v), want 2 left", pin, err)
			}
			u := unlock(t, c, "123456", false)
			key, err := u.MakeKey(t.Context(), "9c", engine.KeySpec{Type: engine.RSA2048, PIN: engine.PINAlways, Touch: engine.TouchNever})
			noError(t, err)
			public, err := x509.ParsePKIXPublicKey(key.Public)
			noError(t, err)
			checkSignature(t, u, "9c", public)
			noError(t, u.WriteCertificate(t.Context(), "9a", large, nil))
			if got, err := u.CertificateAt(t.Context(), "9a"); err != nil || !bytes.Equal(got, large) {
				t.Errorf("certificate of %d bytes was read as %d (%v)", len(large), len(got), err)
			}
			noError(t, u.RemoveCertificate(t.Context(), "9a"))
			if f == yubiKey57 {
				noError(t, u.MoveKey(t.Context(), "9c", "95"))
				noError(t, u.RemoveKey(t.Context(), "95"))
			}
		})
	}
}

// The bytes of the four cases of T=0 (ISO/IEC 7816-3, 12.2): P3 is 00 where
// there is neither data nor answer, Le where there is an answer only, and the
// length of the data where there is any; then no Le follows.
func TestT0Encoding(t *testing.T) {
	s := play(t,
		[2]string{"00200080 00", "63c3"},
		[2]string{"00fd0000 00", "6c03"}, [2]string{"00fd0000 03", "050701 9000"},
		[2]string{"00200080 08 313233343536ffff", "9000"},
		[2]string{firstPart, "9000"}, [2]string{secondPart, "9000"}, [2]string{"00db3fff 01 aa", "6102"},
		[2]string{"00c00000 02", "6c01"}, [2]string{"00c00000 01", "07 9000"}).session()
	s.t0, s.extended = true, true
	_, err := s.send(t.Context(), command{ins: insVerify, p2: refPIN})
	if !isStatus(err) {
		t.Errorf("error is %v", err)
	}
	_, err = s.send(t.Context(), command{ins: insGetVersion, answer: shortAnswer})
	noError(t, err)
	noError(t, s.verifyPIN(t.Context(), newPIN("123456")))
	got, err := s.send(t.Context(), long())
	if err != nil || !bytes.Equal(got, []byte{7}) {
		t.Errorf("answer %X (%v)", got, err)
	}
}
