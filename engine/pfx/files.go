package pfx

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// mostBytes is far above any PFX or password.
const mostBytes = 1 << 20

var (
	errNoFile   = errors.New("it is not a file")
	errTooLarge = errors.New("it is larger than 1 MB")
)

// readFile reads a file into one buffer, so that no copy stays in a smaller
// one. It looks before it opens: opening a pipe could block.
func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &os.PathError{Op: "read", Path: name, Err: errNoFile}
	case info.Size() > mostBytes:
		return nil, &os.PathError{Op: "read", Path: name, Err: errTooLarge}
	}
	f, err := os.Open(filepath.Clean(name))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(f, data); err != nil {
		clear(data)
		return nil, &os.PathError{Op: "read", Path: name, Err: err}
	}
	return data, nil
}

// readPassword reads a password; without a file there is none. An empty file is
// more likely one that nobody has filled yet.
func readPassword(name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	data, err := readFile(name)
	if err != nil {
		return nil, err
	}
	password := bytes.TrimRight(data, "\r\n")
	if len(password) == 0 {
		return nil, ErrNoPassword
	}
	return password, nil
}
