package record

import (
	"encoding/json"
	"sync"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// maxShared bounds how many texts are remembered; a house has a handful of policies at a time.
const maxShared = 64

// policies are kept once in a process and not once for each of its runs: a worker has thousands, and all live by one.
var policies = shared[lifecycle.Policy]{}

// shared are values by the JSON they were read from. Nobody may change one.
type shared[T any] struct {
	mu    sync.Mutex
	known map[string]*T
}

func (s *shared[T]) read(raw json.RawMessage) (*T, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.known[string(raw)]; ok {
		return v, nil
	}
	v := new(T)
	if err := json.Unmarshal(raw, v); err != nil {
		return nil, err
	}
	if s.known == nil || len(s.known) >= maxShared {
		s.known = map[string]*T{}
	}
	s.known[string(raw)] = v
	return v, nil
}

// UnmarshalJSON reads what an activity answered. Whoever was told the same policy has the same one.
func (l *Loaded) UnmarshalJSON(raw []byte) error {
	type plain Loaded
	in := struct {
		*plain
		Policy json.RawMessage `json:"policy"`
	}{plain: (*plain)(l)}
	if err := json.Unmarshal(raw, &in); err != nil || len(in.Policy) == 0 {
		return err
	}
	var err error
	l.Policy, err = policies.read(in.Policy)
	return err
}
