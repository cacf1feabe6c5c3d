package piv

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"cardkiosk/engine"
)

// The elements of GENERATE ASYMMETRIC KEY PAIR (SP 800-73-4 part 2, table 11;
// the policies are Yubico's, docs.yubico.com, .NET SDK, "Generate asymmetric").
const (
	tagControl     = 0xac
	tagMechanism   = 0x80
	tagPINPolicy   = 0xaa
	tagTouchPolicy = 0xab
)

var (
	pinPolicies = map[engine.PINPolicy]byte{engine.PINNever: 1, engine.PINOnce: 2, engine.PINAlways: 3}

	touchPolicies = map[engine.TouchPolicy]byte{engine.TouchNever: 1, engine.TouchAlways: 2, engine.TouchCached: 3}
)

// policed reports whether both policies are ones that can be stated.
func policed(spec engine.KeySpec) bool {
	return pinPolicies[spec.PIN] != 0 && touchPolicies[spec.Touch] != 0
}

// appendPolicies states a key's policies.
func appendPolicies(to []byte, spec engine.KeySpec) []byte {
	to = appendElement(to, tagPINPolicy, []byte{pinPolicies[spec.PIN]})
	return appendElement(to, tagTouchPolicy, []byte{touchPolicies[spec.Touch]})
}

// MakeKey makes a key, over any that is there (SP 800-73-4 part 2, 3.3.2), and
// reads its policies back where the card tells them. What the card cannot do is
// CardRefused before anything is overwritten.
func (u *unlocked) MakeKey(ctx context.Context, at engine.Place, spec engine.KeySpec) (engine.Key, error) {
	const op = "make key"
	sl, err := slotAt(at)
	if err != nil {
		return engine.Key{}, err
	}
	algorithm, control, err := u.control(sl, spec)
	if err != nil {
		return engine.Key{}, err
	}
	delete(u.specs, at)
	spki, err := u.generate(ctx, sl, algorithm, control)
	if err != nil {
		return engine.Key{}, trouble(op, string(at), err)
	}
	key, err := u.readBack(ctx, at, engine.Key{KeySpec: spec, Public: spki})
	return key, trouble(op, string(at), err)
}

// readBack returns a key that was just put at a place as the card tells of it,
// or, where it does not tell, as it was meant.
func (u *unlocked) readBack(ctx context.Context, at engine.Place, meant engine.Key) (engine.Key, error) {
	if !u.maker.firmware.tellsMetadata() {
		u.specs[at] = meant.KeySpec
		return meant, nil
	}
	key, err := u.KeyAt(ctx, at)
	switch {
	case err != nil:
		return engine.Key{}, err
	case key != nil && key.Unreadable != "":
		return engine.Key{}, malformed("metadata", "%s", key.Unreadable)
	case key == nil || !bytes.Equal(key.Public, meant.Public):
		return engine.Key{}, malformed("metadata", "the card tells of another key than was put there")
	}
	return *key, nil
}

// generate has the card make a key and returns its SubjectPublicKeyInfo.
func (u *unlocked) generate(ctx context.Context, sl slot, algorithm byte, control []byte) ([]byte, error) {
	answer, err := u.send(ctx, command{ins: insGenerate, p2: sl.key, data: encodeElement(tagControl, control), answer: longAnswer})
	if err != nil {
		return nil, err
	}
	list, err := readElements(answer)
	if err != nil {
		return nil, malformed("public key", "%w", err)
	}
	public, _ := list.find(tagKeyTemplate)
	return parsePublicKey(algorithm, public)
}

// control makes the template that tells the card which key to make. Policies
// are always stated: what a card does by default depends on the slot, and moves
// with the key.
func (u *unlocked) control(sl slot, spec engine.KeySpec) (algorithm byte, control []byte, err error) {
	const op = "make key"
	algorithm, ok := algorithmOf(spec.Type)
	if !ok || !policed(spec) {
		return 0, nil, &engine.Error{Op: op, Kind: engine.BadInput, Subject: string(sl.place), Err: fmt.Errorf("no key is made like %v", spec)}
	}
	control = appendElement(nil, tagMechanism, []byte{algorithm})
	fw := u.maker.firmware
	switch {
	case spec.Type == engine.RSA2048 && fw.weakRSA():
		return 0, nil, refused(op, string(sl.place), "this firmware makes RSA keys that can be factored")
	case fw.atLeast(4, 0, 0):
		return algorithm, appendPolicies(control, spec), nil
	case spec.PIN != sl.defaultPIN() || spec.Touch != engine.TouchNever:
		// SP 800-73-4 part 1, table 4b: the slot decides.
		return 0, nil, refused(op, string(sl.place), fmt.Sprintf("the card makes keys there with PIN %s and touch never only", sl.defaultPIN()))
	}
	return algorithm, control, nil
}

// KeyAt tells what key lies at a place; nil when none, or when the card does
// not tell. One that cannot be described is Unreadable, and no error.
func (u *unlocked) KeyAt(ctx context.Context, at engine.Place) (*engine.Key, error) {
	sl, err := slotAt(at)
	if err != nil {
		return nil, err
	}
	key, err := u.readKey(ctx, sl)
	if err != nil {
		return nil, trouble("read key", string(at), err)
	}
	delete(u.specs, at)
	if key != nil && key.Unreadable == "" {
		u.specs[at] = key.KeySpec
	}
	return key, nil
}

// readKey reads the description of a key, nil when there is none or the card
// does not tell. A key that cannot be described still takes its place.
func (s *session) readKey(ctx context.Context, sl slot) (*engine.Key, error) {
	made, err := s.made(ctx)
	if err != nil || !made.firmware.tellsMetadata() {
		return nil, err
	}
	list, err := s.metadata(ctx, sl.key)
	if errors.Is(err, statusNoReference) {
		return nil, nil
	}
	var key engine.Key
	if err == nil {
		key, err = keyFrom(sl, list)
	}
	switch {
	case unreadable(err):
		return &engine.Key{Unreadable: words(err)}, nil
	case err != nil:
		return nil, err
	}
	return &key, nil
}

// MoveKey moves a key to an empty place (ykman, piv.py: P1 is where to, P2
// where from). Its policies move with it.
func (u *unlocked) MoveKey(ctx context.Context, from, to engine.Place) error {
	const op = "move key"
	subject := fmt.Sprintf("%s → %s", from, to)
	source, err := slotAt(from)
	if err != nil {
		return err
	}
	target, err := slotAt(to)
	if err != nil {
		return err
	}
	if !u.maker.firmware.movesKeys() {
		return refused(op, subject, "the card cannot move keys")
	}
	if _, err := u.send(ctx, command{ins: insMoveKey, p1: target.key, p2: source.key}); err != nil {
		return trouble(op, subject, err)
	}
	if spec, ok := u.specs[from]; ok {
		u.specs[to] = spec
		delete(u.specs, from)
	}
	return nil
}

// RemoveKey removes a key; none there is no error. A card that cannot is
// CardRefused.
func (u *unlocked) RemoveKey(ctx context.Context, at engine.Place) error {
	const op, nowhere = "remove key", 0xff
	sl, err := slotAt(at)
	if err != nil {
		return err
	}
	if !u.maker.firmware.movesKeys() {
		return refused(op, string(at), "the card cannot remove keys")
	}
	_, err = u.send(ctx, command{ins: insMoveKey, p1: nowhere, p2: sl.key})
	if err != nil && !errors.Is(err, statusNoReference) {
		return trouble(op, string(at), err)
	}
	delete(u.specs, at)
	return nil
}
