package sim

import "slices"

// Data objects with rules of their own (SP 800-73-4 part 1, table 3).
const (
	objectDiscovery    Object = 0x7e
	objectBiometrics   Object = 0x7f61
	objectFingerprints Object = 0x5fc103
	objectFacialImage  Object = 0x5fc108
	objectPrinted      Object = 0x5fc109
	objectIris         Object = 0x5fc121
	objectAttestation  Object = 0x5fff01 // Yubico: certificate of key F9

	firstRetiredCertificate Object = 0x5fc10d
	lastRetiredCertificate  Object = 0x5fc120
	lastPIVObject           Object = 0x5fc123
)

// yubiKeyDiscovery is the discovery object of YubiKeys: PIV's AID, and that the
// PIN is PIV's own (SP 800-73-4 part 1, 3.3.2).
const yubiKeyDiscovery = "\x4f\x0b" + applicationID + "\x5f\x2f\x02\x40\x00"

// globalDiscovery is that of a card whose holder knows the global PIN: both PINs
// are taken, and the global one comes first.
const globalDiscovery = "\x4f\x0b" + applicationID + "\x5f\x2f\x02\x60\x20"

// discovery is the discovery object that nobody wrote; "" when there is none.
func (s State) discovery() string {
	switch {
	case s.hasGlobalPIN():
		return globalDiscovery
	case s.Firmware.plain():
		return ""
	}
	return yubiKeyDiscovery
}

// maxCommand is how many bytes of data the parts of a command may have
// together. YubiKeys have a buffer of 3072, and so room for objects of 3063
// and certificates of about 3052 bytes (yubico-piv-tool, lib/internal.h,
// CB_BUF_MAX_YK4). The plain card has room for a facial image.
func (c *Card) maxCommand() int {
	if c.state.Firmware.plain() {
		return plainFacialImage + 9
	}
	return 3072
}

// Bytes that an object of the plain card holds: what SP 800-73-4 part 1, table
// 7, asks for at least, for certificates and for the largest of the others.
const (
	plainCertificate = 1905
	plainFacialImage = 12710
)

// fits reports whether a value is short enough for an object. The buffer of
// YubiKeys is the limit for all of theirs.
func (c *Card) fits(o Object, value []byte) bool {
	return !c.state.Firmware.plain() || !o.holdsCertificate() || len(value) <= plainCertificate
}

func (o Object) holdsCertificate() bool {
	for _, certificate := range certificates {
		if o == certificate {
			return true
		}
	}
	return o >= firstRetiredCertificate && o <= lastRetiredCertificate
}

// valid reports whether a data object with this tag can be (Yubico .NET SDK,
// "PIV data objects", tables 1A to 1C).
func (o Object) valid() bool {
	return o.namesItself() || o>>16 == 0x5f
}

// needsPIN reports whether reading wants the PIN: the contact column of
// SP 800-73-4 part 1, table 7.
func (o Object) needsPIN() bool {
	return o == objectFingerprints || o == objectFacialImage || o == objectPrinted || o == objectIris
}

// namesItself reports whether an object's own tag is around its value, and not
// 53.
func (o Object) namesItself() bool { return o == objectDiscovery || o == objectBiometrics }

// wrapper is the tag that an object's value travels in.
func (o Object) wrapper() uint32 {
	if o.namesItself() {
		return uint32(o)
	}
	return 0x53
}

// getData is GET DATA (SP 800-73-4 part 2, 3.1.2). What needs the PIN is
// refused without it also when it is not there.
func (c *Card) getData(cmd command) ([]byte, status) {
	if cmd.p1 != 0x3f || cmd.p2 != 0xff {
		return nil, c.badParameters()
	}
	all, ok := parseTLV(cmd.data)
	if !ok || len(all) != 1 || all[0].tag != 0x5c {
		return nil, swIncorrectData
	}
	o, ok := readObject(all[0].value)
	switch {
	case !ok:
		return nil, swNotFound
	case o.needsPIN() && !c.session.pinShown():
		return nil, swSecurityStatus
	}
	value, ok := c.state.Objects[o]
	if !ok && o == objectDiscovery {
		value = []byte(c.state.discovery())
		ok = len(value) > 0
	}
	if !ok {
		return nil, swNotFound
	}
	return appendTLV(nil, o.wrapper(), value), swOK
}

// putData is PUT DATA (SP 800-73-4 part 2, 3.3.1). An empty value deletes.
func (c *Card) putData(cmd command) ([]byte, status) {
	if cmd.p1 != 0x3f || cmd.p2 != 0xff {
		return nil, c.badParameters()
	}
	if !c.session.admin {
		return nil, swSecurityStatus
	}
	o, value, sw := c.readPutData(cmd.data)
	if sw != swOK {
		return nil, sw
	}
	if len(value) == 0 {
		delete(c.state.Objects, o)
		return nil, swOK
	}
	if !c.fits(o, value) || c.memoryWithout(o)+len(value) > c.state.Memory {
		return nil, swNotEnoughMemory
	}
	c.state.Objects[o] = slices.Clone(value)
	return nil, swOK
}

// readPutData reads tables 8 to 10 of SP 800-73-4 part 2: an element 5C names
// the object, an element 53 is its value; the discovery object and the
// biometric group name themselves.
func (c *Card) readPutData(b []byte) (Object, []byte, status) {
	all, ok := parseTLV(b)
	if !ok || len(all) == 0 {
		return 0, nil, swIncorrectData
	}
	if o := Object(all[0].tag); len(all) == 1 && o.namesItself() {
		return o, all[0].value, swOK
	}
	if len(all) != 2 || all[0].tag != 0x5c || all[1].tag != 0x53 {
		return 0, nil, swIncorrectData
	}
	o, ok := readObject(all[0].value)
	switch {
	case !ok || o.namesItself():
		return 0, nil, swIncorrectData
	case c.state.Firmware.plain() && (o <= 0x5fc100 || o > lastPIVObject):
		return 0, nil, swFunctionNotSupported
	}
	return o, all[1].value, swOK
}

// certificates says which object holds the certificate of a slot (SP 800-73-4
// part 1, table 3), but for the retired slots.
var certificates = map[Slot]Object{
	slotAuthentication:     0x5fc105,
	slotSignature:          0x5fc10a,
	slotKeyManagement:      0x5fc10b,
	slotCardAuthentication: 0x5fc101,
	slotAttestation:        objectAttestation,
}

// Certificate returns the object that holds the certificate of a slot.
func (s Slot) Certificate() Object {
	if s.retired() {
		return firstRetiredCertificate + Object(s-0x82)
	}
	return certificates[s]
}

// CertificateObject returns the value of an object with a certificate, DER
// (SP 800-73-4 part 1, table 10).
func CertificateObject(der []byte) []byte {
	return appendTLV(appendTLV(appendTLV(nil, 0x70, der), 0x71, []byte{0}), 0xfe, nil)
}

// readObject reads the tag in an element 5C.
func readObject(b []byte) (Object, bool) {
	if len(b) == 0 || len(b) > 3 {
		return 0, false
	}
	var o Object
	for _, x := range b {
		o = o<<8 | Object(x)
	}
	return o, o.valid()
}

// memoryWithout is what all objects but one take.
func (c *Card) memoryWithout(o Object) int {
	total := 0
	for other, value := range c.state.Objects {
		if other != o {
			total += len(value)
		}
	}
	return total
}
