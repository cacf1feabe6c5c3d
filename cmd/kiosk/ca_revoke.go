package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cardkiosk/engine"
)

// caRevokeCmd revokes a certificate, or puts it on hold, at the CA's own machine.
type caRevokeCmd struct {
	Serial string `arg:"" help:"Serial number of the certificate, in hex."`
	Reason string `required:"" enum:"keyCompromise,superseded,cessationOfOperation,affiliationChanged,privilegeWithdrawn,certificateHold,unspecified" help:"Why: ${enum}. Only certificateHold can be undone, by release."`
	CA     string `name:"ca" required:"" type:"existingdir" placeholder:"DIR" help:"Folder of the CA."`
	passphraseFile
}

// Run revokes, and publishes the revocation list with it.
func (c caRevokeCmd) Run(ctx context.Context) (err error) {
	ca, err := c.open(ctx, c.CA, quiet())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ca.Close()) }()
	done, err := ca.Revoke(ctx, administrator(), c.Serial, engine.RevokeReason(c.Reason))
	if err != nil {
		return err
	}
	since := time.Unix(done.At, 0).Format("2006-01-02 15:04")
	if done.Reason == engine.CertificateHold {
		fmt.Printf("Certificate %s is on hold since %s.\n", done.Serial, since)
		return nil
	}
	fmt.Printf("Certificate %s is revoked since %s: %s.\n", done.Serial, since, done.Reason)
	return nil
}
