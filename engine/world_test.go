package engine

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"slices"
	"sync"
	"time"
)

// world is everything around one model card: a CA, the store and the journal, in
// memory, and the power that all of them run on. The Desk in it is the real one.
type world struct {
	id   Identity
	card *modelCard
	desk *Desk
	now  time.Time

	policy Policy
	user   User

	record  *Record
	runs    []Run // the latest last
	letters []Letter

	requests []*keptRequest
	audit    []AuditRow // of requests and of how runs ended

	holds    map[string]bool // profiles whose requests are held
	decides  bool            // the CA can decide before there is a key
	keepsAll bool            // it lets nobody withdraw
	down     bool            // it does not answer
	asked    map[string]CARequest
	lookedUp map[string]bool // since it was sent
	grants   map[string]int  // how many certificates a request brought
	faults   []string        // what the CA saw of the kiosk that must not be
	renewals int             // requests that a certificate vouched for
	entry    map[string]bool // fingerprints of what the directory shows of the user
	bound    map[string]bool // the account's altSecurityIdentities
	errands  []Errand
	texts    map[string][]byte
	pfx      map[string]*ecdsa.PrivateKey // fingerprint → key

	answers map[string]Answer // by request id
	revoked []Revocation
	refuses map[string]bool // profiles whose requests are rejected
	issued  int64
	filled  Place // where something did not fit
	life    worldLife
	lease   Lease // the station that is at the card

	deeds int  // what has happened so far
	cut   int  // with which deed the power goes; 0: never
	after bool // … when it has happened
	dark  bool // the power is gone

	meet      int    // with which deed something happens elsewhere; 0: never
	meanwhile func() // … just before it
}

var modelNow = time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)

var errPulled = &Error{Op: "reach the card", Kind: CardGone, Err: errors.New("the card is out")}

var errDark = &Error{Op: "reach the outside", Kind: CardGone, Err: errors.New("the power is gone")}

func newWorld(kind string) *world {
	w := &world{
		id: Identity{ID: "card-1", Serial: "1", Model: kind, GUID: "00"}, now: modelNow, user: ada,
		texts: map[string][]byte{}, pfx: map[string]*ecdsa.PrivateKey{}, answers: map[string]Answer{}, refuses: map[string]bool{},
		holds: map[string]bool{}, asked: map[string]CARequest{}, grants: map[string]int{}, lookedUp: map[string]bool{},
	}
	w.card = &modelCard{
		world: w, can: modelAbilities(kind), keys: map[Place]modelKey{}, objects: map[Place][]byte{}, full: map[Place]bool{},
		pin: Counter{Left: 3, Max: 3}, puk: Counter{Left: 3, Max: 3}, chuid: true, capabilities: true,
		admin: AdminKey{Protected: modelAbilities(kind).SetSecrets},
	}
	w.desk = &Desk{
		Directory: modelDirectory{w}, Readers: modelReaders{w}, CAs: map[string]CA{"corp": modelCA{w}},
		Ledger: modelLedger{w}, Journal: modelJournal{w}, Requests: modelRequests{w}, Audit: silentAudit{}, Vault: modelVault{}, Texts: modelTexts{w},
		Commons: modelCommons{w}, PolicyOf: func(User) (Policy, error) { return w.policy, nil },
		Roles: everything,
		Now:   func() time.Time { return w.now }, Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
	}
	return w
}

// look is asked by everything that only reads.
func (w *world) look() error {
	if w.dark {
		return errDark
	}
	return nil
}

// deed lets something happen, unless the power goes just before; when it goes
// just after, it has happened and nobody knows.
func (w *world) deed(do func() error) error {
	if w.dark {
		return errDark
	}
	w.deeds++
	if w.deeds == w.meet {
		w.meet = 0
		w.meanwhile()
	}
	if w.cut == w.deeds && !w.after {
		w.dark = true
		return errDark
	}
	err := do()
	if w.cut == w.deeds {
		w.dark = true
		return errors.Join(errDark, err)
	}
	return err
}

