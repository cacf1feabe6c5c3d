package words

import (
	"embed"
	"fmt"
	"slices"
	"strings"

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
var letterTexts = map[string]*Text{"en": &English, "de": &German}

// LetterLanguages are the languages letters are written in.
func LetterLanguages() []string {
	var all []string
	for lang := range letterTexts {
		all = append(all, lang)
	}
	slices.Sort(all)
	return all
}

// LetterEvents are the events letters are written for: those of the policies,
// the letter that only tries the mail server, and the one with the audit's
// checkpoints.
func LetterEvents() []engine.NoticeEvent {
	return append(engine.NoticeEvents(), engine.MailTest, engine.AuditCheckpoint)
}

// letterName is what the files of an event's letter begin with: "update-done".
func letterName(event engine.NoticeEvent) string {
	return strings.ReplaceAll(string(event), " ", "-")
}

// OpenLetters reads the templates. Those found in a folder of the
// administrator's, which is laid out as letters is ("en/update-done.text.tmpl"),
// replace ours one by one; "" is no folder. With them the templates are tried on
// samples: an error, of Kind BadInput, names file and line.
func OpenLetters(folder string) (*Letters, error) {
	files := letterFiles{folder}
	l := &Letters{byName: map[string]letter{}}
	for lang, text := range letterTexts {
		parts, err := files.parts(lang)
		if err != nil {
			return nil, err
		}
		for _, event := range LetterEvents() {
			name := lang + "/" + letterName(event)
			one, err := files.letter(name, parts)
			if err != nil {
				return nil, err
			}
			if folder != "" { // ours are tried by the tests, not at each start
				err = one.try(text.letterSamples(event))
			}
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

// Write puts a letter into words. It can be called at any time from anywhere.
func (l *Letters) Write(lang string, about engine.Letter) (Message, error) {
	text, ok := letterTexts[lang]
	if !ok {
		return Message{}, &engine.Error{
			Op: "write letter", Kind: engine.BadInput, Subject: engine.Clean(lang),
			Err: fmt.Errorf("no letters are in this language; there are: %s", strings.Join(LetterLanguages(), ", ")),
		}
	}
	one, ok := l.byName[lang+"/"+letterName(about.Notice.Event)]
	if !ok {
		return Message{}, fmt.Errorf("write letter: no template for the event %q", engine.Clean(string(about.Notice.Event)))
	}
	m, err := one.write(text.letterFields(about))
	if err != nil {
		return Message{}, fmt.Errorf("write letter: %w", err)
	}
	return m, nil
}
