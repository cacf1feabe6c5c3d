package engine

import "time"

// CardID names a card for ever: its vendor's serial number, or, for cards that
// tell none, the GUID of their CHUID. It never changes, also when a GUID is
// renewed.
type CardID string

// Identity is how a card is told from others.
type Identity struct {
	ID     CardID `json:"id"`
	Serial string `json:"serial,omitempty"` // as printed on the card, "" when it tells none
	GUID   string `json:"guid,omitempty"`   // 32 hex digits from the CHUID, "" without one
	Model  string `json:"model,omitempty"`  // "YubiKey 5.7.1"
}

// Label is the name people know the card by.
func (i Identity) Label() string {
	if i.Serial != "" {
		return i.Serial
	}
	return string(i.ID)
}

// Place is where a key or certificate lies on a card. It is opaque here: a PIV
// slot, a PKCS#11 object. The card's Abilities say which places do what.
type Place string

// KeyType is an algorithm with its size.
type KeyType string

// The key types that templates may ask for.
const (
	RSA2048 KeyType = "rsa2048"
	P256    KeyType = "p256"
	P384    KeyType = "p384"
)

// PINPolicy says how often a key wants the PIN. It belongs to the key, is
// stated when it is made, and follows it when it moves.
type PINPolicy string

// TouchPolicy says whether a key wants a finger; for the rest it is as
// PINPolicy.
type TouchPolicy string

// The policies, in the words of the cards that have them.
const (
	PINNever  PINPolicy = "never"
	PINOnce   PINPolicy = "once"
	PINAlways PINPolicy = "always"

	TouchNever  TouchPolicy = "never"
	TouchAlways TouchPolicy = "always"
	TouchCached TouchPolicy = "cached" // one touch lasts about 15 s
)

// KeySpec says which key is wanted.
type KeySpec struct {
	Type  KeyType     `json:"type"`
	PIN   PINPolicy   `json:"pin"`
	Touch TouchPolicy `json:"touch"`
}

// Key is a key on the card, as far as the card tells.
type Key struct {
	KeySpec
	Public   []byte `json:"public"` // SubjectPublicKeyInfo, DER
	Imported bool   `json:"imported,omitempty"`

	// Unreadable says why what the card tells of the key makes no sense. All
	// else is empty then, and the key is left alone.
	Unreadable string `json:"unreadable,omitempty"`
}

// Item is what one place of the card holds: a key, a certificate or both.
type Item struct {
	Place       Place
	Certificate []byte // DER; nil when there is none
	Unreadable  string // why the certificate could not be read; "" when it could
	Key         *Key   // nil: none, or the card does not tell (Abilities.ShowKeys)
}

// Counter is the state of a PIN or PUK.
type Counter struct {
	Left    int  // tries left; -1 when the card does not tell
	Max     int  // tries after a reset of the counter; 0 when the card does not tell
	Factory bool // the card says it still has the value it left the factory with
}

// AdminKey is the state of the key that guards writing.
type AdminKey struct {
	Algorithm string // "3DES", "AES-192" …
	Factory   bool   // still the factory's
	Protected bool   // kept on the card behind the PIN
	Untold    bool   // the issuer's own, and nobody told it to us
}

// Abilities are what a card can do beyond the least.
type Abilities struct {
	KeyTypes       []KeyType
	ShowKeys       bool                // tells which keys it holds, and their policies
	MoveKeys       bool                // moves a key to an empty place
	DeleteKeys     bool                // deletes a key
	ImportKeys     bool                // takes a key that was made elsewhere
	Resets         bool                // can be made as it left the factory
	SetSecrets     bool                // tells whether PIN, PUK and administration key are the factory's, and lets us change them
	ProvesAnyKey   bool                // an elliptic-curve key signs in every place, also where it is meant to agree keys only
	Spare          []Place             // places to make a key aside, first choice first
	History        []Place             // places for former encryption keys, in the order they fill
	MaxCertificate int                 // bytes a certificate object holds
	Policies       map[Place]PINPolicy // where the place, not the key, decides about the PIN; nil when keys carry their own
}

