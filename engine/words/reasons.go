package words

import (
	"errors"
	"fmt"
	"time"

	"cardkiosk/engine"
)

// Reason says why a card is due, with its cause.
func (t *Text) Reason(r engine.Reason, now time.Time) string {
	switch r := r.(type) {
	case engine.Expires:
		format := t.Reasons.Expires
		if r.Life == engine.Expired {
			format = t.Reasons.Expired
		}
		return fmt.Sprintf(format, r.Template, t.until(r.NotAfter, now), t.DateOf(r.NotAfter))
	case engine.OtherPolicy:
		return fmt.Sprintf(t.Reasons.OtherPolicy, r.Card, r.User)
	case engine.WrittenOutside:
		return fmt.Sprintf(t.Reasons.Outside, t.Place(r.Place), r.Subject)
	case engine.TemplateMissing:
		return fmt.Sprintf(t.missing(r), r.Template)
	case engine.TemplateRemoved:
		if r.Common {
			return fmt.Sprintf(t.Reasons.CommonRemoved, r.Template)
		}
		return fmt.Sprintf(t.Reasons.Removed, r.Template)
	case engine.AttributeChanged:
		return t.changed(r)
	case engine.CommonReplaced:
		return fmt.Sprintf(t.Reasons.CommonReplaced, r.Template)
	case engine.OptionalAvailable:
		if r.OnCard {
			return fmt.Sprintf(t.Reasons.OptionalOnCard, r.Template)
		}
		return fmt.Sprintf(t.Reasons.Optional, r.Template)
	case engine.AccessSwitched:
		if r.On {
			return t.Reasons.AccessOn
		}
		return t.Reasons.AccessOff
	case engine.UpdateDecided:
		if r.Approved > 0 {
			return fmt.Sprintf(t.Reasons.Decided, r.Approved)
		}
		return fmt.Sprintf(t.Reasons.Refused, r.Refused)
	case engine.Revoked:
		return fmt.Sprintf(t.Reasons.Revoked, r.Template, t.DateOf(r.Revocation.At), t.Revokes[r.Revocation.Reason])
	}
	return ""
}

func (t *Text) missing(r engine.TemplateMissing) string {
	w := t.Reasons
	switch {
	case r.Added && r.Common:
		return w.CommonAdded
	case r.Common:
		return w.CommonMissing
	case r.First:
		return w.First
	case r.Added:
		return w.Added
	}
	return w.Missing
}

func (t *Text) changed(r engine.AttributeChanged) string {
	was, is := brief(r.Was), brief(r.Is)
	switch {
	case is == "":
		return fmt.Sprintf(t.Reasons.AttributeGone, r.Template, r.Attribute, was)
	case was == "":
		return fmt.Sprintf(t.Reasons.AttributeNew, r.Template, r.Attribute, is)
	}
	return fmt.Sprintf(t.Reasons.Attribute, r.Template, r.Attribute, was, is)
}

// Choice says what one line of the template page would do.
func (t *Text) Choice(c engine.Choice, ticked bool, now time.Time) string {
	switch c.Fate(ticked) {
	case engine.Added:
		return t.Templates.Added
	case engine.Stays:
		if c.Template.Optional {
			return t.Templates.StaysOptional
		}
		return t.Templates.Stays
	case engine.Removed:
		if c.Leaving {
			return t.Templates.Leaving
		}
		return t.Templates.Removed
	case engine.Absent:
		return t.Templates.Absent
	case engine.Renewed:
		return t.renewal(c.Reason, now)
	}
	return ""
}

// renewal is a reason without its template's name, which stands beside it.
func (t *Text) renewal(r engine.Reason, now time.Time) string {
	w := t.Templates
	switch r := r.(type) {
	case engine.Expires:
		if r.Life == engine.Expired {
			return fmt.Sprintf(w.Renewed, fmt.Sprintf(w.RenewedExpired, t.until(r.NotAfter, now)))
		}
		return fmt.Sprintf(w.Renewed, fmt.Sprintf(w.RenewedExpires, t.until(r.NotAfter, now)))
	case engine.AttributeChanged:
		return fmt.Sprintf(w.Anew, fmt.Sprintf(w.AnewAttribute, r.Attribute))
	case engine.Revoked:
		return fmt.Sprintf(w.Anew, fmt.Sprintf(w.AnewRevoked, t.Revokes[r.Revocation.Reason]))
	case engine.CommonReplaced:
		return fmt.Sprintf(w.Anew, w.AnewCommon)
	}
	return ""
}

// Obstacle says why a plan cannot be carried out.
func (t *Text) Obstacle(o engine.Obstacle) string {
	w := t.Obstacles
	switch o := o.(type) {
	case engine.PlaceTaken:
		return fmt.Sprintf(w.PlaceTaken, o.Template, t.Place(o.Place), o.By)
	case engine.NoSpare:
		return fmt.Sprintf(w.NoSpare, o.Template)
	case engine.NoFreePlace:
		return fmt.Sprintf(w.NoFreePlace, o.Template)
	case engine.CannotImport:
		return fmt.Sprintf(w.CannotImport, o.Template)
	case engine.TooLarge:
		return fmt.Sprintf(w.TooLarge, o.Template, o.Size, o.Limit)
	case engine.RevokedForGood:
		return fmt.Sprintf(w.RevokedForGood, o.Template, t.Revokes[o.Why])
	case engine.NeedsOperator:
		return fmt.Sprintf(w.NeedsOperator, o.Template, t.Revokes[o.Why])
	case engine.KeyTypeUnknown:
		return fmt.Sprintf(w.KeyType, o.Template, o.Key)
	case engine.PolicyFixed:
		if o.PIN == "" {
			return fmt.Sprintf(w.NoKeysThere, o.Template, t.Place(o.Place))
		}
		return fmt.Sprintf(w.PolicyFixed, o.Template, t.Place(o.Place), o.PIN)
	case engine.AttributeLacking:
		return t.lacking(o)
	case engine.EncryptionInPlace:
		return fmt.Sprintf(w.EncryptionInPlace, o.Template)
	case engine.Unprovable:
		return fmt.Sprintf(w.Unprovable, o.Template)
	case engine.AdminKeyUnknown:
		return w.AdminKey
	case engine.AdminKeyUntold:
		return w.AdminKeyUntold
	case engine.NoTriesLeft:
		return w.NoTries
	case engine.UserDisabled:
		return w.Disabled
	case engine.StateForbids:
		return fmt.Sprintf(w.State, t.Cards[o.State])
	}
	return ""
}

// lacking says which attribute of the directory has to be corrected, and how.
func (t *Text) lacking(o engine.AttributeLacking) string {
	var misfit *engine.Misfit
	switch {
	case errors.Is(o.Err, engine.ErrMissing):
		return fmt.Sprintf(t.Obstacles.Lacking, o.Template, o.Attribute)
	case errors.As(o.Err, &misfit):
		why := t.Misfits[misfit.Why]
		if misfit.Why == engine.MisfitLength {
			why = fmt.Sprintf(why, misfit.Most)
		}
		return fmt.Sprintf(t.Obstacles.Misfit, o.Template, o.Attribute, brief(engine.Clean(misfit.Value)), misfit.As, why)
	}
	return fmt.Sprintf(t.Obstacles.Control, o.Template, o.Attribute)
}

// brief cuts what is too long to be read in a sentence.
func brief(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
