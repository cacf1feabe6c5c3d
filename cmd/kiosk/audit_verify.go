package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"cardkiosk/engine"
	"cardkiosk/engine/audit"
	"cardkiosk/engine/config"
	"cardkiosk/engine/store"
	"cardkiosk/engine/words"
)

// auditVerifyCmd verifies the audit.
type auditVerifyCmd struct {
	File        string   `arg:"" optional:"" help:"A store, a copy of one, or an export. Left out: the store that the configuration names."`
	Config      string   `placeholder:"FILE" help:"The configuration, where no file is named. Left out: config.toml in this folder, or else /etc/kiosk/config.toml."`
	Checkpoints []string `placeholder:"FILE" help:"Checkpoints that have left the stations: files they were appended to, system logs, saved letters."`
	Key         []string `placeholder:"KEY" help:"A station's public key as kiosk audit key printed it, or a file with such lines, kept elsewhere; may be given several times."`
	JSON        bool     `name:"json" help:"One object a line: findings, then the stations."`
}

// Help is what kiosk audit verify --help adds.
func (auditVerifyCmd) Help() string {
	return `It only reads, and the store may be in use. Whoever can write the store's file can also make its chains anew: that
is only found by checkpoints that have left the stations, and only a key that was kept elsewhere tells that a station
has signed them. Take the checkpoints before the store: ones that are younger say rightly that it lacks rows.

The exit code is 0 when nothing is wrong, and 7 when something is.`
}

// Run verifies, and prints what was found.
func (cmd auditVerifyCmd) Run(ctx context.Context) error {
	file, keys, err := cmd.subject()
	if err != nil {
		return err
	}
	found, err := cmd.verify(ctx, file, keys, os.Stdout)
	err = seenEnough(err)
	if err == nil && found > 0 {
		return exited(exitFound)
	}
	return err
}

// subject is what is verified, and with which keys. At a kiosk of its own, its
// own key is known.
func (cmd auditVerifyCmd) subject() (file string, keys audit.Keys, err error) {
	for _, text := range cmd.Key {
		more, err := readKeys(text)
		if err != nil {
			return "", nil, err
		}
		keys = append(keys, more...)
	}
	if cmd.File != "" {
		return cmd.File, keys, nil
	}
	named, err := findConfig(cmd.Config)
	if err != nil {
		return "", nil, err
	}
	cfg, err := loadConfig(named, os.Stderr)
	if err != nil {
		return "", nil, err
	}
	return cfg.Store.File, append(keys, ownKey(cfg)...), nil
}

// ownKey is the key of this station, where it has one.
func ownKey(cfg config.Config) audit.Keys {
	key, err := audit.ReadKey(cfg.Station.Folder)
	if err != nil {
		return nil
	}
	return audit.Keys{{Public: key.Public().(ed25519.PublicKey), Station: cfg.Station.Name, Bound: true}}
}

// readKeys reads a key, or a file with one on each line.
func readKeys(text string) (all audit.Keys, err error) {
	if k, err := audit.ParseKey(text); err == nil {
		return audit.Keys{k}, nil
	}
	data, err := os.ReadFile(text)
	if err != nil {
		return nil, &engine.Error{Op: "read key", Kind: engine.BadInput, Subject: "--key", Err: fmt.Errorf("it is neither a public key nor a file with some: %w", err)}
	}
	for i, line := range strings.Split(string(data), "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		k, err := audit.ParseKey(line)
		if err != nil {
			return nil, &engine.Error{Op: "read key", Kind: engine.BadInput, Subject: fmt.Sprintf("%s:%d", text, i+1), Err: err}
		}
		all = append(all, k)
	}
	return all, nil
}

// verify reads the audit as it lies, and again, sorted, where it does not lie in
// its order.
func (cmd auditVerifyCmd) verify(ctx context.Context, file string, keys audit.Keys, out io.Writer) (findings int, err error) {
	tell := teller{out: out, text: &words.English, json: cmd.JSON}
	v, counted, err := cmd.read(ctx, file, keys, false, &tell)
	if errors.Is(err, store.ErrDisorder) {
		tell.found = nil
		v, counted, err = cmd.read(ctx, file, keys, true, &tell)
	}
	if err != nil {
		return 0, err
	}
	tell.end(v.End(counted), v.Findings())
	return v.Findings(), tell.err
}

