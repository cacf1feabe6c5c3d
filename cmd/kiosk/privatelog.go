package main

import (
	"log/slog"
	"regexp"
)

// A log names nobody: it is read by many, copied, and kept for long. It has the ids
// of users, cards, runs and letters, with which whoever may look them up does. What
// servers say in their errors has names and addresses in it, which are masked.

// logOptions are the options of every log the program writes.
func logOptions(level slog.Leveler) *slog.HandlerOptions {
	return &slog.HandlerOptions{Level: level, ReplaceAttr: masked}
}

func masked(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(impersonal(v))
	case error:
		a.Value = slog.StringValue(impersonal(v.Error()))
	}
	return a
}

var (
	// RFC 5322, 3.4.1, as far as addresses are really used, and names as Windows logs
	// them on with.
	addressIn = regexp.MustCompile(`[^\s<>()\[\],;:="'@\\]+@([\pL\pN-]+(?:\.[\pL\pN-]+)*)`)
	// RFC 4514, and filters (RFC 4515): attributes that say what a person is called.
	nameIn = regexp.MustCompile(`(?i)\b(cn|sn|surname|gn|givenname|displayname|name|mail|e|emailaddress|userprincipalname)(~?=)(?:\\.|[^\\,+;()"])+`)
)

// impersonal masks what people are called in a text.
func impersonal(text string) string {
	return addressIn.ReplaceAllString(nameIn.ReplaceAllString(text, "${1}${2}…"), "…@$1")
}
