package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/asn1"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/authority"
	"cardkiosk/engine/ca/builtin"
)

// commandLine is the variable that makes this test binary the kiosk: its
// arguments, one a line.
const commandLine = "CARDKIOSK_TEST_COMMAND_LINE"

// TestKioskProcess is no test: it is what kioskProcess starts.
func TestKioskProcess(t *testing.T) {
	args, ok := os.LookupEnv(commandLine)
	if !ok {
		t.Skip("only for other tests to start")
	}
	os.Exit(run(strings.Split(args, "\n")))
}

// kioskProcess is the kiosk as a process of its own, not yet started.
func kioskProcess(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKioskProcess$")
	cmd.Env = append(os.Environ(), commandLine+"="+strings.Join(args, "\n"))
	return cmd
}

// kioskSays runs a command and returns what it says and its exit code.
func kioskSays(t *testing.T, args ...string) (said string, code int) {
	t.Helper()
	out, err := kioskProcess(t, args...).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return string(out), exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(out), 0
}

const caPassphrase = "correct horse battery"

// caFolder is a folder with a CA, made cheaply, and its passphrase's file.
func caFolder(t testing.TB) (dir, passphrase string) {
	t.Helper()
	dir, passphrase = filepath.Join(t.TempDir(), "ca"), filepath.Join(t.TempDir(), "passphrase")
	if err := os.WriteFile(passphrase, []byte(caPassphrase+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := authority.Init(t.Context(), dir, []byte(caPassphrase), authority.Options{
		Name: "Corp Issuing CA", Key: authority.KeyP256, Years: 10, CRLURL: "http://pki.corp.example/crl", IssuerURL: "http://pki.corp.example/ca.cer",
		ServerNames: []string{"127.0.0.1"}, Actor: engine.Actor{Who: "root"}, Now: time.Now, Random: rand.Reader, Iterations: 1000,
	}); err != nil {
		t.Fatal(err)
	}
	return dir, passphrase
}

// caProcess is kiosk ca serve, under way.
type caProcess struct {
	cmd  *exec.Cmd
	url  string
	rest chan string // what it logged after it had begun to serve, once it has ended
}

var serving = regexp.MustCompile(`msg="CA serves" stations=(\S+) public=(\S+)`)

func serveCA(t *testing.T, dir, passphrase string) *caProcess {
	t.Helper()
	p := &caProcess{rest: make(chan string, 1)}
	p.cmd = kioskProcess(t, "ca", "serve", dir, "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--passphrase-file", passphrase)
	log, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		if m := serving.FindStringSubmatch(lines.Text()); m != nil {
			p.url = "https://" + m[1]
			break
		}
		t.Log(lines.Text())
	}
	go func() {
		var rest strings.Builder
		for lines.Scan() {
			rest.WriteString(lines.Text() + "\n")
		}
		p.rest <- rest.String()
	}()
	if p.url == "" {
		t.Fatal("the CA did not begin to serve")
	}
	return p
}

// end waits for the process, and returns the rest of its log.
func (p *caProcess) end() (string, error) {
	rest := <-p.rest
	return rest, p.cmd.Wait()
}

// stationFolder makes a station on the command line.
func stationFolder(t *testing.T, dir, passphrase, name string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), name)
	if said, code := kioskSays(t, "ca", "station", name, "--ca", dir, "--out", out, "--passphrase-file", passphrase); code != exitDone {
		t.Fatalf("exit code %d: %s", code, said)
	}
	return out
}

func connectCA(t testing.TB, url, station string) *builtin.CA {
	t.Helper()
	ca, err := builtin.New(builtin.Config{
		URL:             url,
		CertificateFile: filepath.Join(station, authority.StationCertificateFile),
		KeyFile:         filepath.Join(station, authority.StationKeyFile),
		RootFile:        filepath.Join(station, authority.StationRootFile),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ca.Close)
	return ca
}

// cardRequest asks for a certificate under the example's template cardauth.
func cardRequest(t testing.TB, id string, key crypto.Signer) engine.CARequest {
	t.Helper()
	clientAuth, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 2}})
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{Organization: []string{"Corp Example"}, CommonName: "Zoë Müller"},
		ExtraExtensions: []pkix.Extension{
			{Id: asn1.ObjectIdentifier{2, 5, 29, 15}, Critical: true, Value: []byte{3, 2, 7, 0x80}},
			{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Value: clientAuth},
		},
	}, key)
	if err != nil {
		t.Fatal(err)
	}
	return engine.CARequest{ID: id, Profile: "cardauth", CSR: csr, ValidDays: 30, User: engine.UserRef{ID: "u1", Name: "Zoë"}, Actor: engine.Actor{Who: "anna", Mode: engine.Operator}}
}

func newCardKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// commandSays is a command, its exit code and what it has to say.
type commandSays struct {
	args []string
	code int
	says string
}

func checkCommands(t *testing.T, commands []commandSays) {
	t.Helper()
	for _, c := range commands {
		said, code := kioskSays(t, c.args...)
		if code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("kiosk %s: exit code %d and not %d: %s", strings.Join(c.args, " "), code, c.code, said)
		}
		if strings.Contains(said, caPassphrase) {
			t.Errorf("kiosk %s tells the passphrase", strings.Join(c.args, " "))
		}
	}
}

// A CA is made on the command line, once.
func TestCAInit(t *testing.T) {
	dir, pass := filepath.Join(t.TempDir(), "ca"), filepath.Join(t.TempDir(), "pass")
	if err := os.WriteFile(pass, []byte(caPassphrase+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	initCA := []string{
		"ca", "init", dir, "--name", "Corp Issuing CA", "--passphrase-file", pass, "--crl-url", "http://pki.corp.example/crl",
		"--aia-url", "http://pki.corp.example/ca.cer", "--server-name", "localhost",
	}
	checkCommands(t, []commandSays{
		{append(initCA, "--key", "dsa"), exitUsage, "p256"},
		{initCA, exitDone, `The CA "Corp Issuing CA" is in ` + dir},
		{initCA, exitUsage, "nothing is overwritten"},
	})
}

// The administrator's day, command by command: a station is made, listed and
// revoked, lists are published; what goes wrong has words and an exit code.
func TestCACommands(t *testing.T) {
	dir, pass := caFolder(t)
	out := t.TempDir()
	at := func(args ...string) []string {
		return append([]string{"ca"}, append(args, "--passphrase-file", pass)...)
	}
	checkCommands(t, []commandSays{
		{at("station", "lobby-1", "--ca", dir, "--out", out, "--rights", "ask"), exitDone, "It cannot update cards: that needs both rights"},
		{at("station", "lobby-1", "--ca", dir, "--out", out), exitUsage, "nothing is overwritten"},
		{at("station", "--list", "--ca", dir), exitDone, "lobby-1  ask  "},
		{at("station", "--ca", dir), exitUsage, "name a station"},
		{at("station", "lobby-1", "--ca", dir), exitUsage, "give --out DIR"},
		{at("station", "--revoke", "lobby-1", "--ca", dir), exitDone, "Station lobby-1 is revoked."},
		{at("station", "--list", "--ca", dir), exitDone, "revoked 20"},
		{at("station", "--revoke", "lobby-9", "--ca", dir), exitUsage, `does not know a station "lobby-9"`},
		{at("crl", dir, "--show"), exitDone, "No list has been published yet."},
		{at("crl", dir), exitDone, "List 1 of "},
		{at("crl", dir, "--show"), exitDone, "List 1 of "},
		{at("revoke", "abcdef", "--reason", "superseded", "--ca", dir), exitUsage, "does not know a certificate"},
		{at("revoke", "abcdef", "--reason", "boredom", "--ca", dir), exitUsage, "keyCompromise"},
		{[]string{"ca", "crl", dir, "--passphrase-file", os.DevNull}, exitUsage, "first line is empty"},
		{[]string{"ca", "crl", dir, "--passphrase-file", filepath.Join(dir, "nowhere")}, exitUsage, "nowhere"},
	})
}

// A CA that is served is asked by the client of the same house: ready, ask,
// look up, reject, conflict, issuers, revoke; a station that is revoked beside
// it is refused at once; and it stops when it is told to.
func TestCAServe(t *testing.T) {
	dir, pass := caFolder(t)
	station := stationFolder(t, dir, pass, "lobby-1")
	served := serveCA(t, dir, pass)
	ca, ctx := connectCA(t, served.url, station), t.Context()

	if err := ca.Ready(ctx, "cardauth", 30); err != nil {
		t.Errorf("ready: %v", err)
	}
	if err := ca.Ready(ctx, "vpn", 30); !engine.Is(err, engine.CARefused) || !strings.Contains(err.Error(), `does not know a template "vpn"`) {
		t.Errorf("a template it does not have: %v", err)
	}
	if err := ca.Ready(ctx, "cardauth", 5000); !engine.Is(err, engine.CARefused) || !strings.Contains(err.Error(), "at most 1096 days of validity, not 5000") {
		t.Errorf("longer than it permits: %v", err)
	}
	half := filepath.Join(t.TempDir(), "half")
	if said, code := kioskSays(t, "ca", "station", "lobby-2", "--ca", dir, "--out", half, "--rights", "ask", "--passphrase-file", pass); code != exitDone {
		t.Fatalf("make half a station: %s", said)
	}
	if err := connectCA(t, served.url, half).Ready(ctx, "cardauth", 30); !engine.Is(err, engine.CARefused) || !strings.Contains(err.Error(), "kiosk ca station lobby-2 --rights ask,revoke") {
		t.Errorf("a station that could not take an update back: %v", err)
	}
	if _, known, err := ca.Lookup(ctx, "r1"); known || err != nil {
		t.Errorf("a request it does not know: %v %v", known, err)
	}
	key := newCardKey(t)
	asked, err := ca.Ask(ctx, cardRequest(t, "r1", key))
	if err != nil || asked.State != engine.RequestIssued {
		t.Fatalf("ask: %+v %v", asked, err)
	}
	if looked, known, err := ca.Lookup(ctx, "r1"); err != nil || !known || !bytes.Equal(looked.Certificate, asked.Certificate) {
		t.Errorf("look up: %v %v", known, err)
	}
	if _, err := ca.Ask(ctx, cardRequest(t, "r1", newCardKey(t))); !engine.Is(err, engine.CARefused) {
		t.Errorf("the same id with another key: %v", err)
	}
	long := cardRequest(t, "r2", key)
	long.ValidDays = 5000
	if a, err := ca.Ask(ctx, long); err != nil || a.State != engine.RequestRejected || a.Words != "Template cardauth permits at most 1096 days of validity, not 5000 (max_valid_days in ca.toml)" {
		t.Errorf("too long: %+v %v", a, err)
	}
	leaf := issuedBy(t, ca, asked.Certificate)
	for range 2 {
		if err := ca.Revoke(ctx, leaf.SerialNumber.Text(16), engine.CessationOfOperation); err != nil {
			t.Errorf("revoke: %v", err)
		}
	}
	held, err := ca.Ask(ctx, cardRequest(t, "r3", newCardKey(t)))
	if err != nil {
		t.Fatal(err)
	}
	checkHold(t, served.url, station, dir, pass, issuedBy(t, ca, held.Certificate).SerialNumber.Text(16), leaf.SerialNumber.Text(16))
	said, code := kioskSays(t, "ca", "station", "--revoke", "lobby-1", "--ca", dir, "--passphrase-file", pass)
	if code != exitDone {
		t.Fatalf("revoke station: %s", said)
	}
	if err := ca.Ready(ctx, "cardauth", 30); !engine.Is(err, engine.CARefused) || !strings.Contains(err.Error(), "Station lobby-1 was revoked") {
		t.Errorf("a revoked station: %v", err)
	}
	if err := served.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if log, err := served.end(); err != nil || !strings.Contains(log, `msg="CA stopped" err=<nil>`) {
		t.Errorf("told to stop: %v\n%s", err, log)
	}
	if err := ca.Ready(ctx, "cardauth", 30); !engine.Is(err, engine.CAAway) {
		t.Errorf("a CA that has stopped: %v", err)
	}
}

// checkHold puts a certificate on hold and releases it beside the CA that is
// served; a station sees both, beside one that was revoked before.
func checkHold(t *testing.T, url, station, dir, pass, serial, revoked string) {
	t.Helper()
	says := func(step string, want map[string]engine.RevokeReason) {
		t.Helper()
		all, err := connectCA(t, url, station).Revoked(t.Context())
		got := map[string]engine.RevokeReason{}
		for _, r := range all {
			got[r.Serial] = r.Reason
		}
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: the CA says %v, not %v: %v", step, got, want, err)
		}
	}
	at := func(args ...string) []string { return append(args, "--ca", dir, "--passphrase-file", pass) }
	says("before", map[string]engine.RevokeReason{revoked: engine.CessationOfOperation})
	checkCommands(t, []commandSays{{at("ca", "revoke", serial, "--reason", "certificateHold"), exitDone, "Certificate " + serial + " is on hold since 20"}})
	says("on hold", map[string]engine.RevokeReason{revoked: engine.CessationOfOperation, serial: engine.CertificateHold})
	checkCommands(t, []commandSays{
		{at("ca", "release", serial), exitDone, "Certificate " + serial + " is not on hold."},
		{at("ca", "release", revoked), exitRefused, "cessationOfOperation"},
		{at("ca", "release", "abcdef"), exitUsage, "does not know a certificate"},
	})
	says("released", map[string]engine.RevokeReason{revoked: engine.CessationOfOperation})
}

// issuedBy checks that the CA signed a certificate.
func issuedBy(t *testing.T, ca *builtin.CA, der []byte) *x509.Certificate {
	t.Helper()
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	issuers, err := ca.Issuers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := x509.ParseCertificate(issuers[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := leaf.CheckSignatureFrom(issuer); err != nil {
		t.Error(err)
	}
	return leaf
}

// However the CA's process is killed, each id gets one certificate, and what
// was answered stays true.
func TestCAKilled(t *testing.T) {
	dir, pass := caFolder(t)
	station := stationFolder(t, dir, pass, "lobby-1")
	const rounds, each = 3, 16
	answered, requests := map[string][]byte{}, map[string]engine.CARequest{}
	for round := range rounds {
		served := serveCA(t, dir, pass)
		ca := connectCA(t, served.url, station)
		keep := askUntilKilled(t, served, ca, round, each, requests)
		for id, der := range keep {
			answered[id] = der
		}
		if _, err := served.end(); err == nil {
			t.Error("the CA ended by itself")
		}
	}
	if len(answered) == 0 || len(answered) == len(requests) {
		t.Fatalf("%d of %d requests were answered: nothing was cut", len(answered), len(requests))
	}
	served := serveCA(t, dir, pass)
	ca := connectCA(t, served.url, station)
	for id, r := range requests {
		a, err := ca.Ask(t.Context(), r)
		if err != nil || a.State != engine.RequestIssued {
			t.Errorf("request %s: %+v %v", id, a, err)
		}
		if before, ok := answered[id]; ok && !bytes.Equal(before, a.Certificate) {
			t.Errorf("request %s has two certificates", id)
		}
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "ca.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var certificates int
	if err := db.QueryRow(`SELECT count(*) FROM certificates`).Scan(&certificates); err != nil || certificates != len(requests) {
		t.Errorf("%d requests have %d certificates: %v", len(requests), certificates, err)
	}
	t.Logf("%d requests, %d answered before a kill", len(requests), len(answered))
	if err := served.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if _, err := served.end(); err != nil {
		t.Error(err)
	}
}

// askUntilKilled asks for many certificates at once and kills the CA as soon
// as some are there; it returns those.
func askUntilKilled(t *testing.T, served *caProcess, ca *builtin.CA, round, each int, requests map[string]engine.CARequest) map[string][]byte {
	t.Helper()
	var mu sync.Mutex
	kept := map[string][]byte{}
	var group sync.WaitGroup
	for n := range each {
		id := fmt.Sprintf("r%d.%d", round, n)
		r := cardRequest(t, id, newCardKey(t))
		requests[id] = r
		group.Go(func() {
			a, err := ca.Ask(t.Context(), r)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				kept[id] = a.Certificate
			case !engine.Is(err, engine.CAAway):
				t.Errorf("request %s: %v", id, err)
			}
			if len(kept) == 3+round {
				_ = served.cmd.Process.Kill() // SIGKILL
			}
		})
	}
	group.Wait()
	return kept
}

// The CA serves in this process too, as the demo has it, and lets go of
// everything.
func TestCAInProcess(t *testing.T) {
	dir, _ := caFolder(t)
	a, err := authority.Open(t.Context(), dir, []byte(caPassphrase), time.Now, rand.Reader, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	station := t.TempDir()
	if _, err := a.MakeStation(t.Context(), engine.Actor{Who: "demo"}, authority.NewStation{Name: "demo", MayAsk: true, Days: 1, Dir: station}); err != nil {
		t.Fatal(err)
	}
	var listeners []net.Listener
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listeners = append(listeners, l)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Serve(ctx, listeners[0], listeners[1]) }()
	ca := connectCA(t, "https://"+listeners[0].Addr().String(), station)
	answer, err := ca.Ask(t.Context(), cardRequest(t, "r1", newCardKey(t)))
	if err != nil {
		t.Fatal(err)
	}
	leaf := issuedBy(t, ca, answer.Certificate)
	if err := ca.Revoke(t.Context(), leaf.SerialNumber.Text(16), engine.Superseded); !engine.Is(err, engine.CARefused) {
		t.Errorf("a station without the right to revoke: %v", err)
	}
	stop()
	if err := errors.Join(<-ended, a.Close()); err != nil {
		t.Error(err)
	}
	for _, l := range listeners {
		if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
			t.Errorf("%s still listens", l.Addr())
		}
	}
}
