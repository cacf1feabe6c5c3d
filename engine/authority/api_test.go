package authority

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// visitor is a client that shows some certificate, or none.
func visitor(t *testing.T, c *tls.Config) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: c}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// say sends a body, and returns the status and the answer's text.
func say(ctx context.Context, c *http.Client, method, url string, body any) (int, string, error) {
	text, isText := body.(string)
	if !isText && body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return 0, "", err
		}
		text = string(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(text))
	if err != nil {
		return 0, "", err
	}
	resp, err := c.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(answer), err
}

// A station asks, looks up, fetches the issuer and revokes; what it gets is
// what the wire package documents.
func TestAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.serve(t)
	c := visitor(t, w.station(t, "lobby-1"))
	get := func(method, path string, body any, wantStatus int, into any) {
		t.Helper()
		status, text, err := say(t.Context(), c, method, at.api+path, body)
		must(t, err)
		if status != wantStatus {
			t.Fatalf("%s %s: status %d %s", method, path, status, text)
		}
		must(t, json.Unmarshal([]byte(text), into))
	}
	id, wanted := newID(t), logonWish(t)
	var problem wire.Problem
	get("GET", wire.RequestPath(id), nil, 404, &problem)
	contains(t, problem.Words, "The CA does not know a request "+id)

	var asked, looked wire.Answer
	get("POST", wire.RequestsPath, wanted.request(t, id, "logon"), 200, &asked)
	get("GET", wire.RequestPath(id), nil, 200, &looked)
	if asked.State != engine.RequestIssued || !bytes.Equal(asked.Certificate, looked.Certificate) {
		t.Errorf("asked: %s, looked up: %s", asked.State, looked.State)
	}
	leaf := value[*x509.Certificate](t)(x509.ParseCertificate(asked.Certificate))

	var issuers wire.Issuers
	get("GET", wire.IssuersPath, nil, 200, &issuers)
	must(t, leaf.CheckSignatureFrom(value[*x509.Certificate](t)(x509.ParseCertificate(issuers.Certificates[0]))))

	var template wire.Template
	get("GET", wire.TemplatePath("logon", 1096), nil, 200, &template)
	if template.Name != "logon" {
		t.Errorf("the template is %+v", template)
	}
	get("GET", wire.TemplatePath("logon", 1097), nil, 403, &problem)
	contains(t, problem.Words, "Template logon permits at most 1096 days of validity, not 1097")
	get("GET", wire.TemplatesPath+"/logon", nil, 400, &problem)
	contains(t, problem.Words, "ValidDays has to say for how many days")
	get("GET", wire.TemplatePath("no such", 1), nil, 404, &problem)
	contains(t, problem.Words, `The CA does not know a template "no such"`)

	other := wanted
	other.key = newKey(t, KeyP256)
	get("POST", wire.RequestsPath, other.request(t, id, "logon"), 409, &problem)
	contains(t, problem.Words, "with another key or content")

	var revoked wire.Revoked
	get("POST", wire.RevokePath(leaf.SerialNumber.Text(16)), wire.Revocation{Reason: engine.Superseded}, 200, &revoked)
	if _, ok := w.revoked(t)[revoked.Serial]; !ok {
		t.Errorf("the list lacks %s", revoked.Serial)
	}
	status, list, err := say(t.Context(), c, "GET", at.api+wire.CRLPath, nil)
	if newest := value[CRL](t)(w.CRL(t.Context())); err != nil || status != 200 || list != string(newest.DER) {
		t.Errorf("the list that stations get: %d %v", status, err)
	}
	get("POST", wire.RevokePath("1234"), wire.Revocation{Reason: engine.Superseded}, 404, &problem)
	get("POST", wire.RevokePath(revoked.Serial), wire.Revocation{Reason: "boredom"}, 400, &problem)
}

// What is too long, no JSON, or JSON of another kind is refused unread.
func TestAPIRefusesBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.serve(t)
	c := visitor(t, w.station(t, "lobby-1"))
	good := string(value[[]byte](t)(json.Marshal(logonWish(t).request(t, newID(t), "logon"))))
	pad := func(n int) string { return good + strings.Repeat(" ", n-len(good)) }
	for name, b := range map[string]struct {
		text   string
		status int
	}{
		"just short enough":     {pad(wire.MaxBody), 200},
		"one byte too long":     {pad(wire.MaxBody + 1), 413},
		"a megabyte":            {strings.Repeat("x", 1<<20), 400},
		"a long string":         {`{"id":"` + strings.Repeat("x", 1<<20) + `"}`, 413},
		"no JSON":               {"id=1", 400},
		"nothing":               {"", 400},
		"a field nobody knows":  {`{"id":"1","sudo":true}`, 400},
		"something after":       {good + "{}", 400},
		"a CSR that is no text": {`{"id":"1","csr":7}`, 400},
	} {
		status, text, err := say(t.Context(), c, "POST", at.api+wire.RequestsPath, b.text)
		if err != nil || status != b.status {
			t.Errorf("%s: status %d %s %v", name, status, text, err)
		}
	}
	if n := w.rows(t, "requests"); n != 1 {
		t.Errorf("%d requests were kept", n)
	}
}

