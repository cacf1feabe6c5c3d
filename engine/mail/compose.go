package mail

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/mail"

	"cardkiosk/engine"
	"cardkiosk/engine/words"
)

// compose makes the message of a letter: multipart/alternative, every line
// ASCII and short, unless an address is not. The same letter makes the same
// bytes. The library refuses headers with line breaks.
func (p *Post) compose(l engine.Letter, to string, text words.Message) ([]byte, error) {
	if l.ID == "" || len(l.ID) > 60 || strings.ContainsFunc(l.ID, notInID) {
		return nil, fmt.Errorf("compose letter: %q cannot stand in a Message-ID", l.ID)
	}
	var b bytes.Buffer
	w, err := message.CreateWriter(&b, p.header(l, to, text.Subject))
	if err != nil {
		return nil, fmt.Errorf("compose letter: %w", err)
	}
	// RFC 2046, 5.1.4: the last part is the one preferred.
	if err := writePart(w, "text/plain", text.Text); err != nil {
		return nil, fmt.Errorf("compose letter: %w", err)
	}
	if err := writePart(w, "text/html", text.HTML); err != nil {
		return nil, fmt.Errorf("compose letter: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compose letter: %w", err)
	}
	return b.Bytes(), nil
}

// header is written from its last field to its first.
func (p *Post) header(l engine.Letter, to, subject string) message.Header {
	var h mail.Header
	// RFC 2045, 6.7: "=_" cannot stand in a body that is quoted-printable.
	h.SetContentType("multipart/alternative", map[string]string{"boundary": "=_" + l.ID})
	h.Set("MIME-Version", "1.0")
	h.Set("Auto-Submitted", "auto-generated") // RFC 3834, 5: no out-of-office replies
	h.Set("Subject", encodeSubject(subject))
	h.SetAddressList("To", []*mail.Address{{Address: to}})
	if p.replyTo != nil {
		h.SetAddressList("Reply-To", []*mail.Address{p.replyTo})
	}
	h.SetAddressList("From", []*mail.Address{p.from})
	h.SetMessageID(l.ID + "@" + domain(p.from))
	h.SetDate(l.Created)
	return h.Header
}

func writePart(w *message.Writer, mediaType, text string) error {
	var h message.Header
	h.Set("Content-Transfer-Encoding", "quoted-printable")
	h.SetContentType(mediaType, map[string]string{"charset": "utf-8"})
	part, err := w.CreatePart(h)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(part, text); err != nil {
		return err
	}
	return part.Close()
}

// encodeSubject writes a subject as RFC 2047 has it. The library would leave
// ASCII as it is, and a name like "=?utf-8?q?…?=" would be decoded by the
// reader; and it makes words that are too long to fold.
func encodeSubject(s string) string {
	if ascii(s) && !strings.Contains(s, "=?") {
		return s
	}
	const most = 30 // bytes in a word, so that one fits on the line with "Subject: "
	var encoded []string
	for len(s) > 0 {
		n := 0
		for n < len(s) && n+utf8.UTFMax <= most {
			_, size := utf8.DecodeRuneInString(s[n:])
			n += size
		}
		encoded = append(encoded, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		s = s[n:]
	}
	return strings.Join(encoded, " ")
}

func domain(a *mail.Address) string {
	return a.Address[strings.LastIndexByte(a.Address, '@')+1:]
}

func notInID(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '.'
}
