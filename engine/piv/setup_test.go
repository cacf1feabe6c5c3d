package piv

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
)

// A card from the factory gets its secrets, and each deed done again changes
// nothing and spends no try.
func TestSetUp(t *testing.T) {
	for _, f := range []sim.Firmware{yubiKey57, yubiKey53} {
		t.Run(f.String(), func(t *testing.T) {
			v := put(t, factory(t, f), sim.Options{})
			c := v.open()
			u := unlock(t, c, "owner123", true)
			var admin []byte
			for i := range 2 {
				noError(t, u.SetPIN(t.Context(), newPIN("owner123")))
				noError(t, u.SetPUK(t.Context(), []byte("31415926")))
				noError(t, u.ProtectAdminKey(t.Context()))
				noError(t, u.BlockPUK(t.Context())) // no longer the factory's: left alone
				if i == 1 && !bytes.Equal(admin, v.card.State().Admin.Value) {
					t.Error("the administration key was replaced again")
				}
				admin = v.card.State().Admin.Value
			}
			noError(t, u.Close())
			got := inspect(t, c)
			if want := (engine.Counter{Left: 3, Max: 3}); got.PIN != want || got.PUK != want {
				t.Errorf("PIN %+v, PUK %+v, want %+v", got.PIN, got.PUK, want)
			}
			if got.Admin.Factory || !got.Admin.Protected {
				t.Errorf("administration key %+v", got.Admin)
			}
			state := v.card.State()
			if string(state.PIN.Value) != "owner123" || string(state.PUK.Value) != "31415926" {
				t.Error("PIN or PUK is not what was set")
			}
			noError(t, unlock(t, c, "owner123", true).RemoveCertificate(t.Context(), "9a"))
		})
	}
}

// A blocked PUK is blocked for good, noted where others look, and not tried
// again.
func TestBlockPUK(t *testing.T) {
	v := put(t, factory(t, yubiKey57), sim.Options{})
	u := unlock(t, v.open(), "123456", false)
	for range 2 {
		noError(t, u.BlockPUK(t.Context()))
	}
	state := v.card.State()
	if state.PUK.Left != 0 || string(state.PUK.Value) != factoryPUK {
		t.Errorf("PUK has %d tries left", state.PUK.Left)
	}
	if want := []byte{tagAdminData, 3, tagFlags, 1, flagNoPUK}; !bytes.Equal(state.Objects[sim.Object(objectAdminData)], want) {
		t.Errorf("administration data %X, want %X", state.Objects[sim.Object(objectAdminData)], want)
	}
}

// Cards that cannot tell whether a secret is the factory's are not set up.
func TestSetUpNeedsMetadata(t *testing.T) {
	u := unlock(t, put(t, factory(t, plainCard), sim.Options{}).open(), "123456", false)
	wantKind(t, u.SetPIN(t.Context(), newPIN("owner123")), engine.CardRefused)
	wantKind(t, u.SetPUK(t.Context(), []byte("31415926")), engine.CardRefused)
	wantKind(t, u.BlockPUK(t.Context()), engine.CardRefused)
	wantKind(t, u.ProtectAdminKey(t.Context()), engine.CardRefused)
}

// What others keep in the administration data and in the printed information
// stays; only the salt of a derived key goes, which is no longer true.
func TestProtectKeepsOthersData(t *testing.T) {
	state := factory(t, yubiKey57)
	mscmap := []byte{0x81, 2, 0xab, 0xcd}
	state.Objects[sim.Object(0x5fff10)] = mscmap
	state.Objects[sim.Object(objectAdminData)] = unhex(t, "8011 810101 820411223344 83045f5e1000 84 00 c10155")
	state.Objects[sim.Object(objectPrinted)] = unhex(t, "0104 4d617279 8805 8a03 010203 fe00")
	v := put(t, state, sim.Options{})
	noError(t, unlock(t, v.open(), "123456", false).ProtectAdminKey(t.Context()))
	got := v.card.State()
	if want := unhex(t, "800b 810103 83045f5e1000 8400 c10155"); !bytes.Equal(got.Objects[sim.Object(objectAdminData)], want) {
		t.Errorf("administration data %X, want %X", got.Objects[sim.Object(objectAdminData)], want)
	}
	want := slices.Concat([]byte{0x88, 0x1f, 0x89, 0x18}, got.Admin.Value, unhex(t, "8a03 010203 0104 4d617279 fe00"))
	if !bytes.Equal(got.Objects[sim.Object(objectPrinted)], want) {
		t.Error("printed information is not what it should be")
	}
	if !bytes.Equal(got.Objects[sim.Object(0x5fff10)], mscmap) {
		t.Error("the container map was touched")
	}
}

