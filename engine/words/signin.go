package words

import (
	"errors"

	"cardkiosk/engine"
)

// SignIn are the words of people who sign in.
type SignIn struct {
	Faults map[engine.CardFault]Trouble // why nobody signs in with a card; title and hint
}

// faultOf returns why a card is not accepted, "" when that is not the trouble.
func faultOf(err error) (fault engine.CardFault) {
	if engine.KindOf(err) == engine.CardNotAccepted {
		_ = errors.As(err, &fault)
	}
	return fault
}
