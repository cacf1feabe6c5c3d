package config

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"cardkiosk/engine"
)

// SignIn says how people sign in at this station, and when it locks itself.
type SignIn struct {
	Methods     []SignInMethod    `toml:"methods"`         // the ways that are open, the one that is offered first first
	RootsFile   string            `toml:"roots_file"`      // PEM: the roots, and the CAs between, of operators' cards
	CRL         []CRL             `toml:"crl"`             // where it is found out which cards are revoked
	MapBy       []engine.CalledBy `toml:"map_by"`          // what tells whose a card is
	Accounts    map[string]string `toml:"accounts"`        // of the system → logon name in the directory
	Lock        time.Duration     `toml:"lock"`            // without a key the session is locked; zero for never
	Countdown   time.Duration     `toml:"countdown"`       // how long before that it is counted down
	OneReader   time.Duration     `toml:"lock_one_reader"` // … where there is one reader, which has other people's cards in it
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

// CRL is a place where a CA puts its list of revoked certificates: a URL or a
// file.
type CRL struct {
	URL    string `toml:"url"`
	CAFile string `toml:"ca_file"` // PEM, for https; "": the system's roots
	File   string `toml:"file"`
}

// mapping are the names that tell whose a card is, and the attribute of the
// directory that each wants; "" for none.
func (d Directory) mapping(by engine.CalledBy) (attribute, value string) {
	switch by {
	case engine.BySID:
		return "sid", d.Attributes.SID
	case engine.ByUPN:
		return "upn", d.Attributes.UPN
	case engine.ByMail:
		return "mail", d.Attributes.Mail
	case engine.ByLogon, engine.BySerial:
	}
	return "", ""
}

func (s *SignIn) check(c *checker, at *path, d *document) {
	fallback(c, at.key("methods"), &s.Methods, []SignInMethod{SystemMethod})
	fallback(c, at.key("lock"), &s.Lock, s.usualLock())
	fallback(c, at.key("countdown"), &s.Countdown, min(20*time.Second, s.Lock))
	fallback(c, at.key("lock_one_reader"), &s.OneReader, s.Lock/2)
	fallback(c, at.key("lock_on_card_removed"), &s.CardRemoved, true)
	if !c.given(at) {
		s.MapBy = d.Directory.namesPeople()
		return
	}
	s.checkMethods(c, at.key("methods"))
	s.checkCards(c, at)
	s.checkMapBy(c, at.key("map_by"), d)
	s.checkAccounts(c, at.key("accounts"))
	s.checkLock(c, at, d.Station)
	try(c, at, "roots_file", c.trials.SignIn, *s, "name a file with the roots that vouch for the cards of those who work here")
}

// usualLock is longer where the system alone signs people in: nobody can unlock the
// session there, and its lock is its end.
func (s *SignIn) usualLock() time.Duration {
	if s.open(PasswordMethod) || s.open(CardMethod) {
		return 2 * time.Minute
	}
	return 15 * time.Minute
}

func (s *SignIn) open(m SignInMethod) bool { return slices.Contains(s.Methods, m) }

func (s *SignIn) checkMethods(c *checker, at *path) {
	if len(s.Methods) == 0 && !c.unclear(at) {
		c.wrong(at, "is empty: nobody could sign in", `name at least one way: methods = ["password"]`)
	}
	for i, m := range s.Methods {
		oneOf(c, at.item(i), m, PasswordMethod, CardMethod, SystemMethod)
		if slices.Contains(s.Methods[:i], m) {
			c.wrong(at.item(i), quote(string(m))+" is there twice", "remove one")
		}
	}
}

// checkCards reports what signing in by card lacks, and what stands there for
// nothing.
func (s *SignIn) checkCards(c *checker, at *path) {
	for i := range s.CRL {
		s.CRL[i].check(c, at.key("crl").item(i))
	}
	if !s.open(CardMethod) {
		c.certificatesNamed(at.key("roots_file"), &s.RootsFile)
		if !c.unclear(at.key("methods")) && s.RootsFile != "" {
			c.warn(at.key("roots_file"), `is for signing in by card, which methods does not have`, `add "card" to methods, or remove it`)
		}
		return
	}
	if c.need(at.key("roots_file"), s.RootsFile, "name a file with the roots that vouch for the cards of those who work here") {
		c.certificatesNamed(at.key("roots_file"), &s.RootsFile)
	}
	if len(s.CRL) == 0 && !c.unclear(at.key("crl")) {
		c.wrong(at.key("crl"), "is missing: without a list of revoked certificates nobody signs in with a card",
			"add [[sign_in.crl]] with url or file for each CA that issues cards or vouches for one that does")
	}
}

func (r *CRL) check(c *checker, at *path) {
	switch {
	case r.URL != "" && r.File != "":
		c.wrong(at.key("file"), "stands beside url", "keep one of the two; another list has a [[sign_in.crl]] of its own")
	case r.URL == "" && r.File == "":
		c.need(at.key("url"), "", `name where the list is: url = "https://pki.corp.example/corp.crl", or file`)
	case r.URL != "":
		if c.listAddress(at.key("url"), r.URL) && !strings.HasPrefix(r.URL, "https:") && r.CAFile != "" {
			c.wrong(at.key("ca_file"), "is for https://, and url has none", "remove it: the list is signed")
		}
	case r.CAFile != "":
		c.wrong(at.key("ca_file"), "is for a server, and the list is in a file", "remove it")
	}
	c.certificatesNamed(at.key("ca_file"), &r.CAFile)
	c.fileNamed(at.key("file"), &r.File)
}

// listAddress is webAddress for what is signed: it need not come over TLS. Of
// what it is not, it repeats nothing either.
func (c *checker) listAddress(at *path, text string) (ok bool) {
	const remedy = `write it like this: "http://pki.corp.example/corp.crl"`
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || !isPort(u.Port(), true):
		c.wrong(at, "is not the address of a list (http or https)", remedy)
	case u.User != nil:
		c.wrong(at, "holds a user name or a password", "take it out of the address: lists are for everybody")
	default:
		return true
	}
	return false
}

