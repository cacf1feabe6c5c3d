package engine

import "testing"

// Two CAs may have given the same serial number: each certificate is revoked
// where it came from.
func TestErrandsOfTwoCAs(t *testing.T) {
	run := Run{ID: "r1", Plan: Plan{
		Steps: []Step{{Verb: RemoveCertificate, Template: "Signing"}},
		Outgoing: []Outgoing{
			{Template: "Signing", CA: "corp", Serial: "2", Revoke: true},
			{Template: "Signing", CA: "partner", Serial: "2", Revoke: true},
		},
	}}
	run.Notes = []Note{{Step: 0, Kind: Begun}, {Step: 0, Kind: Done}}
	errands := run.errands(Record{}, modelNow)
	if len(errands) != 2 || errands[0].ID == errands[1].ID {
		t.Errorf("errands are %+v", errands)
	}
}

// The access system is told what is on a card that is registered, and nothing
// of what is on one that is removed.
func TestAccessIsToldWhatItNeeds(t *testing.T) {
	after := Record{Card: Identity{ID: "yubikey-1"}, Managed: []Managed{{Template: "logon"}, {Template: "door"}}}
	for deed, want := range map[AccessDeed]int{AccessRegister: 2, AccessRemove: 0} {
		all := Run{ID: "r1", Plan: Plan{Access: deed}}.errands(after, modelNow)
		if len(all) != 1 || all[0].Access == nil {
			t.Fatalf("%s: errands %+v", deed, all)
		}
		if got := len(all[0].Access.Certificates); got != want {
			t.Errorf("%s tells of %d certificates instead of %d", deed, got, want)
		}
	}
}
