package piv

// The elements of a Key History (SP 800-73-4 part 1, table 19).
const (
	tagOnCard     = 0xc1
	tagOffCard    = 0xc2
	tagOffCardURL = 0xf3
	mostRetired   = 20
)

// KeyHistory tells how many retired keys a card holds.
type KeyHistory struct {
	OnCard  int    // with their certificates on the card, from 82 upward
	OffCard int    // with their certificates elsewhere, from 95 downward
	URL     string // where these are; words from the card
}

// ParseKeyHistory reads the content of a Key History (SP 800-73-4 part 1,
// 3.3.3).
func ParseKeyHistory(content []byte) (KeyHistory, error) {
	const object = "Key History"
	list, err := readElements(content)
	if err != nil {
		return KeyHistory{}, malformed(object, "%w", err)
	}
	on, ok1 := list.find(tagOnCard)
	off, ok2 := list.find(tagOffCard)
	if !ok1 || !ok2 || len(on) != 1 || len(off) != 1 {
		return KeyHistory{}, malformed(object, "it lacks one of its two counts of one byte")
	}
	url, _ := list.find(tagOffCardURL)
	h := KeyHistory{OnCard: int(on[0]), OffCard: int(off[0]), URL: string(url)}
	switch {
	case h.OnCard+h.OffCard > mostRetired:
		return KeyHistory{}, malformed(object, "it counts %d keys, and PIV has %d places", h.OnCard+h.OffCard, mostRetired)
	case h.OffCard > 0 && h.URL == "":
		return KeyHistory{}, malformed(object, "it does not say where the certificates are that are not on the card")
	}
	return h, nil
}

// encode writes the content of a Key History. Its URL is absent when there is
// no key to look up (SP 800-73-4 part 1, 3.3.3).
func (h KeyHistory) encode() []byte {
	content := appendElement(nil, tagOnCard, []byte{byte(h.OnCard)})
	content = appendElement(content, tagOffCard, []byte{byte(h.OffCard)})
	if h.URL != "" && h.OnCard+h.OffCard > 0 {
		content = appendElement(content, tagOffCardURL, []byte(h.URL))
	}
	return appendElement(content, tagChecksum, nil)
}
