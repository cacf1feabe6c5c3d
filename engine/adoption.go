package engine

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"slices"
	"strings"
)

// adopter decides which certificates of a card are ours.
type adopter struct {
	policy   Policy
	user     User
	contents Contents
	issuers  map[string][]*x509.Certificate // by CA
	theirs   bool                           // the card is the user's; see cardIsTheirs
	taken    Record
}

// adopt gives each template the certificate that fits it best; no certificate is
// taken twice. Certificates of former encryption keys are kept beside them.
func adopt(policy Policy, user User, contents Contents, issuers map[string][]*x509.Certificate) Adoption {
	a := &adopter{policy: policy, user: user, contents: contents, issuers: issuers}
	a.theirs = a.cardIsTheirs()
	for _, p := range a.pairs() {
		have := slices.ContainsFunc(a.taken.Managed, func(m Managed) bool { return m.Template == p.template.Name })
		if !have && !a.taken.manages(p.item) {
			a.taken.Managed = append(a.taken.Managed, p.template.adopted(p.item, p.certificate, user))
		}
	}
	a.findFormer()
	inOrder := func(x, y Managed) int { return cmp.Compare(a.position(x), a.position(y)) }
	slices.SortStableFunc(a.taken.Managed, inOrder)
	return Adoption{
		User: user, Policy: policy.Name, Managed: a.taken.Managed, Former: a.taken.Former,
		ThirdParty: FindThirdParty(a.taken, contents),
	}
}

// position is where a certificate's template stands in the policy.
func (a *adopter) position(m Managed) int {
	return slices.IndexFunc(a.policy.Templates, func(t Template) bool { return t.Name == m.Template })
}

// pair is a template and a certificate that fits it.
type pair struct {
	template    Template
	item        Item
	certificate *x509.Certificate
	fit         int
}

// pairs are all that fit, the best first; of equals the newest certificate.
func (a *adopter) pairs() []pair {
	var all []pair
	for _, t := range a.policy.Templates {
		for _, it := range a.contents.Items {
			c := it.whole()
			if c == nil {
				continue
			}
			if fit := a.fit(t, it, c); fit > 0 {
				all = append(all, pair{t, it, c, fit})
			}
		}
	}
	slices.SortStableFunc(all, func(x, y pair) int {
		return cmp.Or(cmp.Compare(y.fit, x.fit), y.certificate.NotBefore.Compare(x.certificate.NotBefore))
	})
	return all
}

// whole returns an item's certificate, if it can be read and, as far as the card
// tells, lies beside its key.
func (it Item) whole() *x509.Certificate {
	c, err := x509.ParseCertificate(it.Certificate)
	if err != nil {
		return nil
	}
	if k := it.Key; k != nil && (k.Unreadable != "" || len(k.Public) > 0 && !bytes.Equal(k.Public, c.RawSubjectPublicKeyInfo)) {
		return nil
	}
	return c
}

// fit tells how well a certificate fits a template: 0 for not at all, more where
// it lies where the template's belongs, and more for what it is for.
func (a *adopter) fit(t Template, it Item, c *x509.Certificate) int {
	if t.Common() {
		if bytes.Equal(it.Certificate, t.PFX.Certificate) {
			return 100 // that very one: wherever it lies
		}
		return 0
	}
	var fit int
	switch {
	case it.Place == t.Place:
		fit = 20
	case slices.Contains(t.Others, it.Place):
		fit = 10
	default:
		return 0 // a former key, or one for something else
	}
	if !a.ours(t, c) || !t.servedBy(c) {
		return 0
	}
	if t.makesSubject(c, a.user) {
		fit++
	}
	return fit
}

// servedBy reports whether a certificate can do what the template's is for: an
// encryption certificate is not replaced by one that only signs, or the other
// way round. Without the extension it can do everything (RFC 5280, 4.2.1.3).
func (t Template) servedBy(c *x509.Certificate) bool {
	const signs = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	const encrypts = x509.KeyUsageKeyEncipherment | x509.KeyUsageKeyAgreement
	if c.KeyUsage == 0 {
		return true
	}
	if t.Encrypts() {
		return c.KeyUsage&encrypts != 0
	}
	return c.KeyUsage&signs != 0
}

