package store

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// A house that is warmed up sends so many on its first day, however many workers there are, and the rest on later days.
func TestAHouseIsWarmedUp(t *testing.T) {
	s := garden(t)
	s.warmUp = []int{7, 10}
	for i := range 40 {
		queued(t, s, fmt.Sprintf("p%d@example.com", i))
	}
	day := func(limit int32) {
		claimed := claim(t, s, record.LaneBulk)
		require.NotEmpty(t, claimed)
		var went, waits atomic.Int32
		together(t, 4, func(worker int) error { // batches of several
			for at := worker * 3; at < len(claimed); at += 12 {
				some := claimed[at:min(at+3, len(claimed))]
				stops, err := s.Advance(t.Context(), nil, some)
				if err != nil {
					return err
				}
				var ends []record.DeliveryEnd
				for i, stop := range stops {
					end := record.DeliveryEnd{ID: some[i].ID, Attempts: some[i].Attempts, State: "sent"}
					if stop == "" {
						went.Add(1)
					} else if stop == "warmup" {
						waits.Add(1)
						end.State, end.Turn = "queued", true
					}
					ends = append(ends, end)
				}
				if _, err := s.Advance(t.Context(), ends, nil); err != nil {
					return err
				}
			}
			return nil
		})
		require.Equal(t, limit, went.Load())
		require.EqualValues(t, len(claimed), went.Load()+waits.Load())
	}
	day(7)
	require.Empty(t, claim(t, s, record.LaneBulk), "nothing is claimed that may not go today")
	_, waiting, err := s.NextDelivery(t.Context(), record.LaneBulk)
	require.NoError(t, err)
	require.False(t, waiting, "nobody asks again and again")
	exec(t, s, "UPDATE mail_days SET day = day - 3")
	day(10)
	exec(t, s, "UPDATE mail_days SET day = day - 1")
	day(23)
	require.Equal(t, 40, one[int](t, s, "SELECT count(*) FROM deliveries WHERE state = 'sent'"))
}

// Turns that were given come back as such, and keep the clock of what fails.
func TestATurnIsNoFailureAndNoRest(t *testing.T) {
	s := garden(t)
	_, id := queued(t, s, "ada@example.com")
	d := claim(t, s, record.LaneBulk)[0]
	require.False(t, d.HasTurn)
	require.NoError(t, s.EndDelivery(t.Context(), d, record.DeliveryEnd{State: "queued", Code: "paced", Turn: true}))
	d = claim(t, s, record.LaneBulk)[0]
	require.Zero(t, d.FailingSince, "it has not failed")
	require.NoError(t, s.RetryDelivery(t.Context(), d, "4.2.1", 0))
	d = claim(t, s, record.LaneBulk)[0]
	since := d.FailingSince
	require.NotZero(t, since)
	require.NoError(t, s.EndDelivery(t.Context(), d, record.DeliveryEnd{State: "queued", Code: "paced", After: time.Hour, Turn: true}))
	require.Equal(t, "queued paced", state(t, s, id))
	require.Empty(t, claim(t, s, record.LaneBulk))
	exec(t, s, "UPDATE deliveries SET not_before = now()")
	d = claim(t, s, record.LaneBulk)[0]
	require.True(t, d.HasTurn)
	require.Equal(t, since, d.FailingSince)
	require.NoError(t, s.EndDelivery(t.Context(), d, record.DeliveryEnd{State: "suppressed", Code: record.CodeSafeMode, Message: []byte("as it would go")}))
	require.Equal(t, "as it would go", string(one[[]byte](t, s, "SELECT message FROM deliveries")))
}

// Whoever asked to hear of us waits for no day: a question is no nurture mail.
func TestAConfirmationWaitsForNoDayOfTheWarmUp(t *testing.T) {
	s := garden(t)
	s.warmUp = []int{1}
	queued(t, s, "ada@example.com")
	queued(t, s, "bob@example.com")
	first := claim(t, s, record.LaneBulk)
	stops, err := s.Advance(t.Context(), nil, first[:1])
	require.NoError(t, err)
	require.Equal(t, []string{""}, stops)
	require.NoError(t, s.EndDelivery(t.Context(), first[1], record.DeliveryEnd{State: "queued", Turn: true}))
	require.Empty(t, claim(t, s, record.LaneBulk))
	_, cid := queued(t, s, "cid@example.com")
	exec(t, s, "UPDATE deliveries SET kind = 'confirmation' WHERE id = $1", cid)
	_, waits, err := s.NextDelivery(t.Context(), record.LaneBulk)
	require.NoError(t, err)
	require.True(t, waits)
	got := claim(t, s, record.LaneBulk)
	require.Len(t, got, 1)
	require.Equal(t, cid, got[0].ID)
	exec(t, s, "UPDATE deliveries SET state = 'sent' WHERE id = $1", cid)
	_, waits, err = s.NextDelivery(t.Context(), record.LaneBulk)
	require.NoError(t, err)
	require.False(t, waits)
}
