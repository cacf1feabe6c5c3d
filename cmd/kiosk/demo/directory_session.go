package demo

import (
	"bufio"
	"context"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"net"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// ldapSession is one client's connection. Requests are answered one after the
// other, so there is never anything left for an abandon request to abandon.
type ldapSession struct {
	cfg    DirectoryConfig
	tree   *ldapTree
	conn   net.Conn
	secure bool
	signed bool // in: a bind has succeeded
	cursor *ldapCursor
	pages  int // counted, for cookies no client can guess wrong
}

// errSessionOver ends a session without an answer.
var errSessionOver = errors.New("session is over")

func (s *ldapSession) serve(ctx context.Context) {
	for {
		// Unbuffered: what follows a StartTLS request is not LDAP.
		request, err := ber.ReadPacket(s.conn)
		if err != nil {
			return
		}
		if err := s.answer(ctx, request); err != nil {
			return
		}
	}
}

// answer answers one LDAPMessage (RFC 4511, 4.1.1).
func (s *ldapSession) answer(ctx context.Context, message *ber.Packet) error {
	if len(message.Children) < 2 {
		return errSessionOver
	}
	id, ok := message.Children[0].Value.(int64)
	op := message.Children[1]
	if !ok || op.ClassType != ber.ClassApplication {
		return errSessionOver
	}
	switch uint64(op.Tag) {
	case goldap.ApplicationBindRequest:
		return s.send(id, ldapResult(goldap.ApplicationBindResponse, s.bind(op)))
	case goldap.ApplicationSearchRequest:
		return s.search(id, op, message.Children[2:])
	case goldap.ApplicationExtendedRequest:
		return s.extended(ctx, id, op)
	case goldap.ApplicationAbandonRequest:
		return nil
	case goldap.ApplicationModifyRequest:
		return s.send(id, ldapResult(goldap.ApplicationModifyResponse, s.modify(op)))
	case goldap.ApplicationAddRequest, goldap.ApplicationDelRequest,
		goldap.ApplicationModifyDNRequest, goldap.ApplicationCompareRequest:
		// Their responses have the next tag each.
		return s.send(id, ldapResult(op.Tag+1, ldapRefusal{goldap.LDAPResultUnwillingToPerform, "entries are neither made nor moved here"}))
	}
	return errSessionOver // unbind, or nothing we know
}

// ldapRefusal is a result; its zero value is success.
type ldapRefusal struct {
	code uint16
	why  string
}

// bind is RFC 4511, 4.2: version, name, and the password under tag 0.
func (s *ldapSession) bind(op *ber.Packet) ldapRefusal {
	s.signed, s.cursor = false, nil
	if len(op.Children) < 3 || op.Children[2].Tag != 0 {
		return ldapRefusal{goldap.LDAPResultAuthMethodNotSupported, "sign in with a password"}
	}
	name, password := op.Children[1].Data.String(), op.Children[2].Data.Bytes()
	if name == "" && len(password) == 0 {
		return ldapRefusal{} // anonymous: allowed, and good for nothing
	}
	if s.cfg.Certificate != nil && !s.secure {
		return ldapRefusal{goldap.LDAPResultConfidentialityRequired, "start TLS first"}
	}
	if s.person(name, password) {
		return ldapRefusal{} // and good for nothing else
	}
	if !strings.EqualFold(name, s.cfg.BindDN) || len(password) == 0 || subtle.ConstantTimeCompare(password, s.cfg.Password) != 1 {
		return ldapRefusal{goldap.LDAPResultInvalidCredentials, ""}
	}
	s.signed = true
	return ldapRefusal{}
}

// person reports whether this is somebody's password.
func (s *ldapSession) person(name string, password []byte) bool {
	for dn, theirs := range s.cfg.People {
		if strings.EqualFold(name, dn) && subtle.ConstantTimeCompare(password, []byte(theirs)) == 1 {
			return true
		}
	}
	return false
}

// extended is RFC 4511, 4.12. The only operation known is StartTLS, 4.14.
func (s *ldapSession) extended(ctx context.Context, id int64, op *ber.Packet) error {
	const startTLS = "1.3.6.1.4.1.1466.20037"
	answer := func(code uint16, why string) error {
		return s.send(id, ldapResult(goldap.ApplicationExtendedResponse, ldapRefusal{code, why}))
	}
	switch {
	case len(op.Children) == 0, op.Children[0].Data.String() != startTLS, s.cfg.Certificate == nil:
		return answer(goldap.LDAPResultProtocolError, "unknown operation")
	case s.secure:
		return answer(goldap.LDAPResultOperationsError, "TLS has been started")
	}
	if err := answer(goldap.LDAPResultSuccess, ""); err != nil {
		return err
	}
	return s.startTLS(ctx)
}

func (s *ldapSession) startTLS(ctx context.Context) error {
	c := tls.Server(s.conn, &tls.Config{Certificates: []tls.Certificate{*s.cfg.Certificate}, MinVersion: tls.VersionTLS12})
	if err := c.HandshakeContext(ctx); err != nil {
		return err
	}
	s.conn, s.secure, s.signed, s.cursor = c, true, false, nil
	return nil
}

// ldapResult is an LDAPResult (RFC 4511, 4.1.9).
func ldapResult(tag ber.Tag, r ldapRefusal) *ber.Packet {
	p := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, uint64(r.code), ""))
	p.AppendChild(ldapOctets("")) // matched DN
	p.AppendChild(ldapOctets(r.why))
	return p
}

func ldapOctets(s string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, s, "")
}

// send writes one message.
func (s *ldapSession) send(id int64, op *ber.Packet) error {
	_, err := s.conn.Write(ldapMessage(id, op))
	return err
}

func ldapMessage(id int64, op *ber.Packet, controls ...goldap.Control) []byte {
	m := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	m.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	m.AppendChild(op)
	if len(controls) > 0 {
		list := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
		for _, c := range controls {
			list.AppendChild(c.Encode())
		}
		m.AppendChild(list)
	}
	return m.Bytes()
}

// search is RFC 4511, 4.5: the entries of one page, then the result.
func (s *ldapSession) search(id int64, op *ber.Packet, controls []*ber.Packet) error {
	no := func(code uint16, why string) error {
		return s.send(id, ldapResult(goldap.ApplicationSearchResultDone, ldapRefusal{code, why}))
	}
	if !s.signed {
		return no(goldap.LDAPResultInsufficientAccessRights, "sign in first")
	}
	q, err := readQuery(op)
	if err != nil {
		return no(goldap.LDAPResultProtocolError, err.Error())
	}
	paging, err := readPaging(controls)
	if err != nil {
		return no(goldap.LDAPResultProtocolError, err.Error())
	}
	found, answer, why := s.page(q, paging)
	out := bufio.NewWriter(s.conn)
	for _, e := range found {
		if _, err := out.Write(ldapMessage(id, e.encode(q.attributes))); err != nil {
			return err
		}
	}
	if _, err := out.Write(ldapMessage(id, ldapResult(goldap.ApplicationSearchResultDone, why), answer...)); err != nil {
		return err
	}
	return out.Flush()
}
