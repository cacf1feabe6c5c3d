package ldap

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"

	"cardkiosk/engine"
)

// activeDirectory names attributes as Active Directory does.
var activeDirectory = Attributes{
	ID: "objectGUID", Name: []string{"displayName", "cn"}, Logon: "sAMAccountName", Mail: "mail",
	UPN: "userPrincipalName", SID: "objectSid", Disabled: Mark{Attribute: "userAccountControl", Bits: 2},
	Extra: []string{"department", "thumbnailPhoto"},
}

func unhex(t *testing.T, s string) string {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// An entry of Active Directory becomes a user: GUID and SID are read from
// their bytes, and attributes are found whatever the case of their names.
func TestEntry(t *testing.T) {
	guid := "90395f191ab51b4a9e9686c66cb18d11"
	e := goldap.NewEntry("CN=Ada Lovelace,OU=Staff,DC=corp,DC=test", map[string][]string{
		"objectguid":         {unhex(t, guid)},
		"CN":                 {"Ada Lovelace"},
		"samaccountname":     {"alovelace"},
		"userPrincipalName":  {"ada@corp.test"},
		"objectSid":          {unhex(t, "010500000000000515000000dcf4dc3b833d2b46828ba62800020000")},
		"userAccountControl": {"512"},
		"thumbnailPhoto":     {"\xff\xd8\xff\x00"},
	})
	u := activeDirectory.user(e)
	if u.ID != engine.UserID(guid) || u.Name != "Ada Lovelace" || u.Logon != "alovelace" || u.UPN != "ada@corp.test" || u.Mail != "" || u.Disabled {
		t.Errorf("got %+v", u)
	}
	if want := "S-1-5-21-1004336348-1177238915-682003330-512"; u.SID != want {
		t.Errorf("SID is %q, wanted %q", u.SID, want)
	}
	if !slices.Equal(u.Attributes["thumbnailPhoto"], []string{"\xff\xd8\xff\x00"}) || len(u.Attributes["department"]) != 0 {
		t.Errorf("attributes are %q", u.Attributes)
	}
}

// The id of a user of Active Directory is found by its bytes.
func TestGUIDFilter(t *testing.T) {
	c := Config{Filter: "(objectClass=user)", Attributes: activeDirectory}
	filter, ok := c.userFilter("90395f191ab51b4a9e9686c66cb18d11")
	packet, err := goldap.CompileFilter(filter)
	if !ok || err != nil {
		t.Fatalf("%q: %v", filter, err)
	}
	if got := packet.Children[1].Children[1].Data.String(); got != unhex(t, "90395f191ab51b4a9e9686c66cb18d11") {
		t.Errorf("the server would be asked for %x", got)
	}
	for _, id := range []engine.UserID{"", "9", "no hex"} {
		if _, ok := c.userFilter(id); ok {
			t.Errorf("%q was taken for an id", id)
		}
	}
}

// Identifiers are written as MS-DTYP 2.4.2.1 says; rubbish is no identifier.
func TestSIDText(t *testing.T) {
	for raw, want := range map[string]string{
		unhex(t, "0100000000000000"):                 "S-1-0",
		unhex(t, "010100000000000100000000"):         "S-1-1-0",
		unhex(t, "01020000000000052000000020020000"): "S-1-5-32-544",
		unhex(t, "0101ffffffffffff01000000"):         "S-1-0xFFFFFFFFFFFF-1",
		unhex(t, "0105000000000005150000"):           "",
		unhex(t, "0201000000000005ffffffff"):         "",
		unhex(t, "01ff000000000005"):                 "",
		"S-1-5-21-1-2-3-1104":                        "S-1-5-21-1-2-3-1104",
		"S-1-5-21\x1b[31m":                           "",
		"S-1-":                                       "",
		"":                                           "",
	} {
		if got := sidText(raw); got != want {
			t.Errorf("%x is %q, wanted %q", raw, got, want)
		}
		if got := sidBytes(want); got != "" && got != raw && raw != want {
			t.Errorf("%q is %x in bytes, not %x", want, got, raw)
		}
	}
	if got := sidBytes("S-1-5-32-544"); got != unhex(t, "01020000000000052000000020020000") {
		t.Errorf("S-1-5-32-544 is %x in bytes", got)
	}
	for _, none := range []string{"", "S-1-", "S-1--", "S-1-5-4294967296", "S-1-5" + strings.Repeat("-1", 16)} {
		if got := sidBytes(none); got != "" {
			t.Errorf("%q is %x in bytes", none, got)
		}
	}
}

// Directories mark disabled accounts in three ways, and what cannot be read
// counts as disabled.
func TestDisabled(t *testing.T) {
	bits, value, any := Mark{"m", 2, ""}, Mark{"m", 0, "TRUE"}, Mark{"m", 0, ""}
	for _, c := range []struct {
		mark   Mark
		values []string
		want   bool
	}{
		{bits, []string{"512"}, false},
		{bits, []string{"514"}, true},
		{bits, []string{"66050"}, true},
		{bits, nil, false},
		{bits, []string{"\xff"}, true},
		{bits, []string{""}, true},
		{bits, []string{"-2147483646"}, true},
		{value, []string{"true"}, true},
		{value, []string{"FALSE"}, false},
		{value, nil, false},
		{any, []string{"000001010000Z"}, true},
		{any, nil, false},
		{Mark{}, []string{"514"}, false},
	} {
		e := goldap.NewEntry("cn=x", map[string][]string{"m": c.values})
		if got := c.mark.on(e); got != c.want {
			t.Errorf("%+v of %q: %v", c.mark, c.values, got)
		}
	}
}

// Active Directory is asked by its own name resolution, others by the start of
// values and, in names, of words.
func TestSearchFilter(t *testing.T) {
	c := Config{Filter: "(objectClass=user)", SearchAttributes: []string{"anr", "mail"}, Attributes: activeDirectory}
	if got, want := c.searchFilter(" ada  lo*"), `(&(objectClass=user)(|(anr=ada)(mail=ada*))(|(anr=lo\2a)(mail=lo\2a*)))`; got != want {
		t.Errorf("got %s, wanted %s", got, want)
	}
	c.SearchAttributes = []string{"displayName", "sAMAccountName"}
	if got, want := c.searchFilter("ž"), `(&(objectClass=user)(|(displayName=\c5\be*)(displayName=* \c5\be*)(sAMAccountName=\c5\be*)))`; got != want {
		t.Errorf("got %s, wanted %s", got, want)
	}
}
