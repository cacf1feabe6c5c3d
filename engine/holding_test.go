package engine

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"slices"
	"testing"
	"time"
)

// lobbyWorld is a self-service kiosk with an issued card of three certificates
// before it. It notes what its CA is asked for, and what becomes of the PIN.
type lobbyWorld struct {
	*world
	asks  []string
	tries int
	signs []Place
	rows  []AuditRow
}

func openLobbyWorld() *lobbyWorld {
	logon, mail := modelTemplate("Logon", "9a", DigitalSignature), mailer()
	door := modelTemplate("Door", "9e", DigitalSignature)
	door.Key.PIN = PINNever
	l := &lobbyWorld{world: issuedWorld(movesKeys, logon, mail, door), tries: 3}
	l.policy.Users = UserOptions{Update: true}
	l.desk.CAs["corp"] = askedCA{modelCA{l.world}, l}
	l.desk.Readers = lobbyReaders{modelReaders{l.world}, l}
	l.desk.Audit = lobbyAudit{l}
	return l
}

var passerBy = Actor{Station: "lobby 1", Mode: SelfService}

// askedCA notes everything that a CA is asked for but what is revoked.
type askedCA struct {
	modelCA
	lobby *lobbyWorld
}

func (a askedCA) note(what string) { a.lobby.asks = append(a.lobby.asks, what) }

func (a askedCA) Ready(ctx context.Context, profile string, days int) error {
	a.note("ready")
	return a.modelCA.Ready(ctx, profile, days)
}

func (a askedCA) Ask(ctx context.Context, r CARequest) (Answer, error) {
	a.note("ask")
	return a.modelCA.Ask(ctx, r)
}

func (a askedCA) Lookup(ctx context.Context, id string) (Answer, bool, error) {
	a.note("look up")
	return a.modelCA.Lookup(ctx, id)
}

func (a askedCA) Withdraw(ctx context.Context, id string) (Answer, bool, error) {
	a.note("withdraw")
	return a.modelCA.Withdraw(ctx, id)
}

func (a askedCA) Revoke(ctx context.Context, serial string, why RevokeReason) error {
	a.note("revoke")
	return a.modelCA.Revoke(ctx, serial, why)
}

type lobbyReaders struct {
	modelReaders
	lobby *lobbyWorld
}

func (r lobbyReaders) Connect(context.Context, string) (Card, error) {
	return lobbyCard{r.card, r.lobby}, r.look()
}

// lobbyCard counts the tries of its PIN.
type lobbyCard struct {
	*modelCard
	lobby *lobbyWorld
}

func (c lobbyCard) SignOnce(ctx context.Context, pin PIN, at Place, key crypto.PublicKey, digest []byte, hash crypto.Hash) ([]byte, error) {
	c.lobby.signs = append(c.lobby.signs, at)
	if !pin.Same(newPIN()) {
		c.lobby.tries--
		return nil, &Error{Op: "check PIN", Kind: WrongPIN, TriesLeft: c.lobby.tries}
	}
	return c.modelCard.SignOnce(ctx, pin, at, key, digest, hash)
}

type lobbyAudit struct{ lobby *lobbyWorld }

func (a lobbyAudit) Write(_ context.Context, row AuditRow) error {
	a.lobby.rows = append(a.lobby.rows, row)
	return nil
}

// proves puts the card in and has it prove its holder.
func (l *lobbyWorld) proves(t *testing.T, pin PIN) (*Connected, Actor, User, error) {
	t.Helper()
	c, err := l.desk.Connect(t.Context(), passerBy, "reader")
	if err != nil {
		t.Fatal(err)
	}
	actor, user, err := l.desk.ProveHolder(t.Context(), passerBy, c, pin)
	return c, actor, user, err
}

// Whoever has the card and knows its PIN is its user, as far as the policy permits.
func TestProveHolder(t *testing.T) {
	l := openLobbyWorld()
	c, holder, user, err := l.proves(t, newPIN())
	if err != nil {
		t.Fatal(err)
	}
	want := Actor{Who: "alovelace", Station: "lobby 1", Mode: SelfService, User: ada.ID, How: ByHolding}
	if holder != want || user.ID != ada.ID || user.Name != ada.Name {
		t.Errorf("proven: %+v, %+v", holder, user)
	}
	if !slices.Equal(l.signs, []Place{"9a"}) {
		t.Errorf("signed by %v: 9D is for encryption, 9E wants no PIN", l.signs)
	}
	if row := l.rows[len(l.rows)-1]; row.Act != "prove holder" || row.Result != "done" || row.Actor != want || row.Card != l.id.ID {
		t.Errorf("audit: %+v", row)
	}
	if _, err := l.desk.Propose(t.Context(), holder, c, user, Selection{}); err != nil {
		t.Errorf("plan: %v", err)
	}
	if _, err := l.desk.View(t.Context(), holder, c, &user); err != nil {
		t.Errorf("view: %v", err)
	}
}

