package words

import (
	"crypto/ed25519"
	"slices"
	"strings"
	"time"

	"cardkiosk/engine"
)

// SampleLetter is an invented letter about an event, with everything in it that
// such a letter can tell at once: for looking at templates, and for trying them.
// It goes to the card's holder where such letters do.
func SampleLetter(event engine.NoticeEvent) engine.Letter {
	n := sampleNotices(event)[0]
	l := engine.Letter{ID: strings.Repeat("0", 32), To: n.User.Mail, Created: n.At, Notice: n}
	if l.To == "" {
		l.To = "administrator@example.org"
	}
	return l
}

// The days of the samples, in no zone: they are written out the same anywhere.
var (
	sampleAt    = time.Date(2026, 11, 22, 14, 5, 0, 0, time.Local)
	sampleAsked = sampleAt.AddDate(0, 0, -3)
	sampleEnd   = time.Date(2026, 12, 1, 9, 0, 0, 0, time.Local)
)

// sampleNotices are notices of one event that between them tell all that such a
// one can tell.
func sampleNotices(event engine.NoticeEvent) []engine.Notice {
	n := engine.Notice{
		Event: event, At: sampleAt, Run: engine.RunID("4f5e1c" + strings.Repeat("0", 26)),
		User:  engine.UserRef{ID: "u1", Name: "Zoë Müller", Logon: "zmueller", Mail: "zoe@example.org"},
		Card:  engine.Identity{ID: "yubikey-10234567", Serial: "10234567", Model: "YubiKey 5.7.1"},
		Actor: engine.Actor{Who: "jdoe", Station: "Lobby", Mode: engine.Operator},
	}
	switch event {
	case engine.UpdateDone, engine.TaskCompleted:
		n.Written, n.Removed, n.Kept = sampleWritten(), sampleRemoved(), sampleKept()
		n.Refused = []engine.Refusal{{Template: "Signature", Words: "the contract has ended"}}
		first := n
		first.First, first.Removed, first.Kept, first.Refused = true, nil, nil, nil
		if event == engine.UpdateDone {
			return []engine.Notice{n, first}
		}
		cancels := first
		cancels.First, cancels.Cancels, cancels.Written = false, true, nil
		return []engine.Notice{n, first, cancels}
	case engine.UpdatePending:
		n.Requests = sampleRequests(engine.RequestPending)
		n.Written, n.Removed, n.Kept = sampleWritten(), sampleRemoved(), sampleKept()
		return worksOrNot(n)
	case engine.UpdateApproved:
		n.Requests, n.Until = sampleRequests(engine.RequestApproved), sampleEnd
		return worksOrNot(n)
	case engine.UpdateRejected:
		n.Requests = sampleRequests(engine.RequestRejected)
		return worksOrNot(n)
	case engine.UpdateCancelled:
		n.Requests = []engine.NoticeRequest{
			{Template: "Logon", CA: "Corp CA", State: engine.RequestWithdrawn, Asked: sampleAsked},
			{Template: "Mail", CA: "Corp CA", State: engine.RequestRejected, Words: "the contract has ended", Asked: sampleAsked},
			{Template: "Signature", CA: "Branch CA", State: engine.RequestPending, Words: "requests cannot be withdrawn here", Asked: sampleAsked},
		}
		asBefore := n
		asBefore.Works = true
		n.Written, n.Removed, n.Kept = sampleWritten()[1:], sampleRemoved(), sampleKept()
		return []engine.Notice{n, asBefore}
	case engine.UpdateFailed:
		n.Trouble = engine.CardGone
		return worksOrNot(n)
	case engine.ApprovalOverdue:
		n.Requests, n.Until = sampleRequests(engine.RequestPending), sampleEnd
	case engine.ApprovalLapsed:
		n.Requests = sampleRequests(engine.RequestApproved)
	case engine.NoticeUnassigned:
		n.Removed, n.Kept = sampleRemoved(), sampleKept()
	case engine.NoticeCleaned:
		n.Removed = sampleRemoved()
	case engine.NoticeRevoked:
		return ofEveryReason(n)
	case engine.NoticeDisabled, engine.NoticeEnabled:
	case engine.AuditCheckpoint:
		n.User, n.Card, n.Run, n.Actor = engine.UserRef{}, engine.Identity{}, "", engine.Actor{Station: "Lobby"}
		n.Checkpoints = []string{sampleCheckpoint(1), sampleCheckpoint(2)}
	case engine.MailTest:
		n.User, n.Card, n.Run = engine.UserRef{}, engine.Identity{}, ""
	case engine.ContentExpiring, engine.TrackedExpiring, engine.CommonExpiring, engine.PolicyChanged, engine.AttributesNew:
		return []engine.Notice{sampleFound(n)}
	}
	return []engine.Notice{n}
}

