package store

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// movedTo writes that a lead entered a stage so many seconds after its creation.
func movedTo(t *testing.T, s *Store, lead string, cycle, after int, from, to string, data string) {
	t.Helper()
	exec(t, s, `INSERT INTO timeline (lead_id, at, kind, from_stage, to_stage, actor_type, cycle, of_run, data)
		SELECT id, created_at + make_interval(secs => $2), 'x', $3, $4, 'system', $5, true, $6::jsonb FROM leads WHERE id = $1`, lead, after, from, to, cycle, data)
}

func foldAll(t *testing.T, s *Store) (leads int) {
	t.Helper()
	for {
		n, err := s.FoldJourneys(t.Context())
		require.NoError(t, err)
		leads += n
		if one[bool](t, s, "SELECT done = seen AND done = (SELECT coalesce(max(id), 0) FROM timeline) FROM journeys_folded") {
			return leads
		}
	}
}

func checked(t *testing.T, s *Store, mend bool) (record.JourneysChecked, []record.JourneyDifference) {
	t.Helper()
	var found []record.JourneyDifference
	out, err := s.CheckJourneys(t.Context(), mend, func(d record.JourneyDifference) { found = append(found, d) }, func(int, int) {})
	require.NoError(t, err)
	return out, found
}

func TestJourneysTellWhoCameHowFar(t *testing.T) {
	s := floor(t)
	ann := newRep(t, s, "ann", nil)
	lead := capture(t, s, record.Capture{Email: "ada@example.com", SourceCode: "web", Source: record.Source{Channel: "web", Campaign: "spring"}}).LeadID
	movedTo(t, s, lead, 1, 10, "captured", "nurturing", "{}")
	movedTo(t, s, lead, 1, 30, "nurturing", "qualified", "{}")
	movedTo(t, s, lead, 1, 40, "qualified", "handoff", "{}")
	movedTo(t, s, lead, 1, 50, "handoff", "working", `{"decision_id": "d1"}`)
	movedTo(t, s, lead, 1, 55, "working", "handoff", `{"undoes": "d1"}`)
	movedTo(t, s, lead, 1, 70, "handoff", "working", `{"decision_id": "d2"}`)
	movedTo(t, s, lead, 1, 90, "working", "won", "{}")
	offer := newID()
	exec(t, s, `INSERT INTO assignments (id, key, lead_id, cycle, n, rep_id, state, offered_at, decided_at, model_version)
		VALUES ($1::uuid, $1::uuid || '', $2, 1, 1, $3, 'accepted', now(), now(), 3)`, offer, lead, ann)
	exec(t, s, `INSERT INTO assignment_terms (assignment_id, band) VALUES ($1, 'hot')`, offer)
	exec(t, s, `INSERT INTO outcomes (lead_id, cycle, kind, at, amount, currency) VALUES ($1, 1, 'won', now(), 12500.5, 'EUR')`, lead)
	foldAll(t, s)
	require.Equal(t, 2, one[int](t, s, `SELECT count(*)::int FROM journeys WHERE lead_id = $1 AND cycles = 1 AND stage = 'won' AND source_code = 'web' AND campaign = 'spring'
		AND band = 'hot' AND model_version = 3 AND rep_id = $2 AND cents = 1250050 AND currency = 'EUR'
		AND mql_at - began_at = '30 s' AND accepted_at - began_at = '70 s' AND opportunity_at IS NULL AND won_at - began_at = '90 s'
		AND in_nurturing = 20e6 AND in_handoff = 30e6 AND in_working = 20e6 AND in_dormant IS NULL`, lead, ann), "the acceptance that was undone never was")
	out, found := checked(t, s, false)
	require.Empty(t, found)
	require.Equal(t, record.JourneysChecked{Leads: 1}, out)
}

// Numbers of lines are given in one order and committed in another: what commits late is folded as well.
func TestJourneysOverlookNobodyWhoCommitsLate(t *testing.T) {
	s := floor(t)
	leads := inStage(t, s, lifecycle.StageNurturing, 2)
	foldAll(t, s)
	late, err := s.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = late.Rollback(t.Context()) }()
	_, err = late.Exec(t.Context(), `INSERT INTO timeline (lead_id, at, kind, from_stage, to_stage, actor_type, cycle) VALUES ($1, now(), 'x', 'nurturing', 'qualified', 'system', 1)`, leads[0])
	require.NoError(t, err)
	movedTo(t, s, leads[1], 1, 5, "nurturing", "qualified", "{}") // has a greater number, and is there before
	for range 3 {
		_, err = s.FoldJourneys(t.Context())
		require.NoError(t, err)
	}
	out, _ := checked(t, s, false)
	require.Equal(t, 1, out.Waiting)
	require.NoError(t, late.Commit(t.Context()))
	foldAll(t, s)
	require.Equal(t, 2, one[int](t, s, "SELECT count(*)::int FROM journeys WHERE cycle = 0 AND mql_at IS NOT NULL"))
	out, found := checked(t, s, false)
	require.Empty(t, found)
	require.Zero(t, out.Waiting)
}

