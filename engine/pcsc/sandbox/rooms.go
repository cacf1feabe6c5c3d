//go:build linux

package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// The places inside, all on a file system in memory that ends with the sandbox.
const (
	ours      = "/run/cardkiosk-sandbox"
	furnished = ours + "/furnished" // names the mount namespace it was done for
	config    = ours + "/reader.conf"
	ipc       = "/run/pcscd"
	socket    = "/run/pcscd/pcscd.comm"
)

// Furnish makes the namespaces we are in usable: a /run of our own, loopback
// up, and the machine's reader drivers put out of sight, lest pcscd takes a
// real reader. It happens once; Start does it where nobody did. Before that
// nothing can be served or reached.
func Furnish() error {
	here, err := mountNamespace()
	if err != nil {
		return fmt.Errorf("furnish sandbox: %w", err)
	}
	// A sandbox inside another sees what was furnished there, and has a network
	// of its own all the same.
	if whose, err := os.ReadFile(furnished); err == nil && string(whose) == here {
		return nil
	}
	driver := vpcd()
	image, err := os.ReadFile(driver)
	if err != nil {
		return fmt.Errorf("read vpcd driver: %w", err)
	}
	// What we mount is for us alone, also where / is shared.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	hide := []string{"/run"}
	if driver != driverCopy(0) {
		drivers := filepath.Dir(filepath.Dir(driver))
		if filepath.Base(drivers) != "drivers" {
			return fmt.Errorf("find reader drivers: %s is not in drivers/serial", driver)
		}
		hide = append(hide, drivers)
	}
	for _, folder := range hide {
		if err := unix.Mount("tmpfs", folder, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
			return fmt.Errorf("put an empty folder over %s: %w", folder, err)
		}
	}
	if err := loopbackUp(); err != nil {
		return err
	}
	if err := os.Mkdir(ours, 0o700); err != nil {
		return fmt.Errorf("furnish sandbox: %w", err)
	}
	// pcscd loads one driver file once; each pair of readers wants its own.
	for i := range maxReaders / slots {
		if err := os.WriteFile(driverCopy(i), image, 0o600); err != nil { //nolint:gosec // the name is ours
			return fmt.Errorf("copy vpcd driver: %w", err)
		}
	}
	if err := os.WriteFile(furnished, []byte(here), 0o600); err != nil {
		return fmt.Errorf("furnish sandbox: %w", err)
	}
	return nil
}

// loopbackUp does what "ip link set lo up" does.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("bring loopback up: %w", err)
	}
	defer func() { _ = unix.Close(fd) }()
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return fmt.Errorf("bring loopback up: %w", err)
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		return fmt.Errorf("bring loopback up: %w", err)
	}
	return nil
}

func driverCopy(i int) string { return filepath.Join(ours, fmt.Sprintf("vpcd%d.so", i)) }

// clearSocket makes room for a pcscd: what a killed one left is removed.
func clearSocket() error {
	if err := os.Mkdir(ipc, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make room for pcscd: %w", err)
	}
	if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("make room for pcscd: %w", err)
	}
	return nil
}
