package engine

// Privilege is one thing a person may be allowed to do.
type Privilege string

// The privileges, in the words of the configuration and of the audit.
const (
	FindUsers      Privilege = "find users"
	ViewCard       Privilege = "view card"
	AssignCard     Privilege = "assign card"
	AdoptCard      Privilege = "adopt card"
	UpdateCard     Privilege = "update card"
	ContinueUpdate Privilege = "continue update"
	CancelUpdate   Privilege = "cancel update"
	SeeHistory     Privilege = "see history"
	SeeDue         Privilege = "see due cards"
	ShowPUK        Privilege = "show PUK" // the help desk's; its key is the other half of it
)

// The privileges of a card's life beside the update.
const (
	UnassignCard Privilege = "unassign card"
	DisableCard  Privilege = "disable card"
	EnableCard   Privilege = "enable card"
	RevokeCard   Privilege = "revoke card"
	CleanCard    Privilege = "clean card"
)

// The privileges of tasks for agents.
const (
	AssignTask Privilege = "assign task"
	SeeTasks   Privilege = "see tasks"
	RetryTask  Privilege = "retry task"
	RemoveTask Privilege = "remove task"
	RunAgent   Privilege = "run agent" // start the agent at a workstation
)

// The privileges of those who look after the kiosks.
const (
	SeeOutbox  Privilege = "see letters that were not sent"
	TryMail    Privilege = "try mail"
	SeeOrphans Privilege = "see orphans"
	SeeRoles   Privilege = "see roles"
	SeeAudit   Privilege = "see audit"
)

// Privileges returns all of them, in the order in which they are explained.
func Privileges() []Privilege {
	return []Privilege{
		FindUsers, ViewCard, SeeHistory, SeeDue,
		AssignCard, AdoptCard, UpdateCard, ContinueUpdate, CancelUpdate,
		UnassignCard, DisableCard, EnableCard, RevokeCard, CleanCard, ShowPUK,
		AssignTask, SeeTasks, RetryTask, RemoveTask, RunAgent,
		SeeOutbox, TryMail, SeeOrphans, SeeRoles, SeeAudit,
	}
}
