package words

// Doors are the words of signing in, of locking, and of what one may not do.
type Doors struct {
	NotAllowed string // why

	Title, TitleCard, Logon, Password, PIN string
	NoReader, CardIn, Empty, Mute, PutIn   string
	Checking, LastAsk                      string
	ByCard, ByPassword, Clear              string // of keys

	Locked, LockedHint, LockedRun, NotYours string // name
	CardOut, Idle, NoUnlock, Unlocked       string
	LocksIn, EndsIn                         Plural // seconds
	SignOut, SignOutHint                    string

	AskLogon, AskPassword, AskPIN, AskHow, AskReader string // of lines
	SignedIn                                         string // name
	DemoHint                                         string // logon name, password
}
