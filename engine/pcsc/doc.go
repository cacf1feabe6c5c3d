// Package pcsc watches card readers and holds one card at a time, through the
// PC/SC service of the system (pcscd), with github.com/ebfe/scard.
//
// One goroutine watches all readers and answers List and Wait; it makes a new
// context whenever the service went away, so that a restart of pcscd costs no
// more than an error in the calls under way. A Session has a context and a
// goroutine of its own, since most PC/SC calls block and cannot be cancelled:
// the goroutine makes the call, the caller waits for it or for its context.
// Pulling the card ends every call in progress with engine.CardGone, and a
// session whose card was pulled never speaks to another card.
//
// Beware of polkit. As most distributions build it, pcscd lets only active
// local sessions in: over SSH, or as a service, calls end with
// engine.ReadersForbidden, and Subject names the polkit action that a rule has
// to allow: org.debian.pcsc-lite.access_pcsc for the service,
// org.debian.pcsc-lite.access_card for a card.
//
// Beware of the share mode: cards are opened shared and taken by transactions.
// Reconnecting from exclusive to shared leaves the reader locked in pcscd.
//
// The package needs cgo. Built without it, every call says so.
package pcsc
