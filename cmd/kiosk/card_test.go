package main

import (
	"crypto/x509"
	"encoding/json"
	"io"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"

	"cardkiosk/engine"
	reasons "cardkiosk/engine/ca/wire"
	"cardkiosk/engine/sim"
)

// printed is what something prints on standard output.
func printed(t *testing.T, do func() error) (said string, err error) {
	t.Helper()
	read, write, perr := os.Pipe()
	if perr != nil {
		t.Fatal(perr)
	}
	all := make(chan string)
	go func() {
		text, _ := io.ReadAll(read)
		all <- string(text)
	}()
	stdout := os.Stdout
	os.Stdout = write
	defer func() { os.Stdout = stdout }()
	err = do()
	_ = write.Close()
	said = <-all
	_ = read.Close()
	return said, err
}

// cardOf is a command about a card.
func cardOf(serial string) oneCard { return oneCard{Card: serial} }

// card has a command do its work in the lobby, and expects it to succeed.
func (l *lobby) card(t *testing.T, cmd oneCard, do func() error, says ...string) string {
	t.Helper()
	said, err := printed(t, do)
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd.Card, err, said)
	}
	for _, text := range says {
		if !strings.Contains(said, text) {
			t.Errorf("it does not say %q, but\n%s", text, said)
		}
	}
	return said
}

// withHolds has the authentication certificate go on hold while its card is
// disabled, and the VPN certificate stay when it is unassigned.
func (l *lobby) withHolds() {
	today := l.desk.PolicyOf
	l.desk.PolicyOf = func(u engine.User) (engine.Policy, error) {
		p, err := today(u)
		p.Templates = slices.Clone(p.Templates)
		for i := range p.Templates {
			p.Templates[i].HoldWhenDisabled = p.Templates[i].Place == "9a"
		}
		return p, err
	}
}

// listed are the reasons on the CA's revocation list for the certificates of a
// record, by template; "" for one that is not on it.
func (l *lobby) listed(t *testing.T, r engine.Record) map[string]engine.RevokeReason {
	t.Helper()
	crl, err := l.world.CRL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	why := map[string]engine.RevokeReason{}
	for _, m := range slices.Concat(r.Managed, r.Former) {
		serial, _ := new(big.Int).SetString(m.Serial, 16)
		at := slices.IndexFunc(crl.RevokedCertificateEntries, func(e x509.RevocationListEntry) bool { return e.SerialNumber.Cmp(serial) == 0 })
		if why[m.Template] = ""; at >= 0 {
			why[m.Template] = reasons.ReasonOf(crl.RevokedCertificateEntries[at].ReasonCode)
		}
	}
	return why
}

