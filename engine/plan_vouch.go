package engine

import (
	"crypto/x509"
	"slices"
)

// vouch finds what speaks for a request: the certificate that it renews, with a
// key on the card that may sign for it, and, where the old key would be lost by
// making the new one, a CA that decides before.
func (p *planner) vouch(c Choice, g *gaining) {
	signs := g.old != nil && g.home.Certificate != nil && p.holdsKey(g.home, *g.old) && !p.opensMail(*g.old, g.home.Certificate)
	if g.how == InPlace && signs && p.in.Decides[g.t.CA] {
		g.how = DecidedFirst
	}
	if g.how == InPlace || !c.Extends || g.old == nil || !p.renews(*g) {
		return // in place the old key is gone before the CA is asked
	}
	by, ok := g.home, true
	if !signs {
		by, ok = p.authentication()
	}
	if !ok {
		return
	}
	g.ask.Renews = &Renewing{
		Certificate: g.home.Certificate, By: by.Certificate, Place: by.Place, Touch: by.Key != nil && by.Key.wantsFinger(),
	}
	g.ask.Hold = g.t.Renewal.Hold
}

// renews reports whether the new certificate only extends the old one: of the same
// template and CA, with the same subject. Of a certificate that was adopted nobody
// knows whether this CA issued it or the one before, which it would not renew.
func (p *planner) renews(g gaining) bool {
	if g.old.Template != g.t.Name || g.old.CA != g.t.CA || g.old.Request == "" || g.home.Certificate == nil {
		return false
	}
	old, err := x509.ParseCertificate(g.home.Certificate)
	if err != nil {
		return false
	}
	subject, err := subjectDER(g.ask.Subject)
	return err == nil && sameName(old.RawSubject, subject)
}

// authentication finds the holder's certificate for signing in, whose key vouches
// for what cannot sign itself: for client authentication before any other that
// signs. It has to be valid now.
func (p *planner) authentication() (Item, bool) {
	var found Item
	for _, m := range p.in.Record.Managed {
		it, _ := p.in.Contents.At(m.Place)
		if m.Common || m.Revoked != nil || !m.lies(it) || it.Certificate == nil || !p.holdsKey(it, m) ||
			p.opensMail(m, it.Certificate) || p.ended(m) {
			continue
		}
		if authenticates(it.Certificate) {
			return it, true
		}
		if found.Certificate == nil {
			found = it
		}
	}
	return found, found.Certificate != nil
}

// ended reports whether a certificate has expired, which the choices know.
func (p *planner) ended(m Managed) bool {
	return slices.ContainsFunc(p.in.Choices, func(c Choice) bool {
		e, ends := c.Reason.(Expires)
		return ends && c.Template.Name == m.Template && e.Life == Expired
	})
}

func authenticates(der []byte) bool {
	c, err := x509.ParseCertificate(der)
	return err == nil && slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
}
