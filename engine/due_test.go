package engine

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// shelf is a ledger with nothing but facts for reports.
type shelf struct {
	Ledger
	facts []DueFacts
	read  int // how many were asked for
}

func (s *shelf) EachDue(ctx context.Context, each func(DueFacts) error) error {
	for _, f := range s.facts {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.read++
		if err := each(f); err != nil {
			return err
		}
	}
	return nil
}

// roll is a snapshot that was read at a time; zero for never.
type roll struct {
	People
	read time.Time
}

func (r roll) Snapshot(context.Context) (SnapshotState, error) {
	return SnapshotState{Refresh: r.read}, nil
}

// texts has no policy's text.
type texts struct{ PolicyTexts }

func (texts) PolicyText(context.Context, string) ([]byte, bool, error) { return nil, false, nil }

// diary keeps the last row.
type diary struct{ row AuditRow }

func (d *diary) Write(_ context.Context, a AuditRow) error {
	d.row = a
	return nil
}

var reporter = Actor{Who: "ines", Station: "desk-1", Mode: Operator}

// waiting are the requests of cards.
type waiting map[CardID][]Request

func (w waiting) RequestsOf(_ context.Context, card CardID) ([]Request, error) { return w[card], nil }

func (waiting) TakeRequests(context.Context, time.Time, time.Time, int) ([]Request, error) {
	return nil, nil
}

func (waiting) TakeRequestsOf(context.Context, CardID, time.Time, time.Time) ([]Request, error) {
	return nil, nil
}

func (waiting) NextRequest(context.Context) (time.Time, bool, error) { return time.Time{}, false, nil }

func (waiting) SettleRequests(context.Context, ...Settled) error { return nil }

func (waiting) Orphans(context.Context) ([]Request, error) { return nil, nil }

// dueDesk is a desk at a time, with facts and policies.
func dueDesk(now time.Time, facts []DueFacts, policies ...Policy) *Desk {
	return &Desk{
		Roles:  everything,
		Ledger: &shelf{facts: facts}, People: roll{read: now}, Texts: texts{}, Audit: &diary{}, Requests: waiting{},
		Policies: policies, PolicyOf: ByLinks(policies), Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
	}
}

// holder is the facts of a card with an authentication certificate, and its
// user in research.
func holder(name string) DueFacts {
	id := UserID("id-" + name)
	return DueFacts{
		Record: Record{
			Card: Identity{ID: CardID("yubikey-" + name), Serial: "712233"}, User: UserRef{ID: id, Name: name, Logon: name},
			State: StateIssued, Policy: "Staff", Written: issuedAt,
			Managed: []Managed{{Template: "Authentication", Place: "9a", NotBefore: issuedAt, NotAfter: endsAt, Attributes: map[string]string{"mail": "old"}}},
		},
		Person: Person{User: User{ID: id, DN: "cn=" + name + ",ou=Research,dc=corp", Name: name, Logon: name, Mail: "old"}},
		Known:  true,
	}
}

func staff() Policy {
	t := authentication()
	t.Tracked = []string{"mail"}
	return Policy{Name: "Staff", Templates: []Template{t}}
}

