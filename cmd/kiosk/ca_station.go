package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"text/tabwriter"

	"cardkiosk/engine"
	"cardkiosk/engine/authority"
)

// caStationCmd makes a station, or lists or revokes stations.
type caStationCmd struct {
	Name   string   `arg:"" optional:"" help:"Name of the station to make."`
	CA     string   `name:"ca" required:"" type:"existingdir" placeholder:"DIR" help:"Folder of the CA."`
	Out    string   `type:"path" placeholder:"DIR" help:"Folder for the station's key, certificate and root."`
	Rights []string `enum:"ask,revoke" default:"ask,revoke" help:"What the station may do: ${enum}. Updating cards needs both."`
	Days   int      `default:"730" help:"How long the station's certificate is valid."`
	Revoke string   `placeholder:"NAME" xor:"deed" help:"Revoke a station: it is refused from its next request on."`
	List   bool     `xor:"deed" help:"List the stations."`
	passphraseFile
}

// Run does the one deed the flags name.
func (c caStationCmd) Run(ctx context.Context) (err error) {
	if err := c.check(); err != nil {
		return err
	}
	ca, err := c.open(ctx, c.CA, quiet())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ca.Close()) }()
	switch {
	case c.List:
		return listStations(ctx, ca)
	case c.Revoke != "":
		if err := ca.RevokeStation(ctx, administrator(), c.Revoke); err != nil {
			return err
		}
		fmt.Printf("Station %s is revoked.\n", c.Revoke)
		return nil
	}
	return c.make(ctx, ca)
}

func (c caStationCmd) check() error {
	refuse := func(why string) error {
		return &engine.Error{Op: "look after stations", Kind: engine.BadInput, Err: errors.New(why)}
	}
	switch named := c.Name != ""; {
	case named && (c.List || c.Revoke != ""):
		return refuse("give either a name to make, or --list, or --revoke NAME")
	case !named && !c.List && c.Revoke == "":
		return refuse("name a station to make, or give --list or --revoke NAME")
	case named && c.Out == "":
		return refuse("give --out DIR, the folder for the station's files")
	}
	return nil
}

func (c caStationCmd) make(ctx context.Context, ca *authority.Authority) error {
	s, err := ca.MakeStation(ctx, administrator(), authority.NewStation{
		Name: c.Name, Dir: c.Out, Days: c.Days,
		MayAsk: slices.Contains(c.Rights, "ask"), MayRevoke: slices.Contains(c.Rights, "revoke"),
	})
	if err != nil {
		return err
	}
	fmt.Printf("Station %s is in %s, valid until %s. Move the folder to the kiosk; the CA has no copy of its key.\n",
		s.Name, c.Out, s.NotAfter.Format("2006-01-02"))
	if !s.MayAsk || !s.MayRevoke {
		fmt.Println("It cannot update cards: that needs both rights, to ask for certificates and to revoke those of an update that is taken back.")
	}
	return nil
}

func listStations(ctx context.Context, ca *authority.Authority) error {
	all, err := ca.Stations(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tMAY\tVALID UNTIL\tSTATE\tSERIAL") //nolint:errcheck // Flush tells
	for _, s := range all {
		state := "valid"
		if !s.Revoked.IsZero() {
			state = "revoked " + s.Revoked.Format("2006-01-02")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", s.Name, rightsOf(s), s.NotAfter.Format("2006-01-02"), state, s.Serial) //nolint:errcheck // Flush tells
	}
	return w.Flush()
}

func rightsOf(s authority.Station) string {
	switch {
	case s.MayAsk && s.MayRevoke:
		return "ask,revoke"
	case s.MayAsk:
		return "ask"
	case s.MayRevoke:
		return "revoke"
	}
	return "look"
}
