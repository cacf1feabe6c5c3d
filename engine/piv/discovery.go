package piv

import "context"

// Tags of the Discovery Object (SP 800-73-4 part 1, 3.3.2).
const (
	tagDiscovery = 0x7e
	tagAID       = 0x4f
	tagPINUsage  = 0x5f2f
)

// Discovery is a Discovery Object: which PINs a card takes.
type Discovery struct {
	AID           []byte
	PIN           bool // the PIV PIN opens what wants a PIN
	GlobalPIN     bool // so does the global PIN
	Fingerprint   bool // so does a fingerprint that the card compares itself
	PreferGlobal  bool // of both PINs, the holder knows the global one
	VirtualNoCode bool // a virtual contact interface needs no pairing code
	Virtual       bool // has a virtual contact interface
}

// readDiscovery reads the Discovery Object; a card without one prefers nothing.
// It is not inside a 53 (SP 800-73-4 part 1, 3.3.2).
func (s *session) readDiscovery(ctx context.Context) (Discovery, error) {
	answer, err := s.getData(ctx, objectDiscovery)
	if err != nil || answer == nil {
		return Discovery{}, err
	}
	return ParseDiscovery(answer)
}

// ParseDiscovery reads a Discovery Object, with its tag 7E.
func ParseDiscovery(whole []byte) (Discovery, error) {
	const object = "Discovery Object"
	outer, err := readElements(whole)
	if err != nil {
		return Discovery{}, malformed(object, "%w", err)
	}
	content, ok := outer.find(tagDiscovery)
	if !ok || len(outer) != 1 {
		return Discovery{}, malformed(object, "it is not one element with tag %X", tagDiscovery)
	}
	list, err := readElements(content)
	if err != nil {
		return Discovery{}, malformed(object, "%w", err)
	}
	aid, ok := list.find(tagAID)
	if !ok {
		return Discovery{}, malformed(object, "it does not name the PIV application")
	}
	usage, _ := list.find(tagPINUsage)
	if len(usage) != 2 {
		return Discovery{}, malformed(object, "its PIN usage policy is %d bytes long, not 2", len(usage))
	}
	return Discovery{
		AID:           aid,
		PIN:           usage[0]&0x40 != 0,
		GlobalPIN:     usage[0]&0x20 != 0,
		Fingerprint:   usage[0]&0x10 != 0,
		Virtual:       usage[0]&0x08 != 0,
		VirtualNoCode: usage[0]&0x04 != 0,
		PreferGlobal:  usage[0]&0x20 != 0 && usage[1] == 0x20,
	}, nil
}
