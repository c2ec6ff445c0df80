package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// rulesPolicy gives hot leads of the team Europe two hours, a chain of four levels and a first touch that is chased.
const rulesPolicy = `{"name": "rules", "calendar": "business", "sla": {
	"accept": {"within": "4h", "remind_at": [0.5], "escalate_at": 1.5, "reassign_after": "3h", "max_offers": 3},
	"first_touch": {"within": "8h"},
	"idle": {"working": "7d", "opportunity": "14d", "after_manager": "1d", "finally": "dormant"},
	"rules": [{"name": "hot europe", "teams": ["Europe"], "bands": ["hot"],
		"accept": {"within": "2h", "escalate": [{"at": 1, "to": "owner"}, {"at": 1.5, "to": "manager"}, {"at": 2, "to": "rep", "rep": "boss@example.com"}, {"at": 3, "to": "webhook"}], "reassign_after": "5h", "max_offers": 5},
		"first_touch": {"within": "1h", "remind_at": [0.5], "escalate": [{"at": 2, "to": "manager"}], "reassign_after": "2h", "max_reassign": 1, "then": "team_queue"},
		"idle": {"working": "16h", "opportunity": "40h", "business": true, "remind_at": [0.5], "after_manager": "8h", "finally": "dormant"}}]},
	"stale": {"nurturing": "90d"}, "recycle": {"max_cycles": 3, "default": {"path": "recycle", "cool_down": "1d"}}}`

// hotOffer is a house with rules, a team with a manager, a rep and a hot lead that was just offered to them, on Friday at 16:00.
func hotOffer(t *testing.T) (s *Store, c lifecycle.Command, o *lifecycle.Offer) {
	t.Helper()
	s = floor(t)
	p := one[string](t, s, "SELECT id FROM policies WHERE active")
	_, err := s.UpdatePolicy(t.Context(), record.Policy{ID: p, Name: "rules", Active: true, Source: "x", Document: json.RawMessage(rulesPolicy)})
	require.NoError(t, err)
	newRep(t, s, "boss", func(r *record.Rep) { r.Active = true; zero := 0; r.Capacity = &zero })
	manager := newRep(t, s, "manager", func(r *record.Rep) { zero := 0; r.Capacity = &zero })
	team := newTeam(t, s, record.Team{Name: "Europe", ManagerID: &manager})
	newRep(t, s, "ann", func(r *record.Rep) { r.TeamID = &team })
	lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
	_, err = s.pool.Exec(t.Context(), `INSERT INTO scores (lead_id, model_version, accumulators, score, fit, engagement, band, grade, evaluated_at)
		SELECT $1, max(version), '{}', 120, 0, 120, 'hot', 'A', now() FROM models`, lead)
	require.NoError(t, err)
	c = command(lead, lifecycle.CommandOffer, "offer/1")
	c.At = time.Date(2026, 11, 27, 15, 0, 0, 0, time.UTC)
	got, err := s.Offer(t.Context(), c)
	require.NoError(t, err)
	return s, c, got.Offer
}

func clockTimes(clocks []lifecycle.Clock) string {
	var out []string
	for _, k := range clocks {
		line := string(k.Level)
		if k.N > 0 {
			line += fmt.Sprint(k.N)
		}
		out = append(out, line+" "+k.At.UTC().Format("Mon 15:04"))
	}
	return strings.Join(out, ", ")
}

func TestTerms_areByTeamBandAndSource(t *testing.T) {
	s, c, o := hotOffer(t)
	require.Equal(t, "due Mon 09:00, escalate Mon 09:00, escalate1 Mon 10:00, escalate2 Mon 11:00, escalate3 Mon 13:00, reassign5 Mon 14:00", clockTimes(o.Clocks))
	require.Equal(t, "hot europe", one[string](t, s, "SELECT rule FROM assignment_terms WHERE assignment_id = $1", o.Assignment))

	_, err := s.pool.Exec(t.Context(), "UPDATE scores SET band = 'cold'")
	require.NoError(t, err)
	plan := lifecycle.Command{
		ID: leadOf(c) + "/1/plan/work/x", Kind: lifecycle.CommandPlan, At: c.At, Since: c.At, Rep: o.Rep, Team: o.Team, Assignment: o.Assignment, Stage: lifecycle.StageWorking,
		Clocks: []lifecycle.Clock{{Kind: lifecycle.ClockTouch}, {Kind: lifecycle.ClockIdle}},
	}
	clocks, err := s.Plan(t.Context(), plan)
	require.NoError(t, err)
	require.Equal(t, "remind Fri 15:30, owner Fri 16:00, escalate Mon 09:00, reassign Mon 10:00, remind Mon 15:00, owner Tue 15:00, manager Wed 15:00, final Thu 15:00", clockTimes(clocks), "it keeps the terms of its offer, in business time")
	require.Equal(t, [2]string{"team_queue", "dormant"}, [2]string{clocks[3].To, clocks[7].To})

	plan.N, plan.Clocks, plan.Used = 1, plan.Clocks[:1], 30*time.Minute
	clocks, err = s.Plan(t.Context(), plan)
	require.NoError(t, err)
	require.Equal(t, "remind Fri 15:00, owner Fri 15:30, escalate Mon 08:30, final Mon 09:30", clockTimes(clocks), "handed on as often as it may be; half an hour was used")
}

