package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// NoticeEvent is what a letter tells. The words stand in policies and in the
// outbox: never rename one.
type NoticeEvent string

// The events. TaskCompleted is for the agent.
const (
	UpdateDone      NoticeEvent = "update done"
	UpdatePending   NoticeEvent = "update pending"
	UpdateApproved  NoticeEvent = "update approved"
	UpdateRejected  NoticeEvent = "update rejected"
	UpdateCancelled NoticeEvent = "update cancelled"
	UpdateFailed    NoticeEvent = "update failed"
	TaskCompleted   NoticeEvent = "task completed"

	ContentExpiring NoticeEvent = "card content expiring"
	TrackedExpiring NoticeEvent = "tracked certificate expiring"
	CommonExpiring  NoticeEvent = "common certificate expiring" // for administrators, never of an expired one
	PolicyChanged   NoticeEvent = "policy changed"
	AttributesNew   NoticeEvent = "user attributes changed"

	ApprovalOverdue NoticeEvent = "approval overdue" // a held request that nobody decides, before the old certificate ends
	ApprovalLapsed  NoticeEvent = "approval lapsed"  // an approved certificate that nobody collected was given up

	NoticeUnassigned NoticeEvent = "card unassigned"
	NoticeDisabled   NoticeEvent = "card disabled"
	NoticeEnabled    NoticeEvent = "card enabled"
	NoticeRevoked    NoticeEvent = "card revoked"
	NoticeCleaned    NoticeEvent = "card cleaned"
)

// NoticeEvents returns every event, for tables that must not lack one.
func NoticeEvents() []NoticeEvent {
	return []NoticeEvent{
		UpdateDone, UpdatePending, UpdateApproved, UpdateRejected, UpdateCancelled, UpdateFailed, TaskCompleted,
		ContentExpiring, TrackedExpiring, CommonExpiring, PolicyChanged, AttributesNew, ApprovalOverdue, ApprovalLapsed,
		NoticeUnassigned, NoticeDisabled, NoticeEnabled, NoticeRevoked, NoticeCleaned,
	}
}

// toUser reports whether a card's holder is told of an event where no rule says
// anything: what was done with the card, and what they have to do.
func (e NoticeEvent) toUser() bool {
	switch e {
	case UpdateDone, UpdatePending, UpdateApproved, UpdateRejected, UpdateCancelled, ApprovalLapsed,
		NoticeUnassigned, NoticeDisabled, NoticeEnabled, NoticeRevoked, NoticeCleaned:
		return true
	case UpdateFailed, TaskCompleted, ContentExpiring, TrackedExpiring, CommonExpiring, PolicyChanged, AttributesNew,
		ApprovalOverdue, MailTest, AuditCheckpoint:
	}
	return false
}

// ofUpdates are the events that a plan says in advance who is told of.
func ofUpdates() []NoticeEvent {
	return []NoticeEvent{
		UpdateDone, UpdatePending, UpdateApproved, UpdateRejected, UpdateCancelled, UpdateFailed, ApprovalOverdue, ApprovalLapsed,
	}
}

// Notice is the facts a letter is made from; the words stand in engine/words.
// Which fields are set depends on the event.
type Notice struct {
	Event   NoticeEvent `json:"event"`
	User    UserRef     `json:"user"`
	Card    Identity    `json:"card"`
	Run     RunID       `json:"run"`
	Actor   Actor       `json:"actor"`
	At      time.Time   `json:"at"`
	First   bool        `json:"first,omitempty"`
	Cancels bool        `json:"cancels,omitempty"` // task completed: an update was cancelled
	Written []Managed   `json:"written,omitempty"`
	Removed []Loss      `json:"removed,omitempty"`
	Kept    []Stay      `json:"kept,omitempty"`
	Refused []Refusal   `json:"refused,omitempty"` // what the CA said no to when there was no way back

	Requests []NoticeRequest  `json:"requests,omitempty"` // of an update that waits, or waited: all of them, as they are now
	Works    bool             `json:"works,omitempty"`    // the card can be used as before meanwhile
	Expiring []NoticeExpiry   `json:"expiring,omitempty"`
	Policy   string           `json:"policy,omitempty"` // the user's policy now …
	Was      string           `json:"was,omitempty"`    // … and the one the card was written under
	Changes  []NoticeChange   `json:"changes,omitempty"`
	Reason   CardRevokeReason `json:"reason,omitempty"`  // why the card was revoked
	Trouble  Kind             `json:"trouble,omitempty"` // why the update failed
	Until    time.Time        `json:"until,omitzero"`    // overdue: end of the old certificate; approved: when it is given up

	Checkpoints []string `json:"checkpoints,omitempty"` // of the audit: Checkpoint.Line
}

// NoticeRequest is a request as a letter tells of it.
type NoticeRequest struct {
	Template string       `json:"template"`
	CA       string       `json:"ca"`
	State    RequestState `json:"state"`
	Words    string       `json:"words,omitempty"` // the CA's own
	News     bool         `json:"news,omitempty"`  // it is what the letter is about
	Asked    time.Time    `json:"asked,omitzero"`
}

// NoticeExpiry is a certificate that ends soon, or has ended.
type NoticeExpiry struct {
	Title    string    `json:"title"` // template, or subject
	Place    Place     `json:"place,omitempty"`
	NotAfter time.Time `json:"notAfter"`
	Expired  bool      `json:"expired,omitempty"`
}

// NoticeChange is an attribute of the user that is not as the certificate has it.
type NoticeChange struct {
	Template  string `json:"template"`
	Attribute string `json:"attribute"`
	Was       string `json:"was"`
	Is        string `json:"is"`
}

// CardRevokeReason says why a card is revoked.
type CardRevokeReason string

// The reasons. CardLost and CardCompromised always revoke the certificates.
const (
	CardLost        CardRevokeReason = "lost"
	CardBroken      CardRevokeReason = "broken"
	CardCompromised CardRevokeReason = "compromised"
	CardLeft        CardRevokeReason = "left"
	CardWithdrawn   CardRevokeReason = "withdrawn"
)

// CardRevokeReasons returns all reasons.
func CardRevokeReasons() []CardRevokeReason {
	return []CardRevokeReason{CardLost, CardBroken, CardCompromised, CardLeft, CardWithdrawn}
}

// letterID is derived from event and recipient, so that telling twice is
// telling once.
func letterID(run RunID, event NoticeEvent, to string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "letter %s %s %s", run, event, to))
	return hex.EncodeToString(sum[:16])
}
