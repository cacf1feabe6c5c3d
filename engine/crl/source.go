package crl

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"time"
)

// maxList is the longest list that is read, in bytes: an entry has some 40.
const maxList = 64 << 20

// patience is how long a source is left alone that had no list to go by, while
// there is one in force, or another CA's.
const patience = time.Minute

// source is a place with a list, and the list as it was read last.
type source struct {
	Source
	cfg    Config
	client *http.Client // nil for a file

	turn   chan struct{}     // holds a token while somebody is at what follows
	kept   *list             // the newest, nil before the first
	owner  *x509.Certificate // whose signature on it was found to be good; nil before that
	looked time.Time         // when it was looked for
	stamp  fs.FileInfo       // of the file, as it was read
}

// current returns the list as it holds now. errOther: it is not this issuer's.
func (s *source) current(ctx context.Context, issuer *x509.Certificate) (*list, error) {
	leave, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	now := s.cfg.Now()
	if s.due(now) {
		err = s.look(ctx, now)
	}
	if s.kept == nil {
		return nil, err
	}
	wrong := s.check(issuer, now)
	switch {
	case wrong != nil && err != nil:
		return nil, fmt.Errorf("%w, and there is no other: %w", wrong, err)
	case wrong != nil:
		return nil, wrong
	case err != nil:
		s.cfg.Log.Warn("no newer revocation list could be had", "from", s.name(), "err", err)
	}
	return s.kept, nil
}

// enter waits for the turn.
func (s *source) enter(ctx context.Context) (leave func(), err error) {
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// knows reports whether the list that is there says it is this issuer's.
func (s *source) knows(ctx context.Context, issuer *x509.Certificate) bool {
	leave, err := s.enter(ctx)
	if err != nil {
		return false
	}
	defer leave()
	return s.kept != nil && s.kept.by(issuer)
}

// check tells why the list does not tell of an issuer's certificates, nil when it
// does. One that nobody has signed is not kept.
func (s *source) check(issuer *x509.Certificate, now time.Time) error {
	if !s.kept.by(issuer) {
		return errOther
	}
	if err := s.kept.CheckSignatureFrom(issuer); err != nil {
		if s.owner == nil {
			s.kept, s.stamp = nil, nil
		}
		return fmt.Errorf("its signature is not %s's: %w", issuer.Subject, err)
	}
	if s.owner == nil {
		s.owner = issuer
	}
	return s.kept.inForce(now)
}

// due reports whether a newer list is to be looked for. A file is looked at each
// time: that costs nothing.
func (s *source) due(now time.Time) bool {
	if s.client == nil || s.kept == nil || s.kept.inForce(now) != nil {
		return true
	}
	age := now.Sub(s.looked) // negative when the clock was set back
	if s.owner == nil {
		return age < 0 || age >= patience
	}
	return age < 0 || age >= s.cfg.Refresh
}

// look reads the list anew. While one is in force, only a newer one by the same
// CA takes its place: somebody on the way may have put something else there, or
// have kept an old one.
func (s *source) look(ctx context.Context, now time.Time) error {
	data, err := s.load(ctx)
	if err == nil && data == nil {
		return nil
	}
	var fresh *list
	if err == nil {
		fresh, err = read(data)
	}
	if err == nil && s.owner != nil && s.kept.inForce(now) == nil {
		err = s.kept.followedBy(fresh, s.owner)
	}
	if err != nil {
		s.looked = now.Add(patience - s.cfg.Refresh)
		return err
	}
	s.kept, s.owner, s.looked = fresh, nil, now
	return nil
}

// followedBy tells why a list does not follow on this one of the same CA.
func (l *list) followedBy(fresh *list, owner *x509.Certificate) error {
	switch {
	case !fresh.by(owner) || fresh.CheckSignatureFrom(owner) != nil:
		return errors.New("what is there now is not the CA's list")
	case fresh.ThisUpdate.Before(l.ThisUpdate):
		return errors.New("what is there now is an older list")
	}
	return nil
}

// load fetches the list, or reads its file; nil when the file is as it was.
func (s *source) load(ctx context.Context) ([]byte, error) {
	if s.client != nil {
		return s.fetch(ctx)
	}
	info, err := os.Stat(s.File)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a file")
	case info.Size() > maxList:
		return nil, errTooLong
	case s.kept != nil && s.stamp != nil && s.stamp.ModTime().Equal(info.ModTime()) && s.stamp.Size() == info.Size() && os.SameFile(s.stamp, info):
		return nil, nil
	}
	data, err := os.ReadFile(s.File)
	if err == nil {
		s.stamp = info
	}
	return data, err
}

var errTooLong = errors.New("it is too long")

func (s *source) fetch(ctx context.Context) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, http.NoBody)
	if err != nil {
		return nil, err
	}
	answer, err := s.client.Do(request)
	if err != nil {
		var told *url.Error
		if errors.As(err, &told) {
			err = told.Err // without the URL, which is told anyway
		}
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }() // it was only read
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answers %s", answer.Status)
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxList+1))
	if err == nil && len(data) > maxList {
		err = errTooLong
	}
	return data, err
}
