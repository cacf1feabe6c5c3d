package ldap

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"cardkiosk/engine"
)

// mayPublish lets the kiosk write certificates, and nothing else.
const mayPublish = "access to attrs=userCertificate by dn.exact=\"" + bindDN + "\" write by * read\naccess to * by * read"

// certified makes a certificate with this serial number.
func certified(t *testing.T, serial int64) []byte {
	t.Helper()
	key := newKey(t)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "Ada"},
		NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// published are the serial numbers that an entry shows, and the number of its
// last change.
func (s *slapd) published(dn string) (serials []int64, change string) {
	s.t.Helper()
	r := goldap.NewSearchRequest(dn, goldap.ScopeBaseObject, goldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{"userCertificate;binary", "entryCSN"}, nil)
	result, err := s.admin().Search(r)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, der := range result.Entries[0].GetRawAttributeValues("userCertificate;binary") {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			s.t.Fatal(err)
		}
		serials = append(serials, c.SerialNumber.Int64())
	}
	slices.Sort(serials)
	return serials, result.Entries[0].GetAttributeValue("entryCSN")
}

// A publication adds and takes away what it says, once, and leaves alone what
// others have written; a certificate that is there under our own is not ours to
// take.
func TestPublish(t *testing.T) {
	s := newSlapd(t, mayPublish)
	d := open(t, s.config())
	old, fresh, foreign := certified(t, 1), certified(t, 2), certified(t, 99)
	theirs := goldap.NewModifyRequest(userDN(1), nil)
	theirs.Add("userCertificate;binary", []string{string(foreign)})
	if err := s.admin().Modify(theirs); err != nil {
		t.Fatal(err)
	}
	last := ""
	for _, step := range []struct {
		name    string
		p       engine.Publication
		want    []int64
		changes bool
	}{
		{"first", engine.Publication{Add: [][]byte{old, old}}, []int64{1, 99}, true},
		{"again", engine.Publication{Add: [][]byte{old}}, []int64{1, 99}, false},
		{"renewed", engine.Publication{Add: [][]byte{fresh}, Prune: []string{engine.Fingerprint(old)}}, []int64{2, 99}, true},
		{"renewed again", engine.Publication{Add: [][]byte{fresh}, Prune: []string{engine.Fingerprint(old)}}, []int64{2, 99}, false},
		{"both", engine.Publication{Add: [][]byte{fresh}, Prune: []string{engine.Fingerprint(fresh)}}, []int64{2, 99}, false},
		{"nothing", engine.Publication{}, []int64{2, 99}, false},
		{"no more", engine.Publication{Prune: []string{engine.Fingerprint(fresh)}}, []int64{99}, true},
	} {
		if err := d.Publish(t.Context(), engine.UserID(uuid(1)), step.p); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		got, change := s.published(userDN(1))
		if !slices.Equal(got, step.want) || (change != last) != step.changes {
			t.Errorf("%s: there are %d, wanted %d; changed: %v", step.name, got, step.want, change != last)
		}
		last = change
	}
}

// Many who publish at once do not lose each other's certificates, nor fail over
// the same one.
func TestPublishTogether(t *testing.T) {
	s := newSlapd(t, mayPublish)
	same := certified(t, 100)
	var all sync.WaitGroup
	for i := range 8 {
		d, own := open(t, s.config()), certified(t, int64(i))
		all.Go(func() {
			if err := d.Publish(t.Context(), engine.UserID(uuid(1)), engine.Publication{Add: [][]byte{same, own}}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got, _ := s.published(userDN(1)); !slices.Equal(got, []int64{0, 1, 2, 3, 4, 5, 6, 7, 100}) {
		t.Errorf("there are %d", got)
	}
}

// A directory that does not let us write says so, and so does one whose user is
// gone.
func TestPublishRefused(t *testing.T) {
	readable := newSlapd(t)
	writable := newSlapd(t, mayPublish)
	p := engine.Publication{Add: [][]byte{certified(t, 1)}}
	for name, c := range map[string]struct {
		s     *slapd
		id    string
		p     engine.Publication
		kind  engine.Kind
		words string
	}{
		"no rights":      {readable, uuid(1), p, engine.DirectoryRefused, "may not write users' userCertificate"},
		"nobody":         {writable, uuid(9999), p, engine.UserUnknown, uuid(9999)},
		"no certificate": {writable, uuid(1), engine.Publication{Add: [][]byte{[]byte("rubbish")}}, engine.DirectoryRefused, "cannot read the certificate"},
		"no such thing":  {writable, uuid(1), engine.Publication{Bind: []string{"X509:<I>CN=x<SR>01"}}, engine.DirectoryRefused, "does not know"},
	} {
		t.Run(name, func(t *testing.T) {
			wantError(t, open(t, c.s.config()).Publish(t.Context(), engine.UserID(c.id), c.p), c.kind, c.words)
		})
	}
}

// What Active Directory is told, it is told in its own words: bindings are the
// same in any case of letters, and certificates have no option.
func TestDifference(t *testing.T) {
	d := open(t, Config{Servers: []string{"ldaps://dc1"}, BaseDN: "dc=corp", ActiveDirectory: true})
	e := goldap.NewEntry("cn=x", map[string][]string{
		"altSecurityIdentities": {"x509:<i>cn=CA<sr>0a", "X509:<I>CN=CA<SR>0B", "Kerberos:ada@CORP"},
		"userCertificate":       {"old", "theirs"},
	})
	p := engine.Publication{
		Add: [][]byte{[]byte("new")}, Prune: []string{engine.Fingerprint([]byte("old"))},
		Bind: []string{"X509:<I>CN=CA<SR>0A", "X509:<I>CN=CA<SR>0C"}, Unbind: []string{"X509:<I>CN=CA<SR>0b", "X509:<I>CN=CA<SR>0D"},
	}
	want := goldap.NewModifyRequest("cn=x", nil)
	want.Delete("userCertificate", []string{"old"})
	want.Add("userCertificate", []string{"new"})
	want.Delete("altSecurityIdentities", []string{"X509:<I>CN=CA<SR>0B"})
	want.Add("altSecurityIdentities", []string{"X509:<I>CN=CA<SR>0C"})
	got := d.difference(e, p)
	if !slices.EqualFunc(got.Changes, want.Changes, func(a, b goldap.Change) bool {
		return a.Operation == b.Operation && a.Modification.Type == b.Modification.Type && slices.Equal(a.Modification.Vals, b.Modification.Vals)
	}) {
		t.Errorf("got %+v", got.Changes)
	}
}
