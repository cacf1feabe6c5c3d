package authority

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// requestState is where a request is. Beside the states that stations hear of
// there is one they do not.
type requestState string

// accepted: the rule permits it, serial number and validity are fixed, and it
// will be issued, whatever happens in between.
const (
	accepted requestState = "accepted"
	rejected              = requestState(engine.RequestRejected)
	issued                = requestState(engine.RequestIssued)
)

// entry is a request as it is kept.
type entry struct {
	wire.Request
	Content   string
	Station   string
	Received  time.Time
	State     requestState
	Words     string
	Serial    string
	NotBefore time.Time
	NotAfter  time.Time
}

// request returns what is kept under an id.
func (b *book) request(ctx context.Context, id string) (e entry, ok bool, err error) {
	e, err = readEntry(b.db.QueryRowContext(ctx, selectEntry, id))
	if errors.Is(err, sql.ErrNoRows) {
		return entry{}, false, nil
	}
	return e, err == nil, storeTrouble("look up request", err)
}

// admit keeps a request that was decided, unless its id is taken; it returns
// what is kept under the id.
func (b *book) admit(ctx context.Context, e entry, audit *auditRow) (kept entry, err error) {
	err = b.in(ctx, "keep request", func(tx *sql.Tx) error {
		var serial, notBefore, notAfter any
		if e.State == accepted {
			serial, notBefore, notAfter = e.Serial, e.NotBefore.Unix(), e.NotAfter.Unix()
		}
		done, err := tx.ExecContext(ctx, `INSERT INTO requests
			(id, content, template, csr, valid_days, station, operator, mode, user_id, user_name, user_logon,
			 received, state, words, serial, not_before, not_after)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
			ON CONFLICT (id) DO NOTHING`,
			e.ID, e.Content, e.Template, e.CSR, e.ValidDays, e.Station, e.Actor.Who, e.Actor.Mode, e.User.ID, e.User.Name, e.User.Logon,
			e.Received.Unix(), string(e.State), e.Words, serial, notBefore, notAfter)
		if err != nil {
			return err
		}
		if added, err := done.RowsAffected(); err != nil {
			return err
		} else if added == 1 && audit != nil {
			if err := audit.write(ctx, tx); err != nil {
				return err
			}
		}
		kept, err = readEntry(tx.QueryRowContext(ctx, selectEntry, e.ID))
		return err
	})
	return kept, err
}

const selectEntry = `SELECT id, content, template, csr, valid_days, station, operator, mode, user_id, user_name, user_logon,
	received, state, words, coalesce(serial, ''), coalesce(not_before, 0), coalesce(not_after, 0)
	FROM requests WHERE id = $1`

func readEntry(row *sql.Row) (entry, error) {
	var e entry
	var received, notBefore, notAfter int64
	err := row.Scan(&e.ID, &e.Content, &e.Template, &e.CSR, &e.ValidDays, &e.Station, &e.Actor.Who, &e.Actor.Mode,
		&e.User.ID, &e.User.Name, &e.User.Logon, &received, &e.State, &e.Words, &e.Serial, &notBefore, &notAfter)
	e.Received, e.NotBefore, e.NotAfter = instant(received), instant(notBefore), instant(notAfter)
	return e, err
}

func instant(epoch int64) time.Time { return time.Unix(epoch, 0).UTC() }

// issue keeps the certificate of an accepted request, unless it has one; it
// returns the one that is kept.
func (b *book) issue(ctx context.Context, e entry, der []byte, audit auditRow) (kept []byte, err error) {
	err = b.in(ctx, "keep certificate", func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `INSERT INTO certificates (serial, request, der, not_after) VALUES ($1, $2, $3, $4)
			ON CONFLICT DO NOTHING`, e.Serial, e.ID, der, e.NotAfter.Unix())
		if err != nil {
			return err
		}
		if added, err := done.RowsAffected(); err != nil {
			return err
		} else if added == 1 {
			if _, err := tx.ExecContext(ctx, `UPDATE requests SET state = $2 WHERE id = $1`, e.ID, string(issued)); err != nil {
				return err
			}
			if err := audit.write(ctx, tx); err != nil {
				return err
			}
		}
		return tx.QueryRowContext(ctx, `SELECT der FROM certificates WHERE request = $1`, e.ID).Scan(&kept)
	})
	return kept, err
}

// certificate returns the certificate a request brought.
func (b *book) certificate(ctx context.Context, request string) (der []byte, err error) {
	err = b.db.QueryRowContext(ctx, `SELECT der FROM certificates WHERE request = $1`, request).Scan(&der)
	return der, storeTrouble("look up certificate", err)
}
