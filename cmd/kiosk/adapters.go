package main

import (
	"time"

	"cardkiosk/engine/access"
	"cardkiosk/engine/ca/builtin"
	"cardkiosk/engine/config"
	"cardkiosk/engine/ldap"
	"cardkiosk/engine/mail"
	"cardkiosk/engine/pfx"
	"cardkiosk/engine/syslog"
	"cardkiosk/engine/vault"
	"cardkiosk/engine/words"
)

// What the configuration says, as each adapter wants it.

func directoryConfig(d config.Directory) ldap.Config {
	a := d.Attributes
	return ldap.Config{
		Servers: d.Servers, StartTLS: d.StartTLS, CAFile: d.CAFile, ServerName: d.ServerName, AllowPlaintext: true, // the configuration allows it on this machine only
		BindDN: d.BindDN, PasswordFile: d.PasswordFile, ActiveDirectory: d.Kind == config.ActiveDirectory, BaseDN: d.BaseDN, Filter: d.Filter,
		SearchAttributes: d.Search, PageSize: d.PageSize, Timeout: d.Timeout,
		Attributes: ldap.Attributes{
			ID: a.ID, Name: a.Name, Logon: a.Logon, Mail: a.Mail, UPN: a.UPN, SID: a.SID, Manager: a.Manager,
			Disabled: ldap.Mark{Attribute: a.Disabled.Attribute, Bits: int64(a.Disabled.Bits), Value: a.Disabled.Value},
		},
	}
}

func builtinConfig(c config.CA, now func() time.Time) builtin.Config {
	return builtin.Config{
		URL: c.URL, CertificateFile: c.CertificateFile, KeyFile: c.KeyFile, RootFile: c.RootFile, IssuersFile: c.IssuersFile,
		Timeout: c.Timeout, Now: now,
	}
}

func accessConfig(a config.Access, now func() time.Time) access.Config {
	return access.Config{
		URL: a.URL, SecretFile: a.SecretFile, CAFile: a.CAFile, ServerName: a.ServerName, Timeout: a.Timeout, Now: now,
	}
}

func mailConfig(m config.Mail) mail.Config {
	ways := map[config.MailTLS]mail.TLS{
		config.MailStartTLS: mail.StartTLS, config.MailImplicit: mail.ImplicitTLS, config.MailPlain: mail.NoTLS,
	}
	return mail.Config{
		Server: m.Server, TLS: ways[m.TLS], CAFile: m.CAFile, ServerName: m.ServerName, HelloName: m.HelloName,
		User: m.User, PasswordFile: m.PasswordFile, From: m.From, ReplyTo: m.ReplyTo, Timeout: m.Timeout,
		Language: string(m.Language),
	}
}

func syslogConfig(s config.Syslog, now func() time.Time) syslog.Config {
	return syslog.Config{
		Address: s.Address, CAFile: s.CAFile, ServerName: s.ServerName, Facility: s.Facility, Timeout: s.Timeout, Now: now,
	}
}

// trials make each adapter once, so that what it would refuse is found beside
// everything else that is wrong with a configuration. None connects to anything.
func trials(now time.Time) config.Trials {
	return config.Trials{
		Now: now,
		Directory: func(d config.Directory) error {
			directory, err := ldap.New(directoryConfig(d))
			if err == nil {
				directory.Close()
			}
			return err
		},
		CA: func(c config.CA) error {
			_, err := builtin.New(builtinConfig(c, nil))
			return err
		},
		Mail: func(m config.Mail) error {
			_, err := mail.Open(mailConfig(m), nil)
			return err
		},
		Letters: func(folder string) error {
			_, err := words.OpenLetters(folder)
			return err
		},
		Vault: func(v config.Vault) error {
			_, err := vault.Open(v.RecipientFile)
			return err
		},
		Access: func(a config.Access) error {
			_, err := access.Open(accessConfig(a, nil))
			return err
		},
		SignIn: trySignIn,
		Syslog: func(s config.Syslog) error {
			_, err := syslog.Open(syslogConfig(s, nil))
			return err
		},
		PFX: pfx.Read,
	}
}