// A key that wants no finger goes before one that does.
func TestProveHolderWithoutAFinger(t *testing.T) {
	l := openLobbyWorld()
	key := l.card.keys["9a"]
	key.Touch = TouchAlways
	l.card.keys["9a"] = key
	second := signer()
	l.record.Managed = append(l.record.Managed, l.grant(second, "9c", isValid))
	if _, _, _, err := l.proves(t, newPIN()); err != nil || !slices.Equal(l.signs, []Place{"9c"}) {
		t.Errorf("signed by %v: %v", l.signs, err)
	}
}

// Without a proof nothing is asked of the CA, and no try of the PIN is spent: an
// operator has to help, and is told why.
func TestUnprovenAsksNothing(t *testing.T) {
	first := func(l *lobbyWorld) *Managed { return &l.record.Managed[0] }
	for name, c := range map[string]struct {
		spoil func(*lobbyWorld)
		fault CardFault
	}{
		"nobody's":   {func(l *lobbyWorld) { l.record = nil }, HolderUnknown},
		"not issued": {func(l *lobbyWorld) { l.record.State, l.record.Managed = StateAssigned, nil }, NoCertificate},
		"no certificate recorded": {func(l *lobbyWorld) {
			l.record.Managed = nil
		}, NoCertificate},
		"for encryption or without a PIN only": {func(l *lobbyWorld) { l.record.Managed = l.record.Managed[1:] }, CertificateUnfit},
		"without a PIN only":                   {func(l *lobbyWorld) { l.record.Managed = l.record.Managed[2:] }, CertificateUnfit},
		"common only": {func(l *lobbyWorld) {
			l.record.Managed = l.record.Managed[:1]
			first(l).Common = true
		}, NoCertificate},
		"not on the card": {func(l *lobbyWorld) { delete(l.card.objects, "9a"); l.record.Managed = l.record.Managed[:1] }, NoCertificate},
		"another certificate in its place": {func(l *lobbyWorld) {
			l.record.Managed = l.record.Managed[:1]
			l.grant(modelTemplate("Logon", "9a", DigitalSignature), "9a", isValid)
		}, NoCertificate},
		"a foreign key in its place": {func(l *lobbyWorld) {
			key := newKey(P256)
			l.card.keys["9a"] = modelKey{Key{KeySpec: anyKey(), Public: spkiOf(key)}, key}
		}, KeyUnproven},
		"another key recorded": {func(l *lobbyWorld) { first(l).Public = spkiOf(newKey(P256)) }, KeyUnproven},
		"expired":              {func(l *lobbyWorld) { l.now = first(l).NotAfter }, CertificateEnded},
		"not valid yet":        {func(l *lobbyWorld) { l.now = first(l).NotBefore.Add(-time.Second) }, CertificateEarly},
		"revoked":              {func(l *lobbyWorld) { l.revoke(*first(l), KeyCompromise) }, CertificateRevoked},
		"superseded":           {func(l *lobbyWorld) { l.revoke(*first(l), Superseded) }, CertificateRevoked},
		"on hold":              {func(l *lobbyWorld) { l.revoke(*first(l), CertificateHold) }, CertificateOnHold},
		"CA silent":            {func(l *lobbyWorld) { l.down = true }, RevocationUnknown},
		"CA unknown":           {func(l *lobbyWorld) { first(l).CA = "former" }, RevocationUnknown},
		"account gone": {func(l *lobbyWorld) {
			l.desk.Directory = lostDirectory{modelDirectory{l.world}, &Error{Op: "read user", Kind: UserUnknown}}
		}, HolderUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			l := openLobbyWorld()
			c.spoil(l)
			card, actor, _, err := l.proves(t, newPIN())
			denial := DenialOf(err)
			if !Is(err, Forbidden) || denial == nil || denial.Why != NotProven || !errors.Is(err, c.fault) {
				t.Errorf("%v; want %q", err, c.fault)
			}
			if len(l.signs) > 0 {
				t.Errorf("the PIN was sent to the card, for %v", l.signs)
			}
			l.isStranger(t, card, actor, err)
		})
	}
}

