package engine

import (
	"encoding/json"
	"fmt"
	"time"
)

// Policy says which certificates belong on a card, and what goes with them. Its
// JSON is its content, as the ledger keeps it: who gets it is not part of that.
type Policy struct {
	Name             string      `json:"name"`
	Links            []Link      `json:"-"` // who gets it; none: everybody
	Priority         int         `json:"-"` // the higher wins
	Templates        []Template  `json:"templates"`
	Setup            Setup       `json:"setup"`
	SearchThirdParty bool        `json:"searchThirdParty,omitempty"` // ask which third-party certificates are to be followed
	Users            UserOptions `json:"users,omitzero"`
	Publish          bool        `json:"publish,omitempty"`      // certificates go to the directory's userCertificate
	AccessSystem     bool        `json:"accessSystem,omitempty"` // cards are registered with the access system
	Rules            []Rule      `json:"rules,omitempty"`        // who is told of what
	Cancel           bool        `json:"cancel,omitempty"`       // an update that waits for a CA may be cancelled
	Tasks            TaskOptions `json:"tasks,omitzero"`
}

// Link gives a policy to the users below a container, or to the members of a
// group. Exactly one field is set.
type Link struct {
	Container string // DN
	Group     string // DN; members of groups in it count
}

// UserOptions are what a card's own holder may do.
type UserOptions struct {
	Update         bool `json:"update,omitempty"`
	ChooseOptional bool `json:"chooseOptional,omitempty"`
	ChooseTracked  bool `json:"chooseTracked,omitempty"`
	CancelUpdate   bool `json:"cancelUpdate,omitempty"`
}

// TaskOptions say what tasks for agents are bound to, and what agents do by
// themselves.
type TaskOptions struct {
	Station bool `json:"station,omitempty"` // whoever leaves a task names the workstation that does it
	User    bool `json:"user,omitempty"`    // only an agent at the user's own workstation does it
	Resume  bool `json:"resume,omitempty"`  // an agent offers by itself to write what a CA has approved
}

// Rule says who is told of an event.
type Rule struct {
	Event      NoticeEvent `json:"event"`
	To         []string    `json:"to"`                   // ToUser, ToManager, ToGroup and a DN, or addresses
	ResendDays int         `json:"resendDays,omitempty"` // 0: once
	Days       int         `json:"days,omitempty"`       // of certificates without a template's window: told from so many days before their end
}

// What stands for recipients whom only the directory knows.
const (
	ToUser    = "user"    // the card's holder
	ToManager = "manager" // the holder's manager, by the directory
	ToGroup   = "group:"  // followed by a DN: whoever is in that group of the directory
)

// told lists who is told of an event: by a policy without rules, the user, of
// what becomes of their card; by one with rules, those whom its rules for the
// event name.
func (p Policy) told(event NoticeEvent) []string {
	if len(p.Rules) == 0 {
		if event.toUser() {
			return []string{ToUser}
		}
		return []string{}
	}
	to := []string{}
	for _, r := range p.Rules {
		if r.Event == event {
			to = append(to, r.To...)
		}
	}
	return compact(to)
}

// tells lists for each event who is told of it.
func (p Policy) tells(events []NoticeEvent) []Told {
	var all []Told
	for _, e := range events {
		if to := p.told(e); len(to) > 0 {
			all = append(all, Told{e, to})
		}
	}
	return all
}

// Text is the policy as the ledger keeps it, and the hash under which.
func (p Policy) Text() (text []byte, hash string) {
	text, _ = json.Marshal(p) // strings, numbers and recipes only
	return text, Fingerprint(text)
}

// ParsePolicy reads what Text wrote.
func ParsePolicy(text []byte) (Policy, error) {
	var p Policy
	if err := json.Unmarshal(text, &p); err != nil {
		return Policy{}, fmt.Errorf("read policy: %w", err)
	}
	return p, nil
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

// Template is one certificate that belongs on a card: one that a CA issues, or,
// with PFX, one that many cards share.
type Template struct {
	Name      string      `json:"name"`
	CA        string      `json:"ca,omitempty"`      // name of a configured CA
	Profile   string      `json:"profile,omitempty"` // what that CA calls the template
	Place     Place       `json:"place"`
	Others    []Place     `json:"others,omitempty"` // further places, tried in this order when Place is taken
	Key       KeySpec     `json:"key"`
	Optional  bool        `json:"optional,omitempty"`
	Subject   NameRecipe  `json:"subject,omitzero"`
	SAN       []SANRecipe `json:"san,omitempty"`
	Usage     []KeyUsage  `json:"usage,omitempty"`
	Extended  []string    `json:"extended,omitempty"` // extended key usages: names as the configuration has them, or dotted OIDs
	Binding   Binding     `json:"binding,omitempty"`
	Tracked   []string    `json:"tracked,omitempty"` // attributes whose change makes the card due
	ValidDays int         `json:"validDays,omitempty"`
	Renew     Window      `json:"renew,omitzero"`
	Renewal   Renewal     `json:"renewal,omitzero"`
	PFX       *PFX        `json:"pfx,omitempty"` // a common certificate

	HoldWhenDisabled bool `json:"holdWhenDisabled,omitempty"` // on hold at the CA while the card is disabled
	KeepUnassigned   bool `json:"keepUnassigned,omitempty"`   // stays on the card when it is unassigned
}

// Common reports whether the certificate is one that many cards share.
func (t Template) Common() bool { return t.PFX != nil }

// PFX is the certificate of a common certificate. Its key stays in its file
// until a card gets it; see Commons.
type PFX struct {
	Certificate []byte `json:"certificate"` // DER
}

// public returns the certificate's key, SubjectPublicKeyInfo; nil when it cannot
// be read.
func (x PFX) public() []byte {
	c, err := ParseCertificate(x.Certificate)
	if err != nil {
		return nil
	}
	return c.Public
}

// Renewal says how a certificate is renewed, and what becomes of the old one.
type Renewal struct {
	SameKey    bool `json:"sameKey,omitempty"`    // the key goes on being used …
	KeyMaxDays int  `json:"keyMaxDays,omitempty"` // … until it is so old; 0 for ever
	KeepOld    bool `json:"keepOld,omitempty"`    // the old certificate goes to the history with its key; encryption keys always do
	RevokeOld  bool `json:"revokeOld,omitempty"`  // the old certificate is revoked as superseded …
	GraceDays  int  `json:"graceDays,omitempty"`  // … after so many days
	Hold       bool `json:"hold,omitempty"`       // an officer is to look at each renewal, whatever the CA's rule lets pass
}

// Binding says how Active Directory is told for sure whose logon certificate
// it is (KB5014754).
type Binding string

// The bindings. None is for certificates that nobody logs on with.
const (
	BindExtension Binding = "sid-extension"           // the CA puts the SID into an extension of its own
	BindURI       Binding = "sid-uri"                 // a SAN: tag:microsoft.com,2022-09-14:sid:S-1-5-…
	BindAttribute Binding = "alt-security-identities" // issuer and serial number are written to the account
)

// Encrypts reports whether the certificate is for encryption: its old key must
// be kept, and it is proven by agreeing or decrypting, not by signing.
func (t Template) Encrypts() bool {
	if t.Common() {
		return encrypts(t.PFX.Certificate)
	}
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
	Days    int `json:"days,omitempty"`
	Percent int `json:"percent,omitempty"`
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
	PUK   PUKRule   `json:"puk"`
	Admin AdminRule `json:"adminKey"`
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
