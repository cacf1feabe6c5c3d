package engine

import "time"

// Policy says which certificates belong on a card, and what goes with them.
type Policy struct {
	Name             string
	Templates        []Template
	Setup            Setup
	SearchThirdParty bool // ask which third-party certificates are to be followed
}

// Template returns the template of this name.
func (p Policy) Template(name string) (Template, bool) {
	for _, t := range p.Templates {
		if t.Name == name {
			return t, true
		}
	}
	return Template{}, false
}

// Template is one certificate that belongs on a card.
type Template struct {
	Name      string
	CA        string // name of a configured CA
	Profile   string // what that CA calls the template
	Place     Place
	Key       KeySpec
	Optional  bool
	Subject   NameRecipe
	SAN       []SANRecipe
	Usage     []KeyUsage
	Extended  []string // extended key usages: names of FEATURES or dotted OIDs
	SID       bool     // carry the SID extension where the directory has a SID
	ValidDays int
	Renew     Window
}

// Encrypts reports whether the certificate is for encryption: its old key must
// be kept, and it is proven by agreeing or decrypting, not by signing.
func (t Template) Encrypts() bool {
	for _, u := range t.Usage {
		if u == KeyEncipherment || u == KeyAgreement {
			return true
		}
	}
	return false
}

// Window says how long before its end a certificate is renewed: either Days,
// or, when Days is 0, Percent of its whole life.
type Window struct {
	Days    int
	Percent int
}

// Opens returns the moment from which a certificate of this life is due.
func (w Window) Opens(notBefore, notAfter time.Time) time.Time {
	if w.Days > 0 {
		return notAfter.AddDate(0, 0, -w.Days)
	}
	life := notAfter.Sub(notBefore)
	return notAfter.Add(-life / 100 * time.Duration(w.Percent))
}

// KeyUsage is a bit of the key usage extension (RFC 5280, 4.2.1.3).
type KeyUsage string

// The usages a template may state.
const (
	DigitalSignature  KeyUsage = "digitalSignature"
	ContentCommitment KeyUsage = "contentCommitment"
	KeyEncipherment   KeyUsage = "keyEncipherment"
	KeyAgreement      KeyUsage = "keyAgreement"
)

// Setup says what is done to a card before it is first handed out.
type Setup struct {
	PUK   PUKRule
	Admin AdminRule
}

// PUKRule says what becomes of a factory PUK.
type PUKRule string

// The rules for the PUK.
const (
	PUKSealed PUKRule = "sealed" // a random one, kept sealed for the help desk
	PUKBlock  PUKRule = "block"  // blocked for ever: a blocked PIN means a new card
	PUKLeave  PUKRule = "leave"
)

// AdminRule says what becomes of a factory administration key.
type AdminRule string

// The rules for the administration key.
const (
	AdminProtect AdminRule = "protect" // a random one, kept on the card behind the PIN
	AdminLeave   AdminRule = "leave"
)
