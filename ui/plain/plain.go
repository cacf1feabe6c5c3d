// Package plain is the walk as numbered lines and y/n questions: for screen
// readers, pipes and serial lines.
//
// It is the same walk as the full screen, from the same stages and words; only
// the drawing differs. Nothing here moves the cursor or needs colours.
package plain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
	"cardkiosk/engine/words"
	"cardkiosk/ui/widget"
)

// Needs is what the plain walk is given.
type Needs struct {
	Desk  *engine.Desk
	Actor engine.Actor
	Text  *words.Text
	Now   func() time.Time
	Out   io.Writer
	Input Input
	// Start begins a run and returns; whoever provides it owns the run.
	Start func(run func(ctx context.Context))
	// Nudge lets letters and errands leave that were just recorded; nil: they leave
	// in their time.
	Nudge func()
	// After tells an agent when to look for tasks again.
	After func(time.Duration) <-chan time.Time
	// ASCII keeps to letters that every terminal knows.
	ASCII bool
	// PINHint is said before a PIN is asked for; nil outside the demo.
	PINHint func(engine.CardID) string
}

// Input answers questions. The stage says where the walk is.
type Input interface {
	// Line returns one line without its end; io.EOF when there is no more, or
	// ctx has ended. An error ends the walk.
	Line(ctx context.Context, stage walk.Stage) (string, error)
	// Secret is Line for a PIN: nothing of it is shown, and the bytes are the
	// caller's to wipe.
	Secret(ctx context.Context, stage walk.Stage) ([]byte, error)
}

// The ways to leave a question without an answer.
var (
	errBack = errors.New("back")
	errLeft = errors.New("left")
)

// unanswered is a question that gets no answer any more, and why: nobody is
// there to be asked again.
type unanswered struct{ error }

func (u unanswered) Unwrap() error { return u.error }

// Walk walks once, from the user to the result, and returns how the run ended.
// Leaving on the way is no error: the result is nil then.
func Walk(ctx context.Context, n Needs) (*engine.Result, error) {
	w := &walker{Needs: n}
	defer w.draft.Release()
	stage, ok := walk.FindUser, true
	for ok {
		w.stage = stage
		err := w.visit(ctx, stage)
		_, mute := errors.AsType[unanswered](err)
		switch {
		case err == nil:
			stage, ok = w.draft.Next(stage)
			if w.turned != "" {
				stage, ok, w.turned = w.turned, true, ""
			}
		case errors.Is(err, errBack):
			if to, can := w.draft.Back(stage); can {
				stage = to
			}
		case mute, errors.Is(err, errLeft):
			w.say(w.Text.Plain.Left)
			return nil, w.leftBecause(err)
		default:
			if ctx.Err() != nil {
				return nil, w.interrupted(err)
			}
			w.trouble(err)
			w.last = err
			stage = w.afterTrouble(stage)
		}
	}
	return w.draft.Result, nil
}

// interrupted takes leave when the program ends. That a card's update can be
// continued has to be said.
func (w *walker) interrupted(err error) error {
	var e *engine.Error
	if errors.As(err, &e) && e.Effect == engine.CanContinue {
		w.trouble(err)
	} else {
		w.say(w.Text.Plain.Left)
	}
	return err
}

// afterTrouble says where to go on: from the card on, everything is read anew.
func (w *walker) afterTrouble(at walk.Stage) walk.Stage {
	if at == walk.FindUser || at == walk.Profile {
		return walk.FindUser
	}
	w.draft.ForgetCard()
	if w.draft.User == nil {
		return walk.FindUser
	}
	return walk.Profile
}

// leftBecause tells a person who left from an input that ended where an answer
// was needed. What went wrong before is the better reason.
func (w *walker) leftBecause(err error) error {
	switch {
	case errors.Is(err, errLeft):
		return nil
	case w.last != nil:
		return w.last
	}
	return &engine.Error{Op: "read answer", Kind: engine.Stopped, Err: err}
}

type walker struct {
	Needs
	draft  walk.Draft
	stage  walk.Stage
	turned walk.Stage // where a stage leads instead of the next one
	user   *engine.Profile
	card   *engine.CardView
	listed engine.CardID // the card that was chosen from the work list
	last   error         // the last trouble
	unread error         // why nobody reads what is said
}

func (w *walker) visit(ctx context.Context, s walk.Stage) error {
	switch s {
	case walk.FindUser, walk.WorkList: // the list has no stage of its own here
		return w.findUser(ctx)
	case walk.Profile:
		return w.profile(ctx)
	case walk.ConnectCard:
		return w.connect(ctx)
	case walk.ConfirmAssign:
		return w.assign(ctx)
	case walk.SelectTemplates:
		return w.templates(ctx)
	case walk.EnterPIN:
		return w.pin(ctx)
	case walk.SelectTracked:
		return w.tracked(ctx)
	case walk.Confirm:
		return w.confirm(ctx)
	case walk.GiveReason:
		return w.reason(ctx)
	case walk.ConfirmDeed:
		return w.deed(ctx)
	case walk.LeaveTask:
		return w.leaveTask(ctx)
	case walk.ShowTask:
		return w.showTask(ctx)
	case walk.AwaitCard, walk.TaskList: // no stages of their own here
	case walk.Update:
		return w.update()
	case walk.Result:
		return w.result()
	case walk.PutIn: // self-service has no lines: see cmd/kiosk/lobby.go
	}
	return fmt.Errorf("stage %q has no page", s)
}

func (w *walker) say(format string, args ...any) {
	if len(args) > 0 {
		format = fmt.Sprintf(format, args...)
	}
	if w.ASCII {
		format = widget.ASCII(strings.ReplaceAll(format, "…", "..."))
	}
	if _, err := fmt.Fprintln(w.Out, format); err != nil {
		w.unread = err
	}
}

func (w *walker) title(s string) { w.say("\n== %s", s) }

// trouble says what went wrong, what it means for the card, and what to do.
func (w *walker) trouble(err error) {
	w.say("! %s", w.Text.TitleOf(err))
	w.say("  %s", w.Text.EffectOf(err))
	w.say("  %s", w.Text.HintOf(err))
	if run := engine.RunOf(err); run != "" {
		w.say("  %s %s", w.Text.Frame.Run, run)
	}
}

// lines writes the text of a plan or a result.
func (w *walker) lines(all []words.PlanLine) {
	for _, l := range all {
		w.say("%s%s", marks[l.Mark], l.Text)
	}
}

var marks = map[words.Mark]string{
	words.MarkHead: "", words.MarkGoes: "  - ", words.MarkComes: "  + ", words.MarkStays: "    ",
	words.MarkNote: "      ", words.MarkFoot: "", words.MarkWaits: "  ... ",
}
