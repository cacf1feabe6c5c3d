package pfx

import (
	"crypto"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/x509"
	encoding "encoding/asn1"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Object identifiers of RFC 7292 (the bags) and RFC 8018 (the MAC).
var (
	oidData        = encoding.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidKeyBag      = encoding.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 1}
	oidCertBag     = encoding.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 3}
	oidCertificate = encoding.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 22, 1}
	oidPBKDF2      = encoding.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidHMAC        = encoding.ObjectIdentifier{1, 2, 840, 113549, 2, 9} // SHA-256
)

// sealed writes a PFX of bags that no other program would put together: nothing
// in it is encrypted, and its MAC is right.
func sealed(t testing.TB, bags ...cryptobyte.BuilderContinuation) Source {
	t.Helper()
	return save(t, seal(1, safe(bags...)))
}

func sequence(parts ...cryptobyte.BuilderContinuation) cryptobyte.BuilderContinuation {
	return tagged(asn1.SEQUENCE, parts...)
}

func tagged(tag asn1.Tag, parts ...cryptobyte.BuilderContinuation) cryptobyte.BuilderContinuation {
	return func(b *cryptobyte.Builder) {
		b.AddASN1(tag, func(b *cryptobyte.Builder) {
			for _, p := range parts {
				p(b)
			}
		})
	}
}

func octets(content []byte) cryptobyte.BuilderContinuation {
	return func(b *cryptobyte.Builder) { b.AddASN1OctetString(content) }
}

func raw(content []byte) cryptobyte.BuilderContinuation {
	return func(b *cryptobyte.Builder) { b.AddBytes(content) }
}

func number(n int) cryptobyte.BuilderContinuation {
	return func(b *cryptobyte.Builder) { b.AddASN1Int64(int64(n)) }
}

func oid(o encoding.ObjectIdentifier) cryptobyte.BuilderContinuation {
	return func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(o) }
}

func encode(part cryptobyte.BuilderContinuation) []byte {
	var b cryptobyte.Builder
	part(&b)
	return b.BytesOrPanic()
}

var explicit = asn1.Tag(0).Constructed().ContextSpecific()

func data(content []byte) cryptobyte.BuilderContinuation {
	return sequence(oid(oidData), tagged(explicit, octets(content)))
}

func keyBag(t testing.TB, key crypto.Signer) cryptobyte.BuilderContinuation {
	t.Helper()
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	return sequence(oid(oidKeyBag), tagged(explicit, raw(pkcs8)))
}

func certBag(der []byte) cryptobyte.BuilderContinuation {
	return sequence(oid(oidCertBag), tagged(explicit, sequence(oid(oidCertificate), tagged(explicit, octets(der)))))
}

// safe is an AuthenticatedSafe (RFC 7292, 4.1).
func safe(bags ...cryptobyte.BuilderContinuation) []byte {
	return encode(sequence(data(encode(sequence(bags...)))))
}

// seal makes a PFX of an AuthenticatedSafe, whatever that is, with the MAC of
// RFC 9579 under the test's password. With more iterations than are bearable
// the MAC is left wrong.
func seal(iterations int, safe []byte) []byte {
	salt, digest := []byte("saltsalt"), make([]byte, sha256.Size)
	if iterations <= mostIterations {
		key, err := pbkdf2.Key(sha256.New, testPassword, salt, iterations, sha256.Size)
		if err != nil {
			panic(err)
		}
		mac := hmac.New(sha256.New, key)
		mac.Write(safe)
		digest = mac.Sum(nil)
	}
	hmacSHA256 := sequence(oid(oidHMAC), raw([]byte{5, 0}))
	derivation := sequence(oid(oidPBKDF2), sequence(octets(salt), number(iterations), number(sha256.Size), hmacSHA256))
	algorithm := sequence(oid(oidPBMAC1), sequence(derivation, hmacSHA256))
	return encode(sequence(number(3), data(safe), sequence(sequence(algorithm, octets(digest)), octets(salt), number(1))))
}
