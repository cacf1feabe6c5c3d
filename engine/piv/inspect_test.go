package piv

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
)

// newKey makes a key for a software card, and its certificate.
func newKey(t *testing.T, pin, touch byte) (sim.Key, []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	noError(t, err)
	key, err := sim.NewKey(private, false, pin, touch)
	noError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	noError(t, err)
	return key, der
}

// furnish puts a key with its certificate into a slot of a state, and returns
// the certificate.
func furnish(t *testing.T, state sim.State, slot sim.Slot, pin, touch byte) []byte {
	t.Helper()
	key, der := newKey(t, pin, touch)
	state.Keys[slot] = key
	state.Objects[slot.Certificate()] = frameCertificate(der, certInfoPlain)
	return der
}

// A blank YubiKey tells who it is, that everything is the factory's, and that
// it can do all the kiosk wants.
func TestInspectBlankYubiKey(t *testing.T) {
	c := put(t, factory(t, yubiKey57), sim.Options{}).open()
	got := inspect(t, c)
	wantID := engine.Identity{ID: "yubikey-712233", Serial: "712233", Model: "YubiKey 5.7.1"}
	if got.Identity != wantID {
		t.Errorf("identity is %+v, want %+v", got.Identity, wantID)
	}
	counter := engine.Counter{Left: 3, Max: 3, Factory: true}
	if got.PIN != counter || got.PUK != counter {
		t.Errorf("PIN %+v, PUK %+v, want %+v", got.PIN, got.PUK, counter)
	}
	if want := (engine.AdminKey{Algorithm: "AES-192", Factory: true}); got.Admin != want {
		t.Errorf("administration key %+v, want %+v", got.Admin, want)
	}
	if got.CHUID || got.Capabilities || !got.Blank() {
		t.Errorf("card is not blank: %+v", got)
	}
	a := got.Abilities
	if !a.ShowKeys || !a.MoveKeys || !a.DeleteKeys || !a.SetSecrets || !a.ProvesAnyKey || a.MaxCertificate != 3052 {
		t.Errorf("abilities are %+v", a)
	}
	if len(a.Spare) != 20 || a.Spare[0] != "95" || a.Spare[19] != "82" || a.History[0] != "82" || a.History[19] != "95" {
		t.Errorf("spare %v, history %v", a.Spare, a.History)
	}
	if !slices.Equal(a.KeyTypes, []engine.KeyType{engine.RSA2048, engine.P256, engine.P384}) {
		t.Errorf("key types %v", a.KeyTypes)
	}
}

// Every card shows all its certificates, and its keys where it can; a Key
// History that knows nothing of them changes nothing.
func TestInspectFurnishedCards(t *testing.T) {
	for _, f := range []sim.Firmware{yubiKey57, yubiKey53, plainCard} {
		t.Run(f.String(), func(t *testing.T) {
			state := factory(t, f)
			want := map[engine.Place][]byte{
				"9a": furnish(t, state, 0x9a, sim.PINOnce, sim.TouchNever),
				"9c": furnish(t, state, 0x9c, sim.PINAlways, sim.TouchCached),
				"9e": furnish(t, state, 0x9e, sim.PINNever, sim.TouchNever),
				"82": furnish(t, state, 0x82, sim.PINOnce, sim.TouchAlways),
				"95": furnish(t, state, 0x95, sim.PINOnce, sim.TouchNever),
			}
			state.Objects[sim.Object(objectKeyHistory)] = KeyHistory{}.encode()
			got := inspect(t, put(t, state, sim.Options{}).open())
			var order []engine.Place
			for _, it := range got.Items {
				order = append(order, it.Place)
				if !bytes.Equal(it.Certificate, want[it.Place]) || it.Unreadable != "" {
					t.Errorf("%s: certificate differs (%q)", it.Place, it.Unreadable)
				}
				if (it.Key != nil) != got.Abilities.ShowKeys {
					t.Errorf("%s: key is %v", it.Place, it.Key)
				}
			}
			if !slices.Equal(order, []engine.Place{"9a", "9c", "9e", "82", "95"}) {
				t.Errorf("places in the order %v", order)
			}
			if it, _ := got.At("9c"); got.Abilities.ShowKeys {
				spec := engine.KeySpec{Type: engine.P256, PIN: engine.PINAlways, Touch: engine.TouchCached}
				if it.Key.KeySpec != spec || it.Key.Imported {
					t.Errorf("key in 9c is %+v, want %+v", it.Key, spec)
				}
				parsed, err := x509.ParseCertificate(want["9c"])
				noError(t, err)
				if !bytes.Equal(it.Key.Public, parsed.RawSubjectPublicKeyInfo) {
					t.Error("public key in 9c is not the certificate's")
				}
			}
		})
	}
}

