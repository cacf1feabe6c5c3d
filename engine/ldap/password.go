package ldap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"cardkiosk/engine"
)

// CheckPassword has the directory check a user's password: by a bind, on a
// connection of its own that is closed afterwards. Each password goes to one
// server, once: whatever comes back, or does not, no other one is asked, because
// it would count the same wrong password. Only before anything of it was sent
// the next server is tried.
func (d *Directory) CheckPassword(ctx context.Context, u engine.User, password engine.PIN) error {
	// RFC 4513, 5.1.1 and 5.1.2: without a name or without a password a bind
	// succeeds and proves nothing.
	if password.Len() == 0 || u.DN == "" {
		return &engine.Error{Op: opPassword, Kind: engine.WrongPassword, Err: errNothingToCheck}
	}
	var untrusted, last error
	for _, i := range d.round() {
		asked, err := d.checkAt(ctx, i, u.DN, password)
		if asked || err == nil || engine.Is(err, engine.Stopped) {
			return err
		}
		d.pass(i, err)
		if engine.Is(err, engine.DirectoryRefused) && untrusted == nil {
			untrusted = err
		}
		last = err
	}
	if untrusted != nil {
		return untrusted
	}
	return d.allAway(last)
}

const opPassword = "check password"

var errNothingToCheck = errors.New("there is no name, or no password")

// checkAt asks one server. asked means that the password, or some of it, has
// gone there.
func (d *Directory) checkAt(ctx context.Context, i int, dn string, password engine.PIN) (asked bool, err error) {
	l, speak, err := d.openSoon(ctx, i)
	if err != nil {
		return false, d.trouble(ctx, opPassword, i, err)
	}
	defer func() { _ = l.Close() }() // nothing more is wanted of it
	soon, cancel := context.WithTimeout(ctx, d.cfg.Timeout)
	defer cancel()
	var verdict error
	err = l.within(soon, func() error {
		answer, err := bindOnce(speak, dn, password)
		if err == nil {
			verdict = d.verdict(answer)
		}
		return err
	})
	if err != nil {
		err = d.trouble(ctx, opPassword, i, err)
		d.pass(i, err) // the next attempt goes elsewhere
		return true, err
	}
	return true, verdict
}

// openSoon is open, for as long as a server may take for it.
func (d *Directory) openSoon(ctx context.Context, i int) (*line, net.Conn, error) {
	soon, cancel := context.WithTimeout(ctx, d.cfg.ConnectTimeout)
	defer cancel()
	return d.open(soon, d.servers[i])
}

// bindOnce sends a bind and returns the answer to it, whatever it says.
func bindOnce(conn net.Conn, dn string, password engine.PIN) (answer *ber.Packet, err error) {
	err = password.Use(func(secret []byte) error {
		request, err := bindRequest(dn, secret, policyOID)
		defer clear(request[:cap(request)])
		if err != nil {
			return err
		}
		answer, err = converse(conn, request)
		return err
	})
	return answer, err
}

// verdict is what a server's answer to a bind says of the account.
func (d *Directory) verdict(answer *ber.Packet) error {
	err := result(answer, tagBindResponse)
	kind, fine := d.judge(err, policyError(answer))
	if fine {
		return nil
	}
	e := &engine.Error{Op: opPassword, Kind: kind, Err: err}
	if kind == engine.DirectoryRefused {
		_, e.Subject = class(err)
	}
	if err != nil {
		e.Err = &cause{"the directory answers", err}
	}
	return e
}

