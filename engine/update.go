package engine

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// Result is how an update ended.
type Result struct {
	Run      RunID
	End      RunEnd    // "" when the update waits for a CA
	Notice   Notice    // what was written, removed and kept; also what the letter tells
	Letters  []Letter  // who will be written to; nobody when there is no address
	Refusals []Refusal // what the CA said no to
	Told     []string  // of an update that waits: who is written to when it is approved, as in Turn.Tell
}

// Refusal is a CA's no, in its own words.
type Refusal struct {
	Template string `json:"template"`
	Words    string `json:"words"`
}

// Event tells a watcher how a run goes. Watchers must not block.
type Event struct {
	Run   RunID
	Kind  EventKind
	Undo  bool // Step counts the steps that take the run back
	Step  int
	Steps []Step // with EventSteps: what is about to be carried out
	Done  int    // with EventMoved: bytes that have reached the card
	Total int
}

// EventKind says what happened.
type EventKind int

// The events.
const (
	EventSteps EventKind = iota // a list of steps begins
	EventBegun                  // a step begins
	EventDone                   // a step is done and noted
	EventSkip                   // a step has fallen away, or was done before
	EventMoved                  // bytes reached the card
	EventTouch                  // the card waits for a finger
	EventHeld                   // a CA holds the step's request
)

// Update carries a plan out: it checks everything that can fail elsewhere,
// unlocks the card, writes the plan to the journal and runs it. pin is the
// card's PIN, or, when the plan says NewPIN, the one it is to get. An error of
// Effect CanContinue means the run stands in the journal: see Resume.
func (d *Desk) Update(ctx context.Context, actor Actor, c *Connected, plan Plan, pin PIN, watch func(Event)) (Result, error) {
	run, err := d.newRun(actor, plan)
	if err != nil {
		return Result{}, err
	}
	result, err := d.update(ctx, actor, c, run, pin, watch)
	if err != nil {
		d.Log.Error("update stopped", "run", run.ID, "card", plan.Card.ID, "err", err)
		d.witness(ctx, AuditRow{Actor: actor, Act: string(UpdateCard), Card: plan.Card.ID, User: plan.User.ID, Run: run.ID}, err)
	}
	return result, err
}

func (d *Desk) newRun(actor Actor, plan Plan) (Run, error) {
	id := make([]byte, 16)
	if _, err := io.ReadFull(d.Random, id); err != nil {
		return Run{}, fmt.Errorf("draw run id: %w", err)
	}
	return Run{ID: RunID(hex.EncodeToString(id)), Actor: actor, Plan: plan, Started: d.Now()}, nil
}

func (d *Desk) update(ctx context.Context, actor Actor, c *Connected, run Run, pin PIN, watch func(Event)) (Result, error) {
	if err := d.may(ctx, actor, UpdateCard, aboutCard(c)); err != nil {
		return Result{}, err
	}
	if run.Plan.mode != actor.Mode {
		return Result{}, &Error{Op: "update card", Kind: PlanOutdated, Err: errors.New("the plan was made in another mode")}
	}
	if err := d.ready(ctx, run.Plan); err != nil {
		return Result{}, err
	}
	card, err := c.unlock(ctx, run.Plan, pin)
	if err != nil {
		return Result{}, err
	}
	r := d.runner(run, card, pin, watch)
	defer r.lock()
	if err := r.asPlanned(ctx); err != nil {
		return Result{}, err
	}
	if err := d.Texts.KeepPolicy(ctx, run.Plan.Under, run.Plan.text); err != nil {
		return Result{}, err
	}
	if err := r.open(ctx); err != nil {
		return Result{}, err
	}
	d.Log.Info("run begun", "run", run.ID, "card", run.Plan.Card.ID, "steps", len(run.Plan.Steps))
	return r.carry(ctx)
}

// unlock unlocks the card for its plan. A PIN that the card is to get has to be
// one that may become a card's PIN, also when the plan is continued.
func (c *Connected) unlock(ctx context.Context, plan Plan, pin PIN) (UnlockedCard, error) {
	if plan.NewPIN {
		has, _, err := c.card.Counters(ctx)
		if err != nil {
			return nil, err
		}
		if has.Factory {
			if err := pin.CheckNew(); err != nil {
				return nil, err
			}
		}
	}
	return c.card.Unlock(ctx, pin, plan.NewPIN)
}

// ready checks what can be known before anything is touched.
func (d *Desk) ready(ctx context.Context, plan Plan) error {
	switch {
	case len(plan.Obstacles) > 0:
		return &Error{Op: "update card", Kind: CannotPlan}
	case !plan.Changes():
		return &Error{Op: "update card", Kind: BadInput, Err: errors.New("the plan changes nothing")}
	}
	type question struct {
		ca, profile string
		days        int
	}
	asked := map[question]bool{}
	for _, s := range plan.Steps {
		if s.Verb == SetPUK && d.Vault == nil {
			return &Error{Op: "seal PUK", Kind: Broken, Err: errors.New("no vault is configured")}
		}
		if s.Verb != AskCA {
			continue
		}
		q := question{s.Ask.CA, s.Ask.Profile, s.Ask.ValidDays}
		if asked[q] {
			continue
		}
		ca, err := d.ca(q.ca)
		if err != nil {
			return err
		}
		if err := ca.Ready(ctx, q.profile, q.days); err != nil {
			return err
		}
		asked[q] = true
	}
	return nil
}

func (d *Desk) ca(name string) (CA, error) {
	ca, ok := d.CAs[name]
	if !ok {
		return nil, &Error{Op: "find CA", Kind: CAAway, Subject: name, Err: errors.New("no CA of this name is configured")}
	}
	return ca, nil
}

// asPlanned makes sure that this is the card the plan was made for, and that
// the places it will write to are as the plan found them. Those that the run
// has begun to change are told by its notes.
func (r *runner) asPlanned(ctx context.Context) error {
	if err := r.sameCard(ctx); err != nil {
		return err
	}
	for _, e := range r.run.Plan.Expects {
		if e.Unreadable || r.run.touched(e.Place) {
			continue
		}
		der, err := r.card.CertificateAt(ctx, e.Place)
		if err != nil {
			return err
		}
		key, err := r.card.KeyAt(ctx, e.Place)
		if err != nil {
			return err
		}
		if !e.matches(der, key) {
			return &Error{Op: "check plan", Kind: PlanOutdated, Subject: string(e.Place)}
		}
	}
	return nil
}

func (e Expect) matches(der []byte, key *Key) bool {
	fingerprint, public := "", []byte(nil)
	if der != nil {
		fingerprint = Fingerprint(der)
	}
	if key != nil {
		public = key.Public
	}
	return fingerprint == e.Certificate && bytes.Equal(public, e.Public)
}

func (r *runner) sameCard(ctx context.Context) error {
	id, err := r.card.Identify(ctx)
	if err != nil {
		return err
	}
	if id.ID != r.run.Plan.Card.ID {
		return &Error{Op: "check card", Kind: OtherCard, Subject: id.Label()}
	}
	return nil
}
