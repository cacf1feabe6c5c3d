package authority

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"cardkiosk/engine"
	"cardkiosk/engine/ca/wire"
)

// Handler is the API for stations; see package wire for paths and bodies. It
// has to be served over TLS that asks for a station's certificate, as Serve
// does: without one every request is refused.
func (a *Authority) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST "+wire.RequestsPath, a.forStations(func(s Station, r *http.Request) (any, error) {
		var asked wire.Request
		if err := readBody(r, &asked); err != nil {
			return nil, err
		}
		return a.Ask(r.Context(), s, asked)
	}))
	mux.Handle("GET "+wire.RequestsPath+"/{id}", a.forStations(func(_ Station, r *http.Request) (any, error) {
		return a.Lookup(r.Context(), r.PathValue("id"))
	}))
	mux.Handle("POST "+wire.RequestsPath+"/{id}/withdraw", a.forStations(func(s Station, r *http.Request) (any, error) {
		return a.Withdraw(r.Context(), s, r.PathValue("id"))
	}))
	mux.Handle("GET "+wire.TemplatesPath+"/{name}", a.forStations(func(s Station, r *http.Request) (any, error) {
		days, err := strconv.Atoi(r.URL.Query().Get(wire.ValidDays))
		if err != nil {
			return nil, refuse("find template", engine.BadInput, "%s has to say for how many days", wire.ValidDays)
		}
		return a.Template(s, r.PathValue("name"), days)
	}))
	mux.Handle("GET "+wire.IssuersPath, a.forStations(func(Station, *http.Request) (any, error) {
		return wire.Issuers{Certificates: a.Issuers()}, nil
	}))
	mux.HandleFunc("GET "+wire.CRLPath, a.serveCRLToStations)
	mux.Handle("POST "+wire.CertificatesPath+"/{serial}/revoke", a.forStations(func(s Station, r *http.Request) (any, error) {
		if err := s.mayRevoke(); err != nil {
			return nil, err
		}
		var why wire.Revocation
		if err := readBody(r, &why); err != nil {
			return nil, err
		}
		return a.Revoke(r.Context(), engine.Actor{Station: s.Name}, r.PathValue("serial"), why.Reason)
	}))
	mux.Handle("POST "+wire.CertificatesPath+"/{serial}/release", a.forStations(func(s Station, r *http.Request) (any, error) {
		if err := s.mayRevoke(); err != nil {
			return nil, err
		}
		serial := r.PathValue("serial")
		return wire.Released{Serial: serial}, a.Release(r.Context(), engine.Actor{Station: s.Name}, serial)
	}))
	return mux
}

// forStations lets only stations in, and writes the answer or the problem.
func (a *Authority) forStations(do func(Station, *http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, wire.MaxBody)
		var answer any
		station, err := a.stationOf(r)
		if err == nil {
			answer, err = do(station, r)
		}
		a.respond(w, r, station, answer, err)
	})
}

// respond writes an answer or, when err is not nil, the problem.
func (a *Authority) respond(w http.ResponseWriter, r *http.Request, station Station, answer any, err error) {
	status := http.StatusOK
	if err != nil {
		status = statusOf(err)
		answer = a.problem(r, station, status, err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		a.log.Warn("answer did not reach the station", "station", station.Name, "path", r.URL.Path, "err", err)
	}
}

// serveCRLToStations serves the CRL where stations reach the CA anyway: they
// need no way to the public address.
func (a *Authority) serveCRLToStations(w http.ResponseWriter, r *http.Request) {
	station, err := a.stationOf(r)
	if err != nil {
		a.respond(w, r, station, nil, err)
		return
	}
	a.serveCRL(w, r)
}

func (a *Authority) stationOf(r *http.Request) (Station, error) {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return Station{}, refuse("admit station", engine.Forbidden, "the CA speaks to stations only")
	}
	return a.admitStation(r.Context(), r.TLS.PeerCertificates[0])
}

// readBody reads JSON and nothing else.
func readBody(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		err = errors.Join(errors.New("something follows the JSON"), err)
	}
	return &engine.Error{Op: "read request", Kind: engine.BadInput, Err: err}
}

// statusOf classes trouble for HTTP. What is not a no to the station is the
// CA's own trouble: 503 where it may pass, else 500.
func statusOf(err error) int {
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, ErrUnknown):
		return http.StatusNotFound
	case engine.Is(err, engine.BadInput):
		return http.StatusBadRequest
	case engine.Is(err, engine.Forbidden):
		return http.StatusForbidden
	case engine.Is(err, engine.WrongState):
		return http.StatusConflict
	case engine.Is(err, engine.StoreTrouble), engine.Is(err, engine.StoreFull):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// problem says no in the CA's words. Its own troubles stand in its log only.
func (a *Authority) problem(r *http.Request, station Station, status int, err error) wire.Problem {
	if status >= http.StatusInternalServerError {
		a.log.Error("request was not served", "station", station.Name, "method", r.Method, "path", r.URL.Path, "err", err)
		return wire.Problem{Words: "The CA is in trouble; its log says why"}
	}
	a.log.Warn("request was refused", "station", station.Name, "method", r.Method, "path", r.URL.Path, "status", status, "err", err)
	return wire.Problem{Words: sentence(engine.Clean(wordsOf(err)))}
}
