package engine

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// histories is how many are told at least, unless -rapid.checks says more.
const histories = 1000

// history is one random life of a card whose CA may hold requests.
type history struct {
	*world
	selection Selection
	plan      Plan            // of the update under way
	before    lying           // the card before it …
	set       setUp           // …
	record    Record          // … and its record
	odd       map[string]bool // fingerprints of what the record says of the card and is not so
	stood     map[string]bool // approvals by which a key was made
	station   string          // where the card lies now
	years     int             // that have gone by in leaps

	left Lease // with which a station stopped

	steps  []string
	counts map[string]int
}

// setUp is what an update sets once, and nothing takes back.
type setUp struct {
	pin, puk            Counter
	admin               AdminKey
	chuid, capabilities bool
	guid                string
}

// Whatever officers, kiosks, workers, CAs, hands and the power do, in whatever
// order: a request brings one certificate, the card keeps what works, whoever is to
// know is told once, what is cancelled leaves the card as it was, and in the end
// nothing is left open anywhere.
func TestHistories(t *testing.T) {
	atLeast(t, histories)
	told, total := 0, map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory(t)
		h.tell(t)
		told++
		for what, n := range h.counts {
			total[what] += n
		}
	})
	steps := 0
	for _, n := range total {
		steps += n
	}
	t.Logf("%d histories, %d steps: %v", told, steps, total)
	for _, what := range happenings {
		if total[what] < told/500 {
			t.Errorf("%q happened %d times in %d histories: they do not show much", what, total[what], told)
		}
	}
}

// happenings are what must happen often enough for the histories to show anything.
var happenings = []string{
	"update", "continue", "cancel", "end rejected", "take back", "revoke card", "worker", "officer", "officer thinks again",
	"clock", "nobody comes", "years", "CA down", "power cut", "card pulled", "meanwhile worker", "meanwhile officer", "meanwhile revoke card",
	"rested", "cancelled", "finished", "finished in part", "first issue", "approved first", "orphan", "escalated", "lapsed",
}

// atLeast has rapid check more often than it does by itself.
func atLeast(t *testing.T, n int) {
	checks := flag.Lookup("rapid.checks")
	if checks.Value.String() != checks.DefValue {
		return
	}
	if err := flag.Set("rapid.checks", fmt.Sprint(n)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set("rapid.checks", checks.DefValue) })
}

// newHistory begins one in which there is something to be done.
func newHistory(t *rapid.T) *history {
	w, s := drawWorld(t)
	if oneIn(t, 5, "the card is new") {
		w.fresh()
	}
	w.policy.Cancel = true
	w.policy.Setup = Setup{PUK: rapid.SampledFrom([]PUKRule{PUKSealed, PUKBlock, PUKLeave}).Draw(t, "PUK"), Admin: AdminProtect}
	w.policy.Rules = drawRules(t)
	w.desk.Policies = []Policy{w.policy}
	w.desk.People, w.desk.Audit = modelPeople{}, modelDiary{w}
	w.desk.Random = rand.NewChaCha8([32]byte{}) // request ids, and so their order, are the same each time
	w.decides = rapid.Bool().Draw(t, "the CA decides first")
	w.desk.Deadlines = Deadlines{Escalate: 5 * 24 * time.Hour, EscalateTo: []string{"boss@corp.example"}, Collect: 20 * 24 * time.Hour}
	for _, one := range w.policy.Templates {
		w.holds[one.Profile] = !oneIn(t, 3, one.Name+" is issued at once")
		w.refuses[one.Profile] = oneIn(t, 15, one.Name+" is refused")
	}
	h := &history{world: w, selection: s, station: "desk 1", odd: map[string]bool{}, stood: map[string]bool{}, counts: map[string]int{}}
	c, err := w.connect()
	if err != nil {
		t.Fatal(err)
	}
	p, err := w.desk.Propose(context.Background(), actor, c, w.user, s)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Plan.Obstacles) > 0 || !slices.ContainsFunc(p.Plan.Steps, func(s Step) bool { return s.Ask != nil }) {
		t.Skip("there is nothing to ask a CA for")
	}
	h.remember()
	for _, m := range slices.Concat(h.record.Managed, h.record.Former) {
		h.odd[m.Fingerprint] = !h.agrees(m)
	}
	return h
}

// fresh makes the card one from the factory, that was assigned.
func (w *world) fresh() {
	w.card.keys, w.card.objects = map[Place]modelKey{}, map[Place][]byte{}
	w.card.chuid, w.card.capabilities, w.card.former, w.id.GUID = false, false, 0, ""
	if w.card.can.SetSecrets {
		w.card.pin.Factory, w.card.puk.Factory, w.card.admin = true, true, AdminKey{Factory: true}
	}
	w.revoked, w.entry, w.bound = nil, map[string]bool{}, map[string]bool{}
	w.in(StateAssigned)
}