// reported are the lines of a report.
func reported(t *testing.T, d *Desk, f DueFilter) ([]DueCard, DueSummary) {
	t.Helper()
	var lines []DueCard
	sum, err := d.Due(t.Context(), reporter, f, func(c DueCard) error {
		lines = append(lines, c)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines, sum
}

// A card is reported from the second its window opens; and so many days
// earlier, to the second, when those within days are asked for. Since is the
// second in both.
func TestDueWithinDays(t *testing.T) {
	opens := endsAt.AddDate(0, 0, -30)
	for _, c := range []struct {
		now    time.Time
		within int
		due    bool
		life   Life
	}{
		{opens.Add(-time.Second), 0, false, 0},
		{opens, 0, true, Expiring},
		{opens.AddDate(0, 0, -10).Add(-time.Second), 10, false, 0},
		{opens.AddDate(0, 0, -10), 10, true, Expiring},
		{opens.AddDate(0, 0, -10), 9, false, 0},
		{opens.AddDate(0, 0, -10), 100, true, Expiring}, // ended by then, and not now
		{endsAt.Add(-time.Second), 100, true, Expiring},
		{endsAt, 0, true, Expired},
	} {
		lines, sum := reported(t, dueDesk(c.now, []DueFacts{holder("ada")}, staff()), DueFilter{Within: c.within})
		if (len(lines) == 1) != c.due || sum.Cards != 1 || sum.Due != len(lines) {
			t.Errorf("at %s within %d days: %v, %+v", c.now, c.within, lines, sum)
			continue
		}
		if !c.due {
			continue
		}
		want := []Reason{Expires{"Authentication", "9a", endsAt, c.life}}
		if l := lines[0]; !reflect.DeepEqual(l.Reasons, want) || !l.Since.Equal(opens) || !l.Next.Equal(endsAt) {
			t.Errorf("at %s within %d days: %+v", c.now, c.within, l)
		}
	}
}

// Since is the earliest time that a reason tells; a card whose reasons tell
// none has none.
func TestDueSince(t *testing.T) {
	now := endsAt.AddDate(0, 0, -20)
	gone := issuedAt.Add(time.Hour)
	for name, c := range map[string]struct {
		change func(*DueFacts)
		want   time.Time
	}{
		"window":  {func(*DueFacts) {}, endsAt.AddDate(0, 0, -30)},
		"revoked": {func(f *DueFacts) { f.Record.Managed[0].Revoked = &Revocation{At: gone, Reason: Superseded} }, gone},
		"attribute": {func(f *DueFacts) {
			f.Record.Managed[0].NotAfter = endsAt.AddDate(1, 0, 0)
			f.Person.User.Mail = "new"
		}, time.Time{}},
		"renamed template": {func(f *DueFacts) {
			f.Record.Managed[0].Template, f.Record.Under = "Logon", "hash"
		}, endsAt.AddDate(0, 0, -30)},
	} {
		f := holder("ada")
		c.change(&f)
		d := dueDesk(now, []DueFacts{f}, staff())
		d.Texts = oldText{staff()}
		lines, _ := reported(t, d, DueFilter{})
		if len(lines) != 1 || !lines[0].Since.Equal(c.want) {
			t.Errorf("%s: %+v, want since %s", name, lines, c.want)
		}
	}
}

// oldText is a policy's text in which the template had another name.
type oldText struct{ policy Policy }

func (o oldText) PolicyText(context.Context, string) ([]byte, bool, error) {
	o.policy.Templates = slices.Clone(o.policy.Templates)
	o.policy.Templates[0].Name = "Logon"
	text, _ := o.policy.Text()
	return text, true, nil
}

func (oldText) KeepPolicy(context.Context, string, []byte) error { return nil }

// Each filter takes what it is for and leaves the rest.
func TestDueFilters(t *testing.T) {
	now := endsAt.AddDate(0, 0, -20)
	sales, fresh := holder("sam"), holder("zoe")
	sales.Person.User.DN = "cn=sam,ou=Sales,dc=corp"
	fresh.Record.Managed[0].NotAfter = endsAt.AddDate(1, 0, 0)
	fresh.Person.User.Mail = "new"
	other := staff()
	other.Name, other.Links = "Sales", []Link{{Container: "ou=sales,dc=corp"}}
	d := dueDesk(now, []DueFacts{holder("ada"), sales, fresh}, staff(), other)
	is := func(r Reason) func(Reason) bool {
		return func(o Reason) bool { return reflect.TypeOf(r) == reflect.TypeOf(o) }
	}
	for _, c := range []struct {
		name   string
		filter DueFilter
		want   string
	}{
		{"all", DueFilter{}, "ada sam zoe"},
		{"policy", DueFilter{Policy: "Sales"}, "sam"},
		{"expiry", DueFilter{Reason: is(Expires{})}, "ada sam"},
		{"other policy", DueFilter{Reason: is(OtherPolicy{})}, "sam"},
		{"attribute", DueFilter{Reason: is(AttributeChanged{})}, "zoe"},
		{"a reason later", DueFilter{Reason: is(Expires{}), Within: 400}, "ada sam zoe"},
		{"optional is no reason", DueFilter{Reason: is(OptionalAvailable{})}, ""},
		{"whose", DueFilter{Whose: func(_ Identity, u User) bool { return u.Logon == "ada" }}, "ada"},
		{"both", DueFilter{Policy: "Sales", Reason: is(AttributeChanged{})}, ""},
	} {
		lines, sum := reported(t, d, c.filter)
		var names []string
		for _, l := range lines {
			names = append(names, l.User.Name)
		}
		if got := strings.Join(names, " "); got != c.want || sum.Cards != 3 || sum.Due != len(lines) {
			t.Errorf("%s: %s (%+v), want %s", c.name, got, sum, c.want)
		}
	}
}

// A user whom the directory has no more is as they were: their attributes are
// not compared, and that they are gone is said.
func TestDueOfUserGone(t *testing.T) {
	f := holder("ada")
	f.Person.Gone, f.Person.User.Mail = true, ""
	lines, _ := reported(t, dueDesk(endsAt.AddDate(0, 0, -20), []DueFacts{f}, staff()), DueFilter{})
	if len(lines) != 1 || !lines[0].Gone || len(lines[0].Reasons) != 1 || lines[0].User.Name != "ada" {
		t.Errorf("%+v", lines)
	}
	never := holder("bob")
	never.Person = Person{User: User{ID: "id-bob"}, Gone: true} // before they were ever read
	lines, _ = reported(t, dueDesk(endsAt.AddDate(0, 0, -20), []DueFacts{never}, staff()), DueFilter{})
	if len(lines) != 1 || !lines[0].Gone || !lines[0].Unknown || lines[0].User.Name != "bob" {
		t.Errorf("%+v", lines)
	}
}

// A user who is not in the snapshot is judged by everybody's policy; or, where
// it matters who they are, by the one their card was written under; or, without
// one, not at all, and that is said. They are counted.
func TestDueOfUserUnknown(t *testing.T) {
	now := endsAt.AddDate(0, 0, -20)
	unknown := holder("ada")
	unknown.Known, unknown.Person = false, Person{}
	linked := staff()
	linked.Links = []Link{{Container: "ou=Research,dc=corp"}}
	lines, sum := reported(t, dueDesk(now, []DueFacts{unknown}, staff()), DueFilter{})
	if len(lines) != 1 || lines[0].Trouble != nil || sum.Unknown != 1 {
		t.Errorf("by everybody's policy: %+v, %+v", lines, sum)
	}
	lines, _ = reported(t, dueDesk(now, []DueFacts{unknown}, linked), DueFilter{})
	if len(lines) != 1 || lines[0].Trouble != nil || lines[0].Policy != "Staff" || len(lines[0].Reasons) != 1 {
		t.Errorf("by the card's policy: %+v", lines)
	}
	unknown.Record.Policy = "Gone"
	lines, _ = reported(t, dueDesk(now, []DueFacts{unknown}, linked), DueFilter{})
	if len(lines) != 1 || !Is(lines[0].Trouble, NoPolicy) || lines[0].Reasons != nil {
		t.Errorf("by none: %+v", lines)
	}
}

// That a user has no policy is reported, unless a policy or a reason is asked
// for.
func TestDueWithoutPolicy(t *testing.T) {
	linked := staff()
	linked.Links = []Link{{Container: "ou=Sales,dc=corp"}}
	d := dueDesk(endsAt, []DueFacts{holder("ada")}, linked)
	if lines, _ := reported(t, d, DueFilter{}); len(lines) != 1 || !Is(lines[0].Trouble, NoPolicy) {
		t.Errorf("%+v", lines)
	}
	for _, f := range []DueFilter{{Policy: "Staff"}, {Reason: func(Reason) bool { return true }}} {
		if lines, _ := reported(t, d, f); lines != nil {
			t.Errorf("%+v: %+v", f, lines)
		}
	}
}

// Cards that updates are not for are not reported, whatever is wrong with them.
func TestDueOfOtherStates(t *testing.T) {
	linked := staff()
	linked.Links = []Link{{Container: "ou=Sales,dc=corp"}}
	for _, s := range []State{StateClean, StatePending, StateDisabled, StateRevoked} {
		f := holder("ada")
		f.Record.State = s
		for _, p := range []Policy{staff(), linked} {
			if lines, _ := reported(t, dueDesk(endsAt, []DueFacts{f}, p), DueFilter{}); lines != nil {
				t.Errorf("%s: %+v", s, lines)
			}
		}
	}
}

// An error of whoever takes the lines ends the report and comes back; a report
// is audited, and nobody without the privilege gets one.
func TestDueEndsAndIsAudited(t *testing.T) {
	d := dueDesk(endsAt, []DueFacts{holder("ada"), holder("bob")}, staff())
	full := errors.New("enough")
	_, err := d.Due(t.Context(), reporter, DueFilter{}, func(DueCard) error { return full })
	if !errors.Is(err, full) || d.Ledger.(*shelf).read != 1 {
		t.Errorf("%v after %d cards", err, d.Ledger.(*shelf).read)
	}
	reported(t, d, DueFilter{})
	if row := d.Audit.(*diary).row; row.Act != string(SeeDue) || row.Detail != "2 of 2 cards" || row.Result != "done" {
		t.Errorf("audited as %+v", row)
	}
	self := Actor{Who: "ada", Mode: SelfService}
	if _, err := d.Due(t.Context(), self, DueFilter{}, nil); !Is(err, Forbidden) {
		t.Errorf("a holder: %v", err)
	}
}

// A card whose update waits for a CA is reported as soon as there is something to
// be done about it, and not before.
func TestDueOfWaitingUpdates(t *testing.T) {
	asked := endsAt.AddDate(0, 0, -20)
	for name, c := range map[string]struct {
		states []RequestState
		want   *UpdateDecided
	}{
		"all wait":                   {[]RequestState{RequestPending, RequestPending}, nil},
		"one rejected, one waits":    {[]RequestState{RequestRejected, RequestPending}, nil},
		"one approved, one waits":    {[]RequestState{RequestApproved, RequestPending}, &UpdateDecided{Approved: 1, At: asked}},
		"one approved, one rejected": {[]RequestState{RequestRejected, RequestApproved}, &UpdateDecided{Approved: 1, Refused: 1, At: asked}},
		"all rejected":               {[]RequestState{RequestRejected, RequestWithdrawn}, &UpdateDecided{Refused: 2, At: asked}},
	} {
		f := holder("ada")
		f.Record.State, f.Record.Policy = StatePending, "Staff"
		d := dueDesk(endsAt, []DueFacts{f}, staff())
		var all []Request
		for _, s := range c.states {
			q := Request{State: s}
			if s != RequestPending {
				q.Decided = asked
			}
			all = append(all, q)
		}
		d.Requests = waiting{f.Record.Card.ID: all}
		lines, _ := reported(t, d, DueFilter{})
		switch {
		case c.want == nil && len(lines) > 0:
			t.Errorf("%s: it is reported: %+v", name, lines)
		case c.want != nil && (len(lines) != 1 || !slices.Equal(lines[0].Reasons, []Reason{*c.want})):
			t.Errorf("%s: reported is %+v, not %+v", name, lines, *c.want)
		}
	}
}
