package engine

import (
	"context"
	"fmt"
)

// Orphans lists the certificates that a CA issued for updates which had been
// cancelled: it did not let their requests be withdrawn. They were revoked, and
// nobody has their keys.
func (d *Desk) Orphans(ctx context.Context, actor Actor) (all []Request, err error) {
	row := AuditRow{Actor: actor, Act: string(SeeOrphans)}
	if err = d.may(ctx, actor, SeeOrphans, matter{}); err == nil {
		all, err = d.Requests.Orphans(ctx)
		row.Detail = fmt.Sprintf("%d certificates", len(all))
	}
	d.witness(ctx, row, err)
	return all, err
}
