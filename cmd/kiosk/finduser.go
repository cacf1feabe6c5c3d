package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"cardkiosk/engine"
)

// meant is the one user with this logon name or, when nobody has it, with this
// mail address.
func meant(ctx context.Context, p *parts, text string) (engine.User, error) {
	found, err := search(ctx, p, text)
	if err != nil {
		return engine.User{}, err
	}
	same := slices.DeleteFunc(slices.Clone(found), func(u engine.User) bool { return !strings.EqualFold(u.Logon, text) })
	if len(same) == 0 {
		same = slices.DeleteFunc(found, func(u engine.User) bool { return !strings.EqualFold(u.Mail, text) })
	}
	switch len(same) {
	case 0:
		return engine.User{}, &engine.Error{
			Op: "find user", Kind: engine.UserUnknown, Subject: engine.Clean(text),
			Err: errors.New("the directory has nobody with this logon name or mail address: the whole of it is wanted"),
		}
	case 1:
		return same[0], nil
	}
	var names []string
	for _, u := range same {
		names = append(names, fmt.Sprintf("%s (%s)", u.Name, u.DN))
	}
	return engine.User{}, &engine.Error{
		Op: "find user", Kind: engine.BadInput, Subject: engine.Clean(text),
		Err: fmt.Errorf("it means %d users: %s", len(same), strings.Join(names, ", ")),
	}
}

// search returns everybody whom a text finds.
func search(ctx context.Context, p *parts, text string) ([]engine.User, error) {
	search, err := p.desk.Find(ctx, p.actor, text)
	if err != nil {
		return nil, err
	}
	defer search.Close()
	var all []engine.User
	for {
		page, err := search.Next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		}
		for _, f := range page {
			all = append(all, f.User)
		}
	}
}
