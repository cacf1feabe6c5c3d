package authority

import (
	"strings"
	"testing"
	"time"

	"cardkiosk/engine"
)

const goodTemplate = `
[[template]]
name = "logon"
decision = "issue"
subject_open = ["CN"]
usage = ["digitalSignature"]
keys = ["p256"]
max_valid_days = 10
`

const goodHead = `[crl]
url = "http://pki.corp.example/crl"
[issuer]
url = "http://pki.corp.example/ca.cer"
`

// A new CA's rules are read as they are written, and permit what the manual
// says.
func TestExampleRules(t *testing.T) {
	text := Options{
		Name: `Corp "Issuing" CA`, CRLURL: "http://pki.corp.example/crl", IssuerURL: "http://pki.corp.example/ca.cer", Officers: []string{"root", `CORP\alice`},
	}.renderRules()
	r := value[rules](t)(parseRules("ca.toml", text))
	if time.Duration(r.CRL.Interval) != 24*time.Hour || time.Duration(r.CRL.Overlap) != 12*time.Hour {
		t.Errorf("the schedule is %v with overlap %v", r.CRL.Interval, r.CRL.Overlap)
	}
	var names []string
	for _, rule := range r.Templates {
		names = append(names, rule.Name)
	}
	if got := strings.Join(names, " "); got != "logon signing encryption cardauth" {
		t.Errorf("the templates are %s", got)
	}
	if got := strings.Join(r.Officers, " "); got != `root CORP\alice` || time.Duration(r.Queue.Retry) != 5*time.Minute {
		t.Errorf("the officers are %s, stations ask again after %v", got, time.Duration(r.Queue.Retry))
	}
	if by := r.template("encryption").SignedBy; len(by) != 1 || by[0] != "logon" {
		t.Errorf("renewals for encryption are signed by %q", by)
	}
}

// A slip in ca.toml is refused with its line, or its template, and the remedy.
func TestRulesRefused(t *testing.T) {
	swap := func(old, now string) string { return goodHead + strings.Replace(goodTemplate, old, now, 1) }
	for name, c := range map[string]struct{ text, says string }{
		"unknown key":          {swap("usage", "usages"), `line 10: there is no key "usages" here`},
		"unknown table":        {goodHead + goodTemplate + "\n[crll]\n", `line 14: there is no key "crll"`},
		"two unknown keys":     {goodHead + goodTemplate + "a = 1\nb = 2\n", "line 14: there is no key \"b\""},
		"unknown SAN kind":     {goodHead + goodTemplate + "san = { ip = [\"*\"] }\n", `line 13: there is no key "ip"`},
		"wrong type":           {swap("max_valid_days = 10", `max_valid_days = "ten"`), "line 12"},
		"no TOML":              {goodHead + "[[template]\n", "line 5"},
		"unknown usage":        {swap("digitalSignature", "certSign"), `line 10: "certSign" is not one of contentCommitment digitalSignature`},
		"usage of a CA":        {swap("digitalSignature", "keyCertSign"), `line 10: "keyCertSign" is not one of`},
		"unknown EKU":          {swap("keys", "extended = [\"logon\"]\nkeys"), `line 11: extended key usage "logon" is neither a name nor an OID`},
		"unknown key type":     {swap("p256", "p521"), `line 11: "p521" is not one of p256 p384 rsa2048`},
		"unknown attribute":    {swap("CN", "XX"), `line 9: "XX" is not one of the subject attributes C CN DC`},
		"fixed without value":  {swap("subject_open = [\"CN\"]", "subject_fixed = [\"O\"]"), `line 9: "O" is not of the form O=Corp Example`},
		"unknown decision":     {swap("issue", "refuse"), `line 8: decision "refuse" is not known: it can be "issue" or "hold"`},
		"unknown renewal":      {swap("decision", "renewal = \"never\"\ndecision"), `line 8: renewal "never" is not known: it can be "issue", "hold" or "refuse"`},
		"while, no boolean":    {swap("decision", "renewal_while_valid = \"yes\"\ndecision"), "line 8"},
		"signed by nobody":     {goodHead + goodTemplate + "renewal_signed_by = [\"logn\"]\n", `template "logon": renewal_signed_by names "logn", and there is no such template: correct its name`},
		"signed by no signer":  {swap("digitalSignature\"]", "keyAgreement\"]\nrenewal_signed_by = [\"logon\"]"), `whose keys do not sign: its usage has no digitalSignature`},
		"officers, no list":    {"officers = \"root\"\n" + goodHead + goodTemplate, "line 1"},
		"officer without name": {"officers = [\"root\", \"\"]\n" + goodHead + goodTemplate, "officers has a name that is empty"},
		"officer in a table":   {goodHead + "officers = [\"root\"]\n" + goodTemplate, `line 5: there is no key "officers" here`},
		"retry at once":        {goodHead + "[queue]\nretry = \"0s\"\n" + goodTemplate, "queue.retry has to be from 1s to 24h"},
		"retry, no time":       {goodHead + "[queue]\nretry = \"soon\"\n" + goodTemplate, `line 6: "soon" is not a time such as 90m or 24h`},
		"bad time":             {strings.Replace(goodHead, "\n", "\ninterval = \"daily\"\n", 1) + goodTemplate, `line 2: "daily" is not a time such as 90m or 24h`},
		"short interval":       {strings.Replace(goodHead, "\n", "\ninterval = \"1s\"\n", 1) + goodTemplate, "crl.interval has to be at least 1m"},
		"negative overlap":     {strings.Replace(goodHead, "\n", "\noverlap = \"-1h\"\n", 1) + goodTemplate, "crl.overlap not negative"},
		"no CRL address":       {goodTemplate, "crl.url"},
		"no name":              {swap("name = \"logon\"", ""), "it has no name"},
		"no decision":          {swap("decision = \"issue\"", ""), `template "logon": nothing says who decides`},
		"no subject":           {swap("subject_open = [\"CN\"]", ""), "subject_fixed or subject_open"},
		"no usage":             {swap("usage = [\"digitalSignature\"]", ""), "it permits no usage"},
		"no key":               {swap("keys = [\"p256\"]", ""), "it permits no key"},
		"no validity":          {swap("max_valid_days = 10", ""), "max_valid_days has to be 1 or more"},
		"same name twice":      {goodHead + goodTemplate + goodTemplate, `two templates "logon": rename one`},
		"SAN without domain":   {goodHead + goodTemplate + "san = { upn = [] }\n", `san.upn is an empty list`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseRules("ca.toml", []byte(c.text))
			if !engine.Is(err, engine.BadInput) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("it says %v\nwithout %s", err, c.says)
			}
		})
	}
	if _, err := parseRules("ca.toml", []byte(goodHead+goodTemplate)); err != nil {
		t.Errorf("without a slip it says %v", err)
	}
}
