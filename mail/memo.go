package mail

import "sync"

// memo keeps what was made of a source: thousands of mails are made of one. When it is full it begins anew.
type memo[V any] struct {
	mu   sync.RWMutex
	made map[string]V
}

// memoKeeps bounds it: sources have at most 64 kB, and what is made of them is about as long.
const memoKeeps = 200

// of gives what is kept for a source, or makes it and keeps it where it may be.
func (m *memo[V]) of(source string, make func() (made V, keep bool, err error)) (V, error) {
	m.mu.RLock()
	v, ok := m.made[source]
	m.mu.RUnlock()
	if ok {
		return v, nil
	}
	v, keep, err := make()
	if err == nil && keep {
		m.keep(source, v)
	}
	return v, err
}

func (m *memo[V]) keep(source string, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.made == nil || len(m.made) >= memoKeeps {
		m.made = map[string]V{}
	}
	m.made[source] = v
}
