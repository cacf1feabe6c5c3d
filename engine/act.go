package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// intent is what must be in the journal before the deed.
func (r *runner) intent(n int) (Data, error) {
	switch s := r.run.Plan.Steps[n]; s.Verb {
	case AskCA, AskApproval:
		return Data{Request: requestID(r.run.ID, n)}, nil
	case WriteCHUID:
		sum := sha256.Sum256(fmt.Appendf(nil, "GUID %s %d", r.run.ID, n))
		sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80 // RFC 9562: version 4
		return Data{GUID: hex.EncodeToString(sum[:16])}, nil
	case SetPUK:
		return r.drawPUK()
	case ProveCard, MakeKey, ImportKey, SetPIN, BlockPUK, SetAdminKey, WriteCapabilities, MoveKey, WriteCertificate,
		Check, WriteHistory, RemoveCertificate, RemoveKey, WriteRecord, GiveBack:
	}
	return Data{}, nil
}

// act does the deed of a step and returns what is to be noted of it. Deeds on
// the card are not cut short when the program shuts down: they are over soon.
func (r *runner) act(ctx context.Context, n int) (NoteKind, Data, error) {
	s := r.run.Plan.Steps[n]
	if s.Verb == AskCA || s.Verb == AskApproval {
		return r.askCA(ctx, n)
	}
	ctx = context.WithoutCancel(ctx)
	data, err := Data{}, error(nil)
	switch s.Verb {
	case ProveCard:
		err = r.proveCard(ctx, n)
	case MakeKey:
		data, err = r.makeKey(ctx, s)
	case ImportKey:
		data, err = r.importKey(ctx, s)
	case SetPIN:
		err = r.card.SetPIN(ctx, r.pin)
	case SetPUK:
		data, err = r.setPUK(ctx, n)
	case BlockPUK:
		err = r.card.BlockPUK(ctx)
	case SetAdminKey:
		err = r.card.ProtectAdminKey(ctx)
	case WriteCHUID:
		begun, _ := r.run.note(n, Begun)
		data.GUID = begun.Data.GUID
		err = r.card.WriteFile(ctx, CardFile{GUID: data.GUID})
	case WriteCapabilities:
		err = r.card.WriteFile(ctx, CardFile{Capabilities: true})
	case WriteHistory:
		former := r.run.former(s.Count, r.run.refused)
		err = r.card.WriteFile(ctx, CardFile{Former: &former})
	case MoveKey:
		err = r.moveKey(ctx, n)
	case WriteCertificate:
		err = r.writeCertificate(ctx, n)
	case Check:
		err = r.check(ctx, n)
	case RemoveCertificate:
		err = r.card.RemoveCertificate(ctx, s.Place)
	case RemoveKey:
		if s.IfRefused {
			s.Public = r.run.made(s.Template)
		}
		err = r.removeKey(ctx, s)
	case AskCA, AskApproval, WriteRecord, GiveBack:
		err = fmt.Errorf("%q is not carried out here", s.Verb)
	}
	return Done, data, err
}

func (r *runner) proveCard(ctx context.Context, n int) error {
	s := r.run.Plan.Steps[n]
	r.mayTouch(n)
	err := r.prove(ctx, s.Place, s.Public, false)
	if Is(err, CardTrouble) {
		return &Error{Op: "prove card", Kind: OtherCard, Subject: r.run.Plan.Card.Label(), Err: err}
	}
	return err
}

func (r *runner) makeKey(ctx context.Context, s Step) (Data, error) {
	key, err := r.card.MakeKey(ctx, s.Place, s.Key)
	if err != nil {
		return Data{}, err
	}
	if key.KeySpec != s.Key {
		return Data{}, &Error{
			Op: "make key", Kind: CardTrouble, Subject: string(s.Place),
			Err: fmt.Errorf("asked for %v, the card made %v", s.Key, key.KeySpec),
		}
	}
	return Data{Public: key.Public}, nil
}

// importKey has the card take the key of a common certificate. It is fetched
// anew each time, and forgotten at once.
func (r *runner) importKey(ctx context.Context, s Step) (Data, error) {
	if r.desk.Commons == nil {
		return Data{}, &Error{Op: "import key", Kind: BadInput, Subject: s.Template, Err: errors.New("no common certificate is configured any more")}
	}
	material, err := r.desk.Commons.Key(ctx, Fingerprint(s.Certificate))
	if err != nil {
		return Data{}, err
	}
	defer material.Wipe()
	key, err := r.card.ImportKey(ctx, s.Place, material, s.Key)
	if err != nil {
		return Data{}, err
	}
	return Data{Public: key.Public}, nil
}

