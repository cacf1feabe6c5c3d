package piv

import (
	"context"
	"errors"

	"cardkiosk/engine"
)

// Identify tells which card it is.
func (s *session) Identify(ctx context.Context) (engine.Identity, error) {
	id, _, err := s.identify(ctx)
	return id, err
}

// holderID is what of a card's CHUID its identity does not say.
type holderID struct {
	there bool   // the card has a CHUID, readable or not
	fascn string // as Contents has it
}

func (s *session) identify(ctx context.Context) (id engine.Identity, chuid holderID, err error) {
	made, err := s.made(ctx)
	if err != nil {
		return engine.Identity{}, chuid, err
	}
	content, err := s.readObject(ctx, objectCHUID)
	chuid.there = content != nil || unreadable(err)
	if err != nil && !unreadable(err) {
		return engine.Identity{}, chuid, trouble("read CHUID", "", err)
	}
	id = engine.Identity{Serial: made.serial, Model: made.firmware.model()}
	if parsed, err := ParseCHUID(content); err == nil {
		id.GUID, chuid.fascn = parsed.guid(), parsed.number()
	}
	switch {
	case id.Serial != "":
		id.ID = engine.CardID("yubikey-" + id.Serial)
	case id.GUID != "":
		id.ID = engine.CardID("guid-" + id.GUID)
	default:
		return engine.Identity{}, chuid, &engine.Error{
			Op: "identify card", Kind: engine.CardTrouble, Subject: id.Model,
			Err: errors.New("the card tells neither a serial number nor a GUID"),
		}
	}
	return id, chuid, nil
}

// unreadable reports whether err is the card's fault alone: it refused, or
// answered what cannot be understood. Everything else ends an inspection.
func unreadable(err error) bool {
	var format *FormatError
	return isStatus(err) || errors.As(err, &format)
}

// Inspect reads everything that needs no PIN. Every slot is asked: a Key
// History is often absent or wrong where there are retired keys.
func (s *session) Inspect(ctx context.Context) (engine.Contents, error) {
	id, chuid, err := s.identify(ctx)
	if err != nil {
		return engine.Contents{}, err
	}
	c := engine.Contents{Identity: id, CHUID: chuid.there, FASCN: chuid.fascn, Abilities: abilities(s.maker.firmware)}
	capabilities, err := s.readObject(ctx, objectCapabilities)
	if err != nil && !unreadable(err) {
		return engine.Contents{}, trouble("read card capabilities", "", err)
	}
	c.Capabilities = capabilities != nil || err != nil
	both, err := s.counters(ctx)
	if err != nil {
		return engine.Contents{}, err
	}
	c.PIN, c.PUK = both.pin, both.puk
	if c.Admin, err = s.inspectAdminKey(ctx); err != nil {
		return engine.Contents{}, err
	}
	for _, sl := range slots {
		item, err := s.inspectSlot(ctx, sl)
		if err != nil {
			return engine.Contents{}, trouble("inspect card", string(sl.place), err)
		}
		if item.Key != nil || item.Certificate != nil || item.Unreadable != "" {
			c.Items = append(c.Items, item)
		}
	}
	return c, nil
}

// inspectSlot reads one slot. What is wrong with its certificate or its key is
// said in the item.
func (s *session) inspectSlot(ctx context.Context, sl slot) (engine.Item, error) {
	item := engine.Item{Place: sl.place}
	key, err := s.readKey(ctx, sl)
	if err != nil {
		return item, err
	}
	if item.Key = key; key != nil {
		item.Unreadable = key.Unreadable
	}
	der, err := s.readCertificate(ctx, sl)
	switch {
	case unreadable(err):
		item.Unreadable = words(err)
	case err != nil:
		return item, err
	case der != nil:
		item.Certificate, item.Unreadable = der, ""
	}
	return item, nil
}

// words is trouble as people may read it.
func words(err error) string {
	if errors.Is(err, statusSecurity) {
		return "the card does not show it"
	}
	return engine.Clean(err.Error())
}

// inspectAdminKey tells of the administration key what the card does. Whether
// it is kept behind the PIN stands in Yubico's administration data, and is only
// looked up where it can be so.
func (s *session) inspectAdminKey(ctx context.Context) (engine.AdminKey, error) {
	fw := s.maker.firmware
	if !fw.yubiKey() {
		return engine.AdminKey{Untold: s.told.Value == nil}, nil
	}
	key := engine.AdminKey{Algorithm: tripleDES.String()}
	if fw.tellsMetadata() {
		m, err := s.readAdminMetadata(ctx)
		if err != nil {
			return engine.AdminKey{}, trouble("read administration key's state", "", err)
		}
		key = engine.AdminKey{Algorithm: m.algorithm.String(), Factory: m.factory}
	}
	if key.Factory {
		return key, nil
	}
	data, err := s.readAdminData(ctx)
	if err != nil && !unreadable(err) {
		return engine.AdminKey{}, trouble("read administration data", "", err)
	}
	key.Protected = err == nil && data.has(flagProtected)
	return key, nil
}
