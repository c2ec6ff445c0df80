package store

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/routing"
)

// What one process keeps of the office another one changes: the next decision goes by it.
func TestADecisionGoesByTheOfficeAsItIs(t *testing.T) {
	s := floor(t)
	other := New(s.pool, Options{SuppressionKey: testKey})
	ctx := t.Context()
	rep := record.Rep{Name: "rep", Email: "rep@sales.example", TimeZone: "UTC", Active: true}
	rep, err := s.CreateRep(ctx, rep)
	require.NoError(t, err)
	business := one[string](t, s, "SELECT id FROM calendars WHERE name = 'business'")
	always := calendar.Spec{Name: "always", TimeZone: "UTC", Weekly: map[string][]calendar.Hours{}}
	for _, day := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		always.Weekly[day] = []calendar.Hours{{From: "00:00", To: "24:00"}}
	}
	made, err := s.CreateCalendar(ctx, record.Calendar{Name: "always", Spec: always})
	require.NoError(t, err)
	team := newTeam(t, s, record.Team{Name: "team"})
	next := func() *lifecycle.Offer {
		return offer(t, s, inStage(t, s, lifecycle.StageQualified, 1)[0], 1).Offer
	}
	within := func() time.Duration {
		o := next()
		return o.DueAt.Sub(o.At)
	}
	update := func(change func(r *record.Rep)) {
		change(&rep)
		_, err := other.UpdateRep(ctx, rep)
		require.NoError(t, err)
	}
	require.NotNil(t, next())

	update(func(r *record.Rep) { r.Active = false })
	require.Nil(t, next(), "sent home")
	update(func(r *record.Rep) { r.Active = true })
	require.NotNil(t, next())
	away, err := other.AddAbsence(ctx, record.Absence{RepID: rep.ID, From: time.Now().Add(-time.Hour), Until: time.Now().Add(time.Hour), Kind: "vacation"})
	require.NoError(t, err)
	require.Nil(t, next(), "absent")
	require.NoError(t, other.RemoveAbsence(ctx, rep.ID, away.ID))
	require.NotNil(t, next())

	update(func(r *record.Rep) { r.TeamID, r.CalendarID = &team, &made.ID })
	hour := within()
	require.Equal(t, team, next().Team)
	always.Weekly = map[string][]calendar.Hours{"mon": {{From: "09:00", To: "09:01"}}}
	_, err = other.UpdateCalendar(ctx, record.Calendar{ID: made.ID, Name: "always", Spec: always})
	require.NoError(t, err)
	require.Greater(t, within(), hour, "a minute a week")
	update(func(r *record.Rep) { r.CalendarID = nil })
	_, err = other.UpdateTeam(ctx, record.Team{ID: team, Name: "team", CalendarID: &made.ID})
	require.NoError(t, err)
	require.Greater(t, within(), 7*24*time.Hour, "the team's")
	_, err = other.UpdateTeam(ctx, record.Team{ID: team, Name: "team", CalendarID: &business})
	require.NoError(t, err)
	require.Less(t, within(), 7*24*time.Hour)

	document := `{"name": "quick", "calendar": "nowhere", "sla": {"accept": {"within": "1m", "reassign_after": "1m", "max_offers": 3}}}`
	_, err = other.CreatePolicy(ctx, record.Policy{Name: "quick", Active: true, Source: document, Document: json.RawMessage(document)})
	require.NoError(t, err)
	update(func(r *record.Rep) { r.TeamID = nil })
	require.Equal(t, time.Minute, within(), "another policy")

	version := publishedRoute(t, other, onePool(routing.Pool{Strategy: routing.RoundRobin, Tags: []string{"nobody has it"}}))
	require.Nil(t, next(), "another document")
	_, err = other.RetireRoute(ctx, version)
	require.NoError(t, err)
	hooks := func() int { return one[int](t, s, "SELECT count(*) FROM deliveries WHERE lane = 'webhook'") }
	require.NotNil(t, next())
	require.Zero(t, hooks())
	_, err = other.CreateWebhook(ctx, record.Webhook{URL: "https://example.com/in", Secret: "x", Active: true})
	require.NoError(t, err)
	require.NotNil(t, next())
	require.Equal(t, 1, hooks())
}