// idlePolicy gives on what nobody works, twice, and ends in the team's queue.
const idlePolicy = `{"name": "idle", "calendar": "business", "sla": {
	"accept": {"within": "4h", "reassign_after": "3h", "max_offers": 3},
	"idle": {"working": "16h", "opportunity": "40h", "business": true, "remind_at": [0.25, 0.5], "after_manager": "8h", "escalate": [{"at": 2, "to": "manager"}],
		"reassign_after": "24h", "max_reassign": 2, "finally": "team_queue"}},
	"stale": {"nurturing": "90d"}, "recycle": {"max_cycles": 3, "default": {"path": "recycle", "cool_down": "1d"}}}`

// The clocks of idleness: by stage, in the time of whoever has the lead, given on so often, and then the end.
func TestTerms_ofIdleness(t *testing.T) {
	s, c, o := hotOffer(t)
	ctx := t.Context()
	p := one[string](t, s, "SELECT id FROM policies WHERE active")
	put := func(document string) {
		_, err := s.UpdatePolicy(ctx, record.Policy{ID: p, Name: "idle", Active: true, Source: "x", Document: json.RawMessage(document)})
		require.NoError(t, err)
	}
	put(idlePolicy)
	planned := func(stage lifecycle.Stage, handed int, rep string, used time.Duration) string {
		clocks, err := s.Plan(ctx, lifecycle.Command{
			ID: leadOf(c) + "/1/plan/work/x", Kind: lifecycle.CommandPlan, At: c.At, Since: c.At, Used: used, Rep: rep, Team: o.Team, Assignment: o.Assignment, Stage: stage,
			N: handed, Clocks: []lifecycle.Clock{{Kind: lifecycle.ClockIdle}},
		})
		require.NoError(t, err)
		last := clocks[len(clocks)-1]
		return clockTimes(clocks) + " " + last.To
	}
	const first = "remind Mon 11:00, remind1 Mon 15:00, owner Tue 15:00, manager Wed 15:00, escalate Thu 15:00, "
	require.Equal(t, first+"reassign Fri 15:00 team_queue", planned(lifecycle.StageWorking, 0, o.Rep, 0))
	require.Equal(t, first+"reassign Fri 15:00 team_queue", planned(lifecycle.StageWorking, 1, o.Rep, 0), "once more")
	require.Equal(t, first+"final Thu 15:00 team_queue", planned(lifecycle.StageWorking, 2, o.Rep, 0), "that is all")
	require.Equal(t, "remind Tue 09:00, remind1 Wed 11:00, owner Fri 15:00, manager Mon 15:00, escalate Fri 15:00, reassign Wed 15:00 team_queue", planned(lifecycle.StageOpportunity, 0, o.Rep, 0))
	require.Equal(t, "remind Fri 15:00, remind1 Mon 11:00, owner Tue 11:00, manager Wed 11:00, escalate Thu 11:00, reassign Fri 11:00 team_queue", planned(lifecycle.StageWorking, 0, o.Rep, 4*time.Hour), "four hours were used")

	mornings := newCalendar(t, s, "mornings", "UTC", "08:00", "12:00")
	bob := newRep(t, s, "bob", func(r *record.Rep) { r.CalendarID = &mornings.ID })
	require.Equal(t, "remind Mon 12:00, remind1 Tue 12:00, owner Thu 12:00, manager Mon 12:00, escalate Wed 12:00, reassign Fri 12:00 team_queue", planned(lifecycle.StageWorking, 0, bob, 0), "who works in the mornings has twice as many days")
	put(strings.Replace(idlePolicy, `"working": "16h"`, `"working": "8h"`, 1))
	require.Contains(t, planned(lifecycle.StageWorking, 0, o.Rep, 0), "owner Mon 15:00", "by the policy as it is now")
}

