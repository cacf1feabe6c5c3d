package plain

import (
	"context"
	"fmt"
	"sync"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
)

// update carries the run out and reads each step when it begins and ends.
func (w *walker) update() error {
	c := w.draft.Connected
	title := w.Text.ProgressTitle(c.Contents.Identity, w.draft.GoesBack(), w.draft.Action == walk.CancelUpdate)
	if w.draft.Action == walk.EmptyCard {
		title = w.Text.EmptyingTitle(c.Contents.Identity)
	}
	w.title(title)
	w.say(w.Text.Progress.DoNotRemove)
	reader := &stepReader{walker: w, at: -1}
	var result engine.Result
	err := error(&engine.Error{Op: "carry out plan", Kind: engine.Broken, Effect: engine.CanContinue}) // unless the run says otherwise
	done := make(chan struct{})
	w.Start(func(ctx context.Context) {
		defer close(done)
		result, err = w.carry(ctx, reader.tell)
	})
	<-done // the run ends at a safe note, also when ctx has ended
	w.draft.PIN.Wipe()
	if err != nil {
		return err
	}
	w.draft.Result = &result
	return nil
}

func (w *walker) carry(ctx context.Context, watch func(engine.Event)) (engine.Result, error) {
	d := &w.draft
	switch d.Action {
	case walk.IssueCard, walk.UpdateCard:
		return w.Desk.Update(ctx, w.Actor, d.Connected, d.Proposal.Plan, d.PIN, watch)
	case walk.ContinueUpdate:
		return w.Desk.Resume(ctx, w.Actor, d.Connected, d.PIN, watch)
	case walk.TakeBackUpdate:
		return w.Desk.TakeBack(ctx, w.Actor, d.Connected, d.PIN, watch)
	case walk.CancelUpdate:
		return w.Desk.CancelUpdate(ctx, w.Actor, d.Connected, d.PIN, watch)
	case walk.UpdateAgain:
		return w.Desk.EndRejected(ctx, w.Actor, d.Connected, d.PIN, watch)
	case walk.EmptyCard:
		return w.Desk.UnassignIssued(ctx, w.Actor, d.Connected, *d.Emptying, d.PIN, watch)
	case walk.AssignCard, walk.ReadCard, walk.FindOwner, walk.ShowHistory, walk.CardLife, walk.UnassignCard,
		walk.DisableCard, walk.EnableCard, walk.RevokeCard, walk.CleanCard, walk.LeaveUpdate, walk.LeaveCancel:
	}
	return engine.Result{}, fmt.Errorf("action %q has no run", d.Action)
}

// stepReader reads a run's events out.
type stepReader struct {
	*walker
	mu    sync.Mutex
	steps []engine.Step
	at    int // the step that was begun
	began time.Time
}

func (r *stepReader) tell(e engine.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e.Kind {
	case engine.EventSteps:
		r.steps = e.Steps
	case engine.EventBegun:
		r.at, r.began = e.Step, r.Now()
		r.step(e)
	case engine.EventDone:
		if r.at != e.Step { // a CA has granted what another run asked it for
			r.step(e)
			r.say("      %s", r.Text.Progress.Granted)
			return
		}
		r.say("      "+r.Text.Plain.TookLine, r.Text.Seconds(r.Now().Sub(r.began)))
	case engine.EventHeld:
		if r.at == e.Step { // the others waited before: the page of the card has said so
			r.say("      %s", r.Text.Progress.Held)
		}
	case engine.EventTouch:
		r.say("      %s", r.Text.Progress.Touch)
	case engine.EventSkip, engine.EventMoved:
	}
}

func (r *stepReader) step(e engine.Event) {
	n, of := engine.Count(r.steps, e.Step)
	r.say(r.Text.Plain.StepLine, n, of, r.Text.Step(r.steps[e.Step], e.Undo))
}

func (w *walker) result() error {
	w.title(w.Text.ResultTitle(*w.draft.Result))
	w.lines(w.Text.ResultLines(*w.draft.Result))
	w.lines(w.Text.ResultDetails(*w.draft.Result))
	return nil
}
