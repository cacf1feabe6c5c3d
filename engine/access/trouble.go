package access

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"cardkiosk/engine"
)

// maxAnswer is the longest answer that is read, in bytes; its head may be as
// long again.
const maxAnswer = 16 << 10

// maxWords is how much of a refusal is shown, in characters.
const maxWords = 200

// unreached classes trouble on the way. None of it is the note's fault.
func (s *System) unreached(ctx context.Context, err error) error {
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return &engine.Error{Op: opTell, Kind: engine.Stopped, Subject: s.url.Host, Err: err}
	case errors.As(err, &untrusted):
		return s.away("its certificate is not trusted", err)
	}
	return s.away("", err)
}

// away is trouble that may pass.
func (s *System) away(why string, err error) error {
	subject := s.url.Host
	if why != "" {
		subject += " (" + why + ")"
	}
	return &engine.Error{Op: opTell, Kind: engine.AccessAway, Subject: subject, Err: err}
}

// judge tells what a status means for the note. 409 is a yes when it is about
// this key: then the note came before, and only the answer was lost.
func (s *System) judge(resp *http.Response, key string, body []byte) error {
	status := resp.StatusCode
	cause := fmt.Errorf("HTTP status %d", status)
	switch {
	case status/100 == 2, status == http.StatusConflict && resp.Header.Get(keyHeader) == key:
		return nil
	case status >= http.StatusInternalServerError, passing[status]:
		return s.away(fmt.Sprintf("status %d", status), cause)
	}
	return &engine.Error{Op: opTell, Kind: engine.AccessRefused, Subject: words(resp, body), Err: cause}
}

// passing are the refusals that are not about what was sent.
var passing = map[int]bool{http.StatusRequestTimeout: true, http.StatusTooEarly: true, http.StatusTooManyRequests: true}

// words are how the access system says no: the detail or title of a problem
// (RFC 9457), or the first line of plain text. A page for browsers says nothing.
func words(resp *http.Response, body []byte) string {
	said := ""
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")) // "" when there is none
	switch media {
	case "application/problem+json", "application/json":
		var problem struct{ Title, Detail string }
		if json.Unmarshal(body, &problem) == nil {
			said = cmp.Or(problem.Detail, problem.Title)
		}
	case "text/plain":
		said, _, _ = strings.Cut(strings.TrimSpace(string(body)), "\n")
	}
	said = strings.TrimSpace(said)
	if runes := []rune(said); len(runes) > maxWords {
		said = string(runes[:maxWords]) + "…"
	}
	return cmp.Or(engine.Clean(said), fmt.Sprintf("status %d %s", resp.StatusCode, http.StatusText(resp.StatusCode)))
}
