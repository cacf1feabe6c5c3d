package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
	"cardkiosk/engine/store"
	"cardkiosk/engine/walk"
)

// bookkeeper notes what is written to the audit with a record.
type bookkeeper struct {
	engine.Ledger
	rows []engine.AuditRow
}

func (b *bookkeeper) Assign(ctx context.Context, r engine.Record, a engine.AuditRow) error {
	err := b.Ledger.Assign(ctx, r, a)
	if err == nil {
		b.rows = append(b.rows, a)
	}
	return err
}

// forgetful is a kiosk that comes to the demo world when its cards are there
// already: it has no record of any.
func forgetful(t testing.TB) (*lobby, *bookkeeper, *spiedAudit) {
	t.Helper()
	l := openLobby(t)
	kept, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "new.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = kept.Close() })
	books, audit := &bookkeeper{Ledger: kept}, &spiedAudit{}
	l.desk.Ledger, l.desk.Journal, l.desk.Outbox, l.desk.Audit = books, kept, kept, audit
	l.desk.Texts, l.desk.Errands, l.desk.People = kept, kept, kept
	return l, books, audit
}

// clerk answers kiosk adopt. Where it waits for a card, the next move is made
// and nothing is typed; after the last one the input ends.
type clerk struct {
	moves   []func()
	answers []string
}

func (c *clerk) Line(ctx context.Context, at walk.Stage) (string, error) {
	if at == walk.ConnectCard && len(c.moves) > 0 {
		move := c.moves[0]
		c.moves = c.moves[1:]
		move()
		<-ctx.Done()
		return "", io.EOF
	}
	if at == walk.ConnectCard || len(c.answers) == 0 {
		return "", io.EOF
	}
	first := c.answers[0]
	c.answers = c.answers[1:]
	return first, nil
}

func (c *clerk) Secret(context.Context, walk.Stage) ([]byte, error) { return nil, io.EOF }

func (l *lobby) adopt(t *testing.T, cmd adoptCmd, c *clerk) (said string, err error) {
	t.Helper()
	var out bytes.Buffer
	err = newAdopting(cmd, l.parts, c, &out).run(t.Context())
	return out.String(), err
}

// codeOf is the exit code of a command that ended with this.
func codeOf(err error) int {
	if err == nil {
		return exitDone
	}
	return exitCode(err)
}

func saysAll(t *testing.T, said string, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		if !strings.Contains(said, w) {
			t.Errorf("%q was not said; only\n%s", w, said)
		}
	}
}

func states(chips []*sim.Card) (all []sim.State) {
	for _, c := range chips {
		all = append(all, c.State())
	}
	return all
}

