package sim

import "encoding/binary"

// Elements of GET METADATA (Yubico .NET SDK, "Get metadata", table 1).
const (
	metaAlgorithm = 0x01
	metaPolicy    = 0x02
	metaOrigin    = 0x03
	metaPublic    = 0x04
	metaFactory   = 0x05
	metaTries     = 0x06

	metaAlgorithmPIN = 0xff
	metaGenerated    = 0x01
	metaImported     = 0x02
)

// getVersion is Yubico's GET VERSION.
func (c *Card) getVersion(cmd command) ([]byte, status) {
	if cmd.p1 != 0 || cmd.p2 != 0 {
		return nil, c.badParameters()
	}
	f := c.state.Firmware
	return []byte{f.Major, f.Minor, f.Patch}, swOK
}

// getSerial is Yubico's GET SERIAL.
func (c *Card) getSerial(cmd command) ([]byte, status) {
	if cmd.p1 != 0 || cmd.p2 != 0 {
		return nil, c.badParameters()
	}
	return binary.BigEndian.AppendUint32(nil, c.state.Serial), swOK
}

// getMetadata is Yubico's GET METADATA; 6A88 where there is no key (piv-go pull
// request 177).
func (c *Card) getMetadata(cmd command) ([]byte, status) {
	switch {
	case cmd.p1 != 0:
		return nil, c.badParameters()
	case cmd.p2 == refPIN:
		return c.state.PIN.metadata(factoryPIN), swOK
	case cmd.p2 == refPUK:
		return c.state.PUK.metadata(factoryPUK), swOK
	case Slot(cmd.p2) == slotAdmin:
		return c.state.Admin.metadata(), swOK
	}
	key, ok := c.state.Keys[Slot(cmd.p2)]
	if !ok {
		return nil, swReferenceNotFound
	}
	public, err := publicTLV(key.Public)
	if err != nil {
		return nil, swMemoryFailure
	}
	origin := byte(metaGenerated)
	if key.Imported {
		origin = metaImported
	}
	m := appendTLV(nil, metaAlgorithm, []byte{key.Algorithm})
	m = appendTLV(m, metaPolicy, []byte{key.PIN, key.Touch})
	m = appendTLV(m, metaOrigin, []byte{origin})
	return appendTLV(m, metaPublic, public), swOK
}

func (s Secret) metadata(factory string) []byte {
	m := appendTLV(nil, metaAlgorithm, []byte{metaAlgorithmPIN})
	m = appendTLV(m, metaFactory, flag(string(s.Value) == factory))
	return appendTLV(m, metaTries, []byte{byte(s.Max), byte(s.Left)})
}

func (k AdminKey) metadata() []byte {
	factory := string(k.Value) == factoryAdminKey // whatever its algorithm: undocumented, the flag is about the value
	m := appendTLV(nil, metaAlgorithm, []byte{k.Algorithm})
	m = appendTLV(m, metaPolicy, []byte{policyDefault, k.Touch})
	return appendTLV(m, metaFactory, flag(factory))
}

func flag(yes bool) []byte {
	if yes {
		return []byte{1}
	}
	return []byte{0}
}

// moveKey is Yubico's MOVE KEY: from P2 to P1, which must be empty; to FF
// deletes. The attestation key can be deleted and not moved (Yubico .NET SDK,
// MoveKeyCommand, DeleteKeyCommand). No certificate moves with it.
func (c *Card) moveKey(cmd command) ([]byte, status) {
	const nowhere = 0xff
	to, from := Slot(cmd.p1), Slot(cmd.p2)
	switch {
	case !from.valid() || !to.valid() && to != nowhere:
		return nil, c.badParameters()
	case !c.session.admin:
		return nil, swSecurityStatus
	}
	key, ok := c.state.Keys[from]
	_, occupied := c.state.Keys[to]
	switch {
	case !ok:
		return nil, swReferenceNotFound
	case occupied || to != nowhere && (from == slotAttestation || to == slotAttestation):
		return nil, swIncorrectData
	}
	delete(c.state.Keys, from)
	if to != nowhere {
		c.state.Keys[to] = key
	}
	return nil, swOK
}

// setRetries is Yubico's SET PIN RETRIES: new limits for PIN (P1) and PUK (P2),
// and both get their factory value back. It wants the administration key and
// the PIN.
func (c *Card) setRetries(cmd command) ([]byte, status) {
	switch {
	case !c.session.admin || !c.session.verified:
		return nil, swSecurityStatus
	case cmd.p1 == 0 || cmd.p2 == 0:
		return nil, swIncorrectData
	}
	c.state.PIN = factorySecret(factoryPIN, int(cmd.p1))
	c.state.PUK = factorySecret(factoryPUK, int(cmd.p2))
	c.session.verified = false
	return nil, swOK
}

// reset is Yubico's RESET, once PIN and PUK are blocked. The attestation key and
// its certificate stay (developers.yubico.com/PIV/Introduction/PIV_attestation.html).
func (c *Card) reset(cmd command) ([]byte, status) {
	switch {
	case cmd.p1 != 0 || cmd.p2 != 0:
		return nil, c.badParameters()
	case c.state.PIN.Left > 0 || c.state.PUK.Left > 0:
		return nil, swConditions
	}
	blank := c.state.blank()
	if key, ok := c.state.Keys[slotAttestation]; ok {
		blank.Keys[slotAttestation] = key
	}
	if certificate, ok := c.state.Objects[objectAttestation]; ok {
		blank.Objects[objectAttestation] = certificate
	}
	c.state = blank
	c.session.lock()
	return nil, swOK
}