// A station that is revoked is refused at its next request, over the
// connection it has open.
func TestStationRevokedMidConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.serve(t)
	c := visitor(t, w.station(t, "lobby-1"))
	reused := false
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused }})
	if status, text, err := say(ctx, c, "GET", at.api+wire.IssuersPath, nil); err != nil || status != 200 {
		t.Fatalf("before: %d %s %v", status, text, err)
	}
	must(t, w.RevokeStation(t.Context(), engine.Actor{Who: "root"}, "lobby-1"))
	status, text, err := say(ctx, c, "GET", at.api+wire.IssuersPath, nil)
	if err != nil || status != 403 || !reused {
		t.Errorf("after: %d %s %v, same connection: %v", status, text, err, reused)
	}
	contains(t, text, "Station lobby-1 was revoked on ")
	must(t, w.RevokeStation(t.Context(), engine.Actor{}, "lobby-1"))
	if err := w.RevokeStation(t.Context(), engine.Actor{}, "lobby-9"); !engine.Is(err, engine.BadInput) {
		t.Errorf("a station nobody knows: %v", err)
	}
}

// Nobody comes in but stations: not a card, not another CA's station, not
// without certificate, not over old TLS, not after the certificate's end.
func TestNobodyButStations(t *testing.T) {
	t.Parallel()
	w, foreign := newWorld(t), newWorld(t)
	at := w.serve(t)
	station := w.station(t, "lobby-1")
	card := logonWish(t)
	answer := value[wire.Answer](t)(w.Ask(t.Context(), lobby, card.request(t, newID(t), "logon")))
	showing := func(c tls.Certificate) *tls.Config {
		s := station.Clone()
		s.Certificates = nil
		// Also when the server's list of CAs does not name the issuer.
		s.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &c, nil }
		return s
	}
	old := station.Clone()
	old.MaxVersion = tls.VersionTLS12
	for name, c := range map[string]struct {
		config *tls.Config
		says   string
	}{
		"a card":                {showing(tls.Certificate{Certificate: [][]byte{answer.Certificate}, PrivateKey: card.key}), "unknown certificate authority"},
		"another CA's station":  {showing(foreign.station(t, "lobby-1").Certificates[0]), "unknown certificate authority"},
		"the API's certificate": {showing(w.server), "bad certificate"},
		"no certificate":        {showing(tls.Certificate{}), "certificate required"},
		"TLS 1.2":               {old, "protocol version not supported"},
	} {
		status, text, err := say(t.Context(), visitor(t, c.config), "GET", at.api+wire.IssuersPath, nil)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %d %s %v", name, status, text, err)
		}
	}

	before := visitor(t, station)
	if status, text, err := say(t.Context(), before, "GET", at.api+wire.IssuersPath, nil); err != nil || status != 200 {
		t.Fatalf("a station: %d %s %v", status, text, err)
	}
	w.forward(31 * 24 * time.Hour)
	if status, text, err := say(t.Context(), before, "GET", at.api+wire.IssuersPath, nil); err != nil || status != 403 || !strings.Contains(text, "ended on") {
		t.Errorf("over its open connection, a station that has ended: %d %s %v", status, text, err)
	}
	if status, text, err := say(t.Context(), visitor(t, station), "GET", at.api+wire.IssuersPath, nil); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("over a new one: %d %s %v", status, text, err)
	}
}

// A certificate of the station CA that is not in the CA's list is refused, and
// so is a handler that is served without TLS.
func TestUnlistedStation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := newKey(t, KeyP256)
	now := w.clock.now()
	cert := value[*x509.Certificate](t)(w.stations.credential("lobby-1", key.Public(), nil, now, now.Add(time.Hour), w.random))
	if _, err := w.admitStation(t.Context(), cert); !engine.Is(err, engine.Forbidden) || !strings.Contains(err.Error(), "does not know this station") {
		t.Errorf("the CA says %v", err)
	}
	// Nor does another certificate with a listed one's serial number do.
	must(t, w.book.addStation(t.Context(), Station{Name: "lobby-1", Serial: cert.SerialNumber.Text(16), NotAfter: now.Add(time.Hour), der: []byte{1}}, auditRow{}))
	if _, err := w.admitStation(t.Context(), cert); !engine.Is(err, engine.Forbidden) {
		t.Errorf("the CA says %v", err)
	}
	l := value[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	plain := &http.Server{Handler: w.Handler(), ReadHeaderTimeout: time.Second}
	over := make(chan error, 1)
	go func() { over <- plain.Serve(l) }()
	for _, path := range []string{wire.IssuersPath, wire.CRLPath} {
		status, text, err := say(t.Context(), visitor(t, nil), "GET", "http://"+l.Addr().String()+path, nil)
		if err != nil || status != 403 || !strings.Contains(text, "stations only") {
			t.Errorf("%s without TLS: %d %s %v", path, status, text, err)
		}
	}
	must(t, plain.Close())
	<-over
}

