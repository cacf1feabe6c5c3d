package engine

import "errors"

// askFor makes what the CA is asked for, of values that can be encoded. The
// error is an AttributeError.
func askFor(t Template, u User) (*Ask, error) {
	subject, err := t.Subject.Make(u)
	if err != nil {
		return nil, err
	}
	ask := &Ask{
		CA: t.CA, Profile: t.Profile, Subject: subject,
		Usage: t.Usage, Extended: t.Extended, ValidDays: t.ValidDays,
	}
	for _, r := range t.SAN {
		san, ok, err := r.Make(u)
		if err != nil {
			return nil, err
		}
		if ok {
			ask.SAN = append(ask.SAN, san)
		}
	}
	ask.bind(t.Binding, u)
	for _, name := range t.Tracked {
		if ask.Attributes == nil {
			ask.Attributes = map[string]string{}
		}
		ask.Attributes[name] = u.attribute(name)
	}
	return ask, nil
}

// bind has the certificate say whose account it is, for users who have a SID.
func (a *Ask) bind(b Binding, u User) {
	switch b {
	case BindExtension:
		a.SID = u.SID
	case BindURI:
		if u.SID != "" {
			a.SAN = append(a.SAN, SAN{SANURI, SIDURI(u.SID)})
		}
	case BindAttribute:
		a.Bind = true
	}
}

func lacking(t Template, err error) Obstacle {
	var a *AttributeError
	if errors.As(err, &a) {
		return AttributeLacking{t.Name, a.Attribute, a.Err}
	}
	return AttributeLacking{Template: t.Name, Err: err}
}
