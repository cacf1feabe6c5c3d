package words

import "strings"

// Language is a language of the screen and of letters.
type Language struct {
	Code string // as configurations name it: "de"
	Name string // its own name for itself: "Deutsch"
	Text *Text
}

// Languages are all there are, the language of the code first.
func Languages() []Language {
	return []Language{{"en", "English", &English}, {"de", "Deutsch", &German}}
}

// ByCode finds a language.
func ByCode(code string) (Language, bool) {
	for _, l := range Languages() {
		if l.Code == code {
			return l, true
		}
	}
	return Language{}, false
}

// Codes names the languages there are: "en, de".
func Codes() string {
	var all []string
	for _, l := range Languages() {
		all = append(all, l.Code)
	}
	return strings.Join(all, ", ")
}
