package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cardkiosk/cmd/kiosk/demo"
	"cardkiosk/engine"
	"cardkiosk/engine/audit"
	"cardkiosk/engine/config"
	"cardkiosk/engine/store"
)

// auditDesk is a kiosk whose checkpoints go to a file and by mail, and whose rows
// go to a syslog server of this machine.
type auditDesk struct {
	*parts
	t      *testing.T
	world  *demo.World
	cfg    config.Config
	file   string
	syslog net.PacketConn
}

func newAuditDesk(t *testing.T) *auditDesk {
	t.Helper()
	world, cfg := openWorld(t, demo.Options{})
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	d := &auditDesk{t: t, world: world, cfg: cfg, file: filepath.Join(t.TempDir(), "checkpoints"), syslog: conn}
	d.cfg.Audit.File, d.cfg.Audit.Mail = d.file, []string{"auditor@corp.example"}
	d.cfg.Audit.Syslog = config.Syslog{Address: "udp://" + conn.LocalAddr().String(), Facility: "audit"}
	d.parts = openParts(t, d.cfg, nil)
	return d
}

// look leaves rows in the audit.
func (d *auditDesk) look(times int) {
	d.t.Helper()
	for range times {
		if _, err := d.desk.Orphans(d.t.Context(), tester); err != nil {
			d.t.Fatal(err)
		}
	}
}

func (d *auditDesk) work() {
	d.t.Helper()
	if _, err := d.keeper.Work(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
}

// verify runs the command on a file, and returns what it says.
func (d *auditDesk) verify(cmd auditVerifyCmd) (findings int, said string) {
	d.t.Helper()
	file, keys, err := cmd.subject()
	if err != nil {
		d.t.Fatal(err)
	}
	var out bytes.Buffer
	findings, err = cmd.verify(d.t.Context(), file, keys, &out)
	if err != nil {
		d.t.Fatal(err)
	}
	return findings, out.String()
}

func says(t *testing.T, said string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(said, w) {
			t.Errorf("it does not say %q:\n%s", w, said)
		}
	}
}

// What a kiosk writes is verified by its own store, by a copy, and by exports; a
// checkpoint leaves by every way, and each way's copy finds a chain made anew.
func TestAuditVerify(t *testing.T) {
	d := newAuditDesk(t)
	d.look(5)
	d.work()
	d.look(2)
	own := auditVerifyCmd{Config: d.world.Config()}
	n, said := d.verify(own)
	if n != 0 {
		t.Errorf("a sound store is accused:\n%s", said)
	}
	says(t, said, "desk-1: 7 rows, nothing wrong was found.", "Rows up to 5 are vouched for by a checkpoint, signed on", "only in the store",
		"Rows 6 to 7 are held by their chain only")
	ways := map[string]string{"file": d.file, "mail": d.letter(), "syslog": d.logged(5)}
	for name, checkpoints := range ways {
		outside := own
		outside.Checkpoints = []string{checkpoints}
		n, said := d.verify(outside)
		if n != 0 {
			t.Errorf("%s: a sound store is accused:\n%s", name, said)
		}
		says(t, said, "Rows up to 5 are vouched for by a checkpoint that left the station")
	}
	rewriteAudit(t, d.cfg.Store.File)
	for name, checkpoints := range ways {
		n, said := d.verify(auditVerifyCmd{File: d.cfg.Store.File, Checkpoints: []string{checkpoints}})
		if n == 0 {
			t.Errorf("%s: a chain made anew was not found:\n%s", name, said)
		}
		says(t, said, "rows 1 to 5 of desk-1", "not the ones that were signed", "SOMETHING IS WRONG")
	}
	if code := run([]string{"audit", "verify", d.cfg.Store.File, "--checkpoints", d.file}); code != exitFound {
		t.Errorf("the exit code is %d", code)
	}
}

// letter is a file with the letter that came.
func (d *auditDesk) letter() string {
	d.t.Helper()
	all := d.world.Mailbox.Messages()
	i := slices.IndexFunc(all, func(m demo.Mail) bool { return strings.Contains(m.To, "auditor@corp.example") })
	if i < 0 {
		d.t.Fatal("no letter came")
	}
	return d.saved(all[i].Text)
}

