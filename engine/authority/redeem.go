package authority

import (
	"fmt"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// redeem compares a request with the approval it names. An approval decides one
// request: the first that asks for what was approved. While an officer still
// thinks, nothing is kept, so that the same request can be sent again. What only the
// rule has approved, the rule of today decides.
func (a *Authority) redeem(rule *rule, e *entry, what *asked, approval entry) error {
	if e.State != accepted {
		return nil
	}
	words, err := judgeApproval(*e, what, approval)
	if err != nil {
		return err
	}
	ends := granted(approval).Add(time.Duration(a.rules.Queue.Approvals))
	switch {
	case words != "":
		e.State, e.Words = rejected, words
	case e.Received.After(ends):
		e.State, e.Words = rejected, fmt.Sprintf("The approval of %s has ended: ask again", minute(granted(approval)))+inRules("approvals")
	case approval.DecidedBy == "":
		e.State, e.Words = rule.outcome(wire.Request{Hold: e.Hold}, approval.Renews.good())
		e.Renews = approval.Renews
	}
	return nil
}

// granted is when an approval was granted, by an officer or by its rule.
func granted(approval entry) time.Time {
	if approval.Decided.IsZero() {
		return approval.Received
	}
	return approval.Decided
}

// good says that it was taken for a renewal, and not for a request as any other.
func (r *Renewal) good() bool { return r != nil && r.Verified && r.Words == "" }

func judgeApproval(e entry, what *asked, approval entry) (string, error) {
	id := engine.Clean(e.Approved)
	switch {
	case approval.ID == "" || !approval.Approval:
		return fmt.Sprintf("The CA does not know an approval %s", id), nil
	case approval.State == pending:
		return "", refuse("ask CA", engine.WrongState, "the approval %s waits for an officer since %s", id, minute(approval.Received))
	case approval.State != approved:
		return fmt.Sprintf("The approval %s is %s", id, approval.State), nil
	case approval.UsedBy != "":
		return fmt.Sprintf("The approval %s was used for the request %s", id, approval.UsedBy), nil
	}
	then, err := readAsked(approval.Request)
	if err != nil {
		return "", fmt.Errorf("read kept request %s: %w", approval.ID, err)
	}
	if says(approval.Request, then) != says(e.Request, what) {
		return fmt.Sprintf("The request asks for something else than was approved with %s", id), nil
	}
	return "", nil
}
