package engine

import "time"

// Plan is an update as data: what will be done, in order, and what a person
// must know before it is. Its text is the confirm screen and the golden test;
// its JSON is the first thing in the journal.
type Plan struct {
	Format int      `json:"format"` // of the steps; see PlanFormat
	Card   Identity `json:"card"`
	User   UserRef  `json:"user"`
	Policy string   `json:"policy"`
	Under  string   `json:"under,omitempty"`  // the hash of its text
	Was    string   `json:"was,omitempty"`    // the policy that the card was written under, when it is another
	From   State    `json:"from,omitempty"`   // the card's state before the update
	First  bool     `json:"first,omitempty"`  // the card has never been written
	NewPIN bool     `json:"newPIN,omitempty"` // the holder gives the card its PIN

	Steps   []Step   `json:"steps"`
	Decided int      `json:"decided"` // index of the first step that cannot be taken back; only requests for keys made in place come after it
	Expects []Expect `json:"expects"` // what the plan found where it will write

	Goes   []Loss      `json:"goes,omitempty"`
	Comes  []Gain      `json:"comes,omitempty"`
	Stays  []Stay      `json:"stays,omitempty"`
	Tracks []Tracked   `json:"tracks,omitempty"` // third-party certificates, as the record will have them
	Setup  []SetupLine `json:"setup,omitempty"`  // what is set before the card is handed out

	Tracking bool `json:"tracking,omitempty"` // Tracks differs from what the record has

	Renames   map[string]string `json:"renames,omitempty"`   // templates that have another name in the policy now
	Retires   []string          `json:"retires,omitempty"`   // templates whose certificate stays as a former one
	Missing   []Missing         `json:"missing,omitempty"`   // recorded certificates that are not at their place
	Outgoing  []Outgoing        `json:"outgoing,omitempty"`  // certificates that are replaced or removed
	Publish   bool              `json:"publish,omitempty"`   // what is written goes to the directory …
	Published [][]byte          `json:"published,omitempty"` // … with these, which stay (DER)
	Bound     []string          `json:"bound,omitempty"`     // altSecurityIdentities values of certificates that stay
	Outside   []Tracked         `json:"outside,omitempty"`   // certificates from elsewhere that nobody has decided about
	Access    AccessDeed        `json:"access,omitempty"`    // what the access system is told
	Tell      []string          `json:"tell,omitempty"`      // of formats before 3: who is written to when it is done
	Told      []Told            `json:"told,omitempty"`      // who is told of what, by the policy
	Switches  bool              `json:"switches,omitempty"`  // that is because the policy switched it
	Event     CardEvent         `json:"event,omitempty"`     // CardUnassigned: everything goes, and the card is nobody's then; "" for an update

	PINEntries int `json:"pinEntries"`
	Touches    int `json:"touches"`

	Obstacles []Obstacle `json:"-"` // why it cannot be carried out; empty in every journal

	mode Mode   // for whom it was planned: what users may choose is less than what operators may
	text []byte // the policy's, to be kept under its hash before the run begins
}

// Outgoing is a certificate that leaves its place: what is done about it
// elsewhere, once the card is written.
type Outgoing struct {
	Template    string `json:"template"` // whose step takes it away
	Fingerprint string `json:"fingerprint"`
	CA          string `json:"ca,omitempty"`
	Serial      string `json:"serial,omitempty"`
	Binding     string `json:"binding,omitempty"`   // its altSecurityIdentities value
	Published   bool   `json:"published,omitempty"` // the directory may show it
	Revoke      bool   `json:"revoke,omitempty"`
	GraceDays   int    `json:"graceDays,omitempty"`

	Reason RevokeReason `json:"reason,omitempty"` // why it is revoked; "" for Superseded
}

// Missing is a recorded certificate that the plan did not find at its place. It
// is forgotten, unless the object there cannot be read: nobody knows what that is.
type Missing struct {
	Place       Place  `json:"place"`
	Fingerprint string `json:"fingerprint"`
	Unreadable  bool   `json:"unreadable,omitempty"`
}

// PlanFormat counts the changes of meaning of a journalled plan. A kiosk
// resumes every format up to its own.
const PlanFormat = 3

