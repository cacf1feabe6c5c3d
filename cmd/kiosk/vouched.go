package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"cardkiosk/engine"
)

// On a host that people come to over SSH the kiosk never runs as them, but as an
// account of its own, through sudo: packaging/README.md. Who they are is what sudo
// says, which it knows from the system, and not from them.
//
// What the environment says is anybody's word until the process itself shows that
// sudo has started it: only sudo makes a process of the kiosk's account out of one
// of theirs. Whoever sets SUDO_USER and starts the program as themselves runs it as
// an account that owns nothing of the kiosk's, and is not believed.

// started is what there is to know of how a process was started.
type started struct {
	uid, euid int
	getenv    func(string) string
	named     func(name string) (*user.User, error) // in the system's accounts
	numbered  func(uid string) (*user.User, error)
	look      func(path string) (fs.FileInfo, error)
}

func startedHere() started {
	return started{os.Getuid(), os.Geteuid(), os.Getenv, user.Lookup, user.LookupId, os.Stat}
}

// callingAccount is the system account of whoever started the kiosk whose state
// lies in this folder: the one that sudo vouches for, or, without sudo, the one that
// the kiosk runs as.
func callingAccount(folder string) (name string, err error) { return startedHere().caller(folder) }

// checkConfigOwner refuses a configuration that sudo's caller could have put there:
// it says which secrets are read, and to whom they are sent.
func checkConfigOwner(file string) error { return startedHere().trusts(file) }

// bySudo reports whether sudo has started the process, or somebody says so.
func (s started) bySudo() bool { return s.getenv("SUDO_USER") != "" || s.getenv("SUDO_UID") != "" }

func (s started) caller(folder string) (string, error) {
	name, err := s.account(folder)
	if err != nil {
		return "", &engine.Error{Op: "find out who calls", Kind: engine.Forbidden, Subject: s.getenv("SUDO_USER"), Err: err}
	}
	return name, nil
}

func (s started) account(folder string) (string, error) {
	if s.uid != s.euid {
		return "", errors.New("the program is setuid: take that away (chmod u-s), and let sudo change the account")
	}
	own, err := s.numbered(strconv.Itoa(s.uid))
	if err != nil {
		return "", fmt.Errorf("the account the kiosk runs as: %w", err)
	}
	if !s.bySudo() {
		return own.Username, nil
	}
	if s.uid == 0 {
		return "", errors.New("sudo has started the kiosk as root: start it as its own account, sudo -u kiosk")
	}
	if err := s.owns(folder); err != nil {
		return "", err
	}
	return s.vouchedFor()
}

// owns expects that the state is the process's own: then it is the kiosk's account.
func (s started) owns(folder string) error {
	about, err := s.look(folder)
	if err != nil {
		return err
	}
	if ownerOf(about) != s.uid {
		return fmt.Errorf("SUDO_USER counts only where sudo has made the kiosk's own account of the caller, and this account does not own %s", folder)
	}
	return nil
}

// vouchedFor is the account that sudo names. Both its words have to mean the same.
func (s started) vouchedFor() (string, error) {
	name, uid := s.getenv("SUDO_USER"), s.getenv("SUDO_UID")
	account, err := s.named(name)
	switch {
	case err != nil:
		return "", fmt.Errorf("the account that sudo names: %w", err)
	case account.Uid != uid:
		return "", fmt.Errorf("sudo names %s and the number %q, which is not theirs", name, uid)
	case uid == "0":
		return "", errors.New("root is nobody in particular: sign in as yourself")
	case uid == strconv.Itoa(s.uid):
		return "", errors.New("the kiosk's own account is nobody in particular: sign in as yourself")
	}
	return account.Username, nil
}

func (s started) trusts(file string) error {
	if !s.bySudo() {
		return nil
	}
	about, err := s.look(file)
	if err != nil {
		return fmt.Errorf("look at configuration: %w", err)
	}
	who := ownerOf(about)
	if (who == 0 || who == s.uid) && about.Mode().Perm()&0o022 == 0 {
		return nil
	}
	return &engine.Error{
		Op: "read configuration", Kind: engine.Forbidden, Subject: file,
		Err: errors.New("through sudo, the configuration has to belong to root or to the kiosk's account, and nobody else may write it (chown root, chmod 640)"),
	}
}

// ownerOf is the number of the account whose file it is.
func ownerOf(about fs.FileInfo) int {
	if s, ok := about.Sys().(*syscall.Stat_t); ok {
		return int(s.Uid)
	}
	return -1
}
