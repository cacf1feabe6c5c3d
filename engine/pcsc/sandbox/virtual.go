//go:build linux

package sandbox

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	slots      = 2      // readers of one vpcd driver, on consecutive ports
	maxReaders = 8      // pcscd itself stops at 16
	firstPort  = 0x8C7B // 35963, as vpcd's package has it
)

// Reader is a virtual reader. A card is put in by connecting to Addr, and taken
// out by closing the connection; each message is its length, two bytes in
// network order, and its bytes. A message of one byte is not for the card but
// for its contacts: 0 power off, 1 power on, 2 reset (none of these is
// answered), 4 asks for the ATR. Beware: vpcd sends length and bytes apart;
// without TCP_QUICKACK set again before every read each command takes 44 ms.
type Reader struct {
	Name string // as pcscd lists it
	Addr string // host and port where vpcd waits for the card
	port int
}

// virtualReaders are n readers, in the order pcscd lists them.
func virtualReaders(n int) []Reader {
	readers := make([]Reader, n)
	for i := range readers {
		port := firstPort + i
		readers[i] = Reader{
			Name: fmt.Sprintf("%s 00 %02d", driverName(i/slots), i%slots),
			Addr: fmt.Sprintf("127.0.0.1:%d", port),
			port: port,
		}
	}
	return readers
}

// driverName differs for each driver: pcscd would give two of one name readers
// of one name.
func driverName(i int) string {
	if i == 0 {
		return "Virtual PCD"
	}
	return fmt.Sprintf("Virtual PCD %d", i+1)
}

// writeConfig tells pcscd of its drivers, see reader.conf(5). We do not take
// the machine's configuration: it may name other readers.
func writeConfig(readers []Reader) error {
	var b strings.Builder
	for i := 0; i < len(readers); i += slots {
		port := readers[i].port
		fmt.Fprintf(&b, "FRIENDLYNAME %q\nDEVICENAME /dev/null:0x%X\nLIBPATH %s\nCHANNELID 0x%X\n\n",
			driverName(i/slots), port, driverCopy(i/slots), port)
	}
	if err := os.WriteFile(config, []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("write reader configuration: %w", err)
	}
	return nil
}

// Missing lists the Debian packages that a sandbox needs and this machine does
// not have.
func Missing() []string {
	var missing []string
	if pcscd() == "" {
		missing = append(missing, "pcscd")
	}
	if vpcd() == "" {
		missing = append(missing, "vsmartcard-vpcd")
	}
	return missing
}

// pcscd is where the daemon is, "" when it is missing. Users do not have sbin
// in their PATH.
func pcscd() string {
	for _, name := range []string{"pcscd", "/usr/sbin/pcscd", "/usr/local/sbin/pcscd"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// vpcd is where the driver is, "" when it is missing: the LIBPATH that its
// package put in pcscd's configuration.
func vpcd() string {
	if _, err := os.Stat(driverCopy(0)); err == nil {
		return driverCopy(0) // the original is out of sight
	}
	files, _ := filepath.Glob("/etc/reader.conf.d/*") // the pattern is sound
	for _, name := range files {
		if path := libpath(name); path != "" {
			return path
		}
	}
	return ""
}

func libpath(name string) string {
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) != 2 || words[0] != "LIBPATH" || !strings.Contains(words[1], "libifdvpcd") {
			continue
		}
		if _, err := os.Stat(words[1]); err == nil {
			return words[1]
		}
	}
	return ""
}