// A card that signs with another key than it tells of, and all that ends a proof
// otherwise.
func TestProveHolderFails(t *testing.T) {
	wrong := NewPIN([]byte("654321"))
	for name, c := range map[string]struct {
		pin    PIN
		spoil  func(*lobbyWorld)
		kind   Kind
		denied DenialWhy
	}{
		"wrong PIN":        {pin: wrong, kind: WrongPIN},
		"PIN no card has":  {pin: NewPIN([]byte("12")), kind: BadInput},
		"card pulled":      {spoil: func(l *lobbyWorld) { l.card.gone = true }, kind: CardGone},
		"account disabled": {spoil: func(l *lobbyWorld) { l.user.Disabled = true }, kind: Forbidden, denied: AccountDisabled},
		"card disabled":    {spoil: func(l *lobbyWorld) { l.record.State = StateDisabled }, kind: WrongState},
		"card revoked":     {spoil: func(l *lobbyWorld) { l.record.State = StateRevoked }, kind: WrongState},
		"no directory": {spoil: func(l *lobbyWorld) {
			l.desk.Directory = lostDirectory{modelDirectory{l.world}, &Error{Op: "read user", Kind: DirectoryAway}}
		}, kind: DirectoryAway},
		"key lies, and the card does not know": {spoil: func(l *lobbyWorld) {
			key := l.card.keys["9a"]
			key.private = newKey(P256)
			l.card.keys["9a"] = key
		}, kind: Forbidden, denied: NotProven},
	} {
		t.Run(name, func(t *testing.T) {
			l := openLobbyWorld()
			pin := c.pin
			if pin.Len() == 0 {
				pin = newPIN()
			}
			card, err := l.desk.Connect(t.Context(), passerBy, "reader")
			if err != nil {
				t.Fatal(err)
			}
			if c.spoil != nil {
				c.spoil(l)
				card.Record = copied(*l.record)
			}
			actor, _, err := l.desk.ProveHolder(t.Context(), passerBy, card, pin)
			if KindOf(err) != c.kind {
				t.Errorf("%v; want kind %d", err, c.kind)
			}
			if d := DenialOf(err); c.denied != "" && (d == nil || d.Why != c.denied) {
				t.Errorf("%v; want %q", err, c.denied)
			}
			l.isStranger(t, card, actor, err)
		})
	}
	l := openLobbyWorld()
	for left := 2; left >= 1; left-- {
		_, _, _, err := l.proves(t, NewPIN([]byte("654321")))
		var e *Error
		if !errors.As(err, &e) || e.TriesLeft != left {
			t.Errorf("%v; want %d tries left", err, left)
		}
	}
}

// isStranger holds that nothing may be done with the card, and nothing was asked.
func (l *lobbyWorld) isStranger(t *testing.T, c *Connected, actor Actor, err error) {
	t.Helper()
	if actor != passerBy || c.proven {
		t.Errorf("the actor is %+v, proven %v", actor, c.proven)
	}
	if row := l.rows[len(l.rows)-1]; row.Act != "prove holder" || row.Result == "done" || row.Detail != Clean(err.Error()) {
		t.Errorf("audit: %+v", row)
	}
	l.mayNothing(t, c)
	if len(l.asks) > 0 {
		t.Errorf("the CA was asked: %v", l.asks)
	}
}

// mayNothing tries every operation that asks a CA or tells of somebody.
func (l *lobbyWorld) mayNothing(t *testing.T, c *Connected) {
	t.Helper()
	ctx := t.Context()
	for _, who := range []Actor{passerBy, {Who: "alovelace", Station: "lobby 1", Mode: SelfService, User: ada.ID, How: ByHolding}} {
		_, propose := l.desk.Propose(ctx, who, c, l.user, Selection{})
		_, view := l.desk.View(ctx, who, c, &l.user)
		_, update := l.desk.Update(ctx, who, c, Plan{mode: SelfService}, newPIN(), nil)
		_, resume := l.desk.Resume(ctx, who, c, newPIN(), nil)
		_, back := l.desk.TakeBack(ctx, who, c, newPIN(), nil)
		_, cancel := l.desk.CancelUpdate(ctx, who, c, newPIN(), nil)
		_, end := l.desk.EndRejected(ctx, who, c, newPIN(), nil)
		_, empty := l.desk.UnassignIssued(ctx, who, c, Plan{}, newPIN(), nil)
		_, find := l.desk.Find(ctx, who, "ada")
		check := l.desk.CheckPIN(ctx, who, c, newPIN())
		for name, err := range map[string]error{
			"propose": propose, "view": view, "update": update, "resume": resume, "take back": back, "cancel": cancel,
			"end": end, "empty": empty, "find": find, "check PIN": check,
		} {
			if !Is(err, Forbidden) {
				t.Errorf("%s by %q: %v", name, who.Who, err)
			}
		}
	}
}

