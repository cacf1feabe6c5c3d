package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// The access system is told of a card once it is written, as soon as it
// answers, and once; also that the policy does not want it any more.
func (s *site) accessSwitched() {
	const user = "mkim"
	addr := freeAddress(s.t)
	write(s.t, s.path("access-secret"), randomWord(40)+"\n")
	access := fmt.Sprintf("\n[access]\nurl = \"https://%s/cards\"\nsecret_file = \"access-secret\"\nca_file = \"root.pem\"\n", addr)
	s.withPolicies(access, policyText("staff", "access_system = true", logonTemplate))
	s.put(0, "712340")
	if first := s.updateOf(user, "--card", "712340", "--assign"); first.End != "finished" {
		s.t.Fatalf("with the access system away: %+v", first)
	}
	receiver := s.startReceiver(addr)
	s.work() // too early: it was tried a moment ago
	const minutes = 2 * time.Minute
	for range 2 {
		if _, err := s.open(minutes).desk.RunErrands(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
	}
	card := "yubikey-712340"
	s.knows(addr, `{"`+card+`":"mkim"}`)
	if got := s.updateOf(user); got.End != "" {
		s.t.Errorf("with nothing to do: %+v", got)
	}
	p := s.open(0)
	_, reasons := s.profile(p, user)
	s.says("the profile", reasons)

	s.withPolicies(access, policyText("staff", "", logonTemplate))
	p = s.open(0)
	switched := "The access system was switched off for the policy"
	_, reasons = s.profile(p, user)
	s.says("the profile", reasons, switched)
	s.says("the report", s.due(user), switched)
	if got := s.updateOf(user); got.End != "finished" || len(got.Written) > 0 {
		s.t.Errorf("the update: %+v", got)
	}
	s.knows(addr, `{}`)
	_, reasons = s.profile(p, user)
	s.says("the profile after the update", reasons)
	want := regexp.MustCompile(`^listening on .*\nregister ` + card + ` mkim 1 (\S+)\nremove ` + card + ` mkim 0 (\S+)\n$`)
	if said := receiver.String(); !want.MatchString(said) {
		s.t.Errorf("the access system was told\n%s", said)
	}
}

// startReceiver starts the access system of the test data, over TLS.
func (s *site) startReceiver(addr string) (said *lockedBuffer) {
	s.t.Helper()
	program := s.path("access-receiver")
	if out, err := exec.Command("go", "build", "-o", program, "../../testdata/access-receiver").CombinedOutput(); err != nil {
		s.t.Fatalf("build the receiver: %v\n%s", err, out)
	}
	said = &lockedBuffer{}
	cmd := exec.Command(program, "--listen", addr, "--secret-file", s.path("access-secret"), "--cert", s.path("server.pem"), "--key", s.path("server.key"))
	backgroundSaying(s.t, cmd, said, func() bool { return strings.Contains(said.String(), "listening on") })
	return said
}

// knows expects of the access system that these cards are its authenticators.
func (s *site) knows(addr, want string) {
	s.t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(read(s.t, s.path("root.pem"))))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}}
	resp, err := client.Get("https://" + addr + "/cards")
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if got := strings.TrimSpace(string(text)); got != want {
		s.t.Errorf("the access system knows %s, %v, not %s", got, err, want)
	}
}
