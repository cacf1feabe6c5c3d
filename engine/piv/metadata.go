package piv

import (
	"context"

	"cardkiosk/engine"
)

// References that are not slots (SP 800-73-4 part 1, tables 4a and 4b).
const (
	refGlobalPIN = 0x00
	refPIN       = 0x80
	refPUK       = 0x81
	refAdminKey  = 0x9b
)

// The elements of metadata (docs.yubico.com, .NET SDK, "Get metadata").
const (
	tagAlgorithm = 0x01
	tagPolicy    = 0x02 // PIN, touch
	tagOrigin    = 0x03
	tagPublicKey = 0x04
	tagFactory   = 0x05
	tagTries     = 0x06 // all, left
)

const originImported = 2

// tellsMetadata reports whether the firmware knows GET METADATA.
func (f firmware) tellsMetadata() bool { return f.atLeast(5, 3, 0) }

func (s *session) metadata(ctx context.Context, ref byte) (elements, error) {
	answer, err := s.send(ctx, command{ins: insGetMetadata, p2: ref, answer: longAnswer})
	if err != nil {
		return nil, err
	}
	list, err := readElements(answer)
	if err != nil {
		return nil, malformed("metadata", "%w", err)
	}
	return list, nil
}

// readCounter reads the state of PIN or PUK from metadata.
func (s *session) readCounter(ctx context.Context, ref byte) (engine.Counter, error) {
	list, err := s.metadata(ctx, ref)
	if err != nil {
		return engine.Counter{}, err
	}
	tries, _ := list.find(tagTries)
	factory, err := isFactory(list)
	switch {
	case err != nil:
		return engine.Counter{}, err
	case len(tries) != 2:
		return engine.Counter{}, malformed("metadata", "it does not tell the tries")
	}
	return engine.Counter{Left: int(tries[1]), Max: int(tries[0]), Factory: factory}, nil
}

func isFactory(list elements) (bool, error) {
	v, _ := list.find(tagFactory)
	if len(v) != 1 {
		return false, malformed("metadata", "it does not tell whether the value is the factory's")
	}
	return v[0] != 0, nil
}

// adminMetadata is what the card tells of its administration key.
type adminMetadata struct {
	algorithm adminAlgorithm
	factory   bool
	touch     bool // using it wants a finger
}

func (s *session) readAdminMetadata(ctx context.Context) (adminMetadata, error) {
	list, err := s.metadata(ctx, refAdminKey)
	if err != nil {
		return adminMetadata{}, err
	}
	factory, err := isFactory(list)
	if err != nil {
		return adminMetadata{}, err
	}
	m := adminMetadata{algorithm: tripleDES, factory: factory}
	if v, ok := list.find(tagAlgorithm); ok {
		if len(v) != 1 || !adminAlgorithm(v[0]).known() {
			return adminMetadata{}, malformed("metadata", "the administration key has an unknown algorithm")
		}
		m.algorithm = adminAlgorithm(v[0])
	}
	if v, _ := list.find(tagPolicy); len(v) == 2 {
		m.touch = touchPolicy(v[1]) != engine.TouchNever
	}
	return m, nil
}

// keyFrom reads the metadata of the key in a slot.
func keyFrom(sl slot, list elements) (engine.Key, error) {
	algorithm, _ := list.find(tagAlgorithm)
	policy, _ := list.find(tagPolicy)
	public, _ := list.find(tagPublicKey)
	origin, _ := list.find(tagOrigin)
	if len(algorithm) != 1 || len(policy) != 2 {
		return engine.Key{}, malformed("metadata", "it does not tell algorithm and policies of the key")
	}
	spki, err := parsePublicKey(algorithm[0], public)
	if err != nil {
		return engine.Key{}, err
	}
	return engine.Key{
		KeySpec:  engine.KeySpec{Type: keyTypes[algorithm[0]], PIN: pinPolicy(sl, policy[0]), Touch: touchPolicy(policy[1])},
		Public:   spki,
		Imported: len(origin) == 1 && origin[0] == originImported,
	}, nil
}

// pinPolicy reads a PIN policy. Policies of the YubiKey Bio, where a finger or
// the PIN will do, count as the ones without a finger; one that is not known
// counts as the strictest.
func pinPolicy(sl slot, b byte) engine.PINPolicy {
	const byDefault, never, once, always, matchOnce, matchAlways = 0, 1, 2, 3, 4, 5
	switch b {
	case byDefault:
		return sl.defaultPIN()
	case never:
		return engine.PINNever
	case once, matchOnce:
		return engine.PINOnce
	case always, matchAlways:
		return engine.PINAlways
	default:
		return engine.PINAlways
	}
}

func touchPolicy(b byte) engine.TouchPolicy {
	const byDefault, never, always, cached = 0, 1, 2, 3
	switch b {
	case byDefault, never:
		return engine.TouchNever
	case cached:
		return engine.TouchCached
	case always:
		return engine.TouchAlways
	default:
		return engine.TouchAlways
	}
}