// Changes reports whether carrying the plan out would change anything on the
// card or in its record.
func (p Plan) Changes() bool {
	return p.Event != "" || p.Tracking || p.Switches || p.Was != "" || len(p.Goes)+len(p.Comes)+len(p.Setup)+len(p.Retires) > 0
}

// Signed reports whether a certificate on the card vouches for one of the plan's
// requests.
func (p Plan) Signed() bool {
	for _, s := range p.Steps {
		if s.Ask != nil && s.Ask.Renews != nil {
			return true
		}
	}
	return false
}

// Verb is the deed of a step. The words stand in journals: never rename one.
type Verb string

// The verbs. Each says why it may happen twice: "it happened, the note was
// lost" is the normal crash.
const (
	// ProveCard signs with a key the record names. Changes nothing.
	ProveCard Verb = "prove card"
	// MakeKey makes a key in an empty place, or, in place, over the old one.
	// Twice: nothing was issued to the first.
	MakeKey Verb = "make key"
	// ImportKey writes the key of a common certificate. Twice: the same key.
	ImportKey Verb = "import key"
	// AskCA sends the request. Twice: the request's id is fixed by run and
	// step, and the CA gives the same answer to the same id.
	AskCA Verb = "ask CA"
	// AskApproval has the CA decide before the key is made. Twice: as AskCA.
	AskApproval Verb = "ask approval"
	// SetPIN replaces the factory PIN. Twice: the card tells whether it still
	// has the factory's.
	SetPIN Verb = "set PIN"
	// SetPUK replaces the factory PUK by a random one that is sealed into the
	// note before. Twice: as SetPIN; a PUK not yet set is drawn anew.
	SetPUK Verb = "set PUK"
	// BlockPUK spends the tries of a factory PUK. Twice: the card tells.
	BlockPUK Verb = "block PUK"
	// SetAdminKey puts a random key behind the PIN, then makes it the card's.
	// Twice: whichever of the two keys the card takes tells how far it came.
	SetAdminKey Verb = "set administration key"
	// WriteCHUID gives the card a GUID. Twice: the same GUID, from run and step.
	WriteCHUID Verb = "write CHUID"
	// WriteCapabilities writes the card capability container. Twice: same bytes.
	WriteCapabilities Verb = "write card capabilities"
	// MoveKey moves a key. Twice: never blindly; the two places tell.
	MoveKey Verb = "move key"
	// WriteCertificate writes a certificate. Twice: same bytes, same end.
	WriteCertificate Verb = "write certificate"
	// Check reads back and proves. Changes nothing.
	Check Verb = "check"
	// WriteHistory tells how many former encryption keys the card holds.
	// Twice: same bytes.
	WriteHistory Verb = "write key history"
	// RemoveCertificate and RemoveKey. Twice: same end.
	RemoveCertificate Verb = "remove certificate"
	RemoveKey         Verb = "remove key"
	// WriteRecord writes facts, letters and audit in one transaction. Twice:
	// its key is run and step.
	WriteRecord Verb = "record"
	// GiveBack revokes what a request brought, when a run is taken back.
	// Twice: revoking what is revoked changes nothing.
	GiveBack Verb = "give back certificate"
)

// Step is one deed.
type Step struct {
	Verb        Verb    `json:"verb"`
	Place       Place   `json:"place,omitempty"` // where; for MoveKey: to where
	From        Place   `json:"from,omitempty"`  // for MoveKey
	Template    string  `json:"template,omitempty"`
	Key         KeySpec `json:"key,omitzero"`          // MakeKey
	Ask         *Ask    `json:"ask,omitempty"`         // AskCA, AskApproval
	Public      []byte  `json:"public,omitempty"`      // ProveCard, MoveKey, RemoveKey, AskApproval, AskCA for a key that is there: the key that is meant
	Certificate []byte  `json:"certificate,omitempty"` // WriteCertificate, Check: a former one; ImportKey: the key's
	Old         []byte  `json:"old,omitempty"`         // WriteCertificate: what is put back when the card is full
	Encrypts    bool    `json:"encrypts,omitempty"`    // Check: prove by agreeing, not by signing
	Count       int     `json:"count,omitempty"`       // WriteHistory: former keys on the card
	Touch       bool    `json:"touch,omitempty"`       // the card will wait for a finger
	Request     string  `json:"-"`                     // GiveBack: its id; these steps follow from the notes
	IfRefused   bool    `json:"ifRefused,omitempty"`   // only when the CA refused the template
}

