package words_test

import (
	"reflect"
	"strings"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// No language lacks a word.
func TestNoWordIsMissing(t *testing.T) {
	for _, l := range words.Languages() {
		empty(t, l.Code, reflect.ValueOf(*l.Text))
	}
}

// empty reports every empty string, except those that are empty on purpose: a
// trouble without a subject, and how a certificate comes fresh.
func empty(t *testing.T, path string, v reflect.Value) {
	switch v.Kind() { //nolint:exhaustive // the kinds a Text is made of
	case reflect.String:
		if v.String() == "" && !strings.HasSuffix(path, ".Of") && !strings.HasSuffix(path, ".Hows[fresh]") {
			t.Errorf("%s is empty", path)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			empty(t, path+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case reflect.Map:
		if v.Len() == 0 {
			t.Errorf("%s is empty", path)
		}
		for _, k := range v.MapKeys() {
			empty(t, path+"["+k.String()+"]", v.MapIndex(k))
		}
	case reflect.Array:
		for i := range v.Len() {
			empty(t, path, v.Index(i))
		}
	}
}

// Every value of every closed set has its word in every language.
func TestEveryValueHasAWord(t *testing.T) {
	for _, l := range words.Languages() {
		name, text := l.Code, l.Text
		for _, k := range engine.Kinds() {
			if w := text.Troubles[k]; w.Title == "" || w.Hint == "" {
				t.Errorf("%s: no words for trouble %d", name, k)
			}
		}
		has(t, name, text.Cards, "", engine.StateClean, engine.StateAssigned, engine.StatePending, engine.StateIssued, engine.StateDisabled, engine.StateRevoked)
		has(t, name, text.Groups, engine.GroupManaged, engine.GroupCommon, engine.GroupTracked, engine.GroupThirdParty)
		has(t, name, text.Losses, engine.LostCleared, engine.LostPolicy, engine.LostInPlace, engine.LostExchange, engine.LostStrayKey, engine.LostUnassigned)
		has(t, name, text.Lobby.Faults, engine.CardFaults()...)
		has(t, name, text.Life.Lots, engine.LotDeeds()...)
		has(t, name, text.Life.Reasons, engine.CardRevokeReasons()...)
		has(t, name, text.Life.Deeds, engine.CardUnassigned, engine.CardDisabled, engine.CardEnabled, engine.CardRevoked, engine.CardCleaned)
		has(t, name, text.Life.Done, engine.CardUnassigned, engine.CardDisabled, engine.CardEnabled, engine.CardRevoked, engine.CardCleaned)
		has(t, name, text.Hows, engine.Fresh, engine.SameKey, engine.Staged, engine.InPlace, engine.DecidedFirst)
		has(t, name, text.Revokes, engine.Unspecified, engine.KeyCompromise, engine.CACompromise, engine.AACompromise, engine.AffiliationChanged,
			engine.Superseded, engine.CessationOfOperation, engine.CertificateHold, engine.PrivilegeWithdrawn)
		has(t, name, text.Misfits, engine.MisfitASCII, engine.MisfitPrintable, engine.MisfitLength, engine.MisfitCountry, engine.MisfitAddress, engine.MisfitHost, engine.MisfitURI)
		has(t, name, text.SetUps, engine.SetupPIN, engine.SetupPUK, engine.SetupNoPUK, engine.SetupAdminKey, engine.SetupIdentity)
		has(t, name, text.Losers, engine.Won, engine.LostNoLink, engine.LostPriority, engine.LostGroup, engine.LostContainer, engine.LostShallow, engine.LostLater)
		for _, fault := range engine.CardFaults() {
			if w := text.SignIn.Faults[fault]; w.Title == "" || w.Hint == "" {
				t.Errorf("%s: no words for a card when %s", name, fault)
			}
		}
		has(t, name, text.Ends, engine.Finished, engine.Partly, engine.TakenBack)
		has(t, name, text.Effects, engine.NothingChanged, engine.CanContinue, engine.CleanAgain)
		has(t, name, text.Steps, engine.Verbs()...)
		has(t, name, text.Officer.States, engine.RequestPending, engine.RequestApproved, engine.RequestIssued, engine.RequestRejected, engine.RequestWithdrawn)
		has(t, name, text.Officer.Piles, engine.RequestPending, engine.RequestApproved, engine.RequestRejected)
		has(t, name, text.Officer.None, engine.RequestPending, engine.RequestApproved, engine.RequestRejected)
		has(t, name, text.Officer.Counts, engine.RequestPending, engine.RequestApproved, engine.RequestRejected)
		has(t, name, text.Undo, engine.RemoveKey, engine.RemoveCertificate, engine.GiveBack, engine.WriteHistory, engine.WriteRecord)
	}
}

func has[K comparable, V any](t *testing.T, language string, words map[K]V, keys ...K) {
	t.Helper()
	for _, k := range keys {
		if _, ok := words[k]; !ok {
			t.Errorf("%s has no word for %v", language, k)
		}
	}
	if len(words) != len(keys) {
		t.Errorf("%s has %d words of %T, want %d", language, len(words), words, len(keys))
	}
}

// A sentence about trouble never carries what a server sent to a terminal.
func TestTroubleIsClean(t *testing.T) {
	err := &engine.Error{Op: "search", Kind: engine.DirectoryAway, Subject: "ldap\x1b[2J\x07"}
	title := words.English.TitleOf(err)
	if strings.ContainsAny(title, "\x1b\x07") || !strings.Contains(title, "ldap�[2J�") {
		t.Errorf("title is %q", title)
	}
}
