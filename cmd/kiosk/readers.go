package main

import (
	"context"
	"crypto/rand"
	"slices"

	"cardkiosk/engine"
	"cardkiosk/engine/pcsc"
	"cardkiosk/engine/piv"
)

var _ engine.Readers = realReaders{}

// realReaders are the readers of this machine, and PIV cards in them.
type realReaders struct {
	pcsc   *pcsc.Readers
	ignore func(name string) bool
}

// List lists the readers that are not to be ignored.
func (r realReaders) List(ctx context.Context) ([]engine.Reader, error) {
	all, err := r.pcsc.List(ctx)
	return r.offered(all), err
}

// Wait waits for a change among the readers that are not to be ignored.
func (r realReaders) Wait(ctx context.Context, known []engine.Reader) ([]engine.Reader, error) {
	all, err := r.pcsc.List(ctx)
	for err == nil {
		if now := r.offered(all); !slices.Equal(now, known) {
			return now, nil
		}
		all, err = r.pcsc.Wait(ctx, all)
	}
	return nil, err
}

func (r realReaders) offered(all []engine.Reader) []engine.Reader {
	return slices.DeleteFunc(slices.Clone(all), func(one engine.Reader) bool { return r.ignore(one.Name) })
}

// Connect reaches the PIV card in a reader.
func (r realReaders) Connect(ctx context.Context, reader string) (engine.Card, error) {
	session, err := r.pcsc.Open(ctx, reader)
	if err != nil {
		return nil, err
	}
	return piv.Open(session, rand.Reader), nil
}
