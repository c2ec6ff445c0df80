package store

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// lateHouse has offers to two reps, about whose clocks an outage kept silent. Runs wake up in any order.
type lateHouse struct {
	*Store
	t      *testing.T
	leads  []string
	offers []lifecycle.Offer
	now    time.Time
}

func newLateHouse(t *testing.T, n int) lateHouse {
	t.Helper()
	h := lateHouse{Store: floor(t), t: t, now: time.Now().UTC()}
	newRep(t, h.Store, "ann", nil)
	newRep(t, h.Store, "ben", nil)
	h.leads = inStage(t, h.Store, lifecycle.StageQualified, n)
	for _, lead := range h.leads {
		o := *offer(t, h.Store, lead, 1).Offer
		h.offers = append(h.offers, o)
		exec(t, h.Store, "UPDATE leads SET stage = 'handoff', owner = $2, assignment_id = $3, next_at = $4 WHERE id = $1", lead, o.Rep, o.Assignment, h.due(len(h.offers)-1))
	}
	exec(t, h.Store, "DELETE FROM deliveries")
	return h
}

// due is when the reminder of a lead was due: each a minute after the one before it, the last ten minutes ago.
func (h lateHouse) due(i int) time.Time {
	return h.now.Add(time.Duration(i)*time.Minute - time.Hour).Truncate(time.Microsecond)
}

// mailOf is the address of the rep who was reminded of a lead.
func (h lateHouse) mailOf(i int) string {
	return one[string](h.t, h.Store, "SELECT email FROM reps WHERE id = $1", h.offers[i].Rep)
}

// wakes is the run of a lead: it tells, and shows that the clock has passed.
func (h lateHouse) wakes(i int) {
	h.t.Helper()
	c := command(h.leads[i], lifecycle.CommandAlert, "sla/1/remind")
	c.At, c.Rep, c.Assignment = h.now, h.offers[i].Rep, h.offers[i].Assignment
	c.Clock = lifecycle.Clock{Kind: lifecycle.ClockAccept, Level: lifecycle.LevelRemind, Was: h.due(i)}
	require.NoError(h.t, h.Alert(h.t.Context(), c))
	exec(h.t, h.Store, "UPDATE leads SET next_at = now() + interval '1 hour' WHERE id = $1", h.leads[i])
}

// pass lets time pass for what is written.
func (h lateHouse) pass(d time.Duration) {
	h.t.Helper()
	exec(h.t, h.Store, "UPDATE deliveries SET created_at = created_at - $1::interval", d)
}

// told is what is told now in a lane, to each: "0 2 4".
func (h lateHouse) told(lane string) map[string]string {
	h.t.Helper()
	told, all := map[string]string{}, make(chan record.Delivery, 100)
	require.NoError(h.t, h.TellLate(h.t.Context(), lane, time.Minute, func(ctx context.Context, d record.Delivery) error {
		all <- d
		return h.FinishDelivery(ctx, d, "sent", "")
	}))
	close(all)
	for d := range all {
		whom := d.To
		if d.Webhook != nil {
			whom = d.Webhook.URL
		}
		told[whom] += fmt.Sprint(" ", slices.Index(h.leads, d.LeadID))
	}
	return told
}

// After an outage runs wake up in any order. To each rep and each subscriber what is late is told in the order in which it was due: not
// before all that was due sooner is written.
func TestLateAlerts_areToldInTheOrderInWhichTheyWereDue(t *testing.T) {
	h := newLateHouse(t, 8)
	_, err := h.CreateWebhook(t.Context(), record.Webhook{URL: "https://example.com/in", Secret: "x", Active: true})
	require.NoError(t, err)
	mails := func(numbers ...int) map[string]string {
		out := map[string]string{}
		for _, i := range numbers {
			out[h.mailOf(i)] += fmt.Sprint(" ", i)
		}
		return out
	}
	for _, i := range []int{5, 7, 0, 2, 6} {
		h.wakes(i)
	}
	require.Equal(t, 10, one[int](t, h.Store, "SELECT count(*) FROM deliveries WHERE gathering AND due_at IS NOT NULL"))
	claimed, err := h.ClaimDeliveries(t.Context(), record.LaneAlert, 100, time.Minute)
	require.NoError(t, err)
	require.Empty(t, claimed, "its pool leaves it alone")
	require.Empty(t, h.told(record.LaneAlert), "what was due before may be on its way")
	h.pass(2 * time.Second)
	require.Equal(t, mails(0), h.told(record.LaneAlert), "the second was due before the others, and its run sleeps")
	for _, i := range []int{4, 3, 1} {
		h.wakes(i)
	}
	require.Equal(t, mails(2), h.told(record.LaneAlert), "what was written just now is waited for, and all that was due after it")
	h.pass(2 * time.Second)
	require.Equal(t, mails(1, 3, 4, 5, 6, 7), h.told(record.LaneAlert))
	require.Equal(t, map[string]string{"https://example.com/in": " 0 1 2 3 4 5 6 7"}, h.told(record.LaneWebhook))
	require.Zero(t, one[int](t, h.Store, "SELECT count(*) FROM deliveries WHERE state <> 'sent'"))
}

