package demo

import "context"

// Approve grants a request that the CA holds, as its officer.
func (w *World) Approve(ctx context.Context, id string) error {
	_, err := w.CA.Approve(ctx, Officer, id)
	return err
}

// Reject refuses a request that the CA holds, as its officer.
func (w *World) Reject(ctx context.Context, id, reason string) error {
	_, err := w.CA.Reject(ctx, Officer, id, reason)
	return err
}