// What a plain card cannot tell is not made up.
func TestInspectPlainCard(t *testing.T) {
	got := inspect(t, put(t, factory(t, plainCard), sim.Options{}).open())
	guid := "ab0000000000000000000000000000cd"
	if want := (engine.Identity{ID: engine.CardID("guid-" + guid), GUID: guid, Model: "PIV card"}); got.Identity != want {
		t.Errorf("identity is %+v, want %+v", got.Identity, want)
	}
	if got.PIN != (engine.Counter{Left: 3}) || got.PUK != (engine.Counter{Left: -1}) || got.Admin != (engine.AdminKey{}) {
		t.Errorf("PIN %+v, PUK %+v, administration key %+v", got.PIN, got.PUK, got.Admin)
	}
	a := got.Abilities
	if a.ShowKeys || a.MoveKeys || a.DeleteKeys || a.SetSecrets || a.ProvesAnyKey || a.Spare != nil || a.History != nil || a.MaxCertificate != 1856 {
		t.Errorf("abilities are %+v", a)
	}
}

// A broken certificate or key is said at its place, in words fit for a screen,
// and all others are read.
func TestInspectBrokenPlaces(t *testing.T) {
	state := factory(t, yubiKey57)
	whole := furnish(t, state, 0x9c, sim.PINOnce, sim.TouchNever)
	state.Objects[sim.Slot(0x9a).Certificate()] = []byte("\x70\x82\xff\xff\x1b[31m")
	state.Objects[sim.Slot(0x9d).Certificate()] = frameCertificate([]byte("no gzip"), certInfoGzip)
	state.Objects[sim.Slot(0x9e).Certificate()] = frameCertificate([]byte("\x1b[2Jrubbish"), certInfoPlain)
	state.Objects[sim.Slot(0x82).Certificate()] = frameCertificate(nil, certInfoPlain)
	state.Objects[sim.Slot(0x83).Certificate()] = frameCertificate(zip(whole), certInfoGzip)
	state.Objects[sim.Slot(0x84).Certificate()] = frameCertificate(append(slices.Clone(whole), 0), certInfoPlain)
	got := inspect(t, put(t, state, sim.Options{}).open())
	for _, place := range []engine.Place{"9a", "9d", "9e", "84"} {
		it, ok := got.At(place)
		if !ok || it.Unreadable == "" || it.Certificate != nil || it.Unreadable != engine.Clean(it.Unreadable) {
			t.Errorf("%s: %+v", place, it)
		}
	}
	for _, place := range []engine.Place{"9c", "83"} {
		if it, _ := got.At(place); !bytes.Equal(it.Certificate, whole) {
			t.Errorf("%s was not read: %q", place, it.Unreadable)
		}
	}
	if it, there := got.At("82"); there {
		t.Errorf("an emptied certificate is shown: %+v", it)
	}
}

// A key whose description cannot be understood keeps its place: nothing is
// planned into it as if it were empty.
func TestUnknownKeyTakesItsPlace(t *testing.T) {
	lines := [][2]string{{"00f7009a 00", "0101ff 02020201 030101 0400 9000"}, {"00cb3fff 05 5c035fc105 00", "6a82"}}
	s := play(t, lines...).session()
	s.maker = &maker{firmware: firmware{5, 7, 1}}
	item, err := s.inspectSlot(t.Context(), slots[0])
	noError(t, err)
	if item.Key == nil || item.Key.Public != nil || !strings.Contains(item.Unreadable, "FF") || item.Key.Unreadable != item.Unreadable {
		t.Errorf("item is %+v", item)
	}
}

