package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"cardkiosk/engine"
	"cardkiosk/engine/authority"
)

// caShowCmd shows one request.
type caShowCmd struct {
	ID   string `arg:"" name:"id" help:"The request's id, or the beginning of it that no other has."`
	JSON bool   `name:"json" help:"One JSON object."`
	officerFlags
}

// Run shows everything an officer decides by.
func (c caShowCmd) Run(ctx context.Context) error {
	return c.at(ctx, func(ca *authority.Authority) error {
		r, err := ca.Show(ctx, administrator(), c.ID)
		switch {
		case err != nil:
			return err
		case c.JSON:
			return requestsJSON(r)
		}
		return showRequest(r)
	})
}

// showRequest prints what there is, a line each.
func showRequest(r authority.Request) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, l := range requestLines(r) {
		if l[1] != "" {
			fmt.Fprintf(w, "%s\t%s\n", l[0], l[1]) //nolint:errcheck // Flush tells
		}
	}
	return w.Flush()
}

func requestLines(r authority.Request) [][2]string {
	key := r.Key
	if r.Approval {
		key = "made once it is approved; the card's present one is " + r.Key
	}
	lines := [][2]string{
		{"Request", r.ID},
		{"State", stateWords(r) + " since " + localMinute(since(r))},
		{"Decided by", deciderWords(r)},
		{"Words", r.Words},
		{"Template", r.Template},
		{"Subject", r.Subject},
		{"Names", strings.Join(nameWords(r.Names), ", ")},
		{"SID", r.SID},
		{"Usage", strings.Join(append(r.Usage, r.Extended...), ", ")},
		{"Key", key},
		{"Days", fmt.Sprint(r.ValidDays)},
		{"User", fmt.Sprintf("%s, id %s", userWords(r), r.User.ID)},
		{"Asked by", fmt.Sprintf("%s (%s) on %s", askedWords(r), r.Mode, localMinute(r.Received))},
	}
	if r.Hold {
		lines = append(lines, [2]string{"Hold", "the station wants an officer to look at it"})
	}
	lines = append(lines, renewalLines(r)...)
	lines = append(lines, [2]string{"Approved as", r.Approved})
	if r.UsedBy != "" {
		lines = append(lines, [2]string{"Used for", r.UsedBy + " at " + r.UsedStation})
	}
	if r.Serial != "" {
		lines = append(lines, [2]string{"Certificate", fmt.Sprintf("%s, until %s", r.Serial, localMinute(r.NotAfter))})
	}
	return lines
}

func deciderWords(r authority.Request) string {
	switch {
	case r.State == engine.RequestPending || r.State == engine.RequestWithdrawn:
		return ""
	case r.DecidedBy == "":
		return "the rule"
	}
	return r.DecidedBy
}

func nameWords(names []engine.SAN) (all []string) {
	for _, n := range names {
		all = append(all, string(n.Kind)+" "+n.Value)
	}
	return all
}

// renewalLines tell what is renewed and who signed for it.
func renewalLines(r authority.Request) [][2]string {
	if r.Renewal == nil {
		return [][2]string{{"Renews", "nothing"}}
	}
	what, signature := "a certificate that is none of this CA's", "not verified"
	if r.Renewal.Serial != "" {
		what = fmt.Sprintf("%s (%s), which ends on %s", r.Renewal.Serial, r.Renewal.Subject, localMinute(r.Renewal.NotAfter))
	}
	if r.Revoked != "" {
		what += " and " + r.Revoked
	}
	if r.Renewal.Verified {
		signature = "verified"
	}
	if by := signer(r); by != "" {
		signature += ": by " + by
	}
	return [][2]string{{"Renews", what}, {"Signature", signature}, {"Renewal", r.Renewal.Words}}
}
