package engine

import (
	"context"
	"crypto"
	"time"
)

// The ports: what the domain needs of the world. Their errors are, or wrap, an
// Error whose Kind says what can be done.

// Directory finds users.
type Directory interface {
	// Search begins a search for users whose name, logon name or mail address
	// has a word that starts with text. Nothing is asked before the first Next.
	Search(text string) Hits
	// User reads one user. Kind UserUnknown when there is none.
	User(ctx context.Context, id UserID) (User, error)
}

// Hits are the answer to a search, page by page.
type Hits interface {
	// Next returns the next page, and io.EOF after the last.
	Next(ctx context.Context) ([]User, error)
	// Close gives the search up.
	Close()
}

// Readers are the card readers of this machine.
type Readers interface {
	// List returns the readers as they are now.
	List(ctx context.Context) ([]Reader, error)
	// Wait returns the readers as soon as they differ from known.
	Wait(ctx context.Context, known []Reader) ([]Reader, error)
	// Connect reaches the card in a reader.
	Connect(ctx context.Context, reader string) (Card, error)
}

// Reader is a reader and whether a card lies in it.
type Reader struct {
	Name   string
	Card   bool
	Visit  int  // grows with each card put in: another number is another visit
	Mute   bool // a card is there and does not answer (wrong way round, say)
	Shared bool // another program has the card open
}

// CardReader reads a card, and can do nothing else.
type CardReader interface {
	// Identify tells which card it is: a few commands.
	Identify(ctx context.Context) (Identity, error)
	// Inspect reads everything that needs no PIN.
	Inspect(ctx context.Context) (Contents, error)
	// Counters tells the state of PIN and PUK, and spends no try.
	Counters(ctx context.Context) (pin, puk Counter, err error)
}

// Card is a card in a reader. Each call has the card to itself while it lasts;
// between calls other programs may use it.
type Card interface {
	CardReader
	// CheckPIN verifies the PIN and locks the card again. A wrong PIN is
	// spent: call it only with what a person typed.
	CheckPIN(ctx context.Context, pin PIN) error
	// SignOnce verifies the PIN, signs a digest as CardProof does, and locks the
	// card again: whoever holds a card shows this way that it is theirs. It wants
	// no administration key. A wrong PIN is spent.
	SignOnce(ctx context.Context, pin PIN, at Place, key crypto.PublicKey, digest []byte, hash crypto.Hash) ([]byte, error)
	// Unlock verifies the PIN and the administration key and holds the card
	// until Close. With factory set the card is one whose PIN is still the
	// factory's: that is used when the card says so itself, else pin.
	Unlock(ctx context.Context, pin PIN, factory bool) (UnlockedCard, error)
	// Wipe makes the card as it left the factory: keys and certificates go, whoever
	// put them there, and PIN, PUK and administration key are the factory's. It wants
	// no PIN. Twice, or after it was cut short anywhere, it ends the same. Kind
	// CardRefused, and nothing is changed, on cards that cannot be reset.
	Wipe(ctx context.Context) error
	// Close lets the card go.
	Close() error
}

// UnlockedCard writes. Only Unlock returns one.
type UnlockedCard interface {
	CardReader
	CardKeys
	CardCertificates
	CardProof
	CardSetup
	// Close locks the card: the PIN has to be verified again. It does not
	// close the Card.
	Close() error
}

// CardKeys makes, moves and removes keys.
type CardKeys interface {
	// MakeKey makes a key, over any that is there, and reads its policies back
	// where the card tells them.
	MakeKey(ctx context.Context, at Place, spec KeySpec) (Key, error)
	// ImportKey puts a key that was made elsewhere at a place, over any that is
	// there. Kind CardRefused on cards that take none.
	ImportKey(ctx context.Context, at Place, key KeyMaterial, spec KeySpec) (Key, error)
	// KeyAt tells what key lies at a place; nil when none. One that cannot be
	// described is Unreadable, and no error.
	KeyAt(ctx context.Context, at Place) (*Key, error)
	MoveKey(ctx context.Context, from, to Place) error
	// RemoveKey removes a key; none there is no error.
	RemoveKey(ctx context.Context, at Place) error
}

