package engine

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"
)

// edge is one case beside an edge: what differs from a card that is not due, and
// the reasons that follow from it.
type edge struct {
	name   string
	change func(s *Situation)
	want   []Reason
}

// settled is a card that is as its policy wants it: a signing certificate, an
// optional one for mail and a common one, a third-party certificate that is
// followed and one that is not.
func settled() Situation {
	window := authentication()
	window.Tracked = []string{"mail", "department"}
	optional := Template{Name: "Mail", Place: "9d", Optional: true, Renew: Window{Days: 30}}
	shared := Template{Name: "Doors", Place: "9e", PFX: &PFX{Certificate: []byte("doors")}}
	p := Policy{Name: "Staff", Templates: []Template{window, optional, shared}, SearchThirdParty: true}
	before := p
	before.Templates = slices.Clone(p.Templates)
	life := Managed{NotBefore: issuedAt, NotAfter: endsAt}
	own, mail, doors := life, life, life
	own.Template, own.Place, own.Fingerprint = "Authentication", "9a", Fingerprint([]byte("own"))
	own.Attributes = map[string]string{"mail": ada.Mail, "department": "Research"}
	mail.Template, mail.Place, mail.Fingerprint = "Mail", "9d", Fingerprint([]byte("mail"))
	doors.Template, doors.Place, doors.Fingerprint, doors.Common = "Doors", "9e", Fingerprint([]byte("doors")), true
	return Situation{
		Policy: p, Before: &before, User: ada, Now: issuedAt,
		Record: Record{
			State: StateIssued, Policy: "Staff", Under: "hash", Written: issuedAt, Managed: []Managed{own, mail, doors},
			Tracked: []Tracked{{Place: "82", Fingerprint: "followed"}, {Place: "83", Fingerprint: "ignored", Ignored: true}},
		},
	}
}

// template changes a template of the policy.
func (s *Situation) template(name string, change func(*Template)) {
	s.Policy.Templates = slices.Clone(s.Policy.Templates)
	for i, t := range s.Policy.Templates {
		if t.Name == name {
			change(&s.Policy.Templates[i])
		}
	}
}

func (s *Situation) drop(name string) {
	s.Policy.Templates = slices.DeleteFunc(slices.Clone(s.Policy.Templates), func(t Template) bool { return t.Name == name })
}

// forget takes a certificate out of the record.
func (s *Situation) forget(name string) {
	s.Record.Managed = slices.DeleteFunc(slices.Clone(s.Record.Managed), func(m Managed) bool { return m.Template == name })
}

func (s *Situation) revoke(why RevokeReason) {
	s.Record.Managed[0].Revoked = &Revocation{At: issuedAt, Reason: why}
}

func rename(name string) func(*Template) { return func(t *Template) { t.Name = name } }

func revokedFor(why RevokeReason) []Reason {
	return []Reason{Revoked{"Authentication", "9a", Revocation{At: issuedAt, Reason: why}}}
}