// checkMapBy fills in what the directory can tell people apart by.
func (s *SignIn) checkMapBy(c *checker, at *path, d *document) {
	fallback(c, at, &s.MapBy, d.Directory.namesPeople())
	if s.open(CardMethod) && len(s.MapBy) == 0 && !c.unclear(at) && !c.unclear(c.root.key("directory")) {
		c.wrong(at, "is empty: nobody would be found by their card", `name what tells whose a card is: map_by = ["mail"]`)
	}
	for i, by := range s.MapBy {
		if !c.given(at) {
			break
		}
		oneOf(c, at.item(i), by, engine.BySID, engine.ByUPN, engine.ByMail, engine.BySerial)
		if attribute, value := d.Directory.mapping(by); attribute != "" && value == "" && !c.unclear(c.root.key("directory")) {
			c.wrong(at.item(i), "needs an attribute that the directory is said not to have",
				fmt.Sprintf("name it: [directory.attributes] %s = %q, or remove it here", attribute, "…"))
		}
	}
}

// namesPeople are the names that the directory has for people, the surest first.
// Who has noted a certificate with whom is not known, so it is not among them.
func (d Directory) namesPeople() []engine.CalledBy {
	return slices.DeleteFunc([]engine.CalledBy{engine.BySID, engine.ByUPN, engine.ByMail}, func(by engine.CalledBy) bool {
		_, value := d.mapping(by)
		return value == ""
	})
}

func (s *SignIn) checkAccounts(c *checker, at *path) {
	for _, account := range slices.Sorted(maps.Keys(s.Accounts)) {
		logon := s.Accounts[account]
		unseen := strings.ContainsFunc(account+logon, func(r rune) bool { return !unicode.IsPrint(r) })
		if c.need(at.key(account), logon, "name the logon name that it has in the directory, or remove the line") && unseen {
			c.wrong(at.key(account), "has a character that cannot be shown", "use the names as they are")
		}
	}
}

// leastLock is time enough to read what is on the screen.
const leastLock = 10 * time.Second

func (s *SignIn) checkLock(c *checker, at *path, station Station) {
	lock, countdown := at.key("lock"), at.key("countdown")
	switch {
	case c.unclear(lock) || c.unclear(countdown):
	case s.Lock != 0 && s.Lock < leastLock:
		c.wrong(lock, "is "+short(s.Lock), "use "+short(leastLock)+` or more, or "0s" for never`)
	case s.OneReader != 0 && (s.OneReader < leastLock || s.Lock != 0 && s.OneReader > s.Lock):
		c.wrong(at.key("lock_one_reader"), "is "+short(s.OneReader), "use "+short(leastLock)+` or more, and no more than lock, or "0s"`)
	case s.Countdown < 0 || s.Countdown > s.Lock:
		c.wrong(countdown, fmt.Sprintf("is %s, and the whole time is %s", short(s.Countdown), short(s.Lock)), `use less than lock: countdown = "20s"`)
	case c.given(lock) && station.Idle != 0 && s.Lock > station.Idle:
		c.warn(lock, fmt.Sprintf("is %s, but after %s the walk starts anew anyway", short(s.Lock), short(station.Idle)), "use less than station.idle")
	}
}
