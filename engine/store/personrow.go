package store

import (
	"fmt"
	"maps"
	"slices"

	"cardkiosk/engine"
)

// personFormat counts the changes of what packPerson writes. Who changes it
// adds a migration that empties people and calls fillDue: the next full pass of
// the directory brings the persons again.
const personFormat = 1

// packPerson keeps all of a person but when they were seen, which changes when
// nothing else does.
func packPerson(person engine.Person) string {
	p, user := newPacker(personFormat), person.User
	p.flag(person.Gone)
	p.text(string(user.ID))
	p.text(user.DN)
	p.text(user.Name)
	p.text(user.Logon)
	p.text(user.Mail)
	p.text(user.UPN)
	p.text(user.SID)
	p.flag(user.Disabled)
	p.texts(user.Groups)
	p.number(len(user.Attributes))
	for _, name := range slices.Sorted(maps.Keys(user.Attributes)) {
		p.text(name)
		p.texts(user.Attributes[name])
	}
	return string(p.row)
}

func unpackPerson(row string) (person engine.Person, err error) {
	u, err := newUnpacker("person", row, personFormat)
	if err != nil {
		return person, err
	}
	user := &person.User
	person.Gone = u.flag()
	user.ID = engine.UserID(u.text())
	user.DN = u.text()
	user.Name = u.text()
	user.Logon = u.text()
	user.Mail = u.text()
	user.UPN = u.text()
	user.SID = u.text()
	user.Disabled = u.flag()
	user.Groups = u.texts()
	if n := u.count(); n > 0 {
		user.Attributes = make(map[string][]string, n)
		for range n {
			name := u.text()
			user.Attributes[name] = u.texts()
		}
	}
	if !u.whole() {
		return person, fmt.Errorf("the row of person %s is not whole", user.ID)
	}
	return person, nil
}
