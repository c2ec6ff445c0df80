package store

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// What reports cost Postgres, of so many leads in one period: LEADFLOW_REPORT_LEADS (100,000), of whom a third were offered and a tenth were
// asked and answered. Told are milliseconds of the server's processor for one report, and as the clock has it.
func BenchmarkReports(b *testing.B) {
	leads := 100_000
	if text := os.Getenv("LEADFLOW_REPORT_LEADS"); text != "" {
		var err error
		leads, err = strconv.Atoi(text)
		require.NoError(b, err)
	}
	s := New(testPool(b), Options{SuppressionKey: testKey})
	manyJourneys(b, s, leads)
	now := time.Now()
	f := record.FunnelFilter{From: now.Add(-400 * 24 * time.Hour), To: now, Per: "lead"}
	of := func(by string) record.FunnelFilter { f := f; f.By = by; return f }
	by, web, cycles := of("source"), f, of("cycle")
	web.Source, cycles.Per = "web", "cycle"
	sla := record.SLAFilter{From: f.From, To: f.To, By: "rep"}
	a := record.AnswerFilter{From: f.From, To: f.To, Said: "buyer"}
	told := func(by string) record.AnswerFilter { a := a; a.By = by; return a }
	for _, report := range []struct {
		name string
		run  func() error
	}{
		{"funnel", func() error { _, err := s.FunnelReport(b.Context(), f); return err }},
		{"funnel by source", func() error { _, err := s.FunnelReport(b.Context(), by); return err }},
		{"funnel by persona", func() error { _, err := s.FunnelReport(b.Context(), of("persona")); return err }},
		{"funnel by rep", func() error { _, err := s.FunnelReport(b.Context(), of("rep")); return err }},
		{"funnel of a source", func() error { _, err := s.FunnelReport(b.Context(), web); return err }},
		{"velocity", func() error { _, err := s.VelocityReport(b.Context(), f); return err }},
		{"sources", func() error { _, err := s.SourcesReport(b.Context(), by); return err }},
		{"sla by rep", func() error { _, err := s.SLAReport(b.Context(), sla); return err }},
		{"engagement", func() error { _, err := s.EngagementReport(b.Context(), f); return err }},
		{"engagement by cycle", func() error { _, err := s.EngagementReport(b.Context(), cycles); return err }},
		{"engagement by source", func() error { _, err := s.EngagementReport(b.Context(), by); return err }},
		{"engaged leads", func() error { _, err := s.EngagedLeads(b.Context(), by, "engaged", "web", "", 50); return err }},
		{"won leads", func() error {
			_, err := s.Journeys(b.Context(), by, record.Opened{Figure: "won", Key: "web"}, "", 50)
			return err
		}},
		{"leads of a persona", func() error {
			_, err := s.Journeys(b.Context(), of("persona"), record.Opened{Figure: "rewon", Key: "buyer"}, "", 50)
			return err
		}},
		{"attributed", func() error { _, err := s.Attributed(b.Context(), by, "web", "", 50); return err }},
		{"breached offers", func() error {
			_, err := s.OffersMade(b.Context(), f, record.Opened{Figure: "breached", Due: true}, "", 50)
			return err
		}},
		{"models", func() error { _, err := s.ModelsReport(b.Context(), f); return err }},
		{"answers", func() error { _, err := s.AnswersReport(b.Context(), a); return err }},
		{"answers by theme", func() error { _, err := s.AnswersReport(b.Context(), told("theme")); return err }},
		{"answers by rule", func() error { _, err := s.AnswersReport(b.Context(), told("rule")); return err }},
	} {
		b.Run(report.name, func(b *testing.B) {
			server := serverOf(b, s)
			require.NoError(b, report.run()) // once, so that what is read lies in memory
			began := server()
			for b.Loop() {
				require.NoError(b, report.run())
			}
			b.ReportMetric(float64((server()-began).Milliseconds())/float64(b.N), "server-ms/op")
		})
	}
}

