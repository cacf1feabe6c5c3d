package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// ChainFormat is that of the links the store makes now. A chain may go on in a
// newer format than it began in; each row says in which it is linked.
const ChainFormat = 1

// Hash is the SHA-256 that links a row of the audit to all rows before it.
type Hash [sha256.Size]byte

// String is the hash in hexadecimal digits, small ones.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// ParseHash reads what String wrote.
func ParseHash(s string) (h Hash, err error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(h) || strings.ToLower(s) != s {
		return h, fmt.Errorf("%q is not a SHA-256 in hexadecimal digits", Clean(s))
	}
	return Hash(b), nil
}

// ChainedRow is a row of the audit in its place: each station has a chain of its
// own, in which every row holds the hash of the one before.
type ChainedRow struct {
	AuditRow
	Seq    int64 // among the rows of all stations in one store: 1, 2, 3 …
	N      int64 // among the rows of its station: 1, 2, 3 …
	Format int
	Prev   Hash // of the station's row before; zero for its first
	Hash   Hash
}

// Link returns the hash that belongs to a row: over the hash of the row before,
// and all that the row says. docs/audit.md has the encoding. A field is its
// length and its bytes, so that no two rows read alike.
func (r ChainedRow) Link() Hash {
	const room = 512 // most rows fit in; a longer one is no harm
	b := appendField(make([]byte, 0, room), "cardkiosk audit row")
	b = appendNumber(b, int64(r.Format))
	b = appendField(b, string(r.Prev[:]))
	b = appendField(b, r.Actor.Station)
	b = appendNumber(b, r.N)
	b = appendNumber(b, r.Seq)
	b = appendNumber(b, r.At.UnixMicro())
	for _, text := range []string{
		r.Actor.Who, string(r.Actor.How), string(r.Actor.Mode), r.Act, string(r.Card), string(r.User), string(r.Run), r.Result, r.Detail,
	} {
		b = appendField(b, text)
	}
	return sha256.Sum256(b)
}

// appendField adds the length in bytes, as 8 bytes with the high one first, and
// then the bytes.
func appendField(b []byte, text string) []byte {
	return append(binary.BigEndian.AppendUint64(b, uint64(len(text))), text...)
}

// appendNumber adds a number as a field of 8 bytes, the high one first; one below
// zero in two's complement.
func appendNumber(b []byte, n int64) []byte {
	const size = 8
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, size), uint64(n))
}

// Storable is the row as every store can keep it, to the byte: text of valid
// UTF-8 without NUL, which PostgreSQL takes in no text, and a time in
// microseconds.
func (r AuditRow) Storable() AuditRow {
	r.At = r.At.Truncate(time.Microsecond).UTC()
	r.Actor.Who, r.Actor.Station = storable(r.Actor.Who), storable(r.Actor.Station)
	r.Actor.How, r.Actor.Mode = storable(r.Actor.How), storable(r.Actor.Mode)
	r.Act, r.Card, r.User, r.Run = storable(r.Act), storable(r.Card), storable(r.User), storable(r.Run)
	r.Result, r.Detail = storable(r.Result), storable(r.Detail)
	return r
}

func storable[T ~string](s T) T {
	return T(strings.ReplaceAll(strings.ToValidUTF8(string(s), "\ufffd"), "\x00", "\ufffd"))
}
