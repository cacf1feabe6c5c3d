package authority

import (
	"crypto/rsa"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"cardkiosk/engine"
)

// judge compares what is asked for with the rule. It returns the CA's words
// for the first thing that the rule does not permit, or "".
func (r *rule) judge(a *asked) string {
	for _, words := range []string{
		r.judgeSubject(a.subject),
		r.judgeNames(a.names),
		r.judgeUsage(a.usage),
		r.judgeExtended(a),
		r.judgeSID(a.sid),
		r.judgeKey(a),
		r.judgeOthers(a),
		r.judgeDays(a.validDays),
	} {
		if words != "" {
			return words
		}
	}
	return ""
}

func (r *rule) judgeOthers(a *asked) string {
	switch {
	case len(a.unknown) > 0:
		return r.forbids("the extension %s", a.unknown[0])
	case len(r.Operators) > 0 && !slices.Contains(r.Operators, a.operator):
		return r.forbidsBy("operators", "a request by %q", a.operator)
	}
	return ""
}

func (r *rule) judgeDays(days int) string {
	switch {
	case days < 1:
		return "The request has to ask for at least one day of validity"
	case days > r.MaxValidDays:
		return fmt.Sprintf("Template %s permits at most %d days of validity, not %d", r.Name, r.MaxValidDays, days) + inRules("max_valid_days")
	}
	return ""
}

// forbids says what a template does not permit. Values come from outside.
func (r *rule) forbids(format string, args ...any) string {
	return engine.Clean(fmt.Sprintf("Template %s does not permit ", r.Name) + fmt.Sprintf(format, args...))
}

// forbidsBy adds which key of the rules says so, for whoever can change it.
func (r *rule) forbidsBy(key, format string, args ...any) string {
	return r.forbids(format, args...) + inRules(key)
}

func inRules(key string) string { return fmt.Sprintf(" (%s in %s)", key, rulesFile) }

// repeatable are the attributes a subject may have several of.
var repeatable = map[string]bool{"OU": true, "DC": true}

func (r *rule) judgeSubject(subject []attribute) string {
	for i, a := range subject {
		if words := r.judgeAttribute(a); words != "" {
			return words
		}
		again := slices.ContainsFunc(subject[:i], func(b attribute) bool { return b.Type == a.Type })
		if again && !repeatable[a.Type] {
			return r.forbids("more than one subject attribute %s", a.Type)
		}
	}
	for _, fixed := range r.SubjectFixed {
		if !slices.Contains(subject, fixed) {
			return engine.Clean(fmt.Sprintf("Template %s wants the subject to have %s", r.Name, fixed)) + inRules("subject_fixed")
		}
	}
	if len(subject) == 0 {
		return r.forbids("an empty subject")
	}
	return ""
}

func (r *rule) judgeAttribute(a attribute) string {
	if slices.Contains(r.SubjectFixed, a) {
		return ""
	}
	if !slices.Contains(r.SubjectOpen, attributeType{a.Type}) {
		for _, fixed := range r.SubjectFixed {
			if fixed.Type == a.Type {
				return r.forbidsBy("subject_fixed", "the subject attribute %s, only %s", a, fixed)
			}
		}
		return r.forbidsBy("subject_open", "the subject attribute %s", a.Type)
	}
	switch {
	case strings.TrimSpace(a.Value) != a.Value || a.Value == "":
		return r.forbids("a subject attribute %s that is empty or has space around it", a.Type)
	case engine.Clean(a.Value) != a.Value:
		return r.forbids("control characters in the subject attribute %s", a.Type)
	case utf8.RuneCountInString(a.Value) > maxLength[a.Type]:
		return r.forbids("a subject attribute %s of more than %d characters", a.Type, maxLength[a.Type])
	}
	return ""
}

func (r *rule) judgeUsage(usages []engine.KeyUsage) string {
	if len(usages) == 0 {
		return r.forbids("a request without key usage")
	}
	for _, u := range usages {
		if !slices.Contains(r.Usage, usageName{u}) {
			return r.forbidsBy("usage", "the key usage %s", u)
		}
	}
	return ""
}

