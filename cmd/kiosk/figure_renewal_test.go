package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"cardkiosk/engine/sim"
)

// measureRenewal counts the APDUs of a walk in which one certificate is
// renewed, from the card in its reader to the result page, and divides them by
// the floor: once in APDUs of extended length, once in short ones, of which a
// long command takes several.
func measureRenewal(b *testing.B) {
	long := renew(b, true)
	long.tell("renewal-apdus-ratio", "renewal")
	for _, s := range long.floor {
		fmt.Printf("floor %s %d %s\n", s.name, s.apdus, s.why)
	}
	for _, s := range merged(long.actual) {
		note("renewal %s %d, floor %d", s.name, s.apdus, apdusOf(long.floor, s.name))
	}
	short := renew(b, false)
	short.tell("renewal-apdus-ratio-short", "renewal in short APDUs")
	for i, s := range short.floor {
		if s.apdus != long.floor[i].apdus {
			fmt.Printf("floor %s %d in short APDUs: %s\n", s.name, s.apdus, s.why)
		}
	}
}

// renewalCost is what went over the wire, and the least that could have.
type renewalCost struct {
	actual []apdus
	bytes  int
	floor  []apdus
}

func (r renewalCost) tell(name, what string) {
	figure(name, fmt.Sprintf("%.2f", float64(total(r.actual))/float64(total(r.floor))), "ratio", "<= 1.5")
	note("%s took %d APDUs, %d bytes there and back; the floor is %d APDUs", what, total(r.actual), r.bytes, total(r.floor))
	for _, s := range merged(r.floor) {
		if done := apdusOf(r.actual, s.name); done < s.apdus {
			note("%s: %s took %d, fewer than its floor: is a promise broken, or the floor wrong?", what, s.name, done)
		}
	}
}

// apdus is a step with the APDUs it takes, named after the part of the walk.
type apdus struct {
	name  string
	apdus int
	why   string // there are no fewer
}

func total(steps []apdus) (n int) {
	for _, s := range steps {
		n += s.apdus
	}
	return n
}

func apdusOf(steps []apdus, name string) (n int) {
	for _, s := range steps {
		if s.name == name {
			n += s.apdus
		}
	}
	return n
}

// merged puts steps of one name together, in the order of their first.
func merged(steps []apdus) []apdus {
	var all []apdus
	for _, s := range steps {
		if !slices.ContainsFunc(all, func(a apdus) bool { return a.name == s.name }) {
			all = append(all, apdus{name: s.name, apdus: apdusOf(steps, s.name)})
		}
	}
	return all
}

// visits are the transactions of the walk. Between them the card is free for
// other programs, and a person thinks.
var visits = []string{"look", "read", "tries", "check", "run"}

// renew walks through the renewal of Ada's authentication certificate.
func renew(b *testing.B, long bool) renewalCost {
	l := openLobby(b)
	w := &wire{chip: l.world.Chips()[0], long: long}
	w.chip.PowerOn()
	before := w.chip.State()
	l.desk.Readers.(*demoReaders).Readers = w
	s := l.sitDown(b)
	l.toConfirm(s)
	s.press("enter")
	s.sees("Card updated", "9A Authentication")
	r := renewalCost{floor: floorOf(before, w.chip.State(), long)}
	for i, v := range w.visits {
		name := fmt.Sprintf("visit-%d", i+1)
		if i < len(visits) {
			name = visits[i]
		}
		for _, d := range v {
			r.actual = append(r.actual, apdus{name: name + "/" + d.name, apdus: d.apdus})
			r.bytes += d.bytes
		}
	}
	return r
}

// The most that a short APDU carries (ISO 7816-3, 12.1.3).
const (
	shortCommand = 255
	shortAnswer  = 256
)

// allSlots are those of a PIV card (SP 800-73-4 part 1, table 4b).
var allSlots = strings.Fields("9A 9C 9D 9E 82 83 84 85 86 87 88 89 8A 8B 8C 8D 8E 8F 90 91 92 93 94 95")

