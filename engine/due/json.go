package due

import (
	"time"

	"cardkiosk/engine"
)

// jsonCard is one line of the JSON: a card that is due. Times are RFC 3339; what
// is not known is left out.
type jsonCard struct {
	Card    engine.Identity `json:"card"`
	User    jsonUser        `json:"user"`
	State   engine.State    `json:"state"`
	Policy  string          `json:"policy,omitempty"` // the user's, now
	Reasons []jsonReason    `json:"reasons"`
	Since   time.Time       `json:"since,omitzero"` // later than now for a card that will be due only then
	Next    time.Time       `json:"nextExpiry,omitzero"`
	Written time.Time       `json:"written,omitzero"`
	Seen    time.Time       `json:"contentsSeen,omitzero"`
	Trouble string          `json:"trouble,omitempty"` // why nobody can say whether it is due
}

type jsonUser struct {
	engine.UserRef

	Disabled bool `json:"disabled,omitempty"`
	Gone     bool `json:"gone,omitempty"`    // the directory has the user no more
	Unknown  bool `json:"unknown,omitempty"` // the snapshot does not have the user: this is as recorded with the card
}

// jsonReason is a reason. Which fields there are depends on its type.
type jsonReason struct {
	Type  string `json:"type"`  // as in Names
	Words string `json:"words"` // the sentence a person reads

	Template    string       `json:"template,omitempty"`
	Place       engine.Place `json:"place,omitempty"`
	NotAfter    time.Time    `json:"notAfter,omitzero"` // expires
	Expired     bool         `json:"expired,omitempty"`
	CardPolicy  string       `json:"cardPolicy,omitempty"` // other-policy
	UserPolicy  string       `json:"userPolicy,omitempty"`
	Subject     string       `json:"subject,omitempty"` // written-outside
	Fingerprint string       `json:"fingerprint,omitempty"`
	First       bool         `json:"first,omitempty"` // template-missing, common-missing: the card was never written
	Added       bool         `json:"added,omitempty"` // the policy did not have it when the card was written
	Attribute   string       `json:"attribute,omitempty"`
	Was         *string      `json:"was,omitempty"`
	Is          *string      `json:"is,omitempty"`
	On          *bool        `json:"on,omitempty"` // access-switched

	Approved   int                `json:"approved,omitempty"` // update-approved: certificates to be written
	Refused    int                `json:"refused,omitempty"`  // certificates that the CA refused
	Revocation *engine.Revocation `json:"revocation,omitempty"`
}

func fields(r engine.Reason) jsonReason {
	switch r := r.(type) {
	case engine.Expires:
		return jsonReason{Template: r.Template, Place: r.Place, NotAfter: r.NotAfter.UTC(), Expired: r.Life == engine.Expired}
	case engine.OtherPolicy:
		return jsonReason{CardPolicy: r.Card, UserPolicy: r.User}
	case engine.WrittenOutside:
		return jsonReason{Place: r.Place, Subject: r.Subject, Fingerprint: r.Fingerprint}
	case engine.TemplateMissing:
		return jsonReason{Template: r.Template, First: r.First, Added: r.Added}
	case engine.TemplateRemoved:
		return jsonReason{Template: r.Template, Place: r.Place}
	case engine.AttributeChanged:
		return jsonReason{Template: r.Template, Attribute: r.Attribute, Was: &r.Was, Is: &r.Is}
	case engine.CommonReplaced:
		return jsonReason{Template: r.Template, Place: r.Place}
	case engine.AccessSwitched:
		return jsonReason{On: &r.On}
	case engine.UpdateDecided:
		return jsonReason{Approved: r.Approved, Refused: r.Refused}
	case engine.Revoked:
		return jsonReason{Template: r.Template, Place: r.Place, Revocation: &r.Revocation}
	case engine.OptionalAvailable:
		return jsonReason{Template: r.Template}
	}
	return jsonReason{}
}
