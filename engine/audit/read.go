package audit

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"cardkiosk/engine"
)

// longestLine is far above any checkpoint with what a log writes before it.
const longestLine = 1 << 20

// ReadCheckpoints finds the checkpoints in a file of any lines: one that the
// kiosk appended to, a system log, saved letters. f is told where each stands.
func ReadCheckpoints(in io.Reader, name string, f func(c engine.Checkpoint, err error, where string)) (found int, err error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longestLine)
	for n := 1; lines.Scan(); n++ {
		c, ok, err := engine.FindCheckpoint(lines.Text())
		if ok {
			found++
			f(c, err, fmt.Sprintf("%s:%d", name, n))
		}
	}
	if err := lines.Err(); err != nil {
		return found, &engine.Error{Op: "read checkpoints", Kind: engine.BadInput, Subject: name, Err: err}
	}
	if found == 0 {
		return 0, &engine.Error{Op: "read checkpoints", Kind: engine.BadInput, Subject: name, Err: errors.New("there is no checkpoint in it")}
	}
	return found, nil
}
