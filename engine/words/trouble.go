package words

import (
	"errors"
	"fmt"

	"cardkiosk/engine"
)

// TitleOf says what happened.
func (t *Text) TitleOf(err error) string {
	if s := t.pinTrouble(err); s != "" {
		return s
	}
	if fault := faultOf(err); fault != "" {
		return t.SignIn.Faults[fault].Title
	}
	if t.unproven(err) != "" {
		return t.Lobby.Unproven
	}
	kind, subject := engine.Broken, ""
	var e *engine.Error
	if errors.As(err, &e) {
		kind, subject = e.Kind, engine.Clean(e.Subject)
	}
	w := t.Troubles[kind]
	if subject == "" || w.Of == "" {
		return w.Title
	}
	return fmt.Sprintf(w.Of, subject)
}

// HintOf says what can be done about it.
func (t *Text) HintOf(err error) string {
	if why := t.unproven(err); why != "" {
		return why
	}
	if why := t.Denied(err); why != "" {
		return why
	}
	if fault := faultOf(err); fault != "" {
		return t.SignIn.Faults[fault].Hint
	}
	hint := t.Troubles[engine.KindOf(err)].Hint
	var e *engine.Error
	if errors.As(err, &e) && e.Kind == engine.WrongPIN {
		return t.Tries(e.TriesLeft) + " " + hint
	}
	return hint
}

// EffectOf says what trouble means for the card.
func (t *Text) EffectOf(err error) string {
	var e *engine.Error
	if errors.As(err, &e) {
		return t.Effects[e.Effect]
	}
	return t.Effects[engine.NothingChanged]
}

// pinTrouble says what is wrong with a PIN that no card was asked about.
func (t *Text) pinTrouble(err error) string {
	switch {
	case errors.Is(err, engine.ErrPINTooShort):
		return t.PIN.TooShort
	case errors.Is(err, engine.ErrPINTooLong):
		return t.PIN.TooLong
	case errors.Is(err, engine.ErrPINNotASCII):
		return t.PIN.NotASCII
	case errors.Is(err, engine.ErrPINWeak):
		return t.PIN.Weak
	case errors.Is(err, engine.ErrPINsDiffer):
		return t.PIN.Differ
	}
	return ""
}

// Unread says why a user is shown as recorded, and what that means.
func (t *Text) Unread(why error) string { return t.TitleOf(why) + ". " + t.Profile.AsRecorded }
