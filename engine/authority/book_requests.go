package authority

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// requestState is where a request is. Beside the states that stations hear of
// there is one they do not.
type requestState string

// accepted: it is decided, serial number and validity are fixed, and it will be
// issued, whatever happens in between. approved: an approval that is granted, with
// which another request will be issued.
const (
	accepted  requestState = "accepted"
	pending                = requestState(engine.RequestPending)
	approved               = requestState(engine.RequestApproved)
	rejected               = requestState(engine.RequestRejected)
	issued                 = requestState(engine.RequestIssued)
	withdrawn              = requestState(engine.RequestWithdrawn)
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
	Renews    *Renewal  // nil: it is no renewal, and does not say so
	Decided   time.Time // by an officer, or withdrawn; zero: by the rule, or not yet
	DecidedBy string
	UsedBy    string // of an approval: the request that it decided
	UsedAt    string // the station that sent that
}

// request returns what is kept under an id.
func (b *book) request(ctx context.Context, id string) (e entry, ok bool, err error) {
	e, err = readEntry(b.db.QueryRowContext(ctx, selectEntry+` WHERE id = $1`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return entry{}, false, nil
	}
	return e, err == nil, storeTrouble("look up request", err)
}

// admit keeps a request that was decided or is held, unless its id is taken; it
// returns what is kept under the id. One that an approval is for is first compared
// with it: redeem may reject it yet. No other request can get that approval in
// between.
func (b *book) admit(ctx context.Context, e entry, redeem func(e *entry, approval entry) error) (kept entry, err error) {
	err = b.in(ctx, "keep request", func(tx *sql.Tx) error {
		kept, err = readEntry(tx.QueryRowContext(ctx, selectEntry+` WHERE id = $1`, e.ID).Scan)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if e.Approved != "" {
			approval, err := readEntry(tx.QueryRowContext(ctx, selectEntry+` WHERE id = $1`, e.Approved).Scan)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			if err := redeem(&e, approval); err != nil {
				return err
			}
		}
		kept = e
		if err := e.insert(ctx, tx); err != nil {
			return err
		}
		if row, ok := e.receipt(); ok {
			return row.write(ctx, tx)
		}
		return nil
	})
	return kept, err
}

// receipt is what the audit says of a request that came in; ok is false when it
// will speak of the certificate.
func (e entry) receipt() (row auditRow, ok bool) {
	row = auditRow{At: e.Received, Actor: actorOf(e.Station, e.Request), Subject: e.ID}
	switch e.State {
	case pending:
		row.Act, row.Detail = actHold, e.Template
	case approved:
		row.Act, row.Detail = actApprove, e.Template+", by its rule"
	case rejected:
		row.Act, row.Detail = actReject, e.Words
	case accepted, issued, withdrawn:
		return row, false
	}
	return row, true
}

// insert writes a new row.
func (e entry) insert(ctx context.Context, tx *sql.Tx) error {
	var serial, notBefore, notAfter, approval, renewal any
	if e.State == accepted {
		serial, notBefore, notAfter = e.Serial, e.NotBefore.Unix(), e.NotAfter.Unix()
		if e.Approved != "" {
			approval = e.Approved
		}
	}
	if e.Renews != nil {
		text, err := json.Marshal(e.Renews)
		if err != nil {
			return fmt.Errorf("keep renewal: %w", err)
		}
		renewal = string(text)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO requests
		(id, content, template, csr, valid_days, station, operator, mode, user_id, user_name, user_logon,
		 received, state, words, serial, not_before, not_after, hold, approval, approved, cms, renewal)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`,
		e.ID, e.Content, e.Template, e.CSR, e.ValidDays, e.Station, e.Actor.Who, e.Actor.Mode, e.User.ID, e.User.Name, e.User.Logon,
		e.Received.Unix(), string(e.State), e.Words, serial, notBefore, notAfter, e.Hold, e.Approval, approval, e.Renewal, renewal)
	return err
}

const selectEntry = `SELECT id, content, template, csr, valid_days, station, operator, mode, user_id, user_name, user_logon,
	received, state, words, coalesce(serial, ''), coalesce(not_before, 0), coalesce(not_after, 0),
	hold, approval, coalesce(approved, ''), cms, coalesce(renewal, ''), coalesce(decided, 0), decided_by,
	coalesce((SELECT u.id FROM requests u WHERE u.approved = requests.id), ''),
	coalesce((SELECT u.station FROM requests u WHERE u.approved = requests.id), '')
	FROM requests`

func readEntry(scan func(...any) error) (entry, error) {
	var e entry
	var received, notBefore, notAfter, decided int64
	var renewal string
	err := scan(&e.ID, &e.Content, &e.Template, &e.CSR, &e.ValidDays, &e.Station, &e.Actor.Who, &e.Actor.Mode,
		&e.User.ID, &e.User.Name, &e.User.Logon, &received, &e.State, &e.Words, &e.Serial, &notBefore, &notAfter,
		&e.Hold, &e.Approval, &e.Approved, &e.Renewal, &renewal, &decided, &e.DecidedBy, &e.UsedBy, &e.UsedAt)
	if err != nil {
		return entry{}, err
	}
	e.Received, e.NotBefore, e.NotAfter = instant(received), instant(notBefore), instant(notAfter)
	if decided != 0 {
		e.Decided = instant(decided)
	}
	if renewal != "" {
		e.Renews = new(Renewal)
		if err := json.Unmarshal([]byte(renewal), e.Renews); err != nil {
			return entry{}, fmt.Errorf("read renewal of request %s: %w", e.ID, err)
		}
	}
	return e, nil
}

func instant(epoch int64) time.Time { return time.Unix(epoch, 0).UTC() }

// settle lets change decide a request that is in one of the states given, and
// keeps the decision. In another state it stays as it is, and changed is false:
// somebody was faster.
func (b *book) settle(ctx context.Context, id string, from []requestState, change func(e *entry) error, audit auditRow) (kept entry, changed bool, err error) {
	err = b.in(ctx, "decide request", func(tx *sql.Tx) error {
		kept, err = readEntry(tx.QueryRowContext(ctx, selectEntry+` WHERE id = $1`, id).Scan)
		if err != nil || !slices.Contains(from, kept.State) || kept.UsedBy != "" {
			return err
		}
		if err := change(&kept); err != nil {
			return err
		}
		changed = true
		var serial, notBefore, notAfter any
		if kept.State == accepted {
			serial, notBefore, notAfter = kept.Serial, kept.NotBefore.Unix(), kept.NotAfter.Unix()
		}
		if _, err := tx.ExecContext(ctx, `UPDATE requests SET state = $2, words = $3, serial = $4, not_before = $5, not_after = $6,
			decided = $7, decided_by = $8 WHERE id = $1`,
			id, string(kept.State), kept.Words, serial, notBefore, notAfter, kept.Decided.Unix(), kept.DecidedBy); err != nil {
			return err
		}
		return audit.write(ctx, tx)
	})
	return kept, changed, err
}

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
