package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// anOffer is one that took so long at each place; times in seconds after the crossing.
type anOffer struct {
	state, reason, band             string
	offered, delivered, seen        int
	decided, due, touched, crossing int // 0: never
	rep                             string
	late                            []int // seconds by which clocks were told late
}

func (o anOffer) put(t *testing.T, s *Store, base time.Time) {
	t.Helper()
	at := func(sec int) *time.Time {
		if sec == 0 {
			return nil
		}
		when := base.Add(time.Duration(sec) * time.Second)
		return &when
	}
	run := func(sql string, args ...any) {
		_, err := s.pool.Exec(t.Context(), sql, args...)
		require.NoError(t, err)
	}
	lead, id := inStage(t, s, lifecycle.StageHandoff, 1)[0], newID()
	run("INSERT INTO timeline (lead_id, at, kind, from_stage, to_stage, actor_type, cycle) VALUES ($1, $2, 'triggered', 'nurturing', 'qualified', 'system', 1)", lead, base)
	run(`INSERT INTO assignments (id, key, lead_id, cycle, n, rep_id, state, reason, offered_at, due_at, decided_at) VALUES ($1::uuid, $1::uuid || '', $2, 1, 1, $3, $4, $5, $6, $7, $8)`,
		id, lead, o.rep, o.state, o.reason, at(o.offered), at(o.due), at(o.decided))
	run("INSERT INTO assignment_terms (assignment_id, band, seen_at) VALUES ($1, $2, $3)", id, o.band, at(o.seen))
	if o.delivered > 0 {
		run(`INSERT INTO deliveries (id, key, lane, channel, kind, state, lead_id, assignment_id, sent_at)
			VALUES (gen_random_uuid(), gen_random_uuid()::text, 'alert', 'mail', 'offer', 'sent', $1, $2, $3)`, lead, id, at(o.delivered))
	}
	for _, by := range o.late {
		when := base.Add(time.Hour)
		run(`INSERT INTO timeline (lead_id, at, kind, actor_type, why, cycle, assignment_id, data) VALUES ($1, $2, 'passed', 'system', 'accept_due', 1, $3,
			jsonb_build_object('due_at', $4::timestamptz, 'late_by', 'so much'))`, lead, when, id, when.Add(-time.Duration(by)*time.Second))
	}
	if o.touched > 0 {
		run("INSERT INTO notes (id, lead_id, at, rep_id, text) VALUES (gen_random_uuid(), $1, $2, $3, 'called')", lead, at(o.touched), o.rep)
	}
}

