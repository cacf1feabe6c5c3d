package engine

// CardFault says why nobody signs in with a card: the cause of a
// CardNotAccepted. The words for each stand in engine/words.
type CardFault string

// The faults.
const (
	NoCertificate      CardFault = "there is no certificate to sign in with"
	CertificateEnded   CardFault = "the certificate has ended"
	CertificateEarly   CardFault = "the certificate is not valid yet"
	CertificateForeign CardFault = "no root of ours vouches for the certificate"
	CertificateUnfit   CardFault = "the certificate is not for signing in"
	CertificateRevoked CardFault = "the certificate is revoked"
	CertificateOnHold  CardFault = "the certificate is on hold"
	RevocationUnknown  CardFault = "it is not known whether the certificate is revoked"
	HolderUnknown      CardFault = "the directory has nobody for the certificate"
	HolderUnclear      CardFault = "the directory has several for the certificate"
	KeyUnproven        CardFault = "the card does not hold the certificate's key"
)

// CardFaults returns every fault, for tables that must not lack one.
func CardFaults() []CardFault {
	return []CardFault{
		NoCertificate, CertificateEnded, CertificateEarly, CertificateForeign, CertificateUnfit,
		CertificateRevoked, CertificateOnHold, RevocationUnknown, HolderUnknown, HolderUnclear, KeyUnproven,
	}
}

func (f CardFault) Error() string { return string(f) }
