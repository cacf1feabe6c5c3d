package engine

import (
	"context"
	"slices"
)

// FoundUser is one line of a search: the user and what the store knows of
// their cards.
type FoundUser struct {
	User  User
	Cards int
	Due   bool
	Waits bool // an update of one of them waits for a CA
}

// Find begins a search for users by name, logon name or mail address. Nothing
// is asked before the first Next, so it never blocks. What is looked at in
// passing is not audited; opening a profile is.
func (d *Desk) Find(ctx context.Context, actor Actor, text string) (*Search, error) {
	if err := d.may(ctx, actor, FindUsers, matter{}); err != nil {
		return nil, err
	}
	return &Search{desk: d, formers: d.formers(), hits: d.Directory.Search(text)}, nil
}

// Search is the answer to Find, page by page.
type Search struct {
	desk    *Desk
	formers formers
	hits    Hits
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
	persons, err := s.desk.persons(ctx, records)
	if err != nil {
		return nil, err
	}
	page := make([]FoundUser, len(users))
	for i, u := range users {
		if page[i], err = s.found(ctx, u, byUser[u.ID], persons); err != nil {
			return nil, err
		}
	}
	return page, nil
}

// Close gives the search up.
func (s *Search) Close() { s.hits.Close() }

// persons is what the snapshot has of the holders of cards.
func (d *Desk) persons(ctx context.Context, records []Record) (map[UserID]Person, error) {
	ids := make([]UserID, len(records))
	for i, r := range records {
		ids[i] = r.User.ID
	}
	list, err := d.People.Persons(ctx, ids...)
	if err != nil {
		return nil, err
	}
	persons := map[UserID]Person{}
	for _, p := range list {
		persons[p.User.ID] = p
	}
	return persons, nil
}

// found says whether a user's cards are due. A search does not tell in which
// groups they are: where policies name groups, the snapshot does.
func (s *Search) found(ctx context.Context, u User, records []Record, persons map[UserID]Person) (FoundUser, error) {
	f := FoundUser{User: u.shown(), Cards: len(records)}
	f.Waits = slices.ContainsFunc(records, func(r Record) bool { return r.State == StatePending })
	person, known := persons[u.ID]
	if len(records) == 0 || len(s.desk.PolicyGroups) > 0 && !known {
		return f, nil
	}
	u.Groups = person.User.Groups
	for _, r := range records {
		now, err := s.formers.situation(ctx, u, r, nil)
		if err != nil {
			return f, err
		}
		f.Due = f.Due || Due(Reasons(now))
	}
	return f, nil
}
