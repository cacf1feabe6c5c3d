//go:build cgo

package pcsc

import (
	"errors"
	"fmt"
	"testing"

	"github.com/ebfe/scard"

	"cardkiosk/engine"
)

// PC/SC's errors mean what a person can do about them.
func TestKinds(t *testing.T) {
	for err, want := range map[error]engine.Kind{
		scard.ErrNoService:                            engine.NoReaders,
		scard.ErrCommError:                            engine.NoReaders,
		scard.ErrNoReadersAvailable:                   engine.NoReaders,
		scard.ErrSecurityViolation:                    engine.NoReaders, // a pcscd that broke off
		scard.ErrSharingViolation:                     engine.CardBusy,
		scard.ErrRemovedCard:                          engine.CardGone,
		scard.ErrResetCard:                            engine.CardGone,
		scard.ErrUnresponsiveCard:                     engine.CardTrouble,
		scard.ErrNotTransacted:                        engine.CardTrouble,
		fmt.Errorf("wrapped: %w", scard.ErrCommError): engine.NoReaders,
		errors.New("not of PC/SC"):                    engine.CardTrouble,
	} {
		if e := trouble("do", "reader", err); e.Kind != want || !errors.Is(e, err) {
			t.Errorf("%v is %v, want kind %d", err, e, want)
		}
	}
}
