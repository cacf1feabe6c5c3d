package engine

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// drawWorld draws a card under a former policy, with whatever may have happened
// to it since, and the policy that its user has now.
func drawWorld(t *rapid.T) (*world, Selection) {
	w := newWorld(rapid.SampledFrom([]string{movesKeys, movesKeys, keepsKeys, plainPIV}).Draw(t, "card"))
	was := drawPolicy(t, w)
	is := drawChanges(t, w, was)
	w.write(was, drawManaged(t, w, was)...)
	if rapid.IntRange(0, 4).Draw(t, "known") == 0 {
		w.record.Under = "lost" // nobody knows what the former policy said
	}
	drawStrangers(t, w)
	w.policy = is
	return w, drawSelection(t, w)
}

func oneIn(t *rapid.T, n int, label string) bool { return rapid.IntRange(1, n).Draw(t, label) == n }

func drawPolicy(t *rapid.T, w *world) Policy {
	p := Policy{
		Name: "Staff", SearchThirdParty: rapid.Bool().Draw(t, "search"), AccessSystem: rapid.Bool().Draw(t, "access"),
		Publish: rapid.Bool().Draw(t, "publish"),
	}
	for i := range rapid.IntRange(1, 5).Draw(t, "templates") {
		p.Templates = append(p.Templates, drawTemplate(t, w, fmt.Sprintf("T%d", i), p.Templates))
	}
	return p
}

// drawTemplate draws one beside others, mostly at a place of its own.
func drawTemplate(t *rapid.T, w *world, name string, others []Template) Template {
	places, usages := []Place{"9a", "9c", "9d", "9e", "82", "84", "95"}, [][]KeyUsage{{DigitalSignature}, {DigitalSignature}, {KeyAgreement}}
	if w.card.can.Policies != nil { // hardly any plan could be carried out there
		places, usages = places[:4], usages[:2]
	}
	taken := func(at Place) bool {
		return slices.ContainsFunc(others, func(o Template) bool { return o.Place == at })
	}
	if free := slices.DeleteFunc(slices.Clone(places), taken); len(free) > 0 && !oneIn(t, 8, name+" anywhere") {
		places = free
	}
	at := rapid.SampledFrom(places).Draw(t, name+" place")
	usage := rapid.SampledFrom(usages).Draw(t, name+" usage")
	var one Template
	if oneIn(t, 4, name+" common") && w.card.can.ImportKeys {
		one = modelCommon(name, at, w.newPFX(usage...))
	} else {
		one = modelTemplate(name, at, usage...)
		one.Renewal.SameKey = oneIn(t, 3, name+" same key")
		one.Renewal.KeepOld = oneIn(t, 3, name+" keep")
		one.Renewal.RevokeOld = oneIn(t, 3, name+" revoke")
		one.Renewal.KeyMaxDays = rapid.SampledFrom([]int{0, 0, 100, 1000}).Draw(t, name+" key age")
		one.Binding = rapid.SampledFrom([]Binding{"", BindExtension, BindURI, BindAttribute}).Draw(t, name+" binding")
		if oneIn(t, 3, name+" tracks") {
			one.Tracked = []string{"mail"}
		}
	}
	if oneIn(t, 4, name+" group") && w.card.can.Policies == nil {
		one.Others = rapid.SliceOfNDistinct(rapid.SampledFrom([]Place{"83", "85", "86", "94"}), 1, 3, rapid.ID[Place]).Draw(t, name+" others")
	}
	one.Optional = oneIn(t, 3, name+" optional")
	if fixed := w.card.can.Policies[at]; fixed != "" { // else hardly any plan could be carried out there
		one.Key.PIN = fixed
	}
	if oneIn(t, 8, name+" curve") && !one.Common() {
		one.Key.Type = P384
	}
	return one
}

// drawChanges draws what has become of a policy: kept, renamed, changed, gone and
// new templates.
func drawChanges(t *rapid.T, w *world, was Policy) Policy {
	is := was
	is.Templates = nil
	for i, one := range was.Templates {
		name := fmt.Sprintf("T%d", i)
		switch rapid.SampledFrom([]string{"kept", "kept", "kept", "renamed", "drawn anew", "moved", "new PFX", "gone"}).Draw(t, name+" becomes") {
		case "gone":
			continue
		case "renamed":
			one.Name += " renamed"
		case "drawn anew":
			one = drawTemplate(t, w, name, was.Templates)
		case "moved":
			one.Place = drawTemplate(t, w, name+" moved", was.Templates).Place
		case "new PFX":
			if one.Common() {
				one.PFX = w.newPFX(rapid.SampledFrom([]KeyUsage{DigitalSignature, KeyAgreement}).Draw(t, name+" new usage"))
			}
		}
		is.Templates = append(is.Templates, one)
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "added") {
		is.Templates = append(is.Templates, drawTemplate(t, w, fmt.Sprintf("N%d", i), slices.Concat(was.Templates, is.Templates)))
	}
	if oneIn(t, 4, "other policy") {
		is.Name = "Guests"
	}
	is.AccessSystem = is.AccessSystem != oneIn(t, 4, "access switched")
	return is
}

// drawManaged lays what the former policy says on the card, with what has become
// of it.
func drawManaged(t *rapid.T, w *world, p Policy) []Managed {
	var managed []Managed
	for _, one := range p.Templates {
		at := rapid.SampledFrom(append([]Place{one.Place}, one.Others...)).Draw(t, one.Name+" lies at")
		if used := func(m Managed) bool { return m.Place == at }; slices.ContainsFunc(managed, used) || one.Optional && rapid.Bool().Draw(t, one.Name+" left out") || !w.usable(one, at) {
			continue
		}
		l := rapid.SampledFrom([]life{isValid, isValid, isValid, isExpiring, isExpired}).Draw(t, one.Name+" life")
		m := w.grant(one, at, l)
		drawFate(t, w, &m)
		managed = append(managed, m)
	}
	return managed
}