// judgeExtended refuses a certificate without extended usages where the rule
// names some: it would be good for any.
func (r *rule) judgeExtended(a *asked) string {
	if len(a.extended) == 0 && len(r.Extended) > 0 {
		return r.forbidsBy("extended", "a request without extended key usage")
	}
	for i, oid := range a.extended {
		if !slices.ContainsFunc(r.Extended, func(u usageOID) bool { return u.oid.Equal(oid) }) {
			return r.forbidsBy("extended", "the extended key usage %s", engine.ExtendedUsageName(oid))
		}
		if hasOID(a.extended[:i], oid) {
			return r.forbids("the extended key usage %s twice", engine.ExtendedUsageName(oid))
		}
	}
	return ""
}

// sidText is a SID as text: MS-DTYP 2.4.2.1.
var sidText = regexp.MustCompile(`^S-1-[0-9]{1,14}(-[0-9]{1,10}){1,15}$`)

func (r *rule) judgeSID(sid string) string {
	switch {
	case sid == "":
		return ""
	case !r.SID:
		return r.forbidsBy("sid", "a SID")
	case !sidText.MatchString(sid):
		return r.forbids("the SID %q", sid)
	}
	return ""
}

func (r *rule) judgeKey(a *asked) string {
	if a.approval {
		return "" // the key comes later, and is judged then
	}
	if !slices.Contains(r.Keys, keyType{a.key}) {
		return r.forbidsBy("keys", "the key type %s", a.key)
	}
	k, isRSA := a.csr.PublicKey.(*rsa.PublicKey)
	switch {
	case isRSA && (k.E < 65537 || k.E%2 == 0):
		return r.forbids("an RSA key with the exponent %d", k.E)
	case isRSA && slices.Contains(a.usage, engine.KeyAgreement):
		return r.forbids("keyAgreement with an RSA key")
	case !isRSA && slices.Contains(a.usage, engine.KeyEncipherment): // RFC 8813, section 3
		return r.forbids("keyEncipherment with an elliptic-curve key")
	}
	return ""
}

func (r *rule) judgeNames(names []engine.SAN) string {
	upn := false
	for _, n := range names {
		permitted := r.permitted(n.Kind)
		switch {
		case permitted == nil:
			return r.forbidsBy("san", "the alternative name of kind %s", n.Kind)
		case n.Kind == engine.SANUPN && upn:
			return r.forbids("more than one UPN")
		case !wellFormed(n):
			return r.forbids("the alternative name %s %q: it is not well-formed", n.Kind, n.Value)
		case !slices.ContainsFunc(permitted, func(p string) bool { return p == "*" || within(n, p) }):
			return r.forbidsBy("san."+string(n.Kind), "the alternative name %s %q", n.Kind, n.Value)
		}
		upn = upn || n.Kind == engine.SANUPN
	}
	return ""
}

// within tells whether a name lies in a domain or, for URIs, has the
// beginning.
func within(n engine.SAN, permitted string) bool {
	switch n.Kind {
	case engine.SANUPN, engine.SANMail:
		return strings.EqualFold(n.Value[strings.LastIndexByte(n.Value, '@')+1:], permitted)
	case engine.SANDNS:
		host, domain := strings.ToLower(n.Value), strings.ToLower(permitted)
		return host == domain || strings.HasSuffix(host, "."+domain)
	case engine.SANURI:
		return strings.HasPrefix(n.Value, permitted)
	}
	return false
}

// mailLocal is the part of an address before the @: a dot-atom (RFC 5321,
// 4.1.2). UPNs may have letters beyond ASCII.
var (
	mailLocal = regexp.MustCompile("^[0-9A-Za-z!#$%&'*+/=?^_`{|}~-]+(\\.[0-9A-Za-z!#$%&'*+/=?^_`{|}~-]+)*$")
	hostLabel = regexp.MustCompile(`^[0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?$`)
)

func wellFormed(n engine.SAN) bool {
	switch n.Kind {
	case engine.SANUPN:
		user, domain, ok := strings.Cut(n.Value, "@")
		return ok && user != "" && !strings.ContainsAny(user, " ") && engine.Clean(user) == user && hostName(domain)
	case engine.SANMail:
		user, domain, ok := strings.Cut(n.Value, "@")
		return ok && mailLocal.MatchString(user) && hostName(domain)
	case engine.SANDNS:
		return hostName(n.Value)
	case engine.SANURI:
		u, err := url.Parse(n.Value)
		return err == nil && u.IsAbs() && printableASCII(n.Value)
	}
	return false
}

func hostName(s string) bool {
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if !hostLabel.MatchString(label) {
			return false
		}
	}
	return true
}

func printableASCII(s string) bool {
	for i := range len(s) {
		if s[i] <= 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}
