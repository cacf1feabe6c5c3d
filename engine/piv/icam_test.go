package piv

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
)

// icamObject is how a file of a test card is read: by what its name begins
// with, and where a card keeps it.
type icamObject struct {
	prefix string
	object objectID
	parse  func([]byte) error
}

var icamObjects = []icamObject{
	{"1 - Discovery", 0x7e, func(b []byte) error { _, err := ParseDiscovery(b); return err }},
	{"2 - Security", 0x5fc106, func(b []byte) error { _, err := ParseSecurityObject(b); return err }},
	{"7 - CCC", objectCapabilities, func(b []byte) error { _, err := ParseCapabilities(b); return err }},
	{"8 - CHUID", objectCHUID, func(b []byte) error { _, err := ParseCHUID(b); return err }},
	{"9 - Fingerprints", 0x5fc103, func(b []byte) error { _, err := ParseBiometric(b); return err }},
	{"10 - Face", 0x5fc108, func(b []byte) error { _, err := ParseBiometric(b); return err }},
	{"11 - Printed", objectPrinted, func(b []byte) error { _, err := ParsePrinted(b); return err }},
	{"3 - ICAM_PIV_Auth", 0x5fc105, parseCertificateFile},
	{"4 - ICAM_PIV_Dig_Sig", 0x5fc10a, parseCertificateFile},
	{"5 - ICAM_PIV_Key_Mgmt", 0x5fc10b, parseCertificateFile},
	{"6 - ICAM_PIV_Card_Auth", 0x5fc101, parseCertificateFile},
}

func parseCertificateFile(b []byte) error {
	c, err := ParseCertificateObject(frameCertificate(derOf(b), certInfoPlain))
	if err != nil {
		return err
	}
	_, err = engine.ParseCertificate(c.DER)
	return err
}

func derOf(b []byte) []byte {
	if block, _ := pem.Decode(b); block != nil {
		return block.Bytes
	}
	return b
}

// Every object of real test cards, golden and defective, is read or refused
// with words; loaded into a card, its certificates are inspected as they are.
func TestICAMCards(t *testing.T) {
	folder := os.Getenv("ICAM_CARDS")
	if folder == "" {
		t.Skip("ICAM_CARDS names no folder: the public PIV test cards come from GSA's ICAM card builder (github.com/GSA/gsa-icam-card-builder)")
	}
	cards, err := filepath.Glob(filepath.Join(folder, "*_*"))
	if err != nil || len(cards) == 0 {
		t.Fatalf("no cards in %s (%v)", folder, err)
	}
	objects, refused := 0, 0
	for _, card := range cards {
		state := factory(t, plainCard)
		for _, o := range icamObjects {
			content, ok := icamFile(t, card, o.prefix)
			if !ok {
				continue
			}
			objects++
			if err := o.parse(content); err != nil {
				refused++
				t.Logf("%s: %s: %v", filepath.Base(card), o.prefix, err)
				if len(err.Error()) < 10 || err.Error() != engine.Clean(err.Error()) {
					t.Errorf("%q are no words for a screen", err)
				}
			}
			load(&state, o, content)
		}
		inspectICAM(t, filepath.Base(card), state)
	}
	t.Logf("%d objects of %d cards, %d refused with words", objects, len(cards), refused)
	if objects < 10*len(cards) {
		t.Errorf("only %d objects on %d cards", objects, len(cards))
	}
}

func icamFile(t *testing.T, card, prefix string) ([]byte, bool) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(card, prefix+"*"))
	noError(t, err)
	for _, name := range names {
		if strings.HasSuffix(name, ".p12") {
			continue
		}
		content, err := os.ReadFile(name)
		noError(t, err)
		return content, true
	}
	return nil, false
}

// load puts a file where a card keeps it.
func load(state *sim.State, o icamObject, content []byte) {
	switch {
	case strings.Contains(o.prefix, "ICAM"):
		content = frameCertificate(derOf(content), certInfoPlain)
	case o.object == 0x7e:
		content = content[2:] // the card puts the tag around it
	}
	state.Objects[sim.Object(o.object)] = content
}

func inspectICAM(t *testing.T, name string, state sim.State) {
	t.Helper()
	got := inspect(t, put(t, state, sim.Options{}).open())
	if got.Identity.GUID == "" || !got.CHUID || !got.Capabilities {
		t.Errorf("%s: %+v", name, got)
	}
	if len(got.Items) != 4 {
		t.Errorf("%s: %d certificates, want 4", name, len(got.Items))
	}
	for _, it := range got.Items {
		if it.Unreadable != "" {
			t.Logf("%s: %s: %s", name, it.Place, it.Unreadable)
			continue
		}
		if _, err := x509.ParseCertificate(it.Certificate); err != nil {
			t.Logf("%s: %s: %v", name, it.Place, err)
		}
	}
}
