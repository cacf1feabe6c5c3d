package main

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
	"cardkiosk/engine/words"
)

// card looks at one card, and takes it over where that is wanted.
func (a *adopting) card(ctx context.Context, v engine.ReaderView) error {
	t := &words.English
	if v.Reader.Mute {
		a.say("%s", engine.Clean(v.Reader.Name))
		return &engine.Error{Op: "read card", Kind: engine.CardTrouble, Subject: v.Reader.Name, Err: errors.New("it does not answer")}
	}
	c, err := a.p.desk.Connect(ctx, a.p.actor, v.Reader.Name)
	if err != nil {
		a.say("%s", engine.Clean(v.Reader.Name))
		return err
	}
	defer c.Close() //nolint:errcheck // nothing was written
	a.say(t.Adopt.Card, t.Serial(c.Contents.Identity), engine.Clean(c.Reader))
	switch {
	case c.Known() && c.Record.State != engine.StateClean:
		a.say("  "+t.Adopt.Somebodys, c.Record.User.Name, t.Cards[c.Record.State])
		return a.passed(&engine.Error{Op: "adopt card", Kind: engine.WrongState, Subject: c.Record.User.Name, Err: errors.New("the card is " + string(c.Record.State))})
	case c.Contents.Blank():
		a.say("  %s", t.Adopt.Blank)
		return a.passed(&engine.Error{Op: "adopt card", Kind: engine.WrongState, Subject: string(c.Contents.Identity.ID), Err: errors.New("the card is empty")})
	}
	user, err := a.holder(ctx, c)
	if err != nil || user == nil {
		return err
	}
	return a.propose(ctx, c, *user)
}

// passed notes why a card was not taken over, when that was said already.
func (a *adopting) passed(why error) error {
	if a.first == nil {
		a.first = why
	}
	return nil
}

// propose says what would be taken over, and does it where that is wanted.
func (a *adopting) propose(ctx context.Context, c *engine.Connected, user engine.User) error {
	t := &words.English
	proposal, err := a.p.desk.ProposeAdoption(ctx, a.p.actor, c, user)
	if err != nil {
		return err
	}
	if proposal.Ours() {
		a.say("  %s", t.AdoptionTitle(c.Contents.Identity, proposal.User))
	}
	for _, l := range t.AdoptionLines(proposal, a.p.desk.Now()) {
		a.say("%s", map[words.Mark]string{words.MarkStays: "      "}[l.Mark]+"  "+l.Text)
	}
	switch {
	case !proposal.Ours():
		return a.passed(&engine.Error{Op: "adopt card", Kind: engine.WrongState, Subject: proposal.User.Name, Err: errors.New("nothing on the card is ours")})
	case a.cmd.DryRun:
		return nil
	case !a.cmd.Yes:
		if yes, err := a.yes(ctx); err != nil || !yes {
			a.say("  %s", t.Adopt.NotNow)
			return err
		}
	}
	if _, err := a.p.desk.Adopt(ctx, a.p.actor, c, proposal); err != nil {
		return err
	}
	a.taken++
	a.say("  "+t.Adopt.Taken, proposal.User.Name)
	return nil
}

// holder is whose card it is: the user who was named, or the one whom its
// certificates mean. Nil when nobody can say; that was said then.
func (a *adopting) holder(ctx context.Context, c *engine.Connected) (*engine.User, error) {
	if a.cmd.User != "" {
		user, err := meant(ctx, a.p, a.cmd.User)
		return &user, err
	}
	found, err := a.p.desk.Holders(ctx, a.p.actor, c)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 1:
		return &found[0], nil
	case len(found) == 0:
		a.say("  %s", words.English.Adopt.Nobody)
		return nil, a.passed(&engine.Error{Op: "find holder", Kind: engine.UserUnknown, Subject: string(c.Contents.Identity.ID)})
	case a.cmd.Yes || a.cmd.DryRun:
		a.say("  %s", words.English.Adopt.Several)
		return nil, a.passed(&engine.Error{Op: "find holder", Kind: engine.BadInput, Subject: string(c.Contents.Identity.ID), Err: errors.New("several users have the name in its certificates")})
	}
	return a.choose(ctx, found)
}

// choose asks which of several users it is.
func (a *adopting) choose(ctx context.Context, found []engine.User) (*engine.User, error) {
	t := &words.English
	for i, u := range found {
		a.say("  "+t.Plain.Number, i+1, strings.Join(compacted(u.Name, u.Logon, u.Mail, u.DN), ", "))
	}
	for {
		text, err := a.ask(ctx, t.Adopt.AskWho)
		if err != nil {
			return nil, err
		}
		if text == t.Adopt.Skip {
			a.say("  %s", t.Adopt.NotNow)
			return nil, nil
		}
		if i, err := strconv.Atoi(text); err == nil && i >= 1 && i <= len(found) {
			return &found[i-1], nil
		}
		a.say("  %s", t.Plain.NotUnderstood)
	}
}

// compacted are those of the values that are not empty.
func compacted(values ...string) (some []string) {
	for _, v := range values {
		if v != "" {
			some = append(some, v)
		}
	}
	return some
}

func (a *adopting) yes(ctx context.Context) (bool, error) {
	t := &words.English
	for {
		text, err := a.ask(ctx, t.Adopt.Ask)
		switch {
		case err != nil:
			return false, err
		case strings.EqualFold(text, t.Plain.Yes):
			return true, nil
		case strings.EqualFold(text, t.Plain.No):
			return false, nil
		}
		a.say("  %s", t.Plain.YesNo)
	}
}

// ask asks for one line. q, and the end of the input, are errQuit.
func (a *adopting) ask(ctx context.Context, question string) (string, error) {
	a.say("  %s", question)
	text, err := a.input.Line(ctx, walk.ConfirmAssign)
	text = strings.TrimSpace(text)
	if err != nil || text == words.English.Plain.Quit {
		return "", errQuit
	}
	return text, nil
}
