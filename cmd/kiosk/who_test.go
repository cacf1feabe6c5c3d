package main

import (
	"io"
	"strings"
	"testing"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine"
	"cardkiosk/ui"
)

// By lines too one says who one is; each answer is asked for anew, and what is secret
// is never said back.
func TestSignInByLines(t *testing.T) {
	l := openLobby(t)
	var out strings.Builder
	actor, err := l.askLines(t.Context(), &out, &script{lines: []string{"iokafor", "wrong-word", "", "b", demo.Operator, demo.OperatorPassword}, err: io.EOF}, ui.Given{})
	if err != nil || actor.Who != demo.Operator || actor.How != engine.ByPassword || l.name != "Ines Okafor" {
		t.Errorf("%+v, %q, %v", actor, l.name, err)
	}
	golden(t, "plain/sign-in.golden", out.String())
	if strings.Contains(out.String(), "wrong-word") || strings.Contains(out.String(), demo.OperatorPassword) {
		t.Errorf("a password was said:\n%s", out.String())
	}
	if _, err := l.askLines(t.Context(), io.Discard, &script{lines: []string{"q"}, err: io.EOF}, ui.Given{}); !engine.Is(err, engine.Stopped) {
		t.Errorf("whoever leaves gets %v", err)
	}
}

// A command is given by whom the system vouches for. Where that does not count, and
// there is nobody to ask, it is refused with what to do.
func TestWhoGivesACommand(t *testing.T) {
	l := openLobby(t)
	l.actor.Who, l.account = "", "ines"
	if err := l.identify(t.Context()); err != nil || l.actor.Who != "ines" || l.actor.How != engine.ByAccount {
		t.Errorf("by account: %+v, %v", l.actor, err)
	}
	l.actor, l.signIn.Mode = engine.Actor{Station: l.actor.Station, Mode: engine.SelfService}, engine.SelfService
	if err := l.identify(t.Context()); err != nil || l.actor.Mode != engine.Operator {
		t.Errorf("in self-service: %+v, %v", l.actor, err)
	}
	l.actor.Who, l.signIn.Ways = "", []engine.SignedIn{engine.ByPassword}
	err := l.identify(t.Context())
	if !engine.Is(err, engine.SignInShut) || !strings.Contains(err.Error(), "sign_in.methods") || l.actor.Who != "" {
		t.Errorf("without a terminal: %+v, %v", l.actor, err)
	}
}

// In lines too what one may not do is there, with the reason, and choosing it does
// nothing.
func TestPlainSaysWhatOneMayNot(t *testing.T) {
	l := openLobby(t)
	l.desk.Roles = []engine.Role{{Name: "Helpers", Privileges: []engine.Privilege{engine.FindUsers, engine.ViewCard}, Users: []string{"ines"}}}
	var out strings.Builder
	if result, err := l.walkPlain(t, &script{lines: []string{"ada love", "1", "1"}, err: io.EOF}, &out); result != nil {
		t.Errorf("%v, %v", result, err)
	}
	said := out.String()
	for _, want := range []string{"1. Update card (not allowed: None of your roles lets you do that.)", "! You may not do that"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q was not said:\n%s", want, said)
		}
	}
	if strings.Contains(said, "Which reader") || strings.Contains(said, "certificates?") {
		t.Errorf("it was gone on with:\n%s", said)
	}
}
