package store

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// LEADFLOW_TEST_PREVIEW=1000000 previews that many leads of six events each, kills who counts in between, and says how fast it was. Each
// fifth lead attended four webinars within the last weeks.
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
	began := time.Now()
	_, err = s.PreviewModel(t.Context())
	require.NoError(t, err)
	took := time.Since(began)
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
	t.Logf("%d leads, %d events: %s, %.0f leads a second", n, 6*n, took.Round(time.Millisecond), float64(n)/took.Seconds())
}
