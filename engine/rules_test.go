package engine

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// planBreaks lists where a plan breaks what every plan keeps, before any of it
// is carried out.
func planBreaks(s Situation, plan Plan) []string {
	var breaks []string
	complain := func(format string, args ...any) { breaks = append(breaks, fmt.Sprintf(format, args...)) }
	foreign := map[Place]string{}
	for _, f := range FindThirdParty(s.Record, *s.Contents) {
		foreign[f.Place] = "a third-party certificate"
	}
	for _, it := range s.Contents.Items {
		if it.Key != nil && it.Key.Unreadable != "" {
			foreign[it.Place] = "a key that nobody can describe"
		}
	}
	for _, l := range plan.Stays {
		if l.Group == GroupManaged || l.Group == GroupCommon {
			if !slices.Contains(plan.Retires, l.Title) {
				foreign[l.Place] = "a certificate that stays"
			}
		}
	}
	for i, step := range plan.Steps {
		for _, at := range []Place{step.Place, step.From} {
			what, known := foreign[at]
			mayStand := step.Verb == ProveCard || what == "a key that nobody can describe" && step.Verb == RemoveCertificate
			if known && !mayStand {
				complain("step %d %q touches %s at %s", i, step.Verb, what, at)
			}
		}
		if i < plan.Decided {
			breaks = append(breaks, tooEarly(s.Contents, i, step)...)
		}
		if _, lies := s.Contents.At(step.Place); step.Verb == MoveKey && lies && !vacated(plan.Steps[:i], step.Place) {
			complain("step %d moves a key to %s, where something lies", i, step.Place)
		}
	}
	if back := copied(plan); !reflect.DeepEqual(copied(back), back) || !samePlan(back, plan) {
		complain("the plan comes back from JSON as another")
	}
	return breaks
}

// tooEarly: before everything is decided nothing is removed, moved, re-keyed or
// overwritten.
func tooEarly(c *Contents, i int, step Step) []string {
	it, lies := c.At(step.Place)
	switch step.Verb {
	case ProveCard, AskCA, AskApproval:
		return nil
	case MakeKey, ImportKey: // a certificate without its key has nothing to lose
		if !lies || it.Key == nil && c.Abilities.ShowKeys {
			return nil
		}
	case WriteCertificate:
		if !lies && step.Certificate != nil {
			return nil
		}
	case SetPIN, SetPUK, BlockPUK, SetAdminKey, WriteCHUID, WriteCapabilities, MoveKey,
		Check, WriteHistory, RemoveCertificate, RemoveKey, WriteRecord, GiveBack:
	}
	return []string{fmt.Sprintf("step %d %q at %s cannot be taken back and stands before the decision", i, step.Verb, step.Place)}
}

// vacated reports whether earlier steps took the key at a place away.
func vacated(steps []Step, at Place) bool {
	return slices.ContainsFunc(steps, func(s Step) bool { return s.Verb == MoveKey && s.From == at })
}

func samePlan(a, b Plan) bool {
	a.text, b.text, b.Obstacles = nil, nil, nil
	return reflect.DeepEqual(a.Goes, b.Goes) && reflect.DeepEqual(a.Stays, b.Stays) && len(a.Steps) == len(b.Steps) &&
		a.Decided == b.Decided && a.Changes() == b.Changes() && a.Under == b.Under && reflect.DeepEqual(a.Outgoing, b.Outgoing)
}

// cardBreaks lists what a plan that was carried out has done to the card beyond
// what it said, and where the record says something else than the card.
func (w *world) cardBreaks(before lying, run Run) []string {
	plan := run.Plan
	var breaks []string
	complain := func(format string, args ...any) { breaks = append(breaks, fmt.Sprintf(format, args...)) }
	after := w.card.lying()
	comes := func(at Place) bool {
		return slices.ContainsFunc(plan.Comes, func(g Gain) bool { return g.Place == at })
	}
	goes := func(at Place) Loss {
		i := slices.IndexFunc(plan.Goes, func(l Loss) bool { return l.Place == at })
		if i < 0 {
			return Loss{}
		}
		return plan.Goes[i]
	}
	for at, der := range before.objects {
		if bytes.Equal(after.objects[at], der) {
			continue
		}
		if !after.holds(der) && goes(at).Why == "" && !comes(at) {
			complain("the certificate at %s is lost", at)
		}
	}
	for at, key := range before.keys {
		switch now, lies := after.keys[at]; {
		case lies && bytes.Equal(now.Public, key.Public):
		case after.holdsKey(key.Public):
			if !w.former(before.objects[at]) && !w.common(key) {
				complain("the key of %s was moved without being kept", at)
			}
		case !goes(at).KeyToo && !comes(at):
			complain("the key at %s is lost", at)
		case opens(before.objects[at], key) && !goes(at).History:
			complain("the encryption key at %s is lost, and nobody was told", at)
		}
	}
	for at := range after.keys {
		if _, was := before.keys[at]; !was && !comes(at) && !w.formerAt(at) {
			complain("a key was left behind at %s", at)
		}
	}
	for _, l := range plan.Goes {
		if run.sparedAt(l.Place) {
			continue
		}
		if der := before.objects[l.Place]; der != nil && after.holds(der) {
			complain("%s at %s is said to go and is still there", l.Title, l.Place)
		}
		if key, was := before.keys[l.Place]; was && l.KeyToo && bytes.Equal(after.keys[l.Place].Public, key.Public) {
			complain("the key at %s is said to go and is still there", l.Place)
		}
	}
	return append(breaks, w.recordBreaks(before)...)
}

