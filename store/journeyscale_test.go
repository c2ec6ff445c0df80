package store

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func TestScaleOfReports(t *testing.T) {
	if os.Getenv("SCALE") == "" {
		t.Skip()
	}
	s := floor(t)
	exec(t, s, `ALTER TABLE journeys DISABLE TRIGGER ALL`)
	exec(t, s, `SET session_replication_role = replica`)
	exec(t, s, `ALTER TABLE journeys DROP CONSTRAINT journeys_lead_id_fkey`)
	exec(t, s, `INSERT INTO journeys (lead_id, cycle, began_at, mql_at, accepted_at, opportunity_at, won_at, stage, stage_at, cycles, source_code, campaign, band, model_version, in_nurturing, in_qualified)
		SELECT id, c, b, CASE WHEN r < 0.4 THEN b + r * interval '10 days' END, CASE WHEN r < 0.2 THEN b + r * interval '20 days' END, CASE WHEN r < 0.15 THEN b + r * interval '30 days' END,
			CASE WHEN r < 0.1 THEN b + r * interval '60 days' END, CASE WHEN r < 0.1 THEN 'won' WHEN r < 0.5 THEN 'lost' ELSE 'nurturing' END, b, 1,
			(ARRAY['web','ads','event','partner','api','csv','other','referral'])[1 + (n % 8)], 'c' || n % 50, (ARRAY['','cold','warm','hot'])[1 + n % 4], 1 + n % 3, CASE WHEN r < 0.4 THEN (r * 1e12)::bigint END, CASE WHEN r < 0.4 THEN (r * 1e10)::bigint END
		FROM (SELECT gen_random_uuid() AS id, n, random() AS r, now() - random() * interval '360 days' AS b FROM generate_series(1, 1000000) AS n) AS x CROSS JOIN generate_series(0, 1) AS c`)
	exec(t, s, `VACUUM ANALYZE journeys`)
	f := record.FunnelFilter{From: time.Now().Add(-370 * 24 * time.Hour), To: time.Now(), Per: "lead"}
	for _, by := range append([]string{""}, record.FunnelBy...) {
		f.By = by
		began := time.Now()
		r, err := s.FunnelReport(t.Context(), f)
		require.NoError(t, err)
		t.Log(by, time.Since(began), r.Total.Steps[4].Reached, len(r.Items))
	}
	f.From = time.Now().Add(-30 * 24 * time.Hour)
	f.By = "source"
	began := time.Now()
	_, err := s.FunnelReport(t.Context(), f)
	require.NoError(t, err)
	t.Log("30 days", time.Since(began))
}
