package demo

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/sim"
)

// Card is one of the world's cards.
type Card struct {
	Story  string // which part it plays; words say it
	Serial uint32
	PIN    string // given away on the screen; "" while the card has the factory's
	owner  string // logon name; "" for a card nobody has
	tries  int    // of the PIN, when the world is ready
	bank   bool   // carries a third-party certificate
	vpn    bool   // carries the optional VPN certificate
	days   int    // until its authentication certificate ends
	in     bool   // lies in a reader when the world is ready
	waits  bool   // the update that renews it waits for the CA's officer
	policy string // under which it was written; "": its owner's
	card   *sim.Card
}

// ID is how the kiosk knows the card.
func (c *Card) ID() engine.CardID { return engine.CardID(fmt.Sprintf("yubikey-%d", c.Serial)) }

// Owner is the logon name of the card's user; "" for a card nobody has.
func (c *Card) Owner() string { return c.owner }

// deck are the cards of the world.
func deck() []*Card {
	return []*Card{
		{Story: "due", Serial: 712233, PIN: "135792", owner: "alovelace", tries: 3, bank: true, vpn: true, days: 9, in: true},
		{Story: "blank", Serial: 712234, in: true},
		{Story: "two tries", Serial: 712235, PIN: "246813", owner: "asimecka", tries: 2, days: 20, in: true},
		{Story: "second", Serial: 712236, PIN: "918273", owner: "asimecka", tries: 3, days: 400},
		{Story: "moved", Serial: 712237, PIN: "864209", owner: "sosullivan", tries: 3, vpn: true, days: 400, policy: "Staff"},
		{Story: "waits", Serial: 712238, PIN: "624815", owner: "ghopper", tries: 3, days: 21, waits: true},
	}
}

// firmware is that of all cards.
var firmware = sim.Firmware{Major: 5, Minor: 7, Patch: 1}

// make makes the card as it leaves the factory.
func (c *Card) make(now time.Time) error {
	state, err := sim.Factory(firmware, c.Serial, now, rand.Reader)
	if err == nil {
		c.card, err = sim.New(state, sim.Options{})
	}
	if err != nil {
		return fmt.Errorf("make card %d: %w", c.Serial, err)
	}
	return nil
}

// age gives a card that was issued the rest of its past: PIN tries that were
// spent, a certificate of a bank.
func (c *Card) age(now time.Time) error {
	state := c.card.State()
	state.PIN.Left = c.tries
	if c.bank {
		key, certificate, err := bankCertificate(now)
		if err != nil {
			return err
		}
		state.Keys[bankSlot] = key
		state.Objects[bankSlot.Certificate()] = sim.CertificateObject(certificate)
	}
	var err error
	if c.card, err = sim.New(state, sim.Options{}); err != nil {
		return fmt.Errorf("age card %d: %w", c.Serial, err)
	}
	return nil
}

// bankSlot is a retired slot, where other systems put what is theirs.
const bankSlot sim.Slot = 0x83

func bankCertificate(now time.Time) (sim.Key, []byte, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return sim.Key{}, nil, fmt.Errorf("make the bank's key: %w", err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "Ada Lovelace, customer 4711", Organization: []string{"Bank of Example"}},
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(0, 7, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	issuer := *tmpl
	issuer.Subject = pkix.Name{CommonName: "Bank of Example CA"}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, &issuer, &private.PublicKey, private)
	if err != nil {
		return sim.Key{}, nil, fmt.Errorf("make the bank's certificate: %w", err)
	}
	key, err := sim.NewKey(private, true, sim.PINOnce, sim.TouchNever)
	return key, der, err
}