// Count says which of the steps that are to happen one is, and of how many: those
// that only a refusal brings are not counted.
func Count(steps []Step, i int) (n, of int) {
	for k, s := range steps {
		if s.IfRefused {
			continue
		}
		if of++; k <= i {
			n++
		}
	}
	return n, of
}

// touches counts how often the card will wait for a finger.
func (s Step) touches() int {
	n := 0
	if s.Touch {
		n++
	}
	if s.Ask != nil && s.Ask.Renews != nil && s.Ask.Renews.Touch {
		n++
	}
	return n
}

// Ask is what a CA is asked for.
type Ask struct {
	CA       string     `json:"ca"`
	Profile  string     `json:"profile"`
	Subject  []RDN      `json:"subject"`
	SAN      []SAN      `json:"san,omitempty"`
	Usage    []KeyUsage `json:"usage,omitempty"`
	Extended []string   `json:"extended,omitempty"`
	SID      string     `json:"sid,omitempty"`
	Bind     bool       `json:"bind,omitempty"` // the account is to name the certificate

	Attributes map[string]string `json:"attributes,omitempty"` // tracked ones, as they are now
	ValidDays  int               `json:"validDays"`

	Renews *Renewing `json:"renews,omitempty"` // nil: an ordinary request
	Hold   bool      `json:"hold,omitempty"`   // an officer is to look at it
}

// Renewing is the certificate that a request renews, and the key on the card that
// vouches for that.
type Renewing struct {
	Certificate []byte `json:"certificate"` // DER
	By          []byte `json:"by"`          // the signing key's certificate, DER: the same one, or that for authentication
	Place       Place  `json:"place"`       // of the signing key
	Touch       bool   `json:"touch,omitempty"`
}

// Expect is what the plan found at a place it will write to. If the card has
// something else there when the run begins, the plan is outdated.
type Expect struct {
	Place       Place  `json:"place"`
	Certificate string `json:"certificate,omitempty"` // fingerprint, "" when there was none
	Unreadable  bool   `json:"unreadable,omitempty"`
	Public      []byte `json:"public,omitempty"` // the key, where the card tells
}

// LossWhy says why something goes away.
type LossWhy string

// The causes of loss.
const (
	LostCleared  LossWhy = "cleared"   // a person cleared its tick
	LostPolicy   LossWhy = "policy"    // the policy does not have it any more
	LostInPlace  LossWhy = "in place"  // the card cannot keep the old key until the new one is in place
	LostExchange LossWhy = "exchanged" // nor then, but the CA has decided before
	LostStrayKey LossWhy = "stray key" // a key without a certificate lies where ours must go
)

// Loss is one line under "Goes away".
type Loss struct {
	Place   Place   `json:"place"`
	Title   string  `json:"title"` // template, or subject
	Why     LossWhy `json:"why"`
	KeyToo  bool    `json:"keyToo"`            // the key goes as well
	History bool    `json:"history,omitempty"` // old mail can no longer be opened
}

// How says how a new certificate comes about.
type How string

// The ways a new certificate comes about.
const (
	Fresh        How = "fresh"         // into an empty place
	Staged       How = "staged"        // made aside; the old one works until the new one is in place
	SameKey      How = "same key"      // the old key gets a new certificate
	InPlace      How = "in place"      // the old one is lost at once
	DecidedFirst How = "decided first" // the CA decides; then the old one is lost, and replaced in the same visit
)

// Gain is one line under "Comes".
type Gain struct {
	Place    Place     `json:"place"`
	Template string    `json:"template"`
	CA       string    `json:"ca"`
	How      How       `json:"how"`
	Replaces time.Time `json:"replaces,omitzero"` // end of the certificate it renews
	Expired  bool      `json:"expired,omitempty"` // the one it renews has expired already
	Revoked  bool      `json:"revoked,omitempty"` // the one it replaces was revoked
	Common   bool      `json:"common,omitempty"`  // comes from a PFX
}

// StayGroup is what kind of thing stays.
type StayGroup string

// The groups in which a card's contents are shown.
const (
	GroupManaged    StayGroup = "managed"
	GroupCommon     StayGroup = "common"
	GroupTracked    StayGroup = "tracked"
	GroupThirdParty StayGroup = "third-party"
)

