package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// mailPreviewCmd shows an invented letter, made from the configured templates.
type mailPreviewCmd struct {
	Config   string   `placeholder:"FILE" help:"The configuration. Left out: config.toml in this folder, or else /etc/kiosk/config.toml."`
	Event    []string `arg:"" help:"What it is about, as policies name it: update pending."`
	Language string   `placeholder:"CODE" help:"Its language. Left out: that of the letters in the configuration."`
	ToOthers bool     `help:"As somebody reads it who is not the card's holder."`
	HTML     bool     `name:"html" help:"The HTML, and not the text."`
}

// Help is what kiosk mail preview --help adds.
func (mailPreviewCmd) Help() string {
	return `Everything in the letter is invented. The templates are those of the program, and over them those in
the folder that letters under [mail] names. With --html the subject stands on standard error, so that
standard output is what a browser shows.

Events: ` + strings.Join(letterEvents(), ", ") + `.`
}

// Run prints subject and body.
func (cmd mailPreviewCmd) Run(context.Context) error {
	event, err := cmd.event()
	if err != nil {
		return err
	}
	file, err := findConfig(cmd.Config)
	if err != nil {
		return err
	}
	cfg, err := loadConfig(file, os.Stderr)
	if err != nil {
		return err
	}
	letters, err := words.OpenLetters(cfg.Mail.Letters)
	if err != nil {
		return err
	}
	cmd.Language = cmp.Or(cmd.Language, string(cfg.Mail.Language))
	return cmd.preview(letters, event, os.Stdout, os.Stderr)
}

func letterEvents() (names []string) {
	for _, e := range words.LetterEvents() {
		names = append(names, string(e))
	}
	return names
}

// event takes the name also as the letter's files have it: update-pending.
func (cmd mailPreviewCmd) event() (engine.NoticeEvent, error) {
	name := strings.Join(strings.Fields(strings.ReplaceAll(strings.Join(cmd.Event, " "), "-", " ")), " ")
	if err := known(name, "event", letterEvents()); err != nil {
		return "", &engine.Error{Op: "preview letter", Kind: engine.BadInput, Err: err}
	}
	return engine.NoticeEvent(name), nil
}

func (cmd mailPreviewCmd) preview(letters *words.Letters, event engine.NoticeEvent, out, aside io.Writer) error {
	l := words.SampleLetter(event)
	if cmd.ToOthers {
		l.To = "manager@example.org"
	}
	m, err := letters.Write(cmd.Language, l)
	if err != nil {
		return err
	}
	subject := fmt.Sprintf(words.English.Mail.Subject, m.Subject)
	if cmd.HTML {
		if _, err := fmt.Fprintln(aside, subject); err != nil {
			return fmt.Errorf("print subject: %w", err)
		}
		_, err = io.WriteString(out, m.HTML)
	} else {
		_, err = fmt.Fprintf(out, "%s\n\n%s", subject, m.Text)
	}
	if err != nil {
		return fmt.Errorf("print letter: %w", err)
	}
	return nil
}