// A run that does not wake up at all holds nobody up for long, and a lane that is held keeps what is late as all else.
func TestLateAlerts_waitForNobodyForLong(t *testing.T) {
	h := newLateHouse(t, 2) // the first never wakes up
	h.wakes(1)
	h.pass(20 * time.Second)
	require.Empty(t, h.told(record.LaneAlert))
	h.pass(20 * time.Second)
	require.NoError(t, h.HoldLanes(t.Context(), []string{record.LaneAlert}))
	require.Empty(t, h.told(record.LaneAlert))
	_, err := h.ReleaseLanes(t.Context(), record.LaneRelease{Lanes: []string{record.LaneAlert}})
	require.NoError(t, err)
	require.Equal(t, map[string]string{h.mailOf(1): " 1"}, h.told(record.LaneAlert))
	require.Empty(t, h.told(record.LaneAlert), "once")
}

// One process tells what is late at a time: of two each would keep its own order.
func TestLateAlerts_areToldByOneProcess(t *testing.T) {
	h := newLateHouse(t, 3)
	for i := range h.leads {
		h.wakes(i)
	}
	h.pass(2 * time.Second)
	n := 0
	require.NoError(t, h.TellLate(t.Context(), record.LaneAlert, time.Minute, func(ctx context.Context, d record.Delivery) error {
		if n == 0 {
			require.Empty(t, h.told(record.LaneAlert))
		}
		n++
		return h.FinishDelivery(ctx, d, "sent", "")
	}))
	require.Equal(t, 3, n)
}

// A deadline that passed long ago hands a lead to the next rep: who gets it hears so in the order of the deadlines, and that it is late.
// What a rep rejected is on time.
func TestLateOffers_areToldInTheirOrderToo(t *testing.T) {
	h := newLateHouse(t, 3)
	for i, lead := range h.leads {
		exec(t, h.Store, "UPDATE assignments SET state = 'missed', decided_at = now() WHERE lead_id = $1", lead)
		why := "accept_reassign"
		if i == 2 {
			why = "accept_due" // and then its rep rejected it
		}
		exec(t, h.Store, `INSERT INTO timeline (lead_id, at, kind, actor_type, why, cycle, of_run, assignment_id, data)
			VALUES ($1, now(), 'passed', 'system', $2, 1, true, $3, jsonb_build_object('due_at', $4::timestamptz, 'late_by', '1h0m0s'))`, lead, why, h.offers[i].Assignment, h.due(i))
	}
	for _, i := range []int{1, 0, 2} {
		c := command(h.leads[i], lifecycle.CommandOffer, "offer/2")
		c.N, c.At = 2, h.now
		granted, err := h.Offer(t.Context(), c)
		require.NoError(t, err)
		require.NotNil(t, granted.Offer)
	}
	require.Equal(t, "59m0s 0, 1h0m0s 0, 1", one[string](t, h.Store, `SELECT string_agg(concat_ws(' ', payload #>> '{data,late_by}', (NOT gathering)::int), ', ' ORDER BY due_at DESC NULLS LAST)
		FROM deliveries WHERE kind = 'offer' AND channel = 'mail'`))
}

// A subscriber that answers slowly, or not at all, holds up no other: while one is told, what comes for the others is told to them.
func TestLateAlerts_whoIsSlowHoldsUpNobodyElse(t *testing.T) {
	h := newLateHouse(t, 6)
	slow, released, all := "https://example.com/slow", make(chan struct{}), make(chan int, 10)
	for _, url := range []string{slow, "https://example.com/fast"} {
		_, err := h.CreateWebhook(t.Context(), record.Webhook{URL: url, Secret: "x", Active: true})
		require.NoError(t, err)
	}
	h.wakes(0)
	h.pass(2 * time.Second)
	done := make(chan error, 1)
	go func() {
		done <- h.TellLate(t.Context(), record.LaneWebhook, time.Minute, func(ctx context.Context, d record.Delivery) error {
			if d.Webhook.URL == slow {
				<-released
			} else {
				all <- slices.Index(h.leads, d.LeadID)
			}
			return h.FinishDelivery(ctx, d, "sent", "")
		})
	}()
	for i := range 3 {
		select {
		case got := <-all:
			require.Equal(t, i, got)
		case <-time.After(time.Minute):
			require.Fail(t, "the other waits for the slow one", i)
		}
		h.wakes(i + 1)
		h.pass(2 * time.Second)
	}
	close(released)
	require.NoError(t, <-done)
}
