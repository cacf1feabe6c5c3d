package access

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
)

// leastSecret is as long as what the HMAC gives: RFC 2104, 3.
const leastSecret = sha256.Size // bytes

// readSecret reads the secret. The caller wipes it.
func readSecret(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read secret: %w", err)
	}
	secret := bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	if len(secret) < leastSecret {
		clear(text)
		return nil, fmt.Errorf("read secret: %s has %d bytes, and at least %d are needed: openssl rand -hex 32 makes a good one", file, len(secret), leastSecret)
	}
	return secret, nil
}

// signature is the value of Kiosk-Signature: "v1=" and, in hex, the HMAC-SHA256
// over time stamp, "." and body.
func signature(secret []byte, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}
