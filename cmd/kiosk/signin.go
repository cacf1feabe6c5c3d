package main

import (
	"cardkiosk/engine/config"
	"cardkiosk/engine/signin"
)

// openSignIn prepares the desk where people sign in. It comes after the
// directory's.
func (p *parts) openSignIn(cfg config.Config) error {
	p.signIn = &signin.Desk{Station: cfg.Station.Name, Mode: p.actor.Mode, Audit: p.desk.Audit, Readers: p.desk.Readers}
	return nil
}
