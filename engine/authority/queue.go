package authority

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// longestReason is how much of an officer a kiosk shows, in characters.
const longestReason = 300

// Approve grants a request that is held, as an officer: its certificate is issued
// at once, valid from now on; of an approval, another request will be. id may be a
// beginning that only one request has. Kind Forbidden when the actor is no
// officer, WrongState when the request is not held any more, or the rule has
// changed and does not permit it.
func (a *Authority) Approve(ctx context.Context, actor engine.Actor, id string) (Request, error) {
	e, err := a.atDesk(ctx, actor, actApprove, id)
	if err != nil {
		return Request{}, err
	}
	if err := a.stillGood(ctx, e); err != nil {
		return Request{}, err
	}
	now := a.clock()
	row := auditRow{At: now, Actor: actor, Act: actApprove, Subject: e.ID, Detail: e.Template}
	kept, changed, err := a.book.settle(ctx, e.ID, []requestState{pending}, func(e *entry) error {
		e.Decided, e.DecidedBy = now, actor.Who
		if e.Approval {
			e.State = approved
			return nil
		}
		return a.fix(e, now)
	}, row)
	if err != nil {
		return Request{}, err
	}
	if !changed {
		return Request{}, decided(actApprove, kept)
	}
	a.log.Info("request approved", "request", e.ID, "officer", actor.Who)
	if kept.State == accepted {
		// When this goes wrong, the next who asks or looks it up gets it issued.
		if _, err := a.issue(ctx, e.ID); err != nil {
			return Request{}, err
		}
	}
	return a.see(ctx, e.ID)
}

// Reject refuses a request that is held, as an officer. The reason is the CA's
// words to whoever asked. An approval that nothing was issued with yet can be
// rejected too. Kinds as of Approve; BadInput without a reason.
func (a *Authority) Reject(ctx context.Context, actor engine.Actor, id, reason string) (Request, error) {
	reason = strings.TrimSpace(reason)
	e, err := a.atDesk(ctx, actor, actReject, id)
	switch {
	case err != nil:
		return Request{}, err
	case reason == "":
		return Request{}, refuse(actReject, engine.BadInput, "there is no reason: whoever waits for the certificate reads it")
	case engine.Clean(reason) != reason || utf8.RuneCountInString(reason) > longestReason:
		return Request{}, refuse(actReject, engine.BadInput, "the reason has control characters or more than %d characters: the kiosk shows it in a few lines", longestReason)
	}
	now := a.clock()
	row := auditRow{At: now, Actor: actor, Act: actReject, Subject: e.ID, Detail: reason}
	kept, changed, err := a.book.settle(ctx, e.ID, []requestState{pending, approved}, func(e *entry) error {
		e.State, e.Words, e.Decided, e.DecidedBy = rejected, reason, now, actor.Who
		return nil
	}, row)
	if err != nil {
		return Request{}, err
	}
	if !changed {
		return Request{}, decided(actReject, kept)
	}
	a.log.Info("request rejected", "request", e.ID, "officer", actor.Who)
	return a.see(ctx, e.ID)
}

// Withdraw takes back a request that is held, or an approval that nothing was
// issued with, for whichever station finishes the update that it was for. What is
// decided stays, and is the answer; withdrawn before is no error. ErrUnknown when
// there is no such request.
func (a *Authority) Withdraw(ctx context.Context, station Station, id string) (wire.Answer, error) {
	if !station.MayAsk {
		return wire.Answer{}, refuse(actWithdraw, engine.Forbidden, "station %s may not ask for certificates, nor withdraw requests%s", station.Name, station.remedy())
	}
	if _, ok, err := a.book.request(ctx, id); err != nil {
		return wire.Answer{}, err
	} else if !ok {
		return wire.Answer{}, unknown(actWithdraw, "a request %s", engine.Clean(id))
	}
	now := a.clock()
	row := auditRow{At: now, Actor: engine.Actor{Station: station.Name}, Act: actWithdraw, Subject: id}
	kept, changed, err := a.book.settle(ctx, id, []requestState{pending, approved}, func(e *entry) error {
		e.State, e.Decided, e.DecidedBy = withdrawn, now, ""
		e.Words = fmt.Sprintf("Withdrawn at station %s on %s", station.Name, minute(now))
		return nil
	}, row)
	if err != nil {
		return wire.Answer{}, err
	}
	if changed {
		a.log.Info("request withdrawn", "request", id, "station", station.Name)
	}
	return a.tooLate(ctx, kept)
}

