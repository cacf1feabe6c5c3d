// Package wire is what the built-in CA and its client say to each other: the
// paths and JSON bodies of the CA's API, and the signed renewals in them.
//
// Everything goes over TLS 1.3 with a station's certificate. An answer other
// than 200 carries a Problem. Bytes are base64 in JSON, as encoding/json has
// it.
package wire

import (
	"net/url"
	"strconv"

	"cardkiosk/engine"
)

// The paths of the API.
//
//	POST /requests                     Request    → Answer
//	GET  /requests/{id}                           → Answer, or 404
//	POST /requests/{id}/withdraw                  → Answer, or 404
//	GET  /templates/{name}?validDays=N            → Template, or 404, 403
//	GET  /issuers                                 → Issuers
//	GET  /crl                                     → the newest CRL, DER, with an ETag; 304
//	POST /certificates/{serial}/revoke Revocation → Revoked, or 404
//	POST /certificates/{serial}/release           → Released, or 404, 409
const (
	RequestsPath     = "/requests"
	TemplatesPath    = "/templates"
	IssuersPath      = "/issuers"
	CRLPath          = "/crl"
	CertificatesPath = "/certificates"
)

// RequestPath is where a request is looked up.
func RequestPath(id string) string { return RequestsPath + "/" + url.PathEscape(id) }

// WithdrawPath is where a request is taken back that the CA holds.
func WithdrawPath(id string) string { return RequestPath(id) + "/withdraw" }

// ValidDays is the query of TemplatePath: for how many days somebody wants to
// ask.
const ValidDays = "validDays"

// TemplatePath tells whether a station may carry out updates with a template.
func TemplatePath(name string, validDays int) string {
	return TemplatesPath + "/" + url.PathEscape(name) + "?" + ValidDays + "=" + strconv.Itoa(validDays)
}

// RevokePath is where a certificate is revoked; serial is in hex.
func RevokePath(serial string) string {
	return CertificatesPath + "/" + url.PathEscape(serial) + "/revoke"
}

// ReleasePath is where a certificate is taken off hold; serial is in hex.
func ReleasePath(serial string) string {
	return CertificatesPath + "/" + url.PathEscape(serial) + "/release"
}

// MaxBody is the longest body the CA reads, in bytes. Requests have some 2 KB,
// signed renewals some 10.
const MaxBody = 64 << 10

// Request asks for a certificate. The same id with the same content gets the
// same answer, however often and from whichever station it is asked; with
// another content it is refused with 409.
type Request struct {
	ID        string `json:"id"`        // 1 to 64 letters, digits, '-', '_' or '.'
	Template  string `json:"template"`  // as the CA's rules name it
	CSR       []byte `json:"csr"`       // PKCS #10, DER
	ValidDays int    `json:"validDays"` // at least 1
	User      User   `json:"user"`
	Actor     Actor  `json:"actor"`

	// Renewal is CMS SignedData over CSR, DER, as SignRenewal makes it; nil for an
	// ordinary request. Signed anew, it is the same request.
	Renewal []byte `json:"renewal,omitempty"`
	// Hold wants an officer to decide, whatever the rule says.
	Hold bool `json:"hold,omitempty"`
	// Approval asks for a decision on what the certificate is to say, and for no
	// certificate: the key in the CSR is that of the certificate which is replaced.
	Approval bool `json:"approval,omitempty"`
	// Approved is the id of the approval by which this request was decided. But for
	// the key it asks for the same.
	Approved string `json:"approved,omitempty"`
}

// User is whose certificate it is to be. The CA keeps it for the audit.
type User struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Logon string `json:"logon"`
}

// Actor is who asks. The station is known by its certificate.
type Actor struct {
	Who  string `json:"who"`
	Mode string `json:"mode"`
}

// Answer is where a request is.
type Answer struct {
	State       engine.RequestState `json:"state"`
	Certificate []byte              `json:"certificate,omitempty"` // DER, when issued
	Words       string              `json:"words,omitempty"`       // the CA's own, when not
	RetryAfter  int64               `json:"retryAfter,omitempty"`  // seconds; while it is pending
}

// Template tells that a template is known and this station may carry out updates
// with it: ask, for as many days as it named, and revoke.
type Template struct {
	Name string `json:"name"`
}

// Issuers are the certificates under which the CA issues, DER.
type Issuers struct {
	Certificates [][]byte `json:"certificates"`
}

// Revocation says why a certificate is to be revoked. One on hold may be revoked
// for another reason later; the other reasons are final.
type Revocation struct {
	Reason engine.RevokeReason `json:"reason"`
}

// Revoked tells of a revoked certificate. When it was revoked before, Reason
// and At are those of the first time; when it was on hold, At is.
type Revoked struct {
	Serial string              `json:"serial"`
	Reason engine.RevokeReason `json:"reason"`
	At     int64               `json:"at"` // epoch seconds
}

// Released tells of a certificate that is not on hold.
type Released struct {
	Serial string `json:"serial"`
}

// Problem is why there is no answer, in the CA's own words.
type Problem struct {
	Words string `json:"words"`
}