// Whoever looks at the key again gets the same answer, and so does who finds a
// readable certificate beside it; only using the key is trouble.
func TestUnknownKeyIsNoTrouble(t *testing.T) {
	metadata := [2]string{"00f7009a 00", "0101ff 02020201 030101 0400 9000"}
	_, der := newKey(t, sim.PINOnce, sim.TouchNever)
	object := encodeElement(tagContent, frameCertificate(der, certInfoPlain))
	portions := [][2]string{
		{"00cb3fff 05 5c035fc105 00", hexOf(object[:256]) + "61ff"},
		{"00c00000 ff", hexOf(object[256:]) + "9000"},
	}
	u := scripted(play(t, append([][2]string{metadata, metadata}, append(portions, metadata)...)...))
	u.maker = &maker{firmware: firmware{5, 7, 1}}
	key, err := u.KeyAt(t.Context(), "9a")
	if err != nil || key == nil || !strings.Contains(key.Unreadable, "FF") {
		t.Errorf("key is %+v (%v)", key, err)
	}
	item, err := u.inspectSlot(t.Context(), slots[0])
	if err != nil || item.Key == nil || item.Key.Unreadable == "" || item.Unreadable != "" || !bytes.Equal(item.Certificate, der) {
		t.Errorf("item is %+v (%v)", item, err)
	}
	c, err := x509.ParseCertificate(der)
	noError(t, err)
	_, err = u.Sign(t.Context(), "9a", c.PublicKey, make([]byte, 32), crypto.SHA256)
	wantKind(t, err, engine.CardTrouble)
}

// An object of which only the tag is left is one that was deleted; whatever is
// not one element 53 is no object.
func TestEmptiedObjects(t *testing.T) {
	read := "00cb3fff 05 5c035fc102 00"
	got, err := play(t, [2]string{read, "5300 9000"}).session().readObject(t.Context(), objectCHUID)
	if got != nil || err != nil {
		t.Errorf("content %X (%v)", got, err)
	}
	for _, answer := range []string{"9000", "7e00 9000", "5301aa 5301bb 9000", "53 9000"} {
		if _, err := play(t, [2]string{read, answer}).session().readObject(t.Context(), objectCHUID); !unreadable(err) {
			t.Errorf("%s: error is %v", answer, err)
		}
	}
}

// The card's identity never depends on a GUID while it tells a serial number;
// a card with neither, or with a GUID of zeros only, is refused in words.
func TestIdentity(t *testing.T) {
	chuid := func(f sim.Firmware, serial uint32, guid [16]byte) sim.State {
		state := factory(t, f)
		state.Serial = serial
		state.Objects[sim.Object(objectCHUID)] = encodeCHUID(guid)
		return state
	}
	for _, c := range []struct {
		state sim.State
		want  engine.CardID
	}{
		{chuid(yubiKey57, 5, [16]byte{1}), "yubikey-5"},
		{chuid(yubiKey57, 0, [16]byte{1}), "guid-01000000000000000000000000000000"},
		{chuid(plainCard, 5, [16]byte{2}), "guid-02000000000000000000000000000000"},
		{chuid(plainCard, 5, [16]byte{}), ""},
	} {
		id, err := put(t, c.state, sim.Options{}).open().Identify(t.Context())
		if c.want == "" {
			wantKind(t, err, engine.CardTrouble)
		} else if err != nil || id.ID != c.want {
			t.Errorf("identity is %+v (%v), want %s", id, err, c.want)
		}
	}
}

// A YubiKey 4 tells its serial number in another application, asked before the
// PIN; afterwards PIV is selected again. Its weak RSA is not offered.
func TestYubiKey4(t *testing.T) {
	s := play(t,
		[2]string{selectPIV, selected},
		[2]string{getVersion, "040303 9000"},
		[2]string{"00a40400 08 a000000527471117 00", "9000"},
		[2]string{"001d0000 00", "0c 01023f3f 020400ae17cb 030101 9000"},
		[2]string{selectPIV, selected},
		[2]string{"00cb3fff 05 5c035fc102 00", "6a82"})
	id, err := s.open().Identify(t.Context())
	if want := (engine.Identity{ID: "yubikey-11409355", Serial: "11409355", Model: "YubiKey 4.3.3"}); err != nil || id != want {
		t.Errorf("identity is %+v (%v), want %+v", id, err, want)
	}
	for v, rsa := range map[firmware]bool{
		{4, 2, 5}: true, {4, 2, 6}: false, {4, 3, 4}: false, {4, 3, 5}: true, {5, 7, 1}: true, {1, 0, 4}: true,
	} {
		if slices.Contains(abilities(v).KeyTypes, engine.RSA2048) != rsa {
			t.Errorf("RSA on %v: %v", v, !rsa)
		}
	}
}

