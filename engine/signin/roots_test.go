package signin_test

import (
	"crypto/elliptic"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/signin"
)

// A file vouches for cards only with a root in it, and with nothing in it that
// is no CA.
func TestReadRoots(t *testing.T) {
	w := newWorld(t)
	key := newKey(t, elliptic.P256())
	root, between, leaf := w.root.cert.Raw, w.issuing.cert.Raw, w.issuing.issue(key, ada, nil)
	for name, c := range map[string]struct {
		certs [][]byte
		says  string // "": it vouches
	}{
		"root and CA": {[][]byte{between, root}, ""},
		"root":        {[][]byte{root}, ""},
		"CA only":     {[][]byte{between}, "no root"},
		"nothing":     {nil, "no root"},
		"somebody's":  {[][]byte{root, leaf}, "no CA"},
		"damaged":     {[][]byte{root, root[:100]}, "x509"},
	} {
		var text []byte
		for _, der := range c.certs {
			text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
		}
		file := filepath.Join(t.TempDir(), "roots.pem")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		roots, intermediates, err := signin.ReadRoots(file)
		if c.says != "" {
			if !engine.Is(err, engine.BadInput) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		w.Roots, w.Intermediates = roots, intermediates
		w.insert(key, leaf)
		if _, _, err := w.WithCard(t.Context(), "front", pin("123456")); (err == nil) != (len(c.certs) == 2) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := signin.ReadRoots(t.TempDir() + "/none"); !engine.Is(err, engine.BadInput) {
		t.Errorf("no file: %v", err)
	}
}
