package words

import (
	"embed"
	"errors"
	"fmt"

	"cardkiosk/engine"
)

// Message is a letter in words. Subject is one line; Text and HTML say the
// same.
type Message struct {
	Subject string
	Text    string
	HTML    string
}

// Letters writes letters from templates: text/template for subject and text,
// html/template for HTML. What a template may say is in LetterFields and, for
// administrators, in letters/FIELDS.md.
type Letters struct {
	byName map[string]letter // "en/update-done"
}

//go:embed letters/*/*.tmpl
var ownLetters embed.FS

// letterTexts are the languages letters are written in. Each has a folder
// under letters, and its Text writes dates and card numbers.
var letterTexts = map[string]*Text{"en": &English}

// letterEvents are the events letters are written for, with the names of their
// templates.
var letterEvents = map[engine.NoticeEvent]string{engine.UpdateDone: "update-done"}

// OpenLetters reads the templates. Those found in a folder of the
// administrator's, which is laid out as letters is ("en/update-done.text.tmpl"),
// replace ours one by one; "" is no folder. The templates are tried on samples:
// an error, of Kind BadInput, names file and line.
func OpenLetters(folder string) (*Letters, error) {
	files := letterFiles{folder}
	l := &Letters{byName: map[string]letter{}}
	for lang := range letterTexts {
		for _, event := range letterEvents {
			name := lang + "/" + event
			one, err := files.letter(name)
			if err != nil {
				return nil, err
			}
			l.byName[name] = one
		}
	}
	if err := files.refuseStrays(l.byName); err != nil {
		return nil, err
	}
	return l, nil
}

// Write puts a notice into words. It can be called at any time from anywhere.
func (l *Letters) Write(lang string, n engine.Notice) (Message, error) {
	text, ok := letterTexts[lang]
	if !ok {
		return Message{}, &engine.Error{Op: "write letter", Kind: engine.BadInput, Subject: lang, Err: errors.New("no letters in this language")}
	}
	event, ok := letterEvents[n.Event]
	if !ok {
		return Message{}, fmt.Errorf("write letter: no template for the event %q", engine.Clean(string(n.Event)))
	}
	m, err := l.byName[lang+"/"+event].write(text.letterFields(n))
	if err != nil {
		return Message{}, fmt.Errorf("write letter: %w", err)
	}
	return m, nil
}
