package pcsc

import "encoding/binary"

// cardTakesExtended reports whether a card says, in its ATR's historical
// bytes, that it takes extended-length commands: ISO/IEC 7816-4, 8.1.1.2.7,
// third byte of the card capabilities, bit 7.
func cardTakesExtended(atr []byte) bool {
	const capabilities, extended = 0x7, 0x40
	data := compactTLV(historical(atr))
	for len(data) > 0 {
		tag, length := data[0]>>4, int(data[0]&0x0f)
		if len(data) < 1+length {
			return false
		}
		value := data[1 : 1+length]
		if tag == capabilities {
			return length >= 3 && value[2]&extended != 0
		}
		data = data[1+length:]
	}
	return false
}

// historical returns the historical bytes of an ATR, ISO/IEC 7816-3, 8.2: T0
// and each TD tell in their upper half which of TA, TB, TC, TD follow; T0 tells
// in its lower half how many historical bytes come after them.
func historical(atr []byte) []byte {
	if len(atr) < 2 {
		return nil
	}
	count, next, rest := int(atr[1]&0x0f), atr[1]>>4, atr[2:]
	for next != 0 {
		for bit := byte(1); bit <= 4; bit <<= 1 { // TA, TB, TC
			if next&bit != 0 && len(rest) > 0 {
				rest = rest[1:]
			}
		}
		if next&8 == 0 { // no TD: no more
			break
		}
		if len(rest) == 0 {
			return nil
		}
		next, rest = rest[0]>>4, rest[1:]
	}
	if len(rest) < count {
		return nil
	}
	return rest[:count]
}

// compactTLV returns the data objects in historical bytes, ISO/IEC 7816-4,
// 8.1.1: after category 80 nothing else follows them, after 00 a status
// indicator of three bytes.
func compactTLV(history []byte) []byte {
	switch {
	case len(history) >= 1 && history[0] == 0x80:
		return history[1:]
	case len(history) >= 4 && history[0] == 0x00:
		return history[1 : len(history)-3]
	}
	return nil
}

// PC/SC part 10, 2.2 and 2.6.14: a feature is tag, length 4, control code (big
// endian); a property is tag, length, value (little endian).
const (
	featureTLVProperties        = 0x12
	propertyMaxAPDUData         = 0x0a
	enoughAPDUData              = 4 << 10 // the longest command for a PIV card has some 3,100 bytes
	requestFeatures      uint16 = 3400
)

// propertiesCode finds, in a reader's features, the control code that asks for
// its properties.
func propertiesCode(features []byte) (code uint32, ok bool) {
	for len(features) >= 6 {
		if features[0] == featureTLVProperties && features[1] == 4 {
			return binary.BigEndian.Uint32(features[2:6]), true
		}
		features = features[6:]
	}
	return 0, false
}

// tooSmall reports whether a reader's properties say that it takes no
// extended-length commands. A reader that tells nothing is trusted.
func tooSmall(properties []byte) bool {
	for len(properties) >= 2 {
		tag, length := properties[0], int(properties[1])
		if len(properties) < 2+length {
			return false
		}
		if tag == propertyMaxAPDUData && length == 4 {
			return binary.LittleEndian.Uint32(properties[2:6]) < enoughAPDUData
		}
		properties = properties[2+length:]
	}
	return false
}
