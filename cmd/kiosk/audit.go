package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"os"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/audit"
	"cardkiosk/engine/config"
	"cardkiosk/engine/syslog"
	"cardkiosk/engine/words"
)

// auditCmd is about who did what, and whether it is still what was written.
type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Find whatever was changed, removed, moved or cut off in the audit, and say up to where it is vouched for."`
	List   auditListCmd   `cmd:"" help:"List who did what."`
	Export auditExportCmd `cmd:"" help:"Write the audit as CSV or JSON, with what verifies it."`
	Key    auditKeyCmd    `cmd:"" help:"Print the station's public key, to be kept elsewhere; make the key where there is none."`
}

// auditKeyCmd prints the public half of the key that signs checkpoints.
type auditKeyCmd struct {
	Config string `placeholder:"FILE" help:"The configuration. Left out: config.toml in this folder, or else /etc/kiosk/config.toml."`
}

// Run prints the key.
func (cmd auditKeyCmd) Run(context.Context) error {
	file, err := findConfig(cmd.Config)
	if err != nil {
		return err
	}
	cfg, err := loadConfig(file, os.Stderr)
	if err != nil {
		return err
	}
	key, _, err := audit.OpenKey(cfg.Station.Folder, rand.Reader)
	if err != nil {
		return err
	}
	fmt.Println(audit.PublicLine(cfg.Station.Name, key.Public().(ed25519.PublicKey)))
	_, _ = fmt.Fprintln(os.Stderr, "kiosk audit key:", words.English.Audit.Keep)
	return nil
}

// openAudit prepares what makes checkpoints, and brings them and the rows away.
func (p *parts) openAudit(cfg config.Config) error {
	p.keeper = &audit.Keeper{
		Station: cfg.Station.Name, Chain: p.chain, Rows: int64(cfg.Audit.Rows), Every: cfg.Audit.Every, Now: p.desk.Now,
		Key: func() (ed25519.PrivateKey, error) {
			key, made, err := audit.OpenKey(cfg.Station.Folder, rand.Reader)
			if made {
				p.log.Info("audit key was made: keep its public half elsewhere", "key", audit.PublicLine(cfg.Station.Name, key.Public().(ed25519.PublicKey)))
			}
			return key, err
		},
	}
	if cfg.Audit.Syslog.Address != "" {
		server, err := syslog.Open(syslogConfig(cfg.Audit.Syslog, p.desk.Now))
		if err != nil {
			return err
		}
		p.keeper.RowsTo = append(p.keeper.RowsTo, server)
		p.keeper.CheckpointsTo = append(p.keeper.CheckpointsTo, server)
	}
	if cfg.Audit.File != "" {
		p.keeper.CheckpointsTo = append(p.keeper.CheckpointsTo, audit.File{Name: cfg.Audit.File})
	}
	for _, to := range cfg.Audit.Mail {
		p.keeper.CheckpointsTo = append(p.keeper.CheckpointsTo, audit.Mail{To: to, Post: p.desk.Post})
	}
	return nil
}

// lastCheckpoint is how long the end of the program may wait for the last
// checkpoint to leave. What has not left by then does so the next time.
const lastCheckpoint = 3 * time.Second

// finishAudit makes the last checkpoint of a program that was at work. Trouble is
// logged: the program ends all the same.
func (p *parts) finishAudit(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastCheckpoint)
	defer cancel()
	if err := p.keeper.Finish(ctx); err != nil {
		p.log.Error("last checkpoint of the audit did not leave", "kind", engine.KindOf(err), "err", err)
	}
}
