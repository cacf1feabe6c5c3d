package plain

import (
	"context"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
)

// connect reads the card: the one that is meant by itself when it is there,
// any other only when a person names its reader.
func (w *walker) connect(ctx context.Context) error {
	title := w.Text.Connect.Title
	if w.draft.Card != "" {
		title = w.Text.ConnectTitle(w.draft.Card)
	}
	w.title(title)
	var views []engine.ReaderView
	for {
		var err error
		if views, err = w.Desk.LookAtReaders(ctx, w.Actor, views); err != nil {
			return err
		}
		name, err := w.chooseReader(ctx, views)
		if err != nil {
			return err
		}
		if name == "" {
			continue
		}
		return w.read(ctx, name)
	}
}

// chooseReader returns the reader with the card, or "" to look again.
func (w *walker) chooseReader(ctx context.Context, views []engine.ReaderView) (string, error) {
	for _, v := range views {
		if v.Card != nil && v.Card.ID == w.draft.Card && w.draft.Card != "" {
			w.say(w.Text.Plain.CardHere, w.Text.Serial(*v.Card), engine.Clean(v.Reader.Name))
			return v.Reader.Name, nil
		}
	}
	if len(views) == 0 {
		w.say(w.Text.Connect.NoReaders)
	}
	for i, v := range views {
		w.say(w.Text.Plain.Number, i+1, engine.Clean(v.Reader.Name)+": "+w.Text.InReader(v, ","))
	}
	i, err := w.number(ctx, w.Text.Plain.WhichReader, len(views), w.Text.Plain.Look)
	if err != nil || i == 0 {
		return "", err
	}
	v := views[i-1]
	if why := w.draft.Fits(v); why != walk.Fit {
		w.say("%s", w.Text.Unfits[string(why)])
		return "", nil
	}
	return v.Reader.Name, nil
}

func (w *walker) read(ctx context.Context, reader string) error {
	w.draft.ForgetCard()
	c, err := w.Desk.Connect(ctx, w.Actor, reader)
	if err != nil {
		return err
	}
	w.draft.Connected = c
	w.draft.Card = c.Contents.Identity.ID
	if w.draft.Action == walk.ReadCard {
		w.findOwner(c)
		return nil
	}
	view, err := w.Desk.View(ctx, w.Actor, c, w.draft.User)
	if err != nil {
		return err
	}
	w.describe(view)
	return nil
}

// findOwner leads to the profile of whoever has the card.
func (w *walker) findOwner(c *engine.Connected) {
	owner := c.Record.User
	if !c.Known() || owner.ID == "" {
		w.say("%s. %s", w.Text.Profile.Unknown, w.Text.Profile.UnknownHint)
		w.turned = walk.FindUser
		return
	}
	w.draft.User = &engine.User{ID: owner.ID, Name: owner.Name, Logon: owner.Logon}
}

// assign asks whether the card is to be the user's, and goes back to the
// profile. One that is not empty may be taken over with what is on it.
func (w *walker) assign(ctx context.Context) error {
	err := w.assignOrAdopt(ctx)
	if err == nil {
		w.turned = walk.Profile
	}
	return err
}

func (w *walker) assignOrAdopt(ctx context.Context) error {
	t, c := w.Text.Assign, w.draft.Connected
	if !c.Contents.Blank() {
		if done, err := w.adopt(ctx); done || err != nil {
			return err
		}
	}
	w.title(t.Title)
	id := c.Contents.Identity
	w.say(t.Question, w.Text.Serial(id), id.Model, w.draft.User.Name)
	if c.Contents.Blank() {
		w.say(t.Blank)
	} else {
		w.say(t.NotBlank)
	}
	w.say(t.Nothing)
	ok, err := w.yes(ctx, w.Text.Plain.AskAssign)
	if err != nil || !ok {
		return err
	}
	return w.give(ctx)
}

// give assigns the card.
func (w *walker) give(ctx context.Context) (err error) {
	c := w.draft.Connected
	if c.Record, err = w.Desk.Assign(ctx, w.Actor, c, *w.draft.User); err != nil {
		return err
	}
	w.say(w.Text.Assign.Done)
	return nil
}