func (l *lobby) record(t *testing.T, id engine.CardID) engine.Record {
	t.Helper()
	r, _, err := l.desk.Ledger.Card(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A card's whole life beside the update, from the command line: disabled, its
// certificate is on hold in the CA's list; enabled, it is not; revoked, all of them
// are in the list with the reason; cleaned, the card is blank, and somebody else
// gets it.
func TestCardLife(t *testing.T) {
	l := openLobby(t)
	l.withHolds()
	chip := l.withChip(t, sim.Options{})
	const id, number = engine.CardID("yubikey-712233"), "0071 2233"
	one := cardOf(number)
	before := l.record(t, id)

	show := cardShowCmd{one}
	l.card(t, one, func() error { return one.find(t.Context(), l.parts, show.show) },
		"Card 0071 2233", ": issued", "Ada Lovelace (alovelace)", "9A Authentication")

	disable := cardDisableCmd{one, false}
	said, err := printed(t, func() error { return one.find(t.Context(), l.parts, disable.do) })
	if exitCode(err) != exitUsage || !strings.Contains(said, "Card 0071 2233 is issued, and will be disabled") || !strings.Contains(said, "goes on hold") {
		t.Errorf("without --yes: %v\n%s", err, said)
	}
	if got := l.record(t, id); got.State != engine.StateIssued {
		t.Fatalf("without --yes the card is %s", got.State)
	}
	disable.Yes = true
	l.card(t, one, func() error { return one.find(t.Context(), l.parts, disable.do) }, "The card is disabled")
	if got := l.listed(t, before); got["Authentication"] != engine.CertificateHold || got["Signing"] != "" {
		t.Errorf("disabled, the CA lists %v", got)
	}
	if err := (updateCmd{User: "alovelace", Yes: true, PINFile: pinFile(t, testPIN)}).update(t.Context(), l.parts); exitCode(err) != exitRefused {
		t.Errorf("a disabled card is updated: %v", err)
	}

	enable := cardEnableCmd{one, true}
	l.card(t, one, func() error { return one.find(t.Context(), l.parts, enable.do) }, "is released from hold", "The card is enabled")
	l.released(t, before)

	revoke := cardRevokeCmd{one, "lost", false, true}
	l.card(t, one, func() error { return one.find(t.Context(), l.parts, revoke.do) },
		"Card 0071 2233 is issued, and will be revoked (lost)", "is revoked: key compromised", "The card is revoked")
	for template, why := range l.listed(t, before) {
		if why != engine.KeyCompromise {
			t.Errorf("revoked, the CA lists %s as %q", template, why)
		}
	}

	clean := cardCleanCmd{one, true}
	l.card(t, one, func() error { return one.find(t.Context(), l.parts, clean.do) }, "9A Authentication", "customer 4711", "The card is clean")
	state := chip.State()
	if string(state.PIN.Value) != "123456\xff\xff" || len(state.Keys) != 1 || l.record(t, id).State != engine.StateClean {
		t.Errorf("cleaned, the card has %d keys, and is %s", len(state.Keys), l.record(t, id).State)
	}

	update := updateCmd{User: "zvdberg", Card: number, Assign: true, Yes: true, PINFile: pinFile(t, "482913")}
	l.card(t, one, func() error { return update.update(t.Context(), l.parts) })
	if got := l.record(t, id); got.State != engine.StateIssued || got.User.Logon != "zvdberg" {
		t.Errorf("the card is %s, of %s", got.State, got.User.Logon)
	}
}

// released expects that the CA's list has the certificate no more, and that no
// errand is left.
func (l *lobby) released(t *testing.T, r engine.Record) {
	t.Helper()
	for template, why := range l.listed(t, r) {
		if why != "" {
			t.Errorf("enabled, the CA lists %s as %q", template, why)
		}
	}
	waiting, givenUp, err := l.desk.Errands.CountErrands(t.Context(), l.clock.Now().AddDate(0, 0, -1))
	if waiting != 0 || givenUp != 0 || err != nil {
		t.Errorf("enabled, %d errands wait, and %d were given up (%v)", waiting, givenUp, err)
	}
}

// A card that is unassigned is emptied and nobody's; what is not ours stays on it.
// Called again after an interruption, it goes on.
func TestCardUnassign(t *testing.T) {
	l := openLobby(t)
	const id = engine.CardID("yubikey-712233")
	commands, cutAt := 0, 0
	chip := l.withChip(t, sim.Options{Power: func(c sim.Command) sim.Cut {
		if c.Changes && c.Header[1] == 0xf6 { // a key goes
			if commands++; commands == cutAt {
				return sim.CutAfter
			}
		}
		return sim.Stay
	}})
	one := cardOf("712233")
	before := l.record(t, id)
	cmd := cardUnassignCmd{oneCard: one}
	if said, err := printed(t, func() error { return one.find(t.Context(), l.parts, cmd.do) }); exitCode(err) != exitUsage || !strings.Contains(said, "the card is taken from its user") {
		t.Errorf("without --yes: %v\n%s", err, said)
	}
	cmd.Yes = true
	if _, err := printed(t, func() error { return one.find(t.Context(), l.parts, cmd.do) }); exitCode(err) != exitUsage || !strings.Contains(err.Error(), "--pin-file") {
		t.Errorf("without --pin-file: %v", err)
	}
	cmd.PINFile = pinFile(t, testPIN)
	cutAt = 2
	if said, err := printed(t, func() error { return one.find(t.Context(), l.parts, cmd.do) }); exitCode(err) != exitCard {
		t.Errorf("cut short: %v\n%s", err, said)
	}
	l.clock.turn(leaseOver)
	l.readers.Remove(0)
	if err := l.readers.Insert(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	l.card(t, one, func() error { return one.find(t.Context(), l.parts, cmd.do) }, "has not ended", "The card is nobody's now")
	got := l.record(t, id)
	if got.State != engine.StateClean || got.User.ID != "" || len(got.Managed) != 0 || len(got.PUK) == 0 {
		t.Errorf("the record is %+v", got)
	}
	for template, why := range l.listed(t, before) {
		if why != engine.CessationOfOperation {
			t.Errorf("the CA lists %s as %q", template, why)
		}
	}
	if keys := chip.State().Keys; len(keys) != 2 { // the bank's, and the one for attestations
		t.Errorf("the card has %d keys", len(keys))
	}
}

// leaseOver is later than a station that has gone silent keeps a card.
const leaseOver = 60e9

// What cannot be is refused in words, and changes nothing.
func TestCardMisuse(t *testing.T) {
	l := openLobby(t)
	const id = engine.CardID("yubikey-712233")
	before := l.record(t, id)
	for name, c := range map[string]struct {
		one  oneCard
		do   func(one oneCard) error
		code int
		says string
	}{
		"no such card": {cardOf("1"), func(one oneCard) error {
			return one.find(t.Context(), l.parts, cardDisableCmd{one, true}.do)
		}, exitUsage, "no card of this number"},
		"enable of an issued card": {cardOf("712233"), func(one oneCard) error {
			return one.find(t.Context(), l.parts, cardEnableCmd{one, true}.do)
		}, exitRefused, "a card that is issued cannot be enabled"},
		"clean of an issued card": {cardOf("712233"), func(one oneCard) error {
			return one.find(t.Context(), l.parts, cardCleanCmd{one, true}.do)
		}, exitRefused, "a card that is issued cannot be cleaned"},
		"lost, but kept": {cardOf("712233"), func(one oneCard) error {
			return one.find(t.Context(), l.parts, cardRevokeCmd{one, "lost", true, true}.do)
		}, exitUsage, "always revoked"},
		"clean of a card that is nowhere": {cardOf("712236"), func(one oneCard) error {
			return one.find(t.Context(), l.parts, cardCleanCmd{one, true}.do)
		}, exitCard, "put it in"},
	} {
		_, err := printed(t, func() error { return c.do(c.one) })
		if exitCode(err) != c.code || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: exit code %d, %v", name, exitCode(err), err)
		}
	}
	if after := l.record(t, id); after.Version != before.Version {
		t.Errorf("the record is %+v", after)
	}
	if _, err := parserAnywhere(t).Parse([]string{"card", "revoke", "--card", "1", "--reason", "bored"}); err == nil || !strings.Contains(err.Error(), "compromised") {
		t.Errorf("--reason bored: %v", err)
	}
}

// With --json there are two objects: what would happen, and the card as it is then.
func TestCardJSON(t *testing.T) {
	l := openLobby(t)
	l.withHolds()
	one := oneCard{Card: "712233", JSON: true}
	said := l.card(t, one, func() error { return one.find(t.Context(), l.parts, cardDisableCmd{one, true}.do) })
	dec := json.NewDecoder(strings.NewReader(said))
	var turn struct {
		Event, From, To string
		Certificates    []lotShown
	}
	var card cardShown
	if err := dec.Decode(&turn); err != nil {
		t.Fatal(err)
	}
	if err := dec.Decode(&card); err != nil {
		t.Fatal(err)
	}
	if turn.Event != "disabled" || turn.From != "issued" || turn.To != "disabled" || turn.Certificates[0].Deed != engine.LotHold {
		t.Errorf("the first object is %+v", turn)
	}
	if card.State != "disabled" || card.User.Logon != "alovelace" || !card.Certificates[0].Held {
		t.Errorf("the second object is %+v", card)
	}
}
