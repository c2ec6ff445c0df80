package catcher

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// most is how many mails are kept; the oldest go first.
const most = 20_000

// box keeps mails, in a directory if there is one.
type box struct {
	dir string

	mu   sync.RWMutex
	all  []*Message // oldest first
	last int64
}

// kept is a mail as a file holds it.
type kept struct {
	ID         string    `json:"id"`
	From       string    `json:"from"`
	To         string    `json:"to"`
	ReceivedAt time.Time `json:"received_at"`
	Raw        []byte    `json:"raw"`
}

func openBox(dir string) (*box, error) {
	b := &box{dir: dir}
	if dir == "" {
		return b, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	for _, path := range files { // sorted by name, which is by time
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var k kept
		if json.Unmarshal(raw, &k) != nil {
			continue // cut short by a crash before it was acknowledged
		}
		b.all = append(b.all, k.message())
	}
	return b, nil
}

func (k kept) message() *Message {
	m := &Message{ID: k.ID, From: k.From, To: k.To, ReceivedAt: k.ReceivedAt, raw: k.Raw}
	m.read()
	return m
}

// put keeps a mail before it is acknowledged.
func (b *box) put(from string, to []string, raw []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.last = max(b.last+1, now.UnixMicro()) // ids sort by arrival
	k := kept{ID: fmt.Sprintf("%016x", b.last), From: from, To: strings.Join(to, ", "), ReceivedAt: now.UTC(), Raw: raw}
	if b.dir != "" {
		text, err := json.Marshal(k)
		if err != nil {
			return err
		}
		path := b.path(k.ID)
		if err := os.WriteFile(path+".new", text, 0o600); err != nil {
			return err
		}
		if err := os.Rename(path+".new", path); err != nil {
			return err
		}
	}
	b.all = append(b.all, k.message())
	if len(b.all) > most {
		b.drop(b.all[0])
		b.all = slices.Delete(b.all, 0, 1)
	}
	return nil
}

func (b *box) path(id string) string { return filepath.Join(b.dir, id+".json") }

func (b *box) drop(m *Message) {
	if b.dir != "" {
		_ = os.Remove(b.path(m.ID))
	}
}

// find answers mails to an address, or all, oldest first, the newest limit of them.
func (b *box) find(to string, limit int) []*Message {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var out []*Message
	for i := len(b.all) - 1; i >= 0 && len(out) < limit; i-- {
		if to == "" || strings.Contains(strings.ToLower(b.all[i].To), strings.ToLower(to)) {
			out = append(out, b.all[i])
		}
	}
	slices.Reverse(out)
	return out
}

func (b *box) get(id string) *Message {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, m := range b.all {
		if m.ID == id {
			return m
		}
	}
	return nil
}

func (b *box) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.all {
		b.drop(m)
	}
	b.all = nil
}
