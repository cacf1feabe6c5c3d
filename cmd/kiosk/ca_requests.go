package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/authority"
)

// officerFlags are what every command of an officer has.
type officerFlags struct {
	CA string `name:"ca" required:"" type:"existingdir" placeholder:"DIR" help:"Folder of the CA."`
	passphraseFile
}

// at opens the CA, warns when its list is old, and lets the officer work.
func (o officerFlags) at(ctx context.Context, work func(ca *authority.Authority) error) (err error) {
	ca, err := o.open(ctx, o.CA, quiet())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ca.Close()) }()
	age, err := ca.CRLAge(ctx)
	if err != nil {
		return err
	}
	if warning := crlWarning(age); warning != "" {
		fmt.Fprintln(os.Stderr, "kiosk:", warning)
	}
	return work(ca)
}

// crlWarning says that the revocation list is old; "" when it is not.
func crlWarning(age authority.CRLAge) string {
	const remedy = ": kiosk ca serve publishes it, or kiosk ca crl"
	switch {
	case age.Number == 0:
		return "no revocation list has been published yet" + remedy
	case age.Ended:
		return fmt.Sprintf("the revocation list ended on %s, and certificates cannot be checked any more%s", localMinute(age.NextUpdate), remedy)
	case age.Overdue:
		return fmt.Sprintf("the revocation list is of %s, and a new one is overdue; it ends on %s%s", localMinute(age.ThisUpdate), localMinute(age.NextUpdate), remedy)
	}
	return ""
}

func localMinute(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }

// caRequestsCmd lists what was asked for.
type caRequestsCmd struct {
	State    string `enum:"pending,approved,rejected,issued,withdrawn,all" default:"pending" help:"Only those in this state: ${enum}."`
	Template string `placeholder:"NAME" help:"Only those under this template."`
	User     string `placeholder:"TEXT" help:"Only those whose user has this in name, logon or id."`
	JSON     bool   `name:"json" help:"One JSON object a line."`
	officerFlags
}

// Run lists, those first that came first.
func (c caRequestsCmd) Run(ctx context.Context) error {
	return c.at(ctx, func(ca *authority.Authority) error {
		state := engine.RequestState(c.State)
		if c.State == "all" {
			state = ""
		}
		all, err := ca.Requests(ctx, administrator(), authority.Filter{State: state, Template: c.Template, User: c.User})
		switch {
		case err != nil:
			return err
		case c.JSON:
			return requestsJSON(all...)
		case len(all) == 0:
			fmt.Println("No requests.")
			return nil
		}
		return listRequests(all)
	})
}

func requestsJSON(all ...authority.Request) error {
	out := json.NewEncoder(os.Stdout)
	for _, r := range all {
		if err := out.Encode(r); err != nil {
			return fmt.Errorf("print requests: %w", err)
		}
	}
	return nil
}

func listRequests(all []authority.Request) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tSTATE\tSINCE\tTEMPLATE\tUSER\tASKED BY\tRENEWS") //nolint:errcheck // Flush tells
	for _, r := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", //nolint:errcheck // Flush tells
			r.ID, stateWords(r), localMinute(since(r)), r.Template, userWords(r), askedWords(r), renewalWords(r))
	}
	return w.Flush()
}

// since is when a request came to be in its state.
func since(r authority.Request) time.Time {
	if r.Decided.IsZero() {
		return r.Received
	}
	return r.Decided
}

func stateWords(r authority.Request) string {
	if r.Approval {
		return string(r.State) + ", before a key"
	}
	return string(r.State)
}

func userWords(r authority.Request) string {
	if r.User.Logon == "" {
		return r.User.Name
	}
	return fmt.Sprintf("%s (%s)", r.User.Name, r.User.Logon)
}

func askedWords(r authority.Request) string {
	if r.Operator == "" {
		return stationWords(r)
	}
	return fmt.Sprintf("%s at %s", r.Operator, stationWords(r))
}

// stationWords names the station that asked, and says when it may not any more.
func stationWords(r authority.Request) string {
	if r.StationRevoked.IsZero() {
		return r.Station
	}
	return fmt.Sprintf("%s, revoked on %s", r.Station, localMinute(r.StationRevoked))
}

func renewalWords(r authority.Request) string {
	switch {
	case r.Renewal == nil:
		return "-"
	case r.Revoked != "":
		return "a certificate that " + r.Revoked
	case !r.Renewal.Verified:
		return "signature not verified"
	}
	return "signed"
}