func (cmd auditVerifyCmd) read(ctx context.Context, file string, keys audit.Keys, sorted bool, tell *teller) (*audit.Verifier, int64, error) {
	v := audit.NewVerifier(keys, tell.finding)
	for _, name := range cmd.Checkpoints {
		if err := readOutside(v, name); err != nil {
			return nil, 0, err
		}
	}
	counted, err := readAudit(ctx, v, file, sorted)
	return v, counted, err
}

func readOutside(v *audit.Verifier, name string) error {
	in, err := os.Open(name)
	if err != nil {
		return &engine.Error{Op: "read checkpoints", Kind: engine.BadInput, Subject: name, Err: err}
	}
	defer func() { _ = in.Close() }() // it was only read
	_, err = audit.ReadCheckpoints(in, name, func(c engine.Checkpoint, err error, where string) {
		if errors.Is(err, io.ErrUnexpectedEOF) { // the power went, and it was appended once more
			_, _ = fmt.Fprintf(os.Stderr, "kiosk audit verify: %s: %v; it is not used\n", where, err)
			return
		}
		v.Outside(c, err, where)
	})
	return err
}

// readAudit tells the verifier all that a store or an export holds, and returns
// how many rows the store has counted; less than 0 for an export.
func readAudit(ctx context.Context, v *audit.Verifier, file string, sorted bool) (counted int64, err error) {
	in, err := os.Open(file)
	if err != nil {
		return 0, &engine.Error{Op: "open audit", Kind: engine.BadInput, Subject: file, Err: err}
	}
	defer func() { _ = in.Close() }() // it was only read
	const magic = "SQLite format 3\x00"
	start := make([]byte, len(magic))
	n, err := in.ReadAt(start, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, &engine.Error{Op: "open audit", Kind: engine.BadInput, Subject: file, Err: err}
	}
	if bytes.Equal(start[:n], []byte(magic)) {
		return readStore(ctx, v, file, sorted)
	}
	if err := audit.ReadExport(in, v.Row); err != nil {
		return 0, &engine.Error{Op: "read export", Kind: engine.BadInput, Subject: file, Err: err}
	}
	return -1, nil
}

func readStore(ctx context.Context, v *audit.Verifier, file string, sorted bool) (counted int64, err error) {
	kept, err := store.OpenAuditFile(ctx, file)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	guards, err := kept.Guards(ctx)
	if err != nil {
		return 0, err
	}
	for _, g := range guards {
		v.Unguarded(g)
	}
	v.WithStore()
	return kept.Read(ctx, sorted, func(c engine.Checkpoint, err error) error {
		v.Stored(c, err)
		return nil
	}, func(r engine.ChainedRow, odd string) error {
		v.Row(r, odd)
		return ctx.Err()
	})
}

// mostFound is how many findings are listed; more are only counted.
const mostFound = 10_000

// teller prints what was found, and what is vouched for.
type teller struct {
	out   io.Writer
	text  *words.Text
	json  bool
	found []audit.Finding // until all is read
	err   error           // of printing
}

func (t *teller) print(lines ...string) {
	for _, line := range lines {
		if t.err == nil {
			_, t.err = fmt.Fprintln(t.out, line)
		}
	}
}

func (t *teller) object(o any) {
	if t.err == nil {
		t.err = json.NewEncoder(t.out).Encode(o)
	}
}

func (t *teller) finding(f audit.Finding) {
	if len(t.found) < mostFound {
		t.found = append(t.found, f)
	}
}

func (t *teller) end(all []audit.Vouched, findings int) {
	for _, f := range t.found {
		if t.json {
			t.object(f)
			continue
		}
		t.print(audit.FindingLine(t.text, f))
	}
	rows := 0
	for _, v := range all {
		rows += int(v.Rows)
		if t.json {
			t.object(v)
			continue
		}
		t.print(audit.VouchedLines(t.text, v)...)
	}
	switch {
	case t.json:
	case findings > 0:
		t.print(t.text.Audit.Bad.Of(findings))
	default:
		t.print(t.text.Audit.Good.Of(rows))
	}
}
