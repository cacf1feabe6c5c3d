package store_test

import "crypto/ed25519"

// testKey signs the checkpoints of tests.
var testKey = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
