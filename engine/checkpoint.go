package engine

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf16"
)

// CheckpointFormat is that of the checkpoints made now.
const CheckpointFormat = 1

// Checkpoint says, signed, what row a station's chain had at a time. Who keeps
// it where the store's writers cannot reach can tell later whether the chain up
// to there is still the one that was.
type Checkpoint struct {
	Format    int
	Station   string
	Number    int64 // among the checkpoints of its station: 1, 2, 3 …
	N         int64 // the row's number in the chain …
	Seq       int64 // … and among all rows
	Hash      Hash  // the row's
	At        time.Time
	Key       ed25519.PublicKey
	Signature []byte
}

// AuditCheckpoint is what a letter tells that brings checkpoints out of the
// station. It is no event of a card, and policies do not know it.
const AuditCheckpoint NoticeEvent = "audit checkpoint"

// message is what is signed.
func (c Checkpoint) message() []byte {
	b := appendField(nil, "cardkiosk audit checkpoint")
	b = appendNumber(b, int64(c.Format))
	b = appendField(b, c.Station)
	for _, n := range []int64{c.Number, c.N, c.Seq} {
		b = appendNumber(b, n)
	}
	b = appendField(b, string(c.Hash[:]))
	b = appendNumber(b, c.At.UnixMicro())
	return appendField(b, string(c.Key))
}

// Sign returns the checkpoint with the station's signature (Ed25519, RFC 8032).
func (c Checkpoint) Sign(key ed25519.PrivateKey) Checkpoint {
	c.Format, c.Station = CheckpointFormat, storable(c.Station)
	c.At = c.At.Truncate(time.Microsecond).UTC()
	c.Key = key.Public().(ed25519.PublicKey)
	c.Signature = ed25519.Sign(key, c.message())
	return c
}

// Signed reports whether the signature is that of the key which the checkpoint
// names. Whose key that is, it cannot tell.
func (c Checkpoint) Signed() bool {
	return len(c.Key) == ed25519.PublicKeySize && ed25519.Verify(c.Key, c.message(), c.Signature)
}

// jsonCheckpoint is a checkpoint as it leaves the station. The first key is what
// it is found by among other lines.
type jsonCheckpoint struct {
	Format    int    `json:"kiosk_checkpoint"`
	Station   string `json:"station"`
	Number    int64  `json:"number"`
	N         int64  `json:"n"`
	Seq       int64  `json:"seq"`
	Hash      string `json:"hash"`
	At        string `json:"at"`
	Key       string `json:"key"`
	Signature string `json:"signature"`
}

const checkpointStart = `{"kiosk_checkpoint":`

// checkpointTime has microseconds, always: what is signed.
const checkpointTime = "2006-01-02T15:04:05.000000Z"

// Line is the checkpoint as it leaves the station: one line of JSON in ASCII,
// which no log and no letter changes.
func (c Checkpoint) Line() string {
	line, _ := json.Marshal(jsonCheckpoint{ // texts and numbers: JSON takes them all
		c.Format, c.Station, c.Number, c.N, c.Seq, c.Hash.String(), c.At.UTC().Format(checkpointTime),
		base64.StdEncoding.EncodeToString(c.Key), base64.StdEncoding.EncodeToString(c.Signature),
	})
	return inASCII(string(line))
}

// inASCII writes every other character of a JSON text as \u and UTF-16.
func inASCII(s string) string {
	var out strings.Builder
	for _, r := range s {
		if r < 0x80 {
			out.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&out, `\u%04x`, unit)
		}
	}
	return out.String()
}

// FindCheckpoint looks for a checkpoint in a line, whatever stands before and
// behind it: a log has times and names there. ok is false when there is none;
// an error says that there is one, but not whole.
func FindCheckpoint(line string) (c Checkpoint, ok bool, err error) {
	at := strings.Index(line, checkpointStart)
	if at < 0 {
		return Checkpoint{}, false, nil
	}
	var j jsonCheckpoint
	if err := json.NewDecoder(strings.NewReader(line[at:])).Decode(&j); err != nil {
		return Checkpoint{}, true, fmt.Errorf("the checkpoint is not whole: %w", err)
	}
	c, err = j.checkpoint()
	return c, true, err
}

func (j jsonCheckpoint) checkpoint() (c Checkpoint, err error) {
	c = Checkpoint{Format: j.Format, Station: j.Station, Number: j.Number, N: j.N, Seq: j.Seq}
	var errs [4]error
	c.Hash, errs[0] = ParseHash(j.Hash)
	c.At, errs[1] = time.Parse(checkpointTime, j.At)
	c.Key, errs[2] = base64.StdEncoding.DecodeString(j.Key)
	c.Signature, errs[3] = base64.StdEncoding.DecodeString(j.Signature)
	if err := errors.Join(errs[:]...); err != nil {
		return c, fmt.Errorf("the checkpoint cannot be read: %w", err)
	}
	if j.Format < 1 || j.Format > CheckpointFormat {
		return c, fmt.Errorf("the checkpoint is of format %d and this program reads up to %d: use the newer program", j.Format, CheckpointFormat)
	}
	return c, nil
}