// judge tells what kind of trouble an answer is, or that it is fine.
func (d *Directory) judge(err error, policy policyCode) (kind engine.Kind, fine bool) {
	switch policy {
	case policyLocked:
		return engine.AccountLocked, false
	case policyExpired, policyMustChange: // the latter comes with success
		return engine.PasswordExpired, false
	case policyNone:
	}
	var said *goldap.Error
	if err == nil {
		return engine.Broken, true
	}
	if !errors.As(err, &said) {
		return engine.DirectoryAway, false
	}
	switch said.ResultCode {
	case goldap.LDAPResultInvalidCredentials:
		if d.cfg.ActiveDirectory {
			return windowsVerdict(said), false
		}
		return engine.WrongPassword, false
	case goldap.LDAPResultNoSuchObject, goldap.LDAPResultInappropriateAuthentication:
		return engine.WrongPassword, false // gone meanwhile, or has no password: nobody is told
	case goldap.LDAPResultConstraintViolation:
		return engine.AccountLocked, false // 389 Directory Server: too many wrong passwords
	case goldap.LDAPResultUnwillingToPerform:
		return engine.AccountClosed, false // 389 Directory Server: inactivated
	}
	kind, _ = class(err)
	return kind, false
}

// windowsCode is where Active Directory says in its words what it means:
// "80090308: LdapErr: …, comment: AcceptSecurityContext error, data 775, v…".
var windowsCode = regexp.MustCompile(`, data ([0-9a-fA-F]+)\b`)

// windowsVerdicts are Windows' error codes (MS-ERREF 2.2). Of those that are not
// here it says nothing that may be told.
var windowsVerdicts = map[string]engine.Kind{
	"530": engine.AccountClosed,   // ERROR_INVALID_LOGON_HOURS
	"531": engine.AccountClosed,   // ERROR_INVALID_WORKSTATION
	"533": engine.AccountClosed,   // ERROR_ACCOUNT_DISABLED
	"701": engine.AccountClosed,   // ERROR_ACCOUNT_EXPIRED
	"532": engine.PasswordExpired, // ERROR_PASSWORD_EXPIRED
	"773": engine.PasswordExpired, // ERROR_PASSWORD_MUST_CHANGE
	"775": engine.AccountLocked,   // ERROR_ACCOUNT_LOCKED_OUT
}

func windowsVerdict(said *goldap.Error) engine.Kind {
	if m := windowsCode.FindStringSubmatch(fmt.Sprint(said.Err)); m != nil {
		if kind, known := windowsVerdicts[m[1]]; known {
			return kind
		}
	}
	return engine.WrongPassword
}

// policyOID asks for, and is, what a password policy has to say of a bind
// (draft-behera-ldap-password-policy-11, 6).
const policyOID = "1.3.6.1.4.1.42.2.27.8.5.1"

// policyCode is the error of a password policy's answer, of those that are about
// signing in.
type policyCode int

const (
	policyNone       policyCode = -1
	policyExpired    policyCode = 0
	policyLocked     policyCode = 1
	policyMustChange policyCode = 2
)

// policyError finds a password policy's error in an answer.
func policyError(answer *ber.Packet) policyCode {
	const controls = 2 // after message id and answer
	if len(answer.Children) <= controls {
		return policyNone
	}
	for _, control := range answer.Children[controls].Children {
		if len(control.Children) < 2 || string(control.Children[0].ByteValue) != policyOID {
			continue
		}
		return readPolicy(control.Children[len(control.Children)-1].ByteValue)
	}
	return policyNone
}

// readPolicy reads SEQUENCE { warning [0] CHOICE … OPTIONAL, error [1]
// ENUMERATED … OPTIONAL }. What cannot be read says nothing: the result beside
// it does.
func readPolicy(value []byte) policyCode {
	all := cryptobyte.String(value)
	var inner, code cryptobyte.String
	var n uint8
	hasCode := false
	if !all.ReadASN1(&inner, asn1.SEQUENCE) ||
		!inner.SkipOptionalASN1(asn1.Tag(0).ContextSpecific().Constructed()) ||
		!inner.ReadOptionalASN1(&code, &hasCode, asn1.Tag(1).ContextSpecific()) ||
		!hasCode || !code.ReadUint8(&n) || !code.Empty() {
		return policyNone
	}
	switch c := policyCode(n); c {
	case policyExpired, policyLocked, policyMustChange:
		return c
	case policyNone:
	}
	return policyNone
}