// CardCertificates reads, writes and removes certificates.
type CardCertificates interface {
	// CertificateAt returns the certificate at a place, DER; nil when none.
	CertificateAt(ctx context.Context, at Place) ([]byte, error)
	// WriteCertificate calls moved, if not nil, as bytes reach the card.
	WriteCertificate(ctx context.Context, at Place, der []byte, moved func(done, total int)) error
	// RemoveCertificate removes a certificate; none there is no error.
	RemoveCertificate(ctx context.Context, at Place) error
}

// CardProof uses keys.
type CardProof interface {
	// Sign signs a digest: ECDSA as ASN.1, or RSA PKCS #1 v1.5.
	Sign(ctx context.Context, at Place, key crypto.PublicKey, digest []byte, hash crypto.Hash) ([]byte, error)
	// Agree does ECDH with a peer's point, or decrypts an RSA block of the
	// key's size, and returns the raw result.
	Agree(ctx context.Context, at Place, key crypto.PublicKey, peer []byte) ([]byte, error)
}

// CardSetup sets a card up for its holder. Each is called only where Abilities
// has SetSecrets.
type CardSetup interface {
	// SetPIN replaces the factory PIN. When the card no longer has it, nothing
	// happens and no try is spent.
	SetPIN(ctx context.Context, pin PIN) error
	// SetPUK replaces the factory PUK.
	SetPUK(ctx context.Context, puk []byte) error
	// BlockPUK spends every try of a factory PUK.
	BlockPUK(ctx context.Context) error
	// ProtectAdminKey replaces a factory administration key by a random one
	// that is kept behind the PIN.
	ProtectAdminKey(ctx context.Context) error
	// WriteFile writes one of the files every card needs.
	WriteFile(ctx context.Context, f CardFile) error
}

// CardFile is a file beside keys and certificates. Exactly one field is set.
type CardFile struct {
	GUID         string // a CHUID with this GUID, 32 hex digits
	Capabilities bool   // an empty card capability container
	Former       *int   // the Key History, for so many former keys
}

// CA issues certificates.
type CA interface {
	// Ready tells whether the CA answers, knows the template, and lets this
	// station ask for so many days of validity, and revoke what it was granted
	// when an update is taken back. It changes nothing.
	Ready(ctx context.Context, profile string, validDays int) error
	// Ask sends a request. The same request id gets the same answer.
	Ask(ctx context.Context, r CARequest) (Answer, error)
	// Lookup asks what became of a request; ok is false when the CA does not
	// know the id.
	Lookup(ctx context.Context, id string) (a Answer, ok bool, err error)
	// Withdraw takes a request back that the CA holds. The answer is what became
	// of it: RequestWithdrawn, or, when the CA was faster, what it had decided. It
	// is RequestPending when the CA lets nobody withdraw. ok is false when the CA
	// does not know the id.
	Withdraw(ctx context.Context, id string) (a Answer, ok bool, err error)
	// DecidesFirst reports whether the CA can decide on what a certificate is to
	// say before there is a key: see CARequest.Approval. Nothing is asked.
	DecidesFirst() bool
	// Revoke revokes a certificate, or puts it on hold; one revoked before is no
	// error.
	Revoke(ctx context.Context, serial string, why RevokeReason) error
	// Release takes a certificate off hold; one that is not on hold is no error.
	// Kind CARefused when it was revoked for good.
	Release(ctx context.Context, serial string) error
	// Revoked returns which of this CA's certificates are revoked or on hold, by
	// its newest list. Kind CAAway also when that list has ended: what is not on
	// it may be revoked. The caller changes nothing in it.
	Revoked(ctx context.Context) ([]Revocation, error)
	// Issuers are the certificates under which this CA issues, DER.
	Issuers(ctx context.Context) ([][]byte, error)
	// Former are certificates, DER, under which this CA's users got theirs
	// before: those on cards that are adopted may be by one of them.
	Former() [][]byte
}

