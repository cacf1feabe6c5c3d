package builtin

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// Former issuers are those of the file, in its order; a file with anything else
// than issuers is refused, and says which it is.
func TestFormer(t *testing.T) {
	p := newPair(t, says(200, wire.Template{}))
	if got := p.ca.Former(); len(got) != 0 {
		t.Errorf("without a file there are %d", len(got))
	}
	first, second, leaf := newCredential(t, nil).cert.Raw, newCredential(t, nil).cert.Raw, newCredential(t, newCredential(t, nil)).cert.Raw
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	p.config.IssuersFile = filepath.Join(t.TempDir(), "issuers.pem")
	for name, c := range map[string]struct {
		file, says string
		want       [][]byte
	}{
		"two":           {"The old CA\n" + block("CERTIFICATE", first) + block("X509 CRL", nil) + block("CERTIFICATE", second), "", [][]byte{first, second}},
		"none":          {"The old CA\n", "the file holds no certificate", nil},
		"a person's":    {block("CERTIFICATE", first) + block("CERTIFICATE", leaf), `certificate 2, "CN=test", is not a CA's`, nil},
		"a damaged one": {block("CERTIFICATE", first[:40]), "read certificate 1", nil},
	} {
		must(t, os.WriteFile(p.config.IssuersFile, []byte(c.file), 0o600))
		ca, err := New(p.config)
		if c.says != "" {
			if !engine.Is(err, engine.BadInput) || !strings.Contains(err.Error(), "issuers.pem") || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		must(t, err)
		if !slices.EqualFunc(ca.Former(), c.want, slices.Equal) {
			t.Errorf("%s: %d issuers, not those of the file", name, len(ca.Former()))
		}
	}
	p.config.IssuersFile += ".gone"
	if _, err := New(p.config); !engine.Is(err, engine.BadInput) {
		t.Errorf("a file that is not there: %v", err)
	}
}
