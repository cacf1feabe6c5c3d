package access

import (
	"encoding/json"
	"time"

	"cardkiosk/engine"
)

// event is the body, as docs/access-system.md describes it. It is not the
// store's form of a note: that one may change, and has more in it than is
// anybody's business outside.
type event struct {
	Version      int           `json:"version"`
	Key          string        `json:"key"`
	Event        string        `json:"event"`
	At           time.Time     `json:"at"`
	Card         card          `json:"card"`
	User         user          `json:"user"`
	Certificates []certificate `json:"certificates,omitempty"`
}

type card struct {
	ID     string `json:"id"`
	Serial string `json:"serial,omitempty"`
	GUID   string `json:"guid,omitempty"`
	Model  string `json:"model,omitempty"`
}

type user struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Logon string `json:"logon"`
	Mail  string `json:"mail,omitempty"`
}

type certificate struct {
	Template    string    `json:"template"`
	Place       string    `json:"place"`
	Common      bool      `json:"common"`
	Subject     string    `json:"subject"`
	Issuer      string    `json:"issuer"`
	Serial      string    `json:"serial"`
	NotBefore   time.Time `json:"notBefore"`
	NotAfter    time.Time `json:"notAfter"`
	Fingerprint string    `json:"fingerprint"`
	PublicKey   []byte    `json:"publicKey"`
}

// version is that of the body's meaning.
const version = 1

// bodyOf writes a note as an event: the same note makes the same bytes.
func bodyOf(n engine.AccessNote) ([]byte, error) {
	if err := fitKey(n.Key); err != nil {
		return nil, err
	}
	e := event{
		Version: version, Key: n.Key, Event: string(n.Event), At: n.At.UTC(),
		Card: card{string(n.Card.ID), n.Card.Serial, n.Card.GUID, n.Card.Model},
		User: user{string(n.User.ID), n.User.Name, n.User.Logon, n.User.Mail},
	}
	for _, m := range n.Certificates {
		e.Certificates = append(e.Certificates, certificate{
			Template: m.Template, Place: string(m.Place), Common: m.Common, Subject: m.Subject, Issuer: m.Issuer, Serial: m.Serial,
			NotBefore: m.NotBefore.UTC(), NotAfter: m.NotAfter.UTC(), Fingerprint: m.Fingerprint, PublicKey: m.Public,
		})
	}
	return json.Marshal(e)
}