// light brings the power back, until the deed given.
func (w *world) light(cut int, after bool) { w.dark, w.deeds, w.cut, w.after = false, 0, cut, after }

var actor = Actor{Who: "operator", Station: "desk 1", Mode: Operator}

func (w *world) connect() (*Connected, error) {
	return w.desk.Connect(context.Background(), actor, "reader")
}

// propose plans the update as the walk does.
func (w *world) propose(s Selection) (*Connected, Proposal, error) {
	c, err := w.connect()
	if err != nil {
		return nil, Proposal{}, err
	}
	p, err := w.desk.Propose(context.Background(), actor, c, w.user, s)
	return c, p, err
}

// situation is what the walk sees of the card.
func (w *world) situation() (Situation, error) {
	c, err := w.connect()
	if err != nil {
		return Situation{}, err
	}
	return w.desk.situation(context.Background(), w.user, c.Record, &c.Contents)
}

func newPIN() PIN { return NewPIN([]byte("123456")) }

func (w *world) update(c *Connected, p Plan) (Result, error) {
	return w.desk.Update(context.Background(), actor, c, p, newPIN(), nil)
}

// publish does the errands to the directory that have come up.
func (w *world) publish() {
	for _, e := range w.errands {
		if e.Publication == nil {
			continue
		}
		for _, der := range e.Publication.Add {
			w.entry[Fingerprint(der)] = true
		}
		for _, f := range e.Publication.Prune {
			delete(w.entry, f)
		}
		for _, b := range e.Publication.Bind {
			w.bound[b] = true
		}
		for _, b := range e.Publication.Unbind {
			delete(w.bound, b)
		}
	}
}

// again goes on with an interrupted update, or takes it back.
func (w *world) again(back bool) (Result, error) {
	c, err := w.connect()
	if err != nil {
		return Result{}, err
	}
	if back {
		return w.desk.TakeBack(context.Background(), actor, c, newPIN(), nil)
	}
	return w.desk.Resume(context.Background(), actor, c, newPIN(), nil)
}

func (w *world) open() (Run, bool) {
	if len(w.runs) == 0 || w.runs[len(w.runs)-1].End != "" {
		return Run{}, false
	}
	return w.runs[len(w.runs)-1], true
}

// copied is a value as it comes back from a store that keeps JSON.
func copied[T any](v T) T {
	var back T
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &back)
	}
	if err != nil {
		panic(err)
	}
	return back
}

type modelDirectory struct{ *world }

func (d modelDirectory) Search(string) Hits { return nil }

func (d modelDirectory) User(context.Context, UserID) (User, error) { return d.user, d.look() }

type modelReaders struct{ *world }

func (r modelReaders) List(context.Context) ([]Reader, error) {
	return []Reader{{Name: "reader", Card: true, Visit: 1}}, nil
}

func (r modelReaders) Wait(ctx context.Context, _ []Reader) ([]Reader, error) { return r.List(ctx) }

func (r modelReaders) Connect(context.Context, string) (Card, error) { return r.card, r.look() }

type silentAudit struct{}

func (silentAudit) Write(context.Context, AuditRow) error { return nil }

type modelVault struct{}

func (modelVault) Seal(secret []byte) ([]byte, error) { return []byte("sealed"), nil }

type modelTexts struct{ *world }

func (t modelTexts) KeepPolicy(_ context.Context, hash string, text []byte) error {
	return t.deed(func() error { t.texts[hash] = text; return nil })
}

func (t modelTexts) PolicyText(_ context.Context, hash string) ([]byte, bool, error) {
	text, ok := t.texts[hash]
	return text, ok, t.look()
}

type modelCommons struct{ *world }

func (c modelCommons) Key(_ context.Context, fingerprint string) (KeyMaterial, error) {
	key, ok := c.pfx[fingerprint]
	if !ok {
		return KeyMaterial{}, &Error{Op: "open PFX", Kind: BadInput}
	}
	scalar, err := key.Bytes()
	return KeyMaterial{Type: P256, Scalar: scalar}, errors.Join(err, c.look())
}

