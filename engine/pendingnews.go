package engine

import (
	"context"
	"slices"
)

// PendingNews reports whether the requests of a card's update stand otherwise than
// was shown. Only the store is asked, and no audit row is left: it may be called
// often.
func (d *Desk) PendingNews(ctx context.Context, actor Actor, card CardID, shown Pending) (bool, error) {
	record, err := d.recorded(ctx, card)
	if err == nil {
		err = d.may(ctx, actor, ViewCard, aboutRecord(record))
	}
	if err != nil {
		return false, err
	}
	all, err := d.Requests.RequestsOf(ctx, card)
	if err != nil {
		return false, err
	}
	all = slices.DeleteFunc(all, func(q Request) bool { return q.Run != shown.Run })
	same := func(a, b Request) bool {
		return a.ID == b.ID && a.State == b.State && (a.Trouble == "") == (b.Trouble == "") && a.Watched == b.Watched
	}
	return !slices.EqualFunc(all, shown.Requests, same), nil
}
