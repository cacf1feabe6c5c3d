package engine

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
)

// modelCard is a card as cards are: it keeps their physical rules and no others.
// Keys and certificate objects are separate; making or importing a key replaces
// the one that is there; MOVE wants a present source and an empty destination.
type modelCard struct {
	world   *world
	can     Abilities
	keys    map[Place]modelKey
	objects map[Place][]byte // certificate objects; those that are no certificate cannot be read
	full    map[Place]bool   // no certificate fits there
	dropped bool             // a write that does not fit takes the old object with it

	pin, puk            Counter
	admin               AdminKey
	chuid, capabilities bool
	former              int

	done, pull int  // what was done on the card; with which deed it is pulled, 0: never
	gone       bool // it is out of the reader
}

type modelKey struct {
	Key
	private *ecdsa.PrivateKey // nil: from elsewhere, or nobody can say what it is
}

// The kinds of card.
const (
	movesKeys = "YubiKey 5.7" // moves and removes keys
	keepsKeys = "YubiKey 5.4" // tells of its keys, and can neither move nor remove them
	plainPIV  = "PIV"         // SP 800-73-4: tells nothing of its keys
)

func modelPlaces() []Place {
	places := []Place{"9a", "9c", "9d", "9e"}
	for n := 0x82; n <= 0x95; n++ {
		places = append(places, Place(fmt.Sprintf("%02x", n)))
	}
	return places
}

func modelAbilities(kind string) Abilities {
	a := Abilities{KeyTypes: []KeyType{P256, P384}, MaxCertificate: 3052, ImportKeys: true}
	if kind == plainPIV {
		a.ImportKeys, a.MaxCertificate = false, 1856
		a.Policies = map[Place]PINPolicy{"9a": PINOnce, "9c": PINAlways, "9d": PINOnce, "9e": PINNever}
		return a
	}
	a.ShowKeys, a.SetSecrets, a.ProvesAnyKey = true, true, true
	a.MoveKeys, a.DeleteKeys, a.Resets = kind == movesKeys, kind == movesKeys, true
	a.History = modelPlaces()[4:]
	a.Spare = slices.Clone(a.History)
	slices.Reverse(a.Spare)
	return a
}

// contents is what the card tells without its PIN.
func (c *modelCard) contents() Contents {
	all := Contents{
		Identity: c.world.id, PIN: c.pin, PUK: c.puk, Admin: c.admin,
		CHUID: c.chuid, Capabilities: c.capabilities, Abilities: c.can,
	}
	for _, at := range modelPlaces() {
		it := Item{Place: at}
		if k, ok := c.keys[at]; ok && c.can.ShowKeys {
			it.Key, it.Unreadable = &k.Key, k.Unreadable
		}
		if der, ok := c.objects[at]; ok {
			if _, err := x509.ParseCertificate(der); err == nil {
				it.Certificate, it.Unreadable = der, ""
			} else {
				it.Unreadable = "the object is no certificate"
			}
		}
		if it.Certificate != nil || it.Key != nil || it.Unreadable != "" {
			all.Items = append(all.Items, it)
		}
	}
	return all
}

// deed is the world's, as long as the card lies in its reader.
func (c *modelCard) deed(do func() error) error {
	if c.pulled() {
		return errPulled
	}
	return c.world.deed(do)
}

func (c *modelCard) look() error {
	if c.gone {
		return errPulled
	}
	return c.world.look()
}

// pulled counts what is done on the card, and reports whether it is out.
func (c *modelCard) pulled() bool {
	c.done++
	c.gone = c.gone || c.done == c.pull
	return c.gone
}

// insert puts the card in, until the deed given; 0 for good.
func (c *modelCard) insert(pull int) { c.done, c.pull, c.gone = 0, pull, false }

func (c *modelCard) refuse(op string, kind Kind, at Place) error {
	return &Error{Op: op, Kind: kind, Subject: string(at), Err: errors.New("refused")}
}

// has reports whether the card has such a place for a new key.
func (c *modelCard) has(at Place) bool {
	return slices.Contains(modelPlaces(), at) && (c.can.Policies == nil || c.can.Policies[at] != "")
}

func (c *modelCard) Identify(context.Context) (Identity, error) {
	return c.world.id, c.look()
}

func (c *modelCard) Inspect(context.Context) (Contents, error) {
	return c.contents(), c.look()
}

func (c *modelCard) Counters(context.Context) (pin, puk Counter, err error) {
	return c.pin, c.puk, c.look()
}

func (c *modelCard) CheckPIN(context.Context, PIN) error { return c.look() }

func (c *modelCard) SignOnce(ctx context.Context, _ PIN, at Place, key crypto.PublicKey, digest []byte, hash crypto.Hash) ([]byte, error) {
	return modelUnlocked{c}.Sign(ctx, at, key, digest, hash)
}

func (c *modelCard) Unlock(context.Context, PIN, bool) (UnlockedCard, error) {
	return modelUnlocked{c}, c.look()
}

func (c *modelCard) Wipe(context.Context) error { return c.wipe() }

func (c *modelCard) Close() error { return nil }

// modelUnlocked is the card with its PIN verified.
type modelUnlocked struct{ *modelCard }

var (
	_ Card         = (*modelCard)(nil)
	_ UnlockedCard = modelUnlocked{}
)

func newKey(t KeyType) *ecdsa.PrivateKey {
	curve := elliptic.P256()
	if t == P384 {
		curve = elliptic.P384()
	}
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func spkiOf(key *ecdsa.PrivateKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		panic(err)
	}
	return der
}

func (c modelUnlocked) MakeKey(_ context.Context, at Place, spec KeySpec) (Key, error) {
	if !c.has(at) || !slices.Contains(c.can.KeyTypes, spec.Type) {
		return Key{}, c.refuse("make key", CardRefused, at)
	}
	return c.take(at, newKey(spec.Type), spec, false)
}

