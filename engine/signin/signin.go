// Package signin finds out who somebody is: by the directory's password, by
// their own card, or by the word of the system that they have signed in to.
//
// Every attempt, good or refused, leaves an audit row. What people type to prove
// who they are is wiped when a method returns, whatever it returns.
package signin

import (
	"context"
	"crypto/x509"
	"io"
	"log/slog"
	"slices"
	"time"

	"cardkiosk/engine"
)

// Accounts are the directory's users, as far as somebody may sign in as one.
type Accounts interface {
	// Called returns the users who are called exactly this; two are enough to say
	// that there are several. None is no error.
	Called(ctx context.Context, by engine.CalledBy, name string) ([]engine.User, error)
	// Issued returns the users with whom the directory has noted this certificate,
	// by issuer and serial number; for the rest it is as Called.
	Issued(ctx context.Context, c *x509.Certificate) ([]engine.User, error)
	// CheckPassword has the directory check a password, once. Kinds WrongPassword,
	// AccountLocked, AccountClosed, PasswordExpired; DirectoryAway when it was not
	// checked.
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
	Ways     []engine.SignedIn // in which people sign in here; no other is let through
	Accounts Accounts
	Readers  engine.Readers
	Audit    engine.Audit

	Roots         *x509.CertPool // that operators' cards are vouched for by
	Intermediates *x509.CertPool
	Revocations   Revocations
	MapBy         []engine.CalledBy // what tells whose a certificate is, the first that it has

	Local map[string]string // the logon names of the system's accounts that are called otherwise there

	Station string
	Mode    engine.Mode // of the actors

	Now    func() time.Time
	Random io.Reader
	Log    *slog.Logger
}

// Allows reports whether people sign in this way here.
func (d *Desk) Allows(way engine.SignedIn) bool { return slices.Contains(d.Ways, way) }
