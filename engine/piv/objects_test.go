package piv

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

// Elements are read with lengths of any form, minimal or not, and padding
// between them; everything else is refused in words.
func TestElements(t *testing.T) {
	for _, c := range []struct{ hex, want string }{
		{"", ""},
		{"5303 010203", "53:010203"},
		{"538103 010203", "53:010203"},
		{"53820003 010203", "53:010203"},
		{"5383000003 010203", "53:010203"},
		{"538400000003 010203", "53:010203"},
		{"0000 7001aa 00 7100 0000", "70:aa 71:"},
		{"7f4900 5f2f0140 5fc10501ff", "7f49: 5f2f:40 5fc105:ff"},
	} {
		list, err := readElements(unhex(t, c.hex))
		noError(t, err)
		var got []string
		for _, e := range list {
			got = append(got, strings.TrimLeft(hexOf([]byte{byte(e.tag >> 16), byte(e.tag >> 8), byte(e.tag)}), "0")+":"+hexOf(e.value))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s is read as %v, want %s", c.hex, got, c.want)
		}
	}
	for hex, words := range map[string]string{
		"53":                     "ends before its length",
		"5305 0102":              "says 5 bytes follow, and there are 2",
		"5380 0102 0000":         "no definite length",
		"538502 0000000000":      "a length of 5 bytes",
		"5384 ffffffff":          "says 4294967295 bytes follow",
		"5382 01":                "ends within its length",
		"5f":                     "ends within a tag",
		"5fff":                   "ends within a tag",
		"5fffffff01":             "longer than three bytes",
		"7001aa 53 84 7fffffff ": "says 2147483647 bytes follow",
	} {
		if _, err := readElements(unhex(t, hex)); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: error is %v, want %q", hex, err, words)
		}
	}
}

// What is written is read back, at each border of the forms of length.
func TestElementLengths(t *testing.T) {
	for _, n := range []int{0, 1, 0x7f, 0x80, 0xff, 0x100, 3052} {
		b := encodeElement(0x5fc105, make([]byte, n))
		if cap(b) < len(b) || len(b) > n+3+3 {
			t.Errorf("%d bytes are written in %d", n, len(b))
		}
		e, rest, err := readElement(b)
		if err != nil || len(e.value) != n || len(rest) != 0 || e.tag != 0x5fc105 {
			t.Errorf("%d bytes: read %d, rest %d (%v)", n, len(e.value), len(rest), err)
		}
	}
}

// Objects that are not as the standard wants them are refused, and the words
// say which object and what about it.
func TestBrokenObjects(t *testing.T) {
	chuid := func(s string) error { _, err := ParseCHUID(unhex(t, s)); return err }
	capabilities := func(s string) error { _, err := ParseCapabilities(unhex(t, s)); return err }
	history := func(s string) error { _, err := ParseKeyHistory(unhex(t, s)); return err }
	discovery := func(s string) error { _, err := ParseDiscovery(unhex(t, s)); return err }
	security := func(s string) error { _, err := ParseSecurityObject(unhex(t, s)); return err }
	printed := func(s string) error { _, err := ParsePrinted(unhex(t, s)); return err }
	certificate := func(s string) error { _, err := ParseCertificateObject(unhex(t, s)); return err }
	biometric := func(s string) error { _, err := ParseBiometric(unhex(t, s)); return err }
	guid := "3410 00112233445566778899aabbccddeeff"
	for _, c := range []struct {
		parse func(string) error
		hex   string
		words string
	}{
		{chuid, "34", "CHUID: tag 34 ends before its length"},
		{chuid, "3e00fe00", "no GUID"},
		{chuid, "340f" + strings.Repeat("11", 15), "GUID is 15 bytes long, not 16"},
		{chuid, guid + "3001d4", "FASC-N is 1 bytes long, not 25"},
		{chuid, guid + "3601d4", "cardholder UUID is 1 bytes long"},
		{chuid, guid + "3508 3230333031333031", "expiration date"},
		{capabilities, "f000", "data model number"},
		{capabilities, "f501", "card capability container: tag F5 says"},
		{capabilities, "f50110 f00101", "card identifier is 1 bytes long"},
		{history, "c10101", "lacks one of its two counts"},
		{history, "c1", "Key History: tag C1"},
		{history, "c1010a c2010b f30161", "it counts 21 keys"},
		{history, "c10100 c20101", "does not say where"},
		{discovery, "7e00", "does not name the PIV application"},
		{discovery, "7e", "Discovery Object"},
		{discovery, "7e01 4f", "ends before its length"},
		{discovery, "5300", "not one element with tag 7E"},
		{discovery, "7e03 4f01a0", "PIN usage policy is 0 bytes long"},
		{security, "bb00", "not a series of three bytes"},
		{security, "ba", "Security Object"},
		{security, "ba020101 bb00", "not a series of three bytes"},
		{security, "ba00", "no signature"},
		{security, "ba00 bb0130", "not a CMS message"},
		{security, "ba00 bb11 300f 06092a864886f70d010701 a0020500", "not SignedData"},
		{printed, "0105", "printed information: tag 1 says"},
		{printed, "01817e" + strings.Repeat("41", 126), "126 characters"},
		{certificate, "7100fe00", "it holds no certificate"},
		{certificate, "70", "certificate object: tag 70"},
		{certificate, "7003 020101", "not a DER sequence"},
		{certificate, "7002 3003", "not DER"},
		{certificate, "7003 300000", "1 bytes follow the certificate"},
		{certificate, "7002 3000 710101", "cannot be unpacked"},
		{biometric, "fe00", "holds no record"},
		{biometric, "bc", "biometric object"},
		{biometric, "bc0103", "no CBEFF header"},
		{biometric, "bc58" + "030d 00000001 0000" + strings.Repeat("00", 80), "its header says 89"},
	} {
		err := c.parse(c.hex)
		var format *FormatError
		if !errors.As(err, &format) || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: error is %v, want %q", c.hex, err, c.words)
		}
	}
}

