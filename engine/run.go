package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// runner carries a run out, step by step: note begun, act, note done. What
// cannot be noted is not started. A deed that is finished is noted even while
// the program shuts down.
type runner struct {
	desk  *Desk
	run   Run
	card  UnlockedCard
	pin   PIN
	puk   PIN // the PUK that was drawn, until it is on the card
	watch func(Event)
	back  bool         // a person wants the run taken back
	fresh map[int]bool // steps begun by this runner: nothing of them can have happened before
	again bool         // the run was begun by another runner: the card has been in other hands since

	news  []string              // requests, by id, that were refused and that nobody was told of
	kept  []AuditRow            // of requests that had lapsed and were gone on with
	retry map[int]time.Duration // when CAs that hold requests want to be asked again, by step
	ended []Request             // what has become of the requests of a run that was cancelled
}

func (d *Desk) runner(run Run, card UnlockedCard, pin PIN, watch func(Event)) *runner {
	return &runner{desk: d, run: run, card: card, pin: pin, watch: watch, fresh: map[int]bool{}, retry: map[int]time.Duration{}}
}

// lock locks the card. What was done is done; trouble here only goes to the
// log.
func (r *runner) lock() {
	if err := r.card.Close(); err != nil {
		r.desk.Log.Warn("card was not locked", "run", r.run.ID, "err", err)
	}
}

func (r *runner) carry(ctx context.Context) (res Result, err error) {
	defer r.rescue(&err)
	switch {
	case r.run.goesBack():
	case r.back:
		if err := r.finishTorn(ctx); err != nil {
			return Result{}, r.stop(ctx, err)
		}
	default:
		if err := r.forward(ctx); err != nil {
			return Result{}, r.stop(ctx, err)
		}
	}
	if r.back || r.run.goesBack() {
		if err := r.backward(ctx); err != nil {
			return Result{}, during(err, r.run.ID)
		}
	}
	return r.result(), nil
}

// rescue makes trouble of a panic, like any other of a run that stands in the
// journal: whoever watches is told, and the log has the stack under the run's
// id.
func (r *runner) rescue(err *error) {
	if cause := recover(); cause != nil {
		r.desk.Log.Error("panic", "run", r.run.ID, "value", fmt.Sprint(cause), "stack", string(debug.Stack()))
		*err = during(fmt.Errorf("panic: %v", cause), r.run.ID)
	}
}

// forward carries out the plan's steps that are not done, until the last or
// until the run turns.
func (r *runner) forward(ctx context.Context) error {
	r.tell(Event{Kind: EventSteps, Steps: r.run.Plan.Steps})
	r.tellSettled()
	if full, ok := r.run.rollingBack(); ok {
		if err := r.endPutBack(ctx, full); err != nil {
			return err
		}
	}
	if err := r.collect(ctx); err != nil {
		return err
	}
	for {
		n, more := r.run.next()
		switch {
		case !more && r.run.Waits():
			return r.rest(ctx)
		case !more:
			return r.end(ctx, nil, r.run.finishes())
		}
		if err := r.begin(ctx, n); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil && !r.run.midway(n) {
			return &Error{Op: "carry on", Kind: Stopped, Err: err}
		}
		r.tell(Event{Kind: EventBegun, Step: n})
		if err := r.take(ctx, n); err != nil {
			return err
		}
		if r.run.goesBack() || r.run.End != "" {
			return nil
		}
	}
}

// take carries out one step and notes what came of it.
func (r *runner) take(ctx context.Context, n int) error {
	if r.run.Plan.Steps[n].Verb == WriteRecord {
		return r.record(ctx, n)
	}
	kind, data, err := r.act(ctx, n)
	if Is(err, CardFull) && r.run.canPutBack(n) {
		if berr := r.putBack(ctx, n); berr != nil {
			return errors.Join(err, berr)
		}
	}
	if err != nil {
		return err
	}
	return r.settle(ctx, Note{Step: n, Kind: kind, Data: data})
}

// begin notes that a step begins, unless that was noted with the end of the
// one before, or by a runner before this one.
func (r *runner) begin(ctx context.Context, n int) error {
	if r.run.has(n, Begun) {
		return nil
	}
	note, err := r.begun(n)
	if err != nil {
		return err
	}
	if err := r.note(ctx, []Note{note}, ""); err != nil {
		return err
	}
	r.fresh[n] = true
	return nil
}

// settle notes the end of a step and, in the same write, the begin of the
// next; when there is no next, the end of the run.
func (r *runner) settle(ctx context.Context, note Note) error {
	note.At = r.desk.Now()
	notes, end, err := r.following(note)
	if err != nil {
		return err
	}
	if err := r.note(ctx, notes, end); err != nil {
		return err
	}
	r.settled(note)
	return nil
}

// following returns a note together with the one that begins the next step,
// and how the run ends if there is none.
func (r *runner) following(note Note) ([]Note, RunEnd, error) {
	ahead := r.run
	ahead.Notes = append(ahead.Notes[:len(ahead.Notes):len(ahead.Notes)], note)
	if ahead.goesBack() {
		return []Note{note}, "", nil
	}
	n, more := ahead.next()
	if !more && ahead.Waits() {
		return []Note{note}, "", nil
	}
	if !more {
		return []Note{note}, ahead.finishes(), nil
	}
	if ahead.has(n, Begun) {
		return []Note{note}, "", nil
	}
	next, err := r.begun(n)
	if err != nil {
		return nil, "", err
	}
	r.fresh[n] = true
	return []Note{note, next}, "", nil
}

