package ui

import (
	"fmt"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/ui/widget"
)

// progress shows a run: each step with its state, the time it took, and a bar
// only where bytes are counted.
type progress struct {
	scene
	watch *runWatch
	start func() // begins the run; called once
	title string

	run     engine.RunID
	steps   []engine.Step
	undo    bool
	states  []stepState
	touch   bool
	moved   [2]int // bytes done, total, of the step in work
	started time.Time
}

// stepState is how far a step is.
type stepState struct {
	phase stepPhase
	began time.Time
	took  time.Duration
}

type stepPhase int

const (
	stepWaits stepPhase = iota
	stepWorks
	stepDone
	stepSkipped
	stepHeld    // a CA holds its request
	stepGranted // it has granted what it held before
)

// ticked moves the clock on the screen.
type ticked struct{}

func newProgress(s scene, title string, w *runWatch, start func()) *progress {
	return &progress{scene: s, title: title, watch: w, start: start, started: s.now()}
}

func (p *progress) Init() tea.Cmd {
	p.start()
	return tea.Batch(p.watch.listen(p.ctx), tick())
}

func tick() tea.Cmd {
	return tea.Tick(500*time.Millisecond, func(time.Time) tea.Msg { return ticked{} })
}

func (p *progress) Keys() []key.Binding {
	return []key.Binding{bind("F1", p.text.Keys.Help, "f1")}
}

func (p *progress) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case ticked:
		return tick()
	case runNews:
		for _, e := range msg.events {
			p.note(e)
		}
		if msg.ended != nil {
			return p.answer(*msg.ended)
		}
		return p.watch.listen(p.ctx)
	}
	return nil
}

func (p *progress) note(e engine.Event) {
	p.run = e.Run
	switch e.Kind {
	case engine.EventSteps:
		p.steps, p.undo, p.states = e.Steps, e.Undo, make([]stepState, len(e.Steps))
	case engine.EventBegun:
		p.states[e.Step] = stepState{phase: stepWorks, began: p.now()}
		p.moved, p.touch = [2]int{}, false
	case engine.EventDone:
		s := &p.states[e.Step]
		if s.phase == stepHeld {
			s.phase = stepGranted
			break
		}
		s.phase, s.took = stepDone, p.now().Sub(s.began)
		p.touch = false
	case engine.EventSkip:
		p.states[e.Step].phase = stepSkipped
	case engine.EventHeld:
		p.states[e.Step].phase = stepHeld
	case engine.EventMoved:
		p.moved = [2]int{e.Done, e.Total}
	case engine.EventTouch:
		p.touch = true
	}
}

func (p *progress) View(w, h int) string {
	g := p.look.glyph
	head := []string{
		widget.Right(" "+p.look.title.Render(p.title), p.look.warn.Render(p.text.Progress.DoNotRemove)+" ", w, g.more), "",
	}
	foot := []string{"", "   " + p.look.faint.Render(fmt.Sprintf(p.text.Progress.Run, short(p.run), p.text.Seconds(p.now().Sub(p.started))))}
	if p.touch {
		foot = append([]string{"   " + p.look.focus.Render(" "+p.text.Progress.Touch+" ")}, foot...)
	}
	shown := p.shown()
	list := widget.List{Len: len(shown), Cursor: p.current(shown)}
	rows := list.View(max(h-len(head)-len(foot), 1), func(i int, _ bool) string { return p.row(shown[i], w) })
	lines := append(head, widget.Lines(rows, h-len(head)-len(foot))...)
	return strings.Join(append(lines, foot...), "\n")
}

// shown are the steps that are to happen: those that only a refusal brings are
// shown once they have.
func (p *progress) shown() []int {
	var shown []int
	for i, s := range p.steps {
		if phase := p.states[i].phase; !s.IfRefused || phase == stepWorks || phase == stepDone {
			shown = append(shown, i)
		}
	}
	return shown
}

// current is the step to keep in sight.
func (p *progress) current(shown []int) int {
	at := 0
	for row, i := range shown {
		if p.states[i].phase != stepWaits {
			at = min(row+3, len(shown)-1)
		}
	}
	return at
}

func (p *progress) row(i, w int) string {
	g, s := p.look.glyph, p.states[i]
	mark, right := " ", ""
	switch s.phase {
	case stepWaits:
	case stepSkipped:
		mark = p.look.good.Render(g.good)
	case stepHeld:
		mark, right = p.look.warn.Render(g.wait), p.text.Progress.Held
	case stepGranted:
		mark, right = p.look.good.Render(g.good), p.text.Progress.Granted
	case stepDone:
		mark, right = p.look.good.Render(g.good), p.text.Seconds(s.took)
	case stepWorks:
		mark, right = p.look.accent.Render(g.point), p.working(s)
	}
	text := p.text.Step(p.steps[i], p.undo)
	return "   " + widget.Fit(mark, max(widget.Width(g.good), 1), "") + " " + widget.Right(text, right, w-8, g.more)
}

// working says how far the step in work is: a bar where bytes are known, the
// time where they are not.
func (p *progress) working(s stepState) string {
	if done, total := p.moved[0], p.moved[1]; total > 0 {
		full := done * 10 / total
		bar := strings.Repeat(p.look.glyph.full, full) + strings.Repeat(p.look.glyph.empty, 10-full)
		return bar + "  " + fmt.Sprintf(p.text.Progress.Moved, p.text.Size(done), p.text.Size(total))
	}
	return p.text.Seconds(p.now().Sub(s.began))
}

func short(run engine.RunID) string { return string(run[:min(6, len(run))]) }
