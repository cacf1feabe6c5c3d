package config

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// path is the way from the root of the file to a key, a table, or one element
// of a list.
type path struct {
	up    *path
	id    string // tells elements of a list apart: policy[0].template[2].place
	shown string // as an administrator knows it: policy.template.place
}

// bare are the characters of a key that needs no quotes.
const bare = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

// key is the path to a key of a table. Keys that TOML wants quoted are quoted,
// which also keeps control characters off the terminal.
func (p *path) key(k string) *path {
	if k == "" || strings.Trim(k, bare) != "" {
		k = strconv.QuoteToASCII(k)
	}
	if p.up == nil {
		return &path{p, k, k}
	}
	return &path{p, p.id + "." + k, p.shown + "." + k}
}

// item is the path to an element of a list, counted from 0.
func (p *path) item(n int) *path {
	return &path{p, fmt.Sprintf("%s[%d]", p.id, n), p.shown}
}

// locate finds at which byte each key, table and element of a TOML document
// starts, by path id. The document must be sound TOML.
func locate(data []byte, root *path) map[string]int {
	l := locator{starts: map[string]int{}, tables: map[string]int{}}
	parser := unstable.Parser{}
	parser.Reset(data)
	table := root
	for parser.NextExpression() {
		e := parser.Expression()
		if e.Kind == unstable.KeyValue {
			l.keyValue(e, table)
		} else {
			table = l.header(e, root)
		}
	}
	return l.starts
}

type locator struct {
	starts map[string]int // path id → offset
	tables map[string]int // path id of an array of tables → elements so far
}

func (l locator) note(at *path, n *unstable.Node) {
	if _, known := l.starts[at.id]; !known && n.Raw.Length > 0 {
		l.starts[at.id] = int(n.Raw.Offset)
	}
}

// header walks the key of [a.b] or [[a.b]]. A part that is an array of tables
// means its latest element (TOML 1.0, "Array of Tables").
func (l locator) header(e *unstable.Node, root *path) *path {
	at := root
	for key := e.Key(); key.Next(); {
		at = at.key(string(key.Node().Data))
		l.note(at, key.Node())
		if key.IsLast() && e.Kind == unstable.ArrayTable {
			l.tables[at.id]++
		}
		if n := l.tables[at.id]; n > 0 {
			at = at.item(n - 1)
			l.note(at, key.Node())
		}
	}
	return at
}

func (l locator) keyValue(e *unstable.Node, table *path) {
	at := table
	for key := e.Key(); key.Next(); {
		at = at.key(string(key.Node().Data))
		l.note(at, key.Node())
	}
	l.value(e.Value(), at)
}

func (l locator) value(v *unstable.Node, at *path) {
	n := 0
	for child := v.Children(); child.Next(); n++ {
		if v.Kind == unstable.InlineTable {
			l.keyValue(child.Node(), at)
			continue
		}
		l.note(at.item(n), child.Node())
		l.value(child.Node(), at.item(n))
	}
}