func drawRules(t *rapid.T) []Rule {
	if rapid.Bool().Draw(t, "the user is told") {
		return nil
	}
	var rules []Rule
	for _, e := range append(ofUpdates(), NoticeRevoked) {
		rules = append(rules, Rule{Event: e, To: rapid.SampledFrom([][]string{nil, {ToUser}, {"help@corp.example"}, {ToUser, "help@corp.example"}}).Draw(t, string(e)+" is told to")})
	}
	return rules
}

// remember keeps what is before an update.
func (h *history) remember() {
	h.before, h.set, h.record = h.card.lying(), h.sets(), copied(*h.world.record)
}

func (h *history) sets() setUp {
	return setUp{h.card.pin, h.card.puk, h.card.admin, h.card.chuid, h.card.capabilities, h.id.GUID}
}

func (h *history) tell(t *rapid.T) {
	if h.record.State == StateAssigned {
		h.counts["first issue"]++
	}
	h.do(t, "update")
	for range rapid.IntRange(3, 20).Draw(t, "steps") {
		h.do(t, rapid.SampledFrom(h.actions(t)).Draw(t, "then"))
	}
	h.settle(t)
	h.ends(t)
}

// actions are what may come next; what is there twice comes twice as often.
func (h *history) actions(t *rapid.T) []string {
	all := []string{"worker", "clock", "clock", "keeps all", "CA down"}
	if h.down {
		all = []string{"worker", "clock", "CA up", "CA up"}
	}
	if len(h.pendingIDs()) > 0 {
		all = append(all, "officer", "officer", "worker", "worker")
	}
	if len(h.approvals()) > 0 {
		all = append(all, "officer thinks again", "officer thinks again")
	}
	run, open := h.open()
	switch {
	case h.world.record.State == StateRevoked:
	case !open && h.years < 2:
		all = append(all, "update", "update", "years", "years")
	case !open:
		all = append(all, "update", "update")
	case run.rested() && !run.rests(): // somebody was at it
		all = append(all, "continue", "cancel", "cancel", "cancel")
	case run.rested():
		all = append(all, "continue", "continue", "continue", "cancel", "end rejected", "nobody comes")
	default:
		all = append(all, "continue", "continue", "continue", "take back", "cancel")
	}
	if h.world.record.State != StateAssigned && h.world.record.State != StateRevoked && oneIn(t, 5, "the card is lost") {
		all = append(all, "revoke card")
	}
	return all
}

func (h *history) do(t *rapid.T, action string) {
	h.counts[action]++
	h.steps = append(h.steps, action)
	switch action {
	case "update", "continue", "take back", "cancel", "end rejected", "worker", "revoke card":
		h.troubles(t, action)
	}
	h.act(t, action)
	if h.dark || h.card.gone {
		h.left = h.lease
	}
	h.light(0, false)
	h.card.insert(0)
	h.meet = 0
	h.holdsTrue(t)
}

// troubles draws what comes between.
func (h *history) troubles(t *rapid.T, action string) {
	note := func(format string, args ...any) { h.steps = append(h.steps, fmt.Sprintf("("+format+")", args...)) }
	if oneIn(t, 3, "the power goes") {
		h.light(rapid.IntRange(1, 30).Draw(t, "with"), rapid.Bool().Draw(t, "after it"))
		h.counts["power cut"]++
		note("the power goes with deed %d", h.cut)
	}
	if action == "worker" || action == "revoke card" {
		return
	}
	if oneIn(t, 5, "the card is pulled") {
		h.card.insert(rapid.IntRange(1, 12).Draw(t, "with deed"))
		h.counts["card pulled"]++
		note("the card is pulled with deed %d on it", h.card.pull)
	}
	if oneIn(t, 4, "something happens meanwhile") {
		h.meet = rapid.IntRange(1, 25).Draw(t, "before deed")
		elsewhere := rapid.SampledFrom([]string{"worker", "worker", "officer", "revoke card"}).Draw(t, "meanwhile")
		note("meanwhile, before deed %d: %s", h.meet, elsewhere)
		h.meanwhile = func() {
			h.counts["meanwhile "+elsewhere]++
			h.act(t, elsewhere)
		}
	}
}

func (h *history) at() Actor { return Actor{Who: "operator", Station: h.station, Mode: Operator} }