// usable reports whether the card could have such a certificate there.
func (w *world) usable(one Template, at Place) bool {
	c := modelUnlocked{w.card}
	return c.has(at) && (!one.Common() || c.can.ImportKeys) && (!one.Encrypts() || c.can.ProvesAnyKey)
}

// drawFate draws what happened to a recorded certificate since.
func drawFate(t *rapid.T, w *world, m *Managed) {
	reasons := []RevokeReason{Superseded, Unspecified, KeyCompromise, CertificateHold}
	fates := []string{"", "", "", "", "", "revoked", "missing", "gone", "broken", "overwritten", "user"}
	if w.card.can.ShowKeys { // else the card cannot prove itself, and nobody can know before
		fates = append(fates, "keyless", "another key")
	}
	switch rapid.SampledFrom(fates).Draw(t, m.Template+" fate") {
	case "revoked":
		if !m.Common {
			w.revoke(*m, rapid.SampledFrom(reasons).Draw(t, m.Template+" revoked for"))
		}
	case "missing":
		delete(w.card.objects, m.Place)
	case "gone":
		delete(w.card.objects, m.Place)
		delete(w.card.keys, m.Place)
	case "keyless":
		delete(w.card.keys, m.Place)
	case "broken":
		w.card.objects[m.Place] = []byte("broken")
	case "overwritten":
		w.intrude(m.Place)
	case "another key":
		key := newKey(P256)
		w.card.keys[m.Place] = modelKey{Key{KeySpec: anyKey(), Public: spkiOf(key)}, key}
	case "user":
		if m.Attributes != nil {
			m.Attributes = map[string]string{"mail": "old@corp.example"}
		}
	}
}

// drawStrangers lays what is not ours on the card: former keys, third-party
// certificates, keys without certificates, and what nobody can read.
func drawStrangers(t *rapid.T, w *world) {
	if w.card.can.History != nil {
		for range rapid.SampledFrom([]int{0, 0, 1, 3, 18}).Draw(t, "former") {
			drawFormer(t, w)
		}
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "strangers") {
		at := rapid.SampledFrom([]Place{"9a", "9c", "9d", "9e", "82", "83", "90", "94", "95"}).Draw(t, fmt.Sprintf("stranger %d at", i))
		if _, taken := w.card.contents().At(at); taken {
			continue
		}
		drawStranger(t, w, at, fmt.Sprintf("stranger %d", i))
	}
	if oneIn(t, 4, "tracked and gone") {
		w.record.Tracked = append(w.record.Tracked, Tracked{Place: "91", Subject: "long gone", Fingerprint: "00"})
	}
}

func drawFormer(t *rapid.T, w *world) {
	for _, at := range w.card.can.History {
		if _, taken := w.card.contents().At(at); !taken {
			m := w.grant(modelTemplate("T0", at, KeyAgreement), at, isExpired)
			w.record.Former = append(w.record.Former, m)
			return
		}
	}
}

func drawStranger(t *rapid.T, w *world, at Place, label string) {
	kinds := []string{"certificate", "followed", "ignored", "broken"}
	if w.card.can.ShowKeys {
		kinds = append(kinds, "stray key", "unreadable key")
	}
	switch rapid.SampledFrom(kinds).Draw(t, label) {
	case "certificate":
		w.intrude(at)
	case "followed", "ignored":
		c, err := ParseCertificate(w.intrude(at))
		if err != nil {
			t.Fatal(err)
		}
		w.record.Tracked = append(w.record.Tracked, trackedOf(ThirdParty{Place: at, Certificate: c}, rapid.Bool().Draw(t, label+" followed")))
	case "stray key":
		key := newKey(P256)
		w.card.keys[at] = modelKey{Key{KeySpec: anyKey(), Public: spkiOf(key)}, key}
	case "broken":
		w.card.objects[at] = []byte("broken")
	case "unreadable key":
		w.card.keys[at] = modelKey{Key: Key{Unreadable: "what the card says of it makes no sense"}}
	}
}

func drawSelection(t *rapid.T, w *world) Selection {
	s := Selection{Optional: map[string]bool{}, Track: map[string]bool{}}
	for _, one := range w.policy.Templates {
		if one.Optional && rapid.Bool().Draw(t, one.Name+" mentioned") {
			s.Optional[one.Name] = rapid.Bool().Draw(t, one.Name+" ticked")
		}
	}
	for _, f := range FindThirdParty(*w.record, w.card.contents()) {
		if f.Unreadable == "" && rapid.Bool().Draw(t, string(f.Place)+" asked") {
			s.Track[f.Certificate.Fingerprint] = rapid.Bool().Draw(t, string(f.Place)+" to be followed")
		}
	}
	return s
}

// Whatever lies on a card and whatever policies say, an update does what its plan
// said and nothing else, leaves a record that is the card's, and nothing to do.
func TestPlanKeepsItsWord(t *testing.T) {
	carried, hindered, idle := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		w, s := drawWorld(t)
		before := w.card.lying()
		record := copied(*w.record)
		plan, done, breaks := w.carryOut(s)
		switch {
		case done:
			carried++
		case len(plan.Obstacles) > 0:
			hindered++
		default:
			idle++
		}
		if len(breaks) > 0 {
			t.Fatalf("%s\nplan: %s\nbefore:%s\nafter:%s\nrecord: %s", breaks, planLine(plan), before, w.card.lying(), recordLine(record))
		}
	})
	t.Logf("%d carried out, %d with obstacles, %d without changes", carried, hindered, idle)
}
