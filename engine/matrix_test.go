package engine

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// operation is a line of the table of who may do what: a method of the Desk, and what
// it takes. What is expected in each case follows from that, by rules that are
// written a second time here and are not the door's.
type deskOperation struct {
	name  string
	all   []Privilege // it takes each of these
	any   []Privilege // … or one of these
	about scope
	lobby lobbyRule
	set   func(t *testing.T) *stand                            // a world in which nothing else keeps it from being done
	do    func(ctx context.Context, s *stand, who Actor) error // it
	soft  string                                               // why it is not done all the same, in that world
}

// scope says whether roles that are local to policies count.
type scope bool

const (
	nobody   scope = false // any role that holds the privilege will do
	somebody scope = true
)

// lobbyRule says when an operation is a card's holder's to have done.
type lobbyRule string

const (
	never    lobbyRule = "an operator's"
	anybody  lobbyRule = "anybody's"
	whoever  lobbyRule = "whoever holds the card, as long as nobody else is known to be there"
	itself   lobbyRule = "the user's own"
	shown    lobbyRule = "the holder's, once the card has shown who that is"
	optional lobbyRule = "the same, where the policy leaves it to users"
)

// stand is a world on the way to an deskOperation.
type stand struct {
	*world
	c      *Connected
	plan   Plan
	wiping Wiping
	task   Task
	spy    *spyCA
	rows   []AuditRow
}

// matrixCase is a column: who asks.
type matrixCase struct {
	name   string
	mode   Mode
	roles  func(op deskOperation) []Role
	user   UserID // self-service: who is known to be there
	proven bool
	shut   bool // the policy leaves nothing to users
}

const asker = "ines"

func role(policies []string, ps ...Privilege) []Role {
	return []Role{{Name: "the role", Privileges: ps, Users: []string{asker}, Policies: policies}}
}

// takes are privileges that are enough.
func (op deskOperation) takes() []Privilege {
	if len(op.any) > 0 {
		return append(slices.Clone(op.all), op.any[0])
	}
	return op.all
}

// matrixCases are the columns: no role, all of them, one that holds what it takes,
// the same under this policy and under another, one for each privilege; and in
// self-service the card's holder and others.
func matrixCases() []matrixCase {
	cases := []matrixCase{
		{name: "no role", mode: Operator, roles: func(deskOperation) []Role { return nil }},
		{name: "every privilege", mode: Operator, roles: func(deskOperation) []Role { return role(nil, Privileges()...) }},
		{name: "what it takes", mode: Operator, roles: func(op deskOperation) []Role { return role(nil, op.takes()...) }},
		{name: "… for this policy", mode: Operator, roles: func(op deskOperation) []Role { return role([]string{"Staff"}, op.takes()...) }},
		{name: "… for another policy", mode: Operator, roles: func(op deskOperation) []Role { return role([]string{"Visitors"}, op.takes()...) }},
		{name: "holder, card has shown it", mode: SelfService, user: ada.ID, proven: true},
		{name: "holder, policy leaves nothing to users", mode: SelfService, user: ada.ID, proven: true, shut: true},
		{name: "holder, card has not shown it", mode: SelfService, user: ada.ID},
		{name: "another's card", mode: SelfService, user: "id of grace"},
		{name: "nobody known yet", mode: SelfService},
	}
	for _, p := range Privileges() {
		cases = append(cases, matrixCase{name: "only: " + string(p), mode: Operator, roles: func(deskOperation) []Role { return role(nil, p) }})
	}
	return cases
}

// may says, from the table, whether an operation is allowed.
func (c matrixCase) may(op deskOperation) bool {
	switch c.mode {
	case Operator:
		if len(op.all)+len(op.any) == 0 {
			return false // an agent's, or a card's holder's
		}
		grants := func(p Privilege) bool {
			return slices.ContainsFunc(c.roles(op), func(r Role) bool {
				here := len(r.Policies) == 0 || op.about == nobody || slices.Contains(r.Policies, "Staff")
				return here && slices.Contains(r.Privileges, p)
			})
		}
		return !slices.ContainsFunc(op.all, func(p Privilege) bool { return !grants(p) }) && (len(op.any) == 0 || slices.ContainsFunc(op.any, grants))
	case SelfService:
		own := c.user == ada.ID
		return op.lobby == anybody || op.lobby == whoever && (own || c.user == "") || op.lobby == itself && own ||
			op.lobby == shown && own && c.proven || op.lobby == optional && own && c.proven && !c.shut
	case Agent: // see TestTaskDone
	}
	return false
}

