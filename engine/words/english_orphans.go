package words

// englishOrphans are the words of certificates that nobody wanted any more.
var englishOrphans = Orphans{
	None:    "No certificate was issued for an update that had been cancelled.",
	Serial:  "%s of %s",
	Whose:   "%s for %s (%s), card %s",
	Asked:   "asked for by %s at %s on %s; the update was cancelled before the CA issued it",
	Revoked: "revoked on %s: %s",
}
