package wire

import "cardkiosk/engine"

// The codes of RFC 5280, 5.3.1 as they stand in CRLs. There is no 7; 8, which
// takes an entry off, is for delta CRLs only.
var reasons = map[int]engine.RevokeReason{
	0: engine.Unspecified, 1: engine.KeyCompromise, 2: engine.CACompromise, 3: engine.AffiliationChanged, 4: engine.Superseded,
	5: engine.CessationOfOperation, 6: engine.CertificateHold, 9: engine.PrivilegeWithdrawn, 10: engine.AACompromise,
}

// ReasonOf returns the reason with a code; one that is not in RFC 5280 is
// Unspecified, as a CRL entry without any.
func ReasonOf(code int) engine.RevokeReason {
	if reason, ok := reasons[code]; ok {
		return reason
	}
	return engine.Unspecified
}

// CodeOf returns the code of a reason; ok is false when it has none.
func CodeOf(reason engine.RevokeReason) (code int, ok bool) {
	for code, r := range reasons {
		if r == reason {
			return code, true
		}
	}
	return 0, false
}
