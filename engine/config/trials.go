package config

import (
	"errors"
	"slices"
	"strings"
	"time"

	"cardkiosk/engine"
)

// Trials are what only the parts themselves can say of what they are given:
// each makes its part, as at a start, and nothing is connected to. They are
// asked about tables in which nothing else is wrong. A nil one is left out.
type Trials struct {
	Now       time.Time // for certificates that have ended; zero: they are not looked at
	Directory func(Directory) error
	CA        func(CA) error
	Mail      func(Mail) error
	Letters   func(folder string) error
	Vault     func(Vault) error
	Access    func(Access) error
	SignIn    func(SignIn) error
	Syslog    func(Syslog) error
	PFX       func(file, passwordFile string) (engine.Certificate, error) // opens it: the certificate becomes part of the policy
}

// try asks a part about a table that has no errors so far. What the part
// refuses is reported at a key of the table, or, where the part names a setting
// of it, there.
func try[T any](c *checker, table *path, key string, part func(T) error, value T, remedy string) {
	within := func(f Finding) bool {
		return f.Severity == Error && (f.Key == table.shown || strings.HasPrefix(f.Key, table.shown+"."))
	}
	if part == nil || c.unclear(table) || slices.ContainsFunc(c.found, within) {
		return
	}
	err := part(value)
	if err == nil {
		return
	}
	var e *engine.Error
	if errors.As(err, &e) && e.Err != nil && c.given(table.key(e.Subject)) {
		key = e.Subject
	}
	c.wrong(table.key(key), "cannot be used: "+cause(err), remedy)
}

// cause is what a part says of its trouble, without the deed: a configuration
// was only looked at.
func cause(err error) string {
	var e *engine.Error
	if errors.As(err, &e) && e.Err != nil {
		err = e.Err
	}
	return err.Error()
}