// Every reason on both sides of its edge.
func TestReasonsAtTheirEdges(t *testing.T) {
	opens := endsAt.AddDate(0, 0, -30)
	signingExpires := func(l Life) []Reason {
		return []Reason{Expires{"Authentication", "9a", endsAt, l}, Expires{"Mail", "9d", endsAt, l}}
	}
	outside := Tracked{Place: "84", Subject: "Stranger", Fingerprint: "stranger"}
	wasMail := AttributeChanged{"Authentication", "mail", "old@corp.example", ada.Mail}
	for _, c := range []edge{
		{"as it should be", func(*Situation) {}, nil},
		// 1: expiry
		{"a second before the window", func(s *Situation) { s.Now = opens.Add(-time.Second) }, nil},
		{"the window opens", func(s *Situation) { s.Now = opens }, signingExpires(Expiring)},
		{"a second before the end", func(s *Situation) { s.Now = endsAt.Add(-time.Second) }, signingExpires(Expiring)},
		{"the end", func(s *Situation) { s.Now = endsAt }, signingExpires(Expired)},
		{"a window in percent", func(s *Situation) {
			s.template("Authentication", func(t *Template) { t.Renew = Window{Percent: 50} })
			s.Now = issuedAt.Add(endsAt.Sub(issuedAt) / 2)
		}, []Reason{Expires{"Authentication", "9a", endsAt, Expiring}}},
		{"just before a window in percent", func(s *Situation) {
			s.template("Authentication", func(t *Template) { t.Renew = Window{Percent: 50} })
			s.Now = issuedAt.Add(endsAt.Sub(issuedAt)/2 - time.Second)
		}, nil},
		// 2: other policy
		{"another policy", func(s *Situation) { s.Policy.Name = "Guests" }, []Reason{OtherPolicy{"Staff", "Guests"}}},
		{"same name, other text", func(s *Situation) { s.Policy.Publish = true }, nil},
		{"never written", func(s *Situation) { s.Record.Policy = "" }, nil},
		// 3: written outside
		{"nobody has decided", func(s *Situation) { s.Record.Seen.Outside = []Tracked{outside} }, []Reason{WrittenOutside{"84", "Stranger", "stranger"}}},
		{"it is followed since", func(s *Situation) {
			s.Record.Seen.Outside = []Tracked{outside}
			s.Record.Tracked = append(s.Record.Tracked, outside)
		}, nil},
		{"it is ignored since", func(s *Situation) {
			s.Record.Seen.Outside = []Tracked{outside}
			s.Record.Tracked = append(s.Record.Tracked, Tracked{Fingerprint: "stranger", Ignored: true})
		}, nil},
		{"the policy does not search", func(s *Situation) {
			s.Record.Seen.Outside = []Tracked{outside}
			s.Policy.SearchThirdParty = false
		}, nil},
		{"a card that was never written has no outside", func(s *Situation) {
			s.Record.Seen.Outside = []Tracked{outside}
			s.Record.Written = time.Time{}
		}, nil},
		// 4: templates
		{"a template was added", func(s *Situation) {
			s.Policy.Templates = append(s.Policy.Templates, Template{Name: "Signing", Place: "9c"})
		}, []Reason{TemplateMissing{Template: "Signing", Added: true}}},
		{"an optional template was added", func(s *Situation) {
			s.Policy.Templates = append(s.Policy.Templates, Template{Name: "Signing", Place: "9c", Optional: true})
		}, []Reason{OptionalAvailable{"Signing", false}}},
		{"the policy always had it", func(s *Situation) { s.forget("Authentication") }, []Reason{TemplateMissing{Template: "Authentication"}}},
		{"nobody knows what the policy had", func(s *Situation) {
			s.forget("Authentication")
			s.Before = nil
		}, []Reason{TemplateMissing{Template: "Authentication"}}},
		{"nothing was ever written", func(s *Situation) {
			s.forget("Authentication")
			s.Before, s.Record.Written = nil, time.Time{}
		}, []Reason{TemplateMissing{Template: "Authentication", First: true}}},
		{"a template was removed", func(s *Situation) { s.drop("Authentication") }, []Reason{TemplateRemoved{Template: "Authentication", Place: "9a"}}},
		{"what was removed is not on the card any more", func(s *Situation) {
			s.drop("Authentication")
			s.Record.Seen.Missing = []string{Fingerprint([]byte("own"))}
		}, nil},
		{"a template was renamed", func(s *Situation) { s.template("Authentication", rename("Logon")) }, nil},
		{"renamed, and another CA's", func(s *Situation) {
			s.template("Authentication", func(t *Template) { t.Name, t.CA = "Logon", "other" })
		}, []Reason{TemplateMissing{Template: "Logon", Added: true}, TemplateRemoved{Template: "Authentication", Place: "9a"}}},
		{"renamed, and nobody knows what it was", func(s *Situation) {
			s.template("Authentication", rename("Logon"))
			s.Before = nil
		}, []Reason{TemplateMissing{Template: "Logon"}, TemplateRemoved{Template: "Authentication", Place: "9a"}}},
		{"the same name, another CA's", func(s *Situation) {
			s.template("Authentication", func(t *Template) { t.CA = "other" })
		}, nil},
		{"a template moved", func(s *Situation) { s.template("Authentication", func(t *Template) { t.Place = "9c" }) }, nil},
		// 5: attributes
		{"an attribute changed", func(s *Situation) {
			s.Record.Managed[0].Attributes = map[string]string{"mail": "old@corp.example"}
		}, []Reason{wasMail}},
		{"it was lost", func(s *Situation) { s.User.Mail = "" }, []Reason{AttributeChanged{"Authentication", "mail", ada.Mail, ""}}},
		{"it was noted as it was shown", func(s *Situation) {
			s.template("Authentication", func(t *Template) { t.Tracked = []string{"name"} })
			s.User.Name = "Ada\u00a0Lovelace"
			s.Record.Managed[0].Attributes = map[string]string{"name": s.User.shown().Name}
		}, nil},
		{"another attribute changed", func(s *Situation) { s.User.Name = "Ada King" }, nil},
		{"it is tracked no more", func(s *Situation) {
			s.Record.Managed[0].Attributes = map[string]string{"mail": "old@corp.example"}
			s.template("Authentication", func(t *Template) { t.Tracked = []string{"department"} })
		}, nil},
		{"it was not recorded", func(s *Situation) { s.Record.Managed[0].Attributes = nil }, nil},
		{"the directory does not tell", func(s *Situation) {
			s.Record.Managed[0].Attributes = map[string]string{"mail": "old@corp.example"}
			s.User = User{}
		}, nil},
		// 6: common certificates
		{"a common certificate was added", func(s *Situation) {
			s.forget("Doors")
			s.Before.Templates = s.Before.Templates[:2]
		}, []Reason{TemplateMissing{Template: "Doors", Added: true, Common: true}}},
		{"a common certificate was removed", func(s *Situation) { s.drop("Doors") }, []Reason{TemplateRemoved{"Doors", "9e", true}}},
		{"its PFX was replaced", func(s *Situation) {
			s.template("Doors", func(t *Template) { t.PFX = &PFX{Certificate: []byte("new doors")} })
		}, []Reason{CommonReplaced{"Doors", "9e"}}},
		{"it was renamed, and nobody knows what it was", func(s *Situation) {
			s.template("Doors", rename("Gates"))
			s.Before = nil
		}, nil},
		{"it has expired, which nobody can renew", func(s *Situation) { s.Record.Managed[2].NotAfter = issuedAt }, nil},
		// 8: the access system
		{"the access system was switched on", func(s *Situation) { s.Policy.AccessSystem = true }, []Reason{AccessSwitched{true}}},
		{"it was switched off", func(s *Situation) { s.Record.Access = true }, []Reason{AccessSwitched{false}}},
		{"it is on, and the card registered", func(s *Situation) { s.Policy.AccessSystem, s.Record.Access = true, true }, nil},
		// 9: revoked at the CA
		{"superseded", func(s *Situation) { s.revoke(Superseded) }, revokedFor(Superseded)},
		{"compromised", func(s *Situation) { s.revoke(KeyCompromise) }, revokedFor(KeyCompromise)},
		{"on hold", func(s *Situation) { s.revoke(CertificateHold) }, nil},
		{"on hold, in its window", func(s *Situation) {
			s.revoke(CertificateHold)
			s.Now = opens
		}, []Reason{Expires{"Mail", "9d", endsAt, Expiring}}},
		{"on hold, and the policy has it no more", func(s *Situation) {
			s.revoke(CertificateHold)
			s.drop("Authentication")
		}, []Reason{TemplateRemoved{Template: "Authentication", Place: "9a"}}},
		{"revoked before it expired", func(s *Situation) {
			s.revoke(Superseded)
			s.drop("Mail")
			s.forget("Mail")
			s.Now = endsAt
		}, append(revokedFor(Superseded), Expires{"Authentication", "9a", endsAt, Expired})},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := settled()
			c.change(&s)
			var got, want []Reason
			for _, r := range Reasons(s) {
				if o, ok := r.(OptionalAvailable); ok && o.Template == "Mail" {
					continue // 7, see below
				}
				got = append(got, r)
			}
			want = append(want, c.want...)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s, not %s", say(got), say(want))
			}
		})
	}
}

