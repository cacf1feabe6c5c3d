package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/access"
	"cardkiosk/engine/audit"
	"cardkiosk/engine/ca/builtin"
	"cardkiosk/engine/config"
	"cardkiosk/engine/ldap"
	"cardkiosk/engine/mail"
	"cardkiosk/engine/pfx"
	"cardkiosk/engine/signin"
	"cardkiosk/engine/store"
	"cardkiosk/engine/vault"
	"cardkiosk/engine/words"
)

// parts is a kiosk put together from its configuration. The demo puts the same
// parts together, from a configuration of its own.
type parts struct {
	desk   *engine.Desk
	signIn *signin.Desk
	actor  engine.Actor // whoever is at the kiosk; see who.go
	name   string       // … in full
	text   *words.Text  // the language of the screen
	log    *slog.Logger

	account string // the system's, of whoever has started the kiosk
	lock    config.SignIn

	accounts signin.Accounts // the directory's
	chain    engine.Chain
	keeper   *audit.Keeper // of the audit

	snapshot  config.Snapshot
	directory string        // the name of its first server
	mail      string        // the mail server
	idle      time.Duration // without a key a walk starts anew; zero for never
	closers   []func() error
}

// surroundings are what a kiosk does not get from its configuration.
type surroundings struct {
	readers engine.Readers // real ones, or the demo's
	who     string
	now     func() time.Time
}

// assemble makes the parts. Nothing is asked of a server yet, so a kiosk starts
// while one is away.
func assemble(ctx context.Context, cfg config.Config, s surroundings) (_ *parts, err error) {
	language, ok := words.ByCode(string(cfg.Station.Language))
	if !ok {
		return nil, &engine.Error{Op: "choose language", Kind: engine.BadInput, Subject: string(cfg.Station.Language), Err: errors.New("there are: " + words.Codes())}
	}
	p := &parts{text: language.Text, actor: engine.Actor{Who: s.who, Station: cfg.Station.Name, Mode: cfg.Station.Mode}, idle: cfg.Station.Idle, snapshot: cfg.Snapshot, lock: cfg.SignIn}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if err = p.openLog(cfg.Log); err != nil {
		return nil, err
	}
	kept, err := store.Open(ctx, cfg.Store.File, store.Options{})
	if err != nil {
		return nil, err
	}
	p.closing(kept.Close)
	p.chain = kept
	p.desk = &engine.Desk{
		AuditLog: kept, Station: cfg.Station.Name,
		Readers: s.readers, Ledger: kept, Journal: kept, Audit: kept, Outbox: kept,
		Requests: kept, Unsent: kept, Texts: kept, Errands: kept, People: kept, Notices: kept, Tasks: kept, Attributes: asked(cfg.Policies),
		Policies: cfg.Policies, PolicyOf: engine.ByLinks(cfg.Policies), PolicyGroups: groupsOf(cfg.Policies),
		Roles: cfg.Roles, Deadlines: engine.Deadlines(cfg.Requests), Agent: engine.AgentRules(cfg.Agent), Now: s.now, Random: rand.Reader, Log: p.log,
	}
	for _, open := range []func(config.Config) error{p.openDirectory, p.openCAs, p.openMail, p.openVault, p.openAccess, p.openCommons, p.openSignIn, p.openAudit} {
		if err = open(cfg); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *parts) closing(f func() error) { p.closers = append(p.closers, f) }

// close closes the parts, the last first.
func (p *parts) close() error {
	var errs []error
	for _, f := range slices.Backward(p.closers) {
		errs = append(errs, f())
	}
	p.closers = nil
	return errors.Join(errs...)
}

// openLog writes to a file, for its owner only: never to the terminal.
func (p *parts) openLog(cfg config.Log) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Level)); err != nil {
		return fmt.Errorf("read log level: %w", err)
	}
	f, err := os.OpenFile(cfg.File, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return &engine.Error{Op: "open log", Kind: engine.BadInput, Subject: cfg.File, Err: err}
	}
	p.closing(f.Close)
	p.log = slog.New(slog.NewJSONHandler(f, logOptions(level)))
	return nil
}

func (p *parts) openDirectory(cfg config.Config) error {
	d := directoryConfig(cfg.Directory)
	d.Attributes.Extra, d.Log = asked(cfg.Policies), p.log
	directory, err := ldap.New(d)
	if err != nil {
		return err
	}
	p.closing(func() error { directory.Close(); return nil })
	p.desk.Directory = directory
	p.desk.Memberships, p.desk.Roll, p.desk.Publisher = directory, directory, directory
	p.desk.Addresses, p.accounts = directory, directory
	standings := &engine.Standings{Directory: directory, Memberships: directory, Groups: engine.RoleGroups(cfg.Roles), Now: p.desk.Now}
	p.desk.Standing = standings.Of
	if u, err := url.Parse(d.Servers[0]); err == nil {
		p.directory = u.Hostname()
	}
	return nil
}

// asked are the attributes that recipes read, and those whose change makes a
// card due, beyond those a user has anyway.
func asked(policies []engine.Policy) []string {
	var names []string
	for _, policy := range policies {
		for _, t := range policy.Templates {
			names = append(names, t.Subject.Attributes()...)
			for _, s := range t.SAN {
				names = append(names, s.Attributes()...)
			}
			names = append(names, engine.Foreign(t.Tracked)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (p *parts) openCAs(cfg config.Config) error {
	p.desk.CAs = map[string]engine.CA{}
	for name, c := range cfg.CAs {
		switch c.Type {
		case config.Builtin:
			ca, err := builtin.New(builtinConfig(c, p.desk.Now))
			if err != nil {
				return err
			}
			p.closing(func() error { ca.Close(); return nil })
			p.desk.CAs[name] = ca
		}
	}
	return nil
}

func (p *parts) openMail(cfg config.Config) error {
	letters, err := words.OpenLetters(cfg.Mail.Letters)
	if err != nil {
		return err
	}
	post, err := mail.Open(mailConfig(cfg.Mail), letters)
	if err != nil {
		return err
	}
	p.desk.Post, p.mail = post, cfg.Mail.Server
	return nil
}

func (p *parts) openVault(cfg config.Config) error {
	if cfg.Vault.RecipientFile == "" {
		return nil
	}
	v, err := vault.Open(cfg.Vault.RecipientFile)
	if err != nil {
		return err
	}
	p.desk.Vault = v
	return nil
}

// openAccess prepares the access system, where there is one.
func (p *parts) openAccess(cfg config.Config) error {
	if cfg.Access.URL == "" {
		return nil
	}
	system, err := access.Open(accessConfig(cfg.Access, p.desk.Now))
	if err != nil {
		return err
	}
	p.desk.AccessSystem = system
	return nil
}

// openCommons tells where the keys of common certificates are.
func (p *parts) openCommons(cfg config.Config) error {
	var sources pfx.Sources
	for _, f := range cfg.PFXFiles {
		sources = append(sources, pfx.Source(f))
	}
	p.desk.Commons = sources
	return nil
}

// groupsOf are the groups that policies are linked to.
func groupsOf(policies []engine.Policy) []string {
	var names []string
	for _, p := range policies {
		for _, l := range p.Links {
			if l.Group != "" {
				names = append(names, l.Group)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
