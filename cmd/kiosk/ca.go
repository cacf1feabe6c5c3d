package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/authority"
)

// caCmd is the built-in CA: made, served and looked after on its own machine.
type caCmd struct {
	Init     caInitCmd     `cmd:"" help:"Make a CA: keys, certificates, rules."`
	Serve    caServeCmd    `cmd:"" help:"Serve a CA to its stations, and publish its revocation list."`
	Station  caStationCmd  `cmd:"" help:"Make, list or revoke stations: kiosks that may speak to the CA."`
	Requests caRequestsCmd `cmd:"" help:"For officers: list what was asked for."`
	Show     caShowCmd     `cmd:"" help:"For officers: show a request."`
	Approve  caApproveCmd  `cmd:"" help:"For officers: approve a request that the CA holds."`
	Reject   caRejectCmd   `cmd:"" help:"For officers: reject a request that the CA holds."`
	Queue    caQueueCmd    `cmd:"" help:"For officers: the requests that the CA holds, full screen, to approve or reject."`
	Revoke   caRevokeCmd   `cmd:"" help:"Revoke a certificate, or put it on hold."`
	Release  caReleaseCmd  `cmd:"" help:"Take a certificate off hold."`
	Crl      caCrlCmd      `cmd:"" help:"Publish the revocation list now, or show the newest."`
}

// passphraseFile is the flag with which a CA's keys are opened. The passphrase
// itself is never on a command line.
type passphraseFile struct {
	Passphrase string `name:"passphrase-file" required:"" type:"path" placeholder:"FILE" help:"File with the passphrase of the CA's keys in its first line."`
}

// read returns the first line of the file. The caller wipes it.
func (p passphraseFile) read() ([]byte, error) {
	text, err := os.ReadFile(p.Passphrase)
	if err != nil {
		return nil, &engine.Error{Op: "read passphrase", Kind: engine.BadInput, Subject: p.Passphrase, Err: err}
	}
	line, rest, _ := bytes.Cut(text, []byte("\n"))
	clear(rest)
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) == 0 {
		return nil, &engine.Error{Op: "read passphrase", Kind: engine.BadInput, Subject: p.Passphrase, Err: errors.New("its first line is empty")}
	}
	return line, nil
}

// open opens a CA for one command; what it logs goes to standard error.
func (p passphraseFile) open(ctx context.Context, dir string, log *slog.Logger) (*authority.Authority, error) {
	passphrase, err := p.read()
	if err != nil {
		return nil, err
	}
	defer clear(passphrase)
	return authority.Open(ctx, dir, passphrase, time.Now, rand.Reader, log)
}

// quiet is the log of the short commands: what went wrong is in their error.
func quiet() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, logOptions(slog.LevelWarn)))
}

// administrator is who sits at the CA's machine, for its audit.
func administrator() engine.Actor {
	who := fmt.Sprintf("uid %d", os.Getuid())
	if u, err := user.Current(); err == nil {
		who = u.Username
	}
	return engine.Actor{Who: who}
}
