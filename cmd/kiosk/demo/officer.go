package demo

import (
	"context"

	"cardkiosk/engine"
)

// officer is whom the demo's CA lets decide.
var officer = engine.Actor{Who: "demo"}

// Approve grants a request that the CA holds, as its officer.
func (w *World) Approve(ctx context.Context, id string) error {
	_, err := w.authority.Approve(ctx, officer, id)
	return err
}

// Reject refuses a request that the CA holds, as its officer.
func (w *World) Reject(ctx context.Context, id, reason string) error {
	_, err := w.authority.Reject(ctx, officer, id, reason)
	return err
}