// Cards that were issued before are found in their readers, their users by
// their certificates, and everything goes into the records as it is; on the
// cards nothing changes. What cannot be taken over is said and passed by.
func TestAdopt(t *testing.T) {
	l, books, _ := forgetful(t)
	before := states(l.world.Chips())
	said, err := l.adopt(t, adoptCmd{Yes: true}, &clerk{})
	if exitCode(err) != exitRefused {
		t.Errorf("an empty card was passed by with %v", err)
	}
	saysAll(t, said,
		"Card 0071 2233 in Demo reader 1\n  Card 0071 2233 (YubiKey 5.7.1) becomes Ada Lovelace's card, as it is.\n",
		"        9A Authentication, until 1 Dec 2026, by Corp Issuing CA\n",
		"        84 VPN, until", "83 Ada Lovelace, customer 4711, until", "Taken over: it is Ada Lovelace's card.",
		"Card 0071 2234 in Demo reader 2\n  It is empty", "it is Adam Šimečka's card.", "Taken over: 2. Not taken over: 1.",
	)
	if !reflect.DeepEqual(states(l.world.Chips()), before) {
		t.Error("a card has changed")
	}
	ada := userNamed(t, l.desk, "alovelace")
	records, err := l.desk.Ledger.CardsOf(t.Context(), ada.ID)
	if err != nil || len(records) != 1 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	r := records[0]
	var managed []string
	for _, m := range r.Managed {
		managed = append(managed, fmt.Sprint(m.Template, " ", m.Place, " ", m.CA))
	}
	if want := []string{"Authentication 9a Corp Issuing CA", "Signing 9c Corp Issuing CA", "VPN 84 Corp Issuing CA"}; !slices.Equal(managed, want) || r.State != engine.StateIssued {
		t.Errorf("managed are %v, the card is %s", managed, r.State)
	}
	if len(r.Tracked) != 1 || r.Tracked[0].Place != "83" || !r.Tracked[0].Ignored {
		t.Errorf("noted as third-party: %+v", r.Tracked)
	}
	if len(books.rows) != 2 || books.rows[0].Act != "adopt card" || books.rows[0].User != ada.ID || books.rows[0].Card != r.Card.ID || books.rows[0].Actor != l.actor {
		t.Errorf("the audit has %+v", books.rows)
	}
	said, err = l.adopt(t, adoptCmd{Yes: true}, &clerk{})
	saysAll(t, said, "It is in the records already: Ada Lovelace, issued.", "Taken over: 0. Not taken over: 3.")
	if exitCode(err) != exitRefused || len(books.rows) != 2 {
		t.Errorf("a second time: exit code %d, %v, %d rows", codeOf(err), err, len(books.rows))
	}
}

// A stack of cards: each is put in, looked at and taken out; the same card put
// in again is another card in a row.
func TestAdoptStack(t *testing.T) {
	l, _, _ := forgetful(t)
	for i := range 3 {
		l.readers.Remove(i)
	}
	in := func(i int) func() { return func() { _ = l.readers.Insert(t.Context(), i) } }
	out := func(i int) func() { return func() { l.readers.Remove(i) } }
	c := &clerk{moves: []func(){in(0), out(0), in(2), out(2), in(0), in(3)}}
	said, err := l.adopt(t, adoptCmd{Yes: true}, c)
	if exitCode(err) != exitRefused { // one was adopted before
		t.Error(err)
	}
	saysAll(t, said, "Put in a card.", "Take it out; the next, please.", "Taken over: 3. Not taken over: 1.")
	if n := strings.Count(said, "\nCard 0071 2233 in"); n != 2 {
		t.Errorf("the card that was put in twice was looked at %d times:\n%s", n, said)
	}
}

// Nothing is written before a yes, on a dry run, or for somebody whose card it
// is not; q ends, and without any card that is said.
func TestAdoptAsks(t *testing.T) {
	for _, c := range []struct {
		name    string
		cmd     adoptCmd
		answers []string
		say     string
		code    int
		taken   int
	}{
		{"yes", adoptCmd{}, []string{"what?", "y", "n"}, "Please answer y or n.", exitRefused, 1},
		{"no", adoptCmd{}, []string{"n", "n"}, "Not taken over.\nCard 0071 2234", exitRefused, 0},
		{"quit", adoptCmd{}, []string{"q"}, "Taken over: 0. Not taken over: 1.", exitDone, 0},
		{"the input ends", adoptCmd{}, nil, "Not taken over.", exitDone, 0},
		{"dry run", adoptCmd{DryRun: true, Yes: true}, nil, "Cards looked at: 3. No record was changed.", exitRefused, 0},
		{"one reader", adoptCmd{Yes: true, Reader: "reader 3"}, nil, "Taken over: 1. Not taken over: 0.", exitDone, 1},
		{"no such reader", adoptCmd{Yes: true, Reader: "Omnikey"}, nil, "", exitUsage, 0},
		{"several readers", adoptCmd{Yes: true, Reader: "Demo"}, nil, "", exitUsage, 0},
		{"an empty reader", adoptCmd{Yes: true, Reader: "Demo reader 4"}, nil, "Put in a card.", exitCard, 0},
		{"their card", adoptCmd{Yes: true, User: "alovelace", Reader: "reader 1"}, nil, "Taken over: 1.", exitDone, 1},
		{"not their card", adoptCmd{Yes: true, User: "zvdberg", Reader: "reader 1"}, nil, "Nothing on it was issued to Zoë van der Berg by a CA of policy Staff.", exitRefused, 0},
		{"whose is which", adoptCmd{Yes: true, User: "alovelace"}, nil, "", exitUsage, 0},
		{"nobody", adoptCmd{Yes: true, User: "nobody", Reader: "reader 1"}, nil, "nobody", exitServer, 0},
	} {
		l, books, _ := forgetful(t)
		said, err := l.adopt(t, c.cmd, &clerk{answers: c.answers})
		if codeOf(err) != c.code || !strings.Contains(said, c.say) || len(books.rows) != c.taken {
			t.Errorf("%s: exit code %d, %v, %d taken over; said\n%s", c.name, codeOf(err), err, len(books.rows), said)
		}
	}
}

