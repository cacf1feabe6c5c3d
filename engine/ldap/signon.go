package ldap

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// The two requests that come before all others are written here and not by the
// library: it takes a password as a string, which nobody can wipe.

// RFC 4511, 4.14: the extended operation that starts TLS.
const startTLSOID = "1.3.6.1.4.1.1466.20037"

// Tags of RFC 4511, appendix B; cryptobyte has no names for these classes.
const (
	tagBindRequest      = asn1.Tag(0x60) // [APPLICATION 0]
	tagExtendedRequest  = asn1.Tag(0x77) // [APPLICATION 23]
	tagBindResponse     = ber.Tag(goldap.ApplicationBindResponse)
	tagExtendedResponse = ber.Tag(goldap.ApplicationExtendedResponse)
	tagContext0         = asn1.Tag(0x80) // [0]: simple authentication, the operation's name
	tagControls         = asn1.Tag(0xa0) // [0], constructed: the controls
)

// askTLS asks the server to start TLS.
func askTLS(conn net.Conn) error {
	b := cryptobyte.NewBuilder(nil)
	addRequest(b, tagExtendedRequest, func(b *cryptobyte.Builder) {
		b.AddASN1(tagContext0, func(b *cryptobyte.Builder) { b.AddBytes([]byte(startTLSOID)) })
	}, "")
	request, err := b.Bytes()
	if err != nil {
		return fmt.Errorf("write StartTLS request: %w", err)
	}
	return exchange(conn, request, tagExtendedResponse)
}

var errEmptyPassword = errors.New("the password file is empty")

// bind signs in with the password in a file. The password is nowhere in
// memory afterwards.
func bind(conn net.Conn, dn, passwordFile string) error {
	password, err := os.ReadFile(passwordFile)
	defer clear(password[:cap(password)])
	if err != nil {
		return fmt.Errorf("read password: %w", err)
	}
	secret := bytes.TrimRight(password, "\r\n")
	// RFC 4513, 5.1.2: a name with an empty password succeeds and proves
	// nothing.
	if len(secret) == 0 {
		return errEmptyPassword
	}
	request, err := bindRequest(dn, secret, "")
	defer clear(request[:cap(request)])
	if err != nil {
		return err
	}
	return exchange(conn, request, tagBindResponse)
}

// bindRequest writes a simple bind into one buffer that never grows, so that
// clearing it leaves no copy behind.
func bindRequest(dn string, password []byte, control string) ([]byte, error) {
	const framing = 64 // tags, lengths, message id and version
	b := cryptobyte.NewFixedBuilder(make([]byte, 0, len(dn)+len(password)+len(control)+framing))
	addRequest(b, tagBindRequest, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(3)
		b.AddASN1OctetString([]byte(dn))
		b.AddASN1(tagContext0, func(b *cryptobyte.Builder) { b.AddBytes(password) })
	}, control)
	request, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("write bind request: %w", err)
	}
	return request, nil
}

// addRequest frames a request. Its message id is 1: nothing else is under way. A
// control, "" for none, has no value, and whoever does not know it may leave it
// (RFC 4511, 4.1.11).
func addRequest(b *cryptobyte.Builder, tag asn1.Tag, body cryptobyte.BuilderContinuation, control string) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1(tag, body)
		if control == "" {
			return
		}
		b.AddASN1(tagControls, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1OctetString([]byte(control)) })
		})
	})
}

// pieceSize is how many bytes of a request go into one TLS record. crypto/tls
// leaves the plaintext of a record behind when its buffer has to grow for the
// seal; in pieces this small nobody finds a password.
const pieceSize = 4

// exchange sends a request and returns nil when the answer is a yes.
func exchange(conn net.Conn, request []byte, want ber.Tag) error {
	answer, err := converse(conn, request)
	if err != nil {
		return err
	}
	return result(answer, want)
}

// converse sends a request and reads the answer to it. It reads not one byte
// more, so nothing sent ahead of TLS can be taken for an answer within.
func converse(conn net.Conn, request []byte) (*ber.Packet, error) {
	for piece := range slices.Chunk(request, pieceSize) {
		if _, err := conn.Write(piece); err != nil {
			return nil, err
		}
	}
	return ber.ReadPacket(conn)
}

// result reads what an answer comes to.
func result(answer *ber.Packet, want ber.Tag) error {
	if err := goldap.GetLDAPError(answer); err != nil {
		return err
	}
	if answer.Children[1].Tag != want {
		return goldap.NewError(goldap.ErrorUnexpectedResponse, errors.New("the answer is to something else"))
	}
	return nil
}
