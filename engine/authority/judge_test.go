package authority

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// edgeRules are rules whose every key is used, so that each has two sides.
const edgeRules = `
[[template]]
name           = "logon"
decision       = "issue"
stations       = ["lobby-1"]
subject_fixed  = ["O=Corp Example"]
subject_open   = ["CN", "OU", "E", "C"]
san            = { upn = ["corp.example"], email = ["corp.example", "example.org"], dns = ["corp.example"], uri = ["tag:corp.example,"] }
usage          = ["digitalSignature", "keyEncipherment", "keyAgreement"]
extended       = ["clientAuth", "smartcardLogon"]
sid            = true
keys           = ["p256", "rsa2048"]
max_valid_days = 365

[[template]]
name           = "bare"
decision       = "issue"
subject_open   = ["CN"]
usage          = ["digitalSignature"]
keys           = ["p256"]
max_valid_days = 1
operators      = ["anna", "ben"]
`

// judged asks the rule what it says of a wish: "" when it permits it.
func judged(t *testing.T, r rules, template string, w wish, days int) string {
	t.Helper()
	request := wire.Request{Template: template, CSR: w.csr(t), ValidDays: days, Actor: wire.Actor{Who: w.operator}}
	a, err := readAsked(request)
	if err != nil {
		return "unreadable: " + wordsOf(err)
	}
	for i := range r.Templates {
		if r.Templates[i].Name == template {
			return r.Templates[i].judge(a)
		}
	}
	t.Fatalf("no template %s", template)
	return ""
}

func parsedEdgeRules(t *testing.T) rules {
	t.Helper()
	return value[rules](t)(parseRules("ca.toml", []byte(goodHead+edgeRules)))
}

type edge struct {
	change func(*wish)
	says   string // "" when it is permitted
}

func checkEdges(t *testing.T, edges map[string]edge) {
	t.Helper()
	r := parsedEdgeRules(t)
	for name, e := range edges {
		t.Run(name, func(t *testing.T) {
			w := logonWish(t)
			e.change(&w)
			got := judged(t, r, "logon", w, 365)
			if e.says == "" && got != "" || !strings.Contains(got, e.says) {
				t.Errorf("the CA says %q, not %q", got, e.says)
			}
		})
	}
}

// The subject is compared attribute by attribute.
func TestJudgeSubject(t *testing.T) {
	subject := func(a ...attribute) func(*wish) { return func(w *wish) { w.subject = a } }
	o, cn := attribute{"O", "Corp Example"}, attribute{"CN", "Zoë"}
	checkEdges(t, map[string]edge{
		"as permitted":            {subject(o, cn), ""},
		"in another order":        {subject(cn, o), ""},
		"several units":           {subject(o, attribute{"OU", "Sales"}, attribute{"OU", "Berlin"}, cn), ""},
		"attribute not permitted": {subject(o, attribute{"L", "Berlin"}, cn), "Template logon does not permit the subject attribute L (subject_open in ca.toml)"},
		"other fixed value":       {subject(attribute{"O", "Evil"}, cn), "does not permit the subject attribute O=Evil, only O=Corp Example (subject_fixed in ca.toml)"},
		"fixed value twice":       {subject(o, o, cn), "more than one subject attribute O"},
		"fixed value missing":     {subject(cn), "wants the subject to have O=Corp Example (subject_fixed in ca.toml)"},
		"two common names":        {subject(o, cn, attribute{"CN", "root"}), "more than one subject attribute CN"},
		"empty common name":       {subject(o, attribute{"CN", ""}), "empty or has space around it"},
		"space around":            {subject(o, attribute{"CN", " Zoë"}), "space around it"},
		"64 characters":           {subject(o, attribute{"CN", strings.Repeat("ë", 64)}), ""},
		"65 characters":           {subject(o, attribute{"CN", strings.Repeat("ë", 65)}), "more than 64 characters"},
		"escape sequence":         {subject(o, attribute{"CN", "Zoë\x1b[31m"}), "control characters in the subject attribute CN"},
		"two-letter country":      {subject(o, attribute{"C", "DE"}, cn), ""},
		"three-letter country":    {subject(o, attribute{"C", "DEU"}, cn), "more than 2 characters"},
		"country not printable":   {subject(o, attribute{"C", "Ä"}, cn), "unreadable: the subject attribute C: it is not of the string type"},
		"no subject":              {subject(), "wants the subject to have"},
		"e-mail":                  {subject(o, cn, attribute{"E", "zoe@corp.example"}), ""},
		"two attributes in a part": {func(w *wish) {
			w.attributes, _ = asn1.Marshal(pkix.RDNSequence{{
				{Type: attributeOIDs["O"], Value: "Corp Example"}, {Type: attributeOIDs["CN"], Value: "Zoë"},
			}})
		}, "unreadable: a part of the subject does not have exactly one attribute"},
		"attribute without a name": {func(w *wish) {
			w.attributes, _ = asn1.Marshal(pkix.RDNSequence{
				{{Type: attributeOIDs["O"], Value: "Corp Example"}}, {{Type: asn1.ObjectIdentifier{1, 2, 3}, Value: "x"}},
			})
		}, "does not permit the subject attribute 1.2.3"},
	})
}

