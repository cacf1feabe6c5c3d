package main

import (
	"strings"
	"testing"

	"cardkiosk/engine/config"
	"cardkiosk/engine/mail"
	"cardkiosk/engine/words"
)

// What an administrator sets of names reaches the part it is for.
func TestAdaptersGetNames(t *testing.T) {
	if got := directoryConfig(config.Directory{ServerName: "dc.corp.example"}).ServerName; got != "dc.corp.example" {
		t.Errorf("the directory's certificate has to be for %q", got)
	}
	got := mailConfig(config.Mail{
		Server: "192.0.2.1:587", TLS: config.MailStartTLS, From: "a@corp.example",
		ServerName: "mail.corp.example", HelloName: "lobby-1.corp.example", ReplyTo: "b@corp.example", Language: config.German,
	})
	want := mail.Config{
		Server: "192.0.2.1:587", TLS: mail.StartTLS, From: "a@corp.example",
		ServerName: "mail.corp.example", HelloName: "lobby-1.corp.example", ReplyTo: "b@corp.example", Language: "de",
	}
	if got != want {
		t.Errorf("the mail server is %+v", got)
	}
}

// The configuration knows the languages there are words in, no more and no less.
func TestLanguagesOfTheConfiguration(t *testing.T) {
	var known []string
	for _, l := range config.Languages() {
		known = append(known, string(l))
	}
	if got := strings.Join(known, ", "); got != words.Codes() {
		t.Errorf("the configuration knows %s, and there are %s", got, words.Codes())
	}
}
