package rig

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"sync"
)

// Receiver is a subscriber of webhooks on loopback. It knows each delivery by its id, and each lead by who waits for it.
type Receiver struct {
	URL     string
	server  *http.Server
	mu      sync.Mutex
	waiting map[string]chan struct{}
	seen    map[string]int // by delivery id
	leads   map[string]int // deliveries by lead, each id once
}

// NewReceiver listens.
func NewReceiver() (*Receiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Receiver{URL: "http://" + l.Addr().String(), waiting: map[string]chan struct{}{}, seen: map[string]int{}, leads: map[string]int{}}
	r.server = &http.Server{Handler: r}
	go func() { _ = r.server.Serve(l) }()
	return r, nil
}

// Close ends it.
func (r *Receiver) Close() { _ = r.server.Close() }

// ServeHTTP takes a delivery: its id is in Standard Webhooks' header, its lead in the body.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	raw, _ := io.ReadAll(q.Body)
	var body struct {
		Data struct {
			LeadID string `json:"lead_id"`
		}
	}
	if json.Unmarshal(raw, &body) != nil || body.Data.LeadID == "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
	r.mu.Lock()
	defer r.mu.Unlock()
	id, lead := q.Header.Get("Webhook-Id"), body.Data.LeadID
	if r.seen[id]++; r.seen[id] > 1 {
		return
	}
	r.leads[lead]++
	if told, ok := r.waiting[lead]; ok {
		close(told)
		delete(r.waiting, lead)
	}
}

// Await does what makes a delivery of this lead come, and waits for it.
func (r *Receiver) Await(ctx context.Context, lead string, do func() error) error {
	told := make(chan struct{})
	r.mu.Lock()
	r.waiting[lead] = told
	r.mu.Unlock()
	if err := do(); err != nil {
		return err
	}
	select {
	case <-told:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Count says of so many leads how many were never heard of, and how many deliveries came twice: under one id, or two of
// one lead.
func (r *Receiver) Count(leads int) (lost, doubled int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.seen {
		doubled += n - 1
	}
	for _, n := range r.leads {
		doubled += n - 1
	}
	return leads - len(r.leads), doubled
}
