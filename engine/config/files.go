package config

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"cardkiosk/engine"
)

// resolve makes a relative path start at the configuration file's folder.
func (c *checker) resolve(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(c.file), name)
}

// fileNamed resolves the name of a file, if one is given, and reports one that
// cannot be read.
func (c *checker) fileNamed(at *path, name *string) bool {
	if *name == "" {
		return false
	}
	*name = c.resolve(*name)
	problem := unreadable(*name)
	if problem != "" {
		c.wrong(at, quote(*name)+" "+problem,
			"put the file there, or correct the path (relative paths start at the configuration file's folder)")
	}
	return problem == ""
}

// secretNamed is fileNamed for passwords and keys, which only the program's
// own user and group have any business with.
func (c *checker) secretNamed(at *path, name *string) {
	if !c.fileNamed(at, name) {
		return
	}
	const others = 0o006
	if info, err := os.Stat(*name); err == nil && info.Mode()&others != 0 {
		c.warn(at, "everybody on this machine may read or change "+quote(*name), "take that away: chmod o= "+*name)
	}
}

// certificatesNamed is fileNamed for certificates in PEM (RFC 7468, 5).
func (c *checker) certificatesNamed(at *path, name *string) {
	if !c.fileNamed(at, name) {
		return
	}
	data, problem := read(*name)
	if problem != "" {
		c.wrong(at, quote(*name)+" "+problem, "name a file with certificates")
		return
	}
	var der [][]byte
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			der = append(der, block.Bytes)
		}
	}
	if len(der) > 0 {
		c.certificates(at, *name, der)
		return
	}
	remedy := "name a file with -----BEGIN CERTIFICATE----- in it"
	if bytes.HasPrefix(data, []byte{0x30}) { // a SEQUENCE: DER
		remedy = "make PEM of it: openssl x509 -inform DER -in " + *name + " -out " + *name + ".pem"
	}
	c.wrong(at, quote(*name)+" holds no certificate in PEM", remedy)
}

// certificates reports those that are damaged, and a file in which none is
// valid now.
func (c *checker) certificates(at *path, name string, der [][]byte) {
	var ends time.Time
	now := c.trials.Now
	for i, one := range der {
		cert, err := x509.ParseCertificate(one)
		switch {
		case err != nil:
			c.wrong(at, fmt.Sprintf("certificate %d in %s cannot be read: %s", i+1, quote(name), err), "fetch the file anew")
			return
		case !now.IsZero() && now.Before(cert.NotBefore):
			c.warn(at, fmt.Sprintf("certificate %d in %s is not valid before %s", i+1, quote(name), cert.NotBefore.Format(time.DateOnly)),
				"look at this machine's clock; it says "+now.Format(time.DateOnly))
			return
		case cert.NotAfter.After(ends):
			ends = cert.NotAfter
		}
	}
	if now.After(ends) {
		c.warn(at, quote(name)+" ended on "+ends.Format(time.DateOnly), "fetch a new one: what it is for will be refused")
	}
}

// folderNamed resolves the name of a folder and reports one that is not there
// or does not permit what it is for.
func (c *checker) folderNamed(at *path, name *string, purpose access) {
	*name = c.resolve(*name)
	c.folder(at, *name, purpose)
}

// placeNamed resolves the name of a file that the program makes itself: its
// folder has to be there.
func (c *checker) placeNamed(at *path, name *string) {
	*name = c.resolve(*name)
	if c.ownFile(at, *name) {
		c.folder(at, filepath.Dir(*name), keeping)
	}
}

// ownFile reports a file that is there, and that the program could not go on
// with.
func (c *checker) ownFile(at *path, name string) bool {
	info, err := os.Stat(name)
	switch {
	case err != nil: // to be made
	case !info.Mode().IsRegular():
		c.wrong(at, quote(name)+" is not a file", "name a file in an existing folder; the program makes it")
		return false
	case !writing.permitted(name):
		c.wrong(at, quote(name)+" may not be written by this user", "give it to the user that runs the program, with chown")
		return false
	}
	return true
}

func (c *checker) folder(at *path, name string, purpose access) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.wrong(at, "there is no folder "+quote(name), "make it for the user that runs the program: mkdir -m 700 "+name)
	case err != nil:
		c.wrong(at, quote(name)+" "+inWords(err), "give the user that runs the program access to it")
	case !info.IsDir():
		c.wrong(at, quote(name)+" is not a folder", "name a folder")
	case !purpose.permitted(name):
		c.wrong(at, "this user may not "+purpose.words()+" the folder "+quote(name), "give it to the user that runs the program, with chown")
	}
}

// access is what access(2) is asked for.
type access uint32

const (
	looking access = 4 | 1     // a folder: list it, and reach what is in it
	keeping access = 4 | 2 | 1 // a folder: make files in it besides
	writing access = 4 | 2     // a file
)

func (a access) words() string {
	if a == looking {
		return "look into"
	}
	return "make files in"
}

func (a access) permitted(name string) bool { return syscall.Access(name, uint32(a)) == nil }

// maxSize is far above any configuration or certificate, and keeps us from
// reading a disk image that somebody named by mistake. In bytes.
const maxSize = 1 << 20

// read returns a file's bytes, or in words why there are none.
func read(name string) (data []byte, problem string) {
	if problem := unreadable(name); problem != "" {
		return nil, problem
	}
	f, err := os.Open(filepath.Clean(name)) //nolint:gosec // whoever writes the configuration names its files
	if err != nil {
		return nil, inWords(err)
	}
	defer func() { _ = f.Close() }() // it was only read
	data, err = io.ReadAll(io.LimitReader(f, maxSize+1))
	switch {
	case err != nil:
		return nil, inWords(err)
	case len(data) > maxSize:
		return nil, "is larger than 1 MB"
	}
	return data, ""
}

// unreadable says why a file cannot be read, or "". It looks before it opens:
// opening a pipe or a terminal could block.
func unreadable(name string) string {
	info, err := os.Stat(name) //nolint:gosec // as above
	switch {
	case err != nil:
		return inWords(err)
	case info.IsDir():
		return "is a folder, not a file"
	case !info.Mode().IsRegular():
		return "is not a file"
	case info.Size() == 0:
		return "is empty"
	}
	f, err := os.Open(filepath.Clean(name)) //nolint:gosec // whoever writes the configuration names its files
	if err != nil {
		return inWords(err)
	}
	_ = f.Close() // nothing was written
	return ""
}

// inWords says what is wrong with a file, as the end of a sentence that begins
// with its name.
func inWords(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "does not exist"
	case errors.Is(err, fs.ErrPermission):
		return "may not be read by this user"
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return "cannot be read: " + engine.Clean(err.Error())
}
