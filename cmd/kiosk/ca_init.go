package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"time"

	"cardkiosk/engine/authority"
)

// caInitCmd makes a CA.
type caInitCmd struct {
	Dir  string `arg:"" type:"path" help:"Folder of the CA. It must not be there yet, or be empty."`
	Name string `required:"" help:"Common name of the CA: \"Corp Issuing CA\"."`
	passphraseFile
	Key        string   `enum:"p256,p384,rsa3072,rsa4096" default:"p384" help:"Issuing key: ${enum}."`
	Years      int      `default:"10" help:"How long the CA's certificate is valid."`
	CRLURL     string   `name:"crl-url" required:"" placeholder:"URL" help:"Where everybody fetches the revocation list: http://pki.corp.example/crl."`
	AIAURL     string   `name:"aia-url" required:"" placeholder:"URL" help:"Where everybody fetches the CA's certificate: http://pki.corp.example/ca.cer."`
	ServerName []string `required:"" placeholder:"NAME" help:"Host name or address under which stations reach the CA; may be given several times."`
}

// Run makes the folder and says what comes next.
func (c caInitCmd) Run(ctx context.Context) error {
	passphrase, err := c.read()
	if err != nil {
		return err
	}
	defer clear(passphrase)
	if err := authority.Init(ctx, c.Dir, passphrase, authority.Options{
		Name: c.Name, Key: authority.KeyKind(c.Key), Years: c.Years, CRLURL: c.CRLURL, IssuerURL: c.AIAURL,
		ServerNames: c.ServerName, Officers: []string{administrator().Who}, Actor: administrator(), Now: time.Now, Random: rand.Reader,
	}); err != nil {
		return err
	}
	fmt.Printf("The CA %q is in %s.\nNext: write what it may issue into %s, then\n  kiosk ca serve %s --passphrase-file %s\n",
		c.Name, c.Dir, filepath.Join(c.Dir, "ca.toml"), c.Dir, c.Passphrase)
	return nil
}