// findFormer keeps the encryption certificates of the user in the places for
// former keys.
func (a *adopter) findFormer() {
	for _, t := range a.policy.Templates {
		if t.Common() || !t.Encrypts() {
			continue
		}
		for _, it := range a.contents.Items {
			c := it.whole()
			if c == nil || !slices.Contains(a.contents.Abilities.History, it.Place) || a.taken.manages(it) {
				continue
			}
			if encrypts(it.Certificate) && a.ours(t, c) {
				a.taken.Former = append(a.taken.Former, t.adopted(it, c, a.user))
			}
		}
	}
}

// ours reports whether the template's CA issued a certificate, and to the user.
func (a *adopter) ours(t Template, c *x509.Certificate) bool {
	if !issuedBy(c, a.issuers[t.CA]) {
		return false
	}
	return namesUser(c, t, a.user) || a.theirs && ofCard(c, a.contents)
}

// issuedBy reports whether one of the issuers signed a certificate; that one has
// its name is not enough. A signature that is not relied on any more, as one with
// SHA-1, tells nothing. That an issuer has expired does not matter here.
func issuedBy(c *x509.Certificate, issuers []*x509.Certificate) bool {
	return slices.ContainsFunc(issuers, func(i *x509.Certificate) bool {
		return bytes.Equal(c.RawIssuer, i.RawSubject) && c.CheckSignatureFrom(i) == nil
	})
}

// namesUser reports whether a certificate says that it is the user's: by their
// UPN or, where it has none, by the subject that the template would give them or
// by that of their entry.
func namesUser(c *x509.Certificate, t Template, u User) bool {
	if upn := upnOf(c); upn != "" && u.UPN != "" {
		return strings.EqualFold(upn, u.UPN)
	}
	return t.makesSubject(c, u) || sameEntry(c.RawSubject, u.DN)
}

func (t Template) makesSubject(c *x509.Certificate, u User) bool {
	name, err := t.Subject.Make(u)
	if err != nil || len(name) == 0 {
		return false
	}
	der, err := subjectDER(name)
	return err == nil && sameName(der, c.RawSubject)
}

// cardIsTheirs reports whether certificates that only say of which card they are
// (PIV-I, card authentication) are the user's: another one on the card names the
// user, or none names anybody. Where one has somebody else's UPN, they are not.
func (a *adopter) cardIsTheirs() bool {
	theirs, somebodys := false, false
	for _, it := range a.contents.Items {
		c := it.whole()
		if c == nil {
			continue
		}
		for _, t := range a.policy.Templates {
			if t.Common() || !issuedBy(c, a.issuers[t.CA]) {
				continue
			}
			upn := upnOf(c)
			switch {
			case namesUser(c, t, a.user):
				theirs = true
			case upn != "" && a.user.UPN != "":
				return false
			case namesPerson(c, a.contents):
				somebodys = true
			}
		}
	}
	return theirs || !somebodys
}

// adopted describes a certificate as if we had made it.
func (t Template) adopted(it Item, parsed *x509.Certificate, u User) Managed {
	c, err := ParseCertificate(it.Certificate)
	if err != nil {
		return Managed{} // cannot be: it was parsed before
	}
	return Managed{
		Template: t.Name, Place: it.Place, CA: t.CA, Subject: c.Subject, Issuer: c.Issuer, Serial: c.Serial,
		NotBefore: c.NotBefore, NotAfter: c.NotAfter, Fingerprint: c.Fingerprint, Public: c.Public, Common: t.Common(),
		Attributes: t.attributesIn(parsed, u),
	}
}

// attributesIn are the tracked attributes as they were when a certificate was
// asked for. Only the certificate tells: they are known where it has the subject
// that they would give today, and the alternative names.
func (t Template) attributesIn(c *x509.Certificate, u User) map[string]string {
	if t.Common() || !t.makesSubject(c, u) {
		return nil
	}
	known := map[string]string{}
	for _, name := range t.Tracked {
		known[name] = u.attribute(name)
	}
	for _, r := range t.SAN {
		san, ok, err := r.Make(u)
		if err == nil && (!ok || san.in(c)) {
			continue
		}
		for _, name := range r.Reads() {
			delete(known, name)
		}
	}
	if len(known) == 0 {
		return nil
	}
	return known
}

// in reports whether a certificate has the name.
func (s SAN) in(c *x509.Certificate) bool {
	switch s.Kind {
	case SANUPN:
		return strings.EqualFold(upnOf(c), s.Value)
	case SANMail:
		return slices.Contains(c.EmailAddresses, s.Value)
	case SANURI:
		for _, u := range c.URIs {
			if u.String() == s.Value {
				return true
			}
		}
	case SANDNS:
		return slices.Contains(c.DNSNames, s.Value)
	}
	return false
}
