package engine

// CalledBy is a kind of name by which the directory tells its users apart.
type CalledBy string

// The kinds of names.
const (
	ByLogon  CalledBy = "logon"  // the logon name
	BySID    CalledBy = "sid"    // "S-1-5-…"
	ByUPN    CalledBy = "upn"    // the user principal name
	ByMail   CalledBy = "mail"   // a mail address
	BySerial CalledBy = "serial" // issuer and serial number of a certificate that the directory has noted with them
)
