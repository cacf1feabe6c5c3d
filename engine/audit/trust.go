package audit

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cardkiosk/engine"
)

// Key is a public key that was kept elsewhere.
type Key struct {
	Public  ed25519.PublicKey
	Station string
	Bound   bool // it signs for Station only; else for any
}

// keyStart begins the line with a station's public key.
const keyStart = "kiosk-audit-key"

// PublicLine is a station's public key as it is printed, kept elsewhere, and
// read by ParseKey.
func PublicLine(station string, public ed25519.PublicKey) string {
	return keyStart + " " + base64.StdEncoding.EncodeToString(public) + " " + fmt.Sprintf("%q", station)
}

// ParseKey reads a line of PublicLine, or the key in base64 alone.
func ParseKey(line string) (k Key, err error) {
	line = strings.TrimSpace(line)
	text := line
	if rest, is := strings.CutPrefix(line, keyStart+" "); is {
		var station string
		text, station, k.Bound = strings.Cut(rest, " ")
		if k.Bound {
			if _, err := fmt.Sscanf(station, "%q", &k.Station); err != nil {
				return k, fmt.Errorf("the station behind the key is not in quotes: %q", engine.Clean(station))
			}
		}
	}
	k.Public, err = base64.StdEncoding.DecodeString(text)
	if err != nil || len(k.Public) != ed25519.PublicKeySize {
		return k, errors.New("it is not a public key as kiosk audit key prints it")
	}
	return k, nil
}

// Keys are those that are known to be the stations'.
type Keys []Key

// knows reports whether anything is known of a station's keys, and whether this
// is one of them.
func (all Keys) knows(station string, public ed25519.PublicKey) (any, this bool) {
	for _, k := range all {
		if k.Bound && k.Station != station {
			continue
		}
		any = true
		this = this || slices.Equal(k.Public, public)
	}
	return any, this
}
