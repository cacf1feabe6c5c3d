package store_test

import (
	"strings"
	"time"

	"cardkiosk/engine"
)

// firstJournal has every verb, every kind of note and every field of plan
// format 1 in it. The run before it, of another card, has ended and left a
// letter.
func firstJournal() (engine.Record, engine.Run, engine.Letter) {
	at := func(s int) time.Time { return noon.Add(time.Duration(s) * time.Second) }
	key := engine.KeySpec{Type: engine.P256, PIN: engine.PINOnce, Touch: engine.TouchCached}
	ask := &engine.Ask{
		CA: "home", Profile: "logon", Subject: []engine.RDN{{Type: "CN", Value: "Jana Nováková"}},
		SAN: []engine.SAN{{Kind: engine.SANUPN, Value: "jana@corp.test"}}, Usage: []engine.KeyUsage{engine.DigitalSignature},
		Extended: []string{"smartcardLogon"}, SID: "S-1-5-21-1-2-3-1104", ValidDays: 365,
	}
	was := engine.Managed{
		Template: "logon", Place: "9a", CA: "home", Request: "q0", Subject: "CN=Jana", Issuer: "CN=CA", Serial: "0a",
		NotBefore: noon.AddDate(-1, 0, 0), NotAfter: noon.AddDate(0, 0, 9), Fingerprint: "f0", Public: []byte("old key"),
	}
	tracked := engine.Tracked{Place: "9c", Subject: "CN=Else", Issuer: "CN=Other", Serial: "0b", NotBefore: noon, NotAfter: noon.AddDate(2, 0, 0), Fingerprint: "f1"}
	record := engine.Record{
		Card: identity("c1"), User: jana, State: engine.StateIssued, Policy: "staff", Managed: []engine.Managed{was},
		Former:  []engine.Managed{{Template: "mail", Place: "82", Fingerprint: "f2"}},
		Tracked: []engine.Tracked{tracked}, PUK: []byte("sealed"), Written: noon.AddDate(-1, 0, 0), Version: 1,
	}
	run := engine.Run{
		ID: "0123456789abcdef0123456789abcdef", Actor: engine.Actor{Who: "olga", Station: "north", Mode: engine.Operator},
		Started: noon, Fence: 2,
		Plan: engine.Plan{
			Format: 1, Card: identity("c1"), User: jana, Policy: "staff", First: true, NewPIN: true, Decided: 3, Tracking: true, PINEntries: 2, Touches: 1,
			Steps: []engine.Step{
				{Verb: engine.ProveCard, Place: "9a", Public: []byte("old key")},
				{Verb: engine.MakeKey, Place: "95", Template: "logon", Key: key},
				{Verb: engine.AskCA, Place: "95", Template: "logon", Ask: ask, Touch: true},
				{Verb: engine.SetPIN},
				{Verb: engine.SetPUK},
				{Verb: engine.BlockPUK},
				{Verb: engine.SetAdminKey},
				{Verb: engine.WriteCHUID},
				{Verb: engine.WriteCapabilities},
				{Verb: engine.MoveKey, From: "9a", Place: "94", Public: []byte("old key")},
				{Verb: engine.WriteCertificate, Place: "82", Template: "mail", Certificate: []byte("old certificate")},
				{Verb: engine.Check, Place: "82", Template: "mail", Encrypts: true},
				{Verb: engine.WriteHistory, Count: 1},
				{Verb: engine.RemoveCertificate, Place: "9e", Template: "door"},
				{Verb: engine.RemoveKey, Place: "9e"},
				{Verb: engine.WriteRecord},
			},
			Expects: []engine.Expect{{Place: "9a", Certificate: "f0", Public: []byte("old key")}, {Place: "9e", Unreadable: true}},
			Goes:    []engine.Loss{{Place: "9e", Title: "door", Why: engine.LostCleared, KeyToo: true, History: true}},
			Comes:   []engine.Gain{{Place: "9a", Template: "logon", CA: "home", How: engine.Staged, Replaces: noon.AddDate(0, 0, 9)}},
			Stays:   []engine.Stay{{Place: "9c", Title: "CN=Else", Group: engine.GroupTracked}},
			Tracks:  []engine.Tracked{tracked}, Setup: []engine.SetupLine{engine.SetupPIN, engine.SetupPUK},
		},
		Notes: []engine.Note{
			{Step: 0, Kind: engine.Begun, At: at(1)},
			{Step: 0, Kind: engine.Done, At: at(2)},
			{Step: 1, Kind: engine.Begun, At: at(2)},
			{Step: 1, Kind: engine.Done, At: at(3), Data: engine.Data{Public: []byte("new key")}},
			{Step: 2, Kind: engine.Begun, At: at(3), Data: engine.Data{Request: "q1"}},
			{Step: 2, Kind: engine.Refused, At: at(4), Data: engine.Data{Words: "nicht für Žofie", Certificate: []byte("not asked for")}},
			{Step: 4, Kind: engine.Begun, At: at(5), Data: engine.Data{Sealed: []byte("sealed")}},
			{Step: 7, Kind: engine.Begun, At: at(6), Data: engine.Data{GUID: strings.Repeat("1b", 16)}},
			{Step: 0, Undo: true, Kind: engine.Begun, At: at(7).Add(123456789)},
		},
	}
	letter := engine.Letter{
		ID: "l1", To: jana.Mail, Created: noon,
		Notice: engine.Notice{
			Event: engine.UpdateDone, User: jana, Card: identity("c0"), Run: "r0", Actor: run.Actor, At: noon, First: true,
			Written: []engine.Managed{was}, Removed: run.Plan.Goes, Kept: run.Plan.Stays,
		},
	}
	return record, run, letter
}