type modelLedger struct{ *world }

func (l modelLedger) Card(context.Context, CardID) (Record, bool, error) {
	if l.record == nil {
		return Record{}, false, l.look()
	}
	r := copied(*l.record)
	r.Version = l.record.Version
	return r, true, l.look()
}

func (l modelLedger) CardsOf(ctx context.Context, _ ...UserID) ([]Record, error) {
	r, _, err := l.Card(ctx, "")
	return []Record{r}, err
}

func (l modelLedger) Assign(ctx context.Context, r Record, a AuditRow) error {
	return l.Change(ctx, Change{Record: r, Audit: a})
}

func (l modelLedger) EachDue(context.Context, func(DueFacts) error) error {
	return errors.New("not here")
}

func (l modelLedger) See(_ context.Context, _ CardID, version int64, s Sighting, tracked []Tracked) error {
	if _, open := l.open(); open || l.record == nil || l.record.Version != version {
		return l.look()
	}
	l.record.Seen, l.record.Tracked = s, tracked
	return l.look()
}

func (l modelLedger) Revoked(_ context.Context, _ CardID, version int64, revoked map[string]*Revocation) error {
	if _, open := l.open(); open || l.record == nil || l.record.Version != version {
		return l.look()
	}
	for i, m := range l.record.Managed {
		if is, told := revoked[m.Fingerprint]; told {
			l.record.Managed[i].Revoked = is
		}
	}
	return l.look()
}

type modelJournal struct{ *world }

// leased reports whether another station is at the card.
func (w *world) leased(l Lease) bool {
	return w.lease.Station != "" && w.lease.Station != l.Station && w.lease.Until.After(l.Now)
}

func (j modelJournal) Begin(_ context.Context, r Run, l Lease) (int64, error) {
	return 1, j.deed(func() error {
		if _, open := j.open(); open {
			return &Error{Op: "begin", Kind: Unfinished}
		}
		if j.leased(l) {
			return &Error{Op: "begin", Kind: InWork}
		}
		r = copied(r)
		r.Fence = 1
		j.runs, j.lease = append(j.runs, r), l
		return nil
	})
}

func (j modelJournal) Take(_ context.Context, id RunID, l Lease) (run Run, err error) {
	err = j.deed(func() error {
		var open bool
		if run, open = j.open(); !open || run.ID != id {
			return &Error{Op: "take run", Kind: Overtaken}
		}
		if j.leased(l) {
			return &Error{Op: "take run", Kind: InWork}
		}
		run.Fence++
		j.runs[len(j.runs)-1].Fence, j.lease = run.Fence, l
		return nil
	})
	return run, err
}

func (j modelJournal) Note(_ context.Context, id RunID, lease Lease, notes []Note, end RunEnd, c *Closing) error {
	return j.deed(func() error {
		err := j.write(id, lease, notes, end)
		if err == nil && c != nil {
			j.audit = append(j.audit, c.Audit)
			j.send(c.Letters)
		}
		return err
	})
}

func (j modelJournal) Rest(_ context.Context, id RunID, lease Lease, o Outcome) error {
	return j.deed(func() error {
		err := j.outcome(id, lease, o)
		if err == nil {
			j.lease = Lease{}
		}
		return err
	})
}

func (j modelJournal) write(id RunID, lease Lease, notes []Note, end RunEnd) error {
	run := &j.runs[len(j.runs)-1]
	if run.ID != id || run.Fence != lease.Fence || run.End != "" {
		return &Error{Op: "note", Kind: Overtaken}
	}
	run.Notes = append(slices.Clone(run.Notes), copied(notes)...)
	run.End = end
	j.lease = lease
	if end != "" {
		j.lease = Lease{}
	}
	return nil
}

