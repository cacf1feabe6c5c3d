package crl

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"slices"
)

// scope is what a list is about (RFC 5280, 5.2.5, IssuingDistributionPoint). The
// zero value is a list of everything that its CA has revoked.
type scope struct {
	points    []string // URLs; a certificate has to name one of them
	onlyUsers bool
	onlyCAs   bool
}

// readScope refuses the lists that do not hold all that its CA has revoked, or
// hold what others have: delta, indirect, for some reasons only.
func readScope(extensions []pkix.Extension) (s scope, err error) {
	for _, e := range extensions {
		switch {
		case e.Id.Equal(oidDelta):
			return s, errors.New("it is a delta list, which is not enough by itself")
		case e.Id.Equal(oidScope):
			if s, err = parseScope(e.Value); err != nil {
				return s, err
			}
		case e.Id.Equal(oidCRLNumber), e.Id.Equal(oidAuthority):
		case e.Critical:
			return s, errors.New("it has an extension that must be understood, and is not: " + e.Id.String())
		}
	}
	return s, nil
}

// issuingPoint is IssuingDistributionPoint.
type issuingPoint struct {
	Point          pointName      `asn1:"optional,tag:0"`
	OnlyUsers      bool           `asn1:"optional,tag:1"`
	OnlyCAs        bool           `asn1:"optional,tag:2"`
	OnlyReasons    asn1.BitString `asn1:"optional,tag:3"`
	Indirect       bool           `asn1:"optional,tag:4"`
	OnlyAttributes bool           `asn1:"optional,tag:5"`
}

// pointName is DistributionPointName: of its two forms the one with full names.
type pointName struct {
	Full     []asn1.RawValue `asn1:"optional,tag:0"`
	Relative asn1.RawValue   `asn1:"optional,tag:1"`
}

func parseScope(value []byte) (scope, error) {
	var p issuingPoint
	if rest, err := asn1.Unmarshal(value, &p); err != nil || len(rest) > 0 {
		return scope{}, errors.New("what it is about cannot be read")
	}
	switch {
	case p.Indirect:
		return scope{}, errors.New("it is an indirect list")
	case p.OnlyReasons.BitLength > 0:
		return scope{}, errors.New("it is for some reasons of revocation only")
	case p.OnlyAttributes:
		return scope{}, errors.New("it is about attribute certificates")
	case len(p.Point.Relative.FullBytes) > 0:
		return scope{}, errors.New("where it is for is said in a way that is not understood")
	}
	s := scope{onlyUsers: p.OnlyUsers, onlyCAs: p.OnlyCAs}
	for _, name := range p.Point.Full {
		if name.Class == asn1.ClassContextSpecific && name.Tag == 6 { // uniformResourceIdentifier
			s.points = append(s.points, string(name.Bytes))
		}
	}
	if len(p.Point.Full) > 0 && len(s.points) == 0 {
		return scope{}, errors.New("where it is for is said in a way that is not understood")
	}
	return s, nil
}

// covers tells why a list is not about a certificate, nil when it is.
func (s scope) covers(c *x509.Certificate) error {
	switch {
	case s.onlyUsers && c.IsCA:
		return errors.New("it is not about CAs")
	case s.onlyCAs && !c.IsCA:
		return errors.New("it is about CAs only")
	}
	if len(s.points) == 0 || slices.ContainsFunc(s.points, func(p string) bool { return slices.Contains(c.CRLDistributionPoints, p) }) {
		return nil
	}
	return errors.New("it is for another part of the CA's certificates")
}
