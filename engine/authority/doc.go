// Package authority is the built-in CA: it holds the key, the rules and the
// list of what it issued and revoked, and is served to stations over mutual
// TLS.
//
// A CA is a folder (see layout.go) that Init makes and Open opens. The CA
// decides by the rules in its ca.toml, and by its officers where they say so; a
// station only asks. Two trees of certificates are kept apart: the issuing CA
// signs cards' certificates and the CRL, the station CA signs what stations and
// the API show each other, so that no card opens the API.
//
// Several processes may have the folder open: kiosk ca serve, and kiosk ca
// approve or revoke beside it. What keeps them straight is the database alone.
package authority