func (r *runner) begun(n int) (Note, error) {
	data, err := r.intent(n)
	return Note{Step: n, Kind: Begun, At: r.desk.Now(), Data: data}, err
}

// note writes to the journal, whatever happens to ctx: the deed is done.
func (r *runner) note(ctx context.Context, notes []Note, end RunEnd) error {
	lease := r.desk.lease(r.run.by(), r.run.Fence)
	if err := r.desk.Journal.Note(context.WithoutCancel(ctx), r.run.ID, lease, notes, end, r.closing(end)); err != nil {
		return err
	}
	r.run.Notes = append(r.run.Notes, notes...)
	r.run.End = end
	return nil
}

func (r *runner) end(ctx context.Context, notes []Note, end RunEnd) error {
	return r.note(ctx, notes, end)
}

// closing is what is said of a run's end that has no record of its own.
func (r *runner) closing(end RunEnd) *Closing {
	if end == "" {
		return nil
	}
	c := &Closing{Audit: r.audit(string(end))}
	if end == TakenBack && len(r.run.refusals()) > 0 {
		n := r.run.notice(r.desk.Now())
		n.Event, n.Trouble, n.Refused = UpdateFailed, CARefused, r.run.refusals()
		c.Letters = r.run.letters(n)
	}
	return c
}

// audit is a row about the run.
func (r *runner) audit(result string) AuditRow {
	return AuditRow{
		At: r.desk.Now(), Actor: r.run.by(), Act: string(r.run.Plan.deed()), Card: r.run.Plan.Card.ID,
		User: r.run.Plan.User.ID, Run: r.run.ID, Result: result,
	}
}

// stop decides what trouble on the way forward means. As long as nothing was
// begun but proving the card, the run is closed and nothing was changed.
func (r *runner) stop(ctx context.Context, err error) error {
	for _, n := range r.run.Notes {
		if r.run.Plan.Steps[n.Step].Verb != ProveCard {
			r.tellFailed(ctx, err)
			return during(err, r.run.ID)
		}
	}
	if cerr := r.end(ctx, nil, TakenBack); cerr != nil {
		return during(errors.Join(err, cerr), r.run.ID)
	}
	return err
}

// tellFailed writes to whom the policy wants told that an update stopped, once a
// run. A run that a person stopped, or another kiosk has taken, has not failed.
func (r *runner) tellFailed(ctx context.Context, err error) {
	switch KindOf(err) { //nolint:exhaustive // every other kind is a failure
	case Stopped, Overtaken, StoreTrouble, StoreFull:
		return
	}
	n := r.run.notice(r.desk.Now())
	n.Event, n.Trouble, n.Written, n.Removed, n.Kept = UpdateFailed, KindOf(err), nil, nil, nil
	letters := r.run.letters(n)
	if len(letters) == 0 {
		return
	}
	row := r.audit("failed")
	row.Detail = Clean(err.Error())
	lease := r.desk.lease(r.run.by(), r.run.Fence)
	if nerr := r.desk.Journal.Note(context.WithoutCancel(ctx), r.run.ID, lease, nil, "", &Closing{Audit: row, Letters: letters}); nerr != nil {
		r.desk.Log.Warn("nobody was told that the update stopped", "run", r.run.ID, "err", nerr)
	}
}

// during marks trouble as that of a run which stands in the journal.
func during(err error, run RunID) error {
	var e *Error
	if !errors.As(err, &e) {
		return &Error{Op: "carry out plan", Kind: Broken, Run: run, Effect: CanContinue, Err: err}
	}
	marked := *e
	marked.Run, marked.Effect, marked.Err = run, CanContinue, err
	marked.Op = "carry out plan"
	return &marked
}

func (r *runner) tell(e Event) {
	if r.watch != nil {
		e.Run = r.run.ID
		r.watch(e)
	}
}

// tellSettled tells the watcher of a resumed run what was done before.
func (r *runner) tellSettled() {
	for i := range r.run.Plan.Steps {
		switch {
		case r.run.has(i, Done) || r.run.has(i, Refused) || r.run.skips(i):
			r.tell(Event{Kind: EventSkip, Step: i})
		case r.run.held(i):
			r.tell(Event{Kind: EventHeld, Step: i})
		}
	}
}

func (r *runner) settled(note Note) {
	r.desk.Log.Info("step settled", "run", r.run.ID, "step", note.Step, "undo", note.Undo, "as", string(note.Kind))
	kind := EventDone
	if note.Kind == Held {
		kind = EventHeld
	}
	r.tell(Event{Kind: kind, Step: note.Step, Undo: note.Undo})
}

// result tells how the run ended.
func (r *runner) result() Result {
	res := Result{Run: r.run.ID, End: r.run.End, Notice: r.run.notice(r.run.recordedAt()), Refusals: r.run.refusals()}
	switch {
	case res.End == "":
		res.Notice = r.run.waitingNotice(r.desk.Now())
		res.Letters = r.run.letters(res.Notice)
		res.Told = addressed(r.run.tells(UpdateApproved), r.run.Plan.User)
	case res.End == TakenBack && r.run.rested():
		res.Notice = r.run.cancelNotice(r.desk.Now(), r.ended)
		res.Letters = r.run.letters(res.Notice)
	case res.End != TakenBack:
		res.Letters = r.run.letters(res.Notice)
	}
	return res
}

// recordedAt is when the record was written.
func (r Run) recordedAt() time.Time {
	for i, s := range r.Plan.Steps {
		if s.Verb == WriteRecord {
			n, _ := r.note(i, Done)
			return n.At
		}
	}
	return time.Time{}
}
