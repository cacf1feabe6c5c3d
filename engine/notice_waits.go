package engine

import "time"

// waitingNotice is what is told of a run that was put down to wait for a CA.
func (r Run) waitingNotice(at time.Time) Notice {
	n := r.notice(at)
	n.Event, n.Removed, n.Refused = UpdatePending, nil, nil
	n.Requests, n.Works = r.noticeRequests(), r.worksMeanwhile()
	return n
}

// cancelNotice is what is told of a run that was cancelled: what stays of it, and
// what has become of its requests.
func (r Run) cancelNotice(at time.Time, requests []Request) Notice {
	n := r.notice(at)
	n.Event, n.Removed, n.Refused, n.Requests = UpdateCancelled, nil, nil, nil
	for _, q := range requests {
		n.Requests = append(n.Requests, q.line())
	}
	return n
}

// noticeRequests are the requests that waited, as they stand in the journal.
func (r Run) noticeRequests() []NoticeRequest {
	var all []NoticeRequest
	for _, q := range r.heldRequests() {
		all = append(all, q.line())
	}
	return all
}

func (r Run) heldRequests() []Request {
	var all []Request
	for i := range r.Plan.Steps {
		if r.has(i, Held) {
			all = append(all, r.standing(r.request(i), i, time.Time{}))
		}
	}
	return all
}

// worksMeanwhile reports whether nothing was lost so far: whatever the card could
// do it still can.
func (r Run) worksMeanwhile() bool {
	for _, s := range r.Plan.Steps {
		if r.overwritten(s.Template) && !r.wrote(s.Template) {
			return false
		}
	}
	return true
}
