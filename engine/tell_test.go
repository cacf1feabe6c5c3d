package engine

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// memory is Notices as their comments say.
type memory struct {
	told    map[Topic]map[string]time.Time
	letters []Letter
	audit   []AuditRow
}

func (m *memory) LastTold(_ context.Context, t Topic) (map[string]time.Time, error) {
	return maps.Clone(m.told[t]), nil
}

func (m *memory) Announce(_ context.Context, a Announcement) (bool, error) {
	for key, before := range a.Subjects {
		if !m.told[a.Topic][key].Equal(before) {
			return false, nil
		}
	}
	if m.told == nil {
		m.told = map[Topic]map[string]time.Time{}
	}
	if m.told[a.Topic] == nil {
		m.told[a.Topic] = map[string]time.Time{}
	}
	for key := range a.Subjects {
		m.told[a.Topic][key] = a.At
	}
	if a.Letter != nil {
		m.letters = append(m.letters, *a.Letter)
	}
	if a.Audit != nil {
		m.audit = append(m.audit, *a.Audit)
	}
	return true, nil
}

// taken returns the letters since the last time.
func (m *memory) taken() []Letter {
	all := m.letters
	m.letters = nil
	return all
}

// tellingDesk is a desk that tells of cards by rules, at a time that can be moved.
func tellingDesk(facts []DueFacts, policies ...Policy) (*Desk, *memory, *time.Time) {
	now, m := endsAt.AddDate(0, 0, -60), &memory{}
	d := dueDesk(now, facts, policies...)
	d.Now, d.Notices = func() time.Time { return now }, m
	return d, m, &now
}

