package store

import (
	"strconv"
	"strings"
	"time"
)

// What reports read by the million is kept as text that is taken apart without
// reflection: fields, each ended by a tab, a list's length before the list. A
// time is microseconds since 1970 UTC, as elsewhere in the tables, and "" where
// there is none. The first field is the format.

// escaper keeps what separates fields, and what PostgreSQL takes in no text,
// out of a field.
var (
	escaper   = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\x00", `\0`)
	unescaper = strings.NewReplacer(`\\`, `\`, `\t`, "\t", `\0`, "\x00")
)

// packer writes fields one after the other.
type packer struct{ row []byte }

func newPacker(format int) *packer {
	p := &packer{}
	p.number(format)
	return p
}

func (p *packer) text(s string) {
	if strings.ContainsAny(s, "\\\t\x00") {
		s = escaper.Replace(s)
	}
	p.row = append(append(p.row, strings.ToValidUTF8(s, "\ufffd")...), '\t')
}

func (p *packer) number(n int) {
	p.row = append(strconv.AppendInt(p.row, int64(n), 10), '\t')
}

func (p *packer) flag(b bool) {
	if b {
		p.row = append(p.row, '1')
	}
	p.row = append(p.row, '\t')
}

func (p *packer) time(t time.Time) {
	if s := stamp(t); s.Valid {
		p.row = strconv.AppendInt(p.row, s.Int64, 10)
	}
	p.row = append(p.row, '\t')
}

func (p *packer) texts(all []string) {
	p.number(len(all))
	for _, s := range all {
		p.text(s)
	}
}

// unpacker reads fields in the order they were written. What it returns of a
// row that is not whole is worth nothing; see broken.
type unpacker struct {
	rest    string
	escaped bool // some field is
	broken  bool
}

// newUnpacker begins with a row of a format up to newest; what says of what.
func newUnpacker(what, row string, newest int) (unpacker, error) {
	u := unpacker{rest: row, escaped: strings.IndexByte(row, '\\') >= 0}
	format := u.int64()
	return u, readable(what, int(format), newest)
}

// field returns the next field as it stands.
func (u *unpacker) field() string {
	end := strings.IndexByte(u.rest, '\t')
	if end < 0 {
		u.broken, u.rest = true, ""
		return ""
	}
	field := u.rest[:end]
	u.rest = u.rest[end+1:]
	return field
}

func (u *unpacker) text() string {
	field := u.field()
	if u.escaped {
		return unescaper.Replace(field)
	}
	return field
}

func (u *unpacker) int64() int64 {
	n, err := strconv.ParseInt(u.field(), 10, 64)
	if err != nil {
		u.broken = true
	}
	return n
}

// count reads a list's length; no list is longer than what is left of the row.
func (u *unpacker) count() int {
	n := u.int64()
	if n < 0 || n > int64(len(u.rest)) {
		u.broken = true
	}
	if u.broken {
		return 0
	}
	return int(n)
}

func (u *unpacker) flag() bool { return u.field() != "" }

func (u *unpacker) time() time.Time {
	if strings.HasPrefix(u.rest, "\t") {
		u.rest = u.rest[1:]
		return time.Time{}
	}
	return time.UnixMicro(u.int64()).UTC()
}

func (u *unpacker) texts() []string {
	n := u.count()
	if n == 0 {
		return nil
	}
	all := make([]string, n)
	for i := range all {
		all[i] = u.text()
	}
	return all
}

// whole reports whether the row was as long as it should be.
func (u *unpacker) whole() bool { return !u.broken && u.rest == "" }
