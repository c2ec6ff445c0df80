package replay

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// told is what reports of the API say, as far as the bank's own figures go.
type told struct {
	Total struct {
		Steps []struct {
			Step       string
			Reached    int
			Conversion struct{ Rate *float64 }
			Took       spanTold
		}
		Endings map[string]int
	}
	Spans []struct {
		From, To string
		spanTold
	}
}

// spanTold is how long something took, in seconds.
type spanTold struct {
	Count    int
	P50, P90 *float64
}

// report asks the door for a report of a source, until it tells of so many leads: reports are some seconds behind.
func (b *bank) report(kind, source string, from, to time.Time, leads int) (got told) {
	b.t.Helper()
	query := url.Values{"source": {source}, "from": {from.Format(time.RFC3339)}, "to": {to.Format(time.RFC3339)}}.Encode()
	for limit := time.Now().Add(2 * time.Minute); ; <-time.After(500 * time.Millisecond) {
		var funnel told
		require.NoError(b.t, b.door.Call(b.t.Context(), "GET", "/v1/analytics/funnel?"+query, nil, &funnel))
		if funnel.Total.Steps[0].Reached == leads || time.Now().After(limit) {
			break
		}
	}
	got = told{}
	require.NoError(b.t, b.door.Call(b.t.Context(), "GET", "/v1/analytics/"+kind+"?"+query, nil, &got))
	return got
}

// requireReport: of what was played, in order and then shuffled, the report of the product counts what was counted by hand. Shuffled,
// nobody decides: those leads come to be MQLs, and no further.
func (b *bank) requireReport(source string) {
	b.t.Helper()
	now := time.Now()
	var reached, want []int
	for limit := now.Add(2 * time.Minute); ; <-time.After(500 * time.Millisecond) {
		reached, want = nil, nil
		for i, step := range b.report("funnel", source, now.Add(-24*time.Hour), now.Add(time.Hour), 2*len(b.cases)).Total.Steps {
			n := b.hand.count(Milestones[i])
			if i < 2 {
				n *= 2
			}
			reached, want = append(reached, step.Reached), append(want, n)
		}
		if slices.Equal(reached, want) || time.Now().After(limit) {
			break
		}
	}
	require.Equal(b.t, want, reached, "the report of %s", source)
}

// stageOf is what the product would have told of a line of the log at its moment.
var stageOf = map[string]string{
	Preaccepted: "qualified", Accepted: "working", Sent: "opportunity", Activated: "won", Declined: "disqualified", Cancelled: "lost",
}

// asTheBankDid writes lives as the timeline of a product has them that stood in the bank in 2011: the moves of every case at the bank's
// own moments. Nobody runs them; the worker folds them as it folds all that the timeline tells.
func (b *bank) asTheBankDid(source string, cases []Case) {
	b.t.Helper()
	var leads, moves [][]any
	for _, c := range cases {
		id, began, from := uuid.New(), time.Time{}, "nurturing"
		done := map[string]bool{}
		for _, l := range c.Lines {
			if l.Activity == Submitted && began.IsZero() {
				began = l.At
			}
			if to := stageOf[l.Activity]; to != "" && !done[to] {
				done[to] = true
				moves = append(moves, []any{id, l.At, "moved", from, to, "system", 1})
				from = to
			}
		}
		leads = append(leads, []any{id, source + ":" + c.ID, source, from, began})
	}
	ctx, cancel := context.WithTimeout(b.t.Context(), time.Minute)
	defer cancel()
	_, err := b.db.CopyFrom(ctx, pgx.Identifier{"leads"}, []string{"id", "external_id", "source_code", "stage", "created_at"}, pgx.CopyFromRows(leads))
	require.NoError(b.t, err)
	slices.SortFunc(moves, func(x, y []any) int {
		return cmp.Or(strings.Compare(x[0].(uuid.UUID).String(), y[0].(uuid.UUID).String()), x[1].(time.Time).Compare(y[1].(time.Time)))
	})
	_, err = b.db.CopyFrom(ctx, pgx.Identifier{"timeline"}, []string{"lead_id", "at", "kind", "from_stage", "to_stage", "actor_type", "cycle"}, pgx.CopyFromRows(moves))
	require.NoError(b.t, err)
}

// requireTheBanksFigures: told of all 13,087 cases at the bank's own moments, the reports give the counts and durations that are published.
func (b *bank) requireTheBanksFigures() {
	b.t.Helper()
	const source = "bpic-own"
	cases, err := Read(logFile, 1)
	require.NoError(b.t, err)
	b.asTheBankDid(source, cases)
	from, to := Began.Add(-time.Hour), time.Date(2012, 4, 1, 0, 0, 0, 0, time.UTC)
	var got told
	for limit := time.Now().Add(2 * time.Minute); ; <-time.After(500 * time.Millisecond) {
		if got = b.report("funnel", source, from, to, len(cases)); got.Total.Endings["won"] == 2246 || time.Now().After(limit) {
			break
		}
	}
	var reached []int
	for _, step := range got.Total.Steps {
		reached = append(reached, step.Reached)
	}
	require.Equal(b.t, []int{13087, 7367, 5113, 5015, 2246}, reached)
	require.Equal(b.t, []int{2246, 7635, 2807, 399}, []int{got.Total.Endings["won"], got.Total.Endings["disqualified"], got.Total.Endings["lost"], got.Total.Endings["open"]})

	near := func(hours, within, seconds float64, what string) {
		b.t.Helper()
		require.InDelta(b.t, hours, seconds/3600, within, what)
	}
	steps := got.Total.Steps
	require.Equal(b.t, 43, int(*steps[1].Took.P50), "submitted -> preaccepted, median, published in whole seconds")
	near(9.60, 0.01, *steps[1].Took.P90, "submitted -> preaccepted, p90")
	near(4.12, 0.005, *steps[2].Took.P50, "preaccepted -> accepted")
	near(43.6, 0.05, *steps[2].Took.P90, "preaccepted -> accepted, p90")
	near(0.052, 0.0005, *steps[3].Took.P50, "accepted -> sent")
	near(331.8, 0.05, *steps[4].Took.P50, "sent -> activated")
	near(667, 0.5, *steps[4].Took.P90, "sent -> activated, p90")
	spans := map[string]spanTold{}
	for _, s := range b.report("velocity", source, from, to, len(cases)).Spans {
		spans[s.From+" "+s.To] = s.spanTold
	}
	near(346.5, 0.05, *spans["captured won"].P50, "submitted -> activated")
	near(0.187, 0.0005, *spans["captured disqualified"].P50, "submitted -> declined")
	near(404, 0.5, *spans["captured lost"].P50, "submitted -> cancelled")
	require.Equal(b.t, []int{2246, 7635, 2807}, []int{spans["captured won"].Count, spans["captured disqualified"].Count, spans["captured lost"].Count})
}
