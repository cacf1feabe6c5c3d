package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/config"
	"cardkiosk/engine/pcsc"
	"cardkiosk/engine/words"
)

// The stories of what lies around a card: the policies that a directory gives
// to its user, the directory that gets the certificates, the access system, the
// CA that revokes. Each has a user and a card of its own; they share servers.
func TestAroundCard(t *testing.T) {
	s := openSite(t, openLDAP, startCrowdedSlapd)
	write(t, s.path("pin"), "48291375\n")
	for _, story := range []struct {
		name string
		tell func(*site)
	}{
		{"policies swapped", (*site).policiesSwapped},
		{"common certificates", (*site).commonCertificates},
		{"superseded revoked", (*site).supersededRevoked},
		{"revoked at the CA", (*site).revokedAtCA},
		{"access switched", (*site).accessSwitched},
	} {
		t.Run(story.name, func(t *testing.T) { story.tell(s.in(t)) })
	}
}

// in is the site as one of its stories has it.
func (s site) in(t *testing.T) *site { s.t = t; return &s }

// withPolicies writes the configuration with other policies, and perhaps more.
func (s *site) withPolicies(texts ...string) {
	s.t.Helper()
	head, _, _ := strings.Cut(realConfig, "[[policy]]")
	write(s.t, s.path("config.toml"), s.fill.Replace(head+s.directory+strings.Join(texts, "\n")))
	if out := done(s.t, "config", "check", s.path("config.toml")); strings.Contains(out, "warning") {
		s.t.Errorf("config check says %q", out)
	}
}

// put puts a card into a reader; it is taken out when the story ends.
func (s *site) put(reader int, serial string) { s.plugIn(reader, serial, "card-"+serial+".json") }

// open is the kiosk inside this program, ahead of the time by so much.
func (s *site) open(ahead time.Duration) *parts {
	s.t.Helper()
	cfg, err := config.Load(s.path("config.toml"), trials(time.Now()))
	if err != nil {
		s.t.Fatal(err)
	}
	var readers realReaders
	p, err := assemble(s.t.Context(), cfg, surroundings{&readers, tester.Who, func() time.Time { return time.Now().Add(ahead) }})
	if err != nil {
		s.t.Fatal(err)
	}
	readers.pcsc, readers.ignore = pcsc.New(p.log), cfg.Readers.Ignores
	p.closing(readers.pcsc.Close)
	s.t.Cleanup(func() {
		if err := p.close(); err != nil {
			s.t.Errorf("close kiosk: %v", err)
		}
	})
	return p
}

// work is one round of the worker's, as a process.
func (s *site) work() {
	s.t.Helper()
	done(s.t, "worker", "--once", "--config", s.path("config.toml"))
}

// refused has an update end with an exit code, and words.
func (s *site) refused(user string, code int, says string, more ...string) {
	s.t.Helper()
	args := append([]string{"update", "--config", s.path("config.toml"), "--user", user, "--yes", "--pin-file", s.path("pin")}, more...)
	out, errs, got := runKiosk(s.t, args...)
	if got != code || !strings.Contains(out+errs, says) {
		s.t.Errorf("update of %s's card: exit code %d, want %d and %q; it said\n%s%s", user, got, code, says, out, errs)
	}
}

// explained expects of kiosk policy explain that it names the policy, and says
// the other things too.
func (s *site) explained(user, policy string, says ...string) {
	s.t.Helper()
	out := done(s.t, "policy", "explain", "--config", s.path("config.toml"), user)
	for _, text := range append([]string{") has the policy " + policy + "\n"}, says...) {
		if !strings.Contains(out, text) {
			s.t.Errorf("policy explain does not say %q, but\n%s", text, out)
		}
	}
}

// profile is what the profile page says of a user and their card.
func (s *site) profile(p *parts, logon string) (profile engine.Profile, reasons []string) {
	s.t.Helper()
	user, err := meant(s.t.Context(), p, logon)
	if err == nil {
		profile, err = p.desk.Profile(s.t.Context(), tester, user.ID)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range profile.Cards {
		for _, r := range c.Reasons {
			reasons = append(reasons, words.English.Reason(r, p.desk.Now()))
		}
	}
	return profile, reasons
}

// due is what kiosk due says of a user's card.
func (s *site) due(logon string) (reasons []string) {
	s.t.Helper()
	out := done(s.t, "due", "--config", s.path("config.toml"), "--format", "json")
	for dec := json.NewDecoder(strings.NewReader(out)); dec.More(); {
		var line struct {
			User    struct{ Logon string }
			Reasons []struct{ Words string }
		}
		if err := dec.Decode(&line); err != nil {
			s.t.Fatalf("%v in %s", err, out)
		}
		for _, r := range line.Reasons {
			if line.User.Logon == logon {
				reasons = append(reasons, r.Words)
			}
		}
	}
	return reasons
}

// says expects exactly these lines.
func (s *site) says(who string, got []string, want ...string) {
	s.t.Helper()
	if !slices.Equal(got, want) {
		s.t.Errorf("%s says\n  %s\nnot\n  %s", who, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// snapshotRead runs the worker and tells whether it read everybody, and not only
// what has changed.
func (s *site) snapshotRead(p *parts) (everybody bool) {
	s.t.Helper()
	state := func() engine.SnapshotState {
		now, err := p.desk.People.Snapshot(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		return now
	}
	before := state()
	s.work()
	after := state()
	if !after.Refresh.After(before.Refresh) {
		s.t.Error("the worker did not look at the directory")
	}
	return !after.Full.Equal(before.Full)
}

// holds are the certificates on the card, by place, as another program reads
// them.
func (s *site) holds(places ...engine.Place) map[engine.Place]string {
	s.t.Helper()
	all := map[engine.Place]string{}
	for _, at := range places {
		out, err := exec.Command("yubico-piv-tool", "-r", "Virtual", "-a", "read-certificate", "-K", "DER", "-s", string(at)).Output()
		if err == nil {
			all[at] = string(out)
		}
	}
	return all
}

// signs has another program sign with the key in a place, and verify that with
// a certificate.
func (s *site) signs(at engine.Place, der string) {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "certificate")
	write(s.t, file, pemOf(der))
	out, err := exec.Command("yubico-piv-tool", "-r", "Virtual", "-s", string(at), "-a", "verify-pin", "-P", "48291375", "-a", "test-signature", "-i", file).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Successful ") {
		s.t.Errorf("the key in %s does not sign for this certificate: %v\n%s", at, err, out)
	}
}

// shownDisabled expects of the screen that it says whose account is disabled.
func (s *site) shownDisabled(logon string) {
	s.t.Helper()
	term := openTerminal(s.t, nil, kioskProgram(s.t), "--config", s.path("config.toml"))
	term.sees("Who is it?")
	term.types(logon)
	term.sees("1 found", words.English.Find.Disabled)
	term.press("Enter")
	term.sees("This account is disabled in the directory")
}
