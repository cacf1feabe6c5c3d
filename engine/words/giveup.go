package words

import (
	"fmt"

	"cardkiosk/engine"
)

// GiveUp are the words of an update that is ended without what was not written yet.
type GiveUp struct {
	Cancel, End     string // serial
	Go, GoEnd       string
	Withdrawn, Away string // template, CA
	Revoked         string // template, CA
	Returned        string // template, CA
	Keys, Stays     string
	Works, Lost     string
}

// GiveUpTitle asks whether an update that waits, or that was rejected, is to be ended.
func (t *Text) GiveUpTitle(card engine.Identity, rejected bool) string {
	if rejected {
		return fmt.Sprintf(t.GiveUp.End, t.Serial(card))
	}
	return fmt.Sprintf(t.GiveUp.Cancel, t.Serial(card))
}

// GiveUpGo is what ending it is called.
func (t *Text) GiveUpGo(rejected bool) string {
	if rejected {
		return t.GiveUp.GoEnd
	}
	return t.GiveUp.Go
}

// GiveUpLines say what goes with an update that is given up, and what stays.
func (t *Text) GiveUpLines(p engine.Pending) []PlanLine {
	goes, stays := []PlanLine{{MarkHead, t.Confirm.Goes}}, []PlanLine{{MarkHead, t.Confirm.Stays}}
	stays = append(stays, PlanLine{MarkStays, t.GiveUp.Stays}) // no CA held some of it: it is in no request
	made := false
	for _, q := range p.Requests {
		if q.State == engine.RequestIssued {
			stays = append(stays, PlanLine{MarkStays, t.request(q)})
			continue
		}
		made = made || !q.Approval
		goes = append(goes, PlanLine{MarkGoes, t.givenUp(q)})
		if told := t.told(q); told != "" && q.State != engine.RequestPending {
			goes = append(goes, PlanLine{MarkNote, told})
		}
	}
	if made {
		goes = append(goes, PlanLine{MarkGoes, t.GiveUp.Keys})
	}
	foot := t.GiveUp.Lost
	if p.Works {
		foot = t.GiveUp.Works
	}
	return append(append(goes, stays...), PlanLine{MarkFoot, foot})
}

// givenUp says what becomes of one request.
func (t *Text) givenUp(q engine.Request) string {
	w, template, ca := t.GiveUp, engine.Clean(q.Template), engine.Clean(q.CA)
	switch {
	case q.State == engine.RequestPending && q.Trouble != "":
		return fmt.Sprintf(w.Away, template, ca)
	case q.State == engine.RequestPending:
		return fmt.Sprintf(w.Withdrawn, template, ca)
	case q.State == engine.RequestApproved && q.Approval:
		return fmt.Sprintf(w.Returned, template, ca)
	case q.State == engine.RequestApproved:
		return fmt.Sprintf(w.Revoked, template, ca)
	}
	return t.request(q)
}
