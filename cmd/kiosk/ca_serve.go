package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"

	"cardkiosk/engine"
)

// caServeCmd serves a CA until it is told to stop.
type caServeCmd struct {
	Dir    string `arg:"" type:"existingdir" help:"Folder of the CA."`
	Listen string `default:"127.0.0.1:8443" placeholder:"HOST:PORT" help:"Where stations connect, with their certificates (${default})."`
	HTTP   string `name:"http" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where revocation list and CA certificate are fetched, in plain HTTP (${default})."`
	passphraseFile
	Log string `type:"path" placeholder:"FILE" help:"File the log goes to; without it, standard error."`
}

// Run serves until ctx ends, and lets requests under way finish.
func (c caServeCmd) Run(ctx context.Context) (err error) {
	out, err := c.logFile()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	log := slog.New(slog.NewTextHandler(out, logOptions(slog.LevelInfo)))
	ca, err := c.open(ctx, c.Dir, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ca.Close()) }()
	api, err := listen(ctx, c.Listen)
	if err != nil {
		return err
	}
	public, err := listen(ctx, c.HTTP)
	if err != nil {
		return errors.Join(err, api.Close())
	}
	log.Info("CA serves", "stations", api.Addr().String(), "public", public.Addr().String())
	err = ca.Serve(ctx, api, public)
	log.Info("CA stopped", "err", err)
	return err
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, &engine.Error{Op: "serve CA", Kind: engine.BadInput, Subject: address, Err: err}
	}
	return l, nil
}

func (c caServeCmd) logFile() (io.WriteCloser, error) {
	if c.Log == "" {
		return keptOpen{os.Stderr}, nil
	}
	f, err := os.OpenFile(c.Log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, &engine.Error{Op: "open log", Kind: engine.BadInput, Subject: c.Log, Err: err}
	}
	return f, nil
}

// keptOpen is a stream that is not ours to close.
type keptOpen struct{ io.Writer }

func (keptOpen) Close() error { return nil }