func (j modelJournal) Record(_ context.Context, id RunID, lease Lease, o Outcome) error {
	return j.deed(func() error { return j.outcome(id, lease, o) })
}

func (j modelJournal) outcome(id RunID, lease Lease, o Outcome) error {
	if o.Record.Version != j.record.Version {
		return &Error{Op: "record outcome", Kind: Overtaken}
	}
	if err := j.write(id, lease, o.Notes, o.End); err != nil {
		return err
	}
	r := copied(o.Record)
	r.Version = j.record.Version + 1
	j.record = &r
	j.errands = append(j.errands, o.Errands...)
	j.audit = append(append(j.audit, o.Audit), o.Also...)
	j.send(o.Letters)
	j.keep(o.Requests)
	return nil
}

func (j modelJournal) Runs(context.Context, CardID) ([]Run, error) {
	runs := slices.Clone(j.runs)
	slices.Reverse(runs)
	return runs, j.look()
}

func (a modelCA) Revoke(_ context.Context, serial string, why RevokeReason) error {
	if err := a.reach(); err != nil {
		return err
	}
	return a.deed(func() error {
		if revocationOf(a.revoked, serial) == nil {
			a.revoked = append(a.revoked, Revocation{Serial: serial, At: a.now, Reason: why})
		}
		return nil
	})
}

func (a modelCA) Revoked(context.Context) ([]Revocation, error) { return a.revoked, a.reach() }

func (a modelCA) Former() [][]byte { return nil }

func (a modelCA) Release(_ context.Context, serial string) error { return a.release(serial) }

func (a modelCA) Issuers(context.Context) ([][]byte, error) {
	_, root := modelRoot()
	return [][]byte{root.Raw}, a.reach()
}

// modelRoot is the CA's own key and certificate.
var modelRoot = sync.OnceValues(func() (*ecdsa.PrivateKey, *x509.Certificate) {
	key := newKey(P256)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Model CA"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: modelNow.AddDate(-10, 0, 0), NotAfter: modelNow.AddDate(10, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return key, root
})

func (w *world) sign(tmpl *x509.Certificate, public any) []byte {
	key, root := modelRoot()
	tmpl.SerialNumber = w.serial()
	der, err := x509.CreateCertificate(rand.Reader, tmpl, root, public, key)
	if err != nil {
		panic(err)
	}
	return der
}

// life is where in its life a certificate on the card is to be.
type life string

const (
	isValid    life = "valid"
	isExpiring life = "expiring"
	isExpired  life = "expired"
)

// span is the validity of a certificate in such a life, for a window of 30 days.
func (l life) span() (from, to time.Time) {
	left := map[life]int{isValid: 300, isExpiring: 10, isExpired: -10}[l]
	to = modelNow.AddDate(0, 0, left)
	return to.AddDate(0, 0, -365), to
}

// grant lays a template's certificate and its key on the card, as an update a
// while ago would have, and returns what the record is to say of it.
func (w *world) grant(t Template, at Place, l life) Managed {
	m := Managed{Template: t.Name, Place: at, Common: t.Common()}
	var der []byte
	if t.Common() {
		der = t.PFX.Certificate
		key := w.pfx[Fingerprint(der)]
		w.card.keys[at] = modelKey{Key{KeySpec: t.Key, Public: spkiOf(key), Imported: true}, key}
	} else {
		key := newKey(t.Key.Type)
		w.card.keys[at] = modelKey{Key{KeySpec: t.Key, Public: spkiOf(key)}, key}
		der = w.certificate(t, key, l)
		m.CA, m.Request, m.KeyMade = t.CA, "before", modelNow.AddDate(0, 0, -200)
		for _, name := range t.Tracked {
			if m.Attributes == nil {
				m.Attributes = map[string]string{}
			}
			m.Attributes[name] = w.user.attribute(name)
		}
	}
	w.card.objects[at] = der
	c, err := ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	m.Subject, m.Issuer, m.Serial = c.Subject, c.Issuer, c.Serial
	m.NotBefore, m.NotAfter, m.Fingerprint, m.Public = c.NotBefore, c.NotAfter, c.Fingerprint, c.Public
	return m
}

