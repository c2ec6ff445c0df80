package store

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// waitingRoom has offers that are asked for at once decided in sittings of several. Who comes while nobody is there is decided
// at once; what comes while as many sittings as may be are under way waits for the first of them to end, and is decided then, all of it in
// one. So the pool's lock, the statements and the commit are paid for once, and each decision still goes by those before it.
type waitingRoom struct {
	mu       sync.Mutex
	sittings int // under way
	waiting  []*waiter
}

const (
	// sittingsAtOnce: while one is read, Postgres writes another. More of them would be smaller, and wait for one another's pools.
	sittingsAtOnce = 2
	// mostTogether bounds for how long a sitting holds its leads.
	mostTogether = 32
	lingers      = 500 * time.Microsecond
)

// waiter is an offer that is waited for.
type waiter struct {
	of   choice
	ctx  context.Context
	done chan struct{} // closed when it is decided, or is not going to be here
	ch   *choice       // as it was decided; nil: the sitting failed
	in   *table        // where it is decided; nil: it waits still. Under the lock of the room
}

// table is whom a sitting is held for. It is given up when nobody waits for it any more.
type table struct {
	left   atomic.Int32
	cancel context.CancelFunc
}

// decide decides an offer among others. done is false where it has to be decided alone: somebody holds its lead or its company,
// it is out of the ordinary, or the sitting failed, which is nobody's fault in it but one's.
func (r *waitingRoom) decide(ctx context.Context, s *Store, of choice) (out record.Granted, done bool, err error) {
	w := &waiter{of: of, ctx: ctx, done: make(chan struct{})}
	r.mu.Lock()
	r.waiting = append(r.waiting, w)
	if r.sittings < sittingsAtOnce {
		r.sittings++
		go r.serve(s)
	}
	r.mu.Unlock()
	select {
	case <-w.done:
	case <-ctx.Done():
		r.leave(w)
		return record.Granted{}, true, masked("offer", ctx.Err())
	}
	if w.ch == nil || !w.ch.decided {
		return record.Granted{}, false, nil
	}
	return w.ch.out, true, nil
}

// leave has nobody wait for an offer. What is under way is decided all the same, unless it was the last that was waited for.
func (r *waitingRoom) leave(w *waiter) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w.in == nil {
		r.waiting = slices.DeleteFunc(r.waiting, func(o *waiter) bool { return o == w })
		return
	}
	if w.in.left.Add(-1) == 0 {
		w.in.cancel()
	}
}

// serve holds sittings for as long as anybody waits.
func (r *waitingRoom) serve(s *Store) {
	for {
		r.linger()
		ctx, who := r.next()
		if len(who) == 0 {
			return
		}
		choices, err := s.sitFor(ctx, who)
		who[0].in.cancel()
		for i, w := range who {
			if err == nil {
				w.ch = choices[i]
			}
			close(w.done)
		}
	}
}

// sitFor holds a sitting. Where one of them panics it is that one's own, who is decided alone.
func (s *Store) sitFor(ctx context.Context, who []*waiter) (choices []*choice, err error) {
	defer func() {
		if recover() != nil {
			err = errPanicked
		}
	}()
	err = s.sit(ctx, "offer", false, func() []*choice {
		choices = make([]*choice, len(who))
		for i, w := range who {
			of := w.of
			choices[i] = &of
		}
		return choices
	})
	return choices, err
}

// linger waits a moment for company where another sitting is under way. Those whom a sitting has answered come back one by one: the
// first of them would have one of its own, and the others would wait for it.
func (r *waitingRoom) linger() {
	r.mu.Lock()
	alone, full := r.sittings < sittingsAtOnce, len(r.waiting) >= mostTogether
	r.mu.Unlock()
	if !alone && !full {
		<-time.After(lingers)
	}
}

// next are those who are decided next: all who wait, of each lead one. Nobody: the sitting is not needed any more.
func (r *waitingRoom) next() (context.Context, []*waiter) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var who, stay []*waiter
	leads := map[string]bool{}
	for _, w := range r.waiting {
		if leads[w.of.leadID] || len(who) == mostTogether {
			stay = append(stay, w)
			continue
		}
		leads[w.of.leadID] = true
		who = append(who, w)
	}
	r.waiting = stay
	if len(who) == 0 {
		r.sittings--
		return nil, nil
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(who[0].ctx))
	in := &table{cancel: cancel}
	in.left.Store(int32(len(who)))
	for _, w := range who {
		w.in = in
	}
	return ctx, who
}
