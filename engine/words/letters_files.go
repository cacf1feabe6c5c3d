package words

import (
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	texttemplate "text/template"
	"unicode/utf8"

	"cardkiosk/engine"
)

// letter is the templates of one letter.
type letter struct{ subject, text, html template }

// template is what text/template and html/template have in common.
type template interface {
	Name() string
	Execute(to io.Writer, fields any) error
}

// The endings of a letter's files.
const (
	subjectEnding = ".subject.tmpl"
	textEnding    = ".text.tmpl"
	htmlEnding    = ".html.tmpl"
)

func parseText(name, text string) (template, error) { return texttemplate.New(name).Parse(text) }
func parseHTML(name, text string) (template, error) { return htmltemplate.New(name).Parse(text) }

func (l letter) write(f LetterFields) (Message, error) {
	subject, err := fill(l.subject, f)
	if err != nil {
		return Message{}, err
	}
	subject = strings.TrimSpace(subject)
	if subject == "" || engine.Clean(subject) != subject {
		return Message{}, fmt.Errorf("template: %s: the subject is not one line of text", l.subject.Name())
	}
	text, err := fill(l.text, f)
	if err != nil {
		return Message{}, err
	}
	html, err := fill(l.html, f)
	return Message{subject, text, html}, err
}

func fill(t template, f LetterFields) (string, error) {
	var b strings.Builder
	err := t.Execute(&b, f)
	return b.String(), err
}

// letterFiles are the templates of the program, and over them those of a
// folder of the administrator's.
type letterFiles struct {
	folder string // "" for none
}

// letter reads the templates of a letter, "en/update-done", and tries them.
func (files letterFiles) letter(name string) (letter, error) {
	subject, err := files.parse(name+subjectEnding, parseText)
	if err != nil {
		return letter{}, err
	}
	text, err := files.parse(name+textEnding, parseText)
	if err != nil {
		return letter{}, err
	}
	html, err := files.parse(name+htmlEnding, parseHTML)
	if err != nil {
		return letter{}, err
	}
	l := letter{subject, text, html}
	for _, sample := range letterSamples() {
		if _, err := l.write(sample); err != nil {
			return letter{}, badTemplate(err)
		}
	}
	return l, nil
}

// parse gives a template its path for a name: that is what its errors begin
// with.
func (files letterFiles) parse(file string, parse func(name, text string) (template, error)) (template, error) {
	name, text, err := files.read(file)
	switch {
	case err != nil:
		return nil, badTemplate(err)
	case !utf8.Valid(text):
		return nil, badTemplate(fmt.Errorf("template: %s: the file is not UTF-8", name))
	}
	t, err := parse(name, strings.TrimPrefix(string(text), "\ufeff"))
	if err != nil {
		return nil, badTemplate(err)
	}
	return t, nil
}

func (files letterFiles) read(file string) (name string, text []byte, err error) {
	if files.folder != "" {
		name = filepath.Join(files.folder, filepath.FromSlash(file))
		if text, err = os.ReadFile(name); !errors.Is(err, fs.ErrNotExist) {
			return name, text, err
		}
	}
	name = path.Join("letters", file)
	text, err = ownLetters.ReadFile(name)
	return name, text, err
}

// refuseStrays refuses templates in the administrator's folder that no letter
// is made from: their names are mistyped.
func (files letterFiles) refuseStrays(letters map[string]letter) error {
	if files.folder == "" {
		return nil
	}
	used := map[string]bool{}
	for name := range letters {
		for _, ending := range []string{subjectEnding, textEnding, htmlEnding} {
			used[filepath.Join(files.folder, filepath.FromSlash(name+ending))] = true
		}
	}
	return filepath.WalkDir(files.folder, func(file string, _ fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return badTemplate(err)
		case filepath.Ext(file) == ".tmpl" && !used[file]:
			return badTemplate(fmt.Errorf("%s: no letter is made from a template of this name", file))
		}
		return nil
	})
}

func badTemplate(err error) error {
	return &engine.Error{Op: "read letters", Kind: engine.BadInput, Err: err}
}