func TestJourneysAreWhatTheTimelineSaysAfterAnything(t *testing.T) {
	s := floor(t)
	leads := inStage(t, s, lifecycle.StageNurturing, 40)
	stages := []string{"nurturing", "qualified", "handoff", "working", "opportunity", "won", "lost", "dormant"}
	draw := rand.New(rand.NewPCG(7, 11))
	for round := range 4 {
		for _, lead := range leads {
			for range 1 + draw.IntN(4) {
				movedTo(t, s, lead, 1+draw.IntN(1+round), draw.IntN(100_000), stages[draw.IntN(8)], stages[draw.IntN(8)], "{}")
			}
			if draw.IntN(4) == 0 { // an attempt is lost, and decided anew
				exec(t, s, "DELETE FROM timeline WHERE id = (SELECT max(id) FROM timeline WHERE lead_id = $1)", lead)
				movedTo(t, s, lead, 1, draw.IntN(100_000), "nurturing", stages[draw.IntN(8)], "{}")
			}
		}
		foldAll(t, s)
		_, found := checked(t, s, false)
		require.Empty(t, found)
	}
	require.Greater(t, one[int](t, s, "SELECT count(*)::int FROM journeys WHERE cycle > 1"), 20)

	exec(t, s, "UPDATE journeys SET won_at = now() WHERE lead_id = $1 AND cycle = 0", leads[0])
	exec(t, s, "DELETE FROM journeys WHERE lead_id = $1 AND cycle = 1", leads[1])
	exec(t, s, "INSERT INTO journeys (lead_id, cycle, began_at, stage, stage_at, cycles, source_code) VALUES ($1, 99, now(), 'won', now(), 1, 'web')", leads[2])
	out, found := checked(t, s, true)
	require.ElementsMatch(t, []record.JourneyDifference{{LeadID: leads[0], Cycle: 0, What: "stale"}, {LeadID: leads[1], Cycle: 1, What: "missing"}, {LeadID: leads[2], Cycle: 99, What: "left_over"}}, found)
	require.Equal(t, 3, out.Mended)
	_, found = checked(t, s, false)
	require.Empty(t, found)
}

func TestTheJourneyOfWhoIsErasedStaysAsItWas(t *testing.T) {
	s := floor(t)
	lead := capture(t, s, record.Capture{Email: "ada@example.com", SourceCode: "web", Source: record.Source{Channel: "web", Campaign: "spring"}}).LeadID
	movedTo(t, s, lead, 1, 10, "captured", "qualified", "{}")
	foldAll(t, s)
	require.NoError(t, s.EraseLead(t.Context(), lead, lifecycle.System))
	foldAll(t, s)
	require.Equal(t, "spring qualified", one[string](t, s, "SELECT campaign || ' ' || stage FROM journeys WHERE cycle = 0 AND mql_at IS NOT NULL"))
	_, found := checked(t, s, false)
	require.Empty(t, found)
}

// Two that became one are counted once, and as two again when that is undone.
func TestJourneysOfWhoWasMergedAreOneLeads(t *testing.T) {
	s := floor(t)
	old := capture(t, s, record.Capture{Email: "old@example.com"}).LeadID
	ada := capture(t, s, record.Capture{Email: "ada@example.com"}).LeadID
	foldAll(t, s)
	of := func(lead string) int {
		foldAll(t, s)
		_, found := checked(t, s, false)
		require.Empty(t, found)
		return one[int](t, s, "SELECT count(*)::int FROM journeys WHERE lead_id = $1", lead)
	}
	require.Equal(t, 2, of(old))
	_, err := s.Merge(t.Context(), record.Merge{LeadID: old, Into: ada, Actor: lifecycle.System})
	require.NoError(t, err)
	require.Equal(t, []int{0, 2}, []int{of(old), of(ada)})
	_, err = s.Unmerge(t.Context(), old, lifecycle.System)
	require.NoError(t, err)
	require.Equal(t, []int{2, 2}, []int{of(old), of(ada)})
}
