package engine

import "strings"

// Denial is why somebody may not do something. It is the cause in an Error of Kind
// Forbidden.
type Denial struct {
	Privilege Privilege
	Why       DenialWhy
	Policies  []string // NotThisPolicy: those for which a role of the person's grants it
	Err       error    // StandingUnknown: what the directory said
}

// DenialWhy is a kind of reason.
type DenialWhy string

// The reasons.
const (
	NoRole          DenialWhy = "no role grants it"
	NotThisPolicy   DenialWhy = "roles grant it for other policies only"
	AccountDisabled DenialWhy = "the account is disabled"
	StandingUnknown DenialWhy = "the directory does not say which groups the person is in"
	OperatorsOnly   DenialWhy = "only operators may do that"
	NotOwnCard      DenialWhy = "the card is somebody else's"
	NotForUsers     DenialWhy = "the policy does not let users do that"
	NotByPolicy     DenialWhy = "the policy lets nobody do that"
	NotProven       DenialWhy = "the card has not shown whose it is"
	NoTask          DenialWhy = "no task asks for it"
	LeaverMayNot    DenialWhy = "whoever left the task may not do it"
	NotByItself     DenialWhy = "the policy does not let agents do that by themselves"
	OtherStation    DenialWhy = "the task is for another workstation"
	OtherUsers      DenialWhy = "the task is for the user's own workstation"
)

// DenialWhys returns all of them, for tables that must not lack one.
func DenialWhys() []DenialWhy {
	return []DenialWhy{
		NoRole, NotThisPolicy, AccountDisabled, StandingUnknown, OperatorsOnly, NotOwnCard, NotForUsers, NotByPolicy, NotProven, NoTask,
		LeaverMayNot, NotByItself, OtherStation, OtherUsers,
	}
}

func (d *Denial) Error() string {
	s := string(d.Why)
	if len(d.Policies) > 0 {
		s += " (" + strings.Join(d.Policies, ", ") + ")"
	}
	if d.Err != nil {
		s += ": " + d.Err.Error()
	}
	return s
}

func (d *Denial) Unwrap() error { return d.Err }