// sampleFound is a notice of what nobody did, but was found.
func sampleFound(n engine.Notice) engine.Notice {
	n.Run, n.Actor = "", engine.Actor{}
	switch n.Event { //nolint:exhaustive // the rest is in sampleNotices
	case engine.ContentExpiring:
		n.Expiring = []engine.NoticeExpiry{
			{Title: "Logon", Place: "9a", NotAfter: sampleEnd},
			{Title: "Signature", Place: "9c", NotAfter: sampleAsked, Expired: true},
		}
	case engine.TrackedExpiring:
		n.Expiring = []engine.NoticeExpiry{
			{Title: "Bank, customer 4711", Place: "83", NotAfter: sampleEnd},
			{Title: "Notary", Place: "84", NotAfter: sampleAsked, Expired: true},
		}
	case engine.CommonExpiring:
		n.User, n.Card, n.Policy = engine.UserRef{}, engine.Identity{}, "Staff"
		n.Expiring = []engine.NoticeExpiry{{Title: "Door", NotAfter: sampleEnd}}
	case engine.PolicyChanged:
		n.Policy, n.Was = "Staff", "Visitors"
	case engine.AttributesNew:
		n.Changes = []engine.NoticeChange{
			{Template: "Logon", Attribute: "displayName", Was: "Zoë Meier", Is: "Zoë Müller"},
			{Template: "Mail", Attribute: "mail", Is: "zoe@example.org"},
			{Template: "Mail", Attribute: "title", Was: "Dr."},
		}
	}
	return n
}

// sampleCheckpoint is a checkpoint as it would look.
func sampleCheckpoint(n int64) string {
	const rows = 1000
	c := engine.Checkpoint{Station: "Lobby", Number: n, N: n * rows, Seq: n * rows, At: time.Date(2026, 11, 22, 14, 5, 0, 0, time.UTC)}
	return c.Sign(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))).Line()
}

func sampleWritten() []engine.Managed {
	return []engine.Managed{
		{Template: "Logon", Place: "9a", Issuer: "Corp CA", NotAfter: sampleAt.AddDate(1, 0, 0)},
		{Template: "Mail", Place: "9d", Issuer: "Corp CA", NotAfter: sampleAt.AddDate(2, 0, 0)},
	}
}

func sampleRemoved() []engine.Loss {
	return []engine.Loss{
		{Title: "VPN", Place: "84", Why: engine.LostCleared, KeyToo: true, History: true},
		{Title: "Signature", Place: "9c", Why: engine.LostInPlace},
		{Title: "?", Place: "9e", Why: engine.LostStrayKey, KeyToo: true},
	}
}

func sampleKept() []engine.Stay {
	return []engine.Stay{{Title: "Bank, customer 4711", Place: "83", Group: engine.GroupThirdParty}}
}

// sampleRequests are requests in every state that a letter tells of. One of the
// state given is news.
func sampleRequests(news engine.RequestState) []engine.NoticeRequest {
	said := map[engine.RequestState]string{
		engine.RequestPending: "an officer looks at it", engine.RequestRejected: "the photo is another person's",
	}
	all := []engine.NoticeRequest{
		{Template: "Logon", State: news, News: true, Words: said[news]},
		{Template: "Signature", State: engine.RequestPending, Words: "the contract is looked for"},
		{Template: "Mail", State: engine.RequestApproved},
		{Template: "VPN", State: engine.RequestRejected, Words: "no contract for VPN"},
	}
	for i := range all {
		all[i].CA, all[i].Asked = "Corp CA", sampleAsked
	}
	return all
}

func worksOrNot(n engine.Notice) []engine.Notice {
	works := n
	works.Works = true
	return []engine.Notice{works, n}
}

func ofEveryReason(n engine.Notice) (all []engine.Notice) {
	for _, reason := range engine.CardRevokeReasons() {
		n.Reason = reason
		all = append(all, n)
	}
	return all
}

// letterSamples are fields for trying an event's templates: all that such a
// letter can tell and nothing, for the holder and for others, done by an
// operator and by the holder; and yes and no also where they do not occur.
func (t *Text) letterSamples(event engine.NoticeEvent) (all []LetterFields) {
	for _, n := range sampleNotices(event) {
		for _, to := range []string{n.User.Mail, "manager@example.org"} {
			for _, mode := range []engine.Mode{engine.Operator, engine.SelfService} {
				n.Actor.Mode = mode
				all = append(all, t.letterFields(engine.Letter{To: to, Notice: n}))
			}
		}
	}
	for _, f := range slices.Clone(all) {
		f.First, f.Works, f.Cancels = !f.First, !f.Works, !f.Cancels
		all = append(all, f)
	}
	return append(all, LetterFields{ToHolder: true, BySelf: true, First: true, Works: true, Cancels: true}, LetterFields{})
}
