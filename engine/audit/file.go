package audit

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"

	"cardkiosk/engine"
)

var _ CheckpointCarrier = File{}

// File appends checkpoints to a file, one a line: on a share that only grows, or
// on a stick that somebody takes away.
type File struct{ Name string }

// Destination is the file's name.
func (f File) Destination() string { return "file:" + f.Name }

// CarryCheckpoints appends the lines, and returns when they are on the disk. A
// line that was cut off before is closed first.
func (f File) CarryCheckpoints(_ context.Context, all []engine.Checkpoint) error {
	const groupReads = 0o640
	file, err := os.OpenFile(f.Name, os.O_APPEND|os.O_CREATE|os.O_RDWR, groupReads)
	if err != nil {
		return &engine.Error{Op: "append checkpoint", Kind: engine.StoreTrouble, Subject: f.Name, Err: err}
	}
	var lines bytes.Buffer
	if cut(file) {
		lines.WriteByte('\n')
	}
	for _, c := range all {
		lines.WriteString(c.Line() + "\n")
	}
	_, err = file.Write(lines.Bytes())
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return &engine.Error{Op: "append checkpoint", Kind: engine.StoreTrouble, Subject: f.Name, Err: err}
	}
	return nil
}

// cut reports whether a file ends within a line.
func cut(file *os.File) bool {
	var last [1]byte
	end, err := file.Seek(-1, io.SeekEnd)
	if err != nil {
		return false // it is empty
	}
	_, err = file.ReadAt(last[:], end)
	return err == nil && last[0] != '\n'
}
