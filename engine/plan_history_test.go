package engine

import "testing"

// Other programs look into the history only as far as the card's Key History
// counts, whatever brought certificates there or took them away.
func TestHistoryIsCounted(t *testing.T) {
	w := issuedWorld(movesKeys, signer(), mailer())
	counted := func(want int, templates ...Template) {
		t.Helper()
		w.policy.Templates = templates
		plan := w.plan(t, Selection{})
		for _, s := range plan.Steps {
			if s.Verb == WriteHistory {
				if s.Count != want {
					t.Errorf("%d are counted, not %d", s.Count, want)
				}
				return
			}
		}
		t.Errorf("nothing is counted in %s", planLine(plan))
	}
	seal := modelCommon("Seal", "82", w.newPFX(DigitalSignature))
	counted(1, signer(), mailer(), seal)
	counted(2, signer(), mailer(), seal, modelTemplate("Deed", "83", DigitalSignature))
	counted(0, signer(), mailer(), modelTemplate("Deed", "83", DigitalSignature))
	later := modelCommon("Seal", "82", w.newPFX(DigitalSignature))
	w.revoke(w.record.Managed[1], Superseded)
	counted(3, signer(), mailer(), modelTemplate("Deed", "83", DigitalSignature), later)
}
