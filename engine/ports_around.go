package engine

import (
	"context"
	"time"
)

// The ports that go beyond one card: what the directory tells and is told, the
// access system, common certificates, and what the store keeps of all that.

// Memberships tells who is in a group, directly or through other groups.
type Memberships interface {
	// GroupsOf returns which of these groups (DNs) a user is in.
	GroupsOf(ctx context.Context, user User, groups []string) ([]string, error)
}

// Mark is where a directory's story of changes stands. What of it is used, and
// how it is compared, only the directory knows.
type Mark struct {
	Server string    `json:"server,omitempty"` // Active Directory: the invocationId of the one DC whose numbers these are; elsewhere: which changed groups were told
	USN    int64     `json:"usn,omitempty"`    // Active Directory: highestCommittedUSN
	At     time.Time `json:"at,omitzero"`      // elsewhere: the server's own clock
}

// Roll reads many users at once, and what has changed of them.
type Roll interface {
	// Users calls each with every one of these users that there is.
	Users(ctx context.Context, ids []UserID, each func(User) error) error
	// Members calls each with every user in a group, directly or through other
	// groups. A group that is not there has none.
	Members(ctx context.Context, group string, each func(UserID) error) error
	// Mark returns where the directory stands now.
	Mark(ctx context.Context) (Mark, error)
	// Changed calls each with every user changed since a mark (again, if in
	// doubt), and tells whether a group has changed, and where the directory
	// stood when it was asked. Deletions are not told, nor that a container above
	// users was moved. ok is false, and nothing was read, when the mark is another
	// server's: then everything has to be read anew.
	Changed(ctx context.Context, since Mark, each func(User) error) (now Mark, groups, ok bool, err error)
}

// Publisher writes certificates to users' directory entries.
type Publisher interface {
	// Publish makes a user's entry hold what the publication adds, and not what
	// it takes away; all other values stay. Doing it twice is doing it once.
	Publish(ctx context.Context, user UserID, p Publication) error
}

// Publication is what changes in a user's entry.
type Publication struct {
	Add    [][]byte `json:"add,omitempty"`    // userCertificate, DER (RFC 4523, 2.1; ";binary")
	Prune  []string `json:"prune,omitempty"`  // fingerprints of our own certificates that were superseded
	Bind   []string `json:"bind,omitempty"`   // altSecurityIdentities, "X509:<I>…<SR>…" (MS-PKCA, KB5014754)
	Unbind []string `json:"unbind,omitempty"` // those of superseded certificates
}

// AccessSystem registers cards as authenticators outside.
type AccessSystem interface {
	// Tell tells of a card. The same note twice is told under the same key, and
	// does no harm. Kind AccessAway: it can be told later. AccessRefused: the
	// same note would be refused again, unless somebody puts something right.
	Tell(ctx context.Context, n AccessNote) error
}

// AccessNote is what the access system is told.
type AccessNote struct {
	Key          string     `json:"key"` // idempotency: derived from the run
	Event        AccessDeed `json:"event"`
	At           time.Time  `json:"at"`
	Card         Identity   `json:"card"`
	User         UserRef    `json:"user"`
	Certificates []Managed  `json:"certificates,omitempty"` // those on the card, when it is registered
}

// AccessDeed is what becomes of a card in the access system.
type AccessDeed string

// The deeds.
const (
	AccessRegister AccessDeed = "register"
	AccessRemove   AccessDeed = "remove"
)

// Commons opens the keys of common certificates.
type Commons interface {
	// Key returns the private key to a common certificate; the caller wipes it.
	// Kind BadInput when no PFX that is configured has that certificate any
	// more, or it does not open.
	Key(ctx context.Context, fingerprint string) (KeyMaterial, error)
}

// PolicyTexts keeps what policies said, once per hash.
type PolicyTexts interface {
	// KeepPolicy keeps a text. A hash that is known changes nothing.
	KeepPolicy(ctx context.Context, hash string, text []byte) error
	// PolicyText returns a text; ok is false when the hash is not known.
	PolicyText(ctx context.Context, hash string) (text []byte, ok bool, err error)
}

// Errand is something to be done elsewhere because of an update, after the card
// is written: it waits, durably, until it is done. Exactly one of the last
// fields is set.
type Errand struct {
	ID      string // derived from run and deed: the same update makes the same errand
	Card    CardID
	User    UserID
	Run     RunID
	Created time.Time
	Due     time.Time
	Tries   int

	Publication *Publication
	Access      *AccessNote
	Revoke      *RevokeErrand
}

// RevokeErrand revokes a certificate, puts it on hold, or takes it off hold.
type RevokeErrand struct {
	CA      string       `json:"ca"`
	Serial  string       `json:"serial"` // hex
	Reason  RevokeReason `json:"reason"`
	Release bool         `json:"release,omitempty"` // off hold: Reason is empty
}

// Errands keeps errands until they are done. Those of one card and one kind, and of
// revocations those of one certificate, whose time has come are handed out in the
// order they were created, one at a time.
type Errands interface {
	// TakeErrand returns an errand whose time has come, and keeps other workers
	// off it until the time given; ok is false when there is none.
	TakeErrand(ctx context.Context, now, until time.Time) (e Errand, ok bool, err error)
	ErrandDone(ctx context.Context, id string, at time.Time) error
	// DeferErrand sets an errand's next try; at zero it is given up for good.
	DeferErrand(ctx context.Context, id string, at time.Time, why string) error
	// NextErrand returns when the next errand is due; ok is false when none
	// waits.
	NextErrand(ctx context.Context) (at time.Time, ok bool, err error)
	// CountErrands counts the errands that were tried in vain and wait for another
	// try, and those that were given up since the time given.
	CountErrands(ctx context.Context, since time.Time) (late, givenUp int, err error)
}

// Person is what the snapshot of the directory keeps of a user with a card.
type Person struct {
	User User
	Seen time.Time // when the directory told it
	Gone bool      // the directory had them no more
}

// DueFacts are what tells whether a card is due, without the card and without
// the directory. Of Record there are Card, User, State, Policy, Under, Written,
// Access and Seen; of each of Managed Template, Place, CA, Serial, NotBefore,
// NotAfter, Fingerprint, Common, Attributes and Revoked; of each of Tracked and
// Seen.Outside Place, Subject, NotAfter, Fingerprint, Ignored and Gone. Of
// Person there is all but Seen.
type DueFacts struct {
	Record Record
	Person Person
	Known  bool // the snapshot has the person
}

// SnapshotState says how fresh the snapshot is, and from where it goes on.
type SnapshotState struct {
	Mark    Mark      // zero before the first full pass
	Groups  string    // hash of the group names it has memberships of
	Full    time.Time // last full pass
	Refresh time.Time // last refresh of any kind
}

// People keeps a snapshot of the directory: the users who have a card.
type People interface {
	// Persons returns what is kept of these users.
	Persons(ctx context.Context, ids ...UserID) ([]Person, error)
	// KeepPersons writes persons, over what was kept of them.
	KeepPersons(ctx context.Context, persons ...Person) error
	// EachHolder calls each with every user who has a card, in order of id, from
	// after the id given.
	EachHolder(ctx context.Context, after UserID, each func(UserID) error) error
	// Snapshot returns how fresh the snapshot is.
	Snapshot(ctx context.Context) (SnapshotState, error)
	// KeepSnapshot writes it.
	KeepSnapshot(ctx context.Context, s SnapshotState) error
}