// moveKey moves a key. When it may have been moved before, or the card has been
// in other hands, the two places tell: at the old one, move it; at the new one,
// it has been moved; anything else is for a person to look at.
func (r *runner) moveKey(ctx context.Context, n int) error {
	s := r.run.Plan.Steps[n]
	if r.fresh[n] && !r.again {
		return r.card.MoveKey(ctx, s.From, s.Place)
	}
	meant := r.run.moves(n)
	from, err := r.card.KeyAt(ctx, s.From)
	if err != nil {
		return err
	}
	to, err := r.card.KeyAt(ctx, s.Place)
	if err != nil {
		return err
	}
	is := func(k *Key) bool { return k != nil && bytes.Equal(k.Public, meant) }
	switch {
	case is(from) && to == nil:
		if s.Public != nil { // the old key is about to leave its place
			if err := r.proveAside(ctx, s.Template); err != nil {
				return err
			}
		}
		return r.card.MoveKey(ctx, s.From, s.Place)
	case from == nil && is(to):
		return nil
	}
	return &Error{
		Op: "move key", Kind: CardTrouble, Subject: fmt.Sprintf("%s → %s", s.From, s.Place),
		Err: errors.New("neither place holds what the journal says"),
	}
}

func (r *runner) writeCertificate(ctx context.Context, n int) error {
	s := r.run.Plan.Steps[n]
	return r.card.WriteCertificate(ctx, s.Place, r.run.toWrite(s), func(done, total int) {
		r.tell(Event{Kind: EventMoved, Step: n, Done: done, Total: total})
	})
}

// toWrite is the certificate a WriteCertificate or Check step is about.
func (r Run) toWrite(s Step) []byte {
	if s.Certificate != nil {
		return s.Certificate
	}
	return r.granted(s.Template)
}

// check reads a certificate back, compares it and the key beside it, and has
// the card prove that it holds the private key.
func (r *runner) check(ctx context.Context, n int) error {
	s := r.run.Plan.Steps[n]
	wrote := r.run.toWrite(s)
	wrong := func(what string) error {
		return &Error{Op: "check what was written", Kind: CardTrouble, Subject: string(s.Place), Err: errors.New(what)}
	}
	der, err := r.card.CertificateAt(ctx, s.Place)
	if err != nil {
		return err
	}
	if !bytes.Equal(der, wrote) {
		return wrong("the card holds another certificate than was written")
	}
	c, err := ParseCertificate(der)
	if err != nil {
		return err
	}
	key, err := r.card.KeyAt(ctx, s.Place)
	if err != nil {
		return err
	}
	if key != nil && !bytes.Equal(key.Public, c.Public) {
		return wrong("the key on the card is not the certificate's")
	}
	r.mayTouch(n)
	return r.prove(ctx, s.Place, c.Public, s.Encrypts)
}

// drawPUK draws a random PUK of eight digits and seals it for the help desk.
// The open one lives in the runner until it is on the card.
func (r *runner) drawPUK() (Data, error) {
	puk := make([]byte, 0, 8)
	for len(puk) < cap(puk) {
		b := make([]byte, 1)
		if _, err := io.ReadFull(r.desk.Random, b); err != nil {
			return Data{}, fmt.Errorf("draw PUK: %w", err)
		}
		if b[0] < 250 { // 250 is a multiple of ten: every digit is as likely
			puk = append(puk, '0'+b[0]%10)
		}
	}
	sealed, err := r.desk.Vault.Seal(puk)
	if err != nil {
		return Data{}, fmt.Errorf("seal PUK: %w", err)
	}
	r.puk = NewPIN(puk)
	return Data{Sealed: sealed}, nil
}

// setPUK sets the PUK whose seal is in the begin note. A runner that comes
// later does not know the open PUK: if the card still has the factory's, it
// draws another and notes that first; if not, the seal in the journal is the
// right one.
func (r *runner) setPUK(ctx context.Context, n int) (Data, error) {
	if r.puk.Len() == 0 {
		_, puk, err := r.card.Counters(ctx)
		if err != nil {
			return Data{}, err
		}
		if !puk.Factory {
			begun, _ := r.run.note(n, Begun)
			return begun.Data, nil
		}
		note, err := r.begun(n)
		if err != nil {
			return Data{}, err
		}
		if err := r.note(ctx, []Note{note}, ""); err != nil {
			return Data{}, err
		}
	}
	defer r.puk.Wipe()
	begun, _ := r.run.note(n, Begun)
	return begun.Data, r.puk.Use(func(b []byte) error { return r.card.SetPUK(ctx, b) })
}

func (r *runner) mayTouch(n int) {
	if r.run.Plan.Steps[n].Touch {
		r.tell(Event{Kind: EventTouch, Step: n})
	}
}
