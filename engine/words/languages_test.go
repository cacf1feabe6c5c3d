package words_test

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cardkiosk/engine/words"
)

// each calls do for every word of a text, with where it stands.
func each(path string, v reflect.Value, do func(path, word string)) {
	switch v.Kind() { //nolint:exhaustive // the kinds a Text is made of
	case reflect.String:
		do(path, v.String())
	case reflect.Struct:
		for i := range v.NumField() {
			each(path+"."+v.Type().Field(i).Name, v.Field(i), do)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			each(fmt.Sprintf("%s[%v]", path, k), v.MapIndex(k), do)
		}
	case reflect.Array:
		for i := range v.Len() {
			each(fmt.Sprintf("%s[%d]", path, i), v.Index(i), do)
		}
	}
}

func wordsOf(text *words.Text) map[string]string {
	all := map[string]string{}
	each("", reflect.ValueOf(*text), func(path, word string) { all[path] = word })
	return all
}

// verb is a place where a sentence takes a value.
var verb = regexp.MustCompile(`%(\[(\d+)\])?0?\d*([a-zA-Z%])`)

// takes lists which value goes in with which verb: "1s 2d". A sentence in another
// order says so with indexes.
func takes(format string) string {
	var all []string
	for n, m := range verb.FindAllStringSubmatch(format, -1) {
		at := m[2]
		if at == "" {
			at = fmt.Sprint(n + 1)
		}
		all = append(all, at+m[3])
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), " ")
}

// Every language has the words of English, no more and no less, and its sentences
// take the same values.
func TestLanguagesSayTheSame(t *testing.T) {
	english := wordsOf(&words.English)
	for _, l := range words.Languages() {
		these := wordsOf(l.Text)
		for _, path := range slices.Sorted(maps.Keys(english)) {
			word, ok := these[path]
			if !ok {
				t.Errorf("%s has no %s", l.Code, path)
			}
			if got, want := takes(word), takes(english[path]); got != want {
				t.Errorf("%s%s takes %q, and English %q", l.Code, path, got, want)
			}
		}
		for path := range these {
			if _, ok := english[path]; !ok {
				t.Errorf("%s%s is no word of English", l.Code, path)
			}
		}
	}
}

// bare matches what is no word: signs, verbs, and units.
var bare = regexp.MustCompile(`%(\[\d+\])?0?\d*[a-z]|[^\p{L}]`)

// alike are the words that German writes as English does.
var alike = []string{
	"PIN", "DN", "UPN", "SID", "Station", "DEMO", "SHA", // names
	"n", "q", "m", // keys
	"s", "mins", // units
}

// Nothing was forgotten when a language was made: a word that is as in English is
// one of the few that are the same.
func TestLanguagesAreTranslated(t *testing.T) {
	english := wordsOf(&words.English)
	for _, l := range words.Languages()[1:] {
		for path, word := range wordsOf(l.Text) {
			rest := bare.ReplaceAllString(word, "")
			if word == english[path] && rest != "" && !slices.Contains(alike, rest) {
				t.Errorf("%s%s is as in English: %q", l.Code, path, word)
			}
		}
	}
}

// Plurals are right in every language (CLDR: English and German have one for 1 and
// other for the rest).
func TestPlurals(t *testing.T) {
	said := map[string][]string{
		"en": {"0 cards", "1 card", "2 cards", "5 cards", "21 cards"},
		"de": {"0 Karten", "1 Karte", "2 Karten", "5 Karten", "21 Karten"},
	}
	for _, l := range words.Languages() {
		for i, n := range []int{0, 1, 2, 5, 21} {
			if got := l.Text.Count.Cards.Of(n); got != said[l.Code][i] {
				t.Errorf("%s says %q, want %q", l.Code, got, said[l.Code][i])
			}
			eachPlural(reflect.ValueOf(*l.Text), func(p words.Plural) {
				if got := p.Of(n, 7); !strings.Contains(got, fmt.Sprint(n)) {
					t.Errorf("%s says %q of %d", l.Code, got, n)
				}
			})
		}
	}
}

func eachPlural(v reflect.Value, do func(words.Plural)) {
	if p, ok := v.Interface().(words.Plural); ok {
		do(p)
		return
	}
	switch v.Kind() { //nolint:exhaustive // the kinds a Text is made of
	case reflect.Struct:
		for i := range v.NumField() {
			eachPlural(v.Field(i), do)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			eachPlural(v.MapIndex(k), do)
		}
	}
}

// Values are written as each language writes them.
func TestValuesOfLanguages(t *testing.T) {
	at := time.Date(2026, 12, 1, 14, 5, 0, 0, time.Local)
	for code, want := range map[string]string{
		"en": "1 Dec 2026, 14:05 | 0.4 s | 1 min 05 s | 1 byte | 512 bytes | 2.1 KB | just now | 1 hour ago | 3 days ago | 1 try left.",
		"de": "1. Dez. 2026, 14:05 | 0,4 s | 1 min 05 s | 1 Byte | 512 Byte | 2,1 kB | gerade eben | vor 1 Stunde | vor 3 Tagen | Noch 1 Versuch.",
	} {
		l, ok := words.ByCode(code)
		if !ok {
			t.Fatalf("there is no language %q", code)
		}
		w := l.Text
		got := strings.Join([]string{
			w.When(at), w.Seconds(420 * time.Millisecond), w.Seconds(65 * time.Second), w.Size(1), w.Size(512), w.Size(2150),
			w.Ago(at, at), w.Ago(at, at.Add(time.Hour)), w.Ago(at, at.Add(72*time.Hour)), w.Tries(1),
		}, " | ")
		if got != want {
			t.Errorf("%s:\n%s\nwant\n%s", code, got, want)
		}
	}
}

// Several are named as one would in a sentence.
func TestListsOfLanguages(t *testing.T) {
	to := []string{"ada@corp.example", "manager", "theo@corp.example"}
	for code, want := range map[string][]string{
		"en": {"No letter is written.", "A letter goes to ada@corp.example.", "A letter goes to ada@corp.example, the user's manager and theo@corp.example."},
		"de": {"Es wird kein Schreiben verfasst.", "Ein Schreiben geht an ada@corp.example.", "Ein Schreiben geht an ada@corp.example, den Vorgesetzten des Benutzers und theo@corp.example."},
	} {
		l, _ := words.ByCode(code)
		for i, n := range []int{0, 1, 3} {
			if got := l.Text.Tells(to[:n]); got != want[i] {
				t.Errorf("%s says %q, want %q", code, got, want[i])
			}
		}
	}
}

// A language is known by its code, and says its own name.
func TestByCode(t *testing.T) {
	for _, l := range words.Languages() {
		if got, ok := words.ByCode(l.Code); !ok || got.Name != l.Name || l.Name == "" || !strings.Contains(words.Codes(), l.Code) {
			t.Errorf("%q is %v, %v", l.Code, got.Name, ok)
		}
	}
	if _, ok := words.ByCode("xx"); ok {
		t.Error("there is a language xx")
	}
}
