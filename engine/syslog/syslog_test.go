package syslog_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"cardkiosk/engine"
	"cardkiosk/engine/syslog"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 123456000, time.UTC)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func row(n int64, detail string) engine.ChainedRow {
	r := engine.ChainedRow{Seq: n + 100, N: n, Format: 1, AuditRow: engine.AuditRow{
		At: noon, Actor: engine.Actor{Who: "olga", Station: "lobby-1", Mode: engine.Operator, How: engine.ByCard},
		Act: "update card", Card: "yubikey-1", User: "u1", Run: "r1", Result: "done", Detail: detail,
	}}
	r.Hash = r.Link()
	return r
}

func open(t *testing.T, c syslog.Config) *syslog.Server {
	t.Helper()
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	c.Host = "kiosk 1\n.example"
	s, err := syslog.Open(c)
	must(t, err)
	return s
}

// counted reads messages with their length in front until the sender is done.
func counted(r io.Reader) (all []string, err error) {
	in := bufio.NewReader(r)
	for {
		length, err := in.ReadString(' ')
		if errors.Is(err, io.EOF) && length == "" {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		n, err := strconv.Atoi(strings.TrimSuffix(length, " "))
		if err != nil {
			return all, err
		}
		m := make([]byte, n)
		if _, err := io.ReadFull(in, m); err != nil {
			return all, err
		}
		all = append(all, string(m))
	}
}

// receive answers one connection and returns what came.
func receive(t *testing.T, l net.Listener) <-chan []string {
	t.Helper()
	came := make(chan []string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			came <- []string{err.Error()}
			return
		}
		all, err := counted(conn)
		if err != nil {
			all = append(all, err.Error())
		}
		_ = conn.Close()
		came <- all
	}()
	return came
}

// A row is a message as RFC 5424 has it, with all that is chained in it.
func TestMessage(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	came := receive(t, l)
	s := open(t, syslog.Config{Address: "tcp://" + l.Addr().String(), Facility: "local3"})
	r, refused := row(1, `a "b" \c [d]`+"\n\x1b"), row(2, "")
	refused.Result = "refused"
	must(t, s.CarryRows(t.Context(), []engine.ChainedRow{r, refused}))
	all := <-came
	want := `<157>1 2026-03-04T12:00:00.123456Z kiosk_1_.example kiosk - AUDIT [audit@32473 seq="101" station="lobby-1" n="1" who="olga" how="card" mode="operator" act="update card" card="yubikey-1" user="u1" run="r1" result="done" format="1" prev="` +
		strings.Repeat("0", 64) + `" hash="` + r.Hash.String() + `" detail="a \"b\" \\c [d\]��"] olga: update card: done`
	if len(all) != 2 || all[0] != want {
		t.Errorf("got  %s\nwant %s", strings.Join(all, "\n"), want)
	}
	if !strings.HasPrefix(all[1], "<156>1 ") || strings.Contains(all[1], "detail=") {
		t.Errorf("a refusal is %s", all[1])
	}
}

