package piv

import (
	"errors"
	"fmt"
	"slices"
)

// element is a BER-TLV data object (ISO 7816-4, 5.2.2). value is part of what
// was read, not a copy.
type element struct {
	tag   uint32
	value []byte
}

// elements are data objects that follow each other. Of several with the same
// tag the first counts.
type elements []element

// find returns the value under a tag.
func (l elements) find(tag uint32) ([]byte, bool) {
	for _, e := range l {
		if e.tag == tag {
			return e.value, true
		}
	}
	return nil, false
}

// readElements reads data objects to the end of b. Zero bytes between and
// after them are padding (ISO 7816-4, 5.2.2.1).
func readElements(b []byte) (elements, error) {
	var list elements
	for len(b) > 0 {
		if b[0] == 0 {
			b = b[1:]
			continue
		}
		e, rest, err := readElement(b)
		if err != nil {
			return nil, err
		}
		list, b = append(list, e), rest
	}
	return list, nil
}

// readElement reads one data object and returns what follows it. Lengths need
// not be minimal: real cards write 82 00 41 where 41 would do.
func readElement(b []byte) (e element, rest []byte, err error) {
	tag, rest, err := readTag(b)
	if err != nil {
		return element{}, nil, err
	}
	n, rest, err := readLength(rest)
	if err != nil {
		return element{}, nil, fmt.Errorf("tag %X %w", tag, err)
	}
	if n > len(rest) {
		return element{}, nil, fmt.Errorf("tag %X says %d bytes follow, and there are %d", tag, n, len(rest))
	}
	return element{tag: tag, value: rest[:n:n]}, rest[n:], nil
}

// readTag reads a tag of up to three bytes.
func readTag(b []byte) (tag uint32, rest []byte, err error) {
	const long, more = 0x1f, 0x80
	for i, c := range b {
		tag = tag<<8 | uint32(c)
		switch {
		case i == 0 && c&long != long, i > 0 && c&more == 0:
			return tag, b[i+1:], nil
		case i == 2:
			return 0, nil, errors.New("a tag is longer than three bytes")
		}
	}
	return 0, nil, errors.New("the data ends within a tag")
}

// readLength reads a definite length of up to four bytes.
func readLength(b []byte) (n int, rest []byte, err error) {
	const long, mostBytes = 0x80, 4
	if len(b) == 0 {
		return 0, nil, errors.New("ends before its length")
	}
	count := int(b[0])
	b = b[1:]
	if count < long {
		return count, b, nil
	}
	count -= long
	switch {
	case count == 0:
		return 0, nil, errors.New("has no definite length")
	case count > mostBytes:
		return 0, nil, fmt.Errorf("has a length of %d bytes", count)
	case count > len(b):
		return 0, nil, errors.New("ends within its length")
	}
	var length uint64
	for _, c := range b[:count] {
		length = length<<8 | uint64(c)
	}
	if length > mostAnswer {
		return 0, nil, fmt.Errorf("says %d bytes follow", length)
	}
	return int(length), b[count:], nil
}

// appendElement writes a data object with the shortest length.
func appendElement(to []byte, tag uint32, value []byte) []byte {
	to = appendTag(to, tag)
	switch n := len(value); {
	case n < 0x80:
		to = append(to, byte(n))
	case n <= 0xff:
		to = append(to, 0x81, byte(n))
	default:
		to = append(to, 0x82, byte(n>>8), byte(n))
	}
	return append(to, value...)
}

func appendTag(to []byte, tag uint32) []byte {
	if tag > 0xffff {
		to = append(to, byte(tag>>16))
	}
	if tag > 0xff {
		to = append(to, byte(tag>>8))
	}
	return append(to, byte(tag))
}

// headerSize is the most that tag and length take.
const headerSize = 6

// encodeElement is appendElement into a buffer of the right size, so that no
// copy of a secret is left behind in a smaller one.
func encodeElement(tag uint32, value []byte) []byte {
	return appendElement(make([]byte, 0, headerSize+len(value)), tag, value)
}

// encode writes the elements into a buffer of the right size.
func (l elements) encode() []byte {
	b := make([]byte, 0, l.size())
	for _, e := range l {
		b = appendElement(b, e.tag, e.value)
	}
	return b
}

// size is the most that the elements take when written.
func (l elements) size() int {
	n := 0
	for _, e := range l {
		n += headerSize + len(e.value)
	}
	return n
}

// replace returns the elements with one value exchanged, or added in front.
func (l elements) replace(tag uint32, value []byte) elements {
	list := slices.DeleteFunc(slices.Clone(l), func(e element) bool { return e.tag == tag })
	return slices.Insert(list, 0, element{tag, value})
}
