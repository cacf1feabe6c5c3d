package store

import (
	"fmt"
	"maps"
	"slices"

	"cardkiosk/engine"
)

// dueFormat counts the changes of what packDue writes. Who changes it adds a
// migration that calls fillDue.
const dueFormat = 1

// packDue keeps of a record what engine.DueFacts has of it.
func packDue(r engine.Record) string {
	p := newPacker(dueFormat)
	p.text(string(r.Card.ID))
	p.text(r.Card.Serial)
	p.text(r.Card.GUID)
	p.text(r.Card.Model)
	p.text(string(r.User.ID))
	p.text(r.User.Name)
	p.text(r.User.Logon)
	p.text(r.User.Mail)
	p.text(string(r.State))
	p.text(r.Policy)
	p.text(r.Under)
	p.time(r.Written)
	p.flag(r.Access)
	p.number(len(r.Managed))
	for _, m := range r.Managed {
		p.managed(m)
	}
	p.followed(r.Tracked)
	p.time(r.Seen.At)
	p.followed(r.Seen.Outside)
	p.texts(r.Seen.Missing)
	return string(p.row)
}

func unpackDue(row string) (r engine.Record, err error) {
	u, err := newUnpacker("due row", row, dueFormat)
	if err != nil {
		return r, err
	}
	r.Card.ID = engine.CardID(u.text())
	r.Card.Serial = u.text()
	r.Card.GUID = u.text()
	r.Card.Model = u.text()
	r.User.ID = engine.UserID(u.text())
	r.User.Name = u.text()
	r.User.Logon = u.text()
	r.User.Mail = u.text()
	r.State = engine.State(u.text())
	r.Policy = u.text()
	r.Under = u.text()
	r.Written = u.time()
	r.Access = u.flag()
	if n := u.count(); n > 0 {
		r.Managed = make([]engine.Managed, n)
		for i := range r.Managed {
			u.managed(&r.Managed[i])
		}
	}
	r.Tracked = u.followed()
	r.Seen.At = u.time()
	r.Seen.Outside = u.followed()
	r.Seen.Missing = u.texts()
	if !u.whole() {
		return r, fmt.Errorf("due row of card %s is not whole", r.Card.ID)
	}
	return r, nil
}

func (p *packer) managed(m engine.Managed) {
	p.text(m.Template)
	p.text(string(m.Place))
	p.text(m.CA)
	p.text(m.Serial)
	p.time(m.NotBefore)
	p.time(m.NotAfter)
	p.text(m.Fingerprint)
	p.flag(m.Common)
	p.number(len(m.Attributes))
	for _, name := range slices.Sorted(maps.Keys(m.Attributes)) {
		p.text(name)
		p.text(m.Attributes[name])
	}
	p.flag(m.Revoked != nil)
	if m.Revoked != nil {
		p.text(m.Revoked.Serial)
		p.time(m.Revoked.At)
		p.text(string(m.Revoked.Reason))
	}
}

func (u *unpacker) managed(m *engine.Managed) {
	m.Template = u.text()
	m.Place = engine.Place(u.text())
	m.CA = u.text()
	m.Serial = u.text()
	m.NotBefore = u.time()
	m.NotAfter = u.time()
	m.Fingerprint = u.text()
	m.Common = u.flag()
	if n := u.count(); n > 0 {
		m.Attributes = make(map[string]string, n)
		for range n {
			name := u.text()
			m.Attributes[name] = u.text()
		}
	}
	if u.flag() {
		m.Revoked = &engine.Revocation{Serial: u.text(), At: u.time(), Reason: engine.RevokeReason(u.text())}
	}
}

// followed writes third-party certificates: those that are followed, or those
// that nobody has decided about.
func (p *packer) followed(all []engine.Tracked) {
	p.number(len(all))
	for _, t := range all {
		p.text(string(t.Place))
		p.text(t.Subject)
		p.time(t.NotAfter)
		p.text(t.Fingerprint)
		p.flag(t.Ignored)
		p.time(t.Gone)
	}
}

func (u *unpacker) followed() []engine.Tracked {
	n := u.count()
	if n == 0 {
		return nil
	}
	all := make([]engine.Tracked, n)
	for i := range all {
		t := &all[i]
		t.Place = engine.Place(u.text())
		t.Subject = u.text()
		t.NotAfter = u.time()
		t.Fingerprint = u.text()
		t.Ignored = u.flag()
		t.Gone = u.time()
	}
	return all
}
