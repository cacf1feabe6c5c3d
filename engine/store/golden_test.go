package store_test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/store"
)

var update = flag.Bool("update", false, "write the journal of the present formats to testdata/journal")

const journals = "../../testdata/journal"

// formerJournals are what the files in testdata/journal hold. A file is a whole
// store as SQL, tables and all, as the kiosk of its time left it when the power
// went; it is never written again once its formats are not the present ones.
var formerJournals = map[string]func() (engine.Record, engine.Run, engine.Letter){
	"plan1-tables2.sql": firstJournal,
	"plan2-tables5.sql": aroundJournal,
	"plan3-tables8.sql": heldJournal,
}

// A store that an older kiosk has left behind is brought up to date, and its
// open run can be taken over with all that is needed to finish it.
func TestFormerJournals(t *testing.T) {
	if *update {
		writeJournal(t)
	}
	files, err := filepath.Glob(filepath.Join(journals, "*.sql"))
	must(t, err)
	if len(files) != len(formerJournals) {
		t.Errorf("%s has %v, the test knows %d", journals, files, len(formerJournals))
	}
	for name, what := range formerJournals {
		t.Run(name, func(t *testing.T) {
			record, run, letter := what()
			s := open(t, load(t, filepath.Join(journals, name)))
			if got := readCard(t, s, record.Card.ID); !reflect.DeepEqual(got, record) {
				t.Errorf("record:\ngot  %+v\nwant %+v", got, record)
			}
			if got := dueFacts(t, s)[0].Record; !reflect.DeepEqual(got, asDue(t, record)) {
				t.Errorf("due:\ngot  %+v\nwant %+v", got, asDue(t, record))
			}
			l := lease("south", 0)
			l.Now = noon.Add(time.Hour)
			got, err := s.Take(t.Context(), run.ID, l)
			must(t, err)
			if !reflect.DeepEqual(got, run) {
				t.Errorf("run:\ngot  %+v\nwant %+v", got, run)
			}
			if got := takes(t, s, 60, letter.ID); !reflect.DeepEqual(got[0], letter) {
				t.Errorf("letter:\ngot  %+v\nwant %+v", got[0], letter)
			}
		})
	}
}

// load makes a store file of a dump.
func load(t *testing.T, name string) (path string) {
	t.Helper()
	script, err := os.ReadFile(name)
	must(t, err)
	path = newPath(t)
	db, err := sql.Open("sqlite", path)
	must(t, err)
	_, err = db.ExecContext(t.Context(), string(script))
	must(t, err)
	must(t, db.Close())
	return path
}

// writeJournal writes the store that heldJournal describes with the present
// program, under the name of the present formats.
func writeJournal(t *testing.T) {
	t.Helper()
	want, r, l := heldJournal()
	s := open(t, newPath(t))
	stored := want
	stored.Version = 0
	assign(t, s, stored)
	post(t, s, l)
	leaveAround(t, s)
	leaveCancelled(t, s)
	stored.Version = 1
	lieDown(t, s, stored, r)
	tables := count(t, s, `SELECT MAX(version_id) FROM goose_db_version`)
	name := fmt.Sprintf("plan%d-tables%d.sql", engine.PlanFormat, tables)
	must(t, os.WriteFile(filepath.Join(journals, name), []byte(dump(t, s)), 0o644))
}

// dump writes a store as SQL that makes it again.
func dump(t *testing.T, s *store.Store) string {
	t.Helper()
	var out strings.Builder
	out.WriteString("-- A store as the kiosk of these formats left it; see TestFormerJournals in engine/store.\n")
	const schema = `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND type `
	for _, statement := range texts(t, s, schema+`<> 'trigger'`) {
		out.WriteString(statement + ";\n")
	}
	for _, table := range []string{"goose_db_version", "cards", "leases", "runs", "notes", "outbox", "audit", "audit_last", "policies", "errands", "people", "snapshot", "due", "told", "requests", "checkpoints", "departures"} {
		where := ` WHERE name <> 'tstamp'` // when goose was there, by the clock
		columns := texts(t, s, `SELECT name FROM pragma_table_info('`+table+`')`+where)
		order := "rowid"
		if table == "due" {
			order = "next_expiry, card" // it has no rowid
		}
		query := `SELECT 'INSERT INTO ` + table + ` (` + strings.Join(columns, ", ") + `) VALUES (' || quote(` +
			strings.Join(columns, `) || ', ' || quote(`) + `) || ');' FROM ` + table + ` ORDER BY ` + order
		for _, row := range texts(t, s, query) {
			out.WriteString(row + "\n")
		}
	}
	for _, guard := range texts(t, s, schema+`= 'trigger'`) { // the last: they would refuse the rows
		out.WriteString(guard + ";\n")
	}
	return out.String()
}

func texts(t *testing.T, s *store.Store, query string) (all []string) {
	t.Helper()
	rows, err := s.Raw().QueryContext(context.Background(), query)
	must(t, err)
	defer func() { must(t, rows.Close()) }()
	for rows.Next() {
		var one string
		must(t, rows.Scan(&one))
		all = append(all, one)
	}
	must(t, rows.Err())
	return all
}
