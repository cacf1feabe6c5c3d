package piv

import (
	"bytes"
	"crypto/rand"
	"slices"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
)

// sequence is a DER sequence of so many bytes in all, that cannot be packed, or
// can.
func sequence(t *testing.T, size int, dense bool) []byte {
	t.Helper()
	body := make([]byte, size-4)
	if dense {
		_, err := rand.Read(body)
		noError(t, err)
	}
	return append([]byte{0x30, 0x82, byte(len(body) >> 8), byte(len(body))}, body...)
}

// Certificates of any size that fits come back as they were written, on every
// card and through both lengths of APDUs; compressed only when they must be.
func TestWriteCertificate(t *testing.T) {
	for _, c := range []struct {
		card     sim.Firmware
		extended bool
		most     int
	}{{yubiKey57, true, 3052}, {yubiKey57, false, 3052}, {yubiKey53, true, 3052}, {plainCard, false, 1856}} {
		v := put(t, factory(t, c.card), sim.Options{})
		v.extended = c.extended
		card := v.open()
		if got := inspect(t, card).Abilities.MaxCertificate; got != c.most {
			t.Errorf("%s: a certificate may have %d bytes, want %d", c.card, got, c.most)
		}
		u := unlock(t, card, "123456", false)
		for _, der := range [][]byte{
			sequence(t, 300, true), sequence(t, c.most, true), sequence(t, c.most+1, false), sequence(t, 9000, false),
		} {
			steps := []int{}
			err := u.WriteCertificate(t.Context(), "9d", der, func(done, total int) {
				if steps = append(steps, done); done == total {
					steps = append(steps, -1)
				}
			})
			noError(t, err)
			if !slices.IsSorted(steps[:len(steps)-1]) || steps[len(steps)-1] != -1 {
				t.Errorf("progress is %v", steps)
			}
			got, err := u.CertificateAt(t.Context(), "9d")
			if err != nil || !bytes.Equal(got, der) {
				t.Errorf("%s: %d bytes came back as %d (%v)", c.card, len(der), len(got), err)
			}
			stored, err := ParseCertificateObject(v.card.State().Objects[sim.Slot(0x9d).Certificate()])
			noError(t, err)
			if must := len(der) > c.most; stored.Compressed != must {
				t.Errorf("%s: %d bytes, compressed: %v", c.card, len(der), stored.Compressed)
			}
		}
		wantKind(t, u.WriteCertificate(t.Context(), "9d", sequence(t, c.most+1, true), nil), engine.CardFull)
		wantKind(t, u.WriteCertificate(t.Context(), "9d", []byte("no DER"), nil), engine.BadInput)
		noError(t, u.RemoveCertificate(t.Context(), "9d"))
		if der, err := u.CertificateAt(t.Context(), "9d"); der != nil || err != nil {
			t.Errorf("%s: there is still a certificate (%v)", c.card, err)
		}
		noError(t, u.Close())
	}
}

// A card without room says so.
func TestCardFull(t *testing.T) {
	state := factory(t, yubiKey57)
	state.Memory = 1500
	u := unlock(t, put(t, state, sim.Options{}).open(), "123456", false)
	wantKind(t, u.WriteCertificate(t.Context(), "9a", sequence(t, 1400, true), nil), engine.CardFull)
}

// A certificate that expands without end is given up.
func TestGzipBomb(t *testing.T) {
	_, err := ParseCertificateObject(frameCertificate(zip(sequence(t, mostUnzipped-100, false)), certInfoGzip))
	noError(t, err)
	for _, much := range [][]byte{make([]byte, 1<<20), sequence(t, mostUnzipped+1, false), sequence(t, 1<<20, false)} {
		if _, err = ParseCertificateObject(frameCertificate(zip(much), certInfoGzip)); err == nil {
			t.Errorf("%d bytes were unpacked", len(much))
		}
	}
}

// The fewest commands: what a renewal takes on an unlocked card, by deed.
func TestDeedAPDUs(t *testing.T) {
	state := factory(t, yubiKey57)
	furnish(t, state, 0x9a, sim.PINOnce, sim.TouchNever)
	v := put(t, state, sim.Options{})
	c := v.open()
	u, err := c.Unlock(t.Context(), newPIN("123456"), false)
	count := func(deed string, want int, err error) {
		t.Helper()
		noError(t, err)
		if n := v.apdus(); n != want {
			t.Errorf("%s takes %d APDUs, want %d", deed, n, want)
		}
	}
	count("unlock", 7, err) // SELECT, version, serial, VERIFY, metadata, two to authenticate
	_, err = u.Identify(t.Context())
	count("identify", 1, err)
	_, err = u.CertificateAt(t.Context(), "9a")
	count("read certificate", 1, err)
	key, err := u.KeyAt(t.Context(), "9a")
	count("read key", 1, err)
	_, err = u.Sign(t.Context(), "9a", publicOf(t, key.Public), make([]byte, 32), 0)
	count("sign", 1, err)
	key2, err := u.MakeKey(t.Context(), "95", key.KeySpec)
	count("make key", 2, err)
	_, err = u.Sign(t.Context(), "95", publicOf(t, key2.Public), make([]byte, 32), 0)
	count("sign request", 1, err)
	count("move old", 1, u.MoveKey(t.Context(), "9a", "94"))
	count("move new", 1, u.MoveKey(t.Context(), "95", "9a"))
	count("write certificate", 1, u.WriteCertificate(t.Context(), "9a", sequence(t, 1500, true), nil))
	_, err = u.Sign(t.Context(), "9a", publicOf(t, key2.Public), make([]byte, 32), 0)
	count("prove", 1, err)
	count("remove key", 1, u.RemoveKey(t.Context(), "94"))
	count("lock", 0, u.Close())
}
