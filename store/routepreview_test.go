package store

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/routing"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// A dry run counts who would go to somebody else than by the document of today, nobody included, lead by lead as it lists them.
func TestPreviewRoute_countsWhatIsOtherwise(t *testing.T) {
	s := floor(t)
	ann, bob, cyd := newRep(t, s, "ann", nil), newRep(t, s, "bob", nil), newRep(t, s, "cyd", nil)
	gone := newRep(t, s, "gone", func(r *record.Rep) { r.Active = false })
	from := func(country string) []scoring.Condition {
		return []scoring.Condition{{Field: "country", Equals: country}}
	}
	today := routing.Document{
		Name: "today", Account: routing.Account{Owner: routing.OwnerNone},
		Rules: []routing.Rule{{ID: "de", When: from("DE"), Rep: ann}, {ID: "fr", When: from("FR"), Pool: "turns"}, {ID: "rest", Rep: bob}},
		Pools: map[string]routing.Pool{"turns": {Strategy: routing.RoundRobin, Reps: []string{ann, bob, cyd}}},
	}
	draft := today
	draft.Rules = []routing.Rule{
		{ID: "de", When: from("DE"), Rep: cyd}, {ID: "fr", When: from("FR"), Pool: "turns"}, {ID: "xx", When: from("XX"), Rep: gone}, {ID: "rest", Rep: bob},
	}
	leads := map[string][]string{}
	for country, n := range map[string]int{"DE": 3, "FR": 5, "XX": 2, "US": 4} {
		leads[country] = inStage(t, s, lifecycle.StageQualified, n)
		exec(t, s, "UPDATE leads SET profile = jsonb_build_object('country', $2::text) WHERE id = ANY($1::uuid[])", leads[country], country)
	}
	publishedRoute(t, s, today)
	require.Equal(t, ann, offer(t, s, leads["DE"][0], 1).Offer.Rep)
	const written = "SELECT (SELECT count(*) FROM routings) + (SELECT count(*) FROM routing_pools) + (SELECT count(*) FROM assignments) + (SELECT count(*) FROM deliveries)"
	before := one[int](t, s, written)

	p, err := s.PreviewRoute(t.Context(), draft, 100)
	require.NoError(t, err)
	require.Equal(t, []int{14, 3 + 2, 2}, []int{p.Leads, p.Changed, p.Nobody})
	changed := map[string]int{}
	for _, row := range p.Items {
		if (row.Would == nil) != (row.Today == nil) || row.Would != nil && *row.Would != *row.Today {
			changed[row.Rule]++
		}
		if row.LeadID == leads["DE"][0] {
			require.Equal(t, ann, *row.Had)
		} else {
			require.Nil(t, row.Had)
		}
	}
	require.Equal(t, map[string]int{"de": 3, "xx": 2}, changed, "whose turn it is does not change by rules that do not ask the pool")
	shares := map[string][3]int{}
	for _, r := range p.Reps {
		shares[r.Name] = [3]int{r.Would, r.Today, r.Had}
	}
	sum := func(i int) (n int) {
		for _, share := range shares {
			n += share[i]
		}
		return n
	}
	require.Equal(t, []int{12, 14, 1}, []int{sum(0), sum(1), sum(2)})
	require.Equal(t, []int{3, -3, -2}, []int{shares["cyd"][0] - shares["cyd"][1], shares["ann"][0] - shares["ann"][1], shares["bob"][0] - shares["bob"][1]})

	p, err = s.PreviewRoute(t.Context(), today, 100)
	require.NoError(t, err)
	require.Zero(t, p.Changed, "the document of today is no change")
	p, err = s.PreviewRoute(t.Context(), draft, 1)
	require.NoError(t, err)
	require.Len(t, p.Items, 1)
	require.Equal(t, before, one[int](t, s, written), "nothing is written")
}
