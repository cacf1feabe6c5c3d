// Package demo is a small world for the kiosk to live in: a directory with
// users, a CA, a mailbox and software cards, each spoken to over its real
// protocol by the same client code as in production.
//
// Its keys and passwords are made anew each time, in a folder that is removed
// with the world. Its PINs are given away.
package demo
