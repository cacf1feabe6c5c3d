package authority

import (
	"context"
	"database/sql"
	"io/fs"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pressly/goose/v3"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// A CA of the time before requests could wait keeps what it issued and revoked,
// and the id of each request its answer.
func TestMigratesTheQueue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := logonWish(t).request(t, newID(t), "logon")
	before := value[wire.Answer](t)(w.Ask(t.Context(), lobby, r))
	gone := w.issueOne(t).SerialNumber.Text(16)
	value[wire.Revoked](t)(w.Revoke(t.Context(), engine.Actor{}, gone, engine.Superseded))
	bad := logonWish(t)
	bad.subject = []attribute{{"CN", "Eve"}}
	no := bad.request(t, newID(t), "logon")
	value[wire.Answer](t)(w.Ask(t.Context(), lobby, no))

	old, _ := oldDatabase(t)
	must(t, w.Close())
	value[sql.Result](t)(old.ExecContext(t.Context(), `ATTACH DATABASE $1 AS new`, filepath.Join(w.dir, databaseFile)))
	const columns = `id, content, template, csr, valid_days, station, operator, mode, user_id, user_name, user_logon, received, state, words, serial, not_before, not_after`
	for _, copied := range []string{
		`INSERT INTO requests (` + columns + `) SELECT ` + columns + ` FROM new.requests`,
		`INSERT INTO certificates SELECT * FROM new.certificates`,
		`INSERT INTO crls SELECT * FROM new.crls`,
	} {
		value[sql.Result](t)(old.ExecContext(t.Context(), copied))
	}
	book := &book{old}
	must(t, book.migrate(t.Context()))
	w.reopen(t)
	now := w.book
	w.book = book
	if after := value[wire.Answer](t)(w.Ask(t.Context(), lobby, r)); string(after.Certificate) != string(before.Certificate) {
		t.Error("the request has another certificate")
	}
	if a := value[wire.Answer](t)(w.Ask(t.Context(), lobby, no)); a.State != engine.RequestRejected {
		t.Errorf("what was rejected is %s", a.State)
	}
	if _, ok := w.revoked(t)[gone]; !ok || w.rows(t, "pragma_foreign_key_check") != 0 || w.rows(t, `sqlite_schema WHERE sql LIKE '%\_new%' ESCAPE '\'`) != 0 {
		t.Error("what was revoked is not, or certificates have no requests")
	}
	w.book = now
}

// oldDatabase has the tables of the second version.
func oldDatabase(t *testing.T) (db *sql.DB, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "old.db")
	db = value[*sql.DB](t)(sql.Open("sqlite", "file:"+path+"?_pragma=foreign_keys(1)"))
	db.SetMaxOpenConns(1) // an attached database is the connection's
	t.Cleanup(func() { must(t, db.Close()) })
	files := value[fs.FS](t)(fs.Sub(migrations, "migrations"))
	p := value[*goose.Provider](t)(goose.NewProvider(goose.DialectSQLite3, db, files))
	value[[]*goose.MigrationResult](t)(p.UpTo(context.Background(), 2))
	return db, path
}

// However many new programs open an old CA at once, it is brought up to date once,
// and all of them have it.
func TestMigratesOnce(t *testing.T) {
	t.Parallel()
	for range 4 {
		_, path := oldDatabase(t)
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				b, err := openBook(context.Background(), path)
				if err != nil {
					t.Errorf("open: %v", err)
					return
				}
				if _, _, err := b.request(context.Background(), "nobody"); err != nil {
					t.Errorf("look up: %v", err)
				}
				if err := b.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	}
}
