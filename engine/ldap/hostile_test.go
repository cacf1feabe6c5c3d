package ldap

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"

	"cardkiosk/engine"
)

// fake is a server that does to each connection what a test says.
type fake struct {
	addr  string
	conns sync.WaitGroup

	mu   sync.Mutex
	open []net.Conn
}

func newFake(t *testing.T, serve func(net.Conn)) *fake {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{addr: l.Addr().String()}
	f.conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			f.open = append(f.open, c)
			f.mu.Unlock()
			f.conns.Go(func() { serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		f.mu.Lock()
		for _, c := range f.open {
			c.Close()
		}
		f.mu.Unlock()
		f.conns.Wait()
	})
	return f
}

// config is how a kiosk asks the fake: without TLS, and without a limit in
// time that could end a test.
func (f *fake) config() Config {
	return Config{
		Servers: []string{"ldap://" + f.addr}, AllowPlaintext: true, BaseDN: "dc=corp,dc=example",
		ConnectTimeout: time.Hour, Timeout: time.Hour,
	}
}

// mute reads requests, tells asked of each, and never answers.
func mute(asked chan<- struct{}) func(net.Conn) {
	return func(c net.Conn) {
		for {
			if _, err := c.Read(make([]byte, 4096)); err != nil {
				return
			}
			asked <- struct{}{}
		}
	}
}

// A server that takes the connection and then says nothing keeps nobody
// waiting who turns away, at whatever point it falls silent.
func TestSilentServer(t *testing.T) {
	s := newSlapd(t)
	for name, change := range map[string]func(*Config){
		"search":   func(*Config) {},
		"bind":     func(c *Config) { c.BindDN, c.PasswordFile = bindDN, s.passwordFile },
		"StartTLS": func(c *Config) { c.StartTLS = true },
		"TLS":      func(c *Config) { c.Servers[0] = strings.Replace(c.Servers[0], "ldap:", "ldaps:", 1) },
	} {
		asked := make(chan struct{}, 100)
		cfg := newFake(t, mute(asked)).config()
		change(&cfg)
		d := open(t, cfg)
		for way, turnAway := range map[string]func(engine.Hits, context.CancelFunc){
			"cancel": func(_ engine.Hits, cancel context.CancelFunc) { cancel() },
			"close":  func(h engine.Hits, _ context.CancelFunc) { h.Close() },
		} {
			t.Run(name+", "+way, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				h := d.Search("ada")
				defer h.Close()
				answer := make(chan error)
				go func() {
					_, err := h.Next(ctx)
					answer <- err
				}()
				<-asked
				turnAway(h, cancel)
				if err := <-answer; !engine.Is(err, engine.Stopped) || !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

// A server that says nothing is given up in time, and the next one is asked:
// at once when it was silent at the sign-in, and the next time when it fell
// silent later.
func TestSilentServerTimesOut(t *testing.T) {
	t.Parallel()
	s := newSlapd(t)
	asked := make(chan struct{}, 100)
	cfg := s.config()
	cfg.StartTLS, cfg.ConnectTimeout = true, 2*time.Second
	cfg.Servers = []string{"ldap://" + newFake(t, mute(asked)).addr, "ldap://" + s.plain}
	if got := found(t, open(t, cfg), "user0042"); len(got) != 1 {
		t.Errorf("found %q", got)
	}

	late := newFake(t, mute(asked)).config()
	late.Servers = append(late.Servers, "ldap://"+s.plain)
	late.Timeout = 100 * time.Millisecond
	d := open(t, late)
	wantError(t, oneError(t, d), engine.DirectoryAway, "no answer in time")
	d.cfg.Timeout = time.Minute
	if got := found(t, d, "user0042"); len(got) != 1 {
		t.Errorf("then found %q", got)
	}
}

// Whatever bytes a server sends, a search ends in words, and never in a panic.
func TestGarbage(t *testing.T) {
	for name, answer := range garbage() {
		d := open(t, newFake(t, func(c net.Conn) { answerWith(c, answer) }).config())
		t.Run(name, func(t *testing.T) {
			err := oneError(t, d)
			if !engine.Is(err, engine.DirectoryAway) && !engine.Is(err, engine.DirectoryRefused) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// answerWith reads one request, sends bytes, and hangs up.
func answerWith(c net.Conn, answer []byte) {
	defer c.Close()
	if _, err := ber.ReadPacket(c); err == nil {
		_, _ = c.Write(answer)
	}
}

// garbage is what a broken or hostile server might answer to message 1.
func garbage() map[string][]byte {
	noise := make([]byte, 4096)
	_, _ = rand.Read(noise)
	op := func(tag ber.Tag, children ...*ber.Packet) []byte {
		body := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
		for _, child := range children {
			body.AppendChild(child)
		}
		return envelope(1, body).Bytes()
	}
	text := func(s string) *ber.Packet {
		return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, s, "")
	}
	number := func(n int64) *ber.Packet {
		return ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, n, "")
	}
	return map[string][]byte{
		"noise":            noise,
		"nothing":          {},
		"HTTP":             []byte("HTTP/1.1 400 Bad Request\r\n\r\n"),
		"huge length":      {0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x02, 0x01, 0x01},
		"deep":             []byte(strings.Repeat("\x30\x80", 5000)),
		"entry of nothing": op(goldap.ApplicationSearchResultEntry),
		"entry of numbers": op(goldap.ApplicationSearchResultEntry, number(1), number(2)),
		"done of nothing":  op(goldap.ApplicationSearchResultDone),
		"done of texts":    op(goldap.ApplicationSearchResultDone, text("0"), text(""), text("")),
		"unknown result":   op(goldap.ApplicationSearchResultDone, number(4711), text(""), text("\x1b[2J\xff")),
		"bind answer":      op(goldap.ApplicationBindResponse, number(0), text(""), text("")),
	}
}

// envelope is an LDAPMessage (RFC 4511, 4.1.1).
func envelope(id int64, body *ber.Packet) *ber.Packet {
	message := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	message.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	message.AppendChild(body)
	return message
}

// What a server says about its refusal does not bring escape sequences along.
func TestServersWords(t *testing.T) {
	d := open(t, newFake(t, func(c net.Conn) { answerWith(c, garbage()["unknown result"]) }).config())
	err := oneError(t, d)
	wantError(t, err, engine.DirectoryRefused, "�[2J�")
	if strings.Contains(err.Error(), "\x1b") {
		t.Errorf("%q", err)
	}
}

// A server that never stops sending is cut off before memory runs out.
func TestEndlessAnswer(t *testing.T) {
	t.Parallel()
	entry := soundEntry(strings.Repeat("x", 1<<16)).Bytes()
	d := open(t, newFake(t, func(c net.Conn) {
		defer c.Close()
		_, err := ber.ReadPacket(c)
		for err == nil {
			_, err = c.Write(entry)
		}
	}).config())
	wantError(t, oneError(t, d), engine.DirectoryAway, errTooLong.Error())
}

// soundEntry is a sound entry whose only attribute is a display name.
func soundEntry(name string) *ber.Packet {
	e := goldap.NewEntry("uid=x", map[string][]string{"displayName": {name}, "entryUUID": {"x"}})
	body := ber.Encode(ber.ClassApplication, ber.TypeConstructed, goldap.ApplicationSearchResultEntry, nil, "")
	body.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, e.DN, ""))
	list := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	for _, a := range e.Attributes {
		one := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
		one.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, a.Name, ""))
		set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		set.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, a.Values[0], ""))
		one.AppendChild(set)
		list.AppendChild(one)
	}
	body.AppendChild(list)
	return envelope(1, body)
}
