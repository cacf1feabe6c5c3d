package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
)

// softcardCmd plugs a software card into a vpcd reader.
type softcardCmd struct {
	VPCD   string `name:"vpcd" required:"" placeholder:"HOST:PORT" help:"Port of the vpcd reader. pcscd's first virtual reader listens on 127.0.0.1:35963."`
	State  string `required:"" placeholder:"FILE" help:"File that keeps the card, private keys and all. A new card is made when there is none."`
	Serial uint32 `placeholder:"N" help:"Serial number of a new card; drawn when left out."`

	AdminKey string `name:"admin-key" enum:"aes192,3des" default:"aes192" help:"Administration key of a new card: aes192, as the factory sets it, or 3des, with which Debian's yubico-piv-tool can write to it."`
}

// Run keeps the card in the reader until ctx ends.
func (cmd softcardCmd) Run(ctx context.Context) error {
	file := sim.File(cmd.State)
	state, err := cmd.state(file)
	if err != nil {
		return err
	}
	card, err := sim.New(state, sim.Options{Save: saying(file.Save)})
	if err != nil {
		return fmt.Errorf("make card: %w", err)
	}
	in, err := sim.Insert(ctx, cmd.VPCD, card)
	if err != nil {
		if errors.Is(err, syscall.ECONNREFUSED) {
			err = fmt.Errorf("%w (is pcscd with vpcd running?)", err)
		}
		return &engine.Error{Op: "plug in card", Kind: engine.NoReaders, Subject: cmd.VPCD, Err: err}
	}
	fmt.Printf("Software card %s in vpcd %s; Ctrl-C takes it out\n", grouped(state.Serial), cmd.VPCD)
	if err := in.Wait(); ctx.Err() == nil {
		return &engine.Error{Op: "plug in card", Kind: engine.NoReaders, Subject: cmd.VPCD, Err: err}
	}
	return nil
}

// state loads the card, or makes a new one. A file that cannot be read is left
// as it is.
func (cmd softcardCmd) state(file sim.File) (sim.State, error) {
	state, err := file.Load()
	switch {
	case err == nil && cmd.Serial != 0 && cmd.Serial != state.Serial:
		return sim.State{}, &engine.Error{
			Op: "load software card", Kind: engine.BadInput, Subject: cmd.State,
			Err: fmt.Errorf("its serial number is %d; leave --serial out, or name another file", state.Serial),
		}
	case err == nil:
		return state, nil
	case !errors.Is(err, fs.ErrNotExist):
		return sim.State{}, &engine.Error{Op: "load software card", Kind: engine.BadInput, Err: err}
	}
	return cmd.makeCard(file)
}

func (cmd softcardCmd) makeCard(file sim.File) (sim.State, error) {
	serial := cmd.Serial
	if serial == 0 {
		var b [4]byte
		if _, err := rand.Read(b[:]); err != nil {
			return sim.State{}, fmt.Errorf("draw serial number: %w", err)
		}
		serial = 10_000_000 + binary.BigEndian.Uint32(b[:])%90_000_000 // eight digits, as YubiKeys have
	}
	state, err := sim.Factory(sim.Firmware{Major: 5, Minor: 7, Patch: 1}, serial, time.Now(), rand.Reader)
	if err != nil {
		return sim.State{}, fmt.Errorf("make software card: %w", err)
	}
	if cmd.AdminKey == "3des" { // SP 800-78-4 table 6-2; the factory's bytes fit both
		state.Admin.Algorithm = 0x03
	}
	if err := file.Save(state); err != nil {
		return sim.State{}, &engine.Error{Op: "make software card", Kind: engine.BadInput, Err: err}
	}
	return state, nil
}

// saying tells the person why the card could not keep what was written to it:
// the card itself only says that its memory failed.
func saying(save func(sim.State) error) func(sim.State) error {
	return func(s sim.State) error {
		err := save(s)
		if err != nil {
			fmt.Fprintln(os.Stderr, "kiosk:", err)
		}
		return err
	}
}

// grouped writes a serial number as it is printed on cards: "0071 2233".
func grouped(serial uint32) string {
	s := fmt.Sprintf("%08d", serial)
	return s[:len(s)-4] + " " + s[len(s)-4:]
}
