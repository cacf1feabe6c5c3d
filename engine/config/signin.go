package config

import "time"

// SignIn says how people sign in at this station, and when it locks itself.
type SignIn struct {
	Methods     []SignInMethod    `toml:"methods"`    // the ways that are open, the one that is offered first first
	RootsFile   string            `toml:"roots_file"` // PEM: the roots, and the CAs between, of operators' cards
	CRL         []CRL             `toml:"crl"`        // where it is found out which cards are revoked
	MapBy       []string          `toml:"map_by"`     // what tells whose a card is: sid, upn, mail, serial
	Accounts    map[string]string `toml:"accounts"`   // of the system → logon name in the directory
	Lock        time.Duration     `toml:"lock"`       // without a key the session is locked; zero for never
	Countdown   time.Duration     `toml:"countdown"`  // how long before that it is counted down
	CardRemoved bool              `toml:"lock_on_card_removed"`
}

// SignInMethod is a way to sign in.
type SignInMethod string

// The ways to sign in.
const (
	PasswordMethod SignInMethod = "password"
	CardMethod     SignInMethod = "card"
	SystemMethod   SignInMethod = "system"
)

// CRL is a place where a CA puts its list of revoked certificates. One of URL
// and File is given.
type CRL struct {
	URL    string `toml:"url"`
	CAFile string `toml:"ca_file"` // PEM, for https; "": the system's roots
	File   string `toml:"file"`    // DER or PEM, looked at again whenever it is needed
}

func (s *SignIn) check(c *checker, at *path, d *document) {}