// Nobody does what nobody has let them do: every operation of the Desk, for each role
// and for whoever stands before a kiosk. What is refused has changed nothing, has
// asked no CA and no card, and stands in the audit, once; what is allowed is done. An
// operation that the table lacks fails the test.
func TestMatrix(t *testing.T) {
	cases, ops := matrixCases(), deskOperations()
	var got strings.Builder
	legend(&got, cases)
	for _, op := range ops {
		marks := make([]byte, len(cases))
		for i, c := range cases {
			marks[i] = '.'
			if c.try(t, op) {
				marks[i] = '+'
			}
		}
		line := fmt.Sprintf("%-19s %s %s %s   %s", op.name, marks[:5], marks[5:10], marks[10:], op.why())
		got.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	got.WriteString("\nNobody asks for these:\n\n")
	for _, name := range slices.Sorted(keysOf(nobodyAsks)) {
		fmt.Fprintf(&got, "%-19s %s\n", name, nobodyAsks[name])
	}
	goldenMatrix(t, got.String())
	complete(t, ops)
}

// complete expects a line for every method of the Desk.
func complete(t *testing.T, ops []deskOperation) {
	t.Helper()
	desk := reflect.TypeFor[*Desk]()
	there := map[string]bool{}
	for i := range desk.NumMethod() {
		name := desk.Method(i).Name
		there[name] = true
		listed := slices.ContainsFunc(ops, func(op deskOperation) bool { return op.name == name })
		if _, free := nobodyAsks[name]; listed == free {
			t.Errorf("Desk.%s: in the table %v, among those that nobody asks for %v", name, listed, free)
		}
		takesActor := false
		for j := range desk.Method(i).Type.NumIn() {
			takesActor = takesActor || desk.Method(i).Type.In(j) == reflect.TypeFor[Actor]()
		}
		if takesActor != listed && name != "Permitted" {
			t.Errorf("Desk.%s takes an Actor: %v; in the table: %v", name, takesActor, listed)
		}
	}
	for _, op := range ops {
		if !there[op.name] {
			t.Errorf("there is no Desk.%s", op.name)
		}
	}
}

// try has somebody do it, and reports whether it was allowed.
func (c matrixCase) try(t *testing.T, op deskOperation) bool {
	t.Helper()
	s := op.set(t)
	who := Actor{Who: asker, Station: "desk 1", Mode: c.mode, User: c.user}
	if c.user == "" && c.mode == SelfService {
		who.Who = ""
	}
	if c.roles != nil {
		s.desk.Roles = append(slices.Clone(s.desk.Roles), c.roles(op)...)
	}
	if c.shut {
		s.policy.Users = UserOptions{}
	}
	if s.c != nil {
		s.c.proven = c.proven
	}
	before := s.everything()
	s.rows, s.spy.asked, s.deeds = nil, nil, 0
	err := op.do(t.Context(), s, who)
	at := fmt.Sprintf("%s, %s", op.name, c.name)
	refused := Is(err, Forbidden)
	if refused == c.may(op) {
		t.Errorf("%s: %v, want allowed %v", at, err, c.may(op))
	}
	switch {
	case refused:
		s.untouched(t, at, before)
	case err != nil && op.soft == "":
		t.Errorf("%s: allowed, and then %v", at, err)
	}
	return !refused
}

// whole is all that an operation may change.
type whole struct {
	frozen
	requests []Request
	tasks    []Task
	asked    int
	texts    int
}

func (s *stand) everything() whole {
	w := whole{frozen: s.freeze(), asked: len(s.asked), texts: len(s.texts)}
	for _, k := range s.requests {
		w.requests = append(w.requests, k.q)
	}
	w.tasks, _ = s.desk.Tasks.AllTasks(context.Background(), 0)
	return w
}

func (s *stand) untouched(t *testing.T, at string, before whole) {
	t.Helper()
	if now := s.everything(); !reflect.DeepEqual(now, before) {
		t.Errorf("%s: refused, and has changed something: %+v\n%+v", at, before, now)
	}
	if s.deeds > 0 || len(s.spy.asked) > 0 {
		t.Errorf("%s: refused, and %d deeds were done, CAs were asked %q", at, s.deeds, s.spy.asked)
	}
	if len(s.rows) != 1 || s.rows[0].Result != "refused" || s.rows[0].Actor.Who == "operator" {
		t.Errorf("%s: refused, and the audit has %+v", at, s.rows)
	}
}

// why is what it takes, in words.
func (op deskOperation) why() string {
	words := func(ps []Privilege, with string) string {
		var all []string
		for _, p := range ps {
			all = append(all, string(p))
		}
		return strings.Join(all, with)
	}
	parts := []string{words(op.all, " and "), words(op.any, " or ")}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	text := strings.Join(parts, " and ")
	if text == "" {
		text = "no privilege: " + op.soft
	}
	if op.lobby != never {
		text += "; self-service: " + string(op.lobby)
	}
	return text
}

func legend(b *strings.Builder, cases []matrixCase) {
	b.WriteString("Who may do what at the engine's door: + is allowed, . is refused. A role's members are\n" +
		"operators; in self-service whoever stands there has no role. The columns:\n\n")
	names := [3][]string{}
	for i, c := range cases {
		group := min(i/5, 2)
		names[group] = append(names[group], c.name)
	}
	for i, group := range []string{"an operator with", "self-service", "an operator with one privilege"} {
		fmt.Fprintf(b, "  %s: %s\n", group, strings.ReplaceAll(strings.Join(names[i], "; "), "only: ", ""))
	}
	b.WriteString("\n")
}

func keysOf(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func goldenMatrix(t *testing.T, got string) {
	t.Helper()
	path := filepath.Join("..", "testdata", "matrix.golden")
	if *update {
		must(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if got != string(want) {
		t.Errorf("testdata/matrix.golden differs (go test ./engine -run Matrix -update, then read it); got:\n%s", got)
	}
}

// spyCA notes everything that a CA is asked.
type spyCA struct {
	modelCA
	asked []string
}

func (a *spyCA) Ready(ctx context.Context, profile string, days int) error {
	a.asked = append(a.asked, "ready")
	return a.modelCA.Ready(ctx, profile, days)
}

func (a *spyCA) Ask(ctx context.Context, r CARequest) (Answer, error) {
	a.asked = append(a.asked, "ask")
	return a.modelCA.Ask(ctx, r)
}

func (a *spyCA) Lookup(ctx context.Context, id string) (Answer, bool, error) {
	a.asked = append(a.asked, "look up")
	return a.modelCA.Lookup(ctx, id)
}

func (a *spyCA) Withdraw(ctx context.Context, id string) (Answer, bool, error) {
	a.asked = append(a.asked, "withdraw")
	return a.modelCA.Withdraw(ctx, id)
}

func (a *spyCA) Revoke(ctx context.Context, serial string, why RevokeReason) error {
	a.asked = append(a.asked, "revoke")
	return a.modelCA.Revoke(ctx, serial, why)
}

func (a *spyCA) Revoked(ctx context.Context) ([]Revocation, error) {
	a.asked = append(a.asked, "revoked")
	return a.modelCA.Revoked(ctx)
}

func (a *spyCA) Issuers(ctx context.Context) ([][]byte, error) {
	a.asked = append(a.asked, "issuers")
	return a.modelCA.Issuers(ctx)
}

func (a *spyCA) Release(ctx context.Context, serial string) error {
	a.asked = append(a.asked, "release")
	return a.modelCA.Release(ctx, serial)
}

// Write implements Audit.
func (s *stand) Write(_ context.Context, row AuditRow) error {
	s.rows = append(s.rows, row)
	return nil
}

// Around the card nothing is asked that the model world does not have.
type (
	noHits      struct{ Hits }
	noLetters   struct{}
	noAuditLog  struct{}
	noPost      struct{}
	emptyShelf  struct{ modelLedger }
	snapshotted struct{ modelPeople }
	searched    struct{ modelDirectory }
)

func (searched) Search(string) Hits { return noHits{} }

func (noHits) Next(context.Context) ([]User, error) { return nil, io.EOF }

func (noHits) Close() {}

func (noLetters) ListLetters(context.Context, time.Time) ([]Unsent, error) { return nil, nil }

func (noAuditLog) EachAudit(context.Context, AuditFilter, func(ChainedRow) error) error { return nil }

func (noPost) Send(context.Context, Letter) error { return nil }

func (emptyShelf) EachDue(context.Context, func(DueFacts) error) error { return nil }

func (snapshotted) Snapshot(context.Context) (SnapshotState, error) { return SnapshotState{}, nil }
