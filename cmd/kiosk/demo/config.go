package demo

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"

	"cardkiosk/engine"
	"cardkiosk/engine/vault"
)

const (
	station  = "desk-1"
	mailUser = "kiosk"
)

// configuration is a kiosk's configuration in this world. Only the addresses
// have to be filled in.
const configuration = `[station]
name = "desk-1"
folder = "."
mode = "MODE"
idle = "IDLE"
language = "LANGUAGE"

[sign_in]
methods = ["system", "password"]
lock = "0s"

[directory]
kind = "openldap"
servers = ["ldaps://DIRECTORY"]
ca_file = "root.pem"
bind_dn = "cn=kiosk,dc=corp,dc=example"
password_file = "directory-password"
base_dn = "dc=corp,dc=example"

[directory.attributes]
upn = "userPrincipalName"
sid = "objectSid"

[directory.attributes.disabled]
attribute = "userAccountControl"
bits = 2

[ca."Corp Issuing CA"]
type = "builtin"
url = "CA_SERVER"
certificate_file = "station/station.crt"
key_file = "station/station.key"
root_file = "station/root.crt"

[mail]
server = "MAIL_SERVER"
tls = "starttls"
ca_file = "root.pem"
user = "kiosk"
password_file = "mail-password"
from = "Card kiosk <kiosk@corp.example>"

[vault]
recipient_file = "helpdesk.recipient"

[[role]]
name = "Card desk"
privileges = ["all"]
users = ["demo", "ines", "iokafor", "ACCOUNT"]

[[policy]]
name = "Staff"
search_third_party = true
cancel_update = true
NOTIFY
[policy.setup]
puk = "sealed"
admin_key = "protect"

[policy.users]
update = true
choose_optional = true
choose_tracked = true
cancel_update = true

[[policy.template]]
name = "Authentication"
ca = "Corp Issuing CA"
profile = "authentication"
place = "9a"
key = "p256"
pin = "once"
hold_on_disable = true
subject = "CN={name},O=Corp Example"
san = ["upn={upn}", "email?={mail}"]
usage = ["digitalSignature"]
extended = ["clientAuth", "smartcardLogon"]
binding = "sid-extension"
valid_days = 730
renew_days = 30

[[policy.template]]
name = "Signing"
ca = "Corp Issuing CA"
profile = "signing"
place = "9c"
key = "p256"
pin = "always"
subject = "CN={name},O=Corp Example"
san = ["email?={mail}"]
usage = ["digitalSignature", "contentCommitment"]
extended = ["emailProtection"]
valid_days = 730
renew_days = 30

[[policy.template]]
name = "Mail encryption"
ca = "Corp Issuing CA"
profile = "encryption"
place = "9d"
key = "p256"
pin = "once"
optional = true
subject = "CN={name},O=Corp Example"
san = ["email={mail}"]
usage = ["keyAgreement"]
extended = ["emailProtection"]
valid_days = 730
renew_days = 30

[[policy.template]]
name = "VPN"
ca = "Corp Issuing CA"
profile = "vpn"
place = "84"
key = "p256"
pin = "once"
optional = true
subject = "CN={name},O=Corp Example"
usage = ["digitalSignature"]
extended = ["clientAuth"]
valid_days = 365
renew_days = 30

# Everybody in Operations: no encryption, no VPN, and the key of the building's
# door, which all of them share.
[[policy]]
name = "Operations"
containers = ["ou=Operations,dc=corp,dc=example"]
search_third_party = true
cancel_update = true
NOTIFY
[policy.setup]
puk = "sealed"
admin_key = "protect"

[policy.users]
update = true

[[policy.template]]
name = "Authentication"
ca = "Corp Issuing CA"
profile = "authentication"
place = "9a"
key = "p256"
pin = "once"
hold_on_disable = true
subject = "CN={name},O=Corp Example"
san = ["upn={upn}", "email?={mail}"]
usage = ["digitalSignature"]
extended = ["clientAuth", "smartcardLogon"]
binding = "sid-extension"
valid_days = 730
renew_days = 30

[[policy.template]]
name = "Signing"
ca = "Corp Issuing CA"
profile = "signing"
place = "9c"
key = "p256"
pin = "always"
subject = "CN={name},O=Corp Example"
san = ["email?={mail}"]
usage = ["digitalSignature", "contentCommitment"]
extended = ["emailProtection"]
valid_days = 730
renew_days = 30

[[policy.common]]
name = "Building door"
pfx = "door.p12"
password_file = "door-password"
place = "95"
`

// told are the events that a card's user is told of.
var told = []engine.NoticeEvent{
	engine.UpdateDone, engine.UpdatePending, engine.UpdateApproved, engine.UpdateRejected, engine.UpdateCancelled,
	engine.ApprovalLapsed, engine.NoticeUnassigned, engine.NoticeDisabled, engine.NoticeEnabled, engine.NoticeRevoked, engine.NoticeCleaned,
}

// notify are the tables that say so.
func notify() string {
	var b strings.Builder
	for _, event := range told {
		fmt.Fprintf(&b, "\n[[policy.notify]]\nevent = %q\nto = [\"user\"]\n", event)
	}
	return b.String()
}

// writeConfig writes the configuration, and the key pair for which PUKs are
// sealed: in the demo both halves lie in one folder.
func (w *World) writeConfig(ca string) error {
	at := func(file string) string { return filepath.Join(w.Folder, file) }
	if err := vault.NewIdentity(at(identityFile), at(recipientFile)); err != nil {
		return err
	}
	if err := w.writeDoor(); err != nil {
		return err
	}
	text := strings.NewReplacer("MODE", string(w.mode), "IDLE", w.idle(), "LANGUAGE", w.language, "DIRECTORY", w.Directory.Addr(), "CA_SERVER", ca, "MAIL_SERVER", w.Mailbox.Addr(), "NOTIFY", notify(), "ACCOUNT", account()).Replace(configuration)
	if err := os.WriteFile(at(ConfigFile), []byte(text), 0o600); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return nil
}

// idle is how long the demo waits for somebody: without an end where nobody comes
// after them.
func (w *World) idle() string {
	if w.mode == engine.SelfService {
		return "2m"
	}
	return "0s"
}

// account is the one this runs as: it may look into its world with the other
// commands too.
func account() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "demo"
}
