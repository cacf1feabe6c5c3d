package authority

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"
	"golang.org/x/sync/errgroup"
)

// What one client can hold up.
const (
	headerTime      = 5 * time.Second
	readTime        = 15 * time.Second
	writeTime       = 60 * time.Second // of which signing waits its turn
	idleTime        = 2 * time.Minute
	maxHeader       = 16 << 10 // bytes
	mostConnections = 256      // on each listener
	shutdownTime    = 10 * time.Second
)

// Serve serves the API on one listener and CRL and certificate on the other,
// and publishes CRLs, until ctx ends; then it lets requests under way finish.
// The first CRL is there before the first connection. It closes both listeners.
func (a *Authority) Serve(ctx context.Context, api, public net.Listener) error {
	apiServer, publicServer := a.httpServer(a.Handler()), a.httpServer(a.PublicHandler())
	apiServer.TLSConfig = a.tlsConfig()
	if _, err := a.publishIfNeeded(ctx); err != nil {
		a.log.Error("CRL was not published; tried again", "err", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		a.publishOnSchedule(ctx)
		return nil
	})
	group.Go(func() error {
		return untilClosed(apiServer.ServeTLS(netutil.LimitListener(api, mostConnections), "", ""))
	})
	group.Go(func() error {
		return untilClosed(publicServer.Serve(netutil.LimitListener(public, mostConnections)))
	})
	group.Go(func() error {
		<-ctx.Done()
		return errors.Join(shutDown(ctx, apiServer), shutDown(ctx, publicServer))
	})
	return group.Wait()
}

func (a *Authority) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
}

// tlsConfig lets in whoever shows a certificate of the station CA. Certificates
// of cards come from the other tree.
func (a *Authority) tlsConfig() *tls.Config {
	stations := x509.NewCertPool()
	stations.AddCert(a.stations.cert)
	return &tls.Config{
		Certificates: []tls.Certificate{a.server},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    stations,
		MinVersion:   tls.VersionTLS13,
		Time:         a.now,
	}
}

func untilClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// shutDown waits for requests under way, and cuts off those that take too
// long.
func shutDown(ctx context.Context, s *http.Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		return errors.Join(err, s.Close())
	}
	return nil
}