func (w *world) certificate(t Template, key *ecdsa.PrivateKey, l life) []byte {
	tmpl := &x509.Certificate{Subject: pkix.Name{CommonName: "Ada Lovelace"}}
	tmpl.NotBefore, tmpl.NotAfter = l.span()
	for _, u := range t.Usage {
		tmpl.KeyUsage |= map[KeyUsage]x509.KeyUsage{
			DigitalSignature: x509.KeyUsageDigitalSignature, ContentCommitment: x509.KeyUsageContentCommitment,
			KeyEncipherment: x509.KeyUsageKeyEncipherment, KeyAgreement: x509.KeyUsageKeyAgreement,
		}[u]
	}
	return w.sign(tmpl, &key.PublicKey)
}

// intrude lays a certificate from elsewhere on the card, with its key.
func (w *world) intrude(at Place) []byte {
	key := newKey(P256)
	w.card.keys[at] = modelKey{Key{KeySpec: anyKey(), Public: spkiOf(key), Imported: true}, key}
	w.card.objects[at] = w.certificate(Template{Usage: []KeyUsage{DigitalSignature, KeyAgreement}}, key, isValid)
	return w.card.objects[at]
}

// newPFX makes a common certificate.
func (w *world) newPFX(usage ...KeyUsage) *PFX {
	key := newKey(P256)
	der := w.certificate(Template{Usage: usage}, key, isValid)
	w.pfx[Fingerprint(der)] = key
	return &PFX{Certificate: der}
}

// write sets the record of a card that was last written under a policy.
func (w *world) write(under Policy, managed ...Managed) {
	text, hash := under.Text()
	w.texts[hash] = text
	w.record = &Record{
		Card: w.id, User: w.user.Ref(), State: StateIssued, Policy: under.Name, Under: hash, Managed: managed,
		Written: modelNow.AddDate(0, 0, -200), Access: under.AccessSystem, Version: 1,
	}
	w.entry, w.bound = map[string]bool{}, map[string]bool{}
	for _, m := range managed {
		t, _ := under.Template(m.Template)
		if under.Publish && !m.Common {
			w.entry[m.Fingerprint] = true
		}
		if binding, err := IssuerSerialBinding(w.card.objects[m.Place]); err == nil && t.Binding == BindAttribute && !t.Common() {
			w.bound[binding] = true
		}
	}
}

func (w *world) revoke(m Managed, why RevokeReason) {
	w.revoked = append(w.revoked, Revocation{Serial: m.Serial, At: modelNow.AddDate(0, 0, -1), Reason: why})
}

func anyKey() KeySpec { return KeySpec{Type: P256, PIN: PINOnce, Touch: TouchNever} }

func modelTemplate(name string, at Place, usage ...KeyUsage) Template {
	subject, err := ParseNameRecipe("CN={name}")
	if err != nil {
		panic(err)
	}
	return Template{
		Name: name, CA: "corp", Profile: name, Place: at, Subject: subject, Usage: usage, ValidDays: 365,
		Key: anyKey(), Renew: Window{Days: 30},
	}
}

func modelCommon(name string, at Place, pfx *PFX) Template {
	return Template{Name: name, Place: at, Key: anyKey(), PFX: pfx}
}

// String shows what lies on the card, for the tests' complaints.
func (l lying) String() string {
	text := ""
	for _, at := range modelPlaces() {
		key, k := l.keys[at]
		der, c := l.objects[at]
		if k || c {
			text += fmt.Sprintf(" %s(", at)
			if k {
				text += fmt.Sprintf("key %.8s", Fingerprint(key.Public))
			}
			if c {
				text += fmt.Sprintf(" certificate %.8s", Fingerprint(der))
			}
			text += ")"
		}
	}
	return text
}