// However long and strange what a row says, a message is no larger than the
// server takes, is valid UTF-8, keeps the row's place in the chain, and says that
// it was cut.
func TestLongRows(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	must(t, err)
	defer conn.Close()
	s := open(t, syslog.Config{Address: "udp://" + conn.LocalAddr().String()})
	for _, detail := range []string{"short", strings.Repeat("ü", 5000), strings.Repeat(`"]\`, 3000), strings.Repeat("\x00\xff", 4000)} {
		r := row(7, detail)
		if detail != "short" {
			r.Actor.Who, r.Act = detail, detail
		}
		must(t, s.CarryRows(t.Context(), []engine.ChainedRow{r}))
		packet := make([]byte, 1<<16)
		n, _, err := conn.ReadFrom(packet)
		must(t, err)
		m := string(packet[:n])
		if n > 2048 || !utf8.ValidString(m) || !strings.Contains(m, ` n="7"`) || !strings.Contains(m, ` hash="`+r.Hash.String()+`"`) {
			t.Errorf("%d bytes: %s", n, m)
		}
		if cut := strings.Contains(m, ` cut="yes"`); cut != (detail != "short") {
			t.Errorf("cut is %v: %s", cut, m)
		}
		if !wellFormed.MatchString(m) {
			t.Errorf("no message of RFC 5424: %s", m)
		}
	}
}

// wellFormed is a message with one element of structured data (RFC 5424, 6).
var wellFormed = regexp.MustCompile(`^<\d{1,3}>1 [\d-]+T[\d:.]+Z [!-~]{1,255} kiosk - [A-Z]+ \[[a-z]+@32473( [a-z]+="([^"\\\]]|\\["\\\]])*")+\] .*$`)

// A checkpoint is found again in what the server has written, whole, also one of a
// station with a strange name.
func TestCheckpointComesWhole(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	must(t, err)
	defer conn.Close()
	s := open(t, syslog.Config{Address: "udp://" + conn.LocalAddr().String()})
	want := engine.Checkpoint{Station: strings.Repeat("Süd \"1\" \u202e]", 40), Number: 3, N: 9, Seq: 12, At: noon}.Sign(newKey(t))
	must(t, s.CarryCheckpoints(t.Context(), []engine.Checkpoint{want}))
	packet := make([]byte, 1<<16)
	n, _, err := conn.ReadFrom(packet)
	must(t, err)
	got, ok, err := engine.FindCheckpoint(string(packet[:n]))
	if !ok || err != nil || !got.Signed() || got.Line() != want.Line() {
		t.Errorf("%v: %s", err, packet[:n])
	}
}

// Over TCP, nothing has arrived before the server has read it all and closed: one
// that dies in the middle, or never answers, gets it again.
func TestArrived(t *testing.T) {
	rows := make([]engine.ChainedRow, 200)
	for i := range rows {
		rows[i] = row(int64(i+1), strings.Repeat("x", 2000))
	}
	for name, serve := range map[string]func(net.Conn){
		"dies":  func(c net.Conn) { _, _ = io.CopyN(io.Discard, c, 5000); _ = c.(*net.TCPConn).SetLinger(0) },
		"hangs": func(c net.Conn) { _, _ = io.Copy(io.Discard, c); <-t.Context().Done() },
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serve(c)
			_ = c.Close()
		}()
		s := open(t, syslog.Config{Address: "tcp://" + l.Addr().String(), Timeout: time.Second})
		if err := s.CarryRows(t.Context(), rows); !engine.Is(err, engine.LogAway) {
			t.Errorf("%s: %v", name, err)
		}
		must(t, l.Close())
	}
}

// A server that is not there is noticed, also over UDP on this machine; a program
// that ends is not kept waiting.
func TestAway(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, free.Close())
	for _, address := range []string{"tcp://" + free.Addr().String(), "udp://" + free.Addr().String(), "unix://" + filepath.Join(t.TempDir(), "log")} {
		err := open(t, syslog.Config{Address: address}).CarryRows(t.Context(), []engine.ChainedRow{row(1, "")})
		if !engine.Is(err, engine.LogAway) || !strings.Contains(err.Error(), address) {
			t.Errorf("%s: %v", address, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := open(t, syslog.Config{Address: "tcp://" + free.Addr().String()}).CarryRows(ended, []engine.ChainedRow{row(1, "")}); !engine.Is(err, engine.Stopped) {
		t.Errorf("when the program ends: %v", err)
	}
}

// The machine's own socket may take packets or a stream.
func TestSocket(t *testing.T) {
	packets := filepath.Join(t.TempDir(), "log")
	conn, err := net.ListenPacket("unixgram", packets)
	must(t, err)
	defer conn.Close()
	must(t, open(t, syslog.Config{Address: "unix://" + packets}).CarryRows(t.Context(), []engine.ChainedRow{row(1, "")}))
	m := make([]byte, 8192)
	n, _, err := conn.ReadFrom(m)
	must(t, err)
	if !wellFormed.Match(m[:n]) {
		t.Errorf("got %s", m[:n])
	}

	stream := filepath.Join(t.TempDir(), "log")
	l, err := net.Listen("unix", stream)
	must(t, err)
	defer l.Close()
	came := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			came <- err.Error()
			return
		}
		text, _ := io.ReadAll(c)
		came <- string(text)
	}()
	must(t, open(t, syslog.Config{Address: "unix://" + stream}).CarryRows(t.Context(), []engine.ChainedRow{row(1, ""), row(2, "")}))
	if text := <-came; strings.Count(text, "\n") != 2 || !wellFormed.MatchString(strings.Split(text, "\n")[1]) {
		t.Errorf("got %s", text)
	}
}

// Over TLS rows go only to who has the certificate for that name.
func TestTLS(t *testing.T) {
	cert, caFile := newServer(t, "log.corp.example")
	for name, c := range map[string]struct {
		config syslog.Config
		trusts bool
	}{
		"trusted":     {syslog.Config{CAFile: caFile, ServerName: "log.corp.example"}, true},
		"other name":  {syslog.Config{CAFile: caFile}, false},
		"other roots": {syslog.Config{ServerName: "log.corp.example"}, false},
	} {
		l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
		must(t, err)
		came := receive(t, l)
		c.config.Address = "tls://" + l.Addr().String()
		err = open(t, c.config).CarryRows(t.Context(), []engine.ChainedRow{row(1, "x"), row(2, "y")})
		all := <-came
		if c.trusts && (err != nil || len(all) != 2 || !wellFormed.MatchString(all[1])) {
			t.Errorf("%s: %v, %v", name, err, all)
		}
		if !c.trusts && (!engine.Is(err, engine.LogAway) || !strings.Contains(fmt.Sprint(err), "certificate")) {
			t.Errorf("%s: %v, %v", name, err, all)
		}
		must(t, l.Close())
	}
}

// What cannot be used is said before anything is sent, without repeating what may
// be a password.
func TestUnusable(t *testing.T) {
	for _, c := range []struct {
		config  syslog.Config
		setting string
	}{
		{syslog.Config{Address: ""}, "address"},
		{syslog.Config{Address: "log.corp.example:514"}, "address"},
		{syslog.Config{Address: "tls://user:secret@log:6514"}, "address"},
		{syslog.Config{Address: "tcp://log"}, "address"},
		{syslog.Config{Address: "http://log:80"}, "address"},
		{syslog.Config{Address: "unix://log"}, "address"},
		{syslog.Config{Address: "tcp://log:514", Facility: "kern"}, "facility"},
		{syslog.Config{Address: "tls://log:6514", CAFile: "missing.pem"}, "ca_file"},
	} {
		_, err := syslog.Open(c.config)
		if !engine.Is(err, engine.BadInput) || !strings.Contains(err.Error(), "("+c.setting+")") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v", c.config, err)
		}
	}
}

func newServer(t *testing.T, name string) (cert tls.Certificate, caFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, caFile
}
