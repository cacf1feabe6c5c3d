package piv

import (
	"context"
	"errors"
)

// objectID is the tag under which a card keeps a data object.
type objectID uint32

// The objects beside the certificates: SP 800-73-4 part 1, table 3, and
// Yubico's.
const (
	objectDiscovery    objectID = 0x7e
	objectCHUID        objectID = 0x5fc102
	objectCapabilities objectID = 0x5fc107
	objectPrinted      objectID = 0x5fc109
	objectKeyHistory   objectID = 0x5fc10c
	objectAdminData    objectID = 0x5fff00
)

const (
	tagList     = 0x5c
	tagContent  = 0x53
	tagChecksum = 0xfe // always empty, and always there
)

// readObject returns what stands inside the 53 of an object, and nil when
// there is none (SP 800-73-4 part 2, 3.1.2). An object that was emptied counts
// as none: that is how it is deleted.
func (s *session) readObject(ctx context.Context, id objectID) ([]byte, error) {
	answer, err := s.getData(ctx, id)
	if err != nil || answer == nil {
		return nil, err
	}
	objects, err := readElements(answer)
	if err != nil {
		return nil, malformed("object", "%w", err)
	}
	if len(objects) != 1 || objects[0].tag != tagContent {
		return nil, malformed("object", "it is not one element with tag %X", tagContent)
	}
	if len(objects[0].value) == 0 {
		return nil, nil
	}
	return objects[0].value, nil
}

// getData returns an object as it comes, and nil when there is none.
func (s *session) getData(ctx context.Context, id objectID) ([]byte, error) {
	answer, err := s.send(ctx, command{
		ins: insGetData, p1: 0x3f, p2: 0xff, data: encodeElement(tagList, id.bytes()), answer: longAnswer,
	})
	if errors.Is(err, statusNotFound) || errors.Is(err, statusNoReference) {
		return nil, nil
	}
	return answer, err
}

// writeObject replaces an object (SP 800-73-4 part 2, 3.3.1). Empty content
// deletes it.
func (s *session) writeObject(ctx context.Context, id objectID, content []byte, moved func(done, total int)) error {
	const headers = 5 + 4
	data := make([]byte, 0, headers+len(content))
	defer func() { clear(data) }()
	data = appendElement(data, tagList, id.bytes())
	data = appendElement(data, tagContent, content)
	_, err := s.send(ctx, command{ins: insPutData, p1: 0x3f, p2: 0xff, data: data, moved: moved})
	return err
}

func (id objectID) bytes() []byte { return appendTag(nil, uint32(id)) }
