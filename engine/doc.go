// Package engine is the domain of the kiosk: users, cards, policies, the
// reasons why a card is due, the plan that answers them and the run that
// carries a plan out.
//
// It imports the standard library only. What it needs from the world it asks
// for through the small interfaces in ports.go and ports_around.go; the adapters
// below this folder provide them and cmd/kiosk puts them together. Everything a
// person does goes through a Desk, one file per operation; what goes on behind
// the screen (letters, errands, the snapshot of the directory, revocations) too.
package engine
