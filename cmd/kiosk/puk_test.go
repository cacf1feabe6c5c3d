package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/vault"
)

// spiedAudit keeps the rows, until it takes no more.
type spiedAudit struct {
	rows []engine.AuditRow
	err  error
}

func (s *spiedAudit) Write(_ context.Context, row engine.AuditRow) error {
	s.rows = append(s.rows, row)
	return s.err
}

// Who has a PUK shown stands in the audit, with the card and without the PUK;
// what cannot be audited is not shown.
func TestPUKShown(t *testing.T) {
	l := openLobby(t)
	issued := updateCmd{User: "zvdberg", Card: "712234", Assign: true, Yes: true, PINFile: pinFile(t, "482913")}
	if err := issued.update(t.Context(), l.parts); err != nil {
		t.Fatal(err)
	}
	identity := filepath.Join(l.world.Folder, "helpdesk.identity")
	out := done(t, "puk", "show", "--store", filepath.Join(l.world.Folder, "kiosk.db"), "--card", "0071 2234", "--identity", identity)
	audit := &spiedAudit{}
	desk := *l.desk
	desk.Audit = audit
	open := func(sealed []byte) ([]byte, error) { return vault.Reveal(sealed, identity) }
	puk, err := desk.ShowPUK(t.Context(), tester, "yubikey-712234", open)
	if err != nil || len(puk) != 8 || string(puk) != strings.TrimSpace(out) {
		t.Fatalf("%q, %v; the command printed %q", puk, err, out)
	}
	if len(audit.rows) != 1 {
		t.Fatalf("%d rows in the audit", len(audit.rows))
	}
	row := audit.rows[0]
	if row.Actor != tester || row.Act != "show PUK" || row.Card != "yubikey-712234" || row.User == "" || row.Result != "done" || row.At.IsZero() {
		t.Errorf("the audit has %+v", row)
	}
	if strings.Contains(fmt.Sprintf("%+v", row), string(puk)) {
		t.Error("the audit has the PUK")
	}
	audit.err = errors.New("disk full")
	if puk, err := desk.ShowPUK(t.Context(), tester, "yubikey-712234", open); err == nil || puk != nil {
		t.Errorf("shown without an audit: %v", err)
	}
	audit.rows, audit.err = nil, nil
	self := engine.Actor{Who: "ada", Station: "desk-1", Mode: engine.SelfService}
	if _, err := desk.ShowPUK(t.Context(), self, "yubikey-712234", open); !engine.Is(err, engine.Forbidden) || len(audit.rows) != 1 || audit.rows[0].Result != "refused" {
		t.Errorf("in self-service: %v, %+v", err, audit.rows)
	}
}
