package sim

// element is one BER-TLV data object.
type element struct {
	tag   uint32 // its bytes, big-endian: 0x53, 0x7f49
	value []byte
}

// parseTLV reads elements one after the other until b is used up. Lengths may
// be longer than need be, as in the objects of many cards.
func parseTLV(b []byte) ([]element, bool) {
	var all []element
	for len(b) > 0 {
		e, rest, ok := nextTLV(b)
		if !ok {
			return nil, false
		}
		all, b = append(all, e), rest
	}
	return all, true
}

func nextTLV(b []byte) (element, []byte, bool) {
	tag, n := uint32(b[0]), 1
	if b[0]&0x1f == 0x1f {
		for {
			if n == len(b) || n == 3 {
				return element{}, nil, false
			}
			tag = tag<<8 | uint32(b[n])
			n++
			if b[n-1]&0x80 == 0 {
				break
			}
		}
	}
	length, n, ok := tlvLength(b, n)
	if !ok || length > len(b)-n {
		return element{}, nil, false
	}
	return element{tag, b[n : n+length : n+length]}, b[n+length:], true
}

// tlvLength reads the length that starts at b[n] and returns where the value
// starts.
func tlvLength(b []byte, n int) (length, start int, ok bool) {
	if n == len(b) {
		return 0, 0, false
	}
	if b[n] < 0x80 {
		return int(b[n]), n + 1, true
	}
	bytes := int(b[n] & 0x7f)
	if bytes == 0 || bytes > 3 || bytes >= len(b)-n {
		return 0, 0, false
	}
	for _, x := range b[n+1 : n+1+bytes] {
		length = length<<8 | int(x)
	}
	return length, n + 1 + bytes, true
}

// appendTLV appends one element, in the shortest form (DER).
func appendTLV(dst []byte, tag uint32, value []byte) []byte {
	for shift := 24; shift >= 0; shift -= 8 {
		if b := byte(tag >> shift); b != 0 || shift == 0 {
			dst = append(dst, b)
		}
	}
	switch n := len(value); {
	case n < 0x80:
		dst = append(dst, byte(n))
	case n < 0x100:
		dst = append(dst, 0x81, byte(n))
	default:
		dst = append(dst, 0x82, byte(n>>8), byte(n))
	}
	return append(dst, value...)
}

// find returns the value of the first element with a tag. A missing one is
// nil, an empty one is not.
func find(all []element, tag uint32) []byte {
	for _, e := range all {
		if e.tag == tag {
			if e.value == nil {
				return []byte{}
			}
			return e.value
		}
	}
	return nil
}
