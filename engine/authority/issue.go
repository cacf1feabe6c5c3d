package authority

import (
	"context"
	"crypto/x509"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// requestID is what an id looks like.
var requestID = regexp.MustCompile(`^[0-9A-Za-z._-]{1,64}$`)

// Ask decides a request by its rule: the certificate is issued at once, or an
// officer is waited for. The same id and content get the same answer, from whichever station; the same id with another
// content is refused with Kind WrongState.
//
// Whatever happens in between, an id gets one certificate: the decision is
// kept with serial number and validity before anything is signed, and what was
// signed is answered only once it is kept. A crash in between leaves an
// accepted request, which the next Ask or Lookup finishes.
func (a *Authority) Ask(ctx context.Context, station Station, r wire.Request) (wire.Answer, error) {
	if !requestID.MatchString(r.ID) {
		return wire.Answer{}, refuse("ask CA", engine.BadInput, "the request's id has to have 1 to 64 letters, digits, '-', '_' or '.'")
	}
	if strings.TrimSpace(r.User.ID) == "" { // whose certificate it is decides who may renew it
		return wire.Answer{}, refuse("ask CA", engine.BadInput, "the request does not say whose certificate it is for: the user has no id")
	}
	what, err := readAsked(r)
	if err != nil {
		return wire.Answer{}, err
	}
	kept, ok, err := a.book.request(ctx, r.ID)
	if err == nil && !ok {
		kept, err = a.decide(ctx, station, r, what)
	}
	if err != nil {
		return wire.Answer{}, err
	}
	if kept.Content != content(r, what) {
		return wire.Answer{}, refuse("ask CA", engine.WrongState, "the CA knows the request %s with another key or content", r.ID)
	}
	return a.answer(ctx, kept)
}

// Lookup tells what became of a request. The error is ErrUnknown when the CA
// does not know the id. Any station may ask: an update that one station began
// is finished at another.
func (a *Authority) Lookup(ctx context.Context, id string) (wire.Answer, error) {
	kept, ok, err := a.book.request(ctx, id)
	switch {
	case err != nil:
		return wire.Answer{}, err
	case !ok:
		return wire.Answer{}, unknown("look up request", "a request %s", engine.Clean(id))
	}
	return a.answer(ctx, kept)
}

// Template tells whether a station may carry out updates with a template and so
// many days of validity: ErrUnknown, or Kind Forbidden. What Ask would refuse
// for the station or the days is refused here too, before a key is made for it;
// and so is a station that could not take back what it was granted.
func (a *Authority) Template(station Station, name string, validDays int) (wire.Template, error) {
	r, err := a.rule(station, name)
	if err != nil {
		return wire.Template{}, err
	}
	if words := r.judgeDays(validDays); words != "" {
		return wire.Template{}, refuse("find template", engine.Forbidden, "%s", words)
	}
	if err := station.mayRevoke(); err != nil {
		return wire.Template{}, err
	}
	return wire.Template{Name: r.Name}, nil
}

func (a *Authority) rule(station Station, template string) (*rule, error) {
	r := a.rules.template(template)
	if r == nil {
		return nil, unknown("find template", "a template %q: profile in the kiosk's configuration has to name one of %s", engine.Clean(template), rulesFile)
	}
	switch {
	case !station.MayAsk:
		return nil, refuse("find template", engine.Forbidden, "station %s may not ask for certificates%s", station.Name, station.remedy())
	case len(r.Stations) > 0 && !slices.Contains(r.Stations, station.Name):
		return nil, refuse("find template", engine.Forbidden, "station %s may not ask for template %s%s", station.Name, r.Name, inRules("stations"))
	}
	return r, nil
}

// decide judges a new request and keeps it with the decision.
func (a *Authority) decide(ctx context.Context, station Station, r wire.Request, what *asked) (entry, error) {
	rule, err := a.rule(station, r.Template)
	if err != nil {
		return entry{}, err
	}
	if err := a.alive(); err != nil {
		return entry{}, err
	}
	e := entry{Request: r, Content: content(r, what), Station: station.Name, Received: a.clock()}
	v, err := a.weigh(ctx, rule, r, what)
	if err != nil {
		return entry{}, err
	}
	e.State, e.Words, e.Renews = v.state, v.words, v.renews
	if e.State == accepted {
		if err := a.fix(&e, e.Received); err != nil {
			return entry{}, err
		}
	}
	return a.book.admit(ctx, e, func(e *entry, approval entry) error { return a.redeem(rule, e, what, approval) })
}

// alive refuses to decide when nothing could be issued any more.
func (a *Authority) alive() error {
	if !a.clock().Before(a.issuing.cert.NotAfter) {
		return refuse("ask CA", engine.WrongState, "the CA's own certificate ended on %s", day(a.issuing.cert.NotAfter))
	}
	return nil
}

// fix draws the serial number and sets the validity of what is accepted.
func (a *Authority) fix(e *entry, now time.Time) error {
	serial, err := newSerial(a.random)
	if err != nil {
		return err
	}
	e.State, e.Serial = accepted, serial.Text(16)
	e.NotBefore = now.Add(-backdate)
	e.NotAfter = earlier(now.AddDate(0, 0, e.ValidDays), a.issuing.cert.NotAfter) // nothing outlives its issuer
	return nil
}

func actorOf(station string, r wire.Request) engine.Actor {
	return engine.Actor{Who: engine.Clean(r.Actor.Who), Station: station, Mode: engine.Mode(engine.Clean(r.Actor.Mode))}
}

// answer tells a station what is kept of a request; an accepted one is issued
// first.
func (a *Authority) answer(ctx context.Context, e entry) (wire.Answer, error) {
	switch e.State {
	case accepted:
		der, err := a.issue(ctx, e.ID)
		return wire.Answer{State: engine.RequestIssued, Certificate: der}, err
	case issued:
		der, err := a.book.certificate(ctx, e.ID)
		return wire.Answer{State: engine.RequestIssued, Certificate: der}, err
	case pending:
		return wire.Answer{
			State: engine.RequestPending, Words: "Waits for an officer since " + minute(e.Received),
			RetryAfter: int64(time.Duration(a.rules.Queue.Retry) / time.Second),
		}, nil
	case approved, rejected, withdrawn:
		return wire.Answer{State: engine.RequestState(e.State), Words: e.Words}, nil
	}
	return wire.Answer{}, fmt.Errorf("request %s is %q, which this program does not know", e.ID, e.State)
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }

func day(t time.Time) string { return t.UTC().Format("2006-01-02") }

// issue signs the certificate of an accepted request and keeps it.
func (a *Authority) issue(ctx context.Context, id string) ([]byte, error) {
	a.signing.Lock()
	defer a.signing.Unlock()
	e, _, err := a.book.request(ctx, id)
	if err != nil {
		return nil, err
	}
	if e.State == issued { // by whoever held the lock before
		return a.book.certificate(ctx, id)
	}
	der, err := a.sign(e)
	if err != nil {
		return nil, err
	}
	row := auditRow{At: a.clock(), Actor: actorOf(e.Station, e.Request), Act: actIssue, Subject: e.Serial, Detail: e.Template + " for request " + e.ID}
	if der, err = a.book.issue(ctx, e, der, row); err != nil {
		return nil, err
	}
	a.log.Info("certificate issued", "request", e.ID, "serial", e.Serial, "template", e.Template, "station", e.Station)
	return der, nil
}

// sign makes the certificate: subject and extensions as asked for, the rest as
// RFC 5280 wants it.
func (a *Authority) sign(e entry) ([]byte, error) {
	what, err := readAsked(e.Request)
	if err != nil {
		return nil, fmt.Errorf("read kept request %s: %w", e.ID, err)
	}
	serial, err := parseSerial(e.Serial)
	if err != nil {
		return nil, err
	}
	id, err := keyID(what.csr.PublicKey)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		RawSubject:            what.csr.RawSubject,
		NotBefore:             e.NotBefore,
		NotAfter:              e.NotAfter,
		BasicConstraintsValid: true, // cA FALSE
		SubjectKeyId:          id,
		CRLDistributionPoints: []string{a.rules.CRL.URL},
		IssuingCertificateURL: []string{a.rules.Issuer.URL},
		ExtraExtensions:       what.extensions,
	}
	der, err := x509.CreateCertificate(a.random, template, a.issuing.cert, what.csr.PublicKey, a.issuing.key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate for request %s: %w", e.ID, err)
	}
	return der, nil
}
