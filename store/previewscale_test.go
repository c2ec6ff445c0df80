package store

import (
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// heapAtMost samples the heap until it is asked what was the most.
func heapAtMost() (most func() uint64) {
	stop, told := make(chan struct{}), make(chan uint64)
	go func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		var m runtime.MemStats
		for peak := uint64(0); ; {
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapInuse)
			select {
			case <-tick.C:
			case <-stop:
				told <- peak >> 20
				return
			}
		}
	}()
	return func() uint64 {
		close(stop)
		return <-told
	}
}

// LEADFLOW_TEST_PREVIEW=1000000 previews that many leads of six events each, kills who counts in between, and says how fast it was and what memory
// it took; then all of them are decisions of a backtest. Three of sixteen leads attended four webinars within the last weeks.
func TestAPreviewOfManyLeads(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("LEADFLOW_TEST_PREVIEW"))
	if err != nil {
		t.Skip("heavy: LEADFLOW_TEST_PREVIEW says how many leads")
	}
	s := house(t)
	published := version(t, s, ruled(5, 20, "300d"))
	exec(t, s, `INSERT INTO leads (id, email, stage) SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(g), 12, '0'))::uuid, 'p' || g || '@example.com', 'nurturing'
		FROM generate_series(1, $1) g`, n)
	exec(t, s, `INSERT INTO events (id, lead_id, client_id, type, occurred_at, received_at)
		SELECT gen_random_uuid(), l.id, 'c' || k || l.id, CASE WHEN right(l.id::text, 1) IN ('0', '5', 'a') AND k <= 4 THEN 'webinar_attendance' WHEN k <= 4 THEN 'page_view' ELSE 'form_submit' END,
			now() - k * interval '2 days', now() - k * interval '2 days' FROM leads l CROSS JOIN generate_series(1, 6) k`)
	exec(t, s, `INSERT INTO scores (lead_id, model_version, accumulators, score, fit, engagement, band, grade, evaluated_at)
		SELECT id, $1, $2, 0, 0, 0, 'cold', 'D', now() FROM leads`, 1, scoring.Accumulators{Newest: 1}.Stored()) // that another model folded long ago
	exec(t, s, "ANALYZE")
	next := draft(t, s, ruled(10, 30, "200d"))
	before := one[string](t, s, "SELECT md5(string_agg(xmin::text, ',' ORDER BY lead_id)) FROM scores")
	begunPreview(t, s, next)
	dead := claimedPreview(t, s)
	_, err = dead.piece(t.Context())
	require.NoError(t, err)
	exec(t, s, "UPDATE model_previews SET claimed_until = now() WHERE state = 'running'")
	runtime.GC()
	began, heap := time.Now(), heapAtMost()
	_, err = s.PreviewModel(t.Context())
	require.NoError(t, err)
	took, most := time.Since(began), heap()
	p, err := s.ModelPreview(t.Context(), next)
	require.NoError(t, err)
	webinars := one[int](t, s, "SELECT count(*) FROM leads WHERE right(id::text, 1) IN ('0', '5', 'a')")
	r := p.Result
	require.Equal(t, []any{"done", n, published}, []any{p.State, r.Leads, p.Against})
	require.Equal(t, webinars, r.BecomeMQL, "4 x 30 and 2 x 10, hardly decayed")
	played := 0
	for _, w := range r.Weeks {
		played += w.Version
	}
	require.Equal(t, webinars, played)
	require.Equal(t, before, one[string](t, s, "SELECT md5(string_agg(xmin::text, ',' ORDER BY lead_id)) FROM scores"))
	t.Logf("preview: %d leads, %d events: %s, %.0f leads a second, heap at most %d MB", n, 6*n, took.Round(time.Millisecond), float64(n)/took.Seconds(), most)
	require.Less(t, most, uint64(200), "it does not grow with the house")
	backtestOfMany(t, s, next, n, webinars)
}

// backtestOfMany makes a decision of every lead: a third of those with webinars were won, and a twentieth of the others; each tenth was offered to somebody.
func backtestOfMany(t *testing.T, s *Store, version, n, webinars int) {
	rep := newRep(t, s, "ann", nil)
	exec(t, s, "UPDATE leads SET created_at = now() - interval '40 days'")
	exec(t, s, `INSERT INTO journeys (lead_id, cycle, began_at, mql_at, won_at, stage, stage_at, cycles, source_code)
		SELECT id, 1, created_at, now() - interval '1 day', CASE WHEN won THEN now() END, CASE WHEN won THEN 'won' ELSE 'lost' END, now(), 1, 'other'
		FROM (SELECT id, created_at, CASE WHEN right(id::text, 1) IN ('0', '5', 'a') THEN n % 3 = 0 ELSE n % 20 = 0 END AS won
			FROM (SELECT id, created_at, row_number() OVER (ORDER BY id) AS n FROM leads) AS l) AS l`)
	exec(t, s, `INSERT INTO assignments (id, key, lead_id, cycle, n, rep_id, state, offered_at, decided_at, explanation)
		SELECT gen_random_uuid(), id || '/1/offer/1', id, 1, 1, $1, 'accepted', now() - interval '20 hours', now() - interval '19 hours', jsonb_build_object('at', now() - interval '20 hours')
		FROM leads WHERE right(email, 13) LIKE '0@%'`, rep)
	exec(t, s, "ANALYZE journeys, assignments, leads")
	runtime.GC()
	began, heap := time.Now(), heapAtMost()
	got := performance(t, s, record.BacktestFilter{Model: version, MatureDays: 90})
	took, most := time.Since(began), heap()
	require.Equal(t, []int{n, n}, []int{got.Decisions, got.Used})
	require.Len(t, got.Models, 2)
	require.InDelta(t, float64(webinars)/3+float64(n-webinars)/20, float64(got.Won), float64(n)/50)
	require.Greater(t, got.Models[0].AUC.Low, 0.6)
	t.Logf("backtest: %d decisions under 2 models: %s, %.0f a second, heap at most %d MB; AUC %.3f (%.3f to %.3f)", n, took.Round(time.Millisecond), float64(n)/took.Seconds(), most,
		got.Models[0].AUC.Value, got.Models[0].AUC.Low, got.Models[0].AUC.High)
	require.Less(t, most, uint64(200), "it keeps counts only")
}