func TestSLAReport_tellsTheHouseFromItsPeople(t *testing.T) {
	s, ctx := floor(t), t.Context()
	ann, bob := newRep(t, s, "ann", nil), newRep(t, s, "bob", nil)
	base := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for _, o := range []anOffer{
		{state: "accepted", band: "hot", rep: ann, offered: 2, delivered: 3, seen: 63, decided: 123, due: 3600, touched: 223},
		{state: "rejected", band: "hot", rep: ann, offered: 4, delivered: 7, seen: 107, decided: 207, due: 100, late: []int{70, 3600}}, // late
		{state: "missed", band: "warm", rep: bob, offered: 6, delivered: 7, decided: 5000, due: 3600},                                  // never seen
		{state: "missed", reason: "first_touch_final", band: "warm", rep: bob, offered: 1, delivered: 2, decided: 9, due: 10},          // accepted in time
		{state: "withdrawn", band: "warm", rep: bob, offered: 1, decided: 50, due: 3600},
		{state: "accepted", band: "cold", rep: bob, offered: 1, decided: 1}, // a claim: it had no deadline
	} {
		o.put(t, s, base)
	}
	foldAll(t, s)
	f := record.SLAFilter{From: base.Add(-time.Hour), To: base.Add(time.Hour), By: "rep"}
	r, err := s.SLAReport(ctx, f)
	require.NoError(t, err)
	require.Equal(t, record.SLACounts{Offers: 5, Met: 2, Breached: 2, Withdrawn: 1, TouchMet: 1}, r.Total.SLACounts)
	require.Len(t, r.Items, 2)
	byName := map[string]record.SLALine{}
	for _, l := range r.Items {
		byName[l.Name] = l
	}
	a := byName["ann"]
	require.Equal(t, record.SLACounts{Offers: 2, Met: 1, Breached: 1, TouchMet: 1}, a.SLACounts)
	p := func(x record.Percentiles) [4]float64 {
		require.NotNil(t, x.P50)
		return [4]float64{float64(x.Count), *x.P50, *x.P90, *x.P99}
	}
	require.InDeltaSlice(t, []float64{2, 3, 3.8, 3.98}, sliced(p(a.System.CrossedToOffered)), 1e-6)
	require.InDeltaSlice(t, []float64{2, 2, 2.8, 2.98}, sliced(p(a.System.OfferedToDelivered)), 1e-6)
	require.InDeltaSlice(t, []float64{2, 80, 96, 99.6}, sliced(p(a.Human.DeliveredToSeen)), 1e-6)
	require.InDeltaSlice(t, []float64{2, 80, 96, 99.6}, sliced(p(a.Human.SeenToDecided)), 1e-6)
	require.InDeltaSlice(t, []float64{2, 160, 192, 199.2}, sliced(p(a.Human.DeliveredToDecided)), 1e-6)
	require.InDeltaSlice(t, []float64{1, 100, 100, 100}, sliced(p(a.Human.AcceptedToTouched)), 1e-6)
	require.InDeltaSlice(t, []float64{1, 3600, 3600, 3600}, sliced(p(a.System.DueToTold)), 1e-6)
	require.Zero(t, byName["bob"].System.DueToTold.Count, "all of theirs were on time")
	require.Nil(t, byName["bob"].Human.DeliveredToSeen.P50, "nobody looked")
	require.Equal(t, record.SLACounts{Offers: 3, Met: 1, Breached: 1, Withdrawn: 1}, byName["bob"].SLACounts)

	require.InDelta(t, 0.5, *r.Total.Attainment.Rate, 1e-9)
	opensSLA(t, s, f, r)

	f.By, f.RepID = "band", bob
	r, err = s.SLAReport(ctx, f)
	require.NoError(t, err)
	require.Len(t, r.Items, 1)
	require.Equal(t, [2]any{"warm", 3}, [2]any{r.Items[0].Key, r.Items[0].Offers})
	for _, by := range record.SLABy {
		f.By = by
		r, err = s.SLAReport(ctx, f)
		require.NoError(t, err)
		require.NotEmpty(t, r.Items, by)
		opensSLA(t, s, f, r)
	}
	f.RepID, f.Band = "", "hot"
	r, err = s.SLAReport(ctx, f)
	require.NoError(t, err)
	require.Equal(t, 2, r.Total.Offers)
	f.Band = ""
	f.To, f.From = f.From, f.From.Add(-time.Hour)
	r, err = s.SLAReport(ctx, f)
	require.NoError(t, err)
	require.Zero(t, r.Total.Offers)
	require.Empty(t, r.Items)
}

// opensSLA opens every figure of the report into the offers it counts.
func opensSLA(t *testing.T, s *Store, f record.SLAFilter, r record.SLAReport) {
	t.Helper()
	opened := 0
	for _, l := range r.Items {
		for figure, want := range map[string]int{
			"offers": l.Offers, "met": l.Met, "breached": l.Breached, "running": l.Running, "withdrawn": l.Withdrawn, "touch_met": l.TouchMet, "touch_breached": l.TouchBreached,
			"crossed_to_offered": l.System.CrossedToOffered.Count, "offered_to_delivered": l.System.OfferedToDelivered.Count, "crossed_to_delivered": l.System.CrossedToDelivered.Count,
			"due_to_told": l.System.DueToTold.Count, "delivered_to_seen": l.Human.DeliveredToSeen.Count, "seen_to_decided": l.Human.SeenToDecided.Count,
			"delivered_to_decided": l.Human.DeliveredToDecided.Count, "accepted_to_touched": l.Human.AcceptedToTouched.Count,
		} {
			page, err := s.OffersMade(t.Context(), f.Offers(), record.Opened{Figure: figure, Key: l.Key, Due: true}, "", 100)
			require.NoError(t, err)
			require.Len(t, page.Items, want, "%s %s", f.By, figure)
			opened += want
		}
	}
	require.Positive(t, opened)
}

func sliced(a [4]float64) []float64 { return a[:] }

// Who looks again later has seen it the first time, and what is decided is not seen after.
func TestSeeOffers_theFirstTimeCounts(t *testing.T) {
	s, ctx := floor(t), t.Context()
	newRep(t, s, "rep", nil)
	o := offer(t, s, inStage(t, s, lifecycle.StageQualified, 1)[0], 1).Offer
	require.NoError(t, s.SeeOffers(ctx, []string{o.Assignment, newID()}, "inbox"))
	first := one[time.Time](t, s, "SELECT seen_at FROM assignment_terms WHERE assignment_id = $1", o.Assignment)
	require.NoError(t, s.SeeOffers(ctx, []string{o.Assignment}, "link"))
	require.Equal(t, first, one[time.Time](t, s, "SELECT seen_at FROM assignment_terms WHERE assignment_id = $1", o.Assignment))
	require.Equal(t, "inbox", one[string](t, s, "SELECT seen_by FROM assignment_terms WHERE assignment_id = $1", o.Assignment))
	require.NoError(t, s.SeeOffers(ctx, nil, "link"))
}
