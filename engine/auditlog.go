package engine

import (
	"context"
	"fmt"
	"time"
)

// AuditLog reads the audit.
type AuditLog interface {
	// EachAudit calls f with the rows that the filter takes, the oldest first,
	// and ends with f's error when there is one. With a limit it is the newest
	// ones of them, still the oldest first.
	EachAudit(ctx context.Context, filter AuditFilter, f func(ChainedRow) error) error
}

// AuditFilter chooses rows. What is empty chooses none out.
type AuditFilter struct {
	Card    string // id, or the number printed on it
	User    UserID
	Who     string
	Act     string
	Run     RunID
	Station string
	Since   time.Time
	Until   time.Time // exclusive
	Newest  int       // so many at most; 0: all
}

// Chain is what is kept of a station's chain so that checkpoints can be made,
// and what must leave the station does.
type Chain interface {
	// ChainEnd returns the last row of a station's chain, and its last
	// checkpoint; nil where there is none.
	ChainEnd(ctx context.Context, station string) (*ChainedRow, *Checkpoint, error)
	// KeepCheckpoint writes a checkpoint. Kind Overtaken when its number is not
	// the next one, or its row not the chain's: somebody else was faster.
	KeepCheckpoint(ctx context.Context, c Checkpoint) error

	// TakeTurn lets one at a time bring something of a station's to a
	// destination, until the time given, and says up to which number it is there.
	// ok is false when it is somebody else's turn.
	TakeTurn(ctx context.Context, d Departure, now, until time.Time) (upTo int64, ok bool, err error)
	// Arrived notes up to which number it is there, and holds the turn until the
	// time given; zero lets it go. Kind Overtaken when the turn was lost.
	Arrived(ctx context.Context, d Departure, held, until time.Time, upTo int64) error

	// ChainRows returns so many rows of a station's chain at most, those that
	// follow number after.
	ChainRows(ctx context.Context, station string, after int64, most int) ([]ChainedRow, error)
	// Checkpoints returns so many of a station's checkpoints at most, those that
	// follow number after.
	Checkpoints(ctx context.Context, station string, after int64, most int) ([]Checkpoint, error)
}

// Departure is something of a station's that goes to a destination.
type Departure struct {
	Station     string
	What        string // "rows" or "checkpoints"
	Destination string
}

// SeeAuditRows calls f with rows of the audit: see AuditLog. That somebody
// looked is the audit's next row.
func (d *Desk) SeeAuditRows(ctx context.Context, actor Actor, filter AuditFilter, f func(ChainedRow) error) error {
	row := AuditRow{Actor: actor, Act: string(SeeAudit), Card: CardID(filter.Card), User: filter.User, Run: filter.Run}
	err := d.may(ctx, actor, SeeAudit, matter{})
	n := 0
	if err == nil {
		err = d.AuditLog.EachAudit(ctx, filter, func(r ChainedRow) error {
			n++
			return f(r)
		})
	}
	row.Detail = fmt.Sprintf("%d rows", n)
	d.witness(ctx, row, err)
	return err
}
