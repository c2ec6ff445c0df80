package replay

import (
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/funnel"
)

// counts reads rows of a text and a number.
func (b *bank) counts(sql string, args ...any) map[string]int {
	b.t.Helper()
	rows, err := b.db.Query(b.t.Context(), sql, args...)
	require.NoError(b.t, err)
	out := map[string]int{}
	var name string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&name, &n}, func() error { out[name] = n; return nil })
	require.NoError(b.t, err)
	return out
}

func (b *bank) texts(sql string, args ...any) []string {
	b.t.Helper()
	rows, err := b.db.Query(b.t.Context(), sql, args...)
	require.NoError(b.t, err)
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(b.t, err)
	return out
}

// requireStages: every lead is where its case is, once those that never qualified have gone stale.
func (b *bank) requireStages(source string) {
	b.t.Helper()
	want := map[string]int{}
	for _, stage := range b.hand.ended {
		want[stage]++
	}
	var got map[string]int
	for limit := time.Now().Add(5 * time.Minute); ; <-time.After(200 * time.Millisecond) {
		got = b.counts("SELECT stage, count(*) FROM leads WHERE external_id LIKE $1 || ':%' GROUP BY stage", source)
		if got["captured"]+got["nurturing"] == 0 || time.Now().After(limit) {
			break
		}
	}
	require.Equal(b.t, want, got, "leads by stage")
	b.t.Logf("stages: %v", got)
	for _, row := range b.texts("SELECT split_part(external_id, ':', 2) || ' ' || stage FROM leads WHERE external_id LIKE $1 || ':%'", source) {
		id, stage, _ := strings.Cut(row, " ")
		require.Equal(b.t, b.hand.ended[id], stage, "case %s", id)
	}
	if every(b.t) == 1 { // what is published; one case is cancelled before it is preaccepted, and ends stale
		require.Equal(b.t, []int{2246, 7635 + 1, 2807 - 1, 399}, []int{
			got["won"], got["disqualified"], got["lost"] + got["dormant"], got["handoff"] + got["working"] + got["opportunity"],
		})
	}
}

// requireFunnel: counted by the events' own time, steps and durations are those of the log, whenever the events came.
func (b *bank) requireFunnel(source string) {
	b.t.Helper()
	told, err := b.store.EventFacts(b.t.Context(), "activity", Milestones)
	require.NoError(b.t, err)
	told = slices.DeleteFunc(told, b.of(source, ""))
	got, want := funnel.Count(Milestones, told), funnel.Count(Milestones, facts(b.cases))
	for i, step := range got {
		require.Equal(b.t, b.hand.count(step.Name), step.Reached, step.Name)
		require.InDelta(b.t, want[i].Conversion, step.Conversion, 1e-9, step.Name)
		require.Equal(b.t, want[i].Took.N, step.Took.N, step.Name)
		for _, d := range [][2]time.Duration{{want[i].Took.Median, step.Took.Median}, {want[i].Took.P90, step.Took.P90}} {
			require.InDelta(b.t, d[0].Seconds(), (Compression * d[1]).Seconds(), 2e-5, "%s: seconds, to what microseconds leave of them", step.Name)
		}
		b.t.Logf("%-14s %5d  %5.1f %%  median %v  p90 %v", step.Name, step.Reached, 100*step.Conversion,
			(Compression * step.Took.Median).Round(time.Second), (Compression * step.Took.P90).Round(time.Second))
	}

	steps := []string{"captured", "qualified", "working", "opportunity", "won"}
	if source != "bpic" {
		steps = steps[:2] // shuffled, nobody decides
	}
	var entered, reached []int
	for i := range steps {
		entered = append(entered, b.hand.count(Milestones[i]))
	}
	for limit := time.Now().Add(2 * time.Minute); ; <-time.After(200 * time.Millisecond) { // runs are told after the answer
		stages, err := b.store.StageFacts(b.t.Context())
		require.NoError(b.t, err)
		reached = nil
		for _, step := range funnel.Count(steps, slices.DeleteFunc(stages, b.of(source, "/1"))) {
			reached = append(reached, step.Reached)
		}
		if slices.Equal(entered, reached) || time.Now().After(limit) {
			break
		}
	}
	require.Equal(b.t, entered, reached, "leads that entered %v", steps)
}

// of finds the facts that are not of a source.
func (b *bank) of(source, cycle string) func(funnel.Fact) bool {
	mine := map[string]bool{}
	for _, id := range b.texts("SELECT id::text FROM leads WHERE external_id LIKE $1 || ':%'", source) {
		mine[id+cycle] = true
	}
	return func(f funnel.Fact) bool { return !mine[f.Subject] }
}

const (
	sqlEvents = `SELECT concat_ws(' ', split_part(external_id, ':', 2), client_id, type, extract(epoch FROM occurred_at), properties)
FROM events e JOIN leads l ON l.id = e.lead_id WHERE external_id LIKE $1 || ':%' ORDER BY 1`
	sqlAccumulators = `SELECT concat_ws(' ', split_part(external_id, ':', 2), model_version, accumulators)
FROM scores s JOIN leads l ON l.id = s.lead_id WHERE external_id LIKE $1 || ':%' ORDER BY 1`
)

// requireSame: what is stored of the events of two sources and folded of them is the same.
func (b *bank) requireSame(one, other string) {
	b.t.Helper()
	events := b.texts(sqlEvents, one)
	require.Len(b.t, events, b.hand.lines)
	require.Equal(b.t, events, b.texts(sqlEvents, other), "events")
	require.Equal(b.t, b.texts(sqlAccumulators, one), b.texts(sqlAccumulators, other), "accumulators")

	moment := time.Now()
	scores := b.scores(one, moment)
	require.Equal(b.t, scores, b.scores(other, moment), "scores at one moment")
	distinct := map[float64]bool{}
	for _, s := range scores {
		distinct[s[0]] = true
	}
	require.Greater(b.t, len(distinct), min(10, len(b.cases)/4), "the scores tell cases apart")
}

// scores are those of the leads of a source at a moment, each explained from all its events.
func (b *bank) scores(source string, at time.Time) map[string][3]float64 {
	b.t.Helper()
	out := map[string][3]float64{}
	for _, row := range b.texts("SELECT split_part(external_id, ':', 2) || ' ' || id FROM leads WHERE external_id LIKE $1 || ':%'", source) {
		name, id, _ := strings.Cut(row, " ")
		s, err := b.store.ExplainScore(b.t.Context(), id, at, 0)
		require.NoError(b.t, err)
		out[name] = [3]float64{float64(s.Score), s.Fit, s.Engagement}
	}
	return out
}
