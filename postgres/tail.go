package postgres

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// tail passes a server's log on and remembers its end, so that a failed start can say why.
type tail struct {
	to io.Writer // nil throws the rest away

	mu  sync.Mutex
	end []byte
}

// remembered is how much of the end is kept, in bytes.
const remembered = 2048

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	t.end = append(t.end, p...)
	if over := len(t.end) - remembered; over > 0 {
		t.end = bytes.Clone(t.end[over:])
	}
	t.mu.Unlock()
	if t.to != nil {
		_, _ = t.to.Write(p) // a log that cannot be written must not stop a database
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.end))
}
