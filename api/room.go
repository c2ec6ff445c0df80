package api

import (
	"errors"
	"net/http"
	"sync/atomic"
)

// eventsHeld bounds the bytes of all bodies of events that are being read or wait to be stored.
const eventsHeld = 256 << 20

var errNoRoom = errors.New("no room")

// room is what bodies may take up together.
type room struct {
	held atomic.Int64
	most int64
}

// take reports whether there is room for n more bytes; they are the caller's until given back.
func (r *room) take(n int64) bool {
	if r.held.Add(n) <= r.most {
		return true
	}
	r.held.Add(-n)
	return false
}

func (r *room) giveBack(n int64) { r.held.Add(-n) }

// busy is the answer to a request of which nothing is taken because too much is under way.
func busy() *Problem {
	p := problem(http.StatusTooManyRequests, "too_many_requests", "too many events wait to be stored; nothing of this request was taken, send it again after the time in Retry-After")
	p.retryAfter = 1
	return p
}
