package main

import (
	"context"
	"errors"
	"fmt"
)

// caReleaseCmd takes a certificate off hold at the CA's own machine.
type caReleaseCmd struct {
	Serial string `arg:"" help:"Serial number of the certificate, in hex."`
	CA     string `name:"ca" required:"" type:"existingdir" placeholder:"DIR" help:"Folder of the CA."`
	passphraseFile
}

// Run releases, and publishes the revocation list with it.
func (c caReleaseCmd) Run(ctx context.Context) (err error) {
	ca, err := c.open(ctx, c.CA, quiet())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ca.Close()) }()
	if err := ca.Release(ctx, administrator(), c.Serial); err != nil {
		return err
	}
	fmt.Printf("Certificate %s is not on hold.\n", c.Serial)
	return nil
}
