package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// printPlan prints the plan as the confirm page has it, or as JSON.
func (cmd updateCmd) printPlan(p engine.Proposal) {
	t := &words.English
	if cmd.JSON {
		var obstacles []string
		for _, o := range p.Plan.Obstacles {
			obstacles = append(obstacles, t.Obstacle(o))
		}
		printJSON(struct {
			Plan      engine.Plan `json:"plan"`
			Obstacles []string    `json:"obstacles,omitempty"`
			Changes   bool        `json:"changes"`
		}{p.Plan, obstacles, p.Plan.Changes()})
		return
	}
	fmt.Println(t.PlanTitle(p.Plan))
	if len(p.Plan.Obstacles) > 0 {
		fmt.Println(t.Confirm.Cannot)
	}
	for _, o := range p.Plan.Obstacles {
		fmt.Println("  ! " + t.Obstacle(o))
	}
	printLines(t.PlanLines(p.Plan))
}

func (cmd updateCmd) printResult(r engine.Result) {
	t := &words.English
	if cmd.JSON {
		printJSON(struct {
			Run      engine.RunID           `json:"run"`
			End      engine.RunEnd          `json:"end"`
			Written  []engine.Managed       `json:"written,omitempty"`
			Removed  []engine.Loss          `json:"removed,omitempty"`
			Kept     []engine.Stay          `json:"kept,omitempty"`
			Refusals []engine.Refusal       `json:"refusals,omitempty"`
			Requests []engine.NoticeRequest `json:"requests,omitempty"`
		}{r.Run, end(r), r.Notice.Written, r.Notice.Removed, r.Notice.Kept, r.Refusals, r.Notice.Requests})
		return
	}
	fmt.Println(t.ResultTitle(r))
	printLines(t.ResultLines(r))
	printLines(t.ResultDetails(r))
}

// end is how the run ended, in one word: one that waits for a CA has not.
func end(r engine.Result) engine.RunEnd {
	switch {
	case r.End == "":
		return "pending"
	case r.Notice.Event == engine.UpdateCancelled:
		return "cancelled"
	}
	return r.End
}

// leads are what stands before a line of each mark.
var leads = map[words.Mark]string{
	words.MarkGoes: "  - ", words.MarkComes: "  + ", words.MarkStays: "    ", words.MarkNote: "      ",
	words.MarkWaits: "  ... ",
}

func printLines(lines []words.PlanLine) {
	for _, l := range lines {
		fmt.Println(leads[l.Mark] + l.Text)
	}
}

// printJSON prints one value on standard output.
func printJSON(v any) {
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v) // of our own types, to our own output
}

// refusals are the CA's words, all of them.
func refusals(r engine.Result) string {
	var all []string
	for _, no := range r.Refusals {
		all = append(all, no.Template+": "+no.Words)
	}
	return strings.Join(all, "; ")
}
