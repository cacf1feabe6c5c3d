package plain

import (
	"context"
	"errors"
	"io"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// Door is how people sign in by lines.
type Door struct {
	Ways     []engine.SignedIn // of ByPassword and ByCard
	Password func(ctx context.Context, logon string, password engine.PIN) (engine.Actor, engine.User, error)
	Card     func(ctx context.Context, reader string, pin engine.PIN) (engine.Actor, engine.User, error)
	Tries    func(ctx context.Context, reader string) (engine.Counter, error)
	Readers  func(ctx context.Context, known []engine.Reader) ([]engine.Reader, error)
	Hint     string // what a demo gives away

	Text  *words.Text
	Out   io.Writer
	Input Input
	ASCII bool
}

// SignIn asks who is there until somebody is signed in, or leaves. Each password
// and each PIN is asked for by itself, and none is tried twice.
func SignIn(ctx context.Context, d Door) (engine.Actor, engine.User, error) {
	w := &walker{Needs: Needs{Text: d.Text, Out: d.Out, Input: d.Input, ASCII: d.ASCII}}
	if len(d.Ways) == 0 {
		return engine.Actor{}, engine.User{}, &engine.Error{Op: "sign in", Kind: engine.SignInShut}
	}
	for {
		actor, user, err := w.signIn(ctx, d)
		_, mute := errors.AsType[unanswered](err)
		switch {
		case err == nil:
			w.say(w.Text.Doors.SignedIn, called(actor, user))
			return actor, user, nil
		case errors.Is(err, errBack) && ctx.Err() == nil:
		case mute, errors.Is(err, errLeft), errors.Is(err, errBack):
			w.say(w.Text.Plain.Left)
			return engine.Actor{}, engine.User{}, &engine.Error{Op: "sign in", Kind: engine.Stopped, Err: err}
		case ctx.Err() != nil:
			return engine.Actor{}, engine.User{}, err
		default:
			w.say("! %s", w.Text.TitleOf(err))
			w.say("  %s", w.Text.HintOf(err))
		}
	}
}

func called(actor engine.Actor, user engine.User) string {
	if user.Name != "" {
		return engine.Clean(user.Name)
	}
	return engine.Clean(actor.Who)
}

func (w *walker) signIn(ctx context.Context, d Door) (engine.Actor, engine.User, error) {
	w.title(w.Text.Doors.Title)
	if d.Hint != "" {
		w.say("%s", d.Hint)
	}
	way := d.Ways[0]
	if len(d.Ways) > 1 {
		names := map[engine.SignedIn]string{engine.ByPassword: w.Text.Doors.ByPassword, engine.ByCard: w.Text.Doors.ByCard}
		for i, one := range d.Ways {
			w.say(w.Text.Plain.Number, i+1, names[one])
		}
		i, err := w.number(ctx, w.Text.Doors.AskHow, len(d.Ways), "")
		if err != nil {
			return engine.Actor{}, engine.User{}, err
		}
		way = d.Ways[i-1]
	}
	if way == engine.ByCard {
		return w.byCard(ctx, d)
	}
	return w.byPassword(ctx, d)
}

func (w *walker) byPassword(ctx context.Context, d Door) (engine.Actor, engine.User, error) {
	logon, err := w.line(ctx, w.Text.Doors.AskLogon)
	if err != nil || logon == "" {
		return engine.Actor{}, engine.User{}, leave(err)
	}
	b, err := w.secret(ctx, w.Text.Doors.AskPassword)
	if err != nil || len(b) == 0 {
		return engine.Actor{}, engine.User{}, leave(err)
	}
	password := engine.NewPIN(b)
	defer password.Wipe()
	return d.Password(ctx, logon, password)
}

func (w *walker) byCard(ctx context.Context, d Door) (engine.Actor, engine.User, error) {
	reader, err := w.readerOf(ctx, d)
	if err != nil {
		return engine.Actor{}, engine.User{}, err
	}
	if tries, err := d.Tries(ctx, reader); err == nil && tries.Left >= 0 {
		w.say("%s", w.Text.Tries(tries.Left))
		if tries.Left == 1 {
			if ok, err := w.yes(ctx, w.Text.Plain.AskLast); err != nil || !ok {
				return engine.Actor{}, engine.User{}, leave(err)
			}
		}
	}
	b, err := w.secret(ctx, w.Text.Doors.AskPIN)
	if err != nil || len(b) == 0 {
		return engine.Actor{}, engine.User{}, leave(err)
	}
	pin := engine.NewPIN(b)
	defer pin.Wipe()
	return d.Card(ctx, reader, pin)
}

// readerOf asks in which reader the card lies.
func (w *walker) readerOf(ctx context.Context, d Door) (string, error) {
	for {
		readers, err := d.Readers(ctx, nil)
		if err != nil {
			return "", err
		}
		for i, r := range readers {
			state := w.Text.Doors.Empty
			switch {
			case r.Mute:
				state = w.Text.Doors.Mute
			case r.Card:
				state = w.Text.Doors.CardIn
			}
			w.say(w.Text.Plain.Number, i+1, engine.Clean(r.Name)+": "+state)
		}
		if len(readers) == 0 {
			w.say(w.Text.Doors.NoReader)
		}
		i, err := w.number(ctx, w.Text.Doors.AskReader, len(readers), w.Text.Plain.Look)
		if err != nil {
			return "", err
		}
		if i > 0 && readers[i-1].Card && !readers[i-1].Mute {
			return readers[i-1].Name, nil
		}
		if i > 0 {
			w.say(w.Text.Doors.PutIn)
		}
	}
}
