package main

import (
	"context"
	"fmt"

	"cardkiosk/engine"
	"cardkiosk/engine/authority"
)

// caApproveCmd grants a request that the CA holds.
type caApproveCmd struct {
	ID string `arg:"" name:"id" help:"The request's id, or the beginning of it that no other has."`
	officerFlags
}

// Run approves, and says what came of it.
func (c caApproveCmd) Run(ctx context.Context) error {
	return c.at(ctx, func(ca *authority.Authority) error {
		r, err := ca.Approve(ctx, administrator(), c.ID)
		if err != nil {
			return err
		}
		if r.State == engine.RequestIssued {
			fmt.Printf("Request %s is approved: certificate %s is issued, until %s.\n%s\n", r.ID, r.Serial, localMinute(r.NotAfter), forWhom(r))
			return nil
		}
		fmt.Printf("Request %s is approved: the certificate is issued once the card has made its key.\n%s\n", r.ID, forWhom(r))
		return nil
	})
}

// caRejectCmd refuses a request that the CA holds.
type caRejectCmd struct {
	ID     string `arg:"" name:"id" help:"The request's id, or the beginning of it that no other has."`
	Reason string `required:"" placeholder:"TEXT" help:"Why. Whoever waits for the certificate reads it."`
	officerFlags
}

// Run rejects.
func (c caRejectCmd) Run(ctx context.Context) error {
	return c.at(ctx, func(ca *authority.Authority) error {
		r, err := ca.Reject(ctx, administrator(), c.ID, c.Reason)
		if err != nil {
			return err
		}
		fmt.Printf("Request %s is rejected: %s\n%s\n", r.ID, r.Words, forWhom(r))
		return nil
	})
}

// forWhom lets an officer see that it was the one that was meant.
func forWhom(r authority.Request) string {
	return fmt.Sprintf("It is for %s: %s.", userWords(r), r.Subject)
}
