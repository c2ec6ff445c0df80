package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// toldAway are the offers whose runs wait to be told that the rep is away.
func toldAway(t *testing.T, s *Store) string {
	t.Helper()
	return one[string](t, s, "SELECT coalesce(string_agg(key, ' ' ORDER BY key), '') FROM outbox, jsonb_object_keys(triggers) AS key WHERE key LIKE 'rep_away:%'")
}

func absent(t *testing.T, s *Store, rep string, from, until time.Duration) record.Absence {
	t.Helper()
	a, err := s.AddAbsence(t.Context(), record.Absence{RepID: rep, From: time.Now().Add(from), Until: time.Now().Add(until), Kind: "vacation"})
	require.NoError(t, err)
	return a
}

// Deactivated: the runs of the open offers hear of it with the answer, once for each offer.
func TestWhoIsDeactivated_losesTheOpenOffers(t *testing.T) {
	s := floor(t)
	rep, err := s.Rep(t.Context(), newRep(t, s, "rep", nil))
	require.NoError(t, err)
	leads := inStage(t, s, lifecycle.StageQualified, 2)
	first, second := offer(t, s, leads[0], 1).Offer.Assignment, offer(t, s, leads[1], 1).Offer.Assignment
	other := newRep(t, s, "other", nil)
	require.Equal(t, other, offer(t, s, inStage(t, s, lifecycle.StageQualified, 1)[0], 1).Offer.Rep)
	exec(t, s, "UPDATE assignments SET state = 'accepted', decided_at = now() WHERE id = $1", second)
	require.Empty(t, toldAway(t, s))
	rep.Active = false
	_, err = s.UpdateRep(t.Context(), rep)
	require.NoError(t, err)
	require.Equal(t, "rep_away:"+first, toldAway(t, s), "what was accepted is theirs")
	exec(t, s, "DELETE FROM outbox")
	told, err := s.Reroute(t.Context())
	require.NoError(t, err)
	require.Zero(t, told, "once")
}

// An absence counts from its beginning: nothing is offered then, and what was is found by who looks every now and then.
func TestWhoIsAway_isOfferedNothingAndLosesWhatWasOffered(t *testing.T) {
	s := floor(t)
	rep := newRep(t, s, "rep", nil)
	lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
	later := absent(t, s, rep, time.Hour, 2*time.Hour)
	assignment := offer(t, s, lead, 1).Offer.Assignment
	told, err := s.Reroute(t.Context())
	require.NoError(t, err)
	require.Zero(t, told, "not yet")
	exec(t, s, "UPDATE absences SET from_at = now() - interval '1 second'")
	told, err = s.Reroute(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, told)
	require.Equal(t, "rep_away:"+assignment, toldAway(t, s))
	waits := inStage(t, s, lifecycle.StageQualified, 1)[0]
	require.Equal(t, record.CodeNoRep, offer(t, s, waits, 1).Code)
	require.Equal(t, "away", one[string](t, s, "SELECT candidates -> 0 ->> 'excluded' FROM routings WHERE rep_id IS NULL"))
	exec(t, s, "DELETE FROM outbox")
	require.NoError(t, s.RemoveAbsence(t.Context(), rep, later.ID))
	require.ErrorIs(t, s.RemoveAbsence(t.Context(), rep, later.ID), record.ErrNotFound)
	require.NotZero(t, one[int](t, s, "SELECT count(*) FROM outbox WHERE lead_id = $1", waits), "the queue hears that somebody is back")
	require.Equal(t, rep, offer(t, s, waits, 2).Offer.Rep)
}

// At every reminder and escalation the offer is looked at again, whatever was told before: nobody who is away is reminded.
func TestAReminderOfAnOfferToWhoIsAway_leadsToAnother(t *testing.T) {
	s := floor(t)
	rep := newRep(t, s, "rep", nil)
	lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
	o := offer(t, s, lead, 1).Offer
	exec(t, s, "UPDATE leads SET stage = 'handoff', owner = $1, assignment_id = $2", rep, o.Assignment)
	absent(t, s, rep, -time.Minute, time.Hour)
	exec(t, s, "DELETE FROM outbox") // it was told, and the word was lost
	mails := one[int](t, s, "SELECT count(*) FROM deliveries")
	for n, level := range []lifecycle.Level{lifecycle.LevelRemind, lifecycle.LevelEscalate} {
		c := command(lead, lifecycle.CommandAlert, fmt.Sprintf("sla/1/%s", level))
		c.Rep, c.Assignment, c.Clock = rep, o.Assignment, lifecycle.Clock{Kind: lifecycle.ClockAccept, Level: level, N: n}
		require.NoError(t, s.Alert(t.Context(), c))
		require.Equal(t, "rep_away:"+o.Assignment, toldAway(t, s))
		exec(t, s, "DELETE FROM outbox")
	}
	require.Equal(t, mails, one[int](t, s, "SELECT count(*) FROM deliveries"))
}

// Sent home while they are being chosen, many times over: whoever is away once that was answered has no open offer of which the run
// is not told.
func TestAbsencesAndOffersAtOnce_leaveNobodyWithAnOfferUntold(t *testing.T) {
	s := floor(t)
	var reps []string
	for i := range 8 {
		reps = append(reps, newRep(t, s, fmt.Sprintf("r%d", i), nil))
	}
	leads := inStage(t, s, lifecycle.StageQualified, 120)
	together(t, 128, func(i int) error {
		if i%16 == 0 && i/16 < 7 {
			_, err := s.AddAbsence(t.Context(), record.Absence{RepID: reps[i/16], From: time.Now().Add(-time.Second), Until: time.Now().Add(time.Hour), Kind: "other"})
			return err
		}
		_, err := s.Offer(t.Context(), command(leads[i-i/16-1], lifecycle.CommandOffer, "offer/1"))
		return err
	})
	require.Zero(t, one[int](t, s, `SELECT count(*) FROM assignments a JOIN absences b USING (rep_id)
		WHERE a.state = 'offered' AND NOT EXISTS (SELECT FROM outbox o WHERE o.lead_id = a.lead_id AND o.triggers ? ('rep_away:' || a.id))`))
	require.Equal(t, one[int](t, s, "SELECT count(*) FROM assignments WHERE away_told"), one[int](t, s, "SELECT count(*) FROM outbox WHERE triggers::text LIKE '%rep_away%'"))
}
