package engine

import (
	"context"
	"crypto"
	"crypto/x509"
	"io"
)

// ProveHolder has a card sign a challenge, with a PIN that a person typed and in
// one transaction, and checks the signature: whoever does this holds the card,
// and the card the key. A card that signs with another key is CardTrouble.
func ProveHolder(ctx context.Context, card Card, pin PIN, at Place, certificate *x509.Certificate, random io.Reader) error {
	return proveBySigning(ctx, oneSignature{card, pin}, at, certificate.PublicKey, random)
}

// oneSignature signs with a card that is locked again at once.
type oneSignature struct {
	card Card
	pin  PIN
}

func (o oneSignature) Sign(ctx context.Context, at Place, key crypto.PublicKey, digest []byte, hash crypto.Hash) ([]byte, error) {
	return o.card.SignOnce(ctx, o.pin, at, key, digest, hash)
}
