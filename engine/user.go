package engine

// UserID names a user for ever: the directory's own id (entryUUID,
// objectGUID), not the name, which changes with marriage and mood.
type UserID string

// User is a person in the directory. Name, Logon and Mail are for people to
// read: the Desk has taken control characters out of them. Attributes are as
// the directory gave them.
type User struct {
	ID         UserID
	DN         string
	Name       string
	Logon      string
	Mail       string // "" when the directory has none
	UPN        string
	SID        string // "S-1-5-…", "" outside Active Directory
	Disabled   bool
	Recorded   bool                // the directory does not tell: only what the store has of them is here
	Groups     []string            // DNs of those groups that policies name and the user is in, also through others
	Attributes map[string][]string // what recipes ask for beyond the fields above
}

// UserRef is what the store and the journal keep of a user.
type UserRef struct {
	ID    UserID `json:"id"`
	Name  string `json:"name"`
	Logon string `json:"logon"`
	Mail  string `json:"mail,omitempty"`
}

// Ref returns what is kept of the user.
func (u User) Ref() UserRef {
	return UserRef{ID: u.ID, Name: u.Name, Logon: u.Logon, Mail: u.Mail}
}

// user is as much of the user as is kept.
func (r UserRef) user() User {
	return User{ID: r.ID, Name: r.Name, Logon: r.Logon, Mail: r.Mail, Recorded: true}
}

// Shown returns the user as a person may see them, for those beside the Desk who
// ask the directory.
func (u User) Shown() User { return u.shown() }

// shown returns the user as a person may see them: no control characters.
func (u User) shown() User {
	u.Name, u.Logon, u.Mail = Clean(u.Name), Clean(u.Logon), Clean(u.Mail)
	u.DN, u.UPN = Clean(u.DN), Clean(u.UPN)
	return u
}
