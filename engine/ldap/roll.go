package ldap

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"

	"cardkiosk/engine"
)

var _ engine.Roll = (*Directory)(nil)

// Users calls each with every one of these users that there is.
func (d *Directory) Users(ctx context.Context, ids []engine.UserID, each func(engine.User) error) error {
	v := d.visit("read users")
	defer v.leave()
	for some := range slices.Chunk(ids, batch) {
		if err := v.people(ctx, d.cfg.idsFilter(some), each); err != nil {
			return err
		}
	}
	return nil
}

// people tells the users that a filter finds, with all that is known of them.
func (v *visit) people(ctx context.Context, filter string, each func(engine.User) error) error {
	a := v.dir.cfg.Attributes
	return v.users(ctx, filter, a.wanted(), func(e *goldap.Entry, _ engine.UserID) error { return each(a.user(e)) })
}

// overlap is how far back changes are read again: a server may learn late of
// what was changed on another.
const overlap = 5 * time.Minute

// clocksApart is more than clocks are ever apart.
const clocksApart = 24 * time.Hour

// Mark returns where the directory stands now. Only Active Directory tells. To
// others our clock is the mark, set back by more than it can be wrong: the first
// Changed then reads a day too much, and from there on the mark is the latest
// time of the servers' own that was seen.
func (d *Directory) Mark(ctx context.Context) (engine.Mark, error) {
	if !d.cfg.ActiveDirectory {
		return engine.Mark{At: d.cfg.Now().Add(-clocksApart).UTC().Truncate(time.Second)}, nil
	}
	v := d.visit("read mark")
	defer v.leave()
	return v.mark(ctx)
}

// Changed tells what has changed since a mark. The move of a container above
// users is not told, as deletions are not.
func (d *Directory) Changed(ctx context.Context, since engine.Mark, each func(engine.User) error) (now engine.Mark, groups, ok bool, err error) {
	v := d.visit("read changes")
	defer v.leave()
	if d.cfg.ActiveDirectory {
		return v.changedUSN(ctx, since, each)
	}
	if since.At.IsZero() {
		return since, false, false, nil
	}
	return v.changedTime(ctx, since, each)
}

// mark reads the number of the last change on this one server of Active
// Directory, and the id of its database, which is new when it was restored from
// a backup (MS-ADTS 3.1.1.3.2.19, 3.1.1.1.9).
func (v *visit) mark(ctx context.Context) (engine.Mark, error) {
	root, err := v.entry(ctx, "", anything, "highestCommittedUSN", "dsServiceName")
	if err != nil {
		return engine.Mark{}, err
	}
	if root == nil {
		return engine.Mark{}, v.noMark("it does not tell who it is")
	}
	usn, err := strconv.ParseInt(first(root, "highestCommittedUSN"), 10, 64)
	if err != nil {
		return engine.Mark{}, v.noMark("it does not number changes")
	}
	service, err := v.entry(ctx, first(root, "dsServiceName"), anything, "invocationId")
	if err != nil {
		return engine.Mark{}, err
	}
	if service == nil || first(service, "invocationId") == "" {
		return engine.Mark{}, v.noMark("the bind name may not read its invocationId")
	}
	return engine.Mark{Server: hex.EncodeToString([]byte(first(service, "invocationId"))), USN: usn}, nil
}

func (v *visit) noMark(why string) error {
	return &engine.Error{Op: v.op, Kind: engine.DirectoryRefused, Subject: why, Err: errors.New("this is no Active Directory")}
}

// changedUSN asks Active Directory. Everything is asked of one server, because
// each counts for itself. When its numbers went back it was restored, however
// that was done.
func (v *visit) changedUSN(ctx context.Context, since engine.Mark, each func(engine.User) error) (now engine.Mark, groups, ok bool, err error) {
	now, err = v.mark(ctx)
	if err != nil || now.Server != since.Server || now.USN < since.USN {
		return now, false, false, err
	}
	later := "(uSNChanged>=" + strconv.FormatInt(since.USN+1, 10) + ")"
	if err := v.people(ctx, later, each); err != nil {
		return now, false, false, err
	}
	tops, err := v.tops(ctx)
	if err != nil {
		return now, false, false, err
	}
	err = v.everywhere(ctx, tops, "(&(objectClass=group)"+later+")", []string{noAttribute}, func(*goldap.Entry) error {
		groups = true
		return nil
	})
	return now, groups, err == nil, err
}

// isGroup finds the groups of RFC 4519 and 2307, and what is built like them.
const isGroup = "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup)" +
	"(objectClass=groupOfMembers)(objectClass=groupOfEntries)(member=*)(uniqueMember=*)(memberUid=*))"

// changedTime asks other directories, by the time of each entry's last change
// (RFC 4512, 3.4.4).
func (v *visit) changedTime(ctx context.Context, since engine.Mark, each func(engine.User) error) (now engine.Mark, groups, ok bool, err error) {
	const attribute, form = "modifyTimestamp", "20060102150405Z"
	later := "(" + attribute + ">=" + since.At.Add(-overlap).UTC().Format(form) + ")"
	latest := since.At
	seen := func(e *goldap.Entry) {
		if at, err := ber.ParseGeneralizedTime([]byte(first(e, attribute))); err == nil && at.After(latest) {
			latest = at
		}
	}
	a := v.dir.cfg.Attributes
	err = v.users(ctx, later, append(a.wanted(), attribute), func(e *goldap.Entry, _ engine.UserID) error {
		seen(e)
		return each(a.user(e))
	})
	if err != nil {
		return since, false, false, err
	}
	tops, err := v.tops(ctx)
	if err != nil {
		return since, false, false, err
	}
	var groupsTold told
	err = v.everywhere(ctx, tops, "(&"+later+isGroup+")", []string{attribute, entryCSN}, func(e *goldap.Entry) error {
		seen(e)
		groups = true
		groupsTold.add(e.DN, first(e, entryCSN))
		return nil
	})
	if err != nil {
		return since, false, false, err
	}
	// One entry with a time to come is not to hide all changes until then.
	if limit := latestOf(v.dir.cfg.Now(), since.At); latest.After(limit) {
		latest = limit.UTC().Truncate(time.Second)
	}
	now = engine.Mark{At: latest, Server: groupsTold.digest()}
	return now, groups && (now.Server == "" || now.Server != since.Server), true, nil
}

// entryCSN counts the changes of an entry of OpenLDAP finer than the clock that
// modifyTimestamp shows.
const entryCSN = "entryCSN"

// told are the changed groups that a look has seen. The next looks see them
// again, for as long as the directory is quiet: they are no news then.
type told struct {
	lines   []string
	without bool // a group has no number: nobody can tell whether it has changed since
}

func (t *told) add(dn, number string) {
	t.lines = append(t.lines, dn+"\x00"+number)
	t.without = t.without || number == ""
}

// digest is "" when it tells nothing.
func (t *told) digest() string {
	if t.without || len(t.lines) == 0 {
		return ""
	}
	slices.Sort(t.lines)
	sum := sha256.Sum256([]byte(strings.Join(t.lines, "\n")))
	return hex.EncodeToString(sum[:])
}

func latestOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
