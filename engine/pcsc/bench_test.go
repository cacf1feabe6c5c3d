//go:build cgo

package pcsc_test

import "testing"

// BenchmarkTransmit measures the way of a command of 11 bytes to a card, and
// back, in a transaction.
func BenchmarkTransmit(b *testing.B) {
	readers, daemon := start(b)
	insert(b, readers, daemon, &virtualCard{})
	session := open(b, readers, daemon)
	must(b, session.Begin(soon(b)))
	for b.Loop() {
		echo(b, session)
	}
	must(b, session.End(false))
}

// BenchmarkTransaction measures what Begin and End cost.
func BenchmarkTransaction(b *testing.B) {
	readers, daemon := start(b)
	insert(b, readers, daemon, &virtualCard{})
	session := open(b, readers, daemon)
	for b.Loop() {
		must(b, session.Begin(b.Context()))
		must(b, session.End(false))
	}
}

// BenchmarkOpen measures opening and closing a card that is powered.
func BenchmarkOpen(b *testing.B) {
	readers, daemon := start(b)
	insert(b, readers, daemon, &virtualCard{})
	_ = open(b, readers, daemon) // keeps the power on, until the readers are closed
	for b.Loop() {
		must(b, open(b, readers, daemon).Close())
	}
}

// BenchmarkInsert measures how long a card is in the reader before Wait tells.
func BenchmarkInsert(b *testing.B) {
	readers, daemon := start(b)
	card := &virtualCard{}
	for b.Loop() {
		insert(b, readers, daemon, card)
		b.StopTimer()
		card.pull()
		until(b, readers, empty)
		b.StartTimer()
	}
}
