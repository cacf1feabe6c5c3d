package piv

import (
	"context"
	"slices"
)

// Where Yubico's tools keep an administration key behind the PIN, and what they
// note of it (docs.yubico.com, .NET SDK, "PIV PIN-only mode"; ykman, piv.py):
//
//	5FFF00, read by everybody:  53 { 80 { 81 flags, 82 salt, 83 time } }
//	5FC109, read with the PIN:  53 { 88 { 89 key } }
const (
	tagAdminData  = 0x80
	tagFlags      = 0x81
	tagSalt       = 0x82
	tagProtected  = 0x88
	tagStoredKey  = 0x89
	flagNoPUK     = 0x01
	flagProtected = 0x02
)

// adminData is the content of 5FFF00. What is not understood is kept as it is.
type adminData struct {
	inner elements // within 80
	outer elements // beside it
}

// readAdminData reads 5FFF00; a card without one has empty data.
func (s *session) readAdminData(ctx context.Context) (adminData, error) {
	content, err := s.readObject(ctx, objectAdminData)
	if err != nil {
		return adminData{}, err
	}
	inner, outer, err := splitNested(content, tagAdminData)
	if err != nil {
		return adminData{}, malformed("administration data", "%w", err)
	}
	return adminData{inner: inner, outer: outer}, nil
}

func (d adminData) has(flag byte) bool {
	flags, _ := d.inner.find(tagFlags)
	return len(flags) == 1 && flags[0]&flag != 0
}

// set sets a flag. A salt is dropped with flagProtected: it says that the key
// is derived from the PIN, which it no longer is.
func (d *adminData) set(flag byte) {
	flags := []byte{flag}
	if old, _ := d.inner.find(tagFlags); len(old) == 1 {
		flags[0] |= old[0]
	}
	d.inner = d.inner.replace(tagFlags, flags)
	if flag == flagProtected {
		d.inner = slices.DeleteFunc(d.inner, func(e element) bool { return e.tag == tagSalt })
	}
}

// setAdminFlag sets a flag in 5FFF00 unless it is set.
func (s *session) setAdminFlag(ctx context.Context, flag byte) error {
	data, err := s.readAdminData(ctx)
	if err != nil && !unreadable(err) {
		return err // and rubbish is replaced, as Yubico's tools do
	}
	if data.has(flag) {
		return nil
	}
	data.set(flag)
	return s.writeObject(ctx, objectAdminData, joinNested(tagAdminData, data.inner, data.outer), nil)
}

// readProtectedKey reads the administration key behind the PIN, nil when there
// is none. The caller wipes it.
func (s *session) readProtectedKey(ctx context.Context) ([]byte, error) {
	content, err := s.readObject(ctx, objectPrinted)
	if err != nil {
		return nil, err
	}
	defer clear(content)
	inner, _, err := splitNested(content, tagProtected)
	if err != nil {
		return nil, malformed("protected data", "%w", err)
	}
	key, _ := inner.find(tagStoredKey)
	return slices.Clone(key), nil
}

// writeProtectedKey puts an administration key behind the PIN, and keeps what
// else is there: a card may have real printed information.
func (s *session) writeProtectedKey(ctx context.Context, key []byte) error {
	old, err := s.readObject(ctx, objectPrinted)
	if err != nil {
		return err
	}
	defer clear(old)
	inner, outer, err := splitNested(old, tagProtected)
	if err != nil {
		return malformed("protected data", "%w", err)
	}
	content := joinNested(tagProtected, inner.replace(tagStoredKey, key), outer)
	defer clear(content)
	return s.writeObject(ctx, objectPrinted, content, nil)
}

// splitNested reads elements, one of which has elements inside. A missing one
// is empty.
func splitNested(content []byte, tag uint32) (inner, outer elements, err error) {
	outer, err = readElements(content)
	if err != nil {
		return nil, nil, err
	}
	value, _ := outer.find(tag)
	if inner, err = readElements(value); err != nil {
		return nil, nil, err
	}
	return inner, slices.DeleteFunc(outer, func(e element) bool { return e.tag == tag }), nil
}

// joinNested undoes splitNested. The nested one comes first, where Yubico's
// tools look for it.
func joinNested(tag uint32, inner, outer elements) []byte {
	nested := inner.encode()
	defer clear(nested)
	content := make([]byte, 0, outer.size()+headerSize+len(nested))
	content = appendElement(content, tag, nested)
	for _, e := range outer {
		content = appendElement(content, e.tag, e.value)
	}
	return content
}
