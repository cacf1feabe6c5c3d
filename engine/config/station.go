package config

import (
	"path/filepath"
	"strings"
	"time"

	"cardkiosk/engine"
)

// Station is this kiosk.
type Station struct {
	Name   string        `toml:"name"`   // told apart by it in the audit and in leases
	Folder string        `toml:"folder"` // where state is kept
	Mode   engine.Mode   `toml:"mode"`   // Operator or SelfService
	Idle   time.Duration `toml:"idle"`   // without a key the walk starts anew; zero for never

	Language Language `toml:"language"` // of the screen
}

// Language is a language that people read, by its code.
type Language string

// The languages.
const (
	English Language = "en"
	German  Language = "de"
)

// Languages are all there are.
func Languages() []Language { return []Language{English, German} }

// leastIdle is time enough to look a PIN up.
const leastIdle = 30 * time.Second

func (s *Station) check(c *checker, at *path) {
	if !c.given(at) {
		c.absent(at, "add [station] with the kiosk's name and the folder for its state")
		return
	}
	c.name(at.key("name"), s.Name, `give each kiosk a name of its own: name = "lobby-1"`)
	if c.need(at.key("folder"), s.Folder, `name the folder for its state: folder = "/var/lib/kiosk"`) {
		c.folderNamed(at.key("folder"), &s.Folder, keeping)
	}
	fallback(c, at.key("mode"), &s.Mode, engine.Operator)
	oneOf(c, at.key("mode"), s.Mode, engine.Operator, engine.SelfService)
	fallback(c, at.key("language"), &s.Language, English)
	oneOf(c, at.key("language"), s.Language, Languages()...)
	fallback(c, at.key("idle"), &s.Idle, 5*time.Minute)
	if s.Idle == 0 && s.Mode == engine.SelfService {
		c.wrong(at.key("idle"), "is never", `whoever walks away leaves their card behind: idle = "5m"`)
	}
	if s.Idle != 0 && s.Idle < leastIdle {
		c.wrong(at.key("idle"), "is "+short(s.Idle), "use "+short(leastIdle)+` or more, or "0s" for never`)
	}
}

// Log is where the program writes what it does; never on the terminal.
type Log struct {
	File  string `toml:"file"`
	Level string `toml:"level"` // debug, info, warn or error: as slog.Level reads it
}

func (l *Log) check(c *checker, at *path, s Station) {
	fallback(c, at.key("level"), &l.Level, "info")
	oneOf(c, at.key("level"), l.Level, "debug", "info", "warn", "error")
	stateFile(c, at.key("file"), &l.File, s, "kiosk.log")
}

// Store is the database.
type Store struct {
	File string `toml:"file"` // SQLite
}

func (s *Store) check(c *checker, at *path, station Station) {
	stateFile(c, at.key("file"), &s.File, station, "kiosk.db")
}

// stateFile is in the station's folder when the file names no other place.
func stateFile(c *checker, at *path, file *string, s Station, name string) {
	if !c.given(at) {
		*file = filepath.Join(s.Folder, name) // the folder has been checked
		if s.Folder != "" {
			c.ownFile(at, *file)
		}
		return
	}
	if c.need(at, *file, "name a file, or leave the key out: then it is "+name+" in station.folder") {
		c.placeNamed(at, file)
	}
}

// Readers says which card readers are used.
type Readers struct {
	Ignore []string `toml:"ignore"` // names, in which * stands for any text
}

func (r *Readers) check(c *checker, at *path) {
	for i, pattern := range r.Ignore {
		if pattern != "" && strings.Trim(pattern, "*") == "" {
			c.wrong(at.key("ignore").item(i), quote(pattern)+" stands for every reader: none would be left",
				`name only those that are never to be offered: ignore = ["*NFC*"]`)
		}
	}
}

// Ignores reports whether a reader is never to be offered.
func (r Readers) Ignores(reader string) bool {
	for _, pattern := range r.Ignore {
		if matches(pattern, reader) {
			return true
		}
	}
	return false
}

// matches compares without path.Match, for which the brackets that many reader
// names have are special.
func matches(pattern, name string) bool {
	first, rest, more := strings.Cut(pattern, "*")
	name, ok := strings.CutPrefix(name, first)
	if !ok || !more {
		return ok && name == ""
	}
	for i := range len(name) + 1 {
		if matches(rest, name[i:]) {
			return true
		}
	}
	return false
}
