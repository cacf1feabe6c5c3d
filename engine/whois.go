package engine

import "context"

// user reads a user from the directory, with those groups that policies name:
// only with them it is known which policy is theirs.
func (d *Desk) user(ctx context.Context, id UserID) (User, error) {
	u, err := d.Directory.User(ctx, id)
	if err != nil || len(d.PolicyGroups) == 0 {
		return u, err
	}
	if u.Groups, err = d.Memberships.GroupsOf(ctx, u, d.PolicyGroups); err != nil {
		return User{}, err
	}
	return u, nil
}