func manyJourneys(b *testing.B, s *Store, leads int) {
	b.Helper()
	for _, sql := range []string{
		`INSERT INTO models (state, source, document, published_at) SELECT 'retired', 'x', '{}', now() FROM generate_series(1, 4)`,
		`INSERT INTO reps (id, name, email) SELECT gen_random_uuid(), 'rep ' || n, 'rep' || n || '@example.com' FROM generate_series(1, 20) AS n`,
		fmt.Sprintf(`INSERT INTO leads (id, email, stage, source_code, created_at) SELECT gen_random_uuid(), 'lead' || n || '@example.com', 'working', (ARRAY['web', 'ads', 'fair', 'partner', 'mail'])[1 + n %% 5],
			now() - random() * interval '390 days' FROM generate_series(1, %d) AS n`, leads),
		`INSERT INTO scores (lead_id, model_version, accumulators, score, fit, engagement, band, grade, evaluated_at, engaged_at)
			SELECT id, 1, convert_to(repeat('x', 200), 'UTF8'), 1, 0, 1, 'cold', 'C', now(), CASE WHEN random() < 0.6 THEN created_at + random() * (now() - created_at) END FROM leads`,
		`INSERT INTO assignments (id, key, lead_id, cycle, n, rep_id, state, offered_at, due_at, decided_at, model_version, explanation)
			SELECT gen_random_uuid(), id::text, id, 1, 1, (SELECT r.id FROM reps r ORDER BY r.id OFFSET abs(hashtext(leads.id::text)) % 20 LIMIT 1), (ARRAY['accepted', 'accepted', 'rejected', 'missed'])[1 + (random() * 3)::int], created_at, created_at + interval '4 hours',
				created_at + random() * interval '5 hours', 1 + (random() * 3)::int, jsonb_build_object('items', repeat('x', 800)) FROM leads WHERE hashtext(id::text) % 3 = 0`,
		`INSERT INTO journeys (lead_id, cycle, began_at, mql_at, accepted_at, opportunity_at, won_at, stage, stage_at, cycles, source_code, band, model_version, in_nurturing, in_handoff, team_id, rep_id, cents, currency, personas, touched_at, touch_sources, engaged_at)
			SELECT l.id, c, l.created_at, a.offered_at, CASE WHEN a.state = 'accepted' THEN a.decided_at END, CASE WHEN a.state = 'accepted' AND hashtext(a.key) % 2 = 0 THEN a.decided_at + interval '2 days' END,
				CASE WHEN a.state = 'accepted' AND hashtext(a.key) % 2 = 0 THEN a.decided_at + interval '9 days' END, CASE WHEN hashtext(l.email) % 3 = 0 THEN 'lost' ELSE l.stage END, l.created_at + interval '30 days', 1, l.source_code,
				CASE WHEN a.id IS NULL THEN '' ELSE 'hot' END, a.model_version, 1e6 * (1000 + abs(hashtext(l.email)) % 1000000), CASE WHEN a.id IS NOT NULL THEN 1e6 * (10 + abs(hashtext(l.email)) % 10000) END, NULL,
				CASE WHEN a.state = 'accepted' THEN a.rep_id END, CASE WHEN a.state = 'accepted' AND hashtext(a.key) % 2 = 0 THEN 125000 END, CASE WHEN a.state = 'accepted' AND hashtext(a.key) % 2 = 0 THEN 'EUR' END,
				(ARRAY['{}', '{buyer}', '{local}', '{buyer,local}'])[1 + abs(hashtext(l.email)) % 4]::text[],
				CASE WHEN a.state = 'accepted' AND hashtext(a.key) % 2 = 0 THEN ARRAY[l.created_at] END, CASE WHEN a.state = 'accepted' AND hashtext(a.key) % 2 = 0 THEN ARRAY[l.source_code] END,
				CASE WHEN s.engaged_at < now() - interval '28 days' THEN s.engaged_at END
			FROM leads l JOIN scores s ON s.lead_id = l.id CROSS JOIN generate_series(0, 1) AS c LEFT JOIN assignments a ON a.lead_id = l.id`,
		`INSERT INTO offer_times (assignment_id, lead_id, offered_at, due_at, decided_at, state, decided, accepted, source_code, campaign, band, model_version, rep_id, crossed_at, delivered_at, seen_at, touched_at, untouched)
			SELECT a.id, a.lead_id, a.offered_at, a.due_at, a.decided_at, a.state, a.state IN ('accepted', 'rejected'), a.state = 'accepted', l.source_code, '', 'hot', a.model_version, a.rep_id,
				a.offered_at - random() * interval '5 seconds', a.offered_at + random() * interval '9 seconds', a.offered_at + random() * interval '2 hours', CASE WHEN a.state = 'accepted' THEN a.decided_at + random() * interval '2 days' END, false
			FROM assignments a JOIN leads l ON l.id = a.lead_id`,
		`INSERT INTO outcomes (lead_id, cycle, kind, at, model_version, rules) SELECT id, 1, 'won', now() - interval '1 day', 1, '[{"rule": "pricing"}, {"rule": "buyer"}, {"rule": "visits"}]' FROM leads WHERE hashtext(id::text) % 10 = 0`,
		`INSERT INTO questions (id, lead_id, kind, cycle, asked_at, answered_at, via, score, answer, content)
			SELECT gen_random_uuid(), lead_id, 'nps', 1, now() - random() * interval '300 days', now(), 'link', (random() * 10)::int,
				(ARRAY['The price was right, and the people were friendly.', 'It was easy to begin with.', 'Nothing to say'])[1 + (random() * 2)::int], '{guide}' FROM outcomes`,
		`VACUUM ANALYZE leads, scores, journeys, assignments, outcomes, questions, offer_times`,
	} {
		_, err := s.pool.Exec(b.Context(), sql)
		require.NoError(b, err, sql)
	}
}
