package words

import (
	"fmt"
	htmltemplate "html/template"
	"io"
	"strings"
	texttemplate "text/template"
	"text/template/parse"

	"cardkiosk/engine"
)

// letter is the templates of one letter.
type letter struct{ subject, text, html template }

// template is what text/template and html/template have in common.
type template interface {
	Name() string
	Execute(to io.Writer, fields any) error
}

// part is what letters share, under its name. Trouble with it is told under its
// file's name.
type part struct {
	name string
	tree *parse.Tree
}

func parsePart(name, file, text string) (part, error) {
	t, err := texttemplate.New(file).Parse(text)
	if err != nil {
		return part{}, err
	}
	return part{name, t.Tree}, nil
}

func parseText(file, text string, parts []part) (template, error) {
	t := texttemplate.New(file)
	for _, p := range parts {
		if _, err := t.AddParseTree(p.name, p.tree); err != nil {
			return nil, err
		}
	}
	return t.Parse(text)
}

// parseHTML gives each letter its own of the parts: html/template writes into
// them how they are escaped.
func parseHTML(file, text string, parts []part) (template, error) {
	t := htmltemplate.New(file)
	for _, p := range parts {
		if _, err := t.AddParseTree(p.name, p.tree.Copy()); err != nil {
			return nil, err
		}
	}
	return t.Parse(text)
}

// try writes the letter for each of these fields.
func (l letter) try(samples []LetterFields) error {
	for _, sample := range samples {
		if _, err := l.write(sample); err != nil {
			return badTemplate(err)
		}
	}
	return nil
}

func (l letter) write(f LetterFields) (m Message, err error) {
	if m.Subject, err = fill(l.subject, f); err != nil {
		return Message{}, err
	}
	m.Subject = strings.TrimSpace(m.Subject)
	if m.Subject == "" || engine.Clean(m.Subject) != m.Subject {
		return Message{}, fmt.Errorf("template: %s: the subject is not one line of text", l.subject.Name())
	}
	f.Subject = m.Subject
	if m.Text, err = fill(l.text, f); err != nil {
		return Message{}, err
	}
	m.HTML, err = fill(l.html, f)
	return m, err
}

func fill(t template, f LetterFields) (string, error) {
	var b strings.Builder
	err := t.Execute(&b, f)
	return b.String(), err
}
