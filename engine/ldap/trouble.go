package ldap

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"

	goldap "github.com/go-ldap/ldap/v3"

	"cardkiosk/engine"
)

// away are the results that another server, or the same one later, may not
// give; the library's own for a connection that broke is among them.
var away = map[uint16]bool{
	goldap.LDAPResultBusy:        true,
	goldap.LDAPResultUnavailable: true,
	goldap.LDAPResultServerDown:  true,
	goldap.ErrorNetwork:          true,
}

// refusals says what the results mean that a directory refuses with (RFC 4511,
// appendix A), to be read after "The directory refused:".
var refusals = map[uint16]string{
	goldap.LDAPResultOperationsError:             "the question was not carried out (Active Directory says so when nobody is signed in)",
	goldap.LDAPResultProtocolError:               "the request is not known there (StartTLS may be switched off)",
	goldap.LDAPResultTimeLimitExceeded:           "the search would take too long: type more of the name",
	goldap.LDAPResultSizeLimitExceeded:           "more users match than it will list: type more of the name",
	goldap.LDAPResultAdminLimitExceeded:          "too many entries would have to be looked at: type more of the name",
	goldap.LDAPResultAuthMethodNotSupported:      "passwords are not taken there",
	goldap.LDAPResultStrongAuthRequired:          "it wants TLS before a password: use ldaps:// or StartTLS",
	goldap.LDAPResultConfidentialityRequired:     "it wants TLS first: use ldaps:// or StartTLS",
	goldap.LDAPResultReferral:                    "the base DN is kept on another server",
	goldap.LDAPResultNoSuchObject:                "the base DN does not exist, or may not be seen",
	goldap.LDAPResultInappropriateAuthentication: "the bind name may not sign in with a password",
	goldap.LDAPResultInvalidCredentials:          "the bind name or its password is not accepted",
	goldap.LDAPResultInsufficientAccessRights:    "the bind name may not search there",
	goldap.LDAPResultUnwillingToPerform:          "it will not do that",
}

// bulkRefusals are for what no person has typed.
var bulkRefusals = map[uint16]string{
	goldap.LDAPResultTimeLimitExceeded:  "the search would take too long: an index is missing, or the bind name needs a higher time limit",
	goldap.LDAPResultSizeLimitExceeded:  "it does not list so many entries: the bind name needs a higher size limit",
	goldap.LDAPResultAdminLimitExceeded: "too many entries would have to be looked at: an index is missing, or the bind name needs a higher limit",
}

// reword says what a refusal means where it means something else.
func reword(err error, words map[uint16]string) error {
	var refusal *engine.Error
	var result *goldap.Error
	if errors.As(err, &refusal) && refusal.Kind == engine.DirectoryRefused && errors.As(err, &result) && words[result.ResultCode] != "" {
		refusal.Subject = words[result.ResultCode]
	}
	return err
}

// trouble makes an Error out of what went wrong with a server. ctx is the
// caller's own: its end means that the person turned away. Subject is the
// server when it is away; when it refuses, what it refuses.
func (d *Directory) trouble(ctx context.Context, op string, server int, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return &engine.Error{Op: op, Kind: engine.Stopped, Err: ctx.Err()}
	}
	name := d.servers[server].name
	kind, words := class(err)
	if kind == engine.DirectoryRefused {
		return &engine.Error{Op: op, Kind: kind, Subject: words, Err: &cause{name, err}}
	}
	return &engine.Error{Op: op, Kind: kind, Subject: name, Err: &cause{words, err}}
}

// class says what kind of trouble a cause is, and what it means.
func class(err error) (engine.Kind, string) {
	var result *goldap.Error
	var handshake *tlsError
	var file *os.PathError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return engine.DirectoryAway, "no answer in time"
	case errors.As(err, &handshake):
		return classTLS(handshake.err)
	case errors.Is(err, errEmptyPassword), errors.As(err, &file):
		return engine.DirectoryRefused, "there is no password to sign in with"
	case !errors.As(err, &result), away[result.ResultCode]:
		return engine.DirectoryAway, "no answer"
	}
	if words, ok := refusals[result.ResultCode]; ok {
		return engine.DirectoryRefused, words
	}
	return engine.DirectoryRefused, "it answers what cannot be understood"
}

func classTLS(err error) (engine.Kind, string) {
	var untrusted *tls.CertificateVerificationError
	var alert tls.AlertError
	var network net.Error
	switch {
	case errors.As(err, &untrusted):
		return engine.DirectoryRefused, "its certificate is not trusted"
	case errors.As(err, &alert):
		return engine.DirectoryRefused, "it does not agree to TLS with us"
	case errors.As(err, &network), errors.Is(err, io.EOF):
		return engine.DirectoryAway, "no answer"
	}
	return engine.DirectoryRefused, "it speaks no TLS that can be trusted"
}

// cause is what went wrong, after words of ours. The server's own are cleaned:
// they are on their way to a log and a screen.
type cause struct {
	words string
	err   error
}

func (c *cause) Error() string { return c.words + ": " + engine.Clean(c.err.Error()) }
func (c *cause) Unwrap() error { return c.err }
