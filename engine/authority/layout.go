package authority

import (
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"cardkiosk/engine"
)

// The files of a CA's folder. Keys are PKCS #8, encrypted with the passphrase;
// `openssl pkey -in ca.key` reads them.
const (
	rulesFile       = "ca.toml"
	databaseFile    = "ca.db"
	issuerKeyFile   = "ca.key"
	issuerFile      = "ca.crt"
	stationCAKey    = "station-ca.key"
	stationCAFile   = "station-ca.crt"
	serverKeyFile   = "server.key"
	serverFile      = "server.crt"
	pemCertificate  = "CERTIFICATE"
	pemSealedKey    = "ENCRYPTED PRIVATE KEY"
	pemOpenKey      = "PRIVATE KEY"
	privateFileMode = 0o600
	privateDirMode  = 0o700
)

// The files of a station's credential, as NewStation makes them.
const (
	StationKeyFile         = "station.key"
	StationCertificateFile = "station.crt"
	StationRootFile        = "root.crt" // the station CA: what the station trusts
)

// writeNew writes a file that must not be there yet, for its owner only.
func writeNew(dir, name string, data []byte) error {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, privateFileMode)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

func writePEM(dir, name, kind string, der []byte) error {
	return writeNew(dir, name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func readPEM(dir, name, kind string) ([]byte, error) {
	path := filepath.Join(dir, name)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, &engine.Error{Op: "open CA", Kind: engine.BadInput, Subject: path, Err: err}
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != kind {
		return nil, &engine.Error{Op: "open CA", Kind: engine.BadInput, Subject: path, Err: fmt.Errorf("the file holds no %s", kind)}
	}
	return block.Bytes, nil
}

// vacant refuses a folder in which there is something already.
func vacant(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist), err == nil && len(entries) == 0:
		return nil
	case err != nil:
		return &engine.Error{Op: "create CA", Kind: engine.BadInput, Subject: dir, Err: err}
	}
	return &engine.Error{
		Op: "create CA", Kind: engine.BadInput, Subject: dir,
		Err: errors.New("the folder is not empty, and nothing is overwritten: name a new one"),
	}
}
