package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/authority"
	"cardkiosk/engine/words"
	"cardkiosk/ui/officer"
)

// caQueueCmd shows an officer what the CA holds, full screen.
type caQueueCmd struct {
	Language string `enum:"en,de" default:"en" help:"The language of the screen: ${enum}."`
	officerFlags
}

// Run shows the requests until the screen is left. The CA may be served at the
// same time.
func (c caQueueCmd) Run(ctx context.Context) (err error) {
	if wantsLines() {
		return &engine.Error{Op: "show requests", Kind: engine.BadInput, Err: errors.New("this is no terminal for a full screen: kiosk ca requests, show, approve and reject do the same in lines")}
	}
	ca, err := c.open(ctx, c.CA, slog.New(slog.DiscardHandler)) // a log would be written over the screen
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ca.Close()) }()
	if err := mayDecide(ctx, ca); err != nil {
		return err
	}
	language, _ := words.ByCode(c.Language) // the command line allows no other
	n, err := officerNeeds(ca, administrator(), language.Text)
	if err != nil {
		return err
	}
	n.ASCII, n.FewSigns = !speaksUTF8(os.Getenv), fewSigns()
	app := officer.New(ctx, n)
	defer app.Close()
	return runProgram(ctx, app, os.Stdin)
}

// mayDecide refuses whoever is no officer before there is a screen.
func mayDecide(ctx context.Context, ca *authority.Authority) error {
	_, err := ca.Requests(ctx, administrator(), authority.Filter{State: engine.RequestPending})
	return err
}

// officerNeeds binds the officer's screen to a CA.
func officerNeeds(ca *authority.Authority, who engine.Actor, t *words.Text) (officer.Needs, error) {
	cert, err := x509.ParseCertificate(ca.Issuers()[0])
	if err != nil {
		return officer.Needs{}, fmt.Errorf("read CA's certificate: %w", err)
	}
	return officer.Needs{
		Text: t, Now: time.Now, After: time.After, CA: cert.Subject.CommonName, Who: who.Who,
		List: func(ctx context.Context, state engine.RequestState) ([]officer.Application, error) {
			return applications(ctx, ca, who, state, t)
		},
		Show: func(ctx context.Context, id string) (officer.Application, error) {
			r, err := ca.Show(ctx, who, authority.WholeID(id))
			return application(r, t), err
		},
		Approve: func(ctx context.Context, id string) error {
			_, err := ca.Approve(ctx, who, authority.WholeID(id))
			return err
		},
		Reject: func(ctx context.Context, id, reason string) error {
			_, err := ca.Reject(ctx, who, authority.WholeID(id), reason)
			return err
		},
		CRL: func(ctx context.Context) (officer.CRL, error) {
			age, err := ca.CRLAge(ctx)
			return officer.CRL{Made: age.ThisUpdate, Ends: age.NextUpdate, Stale: age.Overdue || age.Ended}, err
		},
	}, nil
}

// applications lists the requests in a state; what is issued was approved.
func applications(ctx context.Context, ca *authority.Authority, who engine.Actor, state engine.RequestState, t *words.Text) ([]officer.Application, error) {
	states := []engine.RequestState{state}
	if state == engine.RequestApproved {
		states = append(states, engine.RequestIssued)
	}
	var all []officer.Application
	for _, s := range states {
		found, err := ca.Requests(ctx, who, authority.Filter{State: s})
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			all = append(all, application(r, t))
		}
	}
	return all, nil
}

// application is a request as the screen shows it.
func application(r authority.Request, t *words.Text) officer.Application {
	app := officer.Application{
		ID: r.ID, Since: r.Received, Template: r.Template, Name: r.User.Name, Logon: r.User.Logon,
		Subject: r.Subject, SANs: nameWords(r.Names), Usage: append(r.Usage, r.Extended...), Key: r.Key, Days: r.ValidDays,
		NoKey: r.Approval, Hold: r.Hold, Station: r.Station, Operator: r.Operator,
		State: r.State, By: r.DecidedBy, Words: r.Words, Serial: r.Serial, Ends: r.NotAfter,
	}
	if !r.StationRevoked.IsZero() {
		app.Station = t.StationRevoked(r.Station, r.StationRevoked)
	}
	switch r.State {
	case engine.RequestPending:
	case engine.RequestApproved, engine.RequestIssued, engine.RequestRejected:
		app.Decided = since(r)
		if r.DecidedBy == "" {
			app.By = t.Officer.Rule
		}
	case engine.RequestWithdrawn:
		app.Decided, app.By = since(r), ""
	}
	if r.SID != "" {
		app.SANs = append(app.SANs, "SID "+r.SID)
	}
	if old := r.Renewal; old != nil {
		app.Renews = &officer.Renewed{Subject: old.Subject, Serial: old.Serial, Ends: old.NotAfter, Revoked: r.Revoked}
		app.Signed = officer.Signature{Verified: old.Verified, By: signerIs(r, t), Why: old.Words}
	}
	return app
}

// signerIs names the certificate that a renewal was signed with, on the screen.
func signerIs(r authority.Request, t *words.Text) string {
	if r.Renewal.SignedBy == "" {
		return ""
	}
	return t.Signer(r.Renewal.SignedBy, r.Renewal.Signer, r.Renewal.SignerTemplate, r.SignerRevoked)
}

// signer names the certificate that a renewal was signed with, and what became of
// it.
func signer(r authority.Request) string {
	if r.Renewal.SignedBy == "" {
		return ""
	}
	said := fmt.Sprintf("%s (%s, template %s)", r.Renewal.SignedBy, r.Renewal.Signer, r.Renewal.SignerTemplate)
	if r.SignerRevoked != "" {
		said += ", which " + r.SignerRevoked
	}
	return said
}
