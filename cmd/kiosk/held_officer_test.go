package main

import (
	"encoding/json"
	"strings"

	"cardkiosk/engine"
	"cardkiosk/engine/authority"
)

// officer runs a command of the CA's officer, and returns what it printed.
func (s *heldSite) officer(code int, args ...string) string {
	s.t.Helper()
	all := append(append([]string{"ca"}, args...), "--ca", s.path("ca"), "--passphrase-file", s.path("passphrase"))
	out, errs, got := runKiosk(s.t, all...)
	if got != code {
		s.t.Fatalf("kiosk ca %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, code, out, errs)
	}
	return out + errs
}

// asked are a user's requests in a state, as kiosk ca requests --json lists them,
// by template.
func (s *heldSite) asked(user string, state engine.RequestState) map[string]authority.Request {
	s.t.Helper()
	out := s.officer(exitDone, "requests", "--json", "--state", string(state), "--user", user)
	all := map[string]authority.Request{}
	for dec := json.NewDecoder(strings.NewReader(out)); dec.More(); {
		var r authority.Request
		if err := dec.Decode(&r); err != nil {
			s.t.Fatalf("%v in %s", err, out)
		}
		if _, twice := all[r.Template]; twice && state == engine.RequestPending {
			s.t.Errorf("the CA has two requests of %s for %s that are %s", user, r.Template, state)
		}
		all[r.Template] = r
	}
	return all
}

// shown is what kiosk ca show --json says of a request.
func (s *heldSite) shown(id string) (r authority.Request) {
	s.t.Helper()
	out := s.officer(exitDone, "show", id, "--json")
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		s.t.Fatalf("%v in %s", err, out)
	}
	return r
}

// waits expects exactly these requests of a user to wait for an officer.
func (s *heldSite) waits(user string, templates ...string) map[string]authority.Request {
	s.t.Helper()
	all := s.asked(user, engine.RequestPending)
	for _, name := range templates {
		if _, ok := all[name]; !ok {
			s.t.Fatalf("no request of %s for %s waits at the CA, but %+v", user, name, all)
		}
	}
	if len(all) != len(templates) {
		s.t.Fatalf("%d requests of %s wait at the CA, want %d: %+v", len(all), user, len(templates), all)
	}
	return all
}

// approves has the officer approve a request.
func (s *heldSite) approves(r authority.Request) {
	s.t.Helper()
	s.t.Logf("$ kiosk ca show %s\n%s", r.ID[:8], s.officer(exitDone, "show", r.ID[:8]))
	s.t.Logf("$ kiosk ca approve %s\n%s", r.ID[:8], s.officer(exitDone, "approve", r.ID[:8]))
}

// rejects has the officer reject a request.
func (s *heldSite) rejects(r authority.Request, why string) {
	s.t.Helper()
	s.t.Logf("$ kiosk ca reject %s --reason %q\n%s", r.ID[:8], why, s.officer(exitDone, "reject", r.ID[:8], "--reason", why))
}