func say(reasons []Reason) string {
	return fmt.Sprint(each(reasons, func(r Reason) string { return fmt.Sprintf("%T%+v", r, r) }))
}

// What is optional is told, on the card or off it, and makes no card due.
func TestOptionalIsNeverDue(t *testing.T) {
	for _, on := range []bool{true, false} {
		s := settled()
		if !on {
			s.forget("Mail")
		}
		got := Reasons(s)
		if !reflect.DeepEqual(got, []Reason{OptionalAvailable{"Mail", on}}) || Due(got) {
			t.Errorf("on the card %v: %s, due %v", on, say(got), Due(got))
		}
	}
}

// A card that is at hand outweighs what was seen last, in both directions.
func TestCardOutweighsSighting(t *testing.T) {
	w := newWorld(movesKeys)
	one := modelTemplate("Signing", "9c", DigitalSignature)
	w.policy = Policy{Name: "Staff", Templates: []Template{one}, SearchThirdParty: true}
	m := w.grant(one, "9c", isValid)
	w.write(w.policy, m)
	contents := w.card.contents()
	s := Situation{Policy: w.policy, Record: *w.record, User: w.user, Contents: &contents, Now: w.now}
	s.Record.Seen = Sighting{Missing: []string{m.Fingerprint}, Outside: []Tracked{{Place: "84", Fingerprint: "gone since"}}}
	if got := Reasons(s); got != nil {
		t.Errorf("the card is whole: %s", say(got))
	}
	w.intrude("84")
	delete(w.card.objects, "9c")
	contents, s.Record.Seen = w.card.contents(), Sighting{}
	if got := Reasons(s); len(got) != 2 || got[0] != (TemplateMissing{Template: "Signing"}) {
		t.Errorf("the card has lost one and won one: %s", say(got))
	}
	s.Contents = nil
	if got := Reasons(s); got != nil {
		t.Errorf("nobody has seen that yet: %s", say(got))
	}
	s.Record = s.Record.sighted(contents, w.now)
	if got := Reasons(s); len(got) != 2 {
		t.Errorf("now it was seen: %s", say(got))
	}
}
