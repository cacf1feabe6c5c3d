package ldap

import (
	"context"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"cardkiosk/engine"
)

var _ engine.Publisher = (*Directory)(nil)

// The attributes that are written. Certificates are called ";binary" (RFC 4523,
// 2.1), but not in Active Directory.
const (
	certificates = "userCertificate"
	asBinary     = ";binary"
	bindings     = "altSecurityIdentities"
)

// rounds is how often an entry is read anew because somebody else changed it
// meanwhile.
const rounds = 3

// overtaken are the answers when an entry is not as it was read: a value is
// there already, or no more, or the entry has another name.
var overtaken = []uint16{
	goldap.LDAPResultAttributeOrValueExists, goldap.LDAPResultNoSuchAttribute, goldap.LDAPResultNoSuchObject,
}

// Publish makes a user's entry hold what the publication adds, and not what it
// takes away. Only the values that differ are sent, and none is replaced, so
// what others write at the same time stays. Kind UserUnknown when there is no
// such user, DirectoryRefused when the directory does not let us.
func (d *Directory) Publish(ctx context.Context, user engine.UserID, p engine.Publication) error {
	v := d.visit("publish")
	defer v.leave()
	for round := 1; ; round++ {
		e, err := v.user(ctx, user, certificates, bindings)
		if err != nil {
			return err
		}
		change := d.difference(e, p)
		if len(change.Changes) == 0 {
			return nil
		}
		err = v.change(ctx, change)
		if err == nil || round == rounds || !goldap.IsErrorAnyOf(err, overtaken...) {
			return err
		}
	}
}

// difference is what has to be changed of an entry.
func (d *Directory) difference(e *goldap.Entry, p engine.Publication) *goldap.ModifyRequest {
	r := goldap.NewModifyRequest(e.DN, nil)
	certs := wish{attribute: certificates, as: certificates + asBinary}
	if d.cfg.ActiveDirectory {
		certs.as = certificates
	}
	for _, der := range p.Add {
		certs.add = append(certs.add, string(der))
	}
	certs.same = func(a, b string) bool { return a == b }
	certs.drop = func(value string) bool { return slices.Contains(p.Prune, engine.Fingerprint([]byte(value))) }
	certs.compare(e, r)

	// To Active Directory the case of these makes no difference.
	binds := wish{attribute: bindings, as: bindings, add: p.Bind, same: strings.EqualFold}
	binds.drop = func(value string) bool {
		return slices.ContainsFunc(p.Unbind, func(u string) bool { return strings.EqualFold(u, value) })
	}
	binds.compare(e, r)
	return r
}

// wish is what an attribute is to hold and what not.
type wish struct {
	attribute string // without options
	as        string // how it is written when values are added
	add       []string
	same      func(a, b string) bool
	drop      func(value string) bool // of those that are not in add
}

// compare adds to a request what an entry lacks and what it has too much. A
// value is taken away under the very name that it stands under.
func (w wish) compare(e *goldap.Entry, r *goldap.ModifyRequest) {
	var missing []string
	for _, value := range w.add {
		if !w.among(missing, value) {
			missing = append(missing, value)
		}
	}
	for _, a := range e.Attributes {
		if name, _, _ := strings.Cut(a.Name, ";"); !strings.EqualFold(name, w.attribute) {
			continue
		}
		missing = slices.DeleteFunc(missing, func(value string) bool { return w.among(a.Values, value) })
		gone := slices.DeleteFunc(slices.Clone(a.Values), func(value string) bool { return w.among(w.add, value) || !w.drop(value) })
		if len(gone) > 0 {
			r.Delete(a.Name, gone)
		}
	}
	if len(missing) > 0 {
		r.Add(w.as, missing)
	}
}

func (w wish) among(values []string, value string) bool {
	return slices.ContainsFunc(values, func(other string) bool { return w.same(other, value) })
}

// change sends a modification to the server that has just been read from.
func (v *visit) change(ctx context.Context, r *goldap.ModifyRequest) error {
	soon, cancel := context.WithTimeout(ctx, v.dir.cfg.Timeout)
	defer cancel()
	err := v.conn.change(soon, r)
	if err == nil {
		return nil
	}
	err = v.dir.trouble(ctx, v.op, v.conn.server, err)
	v.dir.shun(v.conn, err)
	v.conn = nil
	return reword(err, writeRefusals)
}

// writeRefusals says what refusals mean when something was to be written, where
// they mean something else then, or are given only then.
var writeRefusals = map[uint16]string{
	goldap.LDAPResultInsufficientAccessRights: "the bind name may not write users' " + certificates + " or " + bindings,
	goldap.LDAPResultReferral:                 "this server can only be read: name one that can be written first",
	goldap.LDAPResultUndefinedAttributeType:   "it does not know " + certificates + " or " + bindings,
	goldap.LDAPResultObjectClassViolation:     "the user's entry is not one that can have certificates",
	goldap.LDAPResultInvalidAttributeSyntax:   "it cannot read the certificate",
	goldap.LDAPResultConstraintViolation:      "the user's entry may not have so many values, or such",
	goldap.LDAPResultAttributeOrValueExists:   "the user's entry is being changed by somebody else all the time",
	goldap.LDAPResultNoSuchAttribute:          "the user's entry is being changed by somebody else all the time",
	goldap.LDAPResultNoSuchObject:             "the user's entry may not be written, or is being moved all the time",
}
