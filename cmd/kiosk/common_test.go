package main

import (
	"cardkiosk/engine"
	"cardkiosk/engine/pfx"
)

// Two policies bring a common certificate each, one out of a PFX as it was made
// twenty years ago and one as it is made now. Other programs use the keys on the
// cards. A card gets another certificate when the file is another, and none
// twice.
func (s *site) commonCertificates() {
	t := s.t
	s.copyPFX("modern-p256.pfx")
	policies := func(legacy string) {
		s.copyPFX(legacy)
		s.withPolicies(
			policyText("research", `containers = ["ou=Research,dc=corp,dc=example"]`, commonText("legacy", "9a", legacy)),
			policyText("operations", `containers = ["ou=Operations,dc=corp,dc=example"]`, commonText("modern", "9a", "modern-p256.pfx")))
	}
	policies("legacy-rsa2048.pfx")
	s.put(0, "712310")
	s.put(1, "712311")
	const research, operations = "ksato", "iokafor"
	issued := map[int]string{}
	for reader, c := range []struct{ user, serial, file string }{
		{research, "712310", "legacy-rsa2048.pfx"}, {operations, "712311", "modern-p256.pfx"},
	} {
		got := s.updateOf(c.user, "--card", c.serial, "--assign")
		if len(got.Written) != 1 || !got.Written[0].Common {
			t.Fatalf("issue %s: %+v", c.file, got)
		}
		issued[reader] = s.common(c.file, got.Written[0])
	}
	for reader, der := range issued {
		usedByOthers(t, reader, s.daemon.Readers[reader].Name, "48291375", []byte(der))
	}
	if again := s.updateOf(operations); again.End != "" {
		t.Errorf("with nothing to do: %+v", again)
	}

	policies("3des-rsa2048.pfx")
	p := s.open(0)
	replaced := `Common certificate "legacy" was replaced by another`
	_, reasons := s.profile(p, research)
	s.says("the profile", reasons, replaced)
	s.says("the report", s.due(research), replaced)
	s.says("the report of others", s.due(operations))
	got := s.updateOf(research)
	if len(got.Written) != 1 {
		t.Fatalf("replace the common certificate: %+v", got)
	}
	usedByOthers(t, 0, s.daemon.Readers[0].Name, "48291375", []byte(s.common("3des-rsa2048.pfx", got.Written[0])))
	for _, user := range []string{research, operations} {
		_, reasons := s.profile(p, user)
		s.says("the profile afterwards", reasons)
		if again := s.updateOf(user); again.End != "" {
			t.Errorf("with nothing to do: %+v", again)
		}
	}
}

// common is the certificate of a PFX, which has been written.
func (s *site) common(file string, written engine.Managed) (der string) {
	s.t.Helper()
	c, err := pfx.Read(s.path(file), s.path(file+"-password"))
	if err != nil {
		s.t.Fatal(err)
	}
	if c.Fingerprint != written.Fingerprint {
		s.t.Errorf("written was %s, in %s is %s", written.Fingerprint, file, c.Fingerprint)
	}
	return string(c.DER)
}
