package main

import (
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine"
	"cardkiosk/engine/pcsc"
	"cardkiosk/engine/pcsc/sandbox"
	"cardkiosk/engine/piv"
	"cardkiosk/engine/sim"
)

// throughPcscd puts the lobby's cards into the virtual readers of a pcscd.
func (l *lobby) throughPcscd(t *testing.T, cards ...*sim.Card) (*sandbox.Daemon, *demo.Sockets) {
	t.Helper()
	daemon := sandbox.Pcscd(t, len(cards))
	readers := pcsc.New(l.log)
	t.Cleanup(func() {
		if err := readers.Close(); err != nil {
			t.Errorf("close readers: %v", err)
		}
	})
	l.desk.Readers.(*demoReaders).Readers = &realReaders{pcsc: readers, ignore: func(string) bool { return false }}
	tray := demo.NewSockets(daemon.Readers, cards)
	t.Cleanup(func() { _ = tray.Close() })
	for i := range cards {
		if err := tray.Insert(t.Context(), i); err != nil {
			t.Fatal(err)
		}
	}
	return daemon, tray
}

// pcscd killed and started again in the middle of the walk: the screen says so,
// nothing is lost, and the walk goes on.
func TestPcscdKilledMidWalk(t *testing.T) {
	l := openLobby(t)
	daemon, tray := l.throughPcscd(t, l.world.Chips()[:2]...)
	s := l.sitDown(t)
	l.toConfirm(s)
	daemon.Kill()
	s.sees("The card was taken out", "Nothing was changed")
	l.clock.rest()
	s.press("enter")
	s.sees("No card reader service")
	tray.Remove(0)
	if err := daemon.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := tray.Insert(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	s.sees("Which certificates?") // the card that was meant is taken by itself
	s.press("enter")
	s.sees("3 tries left.")
	s.types("135792")
	s.press("enter")
	s.sees("Other certificates")
	s.press("enter")
	s.sees("This is what will happen")
	s.press("left", "enter")
	s.sees("Card updated")
}

// A card pulled through pcscd in the middle of a run, and put in again.
func TestPulledThroughPcscd(t *testing.T) {
	l := openLobby(t)
	var tray *demo.Sockets
	pulled := false
	chip := chipOf(t, l.world.Chips()[0].State(), sim.Options{Power: func(c sim.Command) sim.Cut {
		if c.Header[1] == 0xf6 && !pulled { // before the first key is moved
			pulled = true
			return sim.CutBefore
		}
		return sim.Stay
	}})
	_, tray = l.throughPcscd(t, chip)
	s := l.sitDown(t)
	l.toConfirm(s)
	s.press("enter")
	s.sees("The card was taken out", "can be continued")
	tray.Remove(0)
	l.clock.rest()
	s.press("enter")
	s.sees("An update was begun", "not in a reader")
	if err := tray.Insert(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	continues(s)
	s.sees("Card updated")
}

// icamObjects are the files of a test card and the objects they fill (SP
// 800-73-4 part 1, table 3).
var icamObjects = []struct {
	file        string
	object      sim.Object
	certificate bool
}{
	{"1 - Discovery Object", 0x7e, false},
	{"2 - Security Object", 0x5fc106, false},
	{"3 - ICAM_PIV_Auth_SP_800-73-4.crt", 0x5fc105, true},
	{"4 - ICAM_PIV_Dig_Sig_SP_800-73-4.crt", 0x5fc10a, true},
	{"5 - ICAM_PIV_Key_Mgmt_SP_800-73-4.crt", 0x5fc10b, true},
	{"6 - ICAM_PIV_Card_Auth_SP_800-73-4.crt", 0x5fc101, true},
	{"7 - CCC", 0x5fc107, false},
	{"8 - CHUID Object", 0x5fc102, false},
	{"9 - Fingerprints", 0x5fc103, false},
	{"10 - Face Object", 0x5fc108, false},
	{"11 - Printed Information", 0x5fc109, false},
}

// The public PIV test cards, golden and defective: loaded into a software card,
// the profile page lists their certificates as third-party, and other programs
// list the same.
func TestICAMCards(t *testing.T) {
	folder := os.Getenv("ICAM_CARDS")
	if folder == "" {
		t.Skip("set ICAM_CARDS to a folder with GSA's ICAM test cards (github.com/GSA/gsa-icam-card-builder, cards/)")
	}
	needs(t, "yubico-piv-tool", "pkcs15-tool")
	cards, err := filepath.Glob(filepath.Join(folder, "[0-9]*"))
	if err != nil || len(cards) == 0 {
		t.Fatalf("no cards in %s: %v", folder, err)
	}
	l := openLobby(t)
	for i, card := range cards {
		t.Run(filepath.Base(card), func(t *testing.T) {
			chip, want := icamChip(t, card, uint32(800000+i))
			l.throughPcscd(t, chip)
			s := l.sitDown(t)
			s.press("f2")
			s.sees("Which card?", "YubiKey 5.7.1")
			s.press("enter")
			frame := s.sees("A card nobody is known to have", "On the card")
			for place, subject := range want {
				line := regexp.MustCompile(`(third-party)? +` + strings.ToUpper(string(place)) + ` +` + regexp.QuoteMeta(firstOf(subject, 12)))
				if !line.MatchString(frame) {
					t.Errorf("the page does not list %s %q:\n%s", place, subject, frame)
				}
			}
			if !strings.Contains(frame, "third-party 9A") {
				t.Errorf("the certificates are not third-party:\n%s", frame)
			}
			others(t, chip, want)
			if i == 0 {
				s.golden("icam-golden-card", frame)
			}
		})
	}
}

func firstOf(s string, n int) string {
	r := []rune(s)
	return string(r[:min(n, len(r))])
}

// icamChip is a software card with a test card's objects, and what the page is
// to list.
func icamChip(t *testing.T, folder string, serial uint32) (*sim.Card, map[engine.Place]string) {
	t.Helper()
	state := newChip(t, serial).State()
	state.Memory = 1 << 20
	places := map[sim.Object]engine.Place{0x5fc105: "9a", 0x5fc10a: "9c", 0x5fc10b: "9d", 0x5fc101: "9e"}
	want := map[engine.Place]string{}
	for _, o := range icamObjects {
		content, err := os.ReadFile(filepath.Join(folder, o.file))
		if os.IsNotExist(err) || len(content) == 0 {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if o.certificate {
			if block, _ := pem.Decode(content); block != nil {
				content = block.Bytes
			}
			want[places[o.object]] = "unreadable"
			if c, err := engine.ParseCertificate(content); err == nil {
				want[places[o.object]] = c.Subject
			}
			content = sim.CertificateObject(content)
		}
		if o.object == 0x7e { // this file has its tag
			if len(content) < 3 {
				continue
			}
			content = content[2:]
		}
		state.Objects[o.object] = content
	}
	return chipOf(t, state, sim.Options{}), want
}

// others has other programs list the card's certificates.
func others(t *testing.T, chip *sim.Card, want map[engine.Place]string) {
	t.Helper()
	for place := range want {
		out, err := exec.Command("yubico-piv-tool", "-r", "Virtual", "-a", "read-certificate", "-K", "DER", "-s", string(place)).Output()
		object, perr := piv.ParseCertificateObject(chip.State().Objects[slotOf(place).Certificate()])
		if perr != nil {
			t.Errorf("%s: %v", place, perr)
			continue
		}
		// yubico-piv-tool writes what it can parse; a certificate it refuses is not written
		if err == nil && string(out) != string(object.DER) {
			t.Errorf("%s: yubico-piv-tool reads other bytes", place)
		}
		if err != nil && want[place] != "unreadable" {
			t.Errorf("%s: yubico-piv-tool reads nothing where we read %q: %v", place, want[place], err)
		}
	}
	out, err := exec.Command("pkcs15-tool", "-c").CombinedOutput()
	if err != nil || strings.Count(string(out), "X.509 Certificate") != len(want) {
		t.Errorf("pkcs15-tool lists %d certificates, the page %d: %v\n%s", strings.Count(string(out), "X.509 Certificate"), len(want), err, out)
	}
}
