package sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strconv"
)

// State is what a card keeps when its power goes. It is plain data, private
// keys and all, so that tests can look into a card and put it back as it was.
// The byte slices in it are never changed in place.
type State struct {
	Format   int               `json:"format"` // of this struct in JSON: 1
	Firmware Firmware          `json:"firmware"`
	Serial   uint32            `json:"serial"`
	Memory   int               `json:"memory"` // bytes that all data objects may take together
	PIN      Secret            `json:"pin"`
	PUK      Secret            `json:"puk"`
	Global   Secret            `json:"globalPIN,omitzero"` // of a plain card whose holder knows this one and not the PIN; zero: there is none
	Admin    AdminKey          `json:"adminKey"`
	Keys     map[Slot]Key      `json:"keys"`
	Objects  map[Object][]byte `json:"objects"` // values, without the tag around them (53; 7E of the discovery object)

	// AttestationRoot is the certificate, DER, that attestations lead to. The
	// real one is Yubico's and not on the card; this one is made with the card.
	AttestationRoot []byte `json:"attestationRoot,omitempty"`
}

const stateFormat = 1

// Secret is a PIN or PUK.
type Secret struct {
	Value []byte `json:"value"` // 8 bytes, padded with FF
	Left  int    `json:"left"`  // tries left; 0: blocked
	Max   int    `json:"max"`   // tries after a success, 1 to 255
}

// AdminKey is the card administration key, 9B.
type AdminKey struct {
	Algorithm byte   `json:"algorithm"` // 03 3DES, 08 AES-128, 0A AES-192, 0C AES-256
	Value     []byte `json:"value"`
	Touch     byte   `json:"touch"` // 01 never, 02 always, 03 cached
}

// Key is a private key with its policies, which stay with it when it moves.
type Key struct {
	Algorithm byte   `json:"algorithm"` // SP 800-78-4 table 6-2, and Yubico's
	PIN       byte   `json:"pin"`       // 01 never, 02 once, 03 always
	Touch     byte   `json:"touch"`     // 01 never, 02 always, 03 cached
	Imported  bool   `json:"imported"`
	Private   []byte `json:"private"` // PKCS #8
	Public    []byte `json:"public"`  // SubjectPublicKeyInfo
}

// Slot is a key reference: 9A, 9C, 9D, 9E, 82 to 95, or F9.
type Slot byte

// Object is the tag of a data object: 7E, 7F61, or 5F0000 to 5FFFFF.
type Object uint32

// Firmware is a YubiKey's version. The zero value is a plain SP 800-73-4 card:
// none of Yubico's instructions, no keys made in retired slots, no policies.
type Firmware struct{ Major, Minor, Patch byte }

func (f Firmware) plain() bool { return f == Firmware{} }

func (f Firmware) atLeast(other Firmware) bool {
	return bytes.Compare([]byte{f.Major, f.Minor, f.Patch}, []byte{other.Major, other.Minor, other.Patch}) >= 0
}

// String returns "5.7.1", or "plain".
func (f Firmware) String() string {
	if f.plain() {
		return "plain"
	}
	return fmt.Sprintf("%d.%d.%d", f.Major, f.Minor, f.Patch)
}

// MarshalText writes what String returns.
func (f Firmware) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (f *Firmware) UnmarshalText(b []byte) error {
	if string(b) == "plain" {
		*f = Firmware{}
		return nil
	}
	var read Firmware
	if _, err := fmt.Sscanf(string(b), "%d.%d.%d", &read.Major, &read.Minor, &read.Patch); err != nil || read.String() != string(b) {
		return fmt.Errorf("firmware %q is not of the form 5.7.1", b)
	}
	*f = read
	return nil
}

// MarshalText writes two hex digits.
func (s Slot) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%02x", byte(s)), nil }

// UnmarshalText reads two hex digits.
func (s *Slot) UnmarshalText(b []byte) error {
	n, err := strconv.ParseUint(string(b), 16, 8)
	if err != nil || !Slot(n).valid() {
		return fmt.Errorf("%q is no key slot", b)
	}
	*s = Slot(n)
	return nil
}

// MarshalText writes the tag in hex.
func (o Object) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%x", uint32(o)), nil }

// UnmarshalText reads the tag in hex.
func (o *Object) UnmarshalText(b []byte) error {
	n, err := strconv.ParseUint(string(b), 16, 24)
	if err != nil || !Object(n).valid() {
		return fmt.Errorf("%q is no data object", b)
	}
	*o = Object(n)
	return nil
}

// ParseState reads a State from JSON, and refuses one that no card can have.
func ParseState(b []byte) (State, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var s State
	if err := d.Decode(&s); err != nil {
		return State{}, fmt.Errorf("read state of card: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return State{}, errors.New("read state of card: something follows it")
	}
	if err := s.check(); err != nil {
		return State{}, err
	}
	return s, nil
}

// clone returns a State whose maps can be changed without changing s.
func (s State) clone() State {
	s.Keys = maps.Clone(s.Keys)
	if s.Keys == nil {
		s.Keys = map[Slot]Key{}
	}
	s.Objects = maps.Clone(s.Objects)
	if s.Objects == nil {
		s.Objects = map[Object][]byte{}
	}
	return s
}

// check tells what about a state no card can have.
func (s State) check() error {
	if s.Format != stateFormat {
		return fmt.Errorf("state of card has format %d, this program knows %d", s.Format, stateFormat)
	}
	if err := s.PIN.check(); err != nil {
		return fmt.Errorf("PIN of card: %w", err)
	}
	if err := s.PUK.check(); err != nil {
		return fmt.Errorf("PUK of card: %w", err)
	}
	if err := s.Global.check(); err != nil && s.hasGlobalPIN() {
		return fmt.Errorf("global PIN of card: %w", err)
	}
	if _, err := s.Admin.cipher(); err != nil {
		return fmt.Errorf("administration key of card: %w", err)
	}
	for slot, key := range s.Keys {
		if err := key.check(); err != nil || !slot.valid() {
			return fmt.Errorf("key in slot %02x of card: %w", byte(slot), errors.Join(err, slot.check()))
		}
	}
	for object := range s.Objects {
		if !object.valid() {
			return fmt.Errorf("card has no data object %x", uint32(object))
		}
	}
	return nil
}

func (s State) hasGlobalPIN() bool { return s.Global.Max > 0 }

func (s Secret) check() error {
	switch {
	case len(s.Value) != pinLength:
		return fmt.Errorf("it has %d bytes, not %d", len(s.Value), pinLength)
	case s.Max < 1 || s.Max > 255 || s.Left < 0 || s.Left > s.Max:
		return fmt.Errorf("%d of %d tries left cannot be", s.Left, s.Max)
	}
	return nil
}

func (k Key) check() error {
	private, err := k.open()
	if err != nil {
		return err
	}
	switch {
	case private.algorithm == 0 || private.algorithm != k.Algorithm:
		return fmt.Errorf("algorithm %02x is not the key's", k.Algorithm)
	case !bytes.Equal(private.spki, k.Public):
		return errors.New("public key is not the private key's")
	case k.PIN < PINNever || k.PIN > PINAlways || k.Touch < TouchNever || k.Touch > TouchCached:
		return fmt.Errorf("policies %02x %02x do not exist", k.PIN, k.Touch)
	}
	return nil
}
