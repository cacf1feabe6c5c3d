package plain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"cardkiosk/engine"
	"cardkiosk/engine/walk"
)

// perPage is how many users are read out at a time.
const perPage = 9

// findUser asks for a name until one user is chosen, or a card is to be read to
// see whose it is.
func (w *walker) findUser(ctx context.Context) error {
	w.draft.Release()
	w.listed = ""
	w.title(w.Text.Find.Title)
	for {
		text, err := w.line(ctx, w.Text.Plain.Who)
		if errors.Is(err, errBack) || err == nil && text == "" {
			continue
		}
		if err != nil {
			return err
		}
		if text == w.Text.Plain.Read {
			w.draft.Action = walk.ReadCard
			return nil
		}
		if text == w.Text.Plain.List {
			chosen, err := w.workList(ctx)
			if err != nil || chosen {
				return err
			}
			continue
		}
		if text == w.Text.Tasks.ListKey {
			if err := w.taskList(ctx); err != nil {
				return err
			}
			continue
		}
		user, err := w.search(ctx, text)
		switch {
		case err != nil:
			return err
		case user != nil:
			w.draft.User = user
			return nil
		}
	}
}

// search reads the answers out, a few at a time; nil when none was chosen.
func (w *walker) search(ctx context.Context, text string) (*engine.User, error) {
	search, err := w.Desk.Find(ctx, w.Actor, text)
	if err != nil {
		return nil, err
	}
	defer search.Close()
	hits := hits{search: search}
	for {
		page, err := hits.next(ctx, perPage)
		if err != nil {
			w.trouble(err)
			return nil, nil
		}
		if len(page) == 0 {
			w.say(w.Text.Find.Nobody)
			return nil, nil
		}
		for i, u := range page {
			w.say(w.Text.Plain.Number, i+1, w.userLine(u))
		}
		question, more := w.Text.Plain.WhichUser, ""
		if hits.more(ctx) {
			question, more = w.Text.Plain.WhichMore, w.Text.Plain.More
		}
		i, err := w.number(ctx, question, len(page), more)
		switch {
		case errors.Is(err, errBack):
			return nil, nil
		case err != nil:
			return nil, err
		case i > 0:
			return &page[i-1].User, nil
		}
	}
}

// hits cuts a directory's pages into smaller ones.
type hits struct {
	search *engine.Search
	rest   []engine.FoundUser
	done   bool
}

func (h *hits) next(ctx context.Context, n int) ([]engine.FoundUser, error) {
	if err := h.fill(ctx, n); err != nil {
		return nil, err
	}
	page := h.rest[:min(n, len(h.rest))]
	h.rest = h.rest[len(page):]
	return page, nil
}

// more reports whether there are further users, or trouble that is to be told
// when somebody wants them.
func (h *hits) more(ctx context.Context) bool { return h.fill(ctx, 1) != nil || len(h.rest) > 0 }

// fill sees to it that n users are at hand, where there are so many.
func (h *hits) fill(ctx context.Context, n int) error {
	for !h.done && len(h.rest) < n {
		page, err := h.search.Next(ctx)
		h.rest = append(h.rest, page...) // the last ones may come with the end
		switch {
		case errors.Is(err, io.EOF):
			h.done = true
		case err != nil:
			return err
		}
	}
	return nil
}

func (w *walker) userLine(u engine.FoundUser) string {
	t := w.Text
	mail, cards := u.User.Mail, t.Find.NoCard
	if mail == "" {
		mail = t.Profile.NoMail
	}
	if u.Cards > 0 {
		cards = t.Count.Cards.Of(u.Cards)
	}
	line := fmt.Sprintf("%s, %s, %s, %s", u.User.Name, u.User.Logon, mail, cards)
	if u.Due {
		line += ", " + t.Find.Due
	}
	if u.Waits {
		line += ", " + t.Find.Waits
	}
	if u.User.Disabled {
		line += ", " + t.Find.Disabled
	}
	return line
}

// profile reads out the user's cards and asks what is to be done.
func (w *walker) profile(ctx context.Context) error {
	profile, err := w.Desk.Profile(ctx, w.Actor, w.draft.User.ID)
	if err != nil {
		return err
	}
	w.user, w.draft.User = &profile, &profile.User
	w.title(fmt.Sprintf("%s, %s, %s", profile.User.Name, profile.User.Logon, w.Text.PolicyName(profile.Policy)))
	if profile.User.Disabled {
		w.say(w.Text.Profile.UserDisabled)
	}
	if profile.Unread != nil {
		w.say("! %s", w.Text.Unread(profile.Unread))
	}
	if err := w.chooseCard(ctx, profile.Cards); err != nil {
		return err
	}
	return w.chooseAction(ctx)
}

