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