// Stay is one line under "Stays".
type Stay struct {
	Place Place     `json:"place"`
	Title string    `json:"title"`
	Group StayGroup `json:"group"`
}

// SetupLine is one thing that is set before the card is handed out.
type SetupLine string

// The lines, one for each verb of setting up.
const (
	SetupPIN      SetupLine = "PIN"
	SetupPUK      SetupLine = "PUK sealed"
	SetupNoPUK    SetupLine = "PUK blocked"
	SetupAdminKey SetupLine = "administration key"
	SetupIdentity SetupLine = "identity"
)

// Obstacle says why a plan cannot be carried out.
type Obstacle interface{ obstacle() }

// The obstacles.
type (
	// PlaceTaken says that something which is not ours lies where the template wants to be.
	PlaceTaken struct {
		Template string
		Place    Place
		By       string // subject, or why it cannot be read
	}
	// NoFreePlace says that none of the template's places is free.
	NoFreePlace struct{ Template string }
	// CannotImport says that the card takes no keys from elsewhere.
	CannotImport struct{ Template string }
	// TooLarge says that the card has no room for a certificate of so many bytes.
	TooLarge struct {
		Template    string
		Size, Limit int
	}
	// RevokedForGood says that a certificate was revoked for a reason that forbids another.
	RevokedForGood struct {
		Template string
		Why      RevokeReason
	}
	// NeedsOperator says that only an operator may replace a revoked certificate.
	NeedsOperator struct {
		Template string
		Why      RevokeReason
	}
	// NoSpare says that no empty place is left to make the new key aside.
	NoSpare struct{ Template string }
	// KeyTypeUnknown says that the card does not know the algorithm.
	KeyTypeUnknown struct {
		Template string
		Key      KeyType
	}
	// PolicyFixed says that on this card the place decides when the PIN is wanted, and
	// touch cannot be asked for; the template wants otherwise.
	PolicyFixed struct {
		Template string
		Place    Place
		PIN      PINPolicy // the place's; "" when it takes no keys at all
	}
	// AttributeLacking says that the directory has no usable value for a recipe.
	AttributeLacking struct {
		Template, Attribute string
		Err                 error // ErrMissing, a Misfit, or that it has control characters
	}
	// EncryptionInPlace says that the card cannot keep the old encryption key, and mail
	// encrypted to it would be lost.
	EncryptionInPlace struct{ Template string }
	// Unprovable says that the card's key cannot sign its own request.
	Unprovable struct{ Template string }
	// AdminKeyUnknown says that the card's administration key is neither the factory's
	// nor behind the PIN.
	AdminKeyUnknown struct{}
	// AdminKeyUntold says that the card's administration key is its issuer's, and that
	// nobody told it to us.
	AdminKeyUntold struct{}
	// NoTriesLeft says that the PIN is blocked.
	NoTriesLeft struct{}
	// UserDisabled says that the account is disabled in the directory.
	UserDisabled struct{}
	// StateForbids says that a card in this state is not updated.
	StateForbids struct{ State State }
)

func (PlaceTaken) obstacle()        {}
func (NoSpare) obstacle()           {}
func (NoFreePlace) obstacle()       {}
func (CannotImport) obstacle()      {}
func (TooLarge) obstacle()          {}
func (RevokedForGood) obstacle()    {}
func (NeedsOperator) obstacle()     {}
func (KeyTypeUnknown) obstacle()    {}
func (PolicyFixed) obstacle()       {}
func (AttributeLacking) obstacle()  {}
func (EncryptionInPlace) obstacle() {}
func (Unprovable) obstacle()        {}
func (AdminKeyUnknown) obstacle()   {}
func (AdminKeyUntold) obstacle()    {}
func (NoTriesLeft) obstacle()       {}
func (UserDisabled) obstacle()      {}
func (StateForbids) obstacle()      {}

// Verbs returns every verb, for tables that must not lack one.
func Verbs() []Verb {
	return []Verb{
		ProveCard, MakeKey, ImportKey, AskCA, AskApproval, SetPIN, SetPUK, BlockPUK, SetAdminKey, WriteCHUID, WriteCapabilities, MoveKey,
		WriteCertificate, Check, WriteHistory, RemoveCertificate, RemoveKey, WriteRecord, GiveBack,
	}
}
