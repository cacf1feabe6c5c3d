package engine

import (
	"strings"
	"unicode"
)

// Clean makes words from outside (directory, CA, certificate, card) fit for a
// terminal: invalid UTF-8, control and format characters (escape sequences,
// bidirectional overrides) become "�".
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
