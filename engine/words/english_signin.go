package words

import "cardkiosk/engine"

var englishSignIn = SignIn{
	Faults: map[engine.CardFault]Trouble{
		engine.NoCertificate:      {Title: "There is no certificate on the card to sign in with", Hint: "Put in the card that you sign in with."},
		engine.CertificateEnded:   {Title: "The card's certificate has ended", Hint: "Have the card updated by somebody else, or sign in another way."},
		engine.CertificateEarly:   {Title: "The card's certificate is not valid yet", Hint: "It begins later, or this kiosk's clock is slow. Tell the administrator."},
		engine.CertificateForeign: {Title: "The card's certificate is from a CA that this kiosk does not trust", Hint: "Put in the card that you sign in with. If it is that one, tell the administrator."},
		engine.CertificateUnfit:   {Title: "The card's certificate is not for signing in", Hint: "Put in the card that you sign in with. If it is that one, tell the administrator."},
		engine.CertificateRevoked: {Title: "The card's certificate is revoked", Hint: "Nobody signs in with this card any more. If it is yours, ask the help desk for a new one."},
		engine.CertificateOnHold:  {Title: "The card's certificate is on hold", Hint: "The card is disabled for now. The help desk can enable it again."},
		engine.RevocationUnknown:  {Title: "It cannot be found out whether the card is revoked", Hint: "The CA's revocation list cannot be had, or has ended. Sign in another way, or tell the administrator."},
		engine.HolderUnknown:      {Title: "The directory has nobody for this card", Hint: "Put in the card that you sign in with. If it is that one, tell the administrator."},
		engine.HolderUnclear:      {Title: "The directory has several people for this card", Hint: "Nobody can tell whose it is. Tell the administrator; the log names them."},
		engine.KeyUnproven:        {Title: "The card does not have the key of its certificate", Hint: "Keep this card and tell the administrator: it may be a forgery, or broken."},
	},
}
