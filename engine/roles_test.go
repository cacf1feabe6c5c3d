package engine

// everything is a role of everybody in these tests: what it takes to be denied is
// shown by the tests of permissions.
var everything = []Role{{
	Name: "everything", Privileges: Privileges(),
	Users: []string{"operator", "ines", "grace", "ada", "help desk"},
}}
