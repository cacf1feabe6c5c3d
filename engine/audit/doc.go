// Package audit vouches for the audit: it verifies the stations' chains against
// checkpoints, makes checkpoints and brings them and the rows out of the station,
// and writes and reads exports.
//
// Beware: a chain alone proves little, since whoever can write the store's file
// can make the whole chain anew. What counts is a checkpoint that has left the
// station, and a public key that was kept elsewhere.
package audit