// Who cannot be told from the certificates is asked for, and never guessed.
func TestAdoptWhose(t *testing.T) {
	namesakes := []engine.User{
		{ID: "1", Name: "Ada Lovelace", Logon: "ada1", DN: "uid=ada1,dc=corp"}, {ID: "2", Name: "Ada Lovelace", Logon: "ada2", DN: "uid=ada2,dc=corp"},
	}
	for _, c := range []struct {
		name    string
		users   []engine.User
		cmd     adoptCmd
		answers []string
		say     string
		code    int
		owner   engine.UserID
	}{
		{"the second", namesakes, adoptCmd{}, []string{"3", "2", "y"}, "2. Ada Lovelace, ada2, uid=ada2,dc=corp", exitDone, "2"},
		{"skipped", namesakes, adoptCmd{}, []string{"s"}, "Not taken over.", exitDone, ""},
		{"without questions", namesakes, adoptCmd{Yes: true}, nil, "Several users have the name", exitUsage, ""},
		{"nobody", nil, adoptCmd{}, nil, "Nobody in the directory", exitServer, ""},
		{"a disabled account", []engine.User{{ID: "1", Name: "Ada Lovelace", Disabled: true}}, adoptCmd{Yes: true}, nil, "!", exitRefused, ""},
	} {
		l, books, _ := forgetful(t)
		c.cmd.Reader = "Demo reader 1"
		l.desk.Directory = &listedUsers{users: c.users}
		said, err := l.adopt(t, c.cmd, &clerk{answers: c.answers})
		var owner engine.UserID
		if len(books.rows) == 1 {
			owner = books.rows[0].User
		}
		if codeOf(err) != c.code || !strings.Contains(said, c.say) || owner != c.owner {
			t.Errorf("%s: exit code %d, %v; it is %q's; said\n%s", c.name, codeOf(err), err, owner, said)
		}
	}
}