// A policy without rules gives the clocks it always gave.
func TestTerms_ofAPolicyWithoutRules(t *testing.T) {
	s := floor(t)
	newRep(t, s, "rep", nil)
	c := command(inStage(t, s, lifecycle.StageQualified, 1)[0], lifecycle.CommandOffer, "offer/1")
	c.At = time.Date(2026, 11, 27, 15, 0, 0, 0, time.UTC)
	got, err := s.Offer(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, "remind Mon 09:00, due Mon 11:00, escalate Mon 13:00, reassign Mon 14:00", clockTimes(got.Offer.Clocks))
}

// Each level of the chain goes where it says; who left, or was never there, leaves it with the manager.
func TestEscalations_goUpTheChain(t *testing.T) {
	s, c, o := hotOffer(t)
	ctx := t.Context()
	for _, w := range []string{"https://a.example", "https://b.example"} {
		_, err := s.CreateWebhook(ctx, record.Webhook{URL: w, Secret: "whsec_x", Active: true})
		require.NoError(t, err)
	}
	escalate := func(n int, was time.Time) string {
		a := c
		a.ID, a.Kind, a.Assignment, a.Rep, a.Team = fmt.Sprintf("%s/1/sla/1/escalate%d/%d", leadOf(c), n, was.Unix()), lifecycle.CommandAlert, o.Assignment, o.Rep, o.Team
		a.Clock = lifecycle.Clock{Kind: lifecycle.ClockAccept, Level: lifecycle.LevelEscalate, N: n, Was: was}
		require.NoError(t, s.Alert(ctx, a))
		require.NoError(t, s.Alert(ctx, a), "and once")
		return one[string](t, s, `SELECT coalesce(string_agg(CASE WHEN d.channel = 'mail' THEN r.name ELSE 'hook' END, ' ' ORDER BY d.channel), '')
			|| coalesce(' late by ' || max(d.payload #>> '{data,late_by}'), '') FROM deliveries d LEFT JOIN reps r ON r.id = d.rep_id WHERE d.key LIKE $1 || '/%'`, a.ID)
	}
	require.Equal(t, "ann hook hook", escalate(0, c.At))
	require.Equal(t, "manager hook hook", escalate(1, c.At))
	require.Equal(t, "boss hook hook", escalate(2, c.At))
	require.Equal(t, "hook hook", escalate(3, c.At), "subscribers alone")
	require.Equal(t, "manager hook hook", escalate(9, c.At), "a level the policy has no more")
	require.Equal(t, "ann hook hook late by 1h0m0s", escalate(0, c.At.Add(-time.Hour)), "it says that it is late")
	_, err := s.pool.Exec(ctx, "UPDATE reps SET active = false WHERE name = 'boss'")
	require.NoError(t, err)
	require.Equal(t, "manager hook hook", escalate(2, c.At.Add(-time.Second)))
}

// Whatever the clocks hang on, its change is told to the runs of the leads it concerns, and to no others.
func TestTerms_changesAreTold(t *testing.T) {
	s, c, o := hotOffer(t)
	ctx := t.Context()
	lead := leadOf(c)
	_, err := s.pool.Exec(ctx, "UPDATE leads SET stage = 'handoff', owner = $2 WHERE id = $1", lead, o.Rep)
	require.NoError(t, err)
	other := newCalendar(t, s, "other", "UTC", "08:00", "12:00")
	cal := one[string](t, s, "SELECT id FROM calendars WHERE name = 'business'")
	toldOf := func(change func() error) bool {
		_, err := s.pool.Exec(ctx, "DELETE FROM outbox")
		require.NoError(t, err)
		require.NoError(t, change())
		return one[bool](t, s, "SELECT EXISTS (SELECT FROM outbox WHERE lead_id = $1 AND triggers ? 'terms')", lead)
	}
	day := []record.CalendarDay{holidayOn("2026-11-30")}
	add := func(id string) func() error {
		return func() error { _, err := s.AddCalendarDays(ctx, id, "person", day); return err }
	}
	rep, err := s.Rep(ctx, o.Rep)
	require.NoError(t, err)
	require.True(t, toldOf(add(cal)), "the policy's calendar")
	require.False(t, toldOf(add(cal)), "nothing new")
	require.False(t, toldOf(add(other.ID)), "a calendar it does not run by")
	require.True(t, toldOf(func() error { rep.CalendarID = &other.ID; _, err := s.UpdateRep(ctx, rep); return err }), "the rep has their own by now")
	require.False(t, toldOf(func() error { rep.Name = "Anne"; _, err := s.UpdateRep(ctx, rep); return err }))
	require.True(t, toldOf(func() error { _, err := s.UpdateCalendar(ctx, other); return err }))
	require.False(t, toldOf(func() error {
		_, err := s.UpdateCalendar(ctx, record.Calendar{ID: cal, Name: "business", Spec: other.Spec})
		return err
	}))
	team, err := s.Team(ctx, *rep.TeamID)
	require.NoError(t, err)
	require.True(t, toldOf(func() error { team.CalendarID = &cal; _, err := s.UpdateTeam(ctx, team); return err }))
	require.True(t, toldOf(func() error {
		id := one[string](t, s, "SELECT id FROM policies WHERE active")
		_, err := s.UpdatePolicy(ctx, record.Policy{ID: id, Name: "rules", Active: true, Source: "x", Document: json.RawMessage(testPolicy)})
		return err
	}))
}

