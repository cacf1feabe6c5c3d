package engine

import (
	"context"
	"log/slog"
	"testing"
	"time"
)

// orphaned is a store with requests whose certificates nobody wanted any more.
type orphaned struct {
	Requests
	all []Request
}

func (o orphaned) Orphans(context.Context) ([]Request, error) { return o.all, nil }

// Certificates of cancelled updates are shown to those who may see them, and that
// is audited.
func TestOrphans(t *testing.T) {
	audit := &diary{}
	d := &Desk{Roles: everything, Requests: orphaned{all: []Request{{Orphan: "0a"}}}, Audit: audit, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	all, err := d.Orphans(t.Context(), reporter)
	if err != nil || len(all) != 1 || all[0].Orphan != "0a" {
		t.Errorf("it lists %+v, %v", all, err)
	}
	if row := audit.row; row.Act != "see orphans" || row.Detail != "1 certificates" || row.Result != "done" || row.Actor != reporter {
		t.Errorf("audited as %+v", row)
	}
	self := Actor{Who: "ada", Mode: SelfService}
	if all, err := d.Orphans(t.Context(), self); !Is(err, Forbidden) || all != nil {
		t.Errorf("a holder sees %v, %v", all, err)
	}
	if row := audit.row; row.Result != "refused" || row.Actor != self {
		t.Errorf("audited as %+v", row)
	}
}