// However the power goes while a card is set up, between any two commands or
// with an answer lost, the same deeds done again finish it: the administration
// key is never lost, no try is spent, and the PIN is one of the two.
func TestPowerCutDuringSetUp(t *testing.T) {
	setUp := func(c *Card) error {
		u, err := c.Unlock(t.Context(), newPIN("owner123"), true)
		if err != nil {
			return err
		}
		defer func() { _ = u.Close() }()
		return errors.Join(
			u.ProtectAdminKey(t.Context()),
			u.SetPIN(t.Context(), newPIN("owner123")),
			u.BlockPUK(t.Context()),
			u.WriteFile(t.Context(), engine.CardFile{GUID: "00112233445566778899aabbccddeeff"}),
			u.WriteFile(t.Context(), engine.CardFile{Capabilities: true}),
		)
	}
	points := 0
	for _, f := range []sim.Firmware{yubiKey57, yubiKey53} {
		fresh := factory(t, f)
		for _, cut := range []sim.Cut{sim.CutBefore, sim.CutAfter} {
			for at, more := 1, true; more; at++ {
				left := at
				v := put(t, fresh, sim.Options{Power: func(sim.Command) sim.Cut {
					if left--; left == 0 {
						return cut
					}
					return sim.Stay
				}})
				more = setUp(v.open()) != nil
				if more {
					points++
				}
				left = 0 // no more cuts
				v.card.PowerOn()
				if err := setUp(v.open()); err != nil {
					t.Fatalf("%s, cut %d at command %d: %v", f, cut, at, err)
				}
				checkSetUp(t, v)
			}
		}
	}
	t.Logf("%d cut points", points)
	if points < 80 {
		t.Errorf("only %d cut points", points)
	}
}

func checkSetUp(t *testing.T, v *virtual) {
	t.Helper()
	got, state := inspect(t, v.open()), v.card.State()
	switch {
	case got.Admin.Factory || !got.Admin.Protected:
		t.Errorf("administration key %+v", got.Admin)
	case got.PIN != engine.Counter{Left: 3, Max: 3} || string(state.PIN.Value) != "owner123":
		t.Errorf("PIN %+v", got.PIN)
	case got.PUK.Left != 0:
		t.Errorf("PUK %+v", got.PUK)
	case !got.CHUID || !got.Capabilities || got.Identity.GUID != "00112233445566778899aabbccddeeff":
		t.Errorf("files are missing: %+v", got)
	}
	noError(t, unlock(t, v.open(), "owner123", false).Close())
}

// A PIN that the card finds too simple is for the person to choose again, and
// the factory PIN stays.
func TestSimplePIN(t *testing.T) {
	for _, status := range []string{"6985", "6a80"} {
		s := play(t,
			[2]string{"00f70080 00", "0101ff 050101 06020303 9000"},
			[2]string{"00240080 10 313233343536ffff 313131313131ffff", status})
		u := &unlocked{session: s.session()}
		u.maker = &maker{firmware: firmware{5, 7, 1}}
		wantKind(t, u.SetPIN(t.Context(), newPIN("111111")), engine.BadInput)
	}
}

// deaf is a card that says 9000 to one instruction and does not carry it out.
type deaf struct {
	*virtual
	ins    byte
	object string // with PUT DATA: only for this one, in hex
}

func (d deaf) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if command[1] == d.ins && strings.Contains(hexOf(command), d.object) {
		return []byte{0x90, 0x00}, nil
	}
	return d.virtual.Transmit(ctx, command)
}

