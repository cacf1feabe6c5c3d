package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// updateCmd carries one update out without questions.
type updateCmd struct {
	Config   string   `placeholder:"FILE" help:"The configuration. Left out: config.toml in this folder, or else /etc/kiosk/config.toml."`
	User     string   `required:"" placeholder:"USER" help:"Whose card: logon name or mail address."`
	Card     string   `placeholder:"SERIAL" help:"Which card. May be left out when the user has one."`
	Template []string `placeholder:"NAME" help:"Put this optional template on the card; may be given several times."`
	Without  []string `placeholder:"NAME" help:"Take this optional template off the card; may be given several times."`
	Track    []string `placeholder:"SHA-256" help:"Follow this third-party certificate; 'all' follows every one."`
	PINFile  string   `name:"pin-file" placeholder:"FILE" help:"File with the card's PIN; for a card that has none of its own yet, the PIN it is to get."`
	LastTry  bool     `help:"Use the PIN although the card has only one try left for it."`
	DryRun   bool     `help:"Print the plan and change nothing."`
	Yes      bool     `help:"Carry the plan out. Without it the plan is only printed."`
	Assign   bool     `help:"Assign the card named with --card to the user first, if nobody has it."`
	TakeBack bool     `help:"Take an interrupted update back instead of continuing it."`
	Cancel   bool     `help:"Cancel an update that waits for a CA."`
	JSON     bool     `name:"json" help:"Print plan and result as JSON."`
}

// Help is what kiosk update --help adds.
func (updateCmd) Help() string {
	return `Exit codes: 0 done, 1 a fault of the program or its store, 2 usage or configuration,
3 a CA holds the request, 4 card or PIN, 5 CA, directory, mail or access system,
6 refused by permission or state.

An update that waits for a CA is continued as far as the CA has decided, or, with --cancel,
cancelled. One that the CA has rejected is ended; run the command again to ask anew.

An update that was interrupted is continued: its journalled plan is finished, whatever --template
and --without say. With --card that works also while the directory does not tell of the user.

With --json, standard output has the plan and then the result, each an object of its own; the plan
is left out where an update is continued. What went wrong stands on standard error, in words.`
}

// Run finds user and card, plans, and carries the plan out.
func (cmd updateCmd) Run(ctx context.Context) error {
	switch {
	case cmd.Yes && !cmd.DryRun && cmd.PINFile == "":
		return &engine.Error{Op: "update card", Kind: engine.BadInput, Err: errors.New("--yes needs --pin-file FILE, with the card's PIN in it")}
	case cmd.Assign && (cmd.DryRun || !cmd.Yes || cmd.Card == ""):
		return &engine.Error{Op: "assign card", Kind: engine.BadInput, Err: errors.New("--assign needs --card, and --yes without --dry-run: it changes the store")}
	}
	if err := cmd.checkPINFile(); err != nil {
		return err
	}
	p, err := openAs(ctx, cmd.Config)
	if err != nil {
		return err
	}
	return errors.Join(cmd.update(ctx, p), p.close())
}

func (cmd updateCmd) update(ctx context.Context, p *parts) error {
	user, err := cmd.findUser(ctx, p)
	if err != nil {
		if user, err = cmd.recordedUser(ctx, p, err); err != nil {
			return err
		}
	}
	connected, err := cmd.connect(ctx, p, user)
	if err != nil {
		return err
	}
	defer connected.Close() //nolint:errcheck // what was done is done
	result, err := cmd.carry(ctx, p, connected, user)
	if err != nil || result == nil {
		return err
	}
	cmd.printResult(*result)
	if _, err := p.desk.Deliver(ctx); err != nil {
		p.log.Warn("letters wait for the kiosk", "err", err)
	}
	if _, err := p.desk.RunErrands(ctx); err != nil {
		p.log.Warn("errands wait for the kiosk", "err", err)
	}
	if result.End == "" {
		return told{&engine.Error{Op: "update card", Kind: engine.CAHolds, Subject: holders(*result)}}
	}
	wanted := result.End == engine.TakenBack && (cmd.TakeBack || cmd.Cancel)
	if result.End != engine.Finished && !wanted {
		return &engine.Error{Op: "update card", Kind: engine.CARefused, Subject: refusals(*result)}
	}
	return nil
}

