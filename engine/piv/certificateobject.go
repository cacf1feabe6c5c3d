package piv

import (
	"bytes"
	"compress/gzip"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
)

// The elements of a certificate object (SP 800-73-4 part 1, table 10).
const (
	tagCertificate = 0x70
	tagCertInfo    = 0x71
)

// certInfoGzip marks a compressed certificate (SP 800-73-4 part 1, table 39,
// note). Older drafts could be read as the other end of the byte; such cards
// exist (OpenSC, card-piv.c).
const (
	certInfoPlain   = 0x00
	certInfoGzip    = 0x01
	certInfoGzipOld = 0x80
)

// mostUnzipped is more than any certificate that fits a card compressed.
const mostUnzipped = 64 << 10

// Limits for the content of a certificate object, in bytes.
const (
	objectLimitPIV     = 1856 + certificateFrame // SP 800-73-4 part 1, table 10
	objectLimitYubiKey = 3052 + certificateFrame // YubiKey 4 and later (docs.yubico.com, .NET SDK, "PIV certificate sizes")
	certificateFrame   = 4 + 3 + 2               // 70 82 xx xx, 71 01 xx, FE 00
)

// CertificateObject is what a certificate's place holds.
type CertificateObject struct {
	DER        []byte // nil when the object is there and its certificate empty
	Compressed bool   // on the card
}

// ParseCertificateObject reads the content of a certificate object. The
// certificate is unpacked and known to be one DER sequence, no more.
func ParseCertificateObject(content []byte) (CertificateObject, error) {
	const object = "certificate object"
	list, err := readElements(content)
	if err != nil {
		return CertificateObject{}, malformed(object, "%w", err)
	}
	der, ok := list.find(tagCertificate)
	if !ok {
		return CertificateObject{}, malformed(object, "it holds no certificate")
	}
	info, _ := list.find(tagCertInfo)
	c := CertificateObject{DER: der, Compressed: len(info) > 0 && info[0]&(certInfoGzip|certInfoGzipOld) != 0}
	if len(der) == 0 {
		return CertificateObject{}, nil
	}
	if c.Compressed {
		if c.DER, err = unzip(der); err != nil {
			return CertificateObject{}, malformed(object, "the certificate cannot be unpacked: %w", err)
		}
	}
	if err := checkSequence(c.DER); err != nil {
		return CertificateObject{}, malformed(object, "%w", err)
	}
	return c, nil
}

func unzip(packed []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	der, err := io.ReadAll(io.LimitReader(z, mostUnzipped+1))
	switch {
	case err != nil:
		return nil, err
	case len(der) > mostUnzipped:
		return nil, fmt.Errorf("it has more than %d bytes", mostUnzipped)
	}
	return der, nil
}

func checkSequence(der []byte) error {
	var outer asn1.RawValue
	rest, err := asn1.Unmarshal(der, &outer)
	switch {
	case err != nil:
		return errors.New("the certificate is not DER")
	case outer.Tag != asn1.TagSequence || !outer.IsCompound || outer.Class != asn1.ClassUniversal:
		return errors.New("the certificate is not a DER sequence")
	case len(rest) > 0:
		return fmt.Errorf("%d bytes follow the certificate", len(rest))
	}
	return nil
}

// encodeCertificateObject writes the content of a certificate object that is
// at most limit bytes long: plain if it fits, else compressed. ok is false
// when it does not fit either way.
func encodeCertificateObject(der []byte, limit int) (content []byte, ok bool) {
	content = frameCertificate(der, certInfoPlain)
	if len(content) > limit {
		content = frameCertificate(zip(der), certInfoGzip)
	}
	return content, len(content) <= limit
}

func frameCertificate(packed []byte, info byte) []byte {
	content := appendElement(nil, tagCertificate, packed)
	content = appendElement(content, tagCertInfo, []byte{info})
	return appendElement(content, tagChecksum, nil)
}

// zip packs as tight as it can. The same bytes give the same bytes.
func zip(der []byte) []byte {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic("gzip: " + err.Error()) // the level is a constant
	}
	_, _ = z.Write(der) // a Buffer takes everything
	_ = z.Close()
	return b.Bytes()
}
