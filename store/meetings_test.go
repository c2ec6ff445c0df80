package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// alertsOf are the alerts of a lead by kind: channel and whom they are for.
func alertsOf(t *testing.T, s *Store, lead, kind string) string {
	t.Helper()
	return one[string](t, s, `SELECT coalesce(string_agg(d.channel || ' ' || coalesce(r.name, '-') || ' ' || (d.payload ->> 'type'), ', ' ORDER BY d.channel), '')
		FROM deliveries d LEFT JOIN reps r ON r.id = d.rep_id WHERE d.lead_id = $1 AND d.kind = $2`, lead, kind)
}

// A meeting that is booked with a lead of somebody's tells them, once, by mail, in their channel and to subscribers.
func TestABookedMeetingIsTold(t *testing.T) {
	s := floor(t)
	ann := newRep(t, s, "ann", nil)
	for _, w := range []record.Webhook{
		{URL: "https://example.com/in", Secret: "x", Active: true},
		{URL: "https://example.com/slack", Format: record.FormatSlack, Active: true},
		{URL: "https://example.com/other", Secret: "x", Kinds: []string{"handoff.offered"}, Active: true},
	} {
		_, err := s.CreateWebhook(t.Context(), w)
		require.NoError(t, err)
	}
	lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
	o := offer(t, s, lead, 1).Offer
	exec(t, s, "UPDATE leads SET stage = 'handoff', owner = $2, assignment_id = $3, sla_due_at = $4 WHERE id = $1", lead, ann, o.Assignment, o.DueAt)
	starts := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Second)
	booked := record.Event{LeadID: lead, Type: "meeting", ClientID: "m1", Properties: map[string]any{"starts_at": starts.Format(time.RFC3339)}}
	ingest(t, s, booked, booked, record.Event{LeadID: lead, Type: "page_view"})
	const all = "mail ann handoff.meeting_booked, slack ann handoff.meeting_booked, webhook ann handoff.meeting_booked"
	require.Equal(t, all, alertsOf(t, s, lead, "meeting"))
	payload := one[map[string]any](t, s, "SELECT payload -> 'data' FROM deliveries WHERE kind = 'meeting' AND channel = 'mail'")
	require.Equal(t, []any{lead, o.Assignment, ann, starts.Format(time.RFC3339), o.DueAt.Format(time.RFC3339Nano)},
		[]any{payload["lead_id"], payload["assignment_id"], payload["rep_id"], payload["starts_at"], payload["due_at"]})
	ingest(t, s, booked, record.Event{LeadID: lead, Type: "meeting", ClientID: "m2"})
	require.Equal(t, all, alertsOf(t, s, lead, "meeting"), "not more than once an hour, whoever books")
	exec(t, s, "UPDATE deliveries SET key = key || '/earlier' WHERE kind = 'meeting'")
	ingest(t, s, record.Event{LeadID: lead, Type: "meeting", ClientID: "m3"})
	require.Equal(t, 6, one[int](t, s, "SELECT count(*) FROM deliveries WHERE kind = 'meeting'"))
}

// Of whom nobody owns the manager hears; of what is long past, and of who is nobody's to work with, nobody does.
func TestWhoHearsOfAMeeting(t *testing.T) {
	s := floor(t)
	boss := newRep(t, s, "boss", nil)
	team := newTeam(t, s, record.Team{Name: "North", ManagerID: &boss})
	for stage, want := range map[lifecycle.Stage]string{
		lifecycle.StageQualified: "mail boss handoff.meeting_booked", lifecycle.StageWorking: "mail ann handoff.meeting_booked",
		lifecycle.StageOpportunity: "mail ann handoff.meeting_booked",
		lifecycle.StageNurturing:   "", lifecycle.StageDormant: "", lifecycle.StageLost: "", lifecycle.StageWon: "", lifecycle.StageDisqualified: "",
	} {
		lead := inStage(t, s, stage, 1)[0]
		exec(t, s, "UPDATE leads SET team_id = $2 WHERE id = $1", lead, team)
		if stage == lifecycle.StageWorking || stage == lifecycle.StageOpportunity {
			ann := one[string](t, s, "SELECT coalesce((SELECT id::text FROM reps WHERE name = 'ann'), '')")
			if ann == "" {
				ann = newRep(t, s, "ann", nil)
			}
			exec(t, s, "UPDATE leads SET owner = $2 WHERE id = $1", lead, ann)
		}
		old := time.Now().Add(-25 * time.Hour)
		ingest(t, s, record.Event{LeadID: lead, Type: "meeting", OccurredAt: old, ClientID: "old"}, record.Event{LeadID: lead, Type: "call", ClientID: "call"})
		require.Empty(t, alertsOf(t, s, lead, "meeting"), stage)
		ingest(t, s, record.Event{LeadID: lead, Type: "meeting", ClientID: "new", Properties: map[string]any{"starts_at": "soon"}})
		require.Equal(t, want, alertsOf(t, s, lead, "meeting"), stage)
	}
}
