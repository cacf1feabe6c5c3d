package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cardkiosk/engine"
)

// A command line that cannot be carried out says what is wrong, where, and what
// to do, and ends with the code of wrong usage.
func TestWrongCommandLines(t *testing.T) {
	folder := t.TempDir()
	open := filepath.Join(folder, "open-pin")
	write(t, open, "135792\n")
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		say  []string
	}{
		{[]string{"updte"}, []string{`there is no command "updte", did you mean "update"?`, "Try: kiosk --help"}},
		{[]string{"xyzzy"}, []string{`there is no command "xyzzy". Commands: demo, update, adopt, roles, policy, due, card, worker, mail, puk, audit, config, softcard, ca, agent, tasks`}},
		{[]string{"--nonsense"}, []string{"unknown flag --nonsense", "Try: kiosk --help"}},
		{[]string{"update"}, []string{"missing flags: --user=USER", "Try: kiosk update --help"}},
		{[]string{"ca", "serv"}, []string{"serv", `"serve"`, "Try: kiosk ca --help"}},
		{[]string{"update", "--user", "ada", "--yes"}, []string{"--yes needs --pin-file FILE"}},
		{[]string{"update", "--user", "ada", "--yes", "--pin-file", folder + "/none"}, []string{"none", "no such file", "--pin-file wants"}},
		{[]string{"update", "--user", "ada", "--yes", "--pin-file", folder}, []string{"it is a folder"}},
		{[]string{"update", "--user", "ada", "--yes", "--pin-file", open}, []string{"everybody on this machine may read", "chmod o= " + open}},
		{[]string{"update", "--user", "ada", "--config", folder + "/none.toml"}, []string{"none.toml", "does not exist", "make one of the sample"}},
	} {
		cmd := exec.Command(kioskProgram(t), c.args...)
		cmd.Dir = folder
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
			t.Fatal(err)
		}
		if code := cmd.ProcessState.ExitCode(); code != exitUsage {
			t.Errorf("%v: exit code %d", c.args, code)
		}
		for _, want := range c.say {
			if !strings.Contains(said.String(), want) {
				t.Errorf("%v: %q is not in\n%s", c.args, want, &said)
			}
		}
	}
}

// Names that are not known are answered with those that are; a directory that
// is away is not mistaken for one that lacks the user.
func TestWrongNames(t *testing.T) {
	l := openLobby(t)
	for _, c := range []struct {
		cmd  updateCmd
		kind engine.Kind
		say  string
	}{
		{updateCmd{User: "alovelace", Card: "4711"}, engine.BadInput, "the user's cards are"},
		{updateCmd{User: "asimecka"}, engine.BadInput, "with --card"},
		{updateCmd{User: "alovelace", Template: []string{"Mial"}}, engine.BadInput, `it has "Mail encryption", "VPN"`},
		{updateCmd{User: "alovelace", Track: []string{"ff"}}, engine.BadInput, "or 'all'"},
		{updateCmd{User: "alov"}, engine.UserUnknown, "the whole of it is wanted"},
		{updateCmd{User: "zvdberg"}, engine.WrongState, "--assign --card SERIAL"},
		{updateCmd{User: "asimecka", Card: "712236"}, engine.CardGone, "put it in"},
	} {
		err := c.cmd.update(t.Context(), l.parts)
		if !engine.Is(err, c.kind) || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%+v: %v, and not %q", c.cmd, err, c.say)
		}
	}
	if err := l.world.Directory.Close(); err != nil {
		t.Fatal(err)
	}
	if err := (updateCmd{User: "alovelace"}).update(t.Context(), l.parts); !engine.Is(err, engine.DirectoryAway) {
		t.Errorf("with the directory away: %v", err)
	}
}
