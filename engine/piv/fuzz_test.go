package piv

import (
	"bytes"
	"context"
	"testing"

	"cardkiosk/engine"
)

// Whatever is read as elements is written and read again as the same.
func FuzzTLV(f *testing.F) {
	for _, seed := range []string{
		"", "\x53\x00", "\x53\x82\x00\x03abc", "\x5f\xc1\x05\x01\xff", "\x7c\x04\x80\x00\x81\x00",
		"\x53\x84\xff\xff\xff\xff", "\x53\x80", "\x5f\xff\xff", "\x00\x00\x70\x01\xaa",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := readElements(b)
		if err != nil {
			return
		}
		again, err := readElements(list.encode())
		if err != nil || len(again) != len(list) {
			t.Fatalf("%d elements became %d (%v)", len(list), len(again), err)
		}
		for i := range list {
			if list[i].tag != again[i].tag || !bytes.Equal(list[i].value, again[i].value) {
				t.Fatalf("element %d changed", i)
			}
		}
	})
}

// A certificate object that is understood is written and understood again, as
// the same certificate.
func FuzzCertificateObject(f *testing.F) {
	der := []byte{0x30, 0x03, 0x02, 0x01, 0x05}
	f.Add(frameCertificate(der, certInfoPlain))
	f.Add(frameCertificate(zip(der), certInfoGzip))
	f.Add(frameCertificate(zip(make([]byte, 1<<20)), certInfoGzip))
	f.Add(frameCertificate(nil, certInfoPlain))
	f.Add([]byte("\x70\x84\x00\x00\x00\x05\x30\x03\x02\x01\x05\x71\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseCertificateObject(b)
		if err != nil || c.DER == nil {
			return
		}
		if len(c.DER) > mostUnzipped && len(c.DER) > len(b) {
			t.Fatalf("%d bytes were unpacked", len(c.DER))
		}
		content, ok := encodeCertificateObject(c.DER, mostAnswer-1)
		if !ok {
			return
		}
		again, err := ParseCertificateObject(content)
		if err != nil || !bytes.Equal(again.DER, c.DER) {
			t.Fatalf("the certificate changed (%v)", err)
		}
	})
}

// tape answers with whatever is on it: two bytes of length, then the answer. At
// its end the card knows nothing any more.
type tape struct {
	rest []byte
	sent int
}

func (tp *tape) Transmit(context.Context, []byte) ([]byte, error) {
	tp.sent++
	if len(tp.rest) < 2 {
		return []byte{0x6a, 0x82}, nil
	}
	n := min(int(tp.rest[0])<<8|int(tp.rest[1]), len(tp.rest)-2)
	answer := tp.rest[2 : 2+n]
	tp.rest = tp.rest[2+n:]
	return bytes.Clone(answer), nil
}

func (tp *tape) Begin(context.Context) error { return nil }
func (tp *tape) End(bool) error              { return nil }
func (tp *tape) Extended() bool              { return tp.sent%2 == 0 }
func (tp *tape) Close() error                { return nil }

// zeros is randomness that is the same each time, so that the same answers lead
// the same way.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// record puts answers on a tape.
func record(answers ...string) []byte {
	var b []byte
	for _, a := range answers {
		b = append(append(b, byte(len(a)>>8), byte(len(a))), a...)
	}
	return b
}

// A card may answer anything at any time: inspecting it comes to an end, with
// words that can be shown, and so does everything done to it once unlocked.
func FuzzResponses(f *testing.F) {
	const ok = "\x90\x00"
	yubiKey := []string{ok, "\x05\x07\x01" + ok, "\x00\xae\x17\xcb" + ok}
	f.Add(record())
	f.Add(record(ok, "\x6d\x00", string(appendElement(nil, tagContent, encodeCHUID([16]byte{1})))+ok, "\x6a\x82", "\x63\xc3"))
	f.Add(record(append(yubiKey, "\x6a\x82", "\x6a\x82",
		"\x01\x01\xff\x05\x01\x01\x06\x02\x03\x03"+ok, "\x01\x01\xff\x05\x01\x01\x06\x02\x03\x03"+ok,
		"\x01\x01\x0a\x02\x02\x00\x01\x05\x01\x01"+ok,
		"\x01\x01\x11\x02\x02\x02\x01\x03\x01\x01\x04\x03\x86\x01\x04"+ok,
		"\x53\x0a\x70\x03\x30\x01\x05\x71\x01\x00\xfe\x00"+ok)...))
	f.Add(record(append(yubiKey, ok, "\x01\x01\x0a\x05\x01\x01"+ok, "\x7c\x02\x80\x00"+ok, ok, "\x61\x05", "\x61\x01")...))
	f.Fuzz(func(t *testing.T, b []byte) {
		tp := &tape{rest: b}
		c := Open(tp, zeros{})
		contents, err := c.Inspect(t.Context())
		if err == nil {
			checkContents(t, contents)
		} else if err.Error() == "" {
			t.Fatal("an error without words")
		}
		if tp.sent > (10+2*len(slots))*(mostPortions+3) {
			t.Fatalf("%d commands were sent", tp.sent)
		}
		tp.rest = b
		u, err := c.Unlock(t.Context(), newPIN("123456"), true)
		if err != nil {
			return
		}
		useAll(t, u)
		if err := u.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func checkContents(t *testing.T, c engine.Contents) {
	t.Helper()
	if c.Identity.ID == "" {
		t.Fatal("a card without identity")
	}
	for _, it := range c.Items {
		if it.Certificate == nil && it.Key == nil && it.Unreadable == "" {
			t.Fatalf("%s is empty and listed", it.Place)
		}
		if it.Unreadable != engine.Clean(it.Unreadable) {
			t.Fatalf("%q is not clean", it.Unreadable)
		}
	}
}

// useAll does everything to an unlocked card that a card can spoil.
func useAll(t *testing.T, u engine.UnlockedCard) {
	ctx, former := t.Context(), 1
	spec := engine.KeySpec{Type: engine.P256, PIN: engine.PINOnce, Touch: engine.TouchNever}
	key, err := u.MakeKey(ctx, "9a", spec)
	if err == nil {
		_, _ = u.Sign(ctx, "9a", publicOf(t, key.Public), make([]byte, 32), 0)
		_, _ = u.Agree(ctx, "9a", publicOf(t, key.Public), make([]byte, 65))
	}
	scalar := bytes.Repeat([]byte{1}, 32)
	_, _ = u.ImportKey(ctx, "9d", engine.KeyMaterial{Type: engine.P256, Scalar: scalar}, spec)
	_, _ = u.KeyAt(ctx, "9c")
	_, _ = u.CertificateAt(ctx, "9c")
	_ = u.MoveKey(ctx, "9a", "95")
	_ = u.RemoveKey(ctx, "95")
	_ = u.WriteCertificate(ctx, "9a", []byte{0x30, 0}, nil)
	_ = u.RemoveCertificate(ctx, "9a")
	_ = u.SetPIN(ctx, newPIN("123457"))
	_ = u.SetPUK(ctx, []byte("12345679"))
	_ = u.BlockPUK(ctx)
	_ = u.ProtectAdminKey(ctx)
	_ = u.WriteFile(ctx, engine.CardFile{Former: &former})
	_ = u.WriteFile(ctx, engine.CardFile{Capabilities: true})
}
