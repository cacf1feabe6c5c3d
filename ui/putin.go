package ui

import (
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
	"cardkiosk/ui/widget"
)

// putIn is the start screen of a self-service kiosk: one sentence in large letters,
// the languages by number, and nothing else. A visit begins when a card is put in. One
// that lies in a reader when the screen comes up is from before: nobody knows who
// stands there now, and so it is taken out first.
type putIn struct {
	scene
	languages []words.Language
	chosen    func(words.Language)
	readers   []engine.ReaderView
	seen      bool
	trouble   error
	before    map[place]bool // cards from before
	failed    map[place]bool // those that could not be read
	busy      bool           // a card is being read
}

// place is one visit of a card to a reader.
type place struct {
	reader string
	visit  int
}

func placeOf(r engine.Reader) place { return place{r.Name, r.Visit} }

func newPutIn(s scene, languages []words.Language, chosen func(words.Language)) *putIn {
	return &putIn{scene: s, languages: languages, chosen: chosen, before: map[place]bool{}, failed: map[place]bool{}}
}

func (*putIn) Init() tea.Cmd       { return nil }
func (*putIn) Keys() []key.Binding { return nil }

func (p *putIn) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case readersSeen:
		return p.seeReaders(msg)
	case readFailed:
		return p.couldNot(msg.err)
	case tea.KeyPressMsg:
		p.speak(msg.String())
	}
	return nil
}

// speak changes the language.
func (p *putIn) speak(key string) {
	for i, l := range p.languages {
		if key == string(rune('1'+i)) {
			p.text = l.Text
			p.chosen(l)
		}
	}
}

// seeReaders sees what lies in the readers, and begins with the one card that was put in.
func (p *putIn) seeReaders(msg readersSeen) tea.Cmd {
	first := !p.seen && msg.trouble == nil
	p.readers, p.trouble = msg.views, msg.trouble
	p.seen = p.seen || first
	for _, v := range p.readers {
		if first && v.Reader.Card {
			p.before[placeOf(v.Reader)] = true
		}
	}
	if v, ok := p.only(); ok && !p.busy && p.refusal(v) == nil {
		p.busy = true
		return p.answer(readerChosen{v.Reader.Name})
	}
	return nil
}

// couldNot takes that a card could not be read. One that was taken out meanwhile is
// no trouble.
func (p *putIn) couldNot(err error) tea.Cmd {
	p.busy = false
	if v, ok := p.only(); ok && !engine.Is(err, engine.CardGone) {
		p.failed[placeOf(v.Reader)] = true
	}
	return nil
}

// only is the card in the readers, when it is the only one.
func (p *putIn) only() (only engine.ReaderView, ok bool) {
	cards := 0
	for _, v := range p.readers {
		if v.Reader.Card {
			cards++
			only = v
		}
	}
	return only, cards == 1 && p.trouble == nil
}

// refusal is what is said of a card with which no visit begins; nil of one with which
// it does.
func (p *putIn) refusal(v engine.ReaderView) *words.Sign {
	t := p.text.Lobby
	switch {
	case p.before[placeOf(v.Reader)]:
		return &t.TakeOut
	case v.Reader.Mute:
		return &t.Mute
	case v.Err != nil && engine.Is(v.Err, engine.CardGone):
		return &t.PutIn
	case v.Err != nil || v.Card == nil || p.failed[placeOf(v.Reader)]:
		return &t.Unreadable
	}
	if sign, refused := p.text.SignOf(v.State); refused {
		return &sign
	}
	return nil
}

// sign is what the screen says.
func (p *putIn) sign() words.Sign {
	t := p.text.Lobby
	v, one := p.only()
	switch {
	case p.trouble != nil || p.seen && len(p.readers) == 0:
		return t.NoReader
	case one:
		if why := p.refusal(v); why != nil {
			return *why
		}
		return words.Sign{Large: t.PutIn.Large, Small: p.text.Connect.Reading}
	}
	for _, v := range p.readers {
		if v.Reader.Card {
			return t.OneCard
		}
	}
	if !p.seen {
		return words.Sign{Large: t.PutIn.Large, Small: p.text.Frame.Working}
	}
	return t.PutIn
}

func (p *putIn) View(w, h int) string {
	sign := p.sign()
	small := widget.Wrap(sign.Small, max(min(w-4, 64), 1))
	lines := widget.Large(sign.Large, p.look.glyph.full, max(w-4, 1), h-len(small)-6)
	lines = append(widget.Centred(lines, w, len(lines)), "")
	lines = append(lines, widget.Centred(small, w, len(small))...)
	room := max(h-2, 1)
	lines = append(make([]string, max((room-len(lines))/2, 0)), lines...)
	all := widget.Lines(strings.Join(lines, "\n"), room)
	return strings.Join(append(all, widget.Centred([]string{p.choice()}, w, 1)...), "\n")
}

// choice names the languages with their numbers.
func (p *putIn) choice() string {
	if len(p.languages) < 2 {
		return ""
	}
	var all []string
	for i, l := range p.languages {
		all = append(all, p.text.LanguageKey(i+1, l.Name))
	}
	return strings.Join(all, "     ")
}

// speaksFor is how long a language stays chosen while nobody puts a card in.
const speaksFor = time.Minute
