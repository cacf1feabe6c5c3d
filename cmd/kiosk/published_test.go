package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

const (
	margaret   = "mhamilton"
	margaretDN = "CN=Margaret Hamilton,CN=Users,DC=corp,DC=example"
)

// member is a user of Active Directory who comes into a group of a group of a
// group, gets certificates by the policy of that, and goes again.
type member struct {
	*domain
	*site
	kiosk  *parts
	hand   []string         // what somebody put into the entry by hand
	issued []engine.Managed // what is on the card
}

// openMember issues the first card, while the kiosk's account may not write to
// the directory: the update ends all the same.
func openMember(d *domain, s *site) *member {
	logon := strings.Replace(logonTemplate, "tracked =", "binding = \"alt-security-identities\"\ntracked =", 1)
	signing := strings.Replace(signingTemplate, "tracked = []", "tracked = [\"name\"]", 1)
	s.withPolicies(
		policyText("everybody", "", logon),
		policyText("members", fmt.Sprintf("priority = 10\ngroups = [%q]\npublish = true", staffDN), logon, signing))
	m := &member{domain: d, site: s, kiosk: s.open(0), hand: []string{"by hand", "Kerberos:margaret@ELSEWHERE"}}
	m.change("add", "userCertificate", m.hand[0])
	m.change("add", "altSecurityIdentities", m.hand[1])
	s.explained(margaret, "everybody")
	d.modify(labDN, "add", "member", margaretDN)
	s.explained(margaret, "members", "linked to the group "+staffDN)
	s.put(1, "712271")
	m.updated("--card", "712271", "--assign")
	if len(m.issued) != 2 {
		s.t.Fatalf("issued were %+v", m.issued)
	}
	m.shown(nil, nil)
	return m
}

func (m *member) change(deed, attribute, value string) {
	m.site.t.Helper()
	m.domain.modify(margaretDN, deed, attribute, value)
}

// updated updates the card.
func (m *member) updated(more ...string) {
	m.site.t.Helper()
	got := m.updateOf(margaret, more...)
	if got.End != engine.Finished {
		m.site.t.Errorf("the update: %+v", got)
	}
	for _, w := range got.Written {
		m.issued = append(slices.DeleteFunc(m.issued, func(old engine.Managed) bool { return old.Template == w.Template }), w)
	}
	for _, gone := range got.Removed {
		m.issued = slices.DeleteFunc(m.issued, func(old engine.Managed) bool { return old.Template == gone.Title })
	}
}

// shown expects the user's entry to have these certificates and be bound to
// these, beside what was put there by hand.
func (m *member) shown(certificates, bound []engine.Managed) {
	m.site.t.Helper()
	var prints, bindings []string
	for _, value := range m.values(margaretDN, "userCertificate") {
		sum := sha256.Sum256([]byte(value))
		prints = append(prints, hex.EncodeToString(sum[:]))
	}
	sum := sha256.Sum256([]byte(m.hand[0]))
	want := []string{hex.EncodeToString(sum[:])}
	for _, c := range certificates {
		want = append(want, c.Fingerprint)
	}
	slices.Sort(want)
	slices.Sort(prints)
	m.says("userCertificate", prints, want...)

	want = []string{m.hand[1]}
	for _, c := range bound {
		want = append(want, "X509:<I>CN="+c.Issuer+"<SR>"+reversed(c.Serial))
	}
	slices.Sort(want)
	bindings = m.values(margaretDN, "altSecurityIdentities")
	m.says("altSecurityIdentities", bindings, want...)
}

// reversed is a serial number as Active Directory wants it: the last byte first.
func reversed(serial string) string {
	if len(serial)%2 == 1 {
		serial = "0" + serial
	}
	b, _ := hex.DecodeString(serial)
	slices.Reverse(b)
	return strings.ToUpper(hex.EncodeToString(b))
}

// of are the issued certificates of a template.
func (m *member) of(template string) []engine.Managed {
	return slices.DeleteFunc(slices.Clone(m.issued), func(c engine.Managed) bool { return c.Template != template })
}

