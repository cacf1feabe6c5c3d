package engine

import (
	"context"
	"sync"
	"time"
)

// Standing is what the directory says of a person now, as far as roles ask.
type Standing struct {
	Groups   []string // DNs of those groups that roles name and the person is in, also through others
	Disabled bool
}

const (
	standingFresh = time.Minute      // how long an answer is believed without asking
	standingHolds = 15 * time.Minute // … and while the directory does not answer
)

// Standings remembers for a while how people stand: each act asks, and whoever was
// taken out of a group can do nothing more a minute later.
type Standings struct {
	Directory   Directory
	Memberships Memberships // nil where no role names a group
	Groups      []string    // DNs of the groups that roles name
	Now         func() time.Time

	mu    sync.Mutex
	known map[UserID]knownStanding
}

type knownStanding struct {
	Standing
	at time.Time
}

// Of tells how a person stands. Its errors are the directory's.
func (s *Standings) Of(ctx context.Context, id UserID) (Standing, error) {
	s.mu.Lock()
	was, ok := s.known[id]
	s.mu.Unlock()
	age := s.Now().Sub(was.at)
	if ok && age >= 0 && age < standingFresh {
		return was.Standing, nil
	}
	is, err := s.ask(ctx, id)
	away := Is(err, DirectoryAway) || ctx.Err() != nil
	switch {
	case away && ok && age >= 0 && age < standingHolds:
		return was.Standing, nil
	case err != nil:
		return Standing{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = map[UserID]knownStanding{}
	}
	s.known[id] = knownStanding{is, s.Now()}
	return is, nil
}

func (s *Standings) ask(ctx context.Context, id UserID) (Standing, error) {
	user, err := s.Directory.User(ctx, id)
	if err != nil || len(s.Groups) == 0 {
		return Standing{Disabled: user.Disabled}, err
	}
	groups, err := s.Memberships.GroupsOf(ctx, user, s.Groups)
	return Standing{Groups: groups, Disabled: user.Disabled}, err
}