func (h *history) act(t *rapid.T, action string) {
	ctx := context.Background()
	switch action {
	case "update":
		h.update()
	case "continue":
		h.withCard(t, h.desk.Resume)
	case "take back":
		h.withCard(t, h.desk.TakeBack)
	case "cancel":
		h.withCard(t, h.desk.CancelUpdate)
	case "end rejected":
		h.withCard(t, h.desk.EndRejected)
	case "worker":
		_, _ = h.desk.AskHeld(ctx)
	case "revoke card":
		_, _ = h.desk.Revoke(ctx, Actor{Who: "help desk", Station: "desk 3", Mode: Operator}, h.id.ID, CardLost, false)
	case "officer":
		if ids := h.pendingIDs(); len(ids) > 0 {
			h.officer(rapid.SampledFrom(ids).Draw(t, "request"), !oneIn(t, 3, "rejects"))
		}
	case "officer thinks again":
		h.answers[rapid.SampledFrom(h.approvals()).Draw(t, "approval")] = Answer{State: RequestRejected, Words: secondThoughts}
	case "clock":
		h.now = h.now.Add(time.Duration(rapid.IntRange(1, 9*24).Draw(t, "hours")) * time.Hour)
	case "nobody comes": // what is approved lapses
		_, _ = h.desk.AskHeld(ctx)
		h.now = h.now.AddDate(0, 0, 22)
		_, _ = h.desk.AskHeld(ctx)
	case "years":
		h.now = h.now.AddDate(0, 0, 350)
		h.years++
	case "CA down", "CA up":
		h.down = !h.down
	case "keeps all":
		h.keepsAll = !h.keepsAll
	}
}

func (h *history) update() {
	ctx := context.Background()
	c, err := h.desk.Connect(ctx, h.at(), "reader")
	if err != nil {
		return
	}
	p, err := h.desk.Propose(ctx, h.at(), c, h.user, h.selection)
	if err != nil || len(p.Plan.Obstacles) > 0 || !p.Plan.Changes() {
		return
	}
	if _, open := h.open(); !open {
		h.remember()
	}
	h.plan = p.Plan
	_, err = h.desk.Update(ctx, h.at(), c, p.Plan, newPIN(), nil)
	h.tells(err)
}

// carrying is how an update goes on, or back.
type carrying func(context.Context, Actor, *Connected, PIN, func(Event)) (Result, error)

// withCard goes on with an update, at one of two desks.
func (h *history) withCard(t *rapid.T, how carrying) {
	h.station = rapid.SampledFrom([]string{"desk 1", "desk 2"}).Draw(t, "at")
	c, err := h.desk.Connect(context.Background(), h.at(), "reader")
	if err != nil {
		return
	}
	_, err = how(context.Background(), h.at(), c, newPIN(), nil)
	h.tells(err)
}

// tells holds that whoever is to know of updates that stop knows of this one.
func (h *history) tells(err error) {
	if err != nil {
		h.left = h.lease
	}
	run, open := h.open()
	if !Is(err, CardGone) || !h.card.gone || h.dark || !open {
		return
	}
	changed := func(n Note) bool { return run.Plan.Steps[n.Step].Verb != ProveCard }
	noted := func(a AuditRow) bool { return a.Run == run.ID && a.Result == "failed" }
	if len(run.tells(UpdateFailed)) > 0 && !run.goesBack() && slices.ContainsFunc(run.Notes, changed) && !slices.ContainsFunc(h.audit, noted) {
		h.faults = append(h.faults, "the update stopped, and nobody was told")
	}
}

// approvals are what an officer has allowed and nothing was issued with, in order.
func (h *history) approvals() []string {
	var ids []string
	for id, a := range h.answers {
		if a.State == RequestApproved && !h.used(id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// settle brings everything to an end: the CA is there, the officer has decided,
// the worker has looked, and the update is continued.
func (h *history) settle(t *rapid.T) {
	h.down, h.keepsAll = false, false
	for range 8 {
		for _, id := range h.pendingIDs() {
			h.officer(id, !oneIn(t, 3, "rejects at last"))
		}
		h.now = h.now.Add(2 * time.Hour)
		if _, err := h.desk.AskHeld(context.Background()); err != nil {
			t.Fatal(err)
		}
		h.holdsTrue(t)
		if _, open := h.open(); !open {
			break
		}
		h.steps = append(h.steps, "end")
		c, err := h.desk.Connect(context.Background(), h.at(), "reader")
		if err == nil {
			_, err = h.desk.Resume(context.Background(), h.at(), c, newPIN(), nil)
		}
		if _, open := h.open(); err != nil && open {
			h.fail(t, []string{fmt.Sprintf("it cannot be continued: %v", err)})
		}
		h.holdsTrue(t)
	}
	h.now = h.now.Add(2 * time.Hour)
	if _, err := h.desk.AskHeld(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := h.work(); err != nil {
		t.Fatal(err)
	}
	h.holdsTrue(t)
}
