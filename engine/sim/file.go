package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// File is the path of a file that keeps the State of a card as JSON, readable
// by its owner only. It holds private keys: a card in software has no other
// place for them.
type File string

// Load reads the state. An error that is fs.ErrNotExist means there is none
// yet.
func (f File) Load() (State, error) {
	b, err := os.ReadFile(string(f))
	if err != nil {
		return State{}, fmt.Errorf("load card: %w", err)
	}
	s, err := ParseState(b)
	if err != nil {
		return State{}, fmt.Errorf("load card %s: %w", f, err)
	}
	return s, nil
}

// Save replaces the file. When it returns nil the state is on the disk;
// otherwise the file is the old one, whole.
func (f File) Save(s State) error {
	b, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		return fmt.Errorf("save card: %w", err)
	}
	if err := f.replace(append(b, '\n')); err != nil {
		return fmt.Errorf("save card %s: %w", f, err)
	}
	return nil
}

// replace writes a new file beside the old one, and gives it its name only
// once it is on the disk.
func (f File) replace(b []byte) error {
	dir := filepath.Dir(string(f))
	temp, err := os.CreateTemp(dir, filepath.Base(string(f))+".new-*") // with mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }() // of no effect once it has its new name
	_, err = temp.Write(b)
	if err == nil {
		err = temp.Sync()
	}
	if err := errors.Join(err, temp.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), string(f)); err != nil {
		return err
	}
	return syncFolder(dir)
}

// syncFolder makes a new name in a folder last.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
