package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"cardkiosk/engine/authority"
)

// caCrlCmd publishes or shows the revocation list.
type caCrlCmd struct {
	Dir  string `arg:"" type:"existingdir" help:"Folder of the CA."`
	Show bool   `help:"Show the newest list instead of publishing one."`
	Out  string `type:"path" placeholder:"FILE" help:"Also write the list to a file, DER."`
	passphraseFile
}

// Run publishes unless told to show.
func (c caCrlCmd) Run(ctx context.Context) (err error) {
	ca, err := c.open(ctx, c.Dir, quiet())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ca.Close()) }()
	get := ca.Publish
	if c.Show {
		get = ca.CRL
	}
	crl, err := get(ctx)
	if err != nil {
		return err
	}
	return c.tell(crl)
}

func (c caCrlCmd) tell(crl authority.CRL) error {
	if crl.Number == 0 {
		fmt.Println("No list has been published yet.")
		return nil
	}
	const form = "2006-01-02 15:04 MST"
	fmt.Printf("List %d of %s, next by %s: %d revoked.\n", crl.Number, crl.ThisUpdate.Format(form), crl.NextUpdate.Format(form), crl.Entries)
	if c.Out == "" {
		return nil
	}
	if err := os.WriteFile(c.Out, crl.DER, 0o644); err != nil { //nolint:gosec // it is public
		return fmt.Errorf("write list: %w", err)
	}
	return nil
}
