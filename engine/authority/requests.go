package authority

import (
	"context"
	"fmt"
	"strings"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// Request is a request as an officer sees it. What stations and requests say is
// cleaned of control characters.
type Request struct {
	ID       string              `json:"id"`
	State    engine.RequestState `json:"state"`    // RequestApproved also while the certificate is about to be issued
	Approval bool                `json:"approval"` // a decision is asked for; the key is made later
	Template string              `json:"template"`
	User     wire.User           `json:"user"`
	Operator string              `json:"operator"` // who asked, as the station tells
	Mode     string              `json:"mode"`
	Station  string              `json:"station"`

	StationRevoked time.Time `json:"stationRevoked,omitzero"` // since it asked; nothing of it is approved

	Received time.Time `json:"received"`
	Hold     bool      `json:"hold"` // the station wanted an officer to look at it

	Subject   string       `json:"subject"`
	Names     []engine.SAN `json:"names,omitempty"` // alternative names
	SID       string       `json:"sid,omitempty"`
	Usage     []string     `json:"usage,omitempty"`
	Extended  []string     `json:"extended,omitempty"`
	Key       string       `json:"key"` // of an approval: that of the certificate which is replaced
	ValidDays int          `json:"validDays"`

	Renewal *Renewal `json:"renewal,omitempty"` // what it renews; nil: nothing
	Revoked string   `json:"revoked,omitempty"` // what became of the certificate that it renews: "is on hold since …"

	SignerRevoked string `json:"signerRevoked,omitempty"` // the same of the certificate that signed for it, if it is another

	Words       string    `json:"words,omitempty"` // the CA's to the station
	Decided     time.Time `json:"decided,omitzero"`
	DecidedBy   string    `json:"decidedBy,omitempty"`   // "": the rule
	Approved    string    `json:"approved,omitempty"`    // the approval that decided it
	UsedBy      string    `json:"usedBy,omitempty"`      // of an approval: what it decided
	UsedStation string    `json:"usedStation,omitempty"` // the station that sent that
	Serial      string    `json:"serial,omitempty"`      // of its certificate
	NotAfter    time.Time `json:"notAfter,omitzero"`
}

// Filter chooses requests. What is empty chooses all.
type Filter struct {
	State    engine.RequestState
	Template string
	User     string // part of name, logon or id, in either case
}

// Requests lists requests for an officer, those first that came first. Kind
// Forbidden when the actor is none.
func (a *Authority) Requests(ctx context.Context, actor engine.Actor, f Filter) ([]Request, error) {
	if err := a.admitOfficer(ctx, actor, actSee, ""); err != nil {
		return nil, err
	}
	entries, err := a.book.requests(ctx, statesOf(f.State), f.Template)
	if err != nil {
		return nil, err
	}
	var found []Request
	for _, e := range entries {
		if !concerns(e.User, f.User) {
			continue
		}
		r, err := a.shown(ctx, e)
		if err != nil {
			return nil, err
		}
		found = append(found, r)
	}
	return found, nil
}

// Show tells an officer of one request; id may be a beginning that only one has.
// Kind Forbidden when the actor is no officer, ErrUnknown when there is none.
func (a *Authority) Show(ctx context.Context, actor engine.Actor, id string) (Request, error) {
	e, err := a.atDesk(ctx, actor, actSee, id)
	if err != nil {
		return Request{}, err
	}
	return a.shown(ctx, e)
}

func (a *Authority) see(ctx context.Context, id string) (Request, error) {
	e, _, err := a.book.request(ctx, id)
	if err != nil {
		return Request{}, err
	}
	return a.shown(ctx, e)
}

func concerns(u wire.User, text string) bool {
	text = strings.ToLower(text)
	for _, s := range []string{u.Name, u.Logon, u.ID} {
		if strings.Contains(strings.ToLower(s), text) {
			return true
		}
	}
	return false
}

// seenState is a state as officers hear of it.
func seenState(s requestState) engine.RequestState {
	if s == accepted {
		return engine.RequestApproved
	}
	return engine.RequestState(s)
}

// statesOf are the states that officers hear of as one; nil for all.
func statesOf(s engine.RequestState) []requestState {
	switch s {
	case "":
		return nil
	case engine.RequestApproved:
		return []requestState{approved, accepted}
	case engine.RequestPending, engine.RequestRejected, engine.RequestIssued, engine.RequestWithdrawn:
	}
	return []requestState{requestState(s)}
}

// shown reads a request for a person.
func (a *Authority) shown(ctx context.Context, e entry) (Request, error) {
	what, err := readAsked(e.Request)
	if err != nil {
		return Request{}, fmt.Errorf("read kept request %s: %w", e.ID, err)
	}
	clean := engine.Clean
	r := Request{
		ID: e.ID, State: seenState(e.State), Approval: e.Approval, Template: clean(e.Template),
		User:     wire.User{ID: clean(e.User.ID), Name: clean(e.User.Name), Logon: clean(e.User.Logon)},
		Operator: clean(e.Actor.Who), Mode: clean(e.Actor.Mode), Station: e.Station, Received: e.Received, Hold: e.Hold,
		Subject: subjectText(what.subject), SID: clean(what.sid), Key: string(what.key), ValidDays: e.ValidDays,
		Renewal: e.Renews, Words: e.Words, Decided: e.Decided, DecidedBy: e.DecidedBy, Approved: e.Approved, UsedBy: e.UsedBy, UsedStation: e.UsedAt,
	}
	for _, n := range what.names {
		r.Names = append(r.Names, engine.SAN{Kind: n.Kind, Value: clean(n.Value)})
	}
	for _, u := range what.usage {
		r.Usage = append(r.Usage, string(u))
	}
	for _, oid := range what.extended {
		r.Extended = append(r.Extended, engine.ExtendedUsageName(oid))
	}
	if e.Serial != "" {
		r.Serial, r.NotAfter = e.Serial, e.NotAfter
	}
	if r.StationRevoked, err = a.book.stationRevoked(ctx, e.Station, e.Received); err != nil {
		return Request{}, err
	}
	old, signer, err := a.renewalRevocations(ctx, e)
	if err != nil {
		return Request{}, err
	}
	if old != nil {
		r.Revoked = old.String()
	}
	if signer != nil {
		r.SignerRevoked = signer.String()
	}
	return r, nil
}

// subjectText is a subject as it stands in the request, first part first.
func subjectText(subject []attribute) string {
	var parts []string
	for _, a := range subject {
		parts = append(parts, a.String())
	}
	return engine.Clean(strings.Join(parts, ", "))
}
