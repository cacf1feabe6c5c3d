package authority

import (
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"
	"time"

	"cardkiosk/engine"
)

// The terms of ca.toml. Each is a type that reads itself, so that the line of a
// wrong one is known. (The library does so for types that are not strings.)

// span is a length of time: "24h".
type span time.Duration

func (s *span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a time such as 90m or 24h", text)
	}
	*s = span(d)
	return nil
}

// The words for what becomes of a request.
const (
	toIssue  = "issue"
	toHold   = "hold"
	toRefuse = "refuse"
)

// decision says what becomes of a request that the rule permits.
type decision struct{ word string }

func (d *decision) UnmarshalText(text []byte) error {
	switch d.word = string(text); d.word {
	case toIssue, toHold:
		return nil
	}
	return fmt.Errorf("decision %q is not known: it can be \"issue\" or \"hold\"", text)
}

// renewalDecision says what becomes of a signed renewal that the rule permits.
type renewalDecision struct{ word string }

func (d *renewalDecision) UnmarshalText(text []byte) error {
	switch d.word = string(text); d.word {
	case toIssue, toHold, toRefuse:
		return nil
	}
	return fmt.Errorf("renewal %q is not known: it can be \"issue\", \"hold\" or \"refuse\"", text)
}

// attribute is one attribute of a subject with its value: "O=Corp Example".
type attribute struct{ Type, Value string }

func (a attribute) String() string { return a.Type + "=" + a.Value }

func (a *attribute) UnmarshalText(text []byte) error {
	kind, value, ok := strings.Cut(string(text), "=")
	kind, value = strings.ToUpper(strings.TrimSpace(kind)), strings.TrimSpace(value)
	if !ok || value == "" {
		return fmt.Errorf("%q is not of the form O=Corp Example", text)
	}
	if _, known := maxLength[kind]; !known {
		return unknownAttribute(kind)
	}
	*a = attribute{kind, value}
	return nil
}

// attributeType is an attribute whose value may vary: "CN".
type attributeType struct{ name string }

func (t *attributeType) UnmarshalText(text []byte) error {
	name := strings.ToUpper(strings.TrimSpace(string(text)))
	if _, known := maxLength[name]; !known {
		return unknownAttribute(name)
	}
	t.name = name
	return nil
}

func unknownAttribute(name string) error {
	return fmt.Errorf("%q is not one of the subject attributes %s", name, listed(maxLength))
}

// usageName is a key usage.
type usageName struct{ engine.KeyUsage }

func (u *usageName) UnmarshalText(text []byte) error {
	usage := engine.KeyUsage(text)
	if !slices.Contains(usageBits, usage) || !mayPermit[usage] {
		return fmt.Errorf("%q is not one of %s", text, listed(mayPermit))
	}
	u.KeyUsage = usage
	return nil
}

// usageOID is an extended key usage, written as a name or a dotted OID.
type usageOID struct{ oid asn1.ObjectIdentifier }

func (u *usageOID) UnmarshalText(text []byte) error {
	oid, err := engine.ExtendedUsage(string(text))
	if err != nil {
		return err
	}
	u.oid = oid
	return nil
}

// keyType is an algorithm with its size.
type keyType struct{ engine.KeyType }

func (k *keyType) UnmarshalText(text []byte) error {
	kind := engine.KeyType(text)
	switch kind {
	case engine.RSA2048, engine.P256, engine.P384:
		k.KeyType = kind
		return nil
	}
	return fmt.Errorf("%q is not one of %s %s %s", text, engine.P256, engine.P384, engine.RSA2048)
}

// listed names a table's keys in order.
func listed[K ~string, V any](table map[K]V) string {
	var names []string
	for k := range table {
		names = append(names, string(k))
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}