// Alternative names are compared by kind and domain.
func TestJudgeNames(t *testing.T) {
	names := func(n ...asn1.RawValue) func(*wish) { return func(w *wish) { w.extensions[2] = sanExtension(t, n...) } }
	refusedName := "does not permit the alternative name"
	checkEdges(t, map[string]edge{
		"UPN":                    {names(upnName("zoë@corp.example")), ""},
		"UPN in capitals":        {names(upnName("zoe@CORP.Example")), ""},
		"UPN of another domain":  {names(upnName("zoe@evil.example")), refusedName + " upn \"zoe@evil.example\" (san.upn in ca.toml)"},
		"UPN of a sub-domain":    {names(upnName("zoe@sub.corp.example")), refusedName},
		"UPN of a longer domain": {names(upnName("zoe@xcorp.example")), refusedName},
		"UPN with two @":         {names(upnName("a@evil.example@corp.example")), "not well-formed"},
		"UPN without user":       {names(upnName("@corp.example")), "not well-formed"},
		"UPN with a control":     {names(upnName("zoe\x00@corp.example")), "not well-formed"},
		"UPN of another type":    {names(otherName(oidUPN, asn1.TagIA5String, "zoe@corp.example")), "not well-formed"},
		"two UPNs":               {names(upnName("zoe@corp.example"), upnName("root@corp.example")), "more than one UPN"},
		"mail":                   {names(textName(1, "zoe@corp.example")), ""},
		"mail of the second":     {names(textName(1, "zoe@example.org")), ""},
		"two mail addresses":     {names(textName(1, "zoe@corp.example"), textName(1, "z@example.org")), ""},
		"mail of another domain": {names(textName(1, "zoe@evil.example")), refusedName},
		"mail with a name":       {names(textName(1, "Zoe <zoe@corp.example>")), "not well-formed"},
		"mail with a line feed":  {names(textName(1, "zoe\n@corp.example")), "not well-formed"},
		"DNS name":               {names(textName(2, "kiosk.corp.example")), ""},
		"DNS name of another":    {names(textName(2, "corp.example.evil.example")), refusedName},
		"DNS name with wildcard": {names(textName(2, "*.corp.example")), "not well-formed"},
		"URI":                    {names(textName(6, "tag:corp.example,2026:zoe")), ""},
		"URI with other begin":   {names(textName(6, "tag:evil.example,2026:zoe")), refusedName},
		"IP address":             {names(textName(7, "\x7f\x00\x00\x01")), refusedName + " of kind IP address"},
		"directory name":         {names(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: []byte{0x30, 0}}), "of kind directory name"},
		"other name of no kind":  {names(otherName(asn1.ObjectIdentifier{1, 2, 3}, asn1.TagUTF8String, "x")), "of kind other name 1.2.3"},
		"no names in the list":   {names(), "unreadable: the extension 2.5.29.17: it names nothing"},
		"names are not a list":   {func(w *wish) { w.extensions[2].Value = []byte{0x04, 0} }, "unreadable"},
		"something after the list": {func(w *wish) {
			w.extensions[2].Value = append(w.extensions[2].Value, 5, 0)
		}, "unreadable: the extension 2.5.29.17: something follows its value"},
	})
}

