package engine

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
)

// modelCA issues at once what it is asked for, holds or refuses it, as the world
// says. It notes what no kiosk may do.
type modelCA struct{ *world }

func (a modelCA) reach() error {
	if a.down {
		return &Error{Op: "ask CA", Kind: CAAway, Err: errors.New("down")}
	}
	return a.look()
}

func (a modelCA) Ready(context.Context, string, int) error { return a.reach() }

func (a modelCA) DecidesFirst() bool { return a.decides }

func (a modelCA) fault(format string, args ...any) {
	a.faults = append(a.faults, fmt.Sprintf(format, args...))
}

func (a modelCA) Ask(_ context.Context, r CARequest) (answer Answer, err error) {
	if err := a.reach(); err != nil {
		return Answer{}, err
	}
	csr, err := x509.ParseCertificateRequest(r.CSR)
	if err == nil {
		err = csr.CheckSignature()
	}
	if err == nil && r.Renewal != nil {
		err = a.vouched(r)
	}
	if err != nil {
		return Answer{}, err
	}
	err = a.deed(func() error {
		if first, again := a.asked[r.ID]; again {
			if !sameAsk(first, r) {
				a.fault("request %s was sent with another content", r.ID)
			}
			if !a.lookedUp[r.ID] {
				a.fault("request %s was sent again and not looked up", r.ID)
			}
			answer = a.answers[r.ID]
			return nil
		}
		a.asked[r.ID], a.lookedUp[r.ID] = r, false
		answer = a.decide(r)
		a.answers[r.ID] = answer
		return nil
	})
	return answer, err
}

func (a modelCA) decide(r CARequest) Answer {
	approved := r.Approved != "" && a.answers[r.Approved].State == RequestApproved
	switch {
	case r.Approved != "" && !approved:
		if a.answers[r.Approved].Words != secondThoughts {
			a.fault("request %s names an approval that was not given", r.ID)
		}
		return Answer{State: RequestRejected, Words: "not approved"}
	case approved:
	case a.refuses[r.Profile]:
		return Answer{State: RequestRejected, Words: "no"}
	case a.holds[r.Profile] || r.Hold:
		return Answer{State: RequestPending, Words: "waits for an officer"}
	}
	return a.granted(r)
}

// granted is the certificate, or the approval.
func (a modelCA) granted(r CARequest) Answer {
	if r.Approval {
		return Answer{State: RequestApproved}
	}
	csr, err := x509.ParseCertificateRequest(r.CSR)
	if err != nil {
		panic(err)
	}
	a.grants[r.ID]++
	return Answer{State: RequestIssued, Certificate: a.sign(&x509.Certificate{
		RawSubject: csr.RawSubject, ExtraExtensions: csr.Extensions,
		NotBefore: a.now, NotAfter: a.now.AddDate(0, 0, r.ValidDays),
	}, csr.PublicKey)}
}

// vouched has the old key sign, as a connector does, and checks what it is told of
// the certificate that is renewed.
func (a modelCA) vouched(r CARequest) error {
	if named, ok := Renews(r.CSR); !ok || !bytes.Equal(named, r.Renewal.Certificate) {
		a.fault("request %s does not name the certificate that it renews", r.ID)
	}
	by, err := x509.ParseCertificate(r.Renewal.By)
	if err != nil {
		return err
	}
	if encrypts(r.Renewal.By) {
		a.fault("request %s is signed by an encryption key", r.ID)
	}
	digest := sha256.Sum256(r.CSR)
	signature, err := r.Renewal.Key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return err
	}
	if !ecdsa.VerifyASN1(by.PublicKey.(*ecdsa.PublicKey), digest[:], signature) {
		a.fault("request %s is not signed by the key that vouches", r.ID)
	}
	a.renewals++
	return nil
}

func sameAsk(a, b CARequest) bool {
	one, err := x509.ParseCertificateRequest(a.CSR)
	other, err2 := x509.ParseCertificateRequest(b.CSR)
	return err == nil && err2 == nil && bytes.Equal(one.RawTBSCertificateRequest, other.RawTBSCertificateRequest) &&
		a.Profile == b.Profile && a.Approval == b.Approval && a.Approved == b.Approved
}

func (a modelCA) Lookup(_ context.Context, id string) (Answer, bool, error) {
	answer, ok := a.answers[id]
	a.lookedUp[id] = true
	return answer, ok, a.reach()
}

func (a modelCA) Withdraw(_ context.Context, id string) (answer Answer, ok bool, err error) {
	if err := a.reach(); err != nil {
		return Answer{}, false, err
	}
	err = a.deed(func() error {
		if answer, ok = a.answers[id]; ok && (answer.State == RequestPending || answer.State == RequestApproved && !a.used(id)) && !a.keepsAll {
			answer = Answer{State: RequestWithdrawn}
			a.answers[id] = answer
		}
		return nil
	})
	return answer, ok, err
}

// used reports whether something was issued with an approval.
func (w *world) used(id string) bool {
	for _, r := range w.asked {
		if r.Approved == id {
			return true
		}
	}
	return false
}

// secondThoughts are the words by which an officer takes an approval back.
const secondThoughts = "on second thoughts, no"

// officer decides about a request that is held.
func (w *world) officer(id string, approves bool) {
	if w.answers[id].State != RequestPending {
		return
	}
	w.answers[id] = Answer{State: RequestRejected, Words: "the officer says no"}
	if approves {
		w.answers[id] = modelCA{w}.granted(w.asked[id])
	}
}

// pendingIDs are the requests that wait for the officer, in order.
func (w *world) pendingIDs() []string {
	var ids []string
	for id, a := range w.answers {
		if a.State == RequestPending {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}
