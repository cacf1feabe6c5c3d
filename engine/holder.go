package engine

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
)

// What a certificate says of whose it is.

// oidFASCN is pivFASC-N (FIPS 201-2, appendix B): in a certificate, the number
// of the card it was made for.
var oidFASCN = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 6, 6}

// upnOf returns the first user principal name among a certificate's alternative
// names, "" when there is none.
func upnOf(c *x509.Certificate) string {
	for _, upn := range upnsOf(c) {
		return upn
	}
	return ""
}

// upnsOf are the user principal names (MS-WCCE, szOID_NT_PRINCIPAL_NAME).
func upnsOf(c *x509.Certificate) []string {
	var upns []string
	for _, value := range otherNamesOf(c, oidUPN) {
		if value.Tag == asn1.TagUTF8String && len(value.Bytes) > 0 {
			upns = append(upns, string(value.Bytes))
		}
	}
	return upns
}

// otherNameOf returns the value of the first otherName of a type.
func otherNameOf(c *x509.Certificate, oid asn1.ObjectIdentifier) (asn1.RawValue, bool) {
	for _, value := range otherNamesOf(c, oid) {
		return value, true
	}
	return asn1.RawValue{}, false
}

// otherNamesOf returns the values of all otherNames of a type.
func otherNamesOf(c *x509.Certificate, oid asn1.ObjectIdentifier) (values []asn1.RawValue) {
	for _, e := range c.Extensions {
		if !e.Id.Equal(oidSAN) {
			continue
		}
		var names []asn1.RawValue
		if _, err := asn1.Unmarshal(e.Value, &names); err != nil {
			return nil
		}
		for _, n := range names {
			if value, ok := otherNameIn(n, oid); ok {
				values = append(values, value)
			}
		}
	}
	return values
}

// otherNameIn reads [0] { type-id, [0] EXPLICIT value } (RFC 5280, 4.2.1.6).
func otherNameIn(n asn1.RawValue, oid asn1.ObjectIdentifier) (value asn1.RawValue, ok bool) {
	var id asn1.ObjectIdentifier
	if n.Class != asn1.ClassContextSpecific || n.Tag != 0 {
		return value, false
	}
	rest, err := asn1.Unmarshal(n.Bytes, &id)
	if err != nil || !id.Equal(oid) {
		return value, false
	}
	var explicit asn1.RawValue
	if _, err := asn1.Unmarshal(rest, &explicit); err != nil {
		return value, false
	}
	_, err = asn1.Unmarshal(explicit.Bytes, &value)
	return value, err == nil
}

// ofCard reports whether a certificate was made for this card: its alternative
// names have the card's UUID or its FASC-N (FIPS 201-3, 4.2.1).
func ofCard(c *x509.Certificate, contents Contents) bool {
	const urn = "urn:uuid:"
	for _, u := range c.URIs {
		uuid, ok := strings.CutPrefix(strings.ToLower(u.String()), urn)
		if ok && contents.Identity.GUID != "" && strings.ReplaceAll(uuid, "-", "") == contents.Identity.GUID {
			return true
		}
	}
	number, ok := otherNameOf(c, oidFASCN)
	return ok && contents.FASCN != "" && hex.EncodeToString(number.Bytes) == contents.FASCN
}

// namesPerson reports whether a certificate says whose it is, be it well or
// badly. A card authentication certificate only says of which card.
func namesPerson(c *x509.Certificate, contents Contents) bool {
	name := strings.ToLower(strings.ReplaceAll(c.Subject.CommonName, "-", ""))
	ofCard := name == "" || name == contents.Identity.GUID || name == contents.FASCN
	return upnOf(c) != "" || len(c.EmailAddresses) > 0 || !ofCard
}

// sameEntry reports whether a subject is the name of a directory entry.
func sameEntry(subject []byte, dn string) bool {
	var seq pkix.RDNSequence
	entry, err := ParseDN(dn)
	if _, bad := asn1.Unmarshal(subject, &seq); bad != nil || err != nil {
		return false
	}
	var parts []string
	for _, rdn := range slices.Backward(seq) {
		for _, v := range rdn {
			text, _ := v.Value.(string)
			parts = append(parts, nameType(v.Type)+"="+escapeDN(text))
		}
	}
	name, err := ParseDN(strings.Join(parts, ","))
	return err == nil && name.Equal(entry)
}

func nameType(oid asn1.ObjectIdentifier) string {
	for name, known := range nameOIDs {
		if oid.Equal(known) {
			return name
		}
	}
	return oid.String()
}

// escapeDN escapes what RFC 4514, 2.4 wants escaped, and spaces at the ends.
func escapeDN(s string) string {
	var b strings.Builder
	for i, c := range s {
		if strings.ContainsRune(`"+,;<>\=#`, c) || c == ' ' && (i == 0 || i == len(s)-1) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// Holders looks in the directory for whose a connected card may be: the users
// with the UPN, the mail address or the name that its certificates have.
func (d *Desk) Holders(ctx context.Context, actor Actor, c *Connected) ([]User, error) {
	if err := d.may(ctx, actor, FindUsers, matter{}); err != nil {
		return nil, err
	}
	var found []User
	for _, said := range sayings(c.Contents) {
		users, err := d.named(ctx, said)
		if err != nil {
			return nil, err
		}
		for _, u := range users {
			if !slices.ContainsFunc(found, func(f User) bool { return f.ID == u.ID }) {
				found = append(found, u.shown())
			}
		}
		if len(found) > 0 {
			return found, nil // a UPN says more than a name
		}
	}
	return nil, nil
}

// sayings are what the certificates say of their holder, the surest first.
func sayings(contents Contents) []string {
	var upns, mails, names []string
	for _, it := range contents.Items {
		c, err := x509.ParseCertificate(it.Certificate)
		if err != nil {
			continue
		}
		if upn := upnOf(c); upn != "" {
			upns = append(upns, upn)
		}
		mails = append(mails, c.EmailAddresses...)
		if c.Subject.CommonName != "" {
			names = append(names, c.Subject.CommonName)
		}
	}
	return compact(slices.Concat(upns, mails, names))
}

func compact(all []string) []string {
	var once []string
	for _, s := range all {
		if !slices.Contains(once, s) {
			once = append(once, s)
		}
	}
	return once
}

// mostNamed is how many users with one name are looked at.
const mostNamed = 50

// named returns the users who have exactly this UPN, mail address or name.
func (d *Desk) named(ctx context.Context, said string) ([]User, error) {
	found, err := d.exactly(ctx, said, said)
	if logon, _, mail := strings.Cut(said, "@"); err == nil && len(found) == 0 && mail {
		return d.exactly(ctx, logon, said) // a directory may not search in UPNs, but their first part mostly is the logon name
	}
	return found, err
}

// exactly searches for a text, and returns the users who have exactly this UPN,
// mail address or name.
func (d *Desk) exactly(ctx context.Context, text, said string) ([]User, error) {
	hits := d.Directory.Search(text)
	defer hits.Close()
	var found []User
	for len(found) < mostNamed {
		page, err := hits.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		for _, u := range page {
			if strings.EqualFold(u.UPN, said) || strings.EqualFold(u.Mail, said) || strings.EqualFold(u.Name, said) {
				found = append(found, u)
			}
		}
	}
	return found, nil
}