// floorOf is the least that keeps the promises of a renewal of 9A: with the key
// made aside in 95, and the old one parked in 94 until the record is written.
func floorOf(before, after sim.State, long bool) []apdus {
	f := floorPlan{long: long}
	slots := len(allSlots)
	keys, certificates := 0, 0
	for _, text := range allSlots {
		var slot sim.Slot
		if err := slot.UnmarshalText([]byte(text)); err != nil {
			panic(err)
		}
		keys += f.answer(metadataSize(before.Keys[slot]))
		certificates += f.answer(objectSize(before.Objects[slot.Certificate()]))
	}
	home := sim.Slot(0x9a)
	old, fresh := before.Objects[home.Certificate()], after.Objects[home.Certificate()]
	key := f.answer(metadataSize(after.Keys[home]))
	return []apdus{
		{"look/select", 1, "another program may have selected another application, or reset the card"},
		{"look/serial", 1, "readers are shown with the card that lies in them"},

		{"read/select", 1, "as above: the card was free in between"},
		{"read/version", 1, "tells what the card can do"},
		{"read/serial", 1, "tells whether it is still that card"},
		{"read/read-CHUID", 1, "the GUID is the other name of the card; one that is missing is written"},
		{"read/read-capabilities", 1, "one that is missing is written"},
		{"read/metadata-PIN", 1, "a blocked PIN is said before anything is chosen"},
		{"read/metadata-admin-key", 1, "its algorithm, and whether it is still the factory's"},
		{"read/read-admin-data", 1, "whether the key is kept behind the PIN: if not, nothing can be written"},
		{"read/metadata-key", keys, fmt.Sprintf("every one of %d slots may hold a key, also without a certificate and outside the key history", slots)},
		{"read/read-certificate", certificates, fmt.Sprintf("every one of %d slots may hold a certificate; more than one APDU where it is longer than an answer", slots)},

		{"tries/select", 1, "the card was free while templates were chosen"},
		{"tries/metadata-PIN", 1, "the tries that are left are shown before the PIN is asked for"},

		{"check/select", 1, "the card was free while the PIN was typed"},
		{"check/verify-PIN", 1, "a wrong PIN is said at once; the card is locked again"},

		{"run/select", 1, "the card was free while the plan was read"},
		{"run/verify-PIN", 1, "the check has locked the card"},
		{"run/read-protected-key", 1, "the administration key is kept on the card"},
		{"run/unlock-admin-key", 2, "card and kiosk prove it to each other: a challenge each (SP 800-73-4 part 2, A.2)"},
		{"run/metadata-key", f.answer(metadataSize(before.Keys[home])), "9A is as the plan found it"},
		{"run/metadata-key", 2, "95 and 94 are as empty as the plan found them"},
		{"run/read-certificate", f.answer(objectSize(old)), "9A is as the plan found it"},
		{"run/read-certificate", 2, "95 and 94 are as empty as the plan found them"},
		{"run/sign", 1, "the card proves that it is this holder's, with a key the record names"},
		{"run/make-key", 1, "the new key; its answer is the public key"},
		{"run/metadata-key", key, "PIN and touch policy are read back before the request goes out"},
		{"run/sign", 1, "the request is signed with the new key"},
		{"run/move-key", 2, "the old key to 94, the new one to 9A"},
		{"run/write-certificate", f.command(putSize(fresh)), fmt.Sprintf("%d bytes with what PUT DATA adds", putSize(fresh))},
		{"run/read-certificate", f.answer(objectSize(fresh)), "what was written is read back, every byte"},
		{"run/metadata-key", key, "the key beside it is the certificate's"},
		{"run/sign", 1, "the card holds its private key"},
		{"run/remove-key", 1, "the old key, when the record is written"},
	}
}

// floorPlan counts APDUs by the length that card and reader take.
type floorPlan struct{ long bool }

// answer is how many APDUs an answer of so many bytes takes: GET RESPONSE
// fetches the rest.
func (f floorPlan) answer(size int) int {
	if f.long {
		return 1
	}
	return max(blocks(size, shortAnswer), 1)
}

// command is how many a command with so many bytes of data takes: it is
// chained.
func (f floorPlan) command(size int) int {
	if f.long {
		return 1
	}
	return blocks(size, shortCommand)
}

func blocks(size, most int) int { return (size + most - 1) / most }

// metadataSize is about what GET METADATA tells of a key: algorithm, policies,
// origin, and the public key, which is a little shorter than its DER.
func metadataSize(key sim.Key) int { return 3 + 4 + 3 + len(key.Public) }

// objectSize is an object inside its 53, none is nothing (SP 800-73-4 part 2,
// 3.1.2).
func objectSize(content []byte) int {
	if content == nil {
		return 0
	}
	return len(content) + 4
}

// putSize is the data of a PUT DATA: 5C 03 and the object's name before it.
func putSize(content []byte) int { return 5 + objectSize(content) }