// opens reports whether a key is an encryption certificate's.
func opens(der []byte, key modelKey) bool {
	c, err := ParseCertificate(der)
	return err == nil && encrypts(der) && bytes.Equal(c.Public, key.Public)
}

func (w *world) former(der []byte) bool {
	return slices.ContainsFunc(w.record.Former, func(m Managed) bool { return m.Fingerprint == Fingerprint(der) })
}

// common reports whether a key is one that many cards share: it may come to lie
// elsewhere by being imported again.
func (w *world) common(key modelKey) bool {
	return slices.ContainsFunc(w.record.Managed, func(m Managed) bool { return m.Common && bytes.Equal(m.Public, key.Public) })
}

func (w *world) formerAt(at Place) bool {
	return slices.ContainsFunc(w.record.Former, func(m Managed) bool { return m.Place == at })
}

// recordBreaks: after an update, what the record says lies on the card lies
// there, byte for byte and with its key, unless that was gone before.
func (w *world) recordBreaks(before lying) []string {
	var breaks []string
	complain := func(format string, args ...any) { breaks = append(breaks, fmt.Sprintf(format, args...)) }
	if w.record.State != StateIssued {
		complain("the card is %s", w.record.State)
	}
	taken, named := map[Place]bool{}, map[string]bool{}
	for i, m := range slices.Concat(w.record.Managed, w.record.Former) {
		der, key := w.card.objects[m.Place], w.card.keys[m.Place]
		switch {
		case slices.Contains(w.record.Seen.Missing, m.Fingerprint):
		case Fingerprint(der) != m.Fingerprint:
			complain("the record has %s at %s, the card does not", m.Template, m.Place)
		case !bytes.Equal(key.Public, m.Public) && !bytes.Equal(key.Public, before.keys[m.Place].Public):
			complain("the key of %s does not lie at %s", m.Template, m.Place)
		case taken[m.Place] || i < len(w.record.Managed) && named[m.Template]:
			complain("the record has two certificates for %s or %s", m.Place, m.Template)
		}
		taken[m.Place], named[m.Template] = true, true
	}
	for _, t := range w.record.Tracked {
		if t.Gone.IsZero() && Fingerprint(w.card.objects[t.Place]) != t.Fingerprint {
			complain("the record follows %s at %s, where it does not lie", t.Subject, t.Place)
		}
	}
	return breaks
}

// carryOut plans an update and carries it out, and lists whatever breaks the
// rules on the way, before it and after it. done is false when the plan has
// obstacles or changes nothing.
func (w *world) carryOut(s Selection) (plan Plan, done bool, breaks []string) {
	now, err := w.situation()
	if err != nil {
		return Plan{}, false, []string{err.Error()}
	}
	c, p, err := w.propose(s)
	if err != nil {
		return Plan{}, false, []string{err.Error()}
	}
	before := w.card.lying()
	breaks = append(planBreaks(now, p.Plan), w.reasonBreaks(now, p.Plan, s)...)
	_, err = w.update(c, p.Plan)
	switch {
	case len(p.Plan.Obstacles) > 0 && !Is(err, CannotPlan), len(p.Plan.Obstacles) == 0 && !p.Plan.Changes() && !Is(err, BadInput):
		breaks = append(breaks, fmt.Sprintf("a plan that cannot be carried out was: %v", err))
	case len(p.Plan.Obstacles) > 0 || !p.Plan.Changes():
		if !reflect.DeepEqual(before, w.card.lying()) || len(w.runs) > 0 {
			breaks = append(breaks, "the card is not as it was")
		}
		return p.Plan, false, breaks
	case err != nil:
		return p.Plan, false, append(breaks, err.Error())
	}
	breaks = append(breaks, w.cardBreaks(before, w.runs[len(w.runs)-1])...)
	breaks = append(breaks, w.directoryBreaks()...)
	return p.Plan, true, append(breaks, w.againBreaks(s)...)
}

