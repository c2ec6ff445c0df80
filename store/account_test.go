package store

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/routing"
)

// Leads of one company that qualify in the same moment, before any has an owner, go to one rep; those of a provider of mail, and
// those of companies that nobody is looked for, go in turn.
func TestACompanyThatQualifiesAtOnce_hasOneRep(t *testing.T) {
	s := floor(t)
	var reps []string
	for i := range 5 {
		reps = append(reps, newRep(t, s, fmt.Sprintf("r%d", i), nil))
	}
	doc := routing.Document{
		Name: "x", Rules: []routing.Rule{{ID: "rest", Pool: "rest"}},
		Pools: map[string]routing.Pool{"rest": {Strategy: routing.RoundRobin, Reps: reps}},
	}
	publishedRoute(t, s, doc)
	qualify := func(domain string, n int) (leads []string) {
		leads = inStage(t, s, lifecycle.StageQualified, n)
		exec(t, s, "UPDATE leads SET email = id || '@' || $2 WHERE id = ANY($1::uuid[])", leads, domain)
		together(t, n, func(i int) error {
			out, err := s.Offer(t.Context(), command(leads[i], lifecycle.CommandOffer, "offer/1"))
			if err == nil && out.Offer == nil {
				err = fmt.Errorf("no offer: %s", out.Code)
			}
			return err
		})
		return leads
	}
	of := func(leads []string) int {
		return one[int](t, s, "SELECT count(DISTINCT rep_id) FROM assignments WHERE lead_id = ANY($1::uuid[])", leads)
	}
	acme := qualify("acme.example", 20)
	require.Equal(t, 1, of(acme))
	require.Equal(t, 19, one[int](t, s, "SELECT count(*) FROM routings WHERE lead_id = ANY($1::uuid[]) AND why = 'account_owner'", acme))
	require.Equal(t, 5, of(qualify("gmail.com", 20)), "a provider is nobody's company")
	looked, differ, err := s.RoutingReplayed(t.Context(), 100)
	require.NoError(t, err)
	require.Equal(t, 40, looked)
	require.Empty(t, differ)

	exec(t, s, "UPDATE assignments SET state = 'rejected', reason = 'no_capacity', decided_at = now() WHERE lead_id = ANY($1::uuid[])", acme)
	late := inStage(t, s, lifecycle.StageQualified, 1)
	exec(t, s, "UPDATE leads SET email = 'late@acme.example' WHERE id = $1", late[0])
	require.Equal(t, "round_robin", func() string { offer(t, s, late[0], 1); return why(t, s, late[0]) }(), "what was refused makes nobody the owner")

	exec(t, s, "UPDATE account_decisions SET at = at - interval '2 days'")
	require.NoError(t, s.Sweep(t.Context()))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM account_decisions"))

	doc.Account.Owner = routing.OwnerNone
	publishedRoute(t, s, doc)
	require.Equal(t, 5, of(qualify("other.example", 20)))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM account_decisions"), "what nobody asks is not kept")
}
