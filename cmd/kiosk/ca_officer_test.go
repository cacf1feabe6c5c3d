package main

import (
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/authority"
)

// rewriteRules changes a CA's ca.toml; each change has to change something.
func rewriteRules(t testing.TB, dir string, changes ...string) {
	t.Helper()
	path := filepath.Join(dir, "ca.toml")
	text := read(t, path)
	for i := 0; i < len(changes); i += 2 {
		now := strings.Replace(text, changes[i], changes[i+1], 1)
		if now == text {
			t.Fatalf("ca.toml has no %q", changes[i])
		}
		text = now
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// holdingFolder is a CA that holds what is asked for under template cardauth, and
// whose officer is whoever runs the test.
func holdingFolder(t *testing.T) (dir, passphrase string) {
	t.Helper()
	dir, passphrase = caFolder(t)
	rewriteRules(t, dir, "officers = []", "officers = ["+strconv.Quote(administrator().Who)+"]",
		"name           = \"cardauth\"\ndecision       = \"issue\"", "name           = \"cardauth\"\ndecision       = \"hold\"")
	return dir, passphrase
}

// The officer's day beside a CA that is served: requests are listed, shown,
// approved and rejected, and the station hears of it in the CA's words.
func TestCAOfficer(t *testing.T) {
	dir, pass := holdingFolder(t)
	served := serveCA(t, dir, pass)
	ca, ctx := connectCA(t, served.url, stationFolder(t, dir, pass, "lobby-1")), t.Context()
	at := func(args ...string) []string {
		return append(append([]string{"ca"}, args...), "--ca", dir, "--passphrase-file", pass)
	}
	checkCommands(t, []commandSays{{at("requests"), exitDone, "No requests."}})
	for _, id := range []string{"aa1", "aa2", "b1", "c1"} {
		r := cardRequest(t, id, newCardKey(t))
		r.Approval = id == "c1"
		if a, err := ca.Ask(ctx, r); err != nil || a.State != engine.RequestPending || !strings.HasPrefix(a.Words, "Waits for an officer since 20") || a.RetryAfter != 5*time.Minute {
			t.Fatalf("ask %s: %+v %v", id, a, err)
		}
	}
	checkCommands(t, []commandSays{
		{at("requests"), exitDone, "b1   pending                "},
		{at("requests", "--template", "cardauth", "--user", "zoë"), exitDone, "anna at lobby-1"},
		{at("requests", "--template", "logon"), exitDone, "No requests."},
		{at("requests", "--user", "nobody"), exitDone, "No requests."},
		{at("requests", "--state", "lost"), exitUsage, "withdrawn"},
		{at("show", "b"), exitDone, "Subject   O=Corp Example, CN=Zoë Müller"},
		{at("show", "c"), exitDone, "made once it is approved; the card's present one is p256"},
		{at("show", "aa"), exitUsage, `several requests begin with "aa": aa1, aa2: give more of the id`},
		{at("show", "z"), exitUsage, `does not know a request "z"`},
		{at("approve", "aa1"), exitDone, "Request aa1 is approved: certificate "},
		{at("approve", "aa1"), exitRefused, "request aa1 is issued: " + administrator().Who + " decided on 20"},
		{at("reject", "aa2"), exitUsage, "--reason"},
		{at("reject", "aa2", "--reason", " "), exitUsage, "there is no reason"},
		{at("reject", "aa2", "--reason", "The passport is missing"), exitDone, "Request aa2 is rejected: The passport is missing\nIt is for Zoë"},
		{at("approve", "c1"), exitDone, "Request c1 is approved: the certificate is issued once the card has made its key."},
		{at("requests", "--state", "approved"), exitDone, "c1  approved, before a key"},
		{at("requests", "--state", "issued"), exitDone, "aa1  issued"},
	})
	for id, want := range map[string]engine.Answer{
		"aa1": {State: engine.RequestIssued}, "aa2": {State: engine.RequestRejected, Words: "The passport is missing"},
		"b1": {State: engine.RequestPending}, "c1": {State: engine.RequestApproved},
	} {
		a, known, err := ca.Lookup(ctx, id)
		if err != nil || !known || a.State != want.State || want.Words != "" && a.Words != want.Words {
			t.Errorf("look up %s: %+v %v %v", id, a, known, err)
		}
		if a.State == engine.RequestIssued {
			leaf := issuedBy(t, ca, a.Certificate)
			checkCommands(t, []commandSays{{at("revoke", leaf.SerialNumber.Text(16), "--reason", "superseded"), exitDone, "is revoked since 20"}})
		}
	}
	if a, _, err := ca.Withdraw(ctx, "b1"); err != nil || a.State != engine.RequestWithdrawn {
		t.Errorf("withdraw: %+v %v", a, err)
	}
	checkCommands(t, []commandSays{
		{at("station", "--revoke", "lobby-1"), exitDone, "Station lobby-1 is revoked."},
		{at("show", "b1"), exitDone, "anna at lobby-1, revoked on 20"},
		{at("show", "b1", "--json"), exitDone, `"stationRevoked":"20`},
	})
	checkCommands(t, []commandSays{{at("approve", "b1"), exitRefused, "request b1 is withdrawn: Withdrawn at station lobby-1 on 20"}})
	checkJSON(t, at("requests", "--state", "all", "--json"), "aa1 aa2 b1 c1")
	checkJSON(t, at("show", "c1", "--json"), "c1")
	if err := served.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if log, err := served.end(); err != nil {
		t.Errorf("told to stop: %v\n%s", err, log)
	}
}

// checkJSON wants one object a line on standard output, and nothing else.
func checkJSON(t *testing.T, args []string, want string) {
	t.Helper()
	out, err := kioskProcess(t, args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for line := range strings.Lines(string(out)) {
		var r authority.Request
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if r.Subject != "O=Corp Example, CN=Zoë Müller" || r.Station != "lobby-1" || r.Operator != "anna" || r.Key != "p256" || len(r.Usage) != 1 || r.Received.IsZero() {
			t.Errorf("it says %s", line)
		}
		ids = append(ids, r.ID)
	}
	if got := strings.Join(ids, " "); got != want {
		t.Errorf("%s: %s, not %s", strings.Join(args, " "), got, want)
	}
}

// Whoever ca.toml does not name is no officer; whoever makes a CA is.
func TestCAOfficersAreNamed(t *testing.T) {
	dir, pass := caFolder(t)
	at := func(args ...string) []string {
		return append(append([]string{"ca"}, args...), "--ca", dir, "--passphrase-file", pass)
	}
	says := strconv.Quote(administrator().Who) + " is no officer of this CA (officers in ca.toml)"
	checkCommands(t, []commandSays{
		{at("requests"), exitRefused, says},
		{at("show", "a"), exitRefused, says},
		{at("approve", "a"), exitRefused, says},
		{at("reject", "a", "--reason", "no"), exitRefused, says},
	})
	made := filepath.Join(t.TempDir(), "ca")
	checkCommands(t, []commandSays{
		{[]string{
			"ca", "init", made, "--name", "Corp Issuing CA", "--passphrase-file", pass, "--crl-url", "http://pki.corp.example/crl",
			"--aia-url", "http://pki.corp.example/ca.cer", "--server-name", "localhost",
		}, exitDone, "is in " + made},
		{[]string{"ca", "requests", "--ca", made, "--passphrase-file", pass}, exitDone, "No requests."},
	})
	rewriteRules(t, dir, `retry = "5m"`, `retry = "soon"`)
	checkCommands(t, []commandSays{{at("requests"), exitUsage, `"soon" is not a time such as 90m or 24h`}})
}

// An officer is warned when the revocation list is old, on standard error.
func TestCAOfficerIsWarned(t *testing.T) {
	dir, pass := holdingFolder(t)
	warns := func(says string) {
		t.Helper()
		var aside strings.Builder
		cmd := kioskProcess(t, "ca", "requests", "--ca", dir, "--passphrase-file", pass)
		cmd.Stderr = &aside
		if out, err := cmd.Output(); err != nil || string(out) != "No requests.\n" {
			t.Errorf("it says %q: %v", out, err)
		}
		if got := aside.String(); says == "" && got != "" || !strings.Contains(got, says) {
			t.Errorf("it warns %q, not %q", got, says)
		}
	}
	aged := func(hours int) {
		t.Helper()
		db, err := sql.Open("sqlite", filepath.Join(dir, "ca.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		ago := time.Now().Add(-time.Duration(hours) * time.Hour).Unix()
		if _, err := db.Exec(`UPDATE crls SET this_update = $1, regular = $1, next_update = $1 + 36 * 3600`, ago); err != nil {
			t.Fatal(err)
		}
	}
	warns("no revocation list has been published yet: kiosk ca serve publishes it")
	checkCommands(t, []commandSays{{[]string{"ca", "crl", dir, "--passphrase-file", pass}, exitDone, "List 1 of "}})
	warns("")
	aged(25)
	warns("a new one is overdue; it ends on 20")
	aged(37)
	warns("certificates cannot be checked any more")
}

// An officer reads what is renewed, who signed for it, and what speaks against it.
func TestRequestLines(t *testing.T) {
	renewed := authority.Renewal{
		Serial: "1f", Subject: "CN=Zoë", NotAfter: time.Date(2027, 1, 2, 12, 0, 0, 0, time.UTC),
		Verified: true, SignedBy: "2e", Signer: "CN=Zoë M", SignerTemplate: "logon",
	}
	unsigned := authority.Renewal{Serial: "1f", Words: "It is not signed"}
	for name, c := range map[string]struct {
		r    authority.Request
		want []string
	}{
		"nothing":       {authority.Request{}, []string{"Renews: nothing"}},
		"verified":      {authority.Request{Renewal: &renewed}, []string{"Renews: 1f (CN=Zoë), which ends on 2027-01-02", "Signature: verified: by 2e (CN=Zoë M, template logon)"}},
		"revoked since": {authority.Request{Renewal: &renewed, Revoked: "is on hold since 2026-12-01"}, []string{"and is on hold since 2026-12-01"}},
		"not signed":    {authority.Request{Renewal: &unsigned}, []string{"Signature: not verified", "Renewal: It is not signed"}},
		"foreign":       {authority.Request{Renewal: &authority.Renewal{}}, []string{"Renews: a certificate that is none of this CA's"}},
		"a hold":        {authority.Request{Hold: true}, []string{"Hold: the station wants an officer to look at it"}},
	} {
		var text strings.Builder
		for _, l := range requestLines(c.r) {
			text.WriteString(l[0] + ": " + l[1] + "\n")
		}
		for _, want := range c.want {
			if !strings.Contains(text.String(), want) {
				t.Errorf("%s: %q is not in\n%s", name, want, text.String())
			}
		}
	}
}