// A change that is not committed is nobody's yet, and one that is taken back never was.
func TestTheOfficeHasAnotherRevisionAfterEachTransaction(t *testing.T) {
	s := floor(t)
	newRep(t, s, "a", nil)
	newRep(t, s, "b", nil)
	revision := func() string { return one[string](t, s, "SELECT revision::text FROM office") }
	before := revision()
	tx, err := s.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "UPDATE reps SET weight = 7")
	require.NoError(t, err)
	require.Equal(t, before, revision())
	require.NoError(t, tx.Rollback(t.Context()))
	require.Equal(t, before, revision())
	exec(t, s, "UPDATE reps SET weight = 7")
	after := revision()
	require.NotEqual(t, before, after)
	exec(t, s, "UPDATE reps SET weight = 8")
	require.NotEqual(t, after, revision())
	_, err = s.AddCalendarDays(t.Context(), one[string](t, s, "SELECT id FROM calendars"), "x", []record.CalendarDay{{Exception: calendar.Exception{Kind: calendar.KindHoliday, Date: "2030-01-01"}}})
	require.NoError(t, err)
	require.NotEqual(t, after, revision(), "days of a calendar")
}

// The owner of an account has a capacity and the pool behind them counts nothing: who owns is asked for before the
// pool is locked, and their own lock comes after it. Nobody is given more than they may have, and the ledger answers the same.
func TestOwnersOfAccountsAtOnce_keepTheirCapacity(t *testing.T) {
	s := floor(t)
	few := 9
	owner, other := newRep(t, s, "owner", func(r *record.Rep) { r.Capacity = &few }), newRep(t, s, "other", nil)
	publishedRoute(t, s, routing.Document{
		Name: "x", Rules: []routing.Rule{{ID: "rest", Pool: "rest"}},
		Pools: map[string]routing.Pool{"rest": {Strategy: routing.RoundRobin, Reps: []string{other}}},
	})
	working := inStage(t, s, lifecycle.StageWorking, 1)[0]
	exec(t, s, "UPDATE leads SET owner = $1, email = 'ada@acme.example' WHERE id = $2", owner, working)
	leads := inStage(t, s, lifecycle.StageQualified, 60)
	exec(t, s, "UPDATE leads SET email = id || '@acme.example' WHERE id = ANY($1) AND hashtext(id::text) % 3 <> 0", leads)
	exec(t, s, "UPDATE leads SET email = 'x@' || id || '.example' WHERE id = ANY($1) AND email NOT LIKE '%acme.example'", leads) // of no company twice
	asked := one[int](t, s, "SELECT count(*) FROM leads WHERE email LIKE '%@acme.example' AND stage = 'qualified'")
	together(t, len(leads), func(i int) error {
		out, err := s.Offer(t.Context(), command(leads[i], lifecycle.CommandOffer, "offer/1"))
		if err == nil && out.Offer == nil {
			err = fmt.Errorf("no offer: %s", out.Code)
		}
		return err
	})
	require.Equal(t, few-1, one[int](t, s, "SELECT count(*) FROM assignments WHERE rep_id = $1", owner), "with the one at work")
	require.Equal(t, asked, one[int](t, s, "SELECT count(*) FROM routings WHERE candidates -> 0 ->> 'pool' = '@account'"))
	require.Equal(t, one[int](t, s, "SELECT count(*) FROM routings WHERE pool = 'rest'"), one[int](t, s, "SELECT turns FROM routing_pools WHERE name = 'rest'"))
	looked, differ, err := s.RoutingReplayed(t.Context(), 100)
	require.NoError(t, err)
	require.Equal(t, 60, looked)
	require.Empty(t, differ)
}