// tooLate answers whoever withdraws; what was granted before has words.
func (a *Authority) tooLate(ctx context.Context, e entry) (wire.Answer, error) {
	answer, err := a.answer(ctx, e)
	if err != nil {
		return wire.Answer{}, err
	}
	switch {
	case answer.State == engine.RequestIssued:
		answer.Words = "The certificate was issued before the request was withdrawn"
	case e.UsedBy != "":
		answer.Words = "Request " + e.UsedBy + " was decided with this approval before it was withdrawn"
	}
	return answer, nil
}

// stillGood refuses to approve what the rules of today, or a revocation since,
// stand against.
func (a *Authority) stillGood(ctx context.Context, e entry) error {
	if e.State != pending {
		return nil // it will be said that it is decided
	}
	if err := a.alive(); err != nil {
		return err
	}
	what, err := readAsked(e.Request)
	if err != nil {
		return fmt.Errorf("read kept request %s: %w", e.ID, err)
	}
	rule := a.rules.template(e.Template)
	if rule == nil {
		return refuse(actApprove, engine.WrongState, "template %s is not in %s any more", e.Template, rulesFile)
	}
	words := rule.judge(what)
	if words == "" {
		words, err = a.revokedSince(ctx, e)
	}
	if err != nil {
		return err
	}
	if words != "" {
		return refuse(actApprove, engine.WrongState, "%s", words)
	}
	return nil
}

// revokedSince has words when the station that asked was revoked since, or a
// certificate that the request is about.
func (a *Authority) revokedSince(ctx context.Context, e entry) (string, error) {
	at, err := a.book.stationRevoked(ctx, e.Station, e.Received)
	switch {
	case err != nil:
		return "", err
	case !at.IsZero():
		return fmt.Sprintf("station %s was revoked on %s: let another kiosk ask", e.Station, minute(at)), nil
	}
	return a.renewsRevoked(ctx, e)
}

// decided refuses to decide a second time.
func decided(op string, e entry) error {
	state := seenState(e.State)
	switch {
	case e.State == withdrawn:
		return refuse(op, engine.WrongState, "request %s is withdrawn: %s", e.ID, e.Words)
	case e.UsedBy != "":
		return refuse(op, engine.WrongState, "the approval %s was used for the request %s", e.ID, e.UsedBy)
	case e.DecidedBy != "":
		return refuse(op, engine.WrongState, "request %s is %s: %s decided on %s", e.ID, state, e.DecidedBy, minute(e.Decided))
	}
	return refuse(op, engine.WrongState, "request %s is %s: the rule decided on %s", e.ID, state, minute(e.Received))
}

// atDesk finds a request for an officer.
func (a *Authority) atDesk(ctx context.Context, actor engine.Actor, act, id string) (entry, error) {
	if err := a.admitOfficer(ctx, actor, act, id); err != nil {
		return entry{}, err
	}
	return a.book.requestBeginning(ctx, act, id)
}

// admitOfficer refuses everybody whom the rules do not name, and keeps that in
// the audit.
func (a *Authority) admitOfficer(ctx context.Context, actor engine.Actor, act, subject string) error {
	if actor.Who != "" && slices.Contains(a.rules.Officers, actor.Who) {
		return nil
	}
	row := auditRow{At: a.clock(), Actor: actor, Act: act, Subject: engine.Clean(subject), Detail: "refused: no officer"}
	return errors.Join(
		refuse(act, engine.Forbidden, "%q is no officer of this CA%s", actor.Who, inRules("officers")),
		a.book.witness(ctx, row))
}
