package ldap

import (
	"context"
	"slices"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"cardkiosk/engine"
)

const (
	bulkPage    = 1000            // entries per page where no person waits: Active Directory gives no more
	bulkTime    = 2 * time.Minute // for one such page: Active Directory's own limit
	batch       = 100             // values that one filter asks for
	noAttribute = "1.1"           // RFC 4511, 4.5.1.8: only the name of the entry
)

// visit is several questions to one server, over one connection.
type visit struct {
	dir  *Directory
	op   string
	conn *conn // nil before the first question, and after one that failed
}

func (d *Directory) visit(op string) *visit { return &visit{dir: d, op: op} }

// leave ends the visit.
func (v *visit) leave() {
	if v.conn != nil {
		v.dir.keep(v.conn)
		v.conn = nil
	}
}

// ask asks a question that is answered at once. After an error the next one may
// go to another server.
func (v *visit) ask(ctx context.Context, r *goldap.SearchRequest) (result *goldap.SearchResult, err error) {
	if v.conn == nil {
		v.conn, result, err = v.dir.first(ctx, v.op, r)
		return result, err
	}
	if result, err = v.dir.ask(ctx, v.op, v.conn, r); err != nil {
		v.dir.shun(v.conn, err)
		v.conn = nil
	}
	return result, err
}

// pages asks a question that may have many answers, and takes them as they
// come: however many there are, memory holds one page.
func (v *visit) pages(ctx context.Context, r *goldap.SearchRequest, take func(*goldap.Entry) error) error {
	page := goldap.NewControlPaging(bulkPage)
	r.Controls, r.TimeLimit = []goldap.Control{page}, int(bulkTime/time.Second)
	for {
		result, err := v.ask(ctx, r)
		if err != nil {
			return reword(err, bulkRefusals)
		}
		page.SetCookie(cookie(result))
		for _, e := range result.Entries {
			if err := take(e); err != nil {
				v.giveUp(r, page.Cookie)
				return err
			}
		}
		if len(page.Cookie) == 0 {
			return nil
		}
	}
}

// giveUp ends a question whose further pages nobody wants.
func (v *visit) giveUp(r *goldap.SearchRequest, cookie []byte) {
	if len(cookie) == 0 {
		return
	}
	r.Controls = []goldap.Control{&goldap.ControlPaging{Cookie: cookie}}
	v.dir.windUp(v.conn, r)
	v.conn = nil
}

// user reads the entry of one user. Kind UserUnknown when there is none.
func (v *visit) user(ctx context.Context, id engine.UserID, attributes ...string) (*goldap.Entry, error) {
	unknown := &engine.Error{Op: v.op, Kind: engine.UserUnknown, Subject: string(id)}
	filter, ok := v.dir.cfg.userFilter(id)
	if !ok {
		return nil, unknown
	}
	result, err := v.ask(ctx, v.dir.request(filter, append(attributes, v.dir.cfg.Attributes.ID)...))
	if err != nil {
		return nil, err
	}
	for _, e := range result.Entries {
		if sameID(v.dir.cfg.Attributes.id(e), id) {
			return e, nil
		}
	}
	return nil, unknown
}

// users tells every user that a filter finds. An entry whose id we may not see
// is left out: nothing could tell its user from others.
func (v *visit) users(ctx context.Context, filter string, attributes []string, each func(*goldap.Entry, engine.UserID) error) error {
	d := v.dir
	r := d.request("(&"+d.cfg.Filter+filter+")", append(slices.Clone(attributes), d.cfg.Attributes.ID)...)
	return v.pages(ctx, r, func(e *goldap.Entry) error {
		id := d.cfg.Attributes.id(e)
		if id == "" {
			d.leaveOut(e)
			return nil
		}
		return each(e, engine.UserID(id))
	})
}

// entry reads one entry by its name; nil when there is none.
func (v *visit) entry(ctx context.Context, dn, filter string, attributes ...string) (*goldap.Entry, error) {
	r := v.dir.request(filter, attributes...)
	r.BaseDN, r.Scope = dn, goldap.ScopeBaseObject
	result, err := v.ask(ctx, r)
	switch {
	case goldap.IsErrorAnyOf(err, goldap.LDAPResultNoSuchObject):
		return nil, nil
	case err != nil:
		return nil, err
	case len(result.Entries) == 0:
		return nil, nil
	}
	return result.Entries[0], nil
}

const anything = "(objectClass=*)"

// tops are the entries below which everything is that the server has (RFC 4512,
// 5.1): groups need not be where the users are. Active Directory is asked for
// its own domain only.
func (v *visit) tops(ctx context.Context) ([]string, error) {
	attribute := "namingContexts"
	if v.dir.cfg.ActiveDirectory {
		attribute = "defaultNamingContext"
	}
	root, err := v.entry(ctx, "", anything, attribute)
	if err != nil {
		return nil, err
	}
	if root != nil && len(root.GetEqualFoldAttributeValues(attribute)) > 0 {
		return root.GetEqualFoldAttributeValues(attribute), nil
	}
	return []string{v.dir.cfg.BaseDN}, nil
}

// everywhere takes what a filter finds below all tops. Of those that have
// nothing to do with the users, some may not be for us to see.
func (v *visit) everywhere(ctx context.Context, tops []string, filter string, attributes []string, take func(*goldap.Entry) error) error {
	for _, top := range tops {
		r := v.dir.request(filter, attributes...)
		r.BaseDN = top
		err := v.pages(ctx, r, take)
		if goldap.IsErrorAnyOf(err, goldap.LDAPResultNoSuchObject, goldap.LDAPResultInsufficientAccessRights) && !within(v.dir.cfg.BaseDN, top) {
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}
