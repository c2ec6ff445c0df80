package store

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/funnel"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// somePast gives leads lives of one and more cycles, and folds them.
func somePast(t *testing.T, s *Store, leads int) {
	t.Helper()
	draw := rand.New(rand.NewPCG(3, 5))
	exec(t, s, `UPDATE leads SET created_at = created_at - interval '50 days'`)
	for i, lead := range inStage(t, s, lifecycle.StageNurturing, leads) {
		exec(t, s, `UPDATE leads SET source_code = $2, source = jsonb_build_object('campaign', $3::text), created_at = now() - make_interval(days => $4, secs => 7) WHERE id = $1`,
			lead, []string{"web", "ads"}[i%2], []string{"", "spring"}[i%2], 20+draw.IntN(40))
		for cycle, at := 1, 0; cycle <= 1+draw.IntN(2); cycle++ {
			from := "dormant"
			for _, stage := range []string{"nurturing", "qualified", "handoff", "working", "opportunity", "won"} {
				if draw.IntN(4) == 0 {
					break
				}
				at += 1 + draw.IntN(100_000)
				movedTo(t, s, lead, cycle, at, from, stage, "{}")
				from = stage
			}
			at++
			movedTo(t, s, lead, cycle, at, from, []string{"dormant", "lost", "won", "nurturing"}[draw.IntN(4)], "{}")
		}
	}
	foldAll(t, s)
}

// Reports count what the definitions in domain/funnel say of the same facts.
func TestFunnelReport_isWhatTheFactsSay(t *testing.T) {
	s := floor(t)
	somePast(t, s, 120)
	f := record.FunnelFilter{From: time.Now().Add(-40 * 24 * time.Hour), To: time.Now().Add(-5 * 24 * time.Hour)}
	for _, per := range []string{"cycle", "lead"} {
		for _, by := range append([]string{""}, record.FunnelBy...) {
			f.By, f.Per = by, per
			got, err := s.FunnelReport(t.Context(), f)
			require.NoError(t, err)
			facts, keys := journeyFacts(t, s, f)
			require.Equal(t, wantedSteps(facts, nil), toldSteps(got.Total.Steps), by)
			reached, ended := 0, 0
			for _, item := range got.Items {
				require.Equal(t, wantedSteps(facts, func(subject string) bool { return keys[subject] == item.Key }), toldSteps(item.Steps), "%s %s", by, item.Key)
				reached += item.Steps[0].Reached
				ended += item.Endings.Open + item.Endings.Won + item.Endings.Lost + item.Endings.Dormant + item.Endings.Disqualified + item.Endings.Erased
			}
			if by != "" {
				require.NotEmpty(t, got.Items)
				require.Equal(t, got.Total.Steps[0].Reached, reached, "nobody is of two personas here")
				require.Equal(t, reached, ended)
			}
		}
	}
	f.By, f.Per, f.Source = "", "lead", "web"
	web, err := s.FunnelReport(t.Context(), f)
	require.NoError(t, err)
	f.By, f.Source = "source", ""
	all, err := s.FunnelReport(t.Context(), f)
	require.NoError(t, err)
	require.Len(t, all.Items, 2)
	require.Equal(t, all.Items[1].Steps, web.Total.Steps)
	require.Less(t, web.Total.Steps[0].Reached, all.Total.Steps[0].Reached)
}

type toldStep struct {
	name     string
	reached  int
	share    float64
	n        int
	p50, p90 float64
}

func toldSteps(steps []record.FunnelStep) (out []toldStep) {
	for i, s := range steps {
		x := toldStep{name: s.Step, reached: s.Reached, share: 1, n: s.Took.Count}
		if i > 0 && s.Conversion.Rate != nil {
			x.share = *s.Conversion.Rate
		} else if i > 0 {
			x.share = 0
		}
		if s.Took.P50 != nil {
			x.p50, x.p90 = *s.Took.P50, *s.Took.P90
		}
		out = append(out, roundedStep(x))
	}
	return out
}

func roundedStep(x toldStep) toldStep {
	third := func(v float64) float64 { return float64(int64(v*1000+0.5)) / 1000 }
	x.share, x.p50, x.p90 = third(x.share), third(x.p50), third(x.p90)
	return x
}

func wantedSteps(facts []funnel.Fact, of func(string) bool) (out []toldStep) {
	var some []funnel.Fact
	for _, f := range facts {
		if of == nil || of(f.Subject) {
			some = append(some, f)
		}
	}
	for _, s := range funnel.Count(funnel.Steps, some) {
		out = append(out, roundedStep(toldStep{s.Name, s.Reached, s.Conversion, s.Took.N, s.Took.Median.Seconds(), s.Took.P90.Seconds()}))
	}
	return out
}

// journeyFacts reads journeys as dated facts, and what each is counted under.
func journeyFacts(t *testing.T, s *Store, f record.FunnelFilter) (facts []funnel.Fact, keys map[string]string) {
	t.Helper()
	keys = map[string]string{}
	var leads []string
	rows, _ := s.pool.Query(t.Context(), "SELECT DISTINCT lead_id::text FROM journeys")
	for rows.Next() {
		var lead string
		require.NoError(t, rows.Scan(&lead))
		leads = append(leads, lead)
	}
	stored, err := storedJourneys(t.Context(), s.pool, leads)
	require.NoError(t, err)
	for _, j := range stored {
		began := j.Reached[funnel.Captured]
		if (j.Cycle == 0) != (f.Per == "lead") || began.Before(f.From) || !began.Before(f.To) {
			continue
		}
		subject := j.LeadID + "/" + string(rune('0'+j.Cycle))
		began = began.UTC()
		keys[subject] = map[string]string{
			"week": began.AddDate(0, 0, -(int(began.Weekday())+6)%7).Format(time.DateOnly), "month": began.Format("2006-01"),
			"source": j.SourceCode, "campaign": j.Campaign, "cycle": string(rune('0' + j.Cycle)),
		}[f.By]
		for step, at := range j.Reached {
			facts = append(facts, funnel.Fact{Subject: subject, Step: step, At: at})
		}
	}
	return facts, keys
}
