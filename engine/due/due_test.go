package due_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/due"
	"cardkiosk/engine/words"
)

var update = flag.Bool("update", false, "write golden files")

var (
	now  = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	ends = time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
)

// everyReason is one of each, in all of their kinds.
var everyReason = []engine.Reason{
	engine.Expires{Template: "Authentication", Place: "9a", NotAfter: ends, Life: engine.Expiring},
	engine.Expires{Template: "Signing", Place: "9c", NotAfter: now.AddDate(0, 0, -2), Life: engine.Expired},
	engine.OtherPolicy{Card: "Staff", User: "Research, \"secret\""},
	engine.WrittenOutside{Place: "83", Subject: "Ada <4711>", Fingerprint: "f00d"},
	engine.TemplateMissing{Template: "VPN"},
	engine.TemplateMissing{Template: "VPN", First: true},
	engine.TemplateMissing{Template: "VPN", Added: true},
	engine.TemplateMissing{Template: "Door", Common: true},
	engine.TemplateRemoved{Template: "Old", Place: "84"},
	engine.TemplateRemoved{Template: "Old door", Place: "85", Common: true},
	engine.AttributeChanged{Template: "Signing", Attribute: "mail", Was: "ada@old.example", Is: ""},
	engine.CommonReplaced{Template: "Door", Place: "82"},
	engine.AccessSwitched{On: true},
	engine.AccessSwitched{},
	engine.Revoked{Template: "Signing", Place: "9c", Revocation: engine.Revocation{Serial: "4a", At: now.AddDate(0, 0, -3), Reason: engine.Superseded}},
	engine.UpdateDecided{Approved: 2, Refused: 1, At: now.AddDate(0, 0, -1)},
	engine.UpdateDecided{Refused: 1, At: now.AddDate(0, 0, -1)},
}

// report is a card with every reason, and some with next to nothing.
func report() []engine.DueCard {
	ada := engine.User{ID: "7d1c", Name: "Ada Lovelace", Logon: "alovelace", Mail: "ada@corp.example"}
	off := engine.User{ID: "7d1d", Name: "Off Duty", Logon: "off", Disabled: true}
	return []engine.DueCard{
		{
			Card: engine.Identity{ID: "yubikey-712233", Serial: "712233", GUID: "00112233", Model: "YubiKey 5.7.1"}, User: ada, State: engine.StateIssued,
			Policy: "Staff", Reasons: everyReason, Since: now.AddDate(0, 0, -21), Next: ends, Written: now.AddDate(-1, 0, 0), Seen: now.Add(-49 * time.Hour),
		},
		{
			Card: engine.Identity{ID: "yubikey-712234", Serial: "712234"}, User: off, State: engine.StateIssued, Policy: "Staff",
			Reasons: everyReason[:1], Since: now.AddDate(0, 0, 5), Next: ends, Written: now.AddDate(-1, 0, 0),
		},
		{
			Card: engine.Identity{ID: "guid-00112233445566778899"}, User: engine.User{ID: "7d1e", Name: "Ghost Writer"}, Gone: true, Unknown: true, State: engine.StateAssigned,
			Trouble: &engine.Error{Op: "choose policy", Kind: engine.NoPolicy, Subject: "Ghost"},
		},
	}
}

func write(t *testing.T, format string) string {
	t.Helper()
	var out bytes.Buffer
	w, err := due.NewWriter(format, &out, &words.English, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range report() {
		if err := w.Write(c); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// Each format writes what it is documented to.
func TestGoldenFormats(t *testing.T) {
	for _, format := range due.Formats() {
		path := filepath.Join("..", "..", "testdata", "due", format+".golden")
		got := write(t, format)
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs (make golden, then read it); got:\n%s\nwant:\n%s", format, got, want)
		}
	}
}

// The CSV is read back by a reader that is strict, every line as long as the
// header, and its lines end as RFC 4180 says.
func TestCSVIsRead(t *testing.T) {
	text := write(t, "csv")
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(lines) != 1+len(report()) {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	if ended := strings.Count(text, "\r\n"); ended < len(lines) {
		t.Errorf("%d lines end in CRLF", ended)
	}
	why := slices.Index(lines[0], "reasons")
	if got := strings.Fields(lines[1][why]); len(got) != len(due.Names()) { // each once
		t.Errorf("reasons: %q", got)
	}
}

// Each line of the JSON is an object of its own, and every reason has its type,
// its words, and a field that says what it is about.
func TestJSONIsRead(t *testing.T) {
	for i, line := range strings.Split(strings.TrimSuffix(write(t, "json"), "\n"), "\n") {
		var card struct {
			Card    engine.Identity
			Reasons []map[string]any
		}
		if err := json.Unmarshal([]byte(line), &card); err != nil || card.Card != report()[i].Card {
			t.Errorf("line %d: %+v, %v", i, card, err)
		}
		for _, r := range card.Reasons {
			if kind, _ := r["type"].(string); !slices.Contains(due.Names(), kind) || r["words"] == "" || len(r) < 3 {
				t.Errorf("%v", r)
			}
		}
	}
}

// Every name belongs to a reason, and every reason has one.
func TestNames(t *testing.T) {
	var used []string
	for _, r := range everyReason {
		used = append(used, due.Name(r))
	}
	slices.Sort(used)
	if all := slices.Sorted(slices.Values(due.Names())); !slices.Equal(slices.Compact(used), all) {
		t.Errorf("used are %v, there are %v", used, all)
	}
	if name := due.Name(engine.OptionalAvailable{}); slices.Contains(due.Names(), name) || name == "" {
		t.Errorf("what makes no card due has the name %q", name)
	}
}

// counted counts writes, and takes only so many.
type counted struct{ writes, most int }

var errFull = errors.New("full")

func (c *counted) Write(p []byte) (int, error) {
	if c.writes++; c.writes > c.most {
		return 0, errFull
	}
	return len(p), nil
}

// A card is written at once, in one write; an output that takes no more is
// said.
func TestOneWriteForEachCard(t *testing.T) {
	for _, format := range due.Formats() {
		out := &counted{most: 3}
		w, err := due.NewWriter(format, out, &words.English, now)
		if err != nil {
			t.Fatal(err)
		}
		begun := out.writes // a header
		if err := w.Write(report()[0]); err != nil || out.writes != begun+1 {
			t.Errorf("%s: %d writes, %v", format, out.writes-begun, err)
		}
		for err == nil {
			err = w.Write(report()[1])
		}
		if !errors.Is(err, errFull) || out.writes != 4 {
			t.Errorf("%s: after %d writes %v", format, out.writes, err)
		}
	}
	if _, err := due.NewWriter("xml", &counted{}, &words.English, now); err == nil {
		t.Error("xml is written")
	}
}