// renamed: a new name is a reason once the worker has looked, at what has
// changed only, and is in the next certificates.
func (m *member) renamed() {
	t := m.site.t
	if !m.snapshotRead(m.kiosk) {
		t.Error("the worker's first look was not at everybody")
	}
	m.says("the report", m.due(margaret))
	m.change("replace", "displayName", "Margaret Heafield")
	m.change("replace", "mail", "mheafield@corp.example")
	m.says("the report before the worker looked", m.due(margaret))
	if m.snapshotRead(m.kiosk) {
		t.Error("the worker read everybody because of one user")
	}
	want := []string{
		`logon: name has changed from "Margaret Hamilton" to "Margaret Heafield"`,
		`logon: mail has changed from "mhamilton@corp.example" to "mheafield@corp.example"`,
		`signing: name has changed from "Margaret Hamilton" to "Margaret Heafield"`,
	}
	m.says("the report", m.due(margaret), want...)
	_, reasons := m.profile(m.kiosk, margaret)
	m.says("the profile", reasons, want...)
	m.updated()
	m.shown(nil, nil) // nobody may write there yet
}

// published: what could not be written to the directory is, once it can, in the
// order in which it came about; from then on with each update.
func (m *member) published() {
	t := m.site.t
	m.shown(nil, nil)
	if _, err := m.open(5 * time.Minute).desk.RunErrands(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.shown(m.issued, m.of("logon"))
	m.change("replace", "displayName", "Margaret Hamilton")
	m.updated()
	m.shown(m.issued, m.of("logon"))
}

// onceCA grants one request, and then is away.
type onceCA struct {
	engine.CA
	granted bool
}

func (c *onceCA) Ask(ctx context.Context, r engine.CARequest) (engine.Answer, error) {
	if c.granted {
		return engine.Answer{}, &engine.Error{Op: "ask CA", Kind: engine.CAAway, Subject: "ca.corp.example"}
	}
	c.granted = true
	return c.CA.Ask(ctx, r)
}

// takenBack: of an update that is taken back the directory is told nothing.
func (m *member) takenBack() {
	t := m.site.t
	m.change("replace", "displayName", "M. Hamilton")
	p := m.open(0)
	p.desk.CAs["corp"] = &onceCA{CA: p.desk.CAs["corp"]}
	err := updateCmd{User: margaret, Yes: true, PINFile: m.site.path("pin")}.update(t.Context(), p)
	if !engine.Is(err, engine.CAAway) {
		t.Fatalf("interrupted by %v", err)
	}
	if got := m.updateOf(margaret, "--take-back"); got.End != engine.TakenBack {
		t.Errorf("taken back: %+v", got)
	}
	if _, waits, err := p.desk.Errands.NextErrand(t.Context()); waits || err != nil {
		t.Errorf("something is still to be done: %v, %v", waits, err)
	}
	m.shown(m.issued, m.of("logon"))
	m.updated()
	m.shown(m.issued, m.of("logon"))
}

// movedAndDisabled: out of the group it is the other policy, which publishes
// nothing. Of what has left the card nothing stays in the directory. A disabled
// account gets nothing more.
func (m *member) movedAndDisabled() {
	t := m.site.t
	m.domain.modify(labDN, "delete", "member", margaretDN)
	m.explained(margaret, "everybody", "members: none of its links leads to this user")
	m.says("the report before the worker looked", m.due(margaret))
	if m.snapshotRead(m.kiosk) {
		t.Error("the worker read everybody because of one group")
	}
	want := []string{
		`The card was written under policy "members"; its user now has "everybody"`,
		`Template "signing" is not in the policy any more`,
	}
	m.says("the report", m.due(margaret), want...)
	_, reasons := m.profile(m.kiosk, margaret)
	m.says("the profile", reasons, want...)
	m.updated()
	if len(m.issued) != 1 {
		t.Errorf("on the card are %+v", m.issued)
	}
	m.shown(m.issued, m.of("logon"))
	_, reasons = m.profile(m.kiosk, margaret)
	m.says("the profile after the update", reasons)

	m.change("replace", "userAccountControl", "514")
	m.change("replace", "displayName", "Nobody")
	m.shownDisabled(margaret)
	m.refused(margaret, exitRefused, words.English.Obstacle(engine.UserDisabled{}))
}