func (c modelUnlocked) ImportKey(_ context.Context, at Place, material KeyMaterial, spec KeySpec) (Key, error) {
	if !c.has(at) || !c.can.ImportKeys {
		return Key{}, c.refuse("import key", CardRefused, at)
	}
	for _, known := range c.world.pfx {
		scalar, err := known.Bytes()
		if err == nil && bytes.Equal(scalar, material.Scalar) {
			return c.take(at, known, spec, true)
		}
	}
	return Key{}, c.refuse("import key", BadInput, at)
}

func (c modelUnlocked) take(at Place, private *ecdsa.PrivateKey, spec KeySpec, imported bool) (Key, error) {
	key := modelKey{Key{KeySpec: spec, Public: spkiOf(private), Imported: imported}, private}
	err := c.deed(func() error {
		c.keys[at] = key
		return nil
	})
	return key.Key, err
}

func (c modelUnlocked) KeyAt(_ context.Context, at Place) (*Key, error) {
	if k, ok := c.keys[at]; ok && c.can.ShowKeys {
		return &k.Key, c.look()
	}
	return nil, c.look()
}

func (c modelUnlocked) MoveKey(_ context.Context, from, to Place) error {
	return c.deed(func() error {
		key, present := c.keys[from]
		_, taken := c.keys[to]
		if !c.can.MoveKeys || !present || taken { // 6A88 without a source, 6A80 with a destination
			return c.refuse("move key", CardTrouble, from)
		}
		c.keys[to] = key
		delete(c.keys, from)
		return nil
	})
}

func (c modelUnlocked) RemoveKey(_ context.Context, at Place) error {
	return c.deed(func() error {
		if !c.can.DeleteKeys {
			return c.refuse("remove key", CardRefused, at)
		}
		delete(c.keys, at)
		return nil
	})
}

func (c modelUnlocked) CertificateAt(_ context.Context, at Place) ([]byte, error) {
	der, ok := c.objects[at]
	if _, err := x509.ParseCertificate(der); ok && err != nil {
		return nil, c.refuse("read certificate", CardTrouble, at)
	}
	return der, c.look()
}

func (c modelUnlocked) WriteCertificate(_ context.Context, at Place, der []byte, _ func(int, int)) error {
	return c.deed(func() error {
		if c.full[at] || len(der) > c.can.MaxCertificate {
			if c.dropped {
				delete(c.objects, at)
			}
			c.full[at] = false // what is put back was there before
			c.world.filled = at
			return c.refuse("write certificate", CardFull, at)
		}
		c.objects[at] = der
		return nil
	})
}

func (c modelUnlocked) RemoveCertificate(_ context.Context, at Place) error {
	return c.deed(func() error {
		delete(c.objects, at)
		return nil
	})
}

func (c modelUnlocked) Sign(_ context.Context, at Place, _ crypto.PublicKey, digest []byte, _ crypto.Hash) ([]byte, error) {
	key, ok := c.keys[at]
	if !ok || key.private == nil {
		return nil, c.refuse("sign", CardTrouble, at)
	}
	if err := c.look(); err != nil {
		return nil, err
	}
	return ecdsa.SignASN1(rand.Reader, key.private, digest)
}

func (c modelUnlocked) Agree(_ context.Context, at Place, _ crypto.PublicKey, peer []byte) ([]byte, error) {
	key, ok := c.keys[at]
	if !ok || key.private == nil {
		return nil, c.refuse("agree", CardTrouble, at)
	}
	ours, err := key.private.ECDH()
	if err != nil {
		return nil, err
	}
	theirs, err := curveOf(ours).NewPublicKey(peer)
	if err != nil {
		return nil, err
	}
	shared, err := ours.ECDH(theirs)
	return shared, errors.Join(err, c.look())
}

func curveOf(key *ecdh.PrivateKey) ecdh.Curve { return key.Curve() }

func (c modelUnlocked) SetPIN(context.Context, PIN) error {
	return c.deed(func() error { c.pin.Factory = false; return nil })
}

func (c modelUnlocked) SetPUK(context.Context, []byte) error {
	return c.deed(func() error { c.puk.Factory = false; return nil })
}

func (c modelUnlocked) BlockPUK(context.Context) error {
	return c.deed(func() error { c.puk.Left = 0; return nil })
}

func (c modelUnlocked) ProtectAdminKey(context.Context) error {
	return c.deed(func() error { c.admin = AdminKey{Protected: true}; return nil })
}

func (c modelUnlocked) WriteFile(_ context.Context, f CardFile) error {
	return c.deed(func() error {
		switch {
		case f.GUID != "":
			c.chuid, c.world.id.GUID = true, f.GUID
		case f.Capabilities:
			c.capabilities = true
		case f.Former != nil:
			c.former = *f.Former
		}
		return nil
	})
}

// lying is what lies on a card at one moment, byte for byte.
type lying struct {
	keys    map[Place]modelKey
	objects map[Place][]byte
}

func (c *modelCard) lying() lying { return lying{maps.Clone(c.keys), maps.Clone(c.objects)} }

// holdsKey reports whether a key lies anywhere.
func (l lying) holdsKey(public []byte) bool {
	for _, k := range l.keys {
		if bytes.Equal(k.Public, public) {
			return true
		}
	}
	return false
}

// holds reports whether a certificate lies anywhere.
func (l lying) holds(der []byte) bool {
	for _, object := range l.objects {
		if bytes.Equal(object, der) {
			return true
		}
	}
	return false
}

// serials are drawn by counting, so that no two certificates are the same.
func (w *world) serial() *big.Int {
	w.issued++
	return big.NewInt(1000 + w.issued)
}