// A policy concerns all leads that sales have. They hear of it one after the other, whose clock passes first as the first, and behind whatever
// acts at once; what waits for its turn is not late, and goes with whatever else its run is told.
func TestTerms_ofManyAreToldInTurn(t *testing.T) {
	s := floor(t)
	ctx := t.Context()
	leads := inStage(t, s, lifecycle.StageWorking, 6)
	for i, lead := range leads {
		exec(t, s, "UPDATE leads SET next_at = now() + ($2 % 5) * interval '1 hour' WHERE id = $1", lead, i+3)
	}
	exec(t, s, "UPDATE leads SET next_at = NULL WHERE id = $1", leads[5])
	exec(t, s, "DELETE FROM outbox")
	require.NoError(t, s.tx(ctx, "terms", func(tx pgx.Tx) error { return termsChanged(ctx, tx, sqlClocksOfAll, nil) }))
	require.Equal(t, []string{leads[2], leads[3], leads[4], leads[0], leads[1], leads[5]}, many[string](t, s, "SELECT lead_id::text FROM outbox ORDER BY not_before"))
	require.Equal(t, []float64{10, 10, 10, 10}, many[float64](t, s, "SELECT round(extract(epoch FROM not_before - lag(not_before) OVER (ORDER BY not_before)) * 1000)::float8 FROM outbox ORDER BY not_before OFFSET 2"))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM outbox WHERE created_at <> not_before"))

	exec(t, s, "UPDATE outbox SET not_before = not_before + interval '1 hour', created_at = created_at + interval '1 hour' WHERE lead_id <> $1", leads[2])
	claim := func() (ids []string) {
		rows, err := s.ClaimOutbox(ctx, 10, time.Hour)
		require.NoError(t, err)
		for _, r := range rows {
			ids = append(ids, r.LeadID)
		}
		return ids
	}
	require.Equal(t, []string{leads[2]}, claim(), "the others have their turn later")
	waits, err := s.Backlog(ctx)
	require.NoError(t, err)
	require.Less(t, waits.OutboxOldest, time.Minute)
	exec(t, s, "DELETE FROM outbox WHERE lead_id = $1", leads[2])
	waits, err = s.Backlog(ctx)
	require.NoError(t, err)
	require.Zero(t, waits.OutboxOldest, "what has its turn later is not late")

	begins := capture(t, s, record.Capture{Email: "begins@example.com"}).LeadID
	exec(t, s, `UPDATE outbox SET triggers = triggers || '{"terms": 1}' WHERE lead_id = $1`, begins)
	hot := capture(t, s, record.Capture{Email: "hot@example.com"}).LeadID
	ingest(t, s, record.Event{LeadID: hot, Type: "demo_request"})
	moved := inStage(t, s, lifecycle.StageNurturing, 1)[0]
	exec(t, s, "INSERT INTO outbox (lead_id, seq) VALUES ($1, 1)", moved)
	exec(t, s, "UPDATE outbox SET not_before = now() - interval '1 hour' WHERE lead_id = ANY($1)", leads[3:5])
	exec(t, s, "UPDATE outbox SET not_before = now() - interval '2 hours' WHERE lead_id = $1", moved)
	require.Equal(t, []string{hot, begins, leads[3], leads[4], moved}, claim())
	ingest(t, s, record.Event{LeadID: leads[5], Type: "demo_request"})
	require.Equal(t, []string{leads[5]}, claim(), "news make it due")
	require.True(t, one[bool](t, s, "SELECT created_at <= now() FROM outbox WHERE lead_id = $1", leads[5]), "and it is late from then on")
	require.ElementsMatch(t, []string{"terms", "demo_request"}, many[string](t, s, "SELECT jsonb_object_keys(triggers) FROM outbox WHERE lead_id = $1", leads[5]))
}

