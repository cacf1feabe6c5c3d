package audit

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"cardkiosk/engine"
)

// KeyFile is the name of the station's signing key in its folder.
const KeyFile = "audit.key"

// OpenKey reads the station's signing key (PKCS #8 in PEM), and makes one where
// there is none. made tells that it did.
func OpenKey(folder string, random io.Reader) (key ed25519.PrivateKey, made bool, err error) {
	name := filepath.Join(folder, KeyFile)
	key, err = readKey(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, false, err
	}
	if err := makeKey(folder, name, random); err != nil {
		return nil, false, &engine.Error{Op: "make audit key", Kind: engine.StoreTrouble, Subject: name, Err: err}
	}
	key, err = readKey(name) // another kiosk may have been faster
	return key, err == nil, err
}

// ReadKey reads the station's signing key, where there is one.
func ReadKey(folder string) (ed25519.PrivateKey, error) {
	return readKey(filepath.Join(folder, KeyFile))
}

func readKey(name string) (ed25519.PrivateKey, error) {
	refuse := func(err error) (ed25519.PrivateKey, error) {
		return nil, &engine.Error{Op: "read audit key", Kind: engine.BadInput, Subject: name, Err: err}
	}
	info, err := os.Stat(name)
	if err != nil {
		return refuse(err)
	}
	const others = 0o077
	if info.Mode().Perm()&others != 0 {
		return refuse(fmt.Errorf("others may read or change it (mode %o): take that away with chmod 600, and if they may have done it, remove the file so that a new key is made", info.Mode().Perm()))
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return refuse(err)
	}
	defer clear(text)
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return refuse(errors.New("it holds no private key in PEM"))
	}
	defer clear(block.Bytes)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return refuse(err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return refuse(fmt.Errorf("its key is a %T, not one of Ed25519", parsed))
	}
	return key, nil
}

// makeKey writes a new key under another name first: whoever comes second finds
// a whole one. Link fails where the name is taken, unlike Rename.
func makeKey(folder, name string, random io.Reader) error {
	_, key, err := ed25519.GenerateKey(random)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, KeyFile+"-*") // of mode 600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // it has its own name by then
	err = errors.Join(pem.Encode(f, &pem.Block{Type: "PRIVATE KEY", Bytes: der}), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Link(f.Name(), name); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
