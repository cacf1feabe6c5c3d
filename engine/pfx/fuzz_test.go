package pfx

import (
	"os"
	"path/filepath"
	"testing"

	"cardkiosk/engine"
)

// No bytes in place of a PFX, or behind its password, make the reading of it
// panic: what comes out is a certificate with its own key, or words that can be
// shown.
func FuzzPFX(f *testing.F) {
	key := newKey(f, "p256")
	der := certificate(f, key, "Common")
	f.Add(safe(certBag(der), keyBag(f, key)))
	f.Add(safe(keyBag(f, key), keyBag(f, key)))
	f.Add(safe(keyBag(f, newKey(f, "p521"))))
	f.Add(safe())
	files, err := filepath.Glob("../../testdata/pfx/*.pfx")
	must(f, err)
	for _, name := range files {
		data, err := os.ReadFile(name)
		must(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, file := range [][]byte{data, seal(1, data)} {
			o, err := decode(file, []byte(testPassword))
			if err != nil {
				why := err.Error()
				if why == "" || why != engine.Clean(why) {
					t.Errorf("%q is not fit for a terminal", why)
				}
				continue
			}
			if o.certificate.DER == nil || len(o.key.P) != 128 && o.key.Scalar == nil {
				t.Errorf("opened as %+v", o.certificate)
			}
		}
	})
}
