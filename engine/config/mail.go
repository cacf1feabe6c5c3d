package config

import (
	"net/mail"
	"time"
)

// Mail is the server that takes letters.
type Mail struct {
	Server       string        `toml:"server"` // host:port
	TLS          MailTLS       `toml:"tls"`
	CAFile       string        `toml:"ca_file"`     // PEM; "": the system's roots
	ServerName   string        `toml:"server_name"` // in the server's certificate; "": the host of server
	HelloName    string        `toml:"hello_name"`  // of this machine; "": its address takes the place
	User         string        `toml:"user"`        // "": without signing in
	PasswordFile string        `toml:"password_file"`
	From         string        `toml:"from"`     // RFC 5322 address, with a name perhaps
	ReplyTo      string        `toml:"reply_to"` // as From; "": answers go there
	Letters      string        `toml:"letters"`  // folder with templates of one's own; "": none
	Timeout      time.Duration `toml:"timeout"`

	Language Language `toml:"language"` // of the letters; the station's where it is not said
}

// MailTLS says how the connection is protected.
type MailTLS string

// The ways. MailPlain is for servers on this machine only.
const (
	MailStartTLS MailTLS = "starttls"
	MailImplicit MailTLS = "implicit"
	MailPlain    MailTLS = "none"
)

func (m *Mail) check(c *checker, at *path, station Station) {
	if !c.given(at) {
		c.absent(at, "add [mail] with server and from")
		return
	}
	m.checkServer(c, at)
	c.certificatesNamed(at.key("ca_file"), &m.CAFile)
	c.together(at.key("user"), m.User != "", at.key("password_file"), m.PasswordFile != "")
	c.secretNamed(at.key("password_file"), &m.PasswordFile)
	const example = `from = "Card kiosk <kiosk@corp.example>"`
	if c.need(at.key("from"), m.From, "name the sender: "+example) {
		checkMailAddress(c, at.key("from"), m.From, example)
	}
	if m.ReplyTo != "" {
		checkMailAddress(c, at.key("reply_to"), m.ReplyTo, `reply_to = "Help desk <helpdesk@corp.example>"`)
	}
	if m.Letters != "" {
		c.folderNamed(at.key("letters"), &m.Letters, looking)
	}
	fallback(c, at.key("language"), &m.Language, station.Language)
	if c.given(at.key("language")) { // the station's is checked where it stands
		oneOf(c, at.key("language"), m.Language, Languages()...)
	}
	fallback(c, at.key("timeout"), &m.Timeout, 30*time.Second)
	c.timeout(at.key("timeout"), m.Timeout)
	if m.Letters != "" {
		try(c, at, "letters", c.trials.Letters, m.Letters, "correct the template; kiosk's own letters need none: leave the key out")
	}
	try(c, at, "server", c.trials.Mail, *m, "correct it as the sample configuration shows")
}

func checkMailAddress(c *checker, at *path, text, example string) {
	if _, err := mail.ParseAddress(text); err != nil {
		c.wrong(at, quote(text)+" is not a mail address", "write it like this: "+example)
	}
}

func (m *Mail) checkServer(c *checker, at *path) {
	fallback(c, at.key("tls"), &m.TLS, MailStartTLS)
	oneOf(c, at.key("tls"), m.TLS, MailStartTLS, MailImplicit, MailPlain)
	const example = "mail.corp.example:587"
	host, ok := "", false
	if c.need(at.key("server"), m.Server, `name it with its port: server = "`+example+`"`) {
		host, ok = c.hostPort(at.key("server"), m.Server, example)
	}
	c.hostNamed(at.key("server_name"), m.ServerName, "mail.corp.example")
	c.hostNamed(at.key("hello_name"), m.HelloName, "kiosk-1.corp.example")
	if m.TLS != MailPlain {
		return
	}
	if m.ServerName != "" {
		c.wrong(at.key("server_name"), "is for a certificate, but without TLS there is none", "remove it")
	}
	if ok && !loopback(host) {
		c.wrong(at.key("tls"), "is none, but the server is another machine", `use "starttls" or "implicit"`)
	}
	if m.User != "" {
		c.wrong(at.key("user"), "would sign in without TLS", `set tls = "starttls", or remove user and password_file`)
	}
}

// Vault keeps what the help desk can open and this machine cannot.
type Vault struct {
	RecipientFile string `toml:"recipient_file"` // age recipient; "": nothing is sealed
}

func (v *Vault) check(c *checker, at *path) {
	if c.given(at) && c.need(at.key("recipient_file"), v.RecipientFile, "name the file with the help desk's age recipient") {
		c.fileNamed(at.key("recipient_file"), &v.RecipientFile)
		try(c, at, "recipient_file", c.trials.Vault, *v, "name the file that kiosk puk key made with --recipient")
	}
}
