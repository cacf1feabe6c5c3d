package engine

import (
	"context"
)

// FoundUser is one line of a search: the user and what the store knows of
// their cards.
type FoundUser struct {
	User  User
	Cards int
	Due   bool
}

// Find begins a search for users by name, logon name or mail address. Nothing
// is asked before the first Next, so it never blocks. What is looked at in
// passing is not audited; opening a profile is.
func (d *Desk) Find(actor Actor, text string) (*Search, error) {
	if err := may(actor, FindUsers); err != nil {
		return nil, err
	}
	return &Search{desk: d, hits: d.Directory.Search(text)}, nil
}

// Search is the answer to Find, page by page.
type Search struct {
	desk *Desk
	hits Hits
}

// Next returns the next page, and io.EOF after the last.
func (s *Search) Next(ctx context.Context) ([]FoundUser, error) {
	users, err := s.hits.Next(ctx)
	if err != nil {
		return nil, err
	}
	ids := make([]UserID, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	records, err := s.desk.Ledger.CardsOf(ctx, ids...)
	if err != nil {
		return nil, err
	}
	byUser := map[UserID][]Record{}
	for _, r := range records {
		byUser[r.User.ID] = append(byUser[r.User.ID], r)
	}
	page := make([]FoundUser, len(users))
	for i, u := range users {
		page[i] = s.desk.found(u.shown(), byUser[u.ID])
	}
	return page, nil
}

// Close gives the search up.
func (s *Search) Close() { s.hits.Close() }

func (d *Desk) found(u User, records []Record) FoundUser {
	f := FoundUser{User: u, Cards: len(records)}
	if f.Cards == 0 {
		return f
	}
	policy, err := d.PolicyOf(u)
	if err != nil {
		return f
	}
	for _, r := range records {
		f.Due = f.Due || Due(Reasons(policy, r, nil, d.Now()))
	}
	return f
}
