// Package signin finds out who somebody is: by the directory's password, by
// their own card, or by the word of the system that they have signed in to.
//
// Every attempt, good or refused, leaves an audit row; one that cannot be noted
// lets nobody in. What people type to prove who they are is wiped when a method
// returns, whatever it returns.
package signin

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"slices"
	"time"

	"cardkiosk/engine"
)

// Accounts are the directory's users, as far as somebody may sign in as one.
type Accounts interface {
	// Called returns the users who are called exactly this. None is no error.
	Called(ctx context.Context, by engine.CalledBy, name string) ([]engine.User, error)
	// Issued returns the users with whom the directory has noted this certificate,
	// by issuer and serial number. None is no error.
	Issued(ctx context.Context, c *x509.Certificate) ([]engine.User, error)
	// CheckPassword has the directory check a password, once. Kinds WrongPassword,
	// AccountLocked, AccountClosed, PasswordExpired; DirectoryAway when it was not
	// checked, or nobody knows.
	CheckPassword(ctx context.Context, u engine.User, password engine.PIN) error
}

// Revocations tell which certificates are revoked.
type Revocations interface {
	// Find returns a certificate's entry, nil when it is not revoked. An error
	// means that nobody knows.
	Find(ctx context.Context, c, issuer *x509.Certificate) (*x509.RevocationListEntry, error)
}

// Desk is where people sign in.
type Desk struct {
	Ways     []engine.SignedIn // in which people sign in here, the first is offered first; no other is let through
	Accounts Accounts
	Readers  engine.Readers
	Audit    engine.Audit

	Place         engine.Place   // where cards have what somebody signs in with
	Roots         *x509.CertPool // who vouches for the cards of those who work here
	Intermediates *x509.CertPool
	Revocations   Revocations
	MapBy         []engine.CalledBy // what tells whose a certificate is: the first that it has

	Local map[string]string // the logon names of the system's accounts that are called otherwise there

	Station string
	Mode    engine.Mode // of the actors

	Now    func() time.Time
	Random io.Reader
	Log    *slog.Logger
}

// Allows reports whether people sign in this way here.
func (d *Desk) Allows(way engine.SignedIn) bool { return slices.Contains(d.Ways, way) }

const op = "sign in"

// attempt is one person's attempt to sign in, on its way to the audit.
type attempt struct {
	way  engine.SignedIn
	who  string // as they said it, or as it was found out
	card engine.CardID
	user engine.User
}

// mostWho is how much of a typed name is noted, in characters.
const mostWho = 100

// admit ends an attempt: it leaves the audit row, and, if all was right,
// returns the actor.
func (d *Desk) admit(ctx context.Context, a attempt, err error) (engine.Actor, engine.User, error) {
	actor := engine.Actor{Who: cleaned(a.who), Station: d.Station, Mode: d.Mode, User: a.user.ID, How: a.way}
	row := engine.AuditRow{At: d.Now(), Actor: actor, Act: op, Card: a.card, User: a.user.ID, Result: "done", Detail: "by " + string(a.way)}
	if err != nil {
		row.Result = outcome(err)
		row.Detail += ": " + engine.Clean(err.Error())
		d.Log.Info("somebody did not sign in", "who", actor.Who, "way", a.way, "err", err)
	}
	if werr := d.Audit.Write(context.WithoutCancel(ctx), row); werr != nil {
		d.Log.Error("audit row was not written", "act", op, "who", actor.Who, "err", werr)
		err = errors.Join(err, werr)
	}
	if err != nil {
		return engine.Actor{}, engine.User{}, err
	}
	return actor, a.user.Shown(), nil
}

// cleaned is a name as it may be noted and shown.
func cleaned(who string) string {
	r := []rune(engine.Clean(who))
	return string(r[:min(len(r), mostWho)])
}

// outcome tells a person who was refused from trouble that keeps everybody out.
func outcome(err error) string {
	for _, kind := range []engine.Kind{
		engine.SignInShut, engine.WrongPassword, engine.AccountLocked, engine.AccountClosed, engine.PasswordExpired,
		engine.CardNotAccepted, engine.WrongPIN, engine.PINBlocked, engine.BadInput,
	} {
		if engine.KindOf(err) == kind {
			return "refused"
		}
	}
	return "failed"
}

// open refuses a way that is not open here.
func (d *Desk) open(way engine.SignedIn) error {
	if d.Allows(way) {
		return nil
	}
	return &engine.Error{Op: op, Kind: engine.SignInShut, Subject: string(way)}
}

// closed refuses an account that is disabled.
func closed(u engine.User) error {
	if !u.Disabled {
		return nil
	}
	return &engine.Error{Op: op, Kind: engine.AccountClosed, Subject: u.Logon, Err: errDisabled}
}

var errDisabled = errors.New("the account is disabled in the directory")