// Usages, SID, key and everything else the certificate could carry.
func TestJudgeRest(t *testing.T) {
	usage := func(bits ...int) func(*wish) { return func(w *wish) { w.extensions[0] = usageExtension(t, bits...) } }
	extended := func(names ...string) func(*wish) {
		return func(w *wish) { w.extensions[1] = extendedExtension(t, names...) }
	}
	sid := func(s string) func(*wish) { return func(w *wish) { w.extensions[3] = sidExtension(s) } }
	without := func(i int) func(*wish) {
		return func(w *wish) { w.extensions = append(w.extensions[:i:i], w.extensions[i+1:]...) }
	}
	key := func(k crypto.Signer) func(*wish) { return func(w *wish) { w.key = k } }
	rsaKey := value[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048))
	large := value[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 3072))
	p521 := value[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	checkEdges(t, map[string]edge{
		"as permitted":         {usage(0), ""},
		"usage not permitted":  {usage(0, 1), "does not permit the key usage contentCommitment (usage in ca.toml)"},
		"usage of a CA":        {usage(0, 5), "does not permit the key usage keyCertSign"},
		"usage of CRLs":        {usage(6), "does not permit the key usage cRLSign"},
		"usage in no standard": {usage(12), "does not permit the key usage bit 12"},
		"no usage":             {without(0), "does not permit a request without key usage"},
		"usage with zero bits": {func(w *wish) { w.extensions[0].Value = []byte{3, 2, 0, 0x80} }, "its bits are not in DER"},
		"usage of no bits":     {func(w *wish) { w.extensions[0].Value = []byte{3, 1, 0} }, "its bits are not in DER"},
		"agreement with P-256": {usage(4), ""},
		"encipher with P-256":  {usage(2), "does not permit keyEncipherment with an elliptic-curve key"},

		"extended not permitted":     {extended("clientAuth", "emailProtection"), "does not permit the extended key usage emailProtection (extended in ca.toml)"},
		"any extended":               {extended("2.5.29.37.0"), "does not permit the extended key usage 2.5.29.37.0"},
		"extended twice":             {extended("clientAuth", "clientAuth"), "clientAuth twice"},
		"only one of those":          {extended("clientAuth"), ""},
		"without extended key usage": {without(1), "does not permit a request without extended key usage"},

		"without a SID":   {without(3), ""},
		"SID not a SID":   {sid("administrator"), `does not permit the SID "administrator"`},
		"SID of no value": {sid(""), "unreadable: the extension 1.3.6.1.4.1.311.25.2: it has no SID"},

		"no alternative names": {without(2), ""},
		"CA extension": {func(w *wish) {
			w.extensions = append(w.extensions, pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 19}, Value: []byte{0x30, 3, 1, 1, 0xff}})
		}, "does not permit the extension 2.5.29.19"},
		"extension of no standard": {func(w *wish) {
			w.extensions = append(w.extensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3}, Value: []byte{5, 0}})
		}, "does not permit the extension 1.2.3"},

		"RSA 2048":              {key(rsaKey), ""},
		"RSA 3072":              {key(large), "does not permit the key type rsa3072 (keys in ca.toml)"},
		"P-384":                 {key(newKey(t, KeyP384)), "does not permit the key type p384"},
		"P-521":                 {key(p521), "does not permit the key type p-521"},
		"Ed25519":               {key(edwards), "does not permit the key type ed25519"},
		"encipherment with RSA": {func(w *wish) { w.key = rsaKey; usage(2)(w) }, ""},
		"agreement with RSA":    {func(w *wish) { w.key = rsaKey; usage(4)(w) }, "does not permit keyAgreement with an RSA key"},
	})
}