// Contents is what is on a card, read without its PIN.
type Contents struct {
	Identity     Identity
	Items        []Item // in the card's own order
	PIN, PUK     Counter
	Admin        AdminKey
	CHUID        bool   // has a CHUID
	FASCN        string // the number in it, hex, by which certificates may name the card; "" without, or when other cards have it too
	Capabilities bool   // has a card capability container
	Abilities    Abilities
}

// At returns what lies at a place.
func (c Contents) At(p Place) (Item, bool) {
	for _, it := range c.Items {
		if it.Place == p {
			return it, true
		}
	}
	return Item{Place: p}, false
}

// Blank reports whether the card holds no key and no certificate.
func (c Contents) Blank() bool { return len(c.Items) == 0 }

// State is where a card is in its life.
type State string

// The states.
const (
	StateClean    State = "clean"
	StateAssigned State = "assigned"
	StatePending  State = "pending"
	StateIssued   State = "issued"
	StateDisabled State = "disabled"
	StateRevoked  State = "revoked"
)

// Managed is a certificate that an update wrote: one made from a template, or a
// common one.
type Managed struct {
	Template    string    `json:"template"`
	Place       Place     `json:"place"`
	CA          string    `json:"ca"`
	Request     string    `json:"request"` // our id of the request that brought it
	Subject     string    `json:"subject"`
	Issuer      string    `json:"issuer"`
	Serial      string    `json:"serial"` // hex
	NotBefore   time.Time `json:"notBefore"`
	NotAfter    time.Time `json:"notAfter"`
	Fingerprint string    `json:"fingerprint"`
	Public      []byte    `json:"public"` // SubjectPublicKeyInfo, to prove the card

	Common     bool              `json:"common,omitempty"`     // shared by many cards: no CA, no request
	KeyMade    time.Time         `json:"keyMade,omitzero"`     // when its key was made, where it is known
	Attributes map[string]string `json:"attributes,omitempty"` // the tracked attributes, as they were when it was asked for
	Revoked    *Revocation       `json:"revoked,omitempty"`    // what its CA said when it was asked last
	Held       bool              `json:"held,omitempty"`       // we had it put on hold, because the card is disabled
}

// Revocation is a CA's word that a certificate is not to be relied on.
type Revocation struct {
	Serial string       `json:"serial,omitempty"` // hex, as Certificate.Serial
	At     time.Time    `json:"at"`
	Reason RevokeReason `json:"reason"`
}

// Tracked is a third-party certificate that is followed, or, when Ignored, one
// that a person chose not to follow.
type Tracked struct {
	Place       Place     `json:"place"`
	Subject     string    `json:"subject"`
	Issuer      string    `json:"issuer"`
	Serial      string    `json:"serial"`
	NotBefore   time.Time `json:"notBefore"`
	NotAfter    time.Time `json:"notAfter"`
	Fingerprint string    `json:"fingerprint"`
	Ignored     bool      `json:"ignored,omitempty"`
	Gone        time.Time `json:"gone,omitzero"` // when it was found not to be on the card any more
}

// Sighting is what was found on a card when it was read last, as far as the
// record does not say it.
type Sighting struct {
	At      time.Time `json:"at"`
	Outside []Tracked `json:"outside,omitempty"` // certificates that nobody has decided about
	Missing []string  `json:"missing,omitempty"` // fingerprints of recorded certificates that were not there
}

// Record is what the store knows of a card: one compact row, rewritten when
// the card is.
type Record struct {
	Card    Identity         `json:"card"`
	User    UserRef          `json:"user"`
	State   State            `json:"state"`
	Policy  string           `json:"policy,omitempty"` // under which it was last written …
	Under   string           `json:"under,omitempty"`  // … and the hash of that policy's text
	Managed []Managed        `json:"managed,omitempty"`
	Former  []Managed        `json:"former,omitempty"` // encryption certificates kept with their keys, so that old mail opens
	Tracked []Tracked        `json:"tracked,omitempty"`
	PUK     []byte           `json:"puk,omitempty"`    // sealed for the help desk; see Vault
	Written time.Time        `json:"written"`          // last update; zero before the first
	Access  bool             `json:"access,omitempty"` // registered with the access system
	Seen    Sighting         `json:"seen,omitzero"`
	Why     CardRevokeReason `json:"why,omitempty"` // why the card is revoked
	Version int64            `json:"-"`             // counts the writes of this row
}
