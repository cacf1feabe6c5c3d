package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"cardkiosk/engine"
)

var _ CheckpointCarrier = Mail{}

// Mail sends checkpoints to an address: one letter for all that leave together.
type Mail struct {
	To   string
	Post engine.Post
}

// Destination is the address.
func (m Mail) Destination() string { return "mail:" + m.To }

// CarryCheckpoints returns when the mail server has taken the letter. Sent a
// second time it is the same letter.
func (m Mail) CarryCheckpoints(ctx context.Context, all []engine.Checkpoint) error {
	first, last := all[0], all[len(all)-1]
	id := sha256.Sum256(fmt.Appendf(nil, "checkpoints %q %d to %d to %s", last.Station, first.Number, last.Number, m.To))
	n := engine.Notice{Event: engine.AuditCheckpoint, Actor: engine.Actor{Station: last.Station}, At: last.At}
	for _, c := range all {
		n.Checkpoints = append(n.Checkpoints, c.Line())
	}
	return m.Post.Send(ctx, engine.Letter{ID: hex.EncodeToString(id[:16]), To: m.To, Created: last.At, Notice: n})
}
