package main

import (
	"strings"
	"testing"
)

// What the CA of these stories decides otherwise than a new one: an officer looks
// at renewals for signing and encryption, and at first certificates for doors.
// Kiosks ask again every second.
var heldRules = []string{
	`retry = "5m"`, `retry = "1s"`,
	"name           = \"signing\"\ndecision       = \"issue\"", "name           = \"signing\"\ndecision       = \"issue\"\nrenewal        = \"hold\"",
	"name           = \"encryption\"\ndecision       = \"issue\"", "name           = \"encryption\"\ndecision       = \"issue\"\nrenewal        = \"hold\"",
	"name           = \"cardauth\"\ndecision       = \"issue\"", "name           = \"cardauth\"\ndecision       = \"hold\"\nrenewal        = \"issue\"",
}

// The stories of updates that wait for an officer: two kiosks on one database, a
// worker beside them, the CA, the directory, the mail server and the readers, all
// of them processes. Each story has a user and a card of its own.
func TestHeldUpdates(t *testing.T) {
	needs(t, "yubico-piv-tool", "pkcs11-tool", "pkcs15-tool", "opensc-tool", "tmux")
	s := openHeld(t)
	for _, story := range []struct {
		name string
		tell func(*heldSite)
	}{
		{"approved", (*heldSite).approved},
		{"rejected", (*heldSite).rejected},
		{"cancelled", (*heldSite).cancelled},
		{"same key", (*heldSite).sameKey},
		{"decided first", (*heldSite).decidedFirst},
		{"first issue", (*heldSite).firstIssue},
		{"revoked meanwhile", (*heldSite).revokedMeanwhile},
	} {
		t.Run(story.name, func(t *testing.T) { story.tell(s.in(t)) })
	}
	s.nothingTwice()
}

// Certificates of the stories, as the policy has them.
var (
	rsaSigning    = strings.Replace(signingTemplate, `key = "p256"`, `key = "rsa2048"`, 1)
	rsaEncryption = strings.NewReplacer(`key = "p256"`, `key = "rsa2048"`, "keyAgreement", "keyEncipherment").Replace(encryptionTemplate)
)

// soon are templates whose certificates end in ten days, and are not due yet.
func soon(templates ...string) string {
	return strings.NewReplacer("valid_days = 730", "valid_days = 10", "renew_days = 30", "renew_days = 9").Replace(strings.Join(templates, ""))
}
