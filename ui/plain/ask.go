package plain

import (
	"context"
	"strconv"
	"strings"
)

// line asks for one line. The letters for back and quit are answers
// everywhere.
func (w *walker) line(ctx context.Context, question string) (string, error) {
	w.say("%s", question)
	if w.unread != nil {
		return "", unanswered{w.unread}
	}
	text, err := w.Input.Line(ctx, w.stage)
	if err != nil {
		return "", unanswered{err}
	}
	switch text = strings.TrimSpace(text); text {
	case w.Text.Plain.Quit:
		return "", errLeft
	case w.Text.Plain.Back:
		return "", errBack
	}
	return text, nil
}

// yes asks until y or n is the answer.
func (w *walker) yes(ctx context.Context, question string) (bool, error) {
	for {
		text, err := w.line(ctx, question)
		switch {
		case err != nil:
			return false, err
		case strings.EqualFold(text, w.Text.Plain.Yes):
			return true, nil
		case strings.EqualFold(text, w.Text.Plain.No):
			return false, nil
		}
		w.say(w.Text.Plain.YesNo)
	}
}

// number asks until one of 1…n, or the extra word, is the answer; that gives 0.
func (w *walker) number(ctx context.Context, question string, n int, extra string) (int, error) {
	for {
		text, err := w.line(ctx, question)
		if err != nil {
			return 0, err
		}
		if extra != "" && text == extra {
			return 0, nil
		}
		if i, err := strconv.Atoi(text); err == nil && i >= 1 && i <= n {
			return i, nil
		}
		w.say(w.Text.Plain.NotUnderstood)
	}
}

// secret asks for a PIN.
func (w *walker) secret(ctx context.Context, question string) ([]byte, error) {
	w.say("%s", question)
	if w.unread != nil {
		return nil, unanswered{w.unread}
	}
	pin, err := w.Input.Secret(ctx, w.stage)
	if err != nil {
		return nil, unanswered{err}
	}
	return pin, nil
}