// A card that is somebody's is not taken over, whatever was proposed before; the
// audit tells of the refusal. One that is clean is.
func TestAdoptRefused(t *testing.T) {
	l, _, audit := forgetful(t)
	ada := userNamed(t, l.desk, "alovelace")
	c, err := l.desk.Connect(t.Context(), tester, "Demo reader 1")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	proposal, err := l.desk.ProposeAdoption(t.Context(), tester, c, ada)
	if err != nil {
		t.Fatal(err)
	}
	stranger := engine.Actor{Who: "mallory", Station: "desk-1", Mode: engine.SelfService}
	if _, err := l.desk.Adopt(t.Context(), stranger, c, proposal); !engine.Is(err, engine.Forbidden) {
		t.Errorf("by somebody who may not: %v", err)
	}
	for _, state := range []engine.State{engine.StateAssigned, engine.StateIssued, engine.StatePending, engine.StateDisabled, engine.StateRevoked} {
		c.Record = engine.Record{Card: c.Contents.Identity, State: state}
		if _, err := l.desk.ProposeAdoption(t.Context(), tester, c, ada); !engine.Is(err, engine.WrongState) {
			t.Errorf("proposed for a card that is %s: %v", state, err)
		}
		if _, err := l.desk.Adopt(t.Context(), tester, c, proposal); !engine.Is(err, engine.WrongState) {
			t.Errorf("taken over although %s: %v", state, err)
		}
	}
	c.Record = engine.Record{}
	if _, err := l.desk.Adopt(t.Context(), tester, c, engine.Adoption{User: ada, ThirdParty: proposal.ThirdParty}); !engine.Is(err, engine.WrongState) {
		t.Errorf("with nothing that is ours: %v", err)
	}
	refused := 0
	for _, row := range audit.rows {
		if row.Act == "adopt card" && row.Result != "done" && row.Card == c.Contents.Identity.ID && row.User == ada.ID {
			refused++
		}
	}
	if refused != 7 {
		t.Errorf("the audit has %d refusals of 7: %+v", refused, audit.rows)
	}
	clean := engine.Record{Card: c.Contents.Identity, State: engine.StateClean}
	if err := l.desk.Ledger.Assign(t.Context(), clean, engine.AuditRow{At: l.desk.Now(), Actor: tester, Act: "test", Result: "done"}); err != nil {
		t.Fatal(err)
	}
	if c.Record, _, err = l.desk.Ledger.Card(t.Context(), clean.Card.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := l.desk.Adopt(t.Context(), tester, c, proposal); err != nil {
		t.Errorf("a clean card: %v", err)
	}
	if _, err := l.desk.Adopt(t.Context(), tester, c, proposal); !engine.Is(err, engine.Overtaken) {
		t.Errorf("somebody was faster: %v", err)
	}
}

// An adopted card is a card like others: what is due is renewed, signed with the
// key that was there before, and what is not due stays, byte for byte.
func TestAdoptedCardIsRenewed(t *testing.T) {
	l, _, _ := forgetful(t)
	chip := l.world.Chips()[0]
	if said, err := l.adopt(t, adoptCmd{Yes: true, Reader: "reader 1"}, &clerk{}); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	before := chip.State()
	profile, err := l.desk.Profile(t.Context(), tester, userNamed(t, l.desk, "alovelace").ID)
	if err != nil || len(profile.Cards) != 1 {
		t.Fatalf("%+v, %v", profile, err)
	}
	reasons := slices.DeleteFunc(profile.Cards[0].Reasons, func(r engine.Reason) bool {
		_, optional := r.(engine.OptionalAvailable)
		return optional
	})
	if len(reasons) != 1 || !reflect.DeepEqual(reasons[0].(engine.Expires).Template, "Authentication") {
		t.Errorf("due because %+v", reasons)
	}
	cmd := updateCmd{User: "alovelace", Yes: true, PINFile: pinFile(t, testPIN)}
	if err := cmd.update(t.Context(), l.parts); err != nil {
		t.Fatal(err)
	}
	after := chip.State()
	for slot, renewed := range map[sim.Slot]bool{0x9a: true, 0x9c: false, 0x84: false, 0x83: false} {
		same := bytes.Equal(before.Objects[slot.Certificate()], after.Objects[slot.Certificate()])
		if same == renewed {
			t.Errorf("%02x: unchanged is %v", byte(slot), same)
		}
	}
	profile, err = l.desk.Profile(t.Context(), tester, profile.User.ID)
	if err != nil || engine.Due(profile.Cards[0].Reasons) || profile.Cards[0].Record.Policy != "Staff" {
		t.Errorf("after the update: %+v, %v", profile.Cards, err)
	}
}

// A card that is not empty and in no record: its certificates say whom to look
// for, and what of it is theirs can be taken over in the walk.
func TestFramesOfAnAdoption(t *testing.T) {
	l, books, _ := forgetful(t)
	before := l.world.Chips()[0].State()
	s := l.sitDown(t)
	s.press("f2")
	s.sees("Which card?", "nobody's yet")
	s.press("enter")
	s.golden("adopt-01-unknown-card", s.sees("A card nobody is known to have", "Its certificates name Ada Lovelace"))
	s.press("enter")
	s.golden("adopt-02-found", s.sees("alovelace", "1 found"))
	s.press("enter")
	s.sees("No card yet")
	s.press("enter")
	s.sees("Which card?", "nobody's yet")
	s.press("enter")
	s.golden("adopt-03-proposal", s.sees("Take this card over?", "Managed from now on"))
	s.press("right", "right", "enter")
	s.sees("No card yet")
	s.press("enter")
	s.sees("Which card?", "nobody's yet")
	s.press("enter")
	s.sees("Take this card over?", "Take over")
	s.press("enter")
	s.golden("adopt-04-taken-over", s.sees("The card was taken over", "Due because", "in reader Demo reader 1"))
	if !reflect.DeepEqual(l.world.Chips()[0].State(), before) || len(books.rows) != 1 || books.rows[0].Act != "adopt card" {
		t.Errorf("the card has changed, or the audit has %+v", books.rows)
	}
}

// A card with nothing of the user's is assigned as an empty one is. Where the CA
// does not say what it issued, that is told, and the way back is in focus.
func TestFramesOfNoAdoption(t *testing.T) {
	l, books, _ := forgetful(t)
	ca := &muteCA{CA: l.desk.CAs["Corp Issuing CA"]}
	l.desk.CAs["Corp Issuing CA"] = ca
	s := l.sitDown(t)
	toAssign := func(logon, name string) {
		t.Helper()
		s.opens(logon, name)
		s.sees("Assign a card")
		s.press("enter")
		s.sees("Which card?", "nobody's yet")
		s.press("enter")
	}
	toAssign("zvdberg", "Zoë van der Berg")
	s.golden("adopt-05-not-theirs", s.sees("Assign this card?", "counts as third-party"))
	s.press("esc")
	s.sees("Assign a card")
	s.press("esc")
	s.sees("Who is it?")
	ca.mute.Store(true)
	for range "zvdberg" {
		s.press("backspace")
	}
	toAssign("alovelace", "Ada Lovelace")
	s.golden("adopt-06-ca-away", s.sees("Assign this card?", "better try again"))
	ca.mute.Store(false)
	s.press("f5")
	s.sees("Take this card over?")
	s.press("right", "enter")
	s.sees("The card was assigned.")
	if len(books.rows) != 1 || books.rows[0].Act != "assign card" {
		t.Errorf("the audit has %+v", books.rows)
	}
}

// muteCA does not always say under whom it issues.
type muteCA struct {
	engine.CA
	mute atomic.Bool
}

func (c *muteCA) Issuers(ctx context.Context) ([][]byte, error) {
	if !c.mute.Load() {
		return c.CA.Issuers(ctx)
	}
	return nil, &engine.Error{Op: "read issuers", Kind: engine.CAAway, Subject: "Corp Issuing CA", Err: errors.New("no route")}
}

// The same as lines: taken over, only assigned, or left as it is.
func TestPlainAdoption(t *testing.T) {
	for answer, want := range map[string]string{"1": "adopt card", "2": "assign card", "3": "", "b": ""} {
		l, books, _ := forgetful(t)
		var out bytes.Buffer
		input := &script{lines: []string{"ada love", "1", "1", "1", answer, "q"}, err: io.EOF}
		if result, err := l.walkPlain(t, input, &out); err != nil || result != nil {
			t.Errorf("%s: ended with %v, %v", answer, result, err)
		}
		saysAll(t, out.String(), "== Take this card over?", "Managed from now on, by policy Staff", "1. Take over", "2. Assign only", "3. Back")
		if want == "" && len(books.rows) > 0 || want != "" && (len(books.rows) != 1 || books.rows[0].Act != want) {
			t.Errorf("%s: the audit has %+v", answer, books.rows)
		}
	}
}