// What the standard allows is taken: other bits for compression, a missing
// CertInfo, lengths that could be shorter, words with control characters.
func TestLenientObjects(t *testing.T) {
	der := []byte{0x30, 0x03, 0x02, 0x01, 0x05}
	packed := zip(der)
	for _, content := range [][]byte{
		append([]byte{0x70, 0x05}, der...),
		append([]byte{0x70, 0x83, 0, 0, 0x05}, append(der, 0x71, 1, 0, 0xfe, 0, 0, 0)...),
		append(append([]byte{0x70, byte(len(packed))}, packed...), 0x71, 1, certInfoGzipOld),
	} {
		c, err := ParseCertificateObject(content)
		if err != nil || !bytes.Equal(c.DER, der) {
			t.Errorf("%X: %X (%v)", content, c.DER, err)
		}
	}
	p, err := ParsePrinted([]byte("\x01\x06Bo\x1b[2J\x02\x01X\x88\x00"))
	if err != nil || strings.ContainsRune(p.Name, 0x1b) || !strings.HasPrefix(p.Name, "Bo") || p.Affiliation != "X" {
		t.Errorf("printed information %+v (%v)", p, err)
	}
	d, err := ParseDiscovery(unhex(t, "7e12 4f0b a000000308000010000100 5f2f02 6020"))
	if err != nil || !d.PIN || !d.GlobalPIN || !d.PreferGlobal || d.Fingerprint || d.Virtual {
		t.Errorf("discovery %+v (%v)", d, err)
	}
}

// A card is known by its FASC-N where no other card has the same.
func TestCHUIDNumber(t *testing.T) {
	guid := strings.Repeat("00", 16)
	for fascn, want := range map[string]bool{
		"d13810d828af2c1084246da1685828af0210848d84e739c3eb": true,
		"d4e739da739ced39ce739da16858210842108515cce739b7fa": false, // agency 9999
		hex.EncodeToString([]byte(nonFederalFASCN)):          false,
		strings.Repeat("00", 25):                             false,
	} {
		c, err := ParseCHUID(unhex(t, "3019"+fascn+"3410"+guid))
		if err != nil {
			t.Fatal(err)
		}
		if got := c.number(); got != fascn && want || got != "" && !want {
			t.Errorf("%s: known by %q", fascn, got)
		}
	}
	if c, err := ParseCHUID(unhex(t, "3410"+guid)); err != nil || c.number() != "" {
		t.Errorf("without one: known by %q, %v", c.number(), err)
	}
}