// connect reaches the user's card, and assigns it first where that is wanted.
func (cmd updateCmd) connect(ctx context.Context, p *parts, user engine.User) (*engine.Connected, error) {
	if !cmd.Assign {
		card, err := cmd.findCard(ctx, p, user.ID)
		if err != nil {
			return nil, err
		}
		return connectCard(ctx, p, func(v engine.ReaderView) bool { return v.Card.ID == card }, string(card))
	}
	c, err := connectCard(ctx, p, func(v engine.ReaderView) bool { return cmd.names(*v.Card) }, cmd.Card)
	if err != nil || c.Known() && c.Record.State != engine.StateClean && c.Record.User.ID == user.ID {
		return c, err
	}
	if c.Record, err = p.desk.Assign(ctx, p.actor, c, user); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// names reports whether --card means this card.
func (cmd updateCmd) names(id engine.Identity) bool {
	wanted := strings.ReplaceAll(cmd.Card, " ", "")
	return wanted == string(id.ID) || id.Serial != "" && strings.TrimLeft(wanted, "0") == strings.TrimLeft(id.Serial, "0")
}

// findUser reads the profile of the one user that --user means.
func (cmd updateCmd) findUser(ctx context.Context, p *parts) (engine.User, error) {
	user, err := meant(ctx, p, cmd.User)
	if err != nil {
		return engine.User{}, err
	}
	profile, err := p.desk.Profile(ctx, p.actor, user.ID)
	if err == nil {
		err = profile.Unread
	}
	return profile.User, err
}

// recordedUser is the user as the store has them, when the directory does not
// tell of them and the card that was named has an update to be ended; otherwise
// it is the directory's error.
func (cmd updateCmd) recordedUser(ctx context.Context, p *parts, unread error) (engine.User, error) {
	if cmd.Card == "" || cmd.Assign {
		return engine.User{}, unread
	}
	views, err := p.desk.LookAtReaders(ctx, p.actor, nil)
	if err != nil {
		return engine.User{}, errors.Join(unread, err)
	}
	for _, v := range views {
		theirs := strings.EqualFold(v.Owner.Logon, cmd.User) || strings.EqualFold(v.Owner.Name, cmd.User)
		if v.Card == nil || !cmd.names(*v.Card) || v.Owner.ID == "" || !theirs {
			continue
		}
		profile, err := p.desk.Profile(ctx, p.actor, v.Owner.ID)
		if err != nil || profile.Unread == nil {
			break
		}
		for _, c := range profile.Cards {
			if c.Record.Card.ID == v.Card.ID && c.Unfinished != nil {
				return profile.User, nil
			}
		}
	}
	return engine.User{}, unread
}

// findCard returns the card that is meant. A user with several must say which.
func (cmd updateCmd) findCard(ctx context.Context, p *parts, user engine.UserID) (engine.CardID, error) {
	profile, err := p.desk.Profile(ctx, p.actor, user)
	if err != nil {
		return "", err
	}
	var serials []string
	var found []engine.CardID
	for _, v := range profile.Cards {
		id := v.Record.Card
		serials = append(serials, id.Label())
		if cmd.Card == "" || cmd.names(id) {
			found = append(found, id.ID)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(serials) == 0:
		return "", &engine.Error{Op: "find card", Kind: engine.WrongState, Subject: profile.User.Name, Err: errors.New("the user has no card: assign one, with --assign --card SERIAL")}
	case len(found) == 0:
		return "", &engine.Error{Op: "find card", Kind: engine.BadInput, Subject: cmd.Card, Err: fmt.Errorf("the user's cards are %s", strings.Join(serials, ", "))}
	}
	return "", &engine.Error{Op: "find card", Kind: engine.BadInput, Subject: profile.User.Name, Err: fmt.Errorf("name one of %s with --card", strings.Join(serials, ", "))}
}

// connectCard reaches a card in whichever reader it lies.
func connectCard(ctx context.Context, p *parts, is func(engine.ReaderView) bool, name string) (*engine.Connected, error) {
	views, err := p.desk.LookAtReaders(ctx, p.actor, nil)
	if err != nil {
		return nil, err
	}
	for _, v := range views {
		if v.Card != nil && is(v) {
			return p.desk.Connect(ctx, p.actor, v.Reader.Name)
		}
	}
	return nil, &engine.Error{Op: "find card", Kind: engine.CardGone, Err: fmt.Errorf("%s is in none of %s: put it in", engine.Clean(name), count(len(views), "reader", "readers"))}
}

// carry continues an interrupted update, or plans one and carries it out. The
// result is nil when nothing was to be done.
func (cmd updateCmd) carry(ctx context.Context, p *parts, c *engine.Connected, user engine.User) (*engine.Result, error) {
	view, err := p.desk.View(ctx, p.actor, c, &user)
	if err != nil {
		return nil, err
	}
	switch {
	case view.Pending != nil && (view.Unfinished == nil || view.Unfinished.Waited):
		return cmd.waiting(ctx, p, c, *view.Pending)
	case cmd.Cancel:
		return nil, &engine.Error{Op: "cancel update", Kind: engine.WrongState, Subject: c.Contents.Identity.Label(), Err: errors.New("no update of this card waits for a CA")}
	case view.Unfinished != nil:
		return cmd.again(ctx, p, c, *view.Unfinished)
	case cmd.TakeBack: // and not, instead, a new update
		return nil, &engine.Error{Op: "take update back", Kind: engine.WrongState, Subject: c.Contents.Identity.Label(), Err: errors.New("no update of this card was interrupted")}
	}
	proposal, err := cmd.propose(ctx, p, c, user)
	if err != nil {
		return nil, err
	}
	cmd.printPlan(proposal)
	switch {
	case len(proposal.Plan.Obstacles) > 0:
		return nil, told{&engine.Error{Op: "update card", Kind: engine.CannotPlan}}
	case !proposal.Plan.Changes() || cmd.DryRun:
		return nil, nil
	case !cmd.Yes:
		return nil, &engine.Error{Op: "update card", Kind: engine.BadInput, Err: errors.New("add --yes to carry this out")}
	}
	pin, err := cmd.readPIN(ctx, p, c, proposal.Plan.NewPIN)
	if err != nil {
		return nil, err
	}
	defer pin.Wipe()
	result, err := p.desk.Update(ctx, p.actor, c, proposal.Plan, pin, cmd.watch(p))
	return &result, err
}

func (cmd updateCmd) again(ctx context.Context, p *parts, c *engine.Connected, run engine.RunSummary) (*engine.Result, error) {
	t := &words.English
	if !cmd.JSON {
		fmt.Printf(t.Profile.Unfinished+"\n", t.When(run.Started), run.By.Station)
	}
	if cmd.DryRun {
		return nil, nil
	}
	if !cmd.Yes {
		return nil, &engine.Error{Op: "continue update", Kind: engine.BadInput, Err: errors.New("add --yes to continue it")}
	}
	pin, err := cmd.readPIN(ctx, p, c, false)
	if err != nil {
		return nil, err
	}
	defer pin.Wipe()
	resume := p.desk.Resume
	if cmd.TakeBack {
		resume = p.desk.TakeBack
	}
	result, err := resume(ctx, p.actor, c, pin, cmd.watch(p))
	return &result, err
}

// propose plans with the templates and third-party certificates that were
// named. A name that is not the policy's is refused.
func (cmd updateCmd) propose(ctx context.Context, p *parts, c *engine.Connected, user engine.User) (engine.Proposal, error) {
	selection := engine.Selection{Optional: map[string]bool{}}
	first, err := p.desk.Propose(ctx, p.actor, c, user, selection)
	if err != nil {
		return first, err
	}
	for i, name := range slices.Concat(cmd.Template, cmd.Without) {
		known := slices.ContainsFunc(first.Choices, func(c engine.Choice) bool { return c.Template.Name == name && c.Template.Optional })
		if !known {
			return first, &engine.Error{Op: "select templates", Kind: engine.BadInput, Subject: name, Err: optionalAre(first.Choices)}
		}
		selection.Optional[name] = i < len(cmd.Template)
	}
	if len(cmd.Track) > 0 {
		if selection.Track, err = cmd.tracked(first.ThirdParty); err != nil {
			return first, err
		}
	}
	return p.desk.Propose(ctx, p.actor, c, user, selection)
}

// optionalAre says which templates can be chosen.
func optionalAre(choices []engine.Choice) error {
	var names []string
	for _, c := range choices {
		if c.Template.Optional {
			names = append(names, strconv.Quote(c.Template.Name))
		}
	}
	if len(names) == 0 {
		return errors.New("the policy has no optional template: leave --template and --without out")
	}
	return fmt.Errorf("no optional template of the policy has this name: it has %s", strings.Join(names, ", "))
}

func (cmd updateCmd) tracked(all []engine.ThirdParty) (map[string]bool, error) {
	track := map[string]bool{}
	for _, f := range all {
		if f.Unreadable == "" && slices.Contains(cmd.Track, "all") {
			track[f.Certificate.Fingerprint] = true
		}
	}
	for _, print := range cmd.Track {
		known := slices.ContainsFunc(all, func(f engine.ThirdParty) bool { return f.Certificate.Fingerprint == print })
		if !known && print != "all" {
			return nil, &engine.Error{Op: "select certificates", Kind: engine.BadInput, Subject: print, Err: errors.New("no third-party certificate on the card has this fingerprint: name the SHA-256 in hex, or 'all'")}
		}
		track[print] = known
	}
	delete(track, "all")
	return track, nil
}

// checkPINFile looks at the file before anything is asked of anybody. What is
// in it is read when it is needed.
func (cmd updateCmd) checkPINFile() error {
	if cmd.PINFile == "" {
		return nil
	}
	f, err := os.Open(cmd.PINFile)
	if err != nil {
		return cmd.badPINFile(fmt.Errorf("%w: --pin-file wants a file with the card's PIN that this user may read", err))
	}
	defer f.Close() //nolint:errcheck // nothing was written
	const others = 0o006
	info, err := f.Stat()
	switch {
	case err != nil:
		return cmd.badPINFile(err)
	case info.IsDir():
		return cmd.badPINFile(errors.New("it is a folder: --pin-file wants a file with the card's PIN"))
	case info.Mode().IsRegular() && info.Mode()&others != 0:
		return cmd.badPINFile(errors.New("everybody on this machine may read or change it: chmod o= " + cmd.PINFile))
	}
	return nil
}

func (cmd updateCmd) badPINFile(err error) error {
	return &engine.Error{Op: "read PIN", Kind: engine.BadInput, Subject: cmd.PINFile, Err: err}
}

// readPIN reads the PIN from its file, if the card has tries enough for it or,
// when isNew, gets it; the last line end is not part of it.
func (cmd updateCmd) readPIN(ctx context.Context, p *parts, c *engine.Connected, isNew bool) (engine.PIN, error) {
	if err := cmd.maySpendTry(ctx, p, c, isNew); err != nil {
		return engine.PIN{}, err
	}
	b, err := os.ReadFile(cmd.PINFile)
	if err != nil {
		return engine.PIN{}, cmd.badPINFile(err)
	}
	n := len(b)
	for n > 0 && (b[n-1] == '\n' || b[n-1] == '\r') {
		n--
	}
	pin := engine.NewPIN(b[:n:n])
	if err := pin.CheckShape(); err != nil {
		pin.Wipe()
		return engine.PIN{}, cmd.badPINFile(err)
	}
	return pin, nil
}

// maySpendTry keeps a PIN file that is out of date, and used time and again,
// from blocking the card.
func (cmd updateCmd) maySpendTry(ctx context.Context, p *parts, c *engine.Connected, isNew bool) error {
	tries, err := p.desk.PINTries(ctx, p.actor, c)
	switch {
	case err != nil:
		return err
	case isNew && tries.Factory: // the PIN in the file is not tried, but set
		return nil
	case tries.Left == 0:
		return &engine.Error{Op: "check PIN", Kind: engine.PINBlocked, Err: errors.New("the PIN is blocked")}
	case tries.Left == 1 && !cmd.LastTry:
		return &engine.Error{
			Op: "check PIN", Kind: engine.CardRefused, Subject: c.Contents.Identity.Label(),
			Err: errors.New("one try is left, and a wrong PIN would block the card: make sure that --pin-file is right, then add --last-try"),
		}
	}
	return nil
}

// watch prints each step as it ends, unless the output is JSON.
func (cmd updateCmd) watch(p *parts) func(engine.Event) {
	var steps []engine.Step
	began := p.desk.Now()
	return func(e engine.Event) {
		if cmd.JSON {
			return
		}
		switch e.Kind {
		case engine.EventSteps:
			steps = e.Steps
		case engine.EventBegun:
			began = p.desk.Now()
		case engine.EventDone:
			t := &words.English
			n, of := engine.Count(steps, e.Step)
			fmt.Printf(t.Plain.StepLine+"  %s\n", n, of, t.Step(steps[e.Step], e.Undo), t.Seconds(p.desk.Now().Sub(began).Round(time.Millisecond)))
		case engine.EventTouch:
			fmt.Println(words.English.Progress.Touch)
		case engine.EventHeld:
			t := &words.English
			n, of := engine.Count(steps, e.Step)
			fmt.Printf(t.Plain.StepLine+"  %s\n", n, of, t.Step(steps[e.Step], e.Undo), t.Progress.Held)
		case engine.EventSkip, engine.EventMoved:
		}
	}
}
