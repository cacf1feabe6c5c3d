// Command access-receiver is the least receiver of docs/access-system.md: it
// checks signature, time and key of each event, keeps which cards are
// authenticators in memory, and prints what happens. It is for tests, and a
// model to write a real one by.
package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

const (
	window  = 5 * time.Minute // how far the time stamp may be from our clock
	maxBody = 1 << 20         // bytes
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8444", "address and port")
	secretFile := flag.String("secret-file", "", "file with the secret; its last line end is not part of it")
	cert := flag.String("cert", "", "certificate for TLS, PEM; without it plain HTTP, for this machine only")
	key := flag.String("key", "", "its key, PEM")
	flag.Parse()
	secret, err := os.ReadFile(*secretFile)
	if err != nil {
		log.Fatal(err)
	}
	secret = bytes.TrimSuffix(bytes.TrimSuffix(secret, []byte("\n")), []byte("\r"))
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	r := &receiver{secret: secret, now: time.Now, events: map[string][32]byte{}, cards: map[string]event{}}
	http.HandleFunc("POST /cards", r.take)
	http.HandleFunc("GET /cards", r.list)
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second}
	fmt.Println("listening on", l.Addr())
	if *cert == "" {
		log.Fatal(server.Serve(l))
	}
	log.Fatal(server.ServeTLS(l, *cert, *key))
}

// event is as much of the body as decides something here.
type event struct {
	Version int       `json:"version"`
	Key     string    `json:"key"`
	Event   string    `json:"event"`
	At      time.Time `json:"at"`
	Card    struct {
		ID string `json:"id"`
	} `json:"card"`
	User struct {
		Logon string `json:"logon"`
	} `json:"user"`
	Certificates []struct {
		Fingerprint string `json:"fingerprint"`
	} `json:"certificates"`
}

type receiver struct {
	secret []byte
	now    func() time.Time

	mu     sync.Mutex
	events map[string][32]byte // by key: the hash of the body that came with it
	cards  map[string]event    // by card: the last event
}

// take takes one event. The order matters: nothing of a body is looked at
// before its signature was found good.
func (r *receiver) take(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "the event is too long")
		return
	}
	stamp := req.Header.Get("Kiosk-Timestamp")
	if !hmac.Equal([]byte(req.Header.Get("Kiosk-Signature")), []byte(sign(r.secret, stamp, body))) {
		refuse(w, http.StatusUnauthorized, "the signature is not by our secret")
		return
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if age := r.now().Sub(time.Unix(seconds, 0)); err != nil || age > window || age < -window {
		refuse(w, http.StatusUnauthorized, "the time stamp is not of the last five minutes: look at the clocks")
		return
	}
	var e event
	if err := json.Unmarshal(body, &e); err != nil || e.Version != 1 || e.Key == "" || e.Card.ID == "" {
		refuse(w, http.StatusBadRequest, "the event cannot be read")
		return
	}
	r.keep(w, e, sha256.Sum256(body))
}

func (r *receiver) keep(w http.ResponseWriter, e event, sum [32]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before, seen := r.events[e.Key]
	last, known := r.cards[e.Card.ID]
	switch {
	case seen && before == sum:
		w.Header().Set("Idempotency-Key", e.Key)
		refuse(w, http.StatusConflict, "this event came before")
	case seen:
		refuse(w, http.StatusUnprocessableEntity, "another event came with this key before")
	case e.Event != "register" && e.Event != "remove":
		refuse(w, http.StatusBadRequest, "this event is not known")
	case known && e.At.Before(last.At):
		r.events[e.Key] = sum
		fmt.Println("overtaken", e.Event, e.Card.ID, e.Key)
		w.WriteHeader(http.StatusNoContent)
	default:
		r.events[e.Key], r.cards[e.Card.ID] = sum, e
		fmt.Println(e.Event, e.Card.ID, e.User.Logon, len(e.Certificates), e.Key)
		w.WriteHeader(http.StatusNoContent)
	}
}

// list tells which cards are authenticators. A real system asks who wants to
// know.
func (r *receiver) list(w http.ResponseWriter, _ *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := map[string]string{}
	for id, e := range r.cards {
		if e.Event == "register" {
			all[id] = e.User.Logon
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(all)
}

func sign(secret []byte, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

// refuse says no in words (RFC 9457), which the kiosk shows to its people.
func refuse(w http.ResponseWriter, status int, detail string) {
	fmt.Println("refused", status, detail)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"title": http.StatusText(status), "status": status, "detail": detail})
}
