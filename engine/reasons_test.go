package engine

import (
	"reflect"
	"testing"
	"time"
)

var (
	issuedAt = time.Date(2025, 12, 1, 10, 0, 0, 0, time.UTC)
	endsAt   = time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
)

func authentication() Template {
	return Template{Name: "Authentication", Place: "9a", Renew: Window{Days: 30}}
}

func recordWith(m ...Managed) Record {
	return Record{State: StateIssued, Written: issuedAt, Managed: m}
}

// A certificate is due from the second its window opens, and expired from the
// second it ends.
func TestExpiryToTheSecond(t *testing.T) {
	opens := endsAt.AddDate(0, 0, -30)
	m := Managed{Template: "Authentication", Place: "9a", NotBefore: issuedAt, NotAfter: endsAt}
	policy := Policy{Templates: []Template{authentication()}}
	for _, c := range []struct {
		now  time.Time
		want []Reason
	}{
		{opens.Add(-time.Second), nil},
		{opens, []Reason{Expires{"Authentication", "9a", endsAt, Expiring}}},
		{endsAt.Add(-time.Second), []Reason{Expires{"Authentication", "9a", endsAt, Expiring}}},
		{endsAt, []Reason{Expires{"Authentication", "9a", endsAt, Expired}}},
	} {
		if got := Reasons(Situation{Policy: policy, Record: recordWith(m), Now: c.now}); !reflect.DeepEqual(got, c.want) {
			t.Errorf("at %s: %v, want %v", c.now, got, c.want)
		}
	}
}

// A certificate that is not valid yet is shown as that, and is neither expired
// nor due, however wide its window is.
func TestNotValidYet(t *testing.T) {
	m := Managed{Template: "Authentication", Place: "9a", NotBefore: issuedAt, NotAfter: endsAt}
	record := recordWith(m)
	record.Tracked = []Tracked{{Place: "83", NotBefore: issuedAt, NotAfter: endsAt}}
	wide := authentication()
	wide.Renew = Window{Days: 400}
	for _, template := range []Template{authentication(), wide} {
		policy := Policy{Templates: []Template{template}}
		early := issuedAt.Add(-time.Second)
		if got := Reasons(Situation{Policy: policy, Record: record, Now: early}); got != nil {
			t.Errorf("due: %v", got)
		}
		if c := Choices(Situation{Policy: policy, Record: record, Now: early})[0]; c.IfTicked != Stays || c.Reason != nil {
			t.Errorf("the choice is %+v", c)
		}
		for _, e := range Entries(Situation{Policy: policy, Record: record, Now: early}) {
			if e.Life != NotYet || !e.NotBefore.Equal(issuedAt) {
				t.Errorf("%s is shown as %+v", e.Place, e)
			}
		}
	}
	for _, e := range Entries(Situation{Policy: Policy{Templates: []Template{authentication()}}, Record: record, Now: issuedAt}) {
		if e.Life != Valid {
			t.Errorf("%s is valid from this second on, and shown as %+v", e.Place, e)
		}
	}
}

// A window in percent is measured on the whole life.
func TestWindowInPercent(t *testing.T) {
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	to := from.Add(1000 * time.Hour)
	if got, want := (Window{Percent: 20}).Opens(from, to), from.Add(800*time.Hour); !got.Equal(want) {
		t.Errorf("opens at %s, want %s", got, want)
	}
}

// A mandatory template that is not on the card makes it due; an optional one
// only says what could be added.
func TestMissingAndOptional(t *testing.T) {
	mail := Template{Name: "Mail", Place: "9d", Optional: true}
	policy := Policy{Templates: []Template{authentication(), mail}}
	got := Reasons(Situation{Policy: policy, Record: recordWith(), Now: issuedAt})
	want := []Reason{TemplateMissing{Template: "Authentication"}, OptionalAvailable{Template: "Mail"}}
	if !reflect.DeepEqual(got, want) || !Due(got) {
		t.Errorf("%v, due %v", got, Due(got))
	}
	if Due(got[1:]) {
		t.Error("an optional template makes a card due for ever")
	}
}

// What the card itself shows outweighs the record: a certificate that was
// overwritten or removed outside is missing.
func TestCardOutweighsRecord(t *testing.T) {
	der := []byte("certificate")
	m := Managed{Template: "Authentication", Place: "9a", NotBefore: issuedAt, NotAfter: endsAt, Fingerprint: Fingerprint(der)}
	policy := Policy{Templates: []Template{authentication()}}
	for name, c := range map[string]struct {
		items   []Item
		missing bool
	}{
		"as recorded": {[]Item{{Place: "9a", Certificate: der}}, false},
		"overwritten": {[]Item{{Place: "9a", Certificate: []byte("another")}}, true},
		"removed":     {nil, true},
	} {
		got := Reasons(Situation{Policy: policy, Record: recordWith(m), Contents: &Contents{Items: c.items}, Now: issuedAt})
		if (len(got) == 1) != c.missing {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Cards in a state that is not updated are not due.
func TestOnlyLivingCardsAreDue(t *testing.T) {
	policy := Policy{Templates: []Template{authentication()}}
	for _, s := range []State{"", StateClean, StatePending, StateDisabled, StateRevoked} {
		if got := Reasons(Situation{Policy: policy, Record: Record{State: s}, Now: issuedAt}); got != nil {
			t.Errorf("%q: %v", s, got)
		}
	}
}
