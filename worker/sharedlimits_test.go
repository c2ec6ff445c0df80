package worker_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/postgres/pgtest"
	"github.com/leadflow-dev/leadflow/worker"
)

// Two workers have one house's limits: a domain that takes three mails at once gets three, not six.
func TestTwoWorkersHaveOneLimit(t *testing.T) {
	s := openHouse(t, pgtest.New(t, seeded))
	for i := range 5 {
		queue(t, s, fmt.Sprintf("p%d@one.example", i))
	}
	office := newPostOffice(t, func(_, phase string) bool { return phase == "rcpt" })
	for range 2 {
		h := hostWithin(t, s, office.address, worker.NewThrottle(worker.ThrottleOptions{Domain: worker.Rate{AtOnce: 3}}))
		h.Handover, h.Shares = nil, s
		run(t, h)
	}
	await(t, time.Minute, "as many as may be at once", func() bool { return office.held() == 3 })
	for range 100 {
		require.Equal(t, 3, office.held())
		<-time.After(20 * time.Millisecond)
	}
	office.open()
	await(t, time.Minute, "the others follow", func() bool { return office.count() == 5 })
}
