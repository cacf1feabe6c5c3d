package builtin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// maxAnswer is the longest answer that is read, in bytes: a certificate has
// some 2 KB.
const maxAnswer = 1 << 20

// errNotFound is inside the error when the CA itself, not some server in
// between, says that it does not know what was asked about.
var errNotFound = errors.New("not found")

// call does one exchange. body nil sends none.
func (c *CA) call(ctx context.Context, op, method, path string, body, answer any) error {
	req, err := c.request(ctx, method, path, body)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	got, err := c.exchange(ctx, op, req, maxAnswer)
	if err != nil {
		return err
	}
	if got.status != http.StatusOK {
		return c.refused(op, got.status, got.body)
	}
	if err := json.Unmarshal(got.body, answer); err != nil {
		return c.mistaken(op, fmt.Errorf("read its answer: %w", err))
	}
	return nil
}

// reply is an answer, read.
type reply struct {
	status int
	etag   string
	body   []byte
}

// exchange sends a request and reads the answer, whatever it is. What is longer
// than most is cut off there.
func (c *CA) exchange(ctx context.Context, op string, req *http.Request, most int64) (reply, error) {
	resp, err := c.client.Do(req)
	if err != nil {
		return reply{}, c.unreached(ctx, op, err)
	}
	defer resp.Body.Close() //nolint:errcheck // everything wanted was read
	body, err := io.ReadAll(io.LimitReader(resp.Body, most))
	if err != nil {
		return reply{}, c.unreached(ctx, op, err)
	}
	return reply{resp.StatusCode, resp.Header.Get("ETag"), body}, nil
}

func (c *CA) request(ctx context.Context, method, path string, body any) (*http.Request, error) {
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		reader = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base.String()+path, reader)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if method == http.MethodPost {
		// Every call may be repeated. Empty, the header is not sent, and only
		// tells net/http that it may try again when a kept connection is dead.
		req.Header["Idempotency-Key"] = nil
	}
	return req, nil
}

// unreached classes trouble on the way. A TLS alert is the CA's no: it does not
// take this station's certificate (another CA's, ended).
func (c *CA) unreached(ctx context.Context, op string, err error) error {
	var remote *net.OpError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return &engine.Error{Op: op, Kind: engine.Stopped, Subject: c.base.Host, Err: err}
	case errors.As(err, &remote) && remote.Op == "remote error":
		return &engine.Error{Op: op, Kind: engine.CARefused, Subject: "The CA does not take this station's certificate", Err: err}
	}
	return &engine.Error{Op: op, Kind: engine.CAAway, Subject: c.base.Host, Err: err}
}

// refused classes an answer that is none.
func (c *CA) refused(op string, status int, text []byte) error {
	var p wire.Problem
	said := json.Unmarshal(text, &p) == nil && p.Words != ""
	cause := fmt.Errorf("HTTP status %d", status)
	switch {
	case status >= http.StatusInternalServerError, status == http.StatusTooManyRequests:
		return &engine.Error{Op: op, Kind: engine.CAAway, Subject: c.base.Host, Err: cause}
	case !said || status < http.StatusBadRequest:
		return c.mistaken(op, cause)
	case status == http.StatusNotFound:
		cause = errNotFound
	}
	return &engine.Error{Op: op, Kind: engine.CARefused, Subject: engine.Clean(p.Words), Err: cause}
}

func (c *CA) mistaken(op string, err error) error {
	return &engine.Error{Op: op, Kind: engine.CAMistaken, Subject: c.base.Host, Err: err}
}