func (w *walker) chooseCard(ctx context.Context, cards []engine.CardView) error {
	w.card = nil
	if len(cards) == 0 {
		w.say(w.Text.Profile.NoCards)
		return nil
	}
	at := slices.IndexFunc(cards, func(v engine.CardView) bool { return w.wasRead(v) || v.Record.Card.ID == w.listed })
	switch {
	case at >= 0:
	case len(cards) == 1:
		at = 0
	default:
		for i, v := range cards {
			w.say(w.Text.Plain.Number, i+1, w.cardLine(v))
		}
		i, err := w.number(ctx, w.Text.Plain.WhichCard, len(cards), "")
		if err != nil {
			return err
		}
		at = i - 1
	}
	v := cards[at]
	w.card = &v
	w.describe(v)
	return nil
}

// wasRead reports whether a card is the one that was read to see whose it is.
func (w *walker) wasRead(v engine.CardView) bool {
	c := w.draft.Connected
	return w.draft.Action == walk.ReadCard && c != nil && c.Contents.Identity.ID == v.Record.Card.ID
}

func (w *walker) cardLine(v engine.CardView) string {
	return fmt.Sprintf(w.Text.Profile.Card, w.Text.Serial(v.Record.Card), v.Record.Card.Model) + ", " + w.Text.StateOf(v.Record)
}

// pending says what the card's update waits for.
func (w *walker) pending(v engine.CardView) {
	p := v.Pending
	if p == nil {
		return
	}
	w.say("%s", w.Text.PendingTitle(*p))
	for _, l := range w.Text.RequestLines(*p) {
		w.say("  %s", l.Text)
		if l.Words != "" {
			w.say("    %s", l.Words)
		}
	}
	w.say("%s", w.Text.Meanwhile(p.Works, w.user.User.Name))
	w.say("%s", w.Text.PendingNext(*p))
}

// describe says why a card is due and what is on it.
func (w *walker) describe(v engine.CardView) {
	t := w.Text
	w.say("%s", w.cardLine(v))
	if r := v.Unfinished; r != nil {
		w.say("%s", t.Unfinished(*r))
	}
	w.pending(v)
	w.task(v)
	if out := t.OutOfUse(v.Record.State); out != "" {
		w.say("%s", out)
	}
	for _, r := range v.Reasons {
		lead := t.Profile.DueBecause
		if _, optional := r.(engine.OptionalAvailable); optional {
			lead = t.Profile.Optional
		}
		w.say("  %s: %s", lead, t.Reason(r, w.Now()))
	}
	for _, ca := range v.Silent {
		w.say("  "+t.Life.Silent, engine.Clean(ca))
	}
	for _, e := range v.Entries {
		w.say("  %s %s %s, %s", t.Groups[e.Group], t.Place(e.Place), e.Title, w.entryState(e))
	}
}

func (w *walker) entryState(e engine.Entry) string {
	t := w.Text
	switch {
	case e.Unreadable != "":
		return t.Profile.Unreadable + ": " + e.Unreadable
	case e.Missing:
		return t.Profile.Missing
	case e.Former:
		return t.Profile.Former
	}
	return t.Span(e.Life, e.NotBefore, e.NotAfter) + ", " + fmt.Sprintf(t.Tracked.Issuer, e.Issuer)
}

func (w *walker) chooseAction(ctx context.Context) error {
	may := w.permitted(ctx)
	for {
		actions := walk.Actions(w.user, w.card)
		for i, a := range actions {
			w.say(w.Text.Plain.Number, i+1, w.choice(w.Text.Actions[string(a)], may, a))
		}
		i, err := w.number(ctx, w.Text.Plain.WhichAction, len(actions), "")
		if err != nil {
			return err
		}
		if why := may.Denied(actions[i-1].Privileges()...); why != nil {
			w.trouble(why)
			continue
		}
		switch a := actions[i-1]; a {
		case walk.ShowHistory:
			if err := w.history(ctx); err != nil {
				return err
			}
			continue
		case walk.CardLife:
			if err := w.chooseLife(ctx, may); errors.Is(err, errBack) {
				continue
			} else if err != nil {
				return err
			}
		case walk.AssignCard:
			w.draft.Action, w.draft.Card = a, ""
		case walk.IssueCard, walk.UpdateCard, walk.ContinueUpdate, walk.TakeBackUpdate, walk.CancelUpdate, walk.UpdateAgain,
			walk.ReadCard, walk.FindOwner, walk.UnassignCard, walk.EmptyCard, walk.DisableCard, walk.EnableCard, walk.RevokeCard, walk.CleanCard,
			walk.LeaveUpdate, walk.LeaveCancel:
			w.draft.Action, w.draft.Card = a, w.card.Record.Card.ID
		}
		return nil
	}
}

func (w *walker) history(ctx context.Context) error {
	runs, err := w.Desk.History(ctx, w.Actor, w.card.Record.Card.ID)
	if err != nil {
		return err
	}
	w.say(w.Text.History.Title)
	if len(runs) == 0 {
		w.say("  " + w.Text.History.None)
	}
	for _, r := range runs {
		end := w.Text.Ends[r.End]
		if r.End == "" {
			end = w.Text.History.Open
		}
		w.say("  %s, %s, %s, %s", w.Text.When(r.Started), end, fmt.Sprintf(w.Text.History.By, r.By.Who, r.By.Station), r.ID)
	}
	return nil
}