// reasonBreaks: whatever makes a card due, a plan without obstacles ends; only
// certificates from elsewhere want a person's word. The record alone gives the
// same reasons as the card.
func (w *world) reasonBreaks(s Situation, plan Plan, chosen Selection) []string {
	var breaks []string
	if due := Due(withoutOutside(Reasons(s))); due && len(plan.Obstacles) == 0 && !plan.Changes() {
		breaks = append(breaks, fmt.Sprintf("the card is due (%v) and the plan changes nothing", Reasons(s)))
	} else if !due && len(s.Record.Managed) > 0 && len(chosen.Optional)+len(chosen.Track) == 0 && len(plan.Goes)+len(plan.Comes) > 0 {
		breaks = append(breaks, "the card is not due, nobody chose anything, and the plan changes it")
	}
	alone := s
	alone.Contents = nil
	if with, without := Reasons(s), Reasons(alone); !reflect.DeepEqual(with, without) {
		breaks = append(breaks, fmt.Sprintf("reasons with the card %v, without %v", with, without))
	}
	return breaks
}

// directoryBreaks: where the policy publishes, the directory shows what is on the
// card; of what is not on it nothing, also where only the policy before did.
func (w *world) directoryBreaks() []string {
	w.publish()
	var breaks []string
	shown := copied(w.entry)
	for _, m := range w.record.Managed {
		if !m.Common && !slices.Contains(w.record.Seen.Missing, m.Fingerprint) && !w.entry[m.Fingerprint] && w.policy.Publish {
			breaks = append(breaks, fmt.Sprintf("the directory does not show %s", m.Template))
		}
		delete(shown, m.Fingerprint)
		t, _ := w.policy.Template(m.Template)
		binding, err := IssuerSerialBinding(w.card.objects[m.Place])
		if err == nil && t.Binding == BindAttribute && !m.Common && !w.bound[binding] {
			breaks = append(breaks, fmt.Sprintf("the account is not bound to %s", m.Template))
		}
	}
	if len(shown) > 0 {
		breaks = append(breaks, fmt.Sprintf("the directory shows %d certificates too many", len(shown)))
	}
	return breaks
}

// againBreaks: after an update there is nothing left to do for the same
// selection, and no reason to.
func (w *world) againBreaks(chosen Selection) []string {
	var breaks []string
	now, err := w.situation()
	if err != nil {
		return []string{err.Error()}
	}
	_, p, err := w.propose(chosen)
	switch {
	case err != nil:
		return []string{err.Error()}
	case len(p.Plan.Obstacles) > 0:
		breaks = append(breaks, fmt.Sprintf("after the update there are obstacles: %v", p.Plan.Obstacles))
	case p.Plan.Changes():
		breaks = append(breaks, fmt.Sprintf("after the update there is more to do: %s", planLine(p.Plan)))
	}
	if left := withoutOutside(Reasons(now)); Due(left) {
		breaks = append(breaks, fmt.Sprintf("after the update the card is due: %v", left))
	}
	return append(breaks, w.reasonBreaks(now, p.Plan, chosen)...)
}

func withoutOutside(reasons []Reason) []Reason {
	return slices.DeleteFunc(slices.Clone(reasons), func(r Reason) bool {
		_, outside := r.(WrittenOutside)
		return outside
	})
}

// planLine is a plan as one line of text.
func planLine(p Plan) string {
	var parts []string
	part := func(title string, words []string) {
		if len(words) > 0 {
			parts = append(parts, title+" "+strings.Join(words, ", "))
		}
	}
	part("!", each(p.Obstacles, func(o Obstacle) string { return strings.TrimPrefix(fmt.Sprintf("%T", o), "engine.") }))
	part("goes", each(p.Goes, func(l Loss) string {
		return string(l.Place) + " (" + string(l.Why) + ")" + when(l.KeyToo, " with its key") + when(l.History, " and old mail")
	}))
	part("comes", each(p.Comes, func(g Gain) string {
		return string(g.Place) + " " + string(g.How) + when(g.Expired, " for an expired one") + when(g.Revoked, " for a revoked one")
	}))
	part("stays", each(p.Stays, func(s Stay) string { return string(s.Place) + " " + string(s.Group) }))
	part("retires", p.Retires)
	part("superseded", each(p.Outgoing, func(o Outgoing) string { return o.Template + when(o.Revoke, " revoked later") }))
	var steps []string
	for i, s := range p.Steps {
		text := when(i == p.Decided, "> ") + string(s.Verb)
		if s.From != "" {
			text += " " + string(s.From) + "→" + string(s.Place)
		} else if s.Place != "" {
			text += " " + string(s.Place)
		}
		steps = append(steps, text+when(s.IfRefused, " if refused"))
	}
	part("steps", steps)
	return strings.Join(parts, " | ")
}

// recordLine is what a record says of certificates, as one line of text.
func recordLine(r Record) string {
	var all []string
	for i, m := range slices.Concat(r.Managed, r.Former) {
		all = append(all, fmt.Sprintf("%s%s at %s (%.8s, key %.8s)", when(i >= len(r.Managed), "former "), m.Template, m.Place, m.Fingerprint, Fingerprint(m.Public)))
	}
	return fmt.Sprint(all)
}

func each[T, U any](all []T, text func(T) U) []U {
	var words []U
	for _, one := range all {
		words = append(words, text(one))
	}
	return words
}

func when(yes bool, text string) string {
	if yes {
		return text
	}
	return ""
}