// Somebody who only stands before the kiosk is not told whose the card is.
func TestPassersByLearnNothing(t *testing.T) {
	l := openLobbyWorld()
	views, err := l.desk.LookAtReaders(t.Context(), passerBy, nil)
	if err != nil || len(views) != 1 || views[0].Card == nil || views[0].State != StateIssued {
		t.Fatalf("%+v, %v", views, err)
	}
	if views[0].Owner != (UserRef{}) || views[0].Ready {
		t.Errorf("told: %+v", views[0])
	}
	if _, err := l.desk.Profile(t.Context(), passerBy, ada.ID); !Is(err, Forbidden) {
		t.Errorf("profile: %v", err)
	}
	c, err := l.desk.Connect(t.Context(), passerBy, "reader")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.desk.View(t.Context(), passerBy, c, nil); !Is(err, Forbidden) {
		t.Errorf("view: %v", err)
	}
	if len(l.asks) > 0 {
		t.Errorf("the CA was asked: %v", l.asks)
	}
}

// The holder of one card has no say in another's.
func TestHolderOfAnotherCard(t *testing.T) {
	l := openLobbyWorld()
	_, holder, _, err := l.proves(t, newPIN())
	if err != nil {
		t.Fatal(err)
	}
	l.record.User = UserRef{ID: "u2", Name: "Grace", Logon: "grace"}
	if _, err := l.desk.Connect(t.Context(), holder, "reader"); DenialOf(err) == nil || DenialOf(err).Why != NotOwnCard {
		t.Errorf("connect: %v", err)
	}
}

// A card of which nobody knows when its key wants the PIN goes by the policy under
// which the key was made.
func TestPINPolicyOfCardsThatDoNotTell(t *testing.T) {
	for policy, proves := range map[PINPolicy]bool{PINOnce: true, PINAlways: true, PINNever: false, "": false} {
		logon := modelTemplate("Logon", "9a", DigitalSignature)
		logon.Key.PIN = policy
		l := openLobbyWorld()
		l.card.can.ShowKeys, l.card.can.Policies = false, nil
		l.policy = Policy{Name: "Staff", Templates: []Template{logon}}
		l.write(l.policy, l.grant(logon, "9a", isValid))
		if _, _, _, err := l.proves(t, newPIN()); (err == nil) != proves {
			t.Errorf("%q: %v", policy, err)
		}
	}
}

type lostDirectory struct {
	modelDirectory
	why error
}

func (d lostDirectory) User(context.Context, UserID) (User, error) { return User{}, d.why }

// A certificate that says nothing of its usages may sign.
func TestForSigning(t *testing.T) {
	for usage, want := range map[x509.KeyUsage]bool{
		0: true, x509.KeyUsageDigitalSignature: true, x509.KeyUsageContentCommitment: true,
		x509.KeyUsageKeyAgreement: false, x509.KeyUsageKeyEncipherment | x509.KeyUsageDigitalSignature: true,
	} {
		if forSigning(&x509.Certificate{KeyUsage: usage}) != want {
			t.Errorf("usage %b", usage)
		}
	}
}

// A holder whose account is disabled after the card has shown whose it is can go on
// with nothing.
func TestHolderIsDisabledMeanwhile(t *testing.T) {
	l := openLobbyWorld()
	c, holder, _, err := l.proves(t, newPIN())
	if err != nil {
		t.Fatal(err)
	}
	l.desk.Standing = func(context.Context, UserID) (Standing, error) { return Standing{Disabled: true}, nil }
	_, err = l.desk.Propose(t.Context(), holder, c, l.user, Selection{})
	if denial := DenialOf(err); denial == nil || denial.Why != AccountDisabled {
		t.Errorf("%v", err)
	}
	if l.desk.Permitted(t.Context(), holder, l.user.ID, &c.Record).Denied(UpdateCard) == nil {
		t.Error("the page offers it")
	}
}

// Each tick of a template plans anew: neither for its holder nor for an operator of one
// policy is the directory asked for it.
func TestPlansAskNoDirectory(t *testing.T) {
	l := openLobbyWorld()
	c, holder, user, err := l.proves(t, newPIN())
	if err != nil {
		t.Fatal(err)
	}
	local := Actor{Who: "ines", Station: "desk 1", Mode: Operator}
	l.desk.Roles = []Role{{Name: "local", Privileges: []Privilege{UpdateCard}, Users: []string{"ines"}, Policies: []string{l.policy.Name}}}
	asked := &fickleDirectory{err: errors.New("it was asked")}
	l.desk.Directory = asked
	for _, actor := range []Actor{holder, local} {
		if _, err := l.desk.Propose(t.Context(), actor, c, user, Selection{}); err != nil || asked.asked > 0 {
			t.Errorf("%s: %v, asked %d times", actor.Mode, err, asked.asked)
		}
	}
}