func tell(t interface {
	Helper()
	Fatal(...any)
}, d *Desk,
) {
	t.Helper()
	if _, err := d.Tell(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// to says to whom letters are.
func to(letters []Letter) string {
	var all []string
	for _, l := range letters {
		all = append(all, l.To)
	}
	return strings.Join(all, " ")
}

func ruled(p Policy, rules ...Rule) Policy {
	p.Rules = rules
	return p
}

// numbered gives each certificate of a card a fingerprint.
func numbered(f DueFacts) DueFacts {
	f.Record.Managed = slices.Clone(f.Record.Managed)
	for i := range f.Record.Managed {
		f.Record.Managed[i].Fingerprint = fmt.Sprint("managed ", i, " of ", f.Record.Card.ID)
	}
	return f
}

// A certificate is told of when its window opens, and again after so many days,
// to the second; when it has ended that is said; a new one is news.
func TestTellExpiring(t *testing.T) {
	d, m, now := tellingDesk([]DueFacts{numbered(holder("ada"))}, ruled(staff(), Rule{Event: ContentExpiring, To: []string{ToUser, "desk@corp"}, ResendDays: 7}))
	opens := endsAt.AddDate(0, 0, -30)
	for _, c := range []struct {
		at   time.Time
		told bool
	}{
		{opens.Add(-time.Second), false},
		{opens, true},
		{opens.Add(time.Hour), false},
		{opens.AddDate(0, 0, 7).Add(-time.Second), false},
		{opens.AddDate(0, 0, 7), true},
		{opens.AddDate(0, 0, 7), false},
		{opens.AddDate(0, 0, 29), true},
		{opens.AddDate(0, 0, 1), false}, // a clock that was set back
		{endsAt.AddDate(0, 0, 6), true},
	} {
		*now = c.at
		tell(t, d)
		letters := m.taken()
		if want := map[bool]string{true: "old desk@corp"}[c.told]; to(letters) != want {
			t.Fatalf("at %v letters go to %q, want %q", c.at, to(letters), want)
		}
		for _, l := range letters {
			want := []NoticeExpiry{{Title: "Authentication", Place: "9a", NotAfter: endsAt, Expired: !c.at.Before(endsAt)}}
			if n := l.Notice; n.Event != ContentExpiring || n.Card.ID != "yubikey-ada" || n.User.Name != "ada" || !n.At.Equal(c.at) || !reflect.DeepEqual(n.Expiring, want) {
				t.Errorf("at %v the letter says %+v", c.at, n)
			}
		}
	}
	next := numbered(holder("ada"))
	next.Record.Managed[0].Fingerprint = "another"
	d.Ledger = &shelf{facts: []DueFacts{next}}
	if tell(t, d); len(m.taken()) != 2 {
		t.Error("a new certificate is no news")
	}
}

// What is told once is told once, whatever happens.
func TestTellOnce(t *testing.T) {
	d, m, now := tellingDesk([]DueFacts{numbered(holder("ada"))}, ruled(staff(), Rule{Event: ContentExpiring, To: []string{ToUser}}))
	for day := range 400 {
		*now = endsAt.AddDate(0, 0, day-60)
		tell(t, d)
	}
	if n := len(m.letters); n != 1 {
		t.Errorf("told %d times", n)
	}
}

// One letter lists all certificates that are due to be told; one that was told
// already is not in it before its time.
func TestTellTogether(t *testing.T) {
	f := numbered(holder("ada"))
	f.Record.Tracked = []Tracked{
		{Place: "82", Subject: "Bank \x1b[2J", NotAfter: endsAt, Fingerprint: "bank"},
		{Place: "83", Subject: "Door", NotAfter: endsAt, Fingerprint: "door"},
		{Place: "84", Subject: "Later", NotAfter: endsAt.AddDate(0, 0, 3), Fingerprint: "later"},
		{Place: "85", Subject: "Nobody's", NotAfter: endsAt, Fingerprint: "ignored", Ignored: true},
		{Place: "86", Subject: "Gone", NotAfter: endsAt, Fingerprint: "gone", Gone: issuedAt},
		{Place: "87", Subject: "Of old", NotAfter: endsAt.AddDate(-1, 0, 0), Fingerprint: "old"},
	}
	d, m, now := tellingDesk([]DueFacts{f}, ruled(staff(), Rule{Event: TrackedExpiring, To: []string{ToUser}, Days: 10, ResendDays: 5}))
	for _, c := range []struct {
		day  int
		want string
	}{{-11, ""}, {-10, "Bank �[2J, Door"}, {-7, "Later"}, {-5, "Bank �[2J, Door"}, {-2, "Later"}, {0, "Bank �[2J, Door"}} {
		*now = endsAt.AddDate(0, 0, c.day)
		tell(t, d)
		var titles []string
		for _, l := range m.taken() {
			for _, e := range l.Notice.Expiring {
				titles = append(titles, e.Title)
			}
		}
		if got := strings.Join(titles, ", "); got != c.want {
			t.Errorf("day %d tells of %q, want %q", c.day, got, c.want)
		}
	}
	*now = endsAt.AddDate(0, 1, 0)
	if tell(t, d); len(m.taken()) > 0 {
		t.Error("who did nothing for a month is still told")
	}
}

// Another policy and other attributes are told with what was and what is; when
// they change once more, that is news.
func TestTellChanges(t *testing.T) {
	f := numbered(holder("ada"))
	f.Person.User.Mail = "new@corp"
	admins := ruled(staff(), Rule{Event: PolicyChanged, To: []string{ToUser}}, Rule{Event: AttributesNew, To: []string{ToManager}})
	admins.Name = "Admins"
	d, m, _ := tellingDesk([]DueFacts{f}, admins)
	tell(t, d)
	got := m.taken()
	if to(got) != "new@corp manager" {
		t.Fatalf("letters go to %q", to(got))
	}
	if n := got[0].Notice; n.Was != "Staff" || n.Policy != "Admins" || n.Event != PolicyChanged {
		t.Errorf("the policy: %+v", n)
	}
	if want := []NoticeChange{{"Authentication", "mail", "old", "new@corp"}}; !reflect.DeepEqual(got[1].Notice.Changes, want) {
		t.Errorf("the attributes: %+v", got[1].Notice.Changes)
	}
	if tell(t, d); len(m.letters) > 0 {
		t.Error("told twice")
	}
	f.Person.User.Mail = "newer@corp"
	d.Ledger = &shelf{facts: []DueFacts{f}}
	if tell(t, d); to(m.taken()) != "manager" {
		t.Error("a further change of attributes is no news")
	}
	f.Record.Written = f.Record.Written.AddDate(0, 0, 1)
	d.Ledger = &shelf{facts: []DueFacts{f}}
	if tell(t, d); to(m.taken()) != "newer@corp" {
		t.Error("a card that was written again under the old policy is no news")
	}
}

// A common certificate is told to administrators once, however many cards and
// policies have it, and not when it has ended.
func TestTellCommon(t *testing.T) {
	door := Template{Name: "door", Place: "82", PFX: &PFX{Certificate: ofItsOwn(t, endsAt)}}
	rule := Rule{Event: CommonExpiring, To: []string{"pki@corp", ToGroup + "cn=PKI"}, Days: 10, ResendDays: 365}
	one, other := Policy{Name: "One", Templates: []Template{door}, Rules: []Rule{rule}}, Policy{Name: "Other", Templates: []Template{door}, Rules: []Rule{rule}}
	d, m, now := tellingDesk([]DueFacts{numbered(holder("ada")), numbered(holder("bert"))}, one, other)
	*now = endsAt.AddDate(0, 0, -10).Add(-time.Second)
	if tell(t, d); len(m.letters) > 0 {
		t.Error("told too early")
	}
	*now = now.Add(time.Second)
	tell(t, d)
	got := m.taken()
	if to(got) != "pki@corp group:cn=PKI" || got[0].Notice.Card != (Identity{}) || got[0].Notice.Expiring[0].Title != "door" {
		t.Errorf("letters: %+v", got)
	}
	d, m, now = tellingDesk(nil, one)
	*now = endsAt
	if tell(t, d); len(m.letters) > 0 {
		t.Error("told of one that has ended")
	}
}

// ofItsOwn is a certificate that nobody vouches for, until a time.
func ofItsOwn(t *testing.T, until time.Time) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: issuedAt, NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// Whom nothing can be sent to is recorded once, and told as soon as they have an
// address. Who has left the directory is not written to: the address may be
// somebody else's.
func TestTellWithoutAddress(t *testing.T) {
	for name, change := range map[string]func(*Person){
		"no address": func(p *Person) { p.User.Mail = "" },
		"left":       func(p *Person) { p.Gone = true },
	} {
		f := numbered(holder("ada"))
		change(&f.Person)
		d, m, now := tellingDesk([]DueFacts{f}, ruled(staff(), Rule{Event: ContentExpiring, To: []string{ToUser}, ResendDays: 1}))
		*now = endsAt.AddDate(0, 0, -10)
		tell(t, d)
		*now = now.AddDate(0, 0, 5)
		tell(t, d)
		if len(m.letters) > 0 || len(m.audit) != 1 || m.audit[0].Result != "no address" || m.audit[0].Card != "yubikey-ada" || m.audit[0].Detail != "card content expiring, to user" {
			t.Errorf("%s: letters %v, audit %+v", name, m.letters, m.audit)
		}
		d.Ledger = &shelf{facts: []DueFacts{numbered(holder("ada"))}}
		if tell(t, d); to(m.letters) != "old" {
			t.Errorf("%s: with an address letters go to %q", name, to(m.letters))
		}
	}
}

// Nobody is told of cards that are not in use, by rules of other events, or by a
// policy without rules.
func TestTellNobody(t *testing.T) {
	f := numbered(holder("ada"))
	blocked := f
	blocked.Record.State = StateRevoked
	all := Rule{Event: ContentExpiring, To: []string{ToUser}}
	for name, c := range map[string]struct {
		facts DueFacts
		rules []Rule
	}{
		"revoked":       {blocked, []Rule{all}},
		"other events":  {f, []Rule{{Event: UpdateDone, To: []string{ToUser}}, {Event: PolicyChanged, To: []string{ToUser}}}},
		"without rules": {f, nil},
	} {
		d, m, now := tellingDesk([]DueFacts{c.facts}, ruled(staff(), c.rules...))
		*now = endsAt
		if tell(t, d); len(m.letters)+len(m.audit) > 0 {
			t.Errorf("%s: %v", name, to(m.letters))
		}
	}
	if got := (Policy{}).told(UpdateDone); !slices.Equal(got, []string{ToUser}) {
		t.Errorf("a policy without rules tells of an update %q", got)
	}
	if got := (Policy{}).told(ContentExpiring); len(got) > 0 {
		t.Errorf("a policy without rules tells of what expires %q", got)
	}
}

// However often and whenever is looked, nothing is told twice within its period,
// and whatever is due is told at the next look.
func TestTellProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		resend := rapid.IntRange(0, 10).Draw(t, "resend")
		d, m, now := tellingDesk([]DueFacts{numbered(holder("ada"))}, ruled(staff(), Rule{Event: ContentExpiring, To: []string{ToUser}, ResendDays: resend}))
		*now = endsAt.AddDate(0, 0, -35)
		var last time.Time
		for range rapid.IntRange(1, 60).Draw(t, "looks") {
			*now = now.Add(time.Duration(rapid.IntRange(0, 72).Draw(t, "hours")) * time.Hour)
			tell(t, d)
			open := !now.Before(endsAt.AddDate(0, 0, -30))
			due := open && (last.IsZero() || resend > 0 && !now.Before(last.AddDate(0, 0, resend)))
			if got := len(m.taken()); got != map[bool]int{true: 1}[due] {
				t.Fatalf("at %v, told last at %v, resent after %d days: %d letters", now, last, resend, got)
			}
			if due {
				last = *now
			}
		}
	})
}