// CARequest is one request. ID is ours, and fixed before the CA is asked.
type CARequest struct {
	ID        string
	Profile   string
	CSR       []byte // PKCS #10, DER
	User      UserRef
	Actor     Actor
	ValidDays int

	Hold    bool           // the station wants an officer to look at it, whatever the CA's rule says
	Renewal *SignedRenewal // nil: an ordinary request

	// Approval asks for a decision on what the certificate is to say, and for no
	// certificate: the key is made later. CSR is for, and signed by, the key of the
	// certificate that is replaced.
	Approval bool
	// Approved is the id of the approval by which this request has been decided.
	Approved string
}

// SignedRenewal is what a request renews, and who vouches for it. The CSR names the
// certificate too: see Renews.
type SignedRenewal struct {
	Certificate []byte        // DER: the one that is renewed
	By          []byte        // DER: the one whose key signs: the same, or for keys that cannot sign the holder's for authentication
	Key         crypto.Signer // lends that key
}

// Answer is what a CA says of a request.
type Answer struct {
	State       RequestState
	Certificate []byte        // DER, when issued
	Words       string        // the CA's own
	RetryAfter  time.Duration // pending: when the CA wants to be asked again; 0 when it does not say
}

// RequestState is where a request is.
type RequestState string

// The states of a request. Approved is: decided, and nothing written yet. A CA
// says it of an approval (see CARequest), the store of every request.
const (
	RequestPending   RequestState = "pending"
	RequestApproved  RequestState = "approved"
	RequestRejected  RequestState = "rejected"
	RequestIssued    RequestState = "issued"
	RequestWithdrawn RequestState = "withdrawn"
)

// RevokeReason is a reason of RFC 5280, 5.3.1.
type RevokeReason string

// The reasons.
const (
	KeyCompromise        RevokeReason = "keyCompromise"
	Superseded           RevokeReason = "superseded"
	CessationOfOperation RevokeReason = "cessationOfOperation"
	Unspecified          RevokeReason = "unspecified"
	CACompromise         RevokeReason = "cACompromise"
	AffiliationChanged   RevokeReason = "affiliationChanged"
	CertificateHold      RevokeReason = "certificateHold"
	PrivilegeWithdrawn   RevokeReason = "privilegeWithdrawn"
	AACompromise         RevokeReason = "aACompromise"
)

// Ledger keeps one record per card.
type Ledger interface {
	// Card returns the record of a card.
	Card(ctx context.Context, id CardID) (r Record, ok bool, err error)
	// CardsOf returns the records of each of these users' cards.
	CardsOf(ctx context.Context, users ...UserID) ([]Record, error)
	// Assign writes a record that is new or whose Version is the stored one,
	// with its audit row. Kind Overtaken when somebody was faster, InWork when
	// a run of the card is open.
	Assign(ctx context.Context, r Record, a AuditRow) error
	// Change writes what becomes of a card beside an update, all of it in one
	// transaction. Kinds as with Assign.
	Change(ctx context.Context, c Change) error
	// CardsNumbered returns the records of the cards with this id, or with this
	// number printed on them, zeros in front or not.
	CardsNumbered(ctx context.Context, number string) ([]Record, error)
	// See notes what was found on a card: Seen, and those of Tracked that are
	// given, which stand over the recorded ones of the same fingerprint. It notes nothing, and that is no error, when version is not
	// the record's any more, a run of the card is open, or a later sighting is
	// noted: then somebody knows more.
	See(ctx context.Context, card CardID, version int64, s Sighting, tracked []Tracked) error
	// Revoked notes what CAs said of managed certificates, by fingerprint; nil
	// means that one is not revoked. It notes nothing when See would not.
	Revoked(ctx context.Context, card CardID, version int64, revoked map[string]*Revocation) error
	// EachDue calls f with every card that has a user, the one whose first
	// certificate ends soonest first, and ends with f's error when there is one.
	// Cards written meanwhile may come twice or not at all.
	EachDue(ctx context.Context, f func(DueFacts) error) error
}

