package plain

import (
	"context"
	"fmt"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
)

// permitted asks what the person may do with the card that is looked at.
func (w *walker) permitted(ctx context.Context) engine.Permissions {
	var record *engine.Record
	if w.card != nil && w.user.Unread != nil { // the card says which policy it is under
		record = &w.card.Record
	}
	return w.Desk.Permitted(ctx, w.Actor, w.user.User.ID, record)
}

// choice is what can be chosen, and why it may not be.
func (w *walker) choice(label string, may engine.Permissions, a walk.Action) string {
	why := may.Denied(a.Privileges()...)
	if why == nil {
		return label
	}
	return label + " " + fmt.Sprintf(w.Text.Doors.NotAllowed, w.Text.Denied(why))
}
