package engine

import (
	"context"
	"testing"
)

// What is shown beforehand is what the door says, and showing it leaves nothing: no
// row, and one question to the directory for all of it.
func TestPermitted(t *testing.T) {
	for _, c := range matrixCases() {
		s := issued(t)
		who := Actor{Who: asker, Station: "desk 1", Mode: c.mode, User: c.user}
		if c.roles != nil {
			s.desk.Roles = c.roles(deskOperation{all: []Privilege{UpdateCard}})
		}
		if c.shut {
			s.policy.Users = UserOptions{}
		}
		asked := &askedDirectory{Directory: s.desk.Directory}
		s.desk.Directory, s.rows = asked, nil
		may := s.desk.Permitted(t.Context(), who, ada.ID, s.record)
		if asked.users > 1 || len(s.rows) > 0 {
			t.Errorf("%s: the directory was asked %d times, the audit has %d rows", c.name, asked.users, len(s.rows))
		}
		m := aboutRecord(*s.record)
		m.proven = true
		for _, p := range Privileges() {
			said, door := may.Denied(p), s.desk.denial(t.Context(), who, p, m)
			if (said == nil) != (door == nil) || door != nil && DenialOf(said).Why != door.Why {
				t.Errorf("%s, %s: shown %v, the door says %v", c.name, p, said, door)
			}
		}
	}
}

// askedDirectory counts questions.
type askedDirectory struct {
	Directory
	users int
}

func (d *askedDirectory) User(ctx context.Context, id UserID) (User, error) {
	d.users++
	return d.Directory.User(ctx, id)
}
