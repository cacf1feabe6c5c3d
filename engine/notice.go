package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// NoticeEvent is what a letter tells.
type NoticeEvent string

// UpdateDone is told to the card's holder.
const UpdateDone NoticeEvent = "update done"

// Notice is the facts a letter is made from; the words stand in engine/words.
type Notice struct {
	Event   NoticeEvent `json:"event"`
	User    UserRef     `json:"user"`
	Card    Identity    `json:"card"`
	Run     RunID       `json:"run"`
	Actor   Actor       `json:"actor"`
	At      time.Time   `json:"at"`
	First   bool        `json:"first,omitempty"`
	Written []Managed   `json:"written,omitempty"`
	Removed []Loss      `json:"removed,omitempty"`
	Kept    []Stay      `json:"kept,omitempty"`
	Refused []Refusal   `json:"refused,omitempty"` // what the CA said no to when there was no way back
}

// letterID is derived from event and recipient, so that telling twice is
// telling once.
func letterID(run RunID, event NoticeEvent, to string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "letter %s %s %s", run, event, to))
	return hex.EncodeToString(sum[:16])
}
