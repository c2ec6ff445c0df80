package store

import (
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/routing"
	"github.com/leadflow-dev/leadflow/postgres/pgtest"
)

// What a decision about who gets a lead costs here and in Postgres, asked by so many at once: a weighted pool of ten, leads with a
// score and some events, and one mail.
func BenchmarkDecisions(b *testing.B) {
	for _, clients := range []int{1, 16} {
		b.Run(fmt.Sprint(clients, " clients"), func(b *testing.B) {
			s := New(testPool(b), Options{SuppressionKey: testKey})
			leads := benchLeads(b, s, b.N)
			server := serverOf(b, s)
			ours, theirs := processor(b), server()
			var next atomic.Int64
			var all sync.WaitGroup
			errs := make([]error, clients)
			b.ResetTimer()
			for i := range clients {
				all.Go(func() {
					for n := int(next.Add(1)) - 1; n < b.N && errs[i] == nil; n = int(next.Add(1)) - 1 {
						var got record.Granted
						if got, errs[i] = s.Offer(b.Context(), command(leads[n], lifecycle.CommandOffer, "offer/1")); errs[i] == nil && got.Offer == nil {
							errs[i] = fmt.Errorf("nobody was found: %s", got.Code)
						}
					}
				})
			}
			all.Wait()
			b.StopTimer()
			for _, err := range errs {
				require.NoError(b, err)
			}
			b.ReportMetric(float64((processor(b)-ours).Microseconds())/float64(b.N), "cpu-µs/op")
			b.ReportMetric(float64((server()-theirs).Microseconds())/float64(b.N), "postgres-µs/op")
			var turns int
			require.NoError(b, s.pool.QueryRow(b.Context(), "SELECT turns FROM routing_pools WHERE name = 'p'").Scan(&turns))
			require.Equal(b, b.N, turns)
		})
	}
}

func benchLeads(b *testing.B, s *Store, n int) []string {
	b.Helper()
	ctx := b.Context()
	m, err := s.CreateModel(ctx, record.Model{Source: testModel, Document: json.RawMessage(testModel)})
	require.NoError(b, err)
	_, err = s.PublishModel(ctx, m.Version)
	require.NoError(b, err)
	_, err = s.CreatePolicy(ctx, record.Policy{Name: "default", Active: true, Document: json.RawMessage(testPolicy), Source: testPolicy})
	require.NoError(b, err)
	var reps []string
	for i := range 10 {
		weight := 1 + i%4
		r, err := s.CreateRep(ctx, record.Rep{Name: fmt.Sprint("rep ", i), Email: fmt.Sprintf("rep%d@sales.example", i), TimeZone: "UTC", Active: true, Weight: &weight})
		require.NoError(b, err)
		reps = append(reps, r.ID)
	}
	raw, err := json.Marshal(routing.Document{
		Name: "bench", Rules: []routing.Rule{{ID: "all", Pool: "p"}}, Pools: map[string]routing.Pool{"p": {Strategy: routing.Weighted, Reps: reps}},
	})
	require.NoError(b, err)
	r, err := s.CreateRoute(ctx, record.Route{Source: "bench", Document: raw})
	require.NoError(b, err)
	_, err = s.PublishRoute(ctx, r.Version)
	require.NoError(b, err)
	rows, _ := s.pool.Query(ctx, `INSERT INTO leads (id, email, stage) SELECT id, id || '@' || left(id::text, 8) || '.example', 'qualified'
		FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, $1)) AS made RETURNING id::text`, n)
	leads, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(b, err)
	var events []record.Event
	for _, lead := range leads {
		events = append(events, record.Event{LeadID: lead, Type: "form_submit"}, record.Event{LeadID: lead, Type: "webinar_attendance"}, record.Event{LeadID: lead, Type: "form_submit"})
		if len(events) >= 300 {
			require.NoError(b, takeAll(ctx, s, events))
			events = events[:0]
		}
	}
	require.NoError(b, takeAll(ctx, s, events))
	_, err = s.pool.Exec(ctx, "VACUUM (ANALYZE)")
	require.NoError(b, err)
	return leads
}

func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// serverOf tells the processor time of the Postgres that a store is on, with all that it started.
func serverOf(b *testing.B, s *Store) func() time.Duration {
	b.Helper()
	var dir string
	require.NoError(b, s.pool.QueryRow(b.Context(), "SHOW data_directory").Scan(&dir))
	return pgtest.Processor(b, dir)
}
