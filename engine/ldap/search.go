package ldap

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"unicode/utf8"

	goldap "github.com/go-ldap/ldap/v3"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"cardkiosk/engine"
)

// maxText is the longest text, in characters, that is searched for. A whole
// document pasted by mistake would make servers hang up.
const maxText = 256

// hits is one search. Its pages come over one connection, which it holds from
// the first page to the last.
type hits struct {
	dir   *Directory
	gone  context.Context //nolint:containedctx // ends with Close, which must cut Next short
	leave context.CancelFunc

	mu     sync.Mutex // held while a page is fetched
	filter string
	page   *goldap.ControlPaging
	conn   *conn // nil before the first page and after the last
	end    error // what Next returns from now on
}

func newHits(d *Directory, text string) *hits {
	h := &hits{dir: d, filter: d.cfg.searchFilter(text), page: goldap.NewControlPaging(uint32(d.cfg.PageSize))}
	h.gone, h.leave = context.WithCancel(d.life)
	switch {
	case utf8.RuneCountInString(text) > maxText:
		h.end = &engine.Error{Op: "find users", Kind: engine.BadInput, Err: errors.New("the text is too long")}
	case h.filter == "":
		h.end = io.EOF
	}
	return h
}

// Next returns the next page that is not empty, sorted by name; the pages come
// in the directory's order. After the last it returns io.EOF. Any other error
// ends the search; when the directory cuts the list short, it comes after the
// users that were given.
func (h *hits) Next(ctx context.Context) ([]engine.User, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.gone, cancel)()
	for h.end == nil {
		entries := h.fetch(ctx)
		users := h.dir.users(entries)
		if len(users) > 0 {
			return users, nil
		}
		if len(entries) > 0 {
			h.end = h.dir.noIDs()
		}
	}
	return nil, h.end
}

// fetch returns the next page's entries, and sets end when no more will come.
func (h *hits) fetch(ctx context.Context) []*goldap.Entry {
	var result *goldap.SearchResult
	var err error
	r := h.request(h.page)
	if h.conn == nil {
		h.conn, result, err = h.dir.first(ctx, "find users", r)
	} else if result, err = h.dir.ask(ctx, "find users", h.conn, r); err != nil {
		h.dir.shun(h.conn, err)
		h.conn = nil
	}
	if err != nil {
		h.end = err
		if engine.Is(err, engine.DirectoryRefused) && result != nil {
			return result.Entries
		}
		return nil
	}
	h.page.SetCookie(cookie(result))
	if len(h.page.Cookie) == 0 {
		h.dir.keep(h.conn)
		h.conn, h.end = nil, io.EOF
	}
	return result.Entries
}

func (h *hits) request(page *goldap.ControlPaging) *goldap.SearchRequest {
	r := h.dir.request(h.filter, h.dir.cfg.Attributes.wanted()...)
	r.Controls = []goldap.Control{page}
	return r
}

// cookie returns what the next page is asked for with; nothing means that
// there is none.
func cookie(result *goldap.SearchResult) []byte {
	paging, ok := goldap.FindControl(result.Controls, goldap.ControlTypePaging).(*goldap.ControlPaging)
	if !ok {
		return nil // the server does not page: this was all
	}
	return paging.Cookie
}

// Close gives the search up. It does not wait for the server.
func (h *hits) Close() {
	h.leave()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.conn != nil {
		h.dir.windUp(h.conn, h.request(&goldap.ControlPaging{Cookie: h.page.Cookie}))
		h.conn = nil
	}
	if h.end == nil {
		h.end = &engine.Error{Op: "find users", Kind: engine.Stopped, Err: context.Canceled}
	}
}

// windUp asks for a page of size zero, with the last cookie: the server forgets
// the pages nobody wants (RFC 2696, 3), and the connection can be kept.
func (d *Directory) windUp(c *conn, last *goldap.SearchRequest) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.life.Err() != nil {
		c.drop()
		return
	}
	d.work.Go(func() {
		if _, err := d.ask(d.life, "end search", c, last); err != nil {
			d.shun(c, err)
			return
		}
		d.keep(c)
	})
}

// noIDs is the trouble when no user has an id: the attribute is the wrong one,
// or hidden from us.
func (d *Directory) noIDs() error {
	return &engine.Error{
		Op: "find users", Kind: engine.DirectoryRefused,
		Subject: "no user's id is shown (attribute " + d.cfg.Attributes.ID + ")",
	}
}

// users reads a page. An entry whose id we may not see is left out: nothing
// could tell its user from others.
func (d *Directory) users(entries []*goldap.Entry) []engine.User {
	var users []engine.User
	for _, e := range entries {
		u := d.cfg.Attributes.user(e)
		if u.ID == "" {
			d.leaveOut(e)
			continue
		}
		users = append(users, u)
	}
	names := collate.New(language.Und, collate.Loose)
	slices.SortStableFunc(users, func(a, b engine.User) int { return names.CompareString(a.Name, b.Name) })
	return users
}

// leaveOut says that an entry's id cannot be seen.
func (d *Directory) leaveOut(e *goldap.Entry) {
	d.cfg.Log.Warn("user left out: the entry has no id", "dn", engine.Clean(e.DN), "attribute", d.cfg.Attributes.ID)
}