// A card that does not do what it says keeps the key it has, and is not said to
// have another.
func TestProtectOnDeafCard(t *testing.T) {
	for _, d := range []deaf{{ins: insPutData, object: "5fc109"}, {ins: insSetAdminKey}} {
		d.virtual = put(t, factory(t, yubiKey57), sim.Options{})
		c := Open(d, rand.Reader)
		u, err := c.Unlock(t.Context(), newPIN("123456"), false)
		noError(t, err)
		if err := u.ProtectAdminKey(t.Context()); err == nil {
			t.Errorf("instruction %02X was not carried out, and nobody noticed", d.ins)
		}
		noError(t, u.Close())
		if got := inspect(t, c).Admin; !got.Factory || got.Protected {
			t.Errorf("administration key %+v", got)
		}
		noError(t, unlock(t, c, "123456", false).Close())
	}
}

// Files are written with the same bytes each time, as the standard wants them.
func TestWriteFile(t *testing.T) {
	v := put(t, factory(t, yubiKey57), sim.Options{})
	u := unlock(t, v.open(), "123456", false)
	guid, former := "00112233445566778899aabbccddeeff", 3
	var before sim.State
	for i := range 2 {
		for _, f := range []engine.CardFile{{GUID: guid}, {Capabilities: true}, {Former: &former}} {
			noError(t, u.WriteFile(t.Context(), f))
		}
		state := v.card.State()
		if i == 1 && !equalObjects(before, state) {
			t.Error("the second time wrote other bytes")
		}
		before = state
	}
	object := func(id objectID) []byte { return before.Objects[sim.Object(id)] }
	chuid, err := ParseCHUID(object(objectCHUID))
	noError(t, err)
	if chuid.guid() != guid || len(chuid.Signature) != 0 || chuid.Expires.Year() != 2099 {
		t.Errorf("CHUID %+v", chuid)
	}
	capabilities, err := ParseCapabilities(object(objectCapabilities))
	noError(t, err)
	if len(capabilities.CardIdentifier) != cardIdentifierLength || capabilities.DataModel != dataModelPIV {
		t.Errorf("capabilities %+v", capabilities)
	}
	history, err := ParseKeyHistory(object(objectKeyHistory))
	if err != nil || history != (KeyHistory{OnCard: 3}) {
		t.Errorf("key history %+v (%v)", history, err)
	}
	wantKind(t, u.WriteFile(t.Context(), engine.CardFile{GUID: "0011"}), engine.BadInput)
	wantKind(t, u.WriteFile(t.Context(), engine.CardFile{}), engine.BadInput)
	former = 21
	wantKind(t, u.WriteFile(t.Context(), engine.CardFile{Former: &former}), engine.BadInput)
}

func equalObjects(a, b sim.State) bool {
	for id := range b.Objects {
		if !bytes.Equal(a.Objects[id], b.Objects[id]) {
			return false
		}
	}
	return len(a.Objects) == len(b.Objects)
}

// A CHUID that an issuer signed is never replaced, nor one that cannot be read.
func TestSignedCHUID(t *testing.T) {
	for _, old := range [][]byte{
		appendElement(encodeCHUID([16]byte{1})[:55], tagSignature, []byte("signed")),
		[]byte("rubbish"),
	} {
		state := factory(t, yubiKey57)
		state.Objects[sim.Object(objectCHUID)] = old
		v := put(t, state, sim.Options{})
		err := unlock(t, v.open(), "123456", false).WriteFile(t.Context(), engine.CardFile{GUID: "00112233445566778899aabbccddeeff"})
		if _, perr := ParseCHUID(old); perr == nil {
			wantKind(t, err, engine.CardRefused)
		}
		if err == nil || !bytes.Equal(v.card.State().Objects[sim.Object(objectCHUID)], old) {
			t.Errorf("CHUID was replaced (%v)", err)
		}
	}
}

// What an issuer wrote of keys whose certificates are elsewhere is kept.
func TestKeyHistoryKeepsURL(t *testing.T) {
	state := factory(t, yubiKey57)
	state.Objects[sim.Object(objectKeyHistory)] = KeyHistory{OnCard: 1, OffCard: 2, URL: "http://example.org/00"}.encode()
	v := put(t, state, sim.Options{})
	former := 2
	noError(t, unlock(t, v.open(), "123456", false).WriteFile(t.Context(), engine.CardFile{Former: &former}))
	got, err := ParseKeyHistory(v.card.State().Objects[sim.Object(objectKeyHistory)])
	if want := (KeyHistory{OnCard: 2, OffCard: 2, URL: "http://example.org/00"}); err != nil || got != want {
		t.Errorf("key history %+v (%v), want %+v", got, err, want)
	}
}