// logged is a file with what the syslog server got: rows, and a checkpoint.
func (d *auditDesk) logged(rows int) string {
	d.t.Helper()
	var all strings.Builder
	for i := range rows + 1 {
		m := make([]byte, 1<<16)
		n, _, err := d.syslog.ReadFrom(m)
		if err != nil {
			d.t.Fatal(err)
		}
		if is := strings.Contains(string(m[:n]), "[audit@32473 "); is != (i < rows) {
			d.t.Errorf("message %d is %s", i+1, m[:n])
		}
		all.WriteString("Mar  4 12:00:00 host " + string(m[:n]) + "\n")
	}
	return d.saved(all.String())
}

func (d *auditDesk) saved(text string) string {
	d.t.Helper()
	name := filepath.Join(d.t.TempDir(), "saved")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return name
}

// rewriteAudit makes the chain of one station anew, with another name in the
// first row, as somebody would who has the file.
func rewriteAudit(t *testing.T, file string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var guard string
	if err := db.QueryRow(`SELECT sql FROM sqlite_schema WHERE name = 'audit_keeps_words'`).Scan(&guard); err != nil {
		t.Fatal(err)
	}
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := db.Exec(query, args...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	all := rowsIn(t, file)
	exec(`DROP TRIGGER audit_keeps_words`)
	var before engine.Hash
	for i, r := range all {
		if i == 0 {
			r.Actor.Who = "somebody else"
		}
		r.Prev = before
		r.Hash = r.Link()
		before = r.Hash
		exec(`UPDATE audit SET who = $1, prev = $2, hash = $3 WHERE seq = $4`, r.Actor.Who, r.Prev.String(), r.Hash.String(), r.Seq)
	}
	exec(guard)
}

// rowsIn are the rows of a store's file.
func rowsIn(t *testing.T, file string) (all []engine.ChainedRow) {
	t.Helper()
	kept, err := store.OpenAuditFile(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	_, err = kept.Read(t.Context(), false, func(engine.Checkpoint, error) error { return nil }, func(r engine.ChainedRow, _ string) error {
		all = append(all, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// The privilege is asked for, that somebody looked stands in the audit, and an
// export of what was listed can be verified.
func TestAuditListAndExport(t *testing.T) {
	d := newAuditDesk(t)
	d.look(3)
	var out bytes.Buffer
	if err := (auditListCmd{}).list(t.Context(), d.parts, engine.AuditFilter{Newest: 2}, &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[1], "desk-1/3  demo  see orphans: done") {
		t.Errorf("listed are:\n%s", out.String())
	}
	for _, format := range []string{audit.JSON, audit.CSV} {
		out.Reset()
		if err := exportRows(t.Context(), d.parts, engine.AuditFilter{}, format, &out); err != nil {
			t.Fatal(err)
		}
		says(t, out.String(), string(engine.SeeAudit))
		n, said := d.verify(auditVerifyCmd{File: d.saved(out.String()), JSON: true})
		var vouched audit.Vouched
		if err := json.Unmarshal([]byte(said), &vouched); err != nil || n != 0 || !vouched.Sound || vouched.To != 0 || vouched.Station != "desk-1" {
			t.Errorf("%s: %d found, %v: %s", format, n, err, said)
		}
	}
	d.actor.Mode = engine.SelfService
	err := exportRows(t.Context(), d.parts, engine.AuditFilter{}, audit.JSON, io.Discard)
	if !engine.Is(err, engine.Forbidden) {
		t.Errorf("in self-service: %v", err)
	}
}

// What is no audit is not called sound.
func TestNoAudit(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "text": "hello\n", "json": `{"seq":1}` + "\n" + `{"what":2}` + "\n", "sqlite": "SQLite format 3\x00",
	} {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if code := run([]string{"audit", "verify", file}); code != exitUsage && code != exitBroken {
			t.Errorf("%s: exit code %d", name, code)
		}
	}
	empty := filepath.Join(t.TempDir(), "other.db")
	db, err := sql.Open("sqlite", empty)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`CREATE TABLE audit (seq BIGINT)`); err != nil {
		t.Fatal(err)
	}
	db.Close()
	for _, file := range []string{empty, filepath.Join(t.TempDir(), "missing")} {
		if code := run([]string{"audit", "verify", file}); code != exitUsage && code != exitBroken {
			t.Errorf("%s: exit code %d", file, code)
		}
	}
}
