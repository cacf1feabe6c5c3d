package words

import (
	"errors"
	"fmt"

	"cardkiosk/engine"
)

// Lobby are the words of a kiosk at which people update their own cards.
type Lobby struct {
	PutIn, TakeOut, OneCard      Sign
	Mute, Unreadable, Unknown    Sign
	NotIssued, Disabled, Revoked Sign
	NoReader, Pause              Sign

	Language       string // number, name
	Card           string // serial
	Leave, Nothing string
	TakeYours      string // out, when it is over
	HelpHint       string

	StillThere, AnyKey string
	Ending             Plural // seconds

	Unproven string
	Faults   map[engine.CardFault]string // why a card cannot show whose it is
}

// Sign is what the start screen says: one sentence in large letters, and what to do
// in small ones.
type Sign struct{ Large, Small string }

// OwnCard names the card without saying whose it is.
func (t *Text) OwnCard(c engine.Identity) string { return fmt.Sprintf(t.Lobby.Card, t.Serial(c)) }

// LanguageKey says which number chooses a language.
func (t *Text) LanguageKey(number int, name string) string {
	return fmt.Sprintf(t.Lobby.Language, number, name)
}

// SignOf is what the start screen says of a card of this state; ok is false when the
// walk may begin with it.
func (t *Text) SignOf(s engine.State) (sign Sign, ok bool) {
	switch s {
	case "", engine.StateClean:
		return t.Lobby.Unknown, true
	case engine.StateAssigned:
		return t.Lobby.NotIssued, true
	case engine.StateDisabled:
		return t.Lobby.Disabled, true
	case engine.StateRevoked:
		return t.Lobby.Revoked, true
	case engine.StateIssued, engine.StatePending:
	}
	return Sign{}, false
}

// unproven says why a card has not shown whose it is; "" when that is not the
// trouble.
func (t *Text) unproven(err error) string {
	d := engine.DenialOf(err)
	if d == nil || d.Why != engine.NotProven {
		return ""
	}
	var fault engine.CardFault
	if !errors.As(d, &fault) {
		return ""
	}
	return t.Lobby.Faults[fault]
}