// What the rule does not name is not permitted, to the day.
func TestJudgeBareRule(t *testing.T) {
	r := parsedEdgeRules(t)
	bare := func(change func(*wish)) wish {
		w := logonWish(t)
		w.subject, w.extensions, w.operator = []attribute{{"CN", "Zoë"}}, w.extensions[:1], "anna"
		change(&w)
		return w
	}
	for name, c := range map[string]struct {
		change func(*wish)
		days   int
		says   string
	}{
		"nothing but usage": {func(*wish) {}, 1, ""},
		"one day too many":  {func(*wish) {}, 2, "permits at most 1 days of validity, not 2 (max_valid_days in ca.toml)"},
		"another operator":  {func(w *wish) { w.operator = "ben" }, 1, ""},
		"no operator":       {func(w *wish) { w.operator = "" }, 1, `does not permit a request by ""`},
		"operator unlisted": {func(w *wish) { w.operator = "eve" }, 1, `does not permit a request by "eve" (operators in ca.toml)`},
		"no day":            {func(*wish) {}, 0, "at least one day"},
		"negative":          {func(*wish) {}, -1, "at least one day"},
		"alternative name":  {func(w *wish) { w.extensions = append(w.extensions, sanExtension(t, upnName("a@corp.example"))) }, 1, "of kind upn (san in ca.toml)"},
		"extended usage":    {func(w *wish) { w.extensions = append(w.extensions, extendedExtension(t, "clientAuth")) }, 1, "does not permit the extended key usage"},
		"SID":               {func(w *wish) { w.extensions = append(w.extensions, sidExtension("S-1-5-21-1")) }, 1, "does not permit a SID (sid in ca.toml)"},
		"empty subject":     {func(w *wish) { w.subject = nil }, 1, "does not permit an empty subject"},
	} {
		t.Run(name, func(t *testing.T) {
			got := judged(t, r, "bare", bare(c.change), c.days)
			if c.says == "" && got != "" || !strings.Contains(got, c.says) {
				t.Errorf("the CA says %q, not %q", got, c.says)
			}
		})
	}
}

// Only the stations that a rule lists may ask under it.
func TestRuleNamesStations(t *testing.T) {
	a := &Authority{rules: parsedEdgeRules(t)}
	if _, err := a.Template(lobby, "logon", 1); err != nil {
		t.Errorf("lobby-1 is listed, and hears %v", err)
	}
	other := Station{Name: "lobby-2", MayAsk: true}
	if _, err := a.Template(other, "logon", 1); !engine.Is(err, engine.Forbidden) {
		t.Errorf("lobby-2 is not listed, and hears %v", err)
	}
	if _, err := a.Template(other, "bare", 1); !engine.Is(err, engine.Forbidden) || !strings.Contains(err.Error(), "kiosk ca station lobby-2 --rights ask,revoke") {
		t.Errorf("a station that could not take an update back hears %v", err)
	}
	other.MayRevoke = true
	if _, err := a.Template(other, "bare", 1); err != nil {
		t.Errorf("all may ask for bare, and lobby-2 hears %v", err)
	}
	if _, err := a.Template(Station{Name: "lobby-1"}, "bare", 1); !engine.Is(err, engine.Forbidden) {
		t.Errorf("a station without the right to ask hears %v", err)
	}
}

// Whatever bytes come as a request, they are read or refused; what is read can
// be judged.
func FuzzReadAsked(f *testing.F) {
	r, err := parseRules("ca.toml", []byte(goodHead+edgeRules))
	if err != nil {
		f.Fatal(err)
	}
	key, err := makeKey(KeyP256, rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{0x30, 0}, []byte{3, 2, 7, 0x80}, []byte{0x30, 0}, []byte{0x30, 0})
	f.Add([]byte{0x30, 0x0a, 0x31, 8, 0x30, 6, 6, 1, 0x2a, 0x0c, 1, 'x'}, []byte{3, 1, 0}, []byte{0x30, 2, 0xa0, 0}, []byte{0x30, 2, 0xa0, 0})
	f.Fuzz(func(t *testing.T, subject, usage, san, sid []byte) {
		w := wish{attributes: subject, key: key, extensions: []pkix.Extension{
			{Id: oidKeyUsage, Value: usage}, {Id: oidExtKeyUsage, Value: san}, {Id: oidSAN, Value: san}, {Id: oidSID, Value: sid},
		}}
		csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{RawSubject: w.attributes, ExtraExtensions: w.extensions}, w.key)
		if err != nil {
			t.Skip("not a request that can be made")
		}
		a, err := readAsked(wire.Request{CSR: csr, ValidDays: 1})
		if err != nil {
			return
		}
		for i := range r.Templates {
			r.Templates[i].judge(a)
		}
	})
}
