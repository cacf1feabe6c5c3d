package main

import (
	"log/slog"
	"slices"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/config"
	"cardkiosk/engine/crl"
	"cardkiosk/engine/signin"
)

// ways are the ways to sign in, as the engine calls them.
var ways = map[config.SignInMethod]engine.SignedIn{
	config.PasswordMethod: engine.ByPassword, config.CardMethod: engine.ByCard, config.SystemMethod: engine.ByAccount,
}

// logonPlace is where cards have what their holder logs on with (SP 800-73-4
// part 1, 3.2.1: PIV Authentication).
const logonPlace engine.Place = "9a"

// openSignIn prepares the desk where people sign in. It comes after the
// directory's.
func (p *parts) openSignIn(cfg config.Config) error {
	d := &signin.Desk{
		Accounts: p.accounts, Readers: p.desk.Readers, Audit: p.desk.Audit,
		Place: logonPlace, MapBy: cfg.SignIn.MapBy, Local: cfg.SignIn.Accounts,
		Station: cfg.Station.Name, Mode: p.actor.Mode, Now: p.desk.Now, Random: p.desk.Random, Log: p.log,
	}
	for _, m := range cfg.SignIn.Methods {
		d.Ways = append(d.Ways, ways[m])
	}
	if d.Allows(engine.ByCard) {
		if err := trustCards(d, cfg.SignIn, p.log); err != nil {
			return err
		}
	}
	p.signIn = d
	return nil
}

// trustCards tells the desk who vouches for cards, and where it is found out
// which are revoked.
func trustCards(d *signin.Desk, cfg config.SignIn, log *slog.Logger) (err error) {
	if d.Roots, d.Intermediates, err = signin.ReadRoots(cfg.RootsFile); err != nil {
		return err
	}
	d.Revocations, err = crl.Open(crlConfig(cfg, d.Now, log))
	return err
}

func crlConfig(cfg config.SignIn, now func() time.Time, log *slog.Logger) crl.Config {
	c := crl.Config{Now: now, Log: log}
	for _, source := range cfg.CRL {
		c.Sources = append(c.Sources, crl.Source(source))
	}
	return c
}

// trySignIn prepares what signing in needs of files, for a look at a
// configuration.
func trySignIn(cfg config.SignIn) error {
	if !slices.Contains(cfg.Methods, config.CardMethod) {
		return nil
	}
	return trustCards(&signin.Desk{}, cfg, nil)
}