// adopt offers to take the card over with what of it is the user's. It is not
// done where nothing is: then the card can only be assigned.
func (w *walker) adopt(ctx context.Context) (done bool, err error) {
	t, c := w.Text.Adopt, w.draft.Connected
	w.say(w.Text.Frame.Working)
	found, err := w.Desk.ProposeAdoption(ctx, w.Actor, c, *w.draft.User)
	if err != nil || !found.Ours() {
		return false, err
	}
	w.title(t.Title)
	w.say("%s", w.Text.AdoptionTitle(c.Contents.Identity, *w.draft.User))
	w.lines(w.Text.AdoptionLines(found, w.Now()))
	choices := []string{t.Yes, t.AssignOnly, t.No}
	for i, choice := range choices {
		w.say(w.Text.Plain.Number, i+1, choice)
	}
	switch i, err := w.number(ctx, t.AskHow, len(choices), ""); {
	case err != nil:
		return false, err
	case i == 2:
		return true, w.give(ctx)
	case i == 3:
		return true, nil
	}
	if c.Record, err = w.Desk.Adopt(ctx, w.Actor, c, found); err != nil {
		return false, err
	}
	w.say(t.Done)
	return true, nil
}

// pin asks for the card's PIN, or twice for the one it is to get. The tries
// that are left are said before; the last one is asked about.
func (w *walker) pin(ctx context.Context) error {
	w.draft.PIN.Wipe()
	c := w.draft.Connected
	for {
		tries, err := w.Desk.PINTries(ctx, w.Actor, c)
		if err != nil {
			return err
		}
		fresh := w.draft.NewPIN() || w.draft.Continues() && tries.Factory
		if w.PINHint != nil {
			w.say("%s", w.PINHint(c.Contents.Identity.ID))
		}
		if fresh {
			err = w.askNewPIN(ctx)
		} else {
			err = w.askPIN(ctx, tries)
		}
		if !engine.Is(err, engine.WrongPIN) && !engine.Is(err, engine.BadInput) {
			return err
		}
		w.trouble(err)
	}
}

func (w *walker) askPIN(ctx context.Context, tries engine.Counter) error {
	w.title(w.Text.PIN.Title)
	if tries.Left == 0 {
		return &engine.Error{Op: "ask PIN", Kind: engine.PINBlocked}
	}
	w.say("%s %s", w.Text.Tries(tries.Left), w.Text.PIN.Shape)
	if tries.Left == 1 {
		if ok, err := w.yes(ctx, w.Text.Plain.AskLast); err != nil || !ok {
			return leave(err)
		}
	}
	b, err := w.secret(ctx, w.Text.Plain.AskPIN)
	if err != nil || len(b) == 0 {
		return leave(err)
	}
	pin := engine.NewPIN(b)
	if err := w.Desk.CheckPIN(ctx, w.Actor, w.draft.Connected, pin); err != nil {
		pin.Wipe()
		return err
	}
	w.draft.PIN = pin
	return nil
}

func leave(err error) error {
	if err == nil {
		return errBack
	}
	return err
}

func (w *walker) askNewPIN(ctx context.Context) error {
	w.title(w.Text.PIN.TitleNew)
	w.say(w.Text.PIN.Shape)
	b, err := w.secret(ctx, w.Text.Plain.AskNewPIN)
	if err != nil || len(b) == 0 {
		return leave(err)
	}
	pin := engine.NewPIN(b)
	if b, err = w.secret(ctx, w.Text.Plain.AskAgainPIN); err != nil {
		pin.Wipe()
		return err
	}
	again := engine.NewPIN(b)
	defer again.Wipe()
	err = pin.CheckNew()
	if err == nil && !pin.Same(again) {
		err = &engine.Error{Op: "read PIN", Kind: engine.BadInput, Err: engine.ErrPINsDiffer}
	}
	if err != nil {
		pin.Wipe()
		return err
	}
	w.draft.PIN = pin
	return nil
}
