package demo

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/authority"
	"cardkiosk/engine/sim"
)

// The files of the world's folder.
const (
	ConfigFile      = "config.toml"
	rootFile        = "root.pem"
	directorySecret = "directory-password"
	mailSecret      = "mail-password"
	recipientFile   = "helpdesk.recipient"
	identityFile    = "helpdesk.identity"
)

// World is the demo world: its servers, its cards, and the folder with the
// configuration by which a kiosk finds them.
type World struct {
	Folder    string
	Directory *Directory
	Mailbox   *Mailbox
	CA        *authority.Authority
	cards     []*Card
	crl       string           // where the CA publishes it
	Now       func() time.Time // the clock of cards and CA
	language  string
	mode      engine.Mode
	closers   []func() error
}

// Options say how the world is made. The zero value will do.
type Options struct {
	Users int              // made-up users beside those with names
	Now   func() time.Time // the clock of cards and CA; nil: time.Now
	// AtOnce: the CA issues everything that its rules permit, and no officer is
	// needed.
	AtOnce bool
	// Language of the screen and the letters; "": English.
	Language string
	// Mode of the kiosk; "": operator.
	Mode engine.Mode
}

// Open makes the world in a new private folder and starts its servers.
func Open(ctx context.Context, o Options) (_ *World, err error) {
	folder, err := os.MkdirTemp("", "kiosk-demo-")
	if err != nil {
		return nil, fmt.Errorf("make the demo's folder: %w", err)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	w := &World{Folder: folder, cards: deck(), Now: o.Now, language: cmp.Or(o.Language, "en"), mode: cmp.Or(o.Mode, engine.Operator)}
	w.closing(func() error { return os.RemoveAll(folder) })
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	for _, c := range w.cards {
		if err := c.make(o.Now()); err != nil {
			return nil, err
		}
	}
	certificate, err := makeServerCertificate(folder, time.Now())
	if err != nil {
		return nil, err
	}
	secret, err := w.password(directorySecret)
	if err != nil {
		return nil, err
	}
	w.Directory, err = ServeDirectory(ctx, DirectoryConfig{Certificate: certificate, Password: secret, Extra: o.Users, People: map[string]string{operatorDN: OperatorPassword}})
	if err != nil {
		return nil, err
	}
	w.closing(w.Directory.Close)
	if secret, err = w.password(mailSecret); err != nil {
		return nil, err
	}
	w.Mailbox, err = ServeMailbox(ctx, MailboxConfig{Certificate: certificate, User: mailUser, Password: secret})
	if err != nil {
		return nil, err
	}
	w.closing(w.Mailbox.Close)
	ca, err := w.openCA(ctx, o)
	if err != nil {
		return nil, err
	}
	return w, w.writeConfig(ca)
}

func (w *World) closing(f func() error) { w.closers = append(w.closers, f) }

// Close stops the servers and removes the folder.
func (w *World) Close() error {
	var errs []error
	for _, f := range slices.Backward(w.closers) {
		errs = append(errs, f())
	}
	w.closers = nil
	return errors.Join(errs...)
}

// Config is the configuration of a kiosk in this world.
func (w *World) Config() string { return filepath.Join(w.Folder, ConfigFile) }

// Cards are the world's cards.
func (w *World) Cards() []*Card { return w.cards }

// Chips are the cards as things to put into readers, as they are now.
func (w *World) Chips() []*sim.Card {
	var chips []*sim.Card
	for _, c := range w.cards {
		chips = append(chips, c.card)
	}
	return chips
}

// Lay puts those cards that begin the story in a reader into the tray's.
func (w *World) Lay(ctx context.Context, t Tray) error {
	if w.mode == engine.SelfService {
		return nil // whoever comes brings their card
	}
	for i, c := range w.cards {
		if !c.in {
			continue
		}
		if err := t.Insert(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// password draws a password and writes it to a file of the folder.
func (w *World) password(file string) ([]byte, error) {
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		return nil, fmt.Errorf("draw password: %w", err)
	}
	text := []byte(hex.EncodeToString(b))
	if err := os.WriteFile(filepath.Join(w.Folder, file), text, 0o600); err != nil {
		return nil, fmt.Errorf("write password: %w", err)
	}
	return text, nil
}

// quiet is for parts that must not write to the screen.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
