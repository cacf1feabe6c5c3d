package main

import (
	"reflect"
	"regexp"
	"strings"

	"cardkiosk/engine/words"
	"cardkiosk/ui/widget"
)

// vocabulary is every word of each language, also as ASCII has it.
var vocabulary = struct{ english, german map[string]bool }{vocabularyOf(words.English), vocabularyOf(words.German)}

func vocabularyOf(t words.Text) map[string]bool {
	all := map[string]bool{}
	for _, sentence := range textOf(reflect.ValueOf(t)) {
		sentence = verbs.ReplaceAllString(sentence, " ")
		for _, w := range append(wordsIn(sentence), wordsIn(widget.ASCII(sentence))...) {
			all[w] = true
		}
	}
	return all
}

var (
	verbs = regexp.MustCompile(`%(\[\d+\])?0?\d*[a-z]`)
	aWord = regexp.MustCompile(`\pL{2,}`)
)

func wordsIn(s string) []string { return aWord.FindAllString(strings.ToValidUTF8(s, ""), -1) }

// textOf are all the sentences of a text.
func textOf(v reflect.Value) (all []string) {
	switch v.Kind() { //nolint:exhaustive // the kinds a Text is made of
	case reflect.String:
		return []string{v.String()}
	case reflect.Struct:
		for i := range v.NumField() {
			all = append(all, textOf(v.Field(i))...)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			all = append(all, textOf(v.MapIndex(k))...)
		}
	case reflect.Array:
		for i := range v.Len() {
			all = append(all, textOf(v.Index(i))...)
		}
	}
	return all
}