// Journal keeps runs. A note that is not in the journal when a method returns
// nil did not happen.
type Journal interface {
	// Begin takes the card's lease and writes the run, before anything is
	// touched. Kind InWork when another station holds the lease and it has not
	// run out, Unfinished when the card has an open run.
	Begin(ctx context.Context, r Run, lease Lease) (fence int64, err error)
	// Take takes an open run over: a new fence, the run with all its notes.
	Take(ctx context.Context, id RunID, lease Lease) (Run, error)
	// Note adds notes, and ends the run when end is not "". Kind Overtaken when
	// the fence is old.
	Note(ctx context.Context, id RunID, lease Lease, notes []Note, end RunEnd, c *Closing) error
	// Record writes the outcome in one transaction. Written before, it changes
	// nothing and is no error.
	Record(ctx context.Context, id RunID, lease Lease, o Outcome) error
	// Rest writes the outcome of a run that waits for a CA, and lets its card go:
	// the run stays open, and anybody may take it.
	Rest(ctx context.Context, id RunID, lease Lease, o Outcome) error
	// Runs returns the runs of a card, the latest first; their notes are left
	// out unless the run is open.
	Runs(ctx context.Context, card CardID) ([]Run, error)
}

// Lease is a station's hold of a card while it writes.
type Lease struct {
	Station string
	Until   time.Time
	Now     time.Time
	Fence   int64 // as Begin or Take returned it
}

// Outcome is everything the store learns from a run that has reached its
// record.
type Outcome struct {
	Record  Record
	Letters []Letter
	Errands []Errand
	Audit   AuditRow
	Also    []AuditRow // further ones
	Notes   []Note
	End     RunEnd // "" when steps follow

	Requests []Request // those that CAs held, as they are now; Next is when their CA is asked
}

// Closing is what is said when a run ends, or stops, without an outcome.
type Closing struct {
	Audit   AuditRow
	Letters []Letter
}

// Audit keeps who did what.
type Audit interface {
	Write(ctx context.Context, a AuditRow) error
}

// AuditRow is one act.
type AuditRow struct {
	At     time.Time
	Actor  Actor
	Act    string // the privilege, or the verb
	Card   CardID
	User   UserID
	Run    RunID
	Result string // "done", or what kept it from being done
	Detail string
}

// Outbox keeps letters until they are sent.
type Outbox interface {
	// TakeDue returns letters whose time has come, those first that have been due
	// longest, and keeps other couriers off them until the time given.
	TakeDue(ctx context.Context, now, until time.Time, most int) ([]Letter, error)
	Sent(ctx context.Context, id string, at time.Time) error
	// Defer sets a letter's next try; at zero it is given up for good.
	Defer(ctx context.Context, id string, at time.Time, why string) error
	// Expand closes a letter to somebody whom only the directory knows, and puts
	// letters to those whom it names in its place, in one transaction with the
	// audit. Of the same event an address gets one letter, whatever names it. A
	// letter that is not waiting any more is left as it is.
	Expand(ctx context.Context, id string, e Expansion) error
	// NextDue returns when the next letter is due; ok is false when none waits.
	NextDue(ctx context.Context) (at time.Time, ok bool, err error)
	// Count counts the letters that were not sent yet, and those that were given
	// up since the time given.
	Count(ctx context.Context, since time.Time) (waiting, givenUp int, err error)
}

// Post sends one letter. Kind MailAway: no letter can be sent now. MailLater:
// this one cannot. MailRefused: it never can.
type Post interface {
	Send(ctx context.Context, l Letter) error
}

// Letter is a message that waits in the outbox. Its ID is derived from event
// and recipient: the same event makes the same letter.
type Letter struct {
	ID      string
	To      string // one address, or ToManager, or ToGroup and a DN
	Tries   int    // how often it was tried
	Created time.Time
	Notice  Notice
}

// Vault seals a secret so that this machine cannot open it again.
type Vault interface {
	Seal(secret []byte) ([]byte, error)
}
