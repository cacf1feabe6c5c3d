// Package sandbox gives a program a pcscd of its own, with virtual readers, for
// tests and for the demo.
//
// The program runs again in namespaces of its own (Reexec): its /run is empty,
// its network is a loopback that nobody else reaches, and the machine's own
// pcscd, readers and cards are out of sight. There it starts pcscd with the
// vpcd driver (Start). vpcd listens on every address and asks nobody who they
// are, which is why it must not run anywhere else.
//
// Beware: inside there is no network but loopback, so no DNS, and what other
// services keep in /run is not to be seen. Servers that the program starts
// inside work as usual. The terminal is the same, in the same process group.
// One pcscd runs at a time. Linux only; no root is needed where the kernel lets
// users make namespaces.
package sandbox