// A card that is pulled ends the inspection at once, with the reader's Kind.
func TestInspectPulled(t *testing.T) {
	s := play(t, [2]string{selectPIV, selected}, [2]string{getVersion, "050701 9000"}, [2]string{"00f80000 00", "pull"})
	_, err := s.open().Inspect(t.Context())
	wantKind(t, err, engine.CardGone)
	if len(s.ended) != 1 {
		t.Errorf("transactions ended: %v", s.ended)
	}
}

// A card without PIV is said to be one.
func TestNoPIV(t *testing.T) {
	_, err := play(t, [2]string{selectPIV, "6a82"}).open().Inspect(t.Context())
	wantKind(t, err, engine.CardTrouble)
	if !strings.Contains(err.Error(), "no PIV application") {
		t.Error(err)
	}
}

// Whatever another program does between two calls (resets the card, selects
// another application), each call finds its way.
func TestOtherProgram(t *testing.T) {
	state := factory(t, yubiKey57)
	der := furnish(t, state, 0x9a, sim.PINOnce, sim.TouchNever)
	v := put(t, state, sim.Options{})
	v.between = func(card *sim.Card) {
		card.PowerOn()
		_, err := card.Transmit(context.Background(), []byte("\x00\xa4\x04\x00\x05\xa0\x00\x00\x05\x27"))
		noError(t, err)
	}
	c := v.open()
	for range 2 {
		if it, _ := inspect(t, c).At("9a"); !bytes.Equal(it.Certificate, der) {
			t.Error("certificate in 9a differs")
		}
		noError(t, c.CheckPIN(t.Context(), newPIN("123456")))
		u, err := c.Unlock(t.Context(), newPIN("123456"), false)
		noError(t, err)
		noError(t, u.Close())
	}
}

// Callers take turns; one that is tired of waiting may leave.
func TestTurns(t *testing.T) {
	c := put(t, factory(t, yubiKey57), sim.Options{}).open()
	u := unlock(t, c, "123456", false)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Identify(ctx)
	wantKind(t, err, engine.Stopped)
	done := make(chan error)
	go func() { _, err := c.Identify(t.Context()); done <- err }()
	noError(t, u.Close())
	noError(t, <-done)
	if _, err := u.Identify(t.Context()); !errors.Is(err, errOver) {
		t.Errorf("a locked card still answers: %v", err)
	}
}

// What an inspection costs, by command; the bound keeps it from growing
// unnoticed. Every slot costs two commands, all else nine at most.
func TestInspectAPDUs(t *testing.T) {
	four := factory(t, yubiKey57)
	four.Objects[sim.Object(objectCHUID)] = encodeCHUID([16]byte{1})
	for _, slot := range []sim.Slot{0x9a, 0x9c, 0x9d, 0x9e} {
		furnish(t, four, slot, sim.PINOnce, sim.TouchNever)
	}
	for _, c := range []struct {
		name  string
		state sim.State
		most  int
	}{
		{"blank YubiKey 5.7", factory(t, yubiKey57), 9 + 2*24},
		{"YubiKey 5.7 with four certificates", four, 9 + 2*24},
		{"blank plain card", factory(t, plainCard), 6 + 24},
	} {
		v := put(t, c.state, sim.Options{})
		inspect(t, v.open())
		counts := map[byte]int{}
		exchanges := v.trace.Take()
		for _, ex := range exchanges {
			counts[ex.Header[1]]++
		}
		var line strings.Builder
		for _, ins := range slices.Sorted(maps.Keys(counts)) {
			fmt.Fprintf(&line, " %02X×%d", ins, counts[ins])
		}
		t.Logf("inspect %s: %d APDUs:%s", c.name, len(exchanges), line.String())
		if len(exchanges) > c.most {
			t.Errorf("inspect %s takes %d APDUs, at most %d", c.name, len(exchanges), c.most)
		}
	}
}