// A station has the rights it was given, and no others.
func TestStationRights(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.serve(t)
	serial := w.issueOne(t).SerialNumber.Text(16)
	c := visitor(t, w.station(t, "desk"))
	value[any](t)(w.book.db.Exec(`UPDATE stations SET may_ask = 0, may_revoke = 0 WHERE name = 'desk'`))
	for _, deed := range []struct {
		path string
		body any
		says string
	}{
		{wire.RequestsPath, logonWish(t).request(t, newID(t), "logon"), "Station desk may not ask for certificates: kiosk ca station desk --rights ask,revoke"},
		{wire.RevokePath(serial), wire.Revocation{Reason: engine.Superseded}, "Station desk may not revoke certificates"},
	} {
		status, text, err := say(t.Context(), c, "POST", at.api+deed.path, deed.body)
		if err != nil || status != 403 || !strings.Contains(text, deed.says) {
			t.Errorf("%s: %d %s %v", deed.path, status, text, err)
		}
	}
}

// A station's files are its owner's only, and nothing is overwritten.
func TestMakeStation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dir := t.TempDir()
	n := NewStation{Name: "lobby-1", MayAsk: true, Days: 10_000, Dir: dir}
	s := value[Station](t)(w.MakeStation(t.Context(), engine.Actor{Who: "root"}, n))
	if s.NotAfter.After(w.stations.cert.NotAfter) {
		t.Errorf("the station's certificate outlives its CA: %v", s.NotAfter)
	}
	text := openssl(t, "x509", "-in", dir+"/"+StationCertificateFile, "-noout", "-text")
	contains(t, text, "Subject: CN = lobby-1", "TLS Web Client Authentication", "NIST CURVE: P-256", "CA:FALSE")
	contains(t, openssl(t, "verify", "-purpose", "sslclient", "-CAfile", dir+"/"+StationRootFile, dir+"/"+StationCertificateFile), ": OK")
	contains(t, openssl(t, "verify", "-purpose", "sslserver", "-CAfile", dir+"/"+StationRootFile, w.dir+"/"+serverFile), ": OK")
	for _, bad := range []NewStation{n, {Name: "a b", Days: 1, Dir: t.TempDir()}, {Name: "", Days: 1, Dir: t.TempDir()}, {Name: "x", Dir: t.TempDir()}} {
		if _, err := w.MakeStation(t.Context(), engine.Actor{}, bad); !engine.Is(err, engine.BadInput) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	all := value[[]Station](t)(w.Stations(t.Context()))
	if len(all) != 1 || all[0].Name != "lobby-1" || all[0].Serial != s.Serial || all[0].MayRevoke {
		t.Errorf("the stations are %+v", all)
	}
}

// CRL and CA certificate are there for everybody, over plain HTTP, from the
// first moment, and caches are told when nothing is new.
func TestPublic(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.serve(t)
	c := visitor(t, nil)
	get := func(path string, condition ...string) (*http.Response, []byte) {
		t.Helper()
		req := value[*http.Request](t)(http.NewRequestWithContext(t.Context(), "GET", at.public+path, nil))
		if len(condition) == 2 {
			req.Header.Set(condition[0], condition[1])
		}
		resp := value[*http.Response](t)(c.Do(req))
		defer resp.Body.Close()
		return resp, value[[]byte](t)(io.ReadAll(resp.Body))
	}
	resp, der := get("/crl")
	list := value[*x509.RevocationList](t)(x509.ParseRevocationList(der))
	must(t, list.CheckSignatureFrom(w.issuing.cert))
	if got := resp.Header.Get("Content-Type"); got != "application/pkix-crl" {
		t.Errorf("the list comes as %s", got)
	}
	modified, tag := resp.Header.Get("Last-Modified"), resp.Header.Get("ETag")
	if again, _ := get("/crl", "If-Modified-Since", modified); again.StatusCode != 304 {
		t.Errorf("asked whether it is new: %s", again.Status)
	}
	if again, _ := get("/crl", "If-None-Match", tag); again.StatusCode != 304 {
		t.Errorf("asked whether it is another: %s", again.Status)
	}
	value[CRL](t)(w.Publish(t.Context())) // within the same second
	if again, _ := get("/crl", "If-None-Match", tag); again.StatusCode != 200 {
		t.Errorf("asked after another: %s", again.Status)
	}
	resp, der = get("/ca.cer")
	if got := resp.Header.Get("Content-Type"); got != "application/pkix-cert" || !bytes.Equal(der, w.issuing.cert.Raw) {
		t.Errorf("the CA's certificate comes as %s, %d bytes", got, len(der))
	}
	if resp, _ := get(wire.IssuersPath); resp.StatusCode != 404 {
		t.Errorf("the API answers over plain HTTP: %s", resp.Status)
	}
}
