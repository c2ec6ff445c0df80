package worker_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/postgres/pgtest"
)

// What a deadline costs beside Temporal: its reminder in the ledger, and the projection with a line of the timeline.
func BenchmarkDeadline(b *testing.B) {
	s, ctx := openHouse(b, pgtest.New(b, seeded)), b.Context()
	_, err := s.CreateRep(ctx, record.Rep{Name: "Ann", Email: "ann@sales.example", TimeZone: "UTC", Active: true})
	require.NoError(b, err)
	var offers []lifecycle.Offer
	var leads []string
	for i := range 50 {
		var id string
		require.NoError(b, s.Pool().QueryRow(ctx, "INSERT INTO leads (id, email, stage) VALUES (gen_random_uuid(), $1, 'qualified') RETURNING id::text", fmt.Sprintf("%d@person.example", i)).Scan(&id))
		got, err := s.Offer(ctx, lifecycle.Command{ID: id + "/1/offer/1", Kind: lifecycle.CommandOffer, Cycle: 1, N: 1, At: time.Now().UTC()})
		require.NoError(b, err)
		require.NotNil(b, got.Offer)
		offers, leads = append(offers, *got.Offer), append(leads, id)
	}
	server := serverOf(b, s)
	for _, part := range []string{"alert", "projection"} {
		b.Run(part, func(b *testing.B) {
			salt := time.Now().UnixNano()
			ours, theirs := processor(b), server()
			b.ResetTimer()
			for n := range b.N {
				o, lead, now := offers[n%50], leads[n%50], time.Now().UTC()
				clock := lifecycle.Clock{Kind: lifecycle.ClockAccept, Level: lifecycle.LevelRemind, N: n, Was: now}
				if part == "alert" {
					require.NoError(b, s.Alert(ctx, lifecycle.Command{ID: fmt.Sprintf("%s/1/sla/%d/remind%d", lead, salt, n), Kind: lifecycle.CommandAlert, Cycle: 1, At: now, Clock: clock, Rep: o.Rep, Assignment: o.Assignment}))
					continue
				}
				_, err := s.RecordStage(ctx, lifecycle.Carried{
					Lead: lifecycle.Lead{
						ID: lead, Cycle: 1, Version: salt + int64(n), Stage: lifecycle.StageHandoff, Owner: o.Rep, Assignment: o.Assignment, Made: 1, Asked: 1,
						SLA: lifecycle.SLAClock{DueAt: o.DueAt, State: lifecycle.SLARunning}, Clocks: o.Clocks,
					},
					Entries: []lifecycle.Entry{{At: now, Kind: lifecycle.Passed, Actor: lifecycle.System, Why: "accept_remind", Cycle: 1, Assignment: o.Assignment, Due: now}},
				})
				require.NoError(b, err)
			}
			b.ReportMetric(float64((processor(b)-ours).Microseconds())/float64(b.N), "cpu-µs/op")
			b.ReportMetric(float64((server()-theirs).Microseconds())/float64(b.N), "postgres-µs/op")
		})
	}
}