// A clock took it away from who had accepted it: anybody of the team may take it again.
func TestWhatWasAcceptedAndMissedCanBeTakenAgain(t *testing.T) {
	s, c, o := hotOffer(t)
	ctx := t.Context()
	lead := leadOf(c)
	record := func(version int64, l lifecycle.Lead, entries ...lifecycle.Entry) {
		l.ID, l.Cycle, l.Version = lead, 1, version
		_, err := s.RecordStage(ctx, lifecycle.Carried{Lead: l, Entries: entries})
		require.NoError(t, err)
	}
	record(1000, lifecycle.Lead{Stage: lifecycle.StageWorking, Owner: o.Rep, Assignment: o.Assignment},
		lifecycle.Entry{At: c.At, Kind: lifecycle.Accepted, Assignment: o.Assignment, Outcome: "accepted"})
	require.Equal(t, "accepted", one[string](t, s, "SELECT state FROM assignments WHERE id = $1", o.Assignment))
	record(1001, lifecycle.Lead{Stage: lifecycle.StageQualified},
		lifecycle.Entry{At: c.At, Kind: lifecycle.Checked, Assignment: o.Assignment, Outcome: "missed", Why: "first_touch_final", Due: c.At.Add(-2 * time.Hour)})
	require.Equal(t, "missed", one[string](t, s, "SELECT state FROM assignments WHERE id = $1", o.Assignment))
	require.Equal(t, "2h0m0s", one[string](t, s, "SELECT data ->> 'late_by' FROM timeline WHERE lead_id = $1 AND why = 'first_touch_final'", lead))
	claim := command(lead, lifecycle.CommandClaim, "claim/2/"+o.Rep)
	claim.Rep = o.Rep
	got, err := s.Claim(ctx, claim)
	require.NoError(t, err)
	require.NotNil(t, got.Offer, got.Code)
}

// What lies in the queue of a team is told to its manager, in the time of the team, more seldom each time; what somebody took
// meanwhile is not.
func TestTeamQueue_isToldToTheManager(t *testing.T) {
	s, c, o := hotOffer(t)
	ctx := t.Context()
	p := one[string](t, s, "SELECT id FROM policies WHERE active")
	_, err := s.UpdatePolicy(ctx, record.Policy{ID: p, Name: "rules", Active: true, Source: "x", Document: json.RawMessage(
		strings.Replace(rulesPolicy, `"nurturing": "90d"`, `"nurturing": "90d", "team_queue": "2h"`, 1))})
	require.NoError(t, err)
	lead := leadOf(c)
	clocks, err := s.Plan(ctx, lifecycle.Command{
		ID: lead + "/1/plan/queue/1", Kind: lifecycle.CommandPlan, At: c.At, Since: c.At, Team: o.Team, Clocks: []lifecycle.Clock{{Kind: lifecycle.ClockQueue}},
	})
	require.NoError(t, err)
	require.Equal(t, "manager Mon 09:00, manager1 Mon 11:00, manager2 Mon 15:00, manager3 Tue 15:00", clockTimes(clocks))

	tell := func(n int) string {
		a := c
		a.ID, a.Kind, a.Team, a.Rep, a.Assignment = fmt.Sprintf("%s/1/queue/%d", lead, n), lifecycle.CommandAlert, o.Team, "", ""
		a.Clock = lifecycle.Clock{Kind: lifecycle.ClockQueue, Level: lifecycle.LevelManager, N: n, Was: c.At}
		require.NoError(t, s.Alert(ctx, a))
		require.NoError(t, s.Alert(ctx, a), "and once")
		return one[string](t, s, `SELECT coalesce(string_agg(d.kind || ' ' || d.channel || ' ' || r.name, ', '), '') FROM deliveries d JOIN reps r ON r.id = d.rep_id WHERE d.key LIKE $1 || '/%'`, a.ID)
	}
	_, err = s.pool.Exec(ctx, "UPDATE leads SET stage = 'qualified', owner = NULL, team_id = $2 WHERE id = $1", lead, o.Team)
	require.NoError(t, err)
	require.Equal(t, "queue mail manager", tell(0))
	_, err = s.pool.Exec(ctx, "UPDATE leads SET stage = 'working', owner = $2 WHERE id = $1", lead, o.Rep)
	require.NoError(t, err)
	require.Empty(t, tell(1), "somebody has it by now")
}
