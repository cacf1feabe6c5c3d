package words

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"cardkiosk/engine"
)

// The endings of a letter's files.
const (
	subjectEnding = ".subject.tmpl"
	textEnding    = ".text.tmpl"
	htmlEnding    = ".html.tmpl"
)

// The parts that letters share: {{template "foot" .}} is what foot.text.tmpl
// says, and in HTML what foot.html.tmpl says. A subject uses those of the text.
var (
	textParts = []string{
		"greeting", "card", "subject-card", "request", "others", "changes", "loss", "expiry", "afterwards", "to-do", "foot", "done-by", "asked-by",
	}
	htmlParts = []string{
		"head", "card", "request", "others", "changes", "loss", "expiry", "afterwards", "to-do", "foot", "done-by", "asked-by", "end",
	}
)

// letterFiles are the templates of the program, and over them those of a
// folder of the administrator's.
type letterFiles struct {
	folder string // "" for none
}

// letterParts are the parts of one language.
type letterParts struct{ text, html []part }

// parts reads the parts that the letters of a language share.
func (files letterFiles) parts(lang string) (all letterParts, err error) {
	if all.text, err = files.partsOf(lang, textParts, textEnding); err != nil {
		return all, err
	}
	all.html, err = files.partsOf(lang, htmlParts, htmlEnding)
	return all, err
}

func (files letterFiles) partsOf(lang string, names []string, ending string) (all []part, err error) {
	for _, name := range names {
		file, text, err := files.read(lang + "/" + name + ending)
		if err != nil {
			return nil, err
		}
		p, err := parsePart(name, file, strings.TrimSuffix(text, "\n")) // the end of its last line is none of the letter's
		if err != nil {
			return nil, badTemplate(err)
		}
		all = append(all, p)
	}
	return all, nil
}

// letter reads the templates of a letter, "en/update-done".
func (files letterFiles) letter(name string, parts letterParts) (l letter, err error) {
	if l.subject, err = files.parse(name+subjectEnding, parts.text, parseText); err != nil {
		return l, err
	}
	if l.text, err = files.parse(name+textEnding, parts.text, parseText); err != nil {
		return l, err
	}
	l.html, err = files.parse(name+htmlEnding, parts.html, parseHTML)
	return l, err
}

func (files letterFiles) parse(file string, parts []part, parse func(file, text string, parts []part) (template, error)) (template, error) {
	name, text, err := files.read(file)
	if err != nil {
		return nil, err
	}
	t, err := parse(name, text, parts)
	if err != nil {
		return nil, badTemplate(err)
	}
	return t, nil
}

// read returns a file's text and its path: that is what errors begin with.
func (files letterFiles) read(file string) (name, text string, err error) {
	name, data, err := files.find(file)
	switch {
	case err != nil:
		return "", "", badTemplate(err)
	case !utf8.Valid(data):
		return "", "", badTemplate(fmt.Errorf("template: %s: the file is not UTF-8", name))
	}
	text = strings.TrimPrefix(string(data), "\ufeff")
	return name, strings.ReplaceAll(text, "\r\n", "\n"), nil
}

func (files letterFiles) find(file string) (name string, data []byte, err error) {
	if files.folder != "" {
		name = filepath.Join(files.folder, filepath.FromSlash(file))
		if data, err = os.ReadFile(name); !errors.Is(err, fs.ErrNotExist) {
			return name, data, err
		}
	}
	name = path.Join("letters", file)
	data, err = ownLetters.ReadFile(name)
	return name, data, err
}

// refuseStrays refuses templates in the administrator's folder that no letter
// is made from: their names are mistyped.
func (files letterFiles) refuseStrays(letters map[string]letter) error {
	if files.folder == "" {
		return nil
	}
	used := map[string]bool{}
	use := func(name, ending string) {
		used[filepath.Join(files.folder, filepath.FromSlash(name+ending))] = true
	}
	for name := range letters {
		use(name, subjectEnding)
		use(name, textEnding)
		use(name, htmlEnding)
	}
	for lang := range letterTexts {
		for _, name := range textParts {
			use(lang+"/"+name, textEnding)
		}
		for _, name := range htmlParts {
			use(lang+"/"+name, htmlEnding)
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
