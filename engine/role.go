package engine

// Role is what its members may do. Everything is denied until a role grants it.
type Role struct {
	Name       string
	Privileges []Privilege
	Users      []string // logon names of members
	Groups     []string // DNs of groups whose members are the role's, also through other groups
	Policies   []string // it counts for users and cards of these only; none: for all
}
