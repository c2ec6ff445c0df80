package store

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/calendar"
	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/span"
)

const testPolicy = `{"name": "test", "calendar": "business", "sla": {
	"accept": {"within": "4h", "remind_at": [0.5], "escalate_at": 1.5, "reassign_after": "3h", "max_offers": 3},
	"first_touch": {"within": "8h"}}, "stale": {"nurturing": "90d"}, "recycle": {"max_cycles": 3, "default": {"path": "recycle", "cool_down": "1d"}}}`

// floor is a house with rules: a policy and its calendar, weekdays nine to five in Berlin.
func floor(t *testing.T) *Store {
	t.Helper()
	s := house(t)
	_, err := s.CreatePolicy(t.Context(), record.Policy{Name: "test", Active: true, Source: "x", Document: json.RawMessage(testPolicy)})
	require.NoError(t, err)
	newCalendar(t, s, "business", "Europe/Berlin", "09:00", "17:00")
	return s
}

func newCalendar(t *testing.T, s *Store, name, zone, from, to string) record.Calendar {
	t.Helper()
	week := map[string][]calendar.Hours{}
	for _, day := range []string{"mon", "tue", "wed", "thu", "fri"} {
		week[day] = []calendar.Hours{{From: from, To: to}}
	}
	c, err := s.CreateCalendar(t.Context(), record.Calendar{Name: name, Spec: calendar.Spec{Name: name, TimeZone: zone, Weekly: week}})
	require.NoError(t, err)
	return c
}

func newTeam(t *testing.T, s *Store, team record.Team) string {
	t.Helper()
	out, err := s.CreateTeam(t.Context(), team)
	require.NoError(t, err)
	return out.ID
}

// newRep hires an active rep without a limit, unless changed.
func newRep(t *testing.T, s *Store, name string, change func(*record.Rep)) string {
	t.Helper()
	r := record.Rep{Name: name, Email: name + "@example.com", TimeZone: "UTC", Active: true}
	if change != nil {
		change(&r)
	}
	out, err := s.CreateRep(t.Context(), r)
	require.NoError(t, err)
	return out.ID
}

// inStage makes n leads that are in a stage, as their runs would have recorded it.
func inStage(t *testing.T, s *Store, stage lifecycle.Stage, n int) []string {
	t.Helper()
	rows, _ := s.pool.Query(t.Context(), `INSERT INTO leads (id, email, stage)
		SELECT id, id || '@example.com', $2 FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, $1)) AS made RETURNING id`, n, stage)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Len(t, ids, n)
	return ids
}

func command(lead string, kind lifecycle.CommandKind, wish string) lifecycle.Command {
	return lifecycle.Command{ID: lead + "/1/" + wish, Kind: kind, Cycle: 1, N: 1, At: time.Now().UTC().Truncate(time.Microsecond)}
}

func offer(t *testing.T, s *Store, lead string, n int, exclude ...string) record.Granted {
	t.Helper()
	c := command(lead, lifecycle.CommandOffer, fmt.Sprintf("offer/%d", n))
	c.N, c.Exclude = n, exclude
	out, err := s.Offer(t.Context(), c)
	require.NoError(t, err)
	return out
}

// A thousand offers at once over ten reps: fair turns, nobody above capacity, nobody who is away or of another team.
func TestAThousandOffersAtOnceAreFair(t *testing.T) {
	s := floor(t)
	team := newTeam(t, s, record.Team{Name: "inbound"})
	mine := func(r *record.Rep) { r.TeamID = &team }
	capacity := 30
	reps := map[string]int{} // rep -> most
	for i := range 6 {
		reps[newRep(t, s, fmt.Sprintf("r%d", i), mine)] = 1000
	}
	small := newRep(t, s, "small", func(r *record.Rep) { mine(r); r.Capacity = &capacity })
	newRep(t, s, "away", func(r *record.Rep) { mine(r); r.Active = false })
	newRep(t, s, "elsewhere", nil)
	_, err := s.CreateWebhook(t.Context(), record.Webhook{URL: "https://example.com/in", Secret: "x", Active: true})
	require.NoError(t, err)
	leads := inStage(t, s, lifecycle.StageQualified, 1000)
	exec(t, s, "UPDATE leads SET team_id = $1", team)

	var mu sync.Mutex
	got, ids := map[string]int{}, map[string]string{}
	together(t, 1000, func(i int) error {
		out, err := s.Offer(t.Context(), command(leads[i], lifecycle.CommandOffer, "offer/1"))
		if err != nil || out.Offer == nil {
			return fmt.Errorf("no offer: %s: %w", out.Code, err)
		}
		mu.Lock()
		defer mu.Unlock()
		got[out.Offer.Rep]++
		ids[leads[i]] = out.Offer.Assignment
		return nil
	})
	require.Equal(t, capacity, got[small])
	delete(got, small)
	require.Len(t, got, 6)
	for rep, n := range got {
		require.Contains(t, reps, rep)
		require.InDelta(t, 970.0/6, n, 1, "turns are fair")
	}
	require.Equal(t, 1000, one[int](t, s, "SELECT count(*) FROM routings"), "one row of the ledger a command")
	require.Equal(t, 1000, one[int](t, s, "SELECT count(*) FROM assignments WHERE state = 'offered'"))
	require.Equal(t, 1000, one[int](t, s, `SELECT count(*) FROM deliveries d JOIN assignments a ON a.id = d.assignment_id AND a.rep_id = d.rep_id
		WHERE d.lane = 'alert' AND d.channel = 'mail' AND d.kind = 'offer' AND d.at_least_once`))
	require.Equal(t, 1000, one[int](t, s, "SELECT count(*) FROM deliveries WHERE lane = 'webhook'"))

	together(t, 50, func(i int) error { // the same wishes again
		out, err := s.Offer(t.Context(), command(leads[i], lifecycle.CommandOffer, "offer/1"))
		if err == nil && out.Offer.Assignment != ids[leads[i]] {
			err = fmt.Errorf("another offer for the same command")
		}
		return err
	})
	require.Equal(t, 3000, one[int](t, s, "SELECT (SELECT count(*) FROM routings) + (SELECT count(*) FROM deliveries)"))
}

// A rep is sent home, for good or for a while, as they are being chosen: from the answer on nothing is offered to them any more.
func TestWhoIsSentHomeIsOfferedNothingAnyMore(t *testing.T) {
	for name, goes := range map[string]func(s *Store, rep record.Rep) error{
		"for good": func(s *Store, rep record.Rep) error {
			rep.Active = false
			_, err := s.UpdateRep(t.Context(), rep)
			return err
		},
		"for a while": func(s *Store, rep record.Rep) error {
			_, err := s.AddAbsence(t.Context(), record.Absence{RepID: rep.ID, From: time.Now(), Until: time.Now().Add(time.Hour), Kind: "other"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { sentHome(t, goes) })
	}
}

func sentHome(t *testing.T, goes func(s *Store, rep record.Rep) error) {
	s := floor(t)
	rep, err := s.Rep(t.Context(), newRep(t, s, "rep", nil))
	require.NoError(t, err)
	lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
	offers := func() int { return one[int](t, s, "SELECT count(*) FROM assignments") }
	waiting := func(n int) func() bool {
		return func() bool { return one[int](t, s, "SELECT count(*) FROM pg_locks WHERE NOT granted") >= n }
	}
	tx, err := s.pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "LOCK TABLE routings IN EXCLUSIVE MODE") // the candidates are read, the turn is not taken yet
	require.NoError(t, err)
	chosen, home := make(chan error, 1), make(chan int, 1)
	go func() {
		_, err := s.Offer(t.Context(), command(lead, lifecycle.CommandOffer, "offer/1"))
		chosen <- err
	}()
	require.Eventually(t, waiting(1), 10*time.Second, time.Millisecond)
	go func() {
		if err := goes(s, rep); err != nil {
			home <- -1
			return
		}
		var n int
		_ = s.pool.QueryRow(t.Context(), "SELECT count(*) FROM assignments").Scan(&n)
		home <- n
	}()
	require.Eventually(t, func() bool { return len(home) > 0 || waiting(2)() }, 10*time.Second, time.Millisecond)
	require.NoError(t, tx.Rollback(t.Context()))
	require.NoError(t, <-chosen)
	require.Equal(t, <-home, offers())
}

func TestTheSameCommandAtOnceIsOneOffer(t *testing.T) {
	s := floor(t)
	for i := range 3 {
		newRep(t, s, fmt.Sprintf("r%d", i), nil)
	}
	lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
	c := command(lead, lifecycle.CommandOffer, "offer/1")
	var mu sync.Mutex
	offers := map[string]bool{}
	together(t, 20, func(int) error {
		out, err := s.Offer(t.Context(), c)
		mu.Lock()
		defer mu.Unlock()
		raw, _ := json.Marshal(out)
		offers[string(raw)] = true
		return err
	})
	require.Len(t, offers, 1, "and all are told the same")
	require.Equal(t, "1 1 1", one[string](t, s, `SELECT concat_ws(' ', (SELECT count(*) FROM assignments), (SELECT count(*) FROM routings),
		(SELECT count(*) FROM deliveries))`))
}

func TestAnOfferIsWholeOrNotAtAll(t *testing.T) {
	s := floor(t)
	newRep(t, s, "rep", nil)
	lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
	exec(t, s, "ALTER TABLE deliveries ADD CONSTRAINT no_mail_today CHECK (kind <> 'offer')")
	_, err := s.Offer(t.Context(), command(lead, lifecycle.CommandOffer, "offer/1"))
	require.ErrorContains(t, err, "no_mail_today")
	require.Zero(t, one[int](t, s, `SELECT (SELECT count(*) FROM assignments) + (SELECT count(*) FROM routings) + (SELECT count(*) FROM deliveries)
		+ (SELECT max(turn) FROM reps)`), "who cannot be told has no offer, and no turn was taken")
	exec(t, s, "ALTER TABLE deliveries DROP CONSTRAINT no_mail_today")
	require.NotNil(t, offer(t, s, lead, 1).Offer)
}

func TestAnOfferKeepsWhatWasKnown(t *testing.T) {
	s := floor(t)
	rep := newRep(t, s, "rep", nil)
	ada := newLead(t, s, "ada@example.com")
	ingest(t, s, record.Event{LeadID: ada, Type: "webinar_attendance"})
	exec(t, s, "UPDATE leads SET stage = 'qualified'")
	got := offer(t, s, ada, 1)
	require.Equal(t, rep, got.Offer.Rep)
	require.Equal(t, "1 20 webinar", one[string](t, s, "SELECT concat_ws(' ', model_version, score, explanation -> 'items' -> 0 ->> 'rule') FROM assignments"))
	ingest(t, s, record.Event{LeadID: ada, Type: "form_submit"})
	require.Equal(t, 20, one[int](t, s, "SELECT (explanation ->> 'score')::int FROM assignments"), "later analysis does not look ahead")
}

func TestWhoPassedIsNotAskedAgainAndNobodyIsSaid(t *testing.T) {
	s := floor(t)
	a, b := newRep(t, s, "a", nil), newRep(t, s, "b", nil)
	lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
	first := offer(t, s, lead, 1).Offer
	second := offer(t, s, lead, 2, first.Rep).Offer
	require.ElementsMatch(t, []string{a, b}, []string{first.Rep, second.Rep})
	require.Equal(t, "withdrawn", one[string](t, s, "SELECT state FROM assignments WHERE id = $1", first.Assignment), "one offer at a time")
	require.Equal(t, record.Granted{Code: record.CodeNoRep}, offer(t, s, lead, 3, a, b))
	require.Equal(t, "no_rep", one[string](t, s, "SELECT why FROM routings WHERE rep_id IS NULL"))
	require.Equal(t, 2, one[int](t, s, "SELECT count(*) FROM routings, jsonb_array_elements(candidates) c WHERE rep_id IS NULL AND c ->> 'excluded' = 'passed'"))

	require.Equal(t, "too_late", offer(t, s, inStage(t, s, lifecycle.StageWorking, 1)[0], 1).Code, "the lead went on")
	late := command(lead, lifecycle.CommandOffer, "offer/9")
	late.Cycle = 2
	out, err := s.Offer(t.Context(), late)
	require.NoError(t, err)
	require.Equal(t, "too_late", out.Code)
	require.NoError(t, s.EraseLead(t.Context(), lead, sysActor))
	_, err = s.Offer(t.Context(), command(lead, lifecycle.CommandOffer, "offer/4"))
	require.ErrorIs(t, err, record.ErrErased)
	_, err = s.Offer(t.Context(), command(newID(), lifecycle.CommandOffer, "offer/1"))
	require.ErrorIs(t, err, record.ErrNotFound)
}

func TestOfRepsWhoClaimAtOnceOneGetsIt(t *testing.T) {
	s := floor(t)
	team := newTeam(t, s, record.Team{Name: "inbound"})
	var reps []string
	for i := range 12 {
		reps = append(reps, newRep(t, s, fmt.Sprintf("r%d", i), func(r *record.Rep) { r.TeamID = &team }))
	}
	lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
	exec(t, s, "UPDATE leads SET team_id = $1", team)
	claim := func(rep string) lifecycle.Command {
		c := command(lead, lifecycle.CommandClaim, "claim/1/"+rep)
		c.Rep = rep
		return c
	}
	var mu sync.Mutex
	won, lost := map[string]string{}, 0
	together(t, 24, func(i int) error { // each twice
		out, err := s.Claim(t.Context(), claim(reps[i%12]))
		mu.Lock()
		defer mu.Unlock()
		switch {
		case out.Offer != nil:
			won[out.Offer.Rep] = out.Offer.Assignment
		case out.Code == lifecycle.CodeAlreadyDecided:
			lost++
		}
		return err
	})
	require.Len(t, won, 1)
	require.Equal(t, 22, lost)
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM assignments WHERE state = 'accepted'"))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM deliveries"), "who takes a lead need not be told")

	other := inStage(t, s, lifecycle.StageQualified, 1)[0]
	exec(t, s, "UPDATE leads SET team_id = $1 WHERE id = $2", team, other)
	for _, rep := range []string{
		newRep(t, s, "elsewhere", nil), newRep(t, s, "away", func(r *record.Rep) { r.TeamID, r.Active = &team, false }), newID(), "nobody",
	} {
		c := command(other, lifecycle.CommandClaim, "claim/1/"+rep)
		c.Rep = rep
		out, err := s.Claim(t.Context(), c)
		require.NoError(t, err)
		require.Equal(t, record.Granted{Code: lifecycle.CodeUnknownRep}, out)
	}
}

// A lead that was accepted once, and came back to the queue, is anybody's; and nobody counts it as theirs any more. What an attempt granted
// that was lost is still that rep's, and nobody else's.
func TestALeadThatCameBackToTheQueueCanBeTaken(t *testing.T) {
	s, one1 := floor(t), 1
	was := newRep(t, s, "was", func(r *record.Rep) { r.Capacity = &one1 })
	ann, bob := newRep(t, s, "ann", nil), newRep(t, s, "bob", nil)
	leads := inStage(t, s, lifecycle.StageQualified, 2)
	before := newID()
	exec(t, s, `INSERT INTO assignments (id, key, lead_id, cycle, n, rep_id, state, offered_at, decided_at) VALUES ($1, 'before', $2, 1, 1, $3, 'accepted', now(), now())`, before, leads[0], was)
	claim := func(lead string, n int, rep string) record.Granted {
		t.Helper()
		c := command(lead, lifecycle.CommandClaim, fmt.Sprintf("claim/%d/%s", n, rep))
		c.Rep, c.N = rep, n
		out, err := s.Claim(t.Context(), c)
		require.NoError(t, err)
		return out
	}
	require.Equal(t, record.Granted{Code: lifecycle.CodeAlreadyDecided}, claim(leads[0], 2, ann), "its run has not told of it yet")
	require.Equal(t, record.Granted{Code: lifecycle.CodeAtCapacity}, claim(leads[1], 2, was))
	again := claim(leads[0], 2, was)
	require.Equal(t, []string{before, was}, []string{again.Offer.Assignment, again.Offer.Rep}, "what was granted to them stays")

	exec(t, s, `INSERT INTO timeline (lead_id, at, kind, from_stage, to_stage, actor_type, cycle, of_run, assignment_id, version) VALUES ($1, now(), 'accepted', 'handoff', 'working', 'rep', 1, true, $2, 5)`, leads[0], before)
	require.Equal(t, was, claim(leads[1], 3, was).Offer.Rep, "they have it no more")
	taken := claim(leads[0], 3, ann)
	require.Equal(t, ann, taken.Offer.Rep)
	require.Equal(t, record.Granted{Code: lifecycle.CodeAlreadyDecided}, claim(leads[0], 3, bob))
	require.Equal(t, taken, claim(leads[0], 3, ann), "one command, one answer")
	require.Equal(t, taken.Offer.Assignment, claim(leads[0], 4, ann).Offer.Assignment)
}

func TestALeadAtWorkIsAssignedToARepOrATeam(t *testing.T) {
	s := floor(t)
	team := newTeam(t, s, record.Team{Name: "enterprise"})
	newRep(t, s, "a", nil)
	b := newRep(t, s, "b", func(r *record.Rep) { r.TeamID = &team })
	away := newRep(t, s, "away", func(r *record.Rep) { r.Active = false })
	lead := inStage(t, s, lifecycle.StageWorking, 1)[0]
	assign := func(n, rep, team string) record.Granted {
		c := command(lead, lifecycle.CommandAssign, "assign/"+n)
		c.Rep, c.Team = rep, team
		out, err := s.Assign(t.Context(), c)
		require.NoError(t, err)
		return out
	}
	require.Equal(t, b, assign("1", "", team).Offer.Rep)
	require.Equal(t, b, assign("2", b, "").Offer.Rep)
	require.Equal(t, assign("2", b, ""), assign("2", b, ""))
	require.Equal(t, record.Granted{Code: lifecycle.CodeUnknownRep}, assign("3", away, ""))
	require.Equal(t, record.Granted{Code: record.CodeNoRep}, assign("4", "", newTeam(t, s, record.Team{Name: "empty"})))
	require.Equal(t, 2, one[int](t, s, "SELECT count(*) FROM deliveries WHERE kind = 'assigned' AND rep_id = $1", b))
}

func TestDeadlinesAreInBusinessTimeOfTheRepElseTheTeamElseThePolicy(t *testing.T) {
	s := floor(t)
	kolkata := newCalendar(t, s, "kolkata", "Asia/Kolkata", "10:00", "18:00")
	denver := newCalendar(t, s, "denver", "America/Denver", "08:00", "16:00")
	team := newTeam(t, s, record.Team{Name: "west", CalendarID: &denver.ID})
	friday := time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC) // 16:00 in Berlin, 20:30 in Kolkata, 08:00 in Denver
	due := func(change func(*record.Rep)) []string {
		rep := newRep(t, s, "rep"+newID(), change)
		lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
		c := command(lead, lifecycle.CommandOffer, "offer/1")
		c.At = friday
		for _, other := range allReps(t, s) {
			if other != rep {
				c.Exclude = append(c.Exclude, other)
			}
		}
		out, err := s.Offer(t.Context(), c)
		require.NoError(t, err)
		require.Equal(t, rep, out.Offer.Rep)
		var told []string
		for _, k := range out.Offer.Clocks {
			require.Equal(t, lifecycle.ClockAccept, k.Kind)
			told = append(told, string(k.Level)+" "+k.At.Format("Mon 15:04"))
		}
		require.Equal(t, out.Offer.DueAt.Format("Mon 15:04"), one[time.Time](t, s, "SELECT due_at FROM assignments WHERE id = $1", out.Offer.Assignment).UTC().Format("Mon 15:04"))
		return told
	}
	require.Equal(t, []string{"remind Mon 09:00", "due Mon 11:00", "escalate Mon 13:00", "reassign Mon 14:00"}, due(nil), "by the policy: an hour is left on Friday")
	require.Equal(t, []string{"remind Fri 17:00", "due Fri 19:00", "escalate Fri 21:00", "reassign Fri 22:00"},
		due(func(r *record.Rep) { r.TeamID = &team }))
	require.Equal(t, []string{"remind Mon 06:30", "due Mon 08:30", "escalate Mon 10:30", "reassign Mon 11:30"},
		due(func(r *record.Rep) { r.TeamID, r.CalendarID = &team, &kolkata.ID }))
}

// The calendar's last opening is over: the lead is offered all the same, and its clock runs.
func TestACalendarThatRanOutHoldsUpNoOffer(t *testing.T) {
	s := floor(t)
	over, err := s.CreateCalendar(t.Context(), record.Calendar{Name: "fair", Spec: calendar.Spec{
		Name: "fair", TimeZone: "UTC", Openings: []calendar.Opening{{Date: "2020-02-01", From: "09:00", To: "17:00"}},
	}})
	require.NoError(t, err)
	newRep(t, s, "rep", func(r *record.Rep) { r.CalendarID = &over.ID })
	c := command(inStage(t, s, lifecycle.StageQualified, 1)[0], lifecycle.CommandOffer, "offer/1")
	out, err := s.Offer(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, c.At.Add(4*time.Hour), out.Offer.DueAt)
	planned, err := s.Plan(t.Context(), lifecycle.Command{At: c.At, Rep: out.Offer.Rep, Clocks: []lifecycle.Clock{{Kind: lifecycle.ClockTouch, Left: span.Span(time.Hour)}}})
	require.NoError(t, err)
	require.Equal(t, c.At.Add(time.Hour), planned[0].At)
}

func allReps(t *testing.T, s *Store) []string {
	t.Helper()
	rows, _ := s.pool.Query(t.Context(), "SELECT id FROM reps")
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return ids
}

func TestHeldDeadlinesArePlannedFromWhatWasLeft(t *testing.T) {
	s := floor(t)
	rep := newRep(t, s, "rep", nil)
	at := func(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 0, 0, 0, time.UTC) }
	out, err := s.Plan(t.Context(), lifecycle.Command{At: at(25, 8), Rep: rep, Clocks: []lifecycle.Clock{
		{Kind: lifecycle.ClockAccept, Level: lifecycle.LevelDue, Was: at(23, 9), From: at(20, 15)}, // Fri 16:00 to Mon 10:00 in Berlin: 2 h
		{Kind: lifecycle.ClockTouch, Left: 0, Was: at(20, 12), From: at(20, 13)},                   // it was over before the pause
	}})
	require.NoError(t, err)
	require.Equal(t, []lifecycle.Clock{
		{Kind: lifecycle.ClockAccept, Level: lifecycle.LevelDue, At: at(25, 10)}, {Kind: lifecycle.ClockTouch, At: at(25, 8)},
	}, out)
}

func TestAlertsGoToTheRepAndEscalationsToTheManagerOnceEach(t *testing.T) {
	s := floor(t)
	boss := newRep(t, s, "boss", func(r *record.Rep) { r.Active = false })
	team := newTeam(t, s, record.Team{Name: "inbound", ManagerID: &boss})
	rep := newRep(t, s, "rep", func(r *record.Rep) { r.TeamID = &team })
	lead := inStage(t, s, lifecycle.StageQualified, 1)[0]
	exec(t, s, "UPDATE leads SET team_id = $1", team)
	granted := offer(t, s, lead, 1).Offer
	alert := func(level lifecycle.Level) {
		c := command(lead, lifecycle.CommandAlert, "sla/1/"+string(level))
		c.Rep, c.Team, c.Assignment, c.Clock = rep, team, granted.Assignment, lifecycle.Clock{Kind: lifecycle.ClockAccept, Level: level}
		require.NoError(t, s.Alert(t.Context(), c))
	}
	_, err := s.CreateWebhook(t.Context(), record.Webhook{URL: "https://example.com/in", Secret: "x", Kinds: []string{"handoff.reminded"}, Active: true})
	require.NoError(t, err)
	ingest(t, s, record.Event{LeadID: lead, Type: "webinar_attendance"})
	for range 2 {
		alert(lifecycle.LevelRemind)
		alert(lifecycle.LevelEscalate)
	}
	var told record.AlertPayload
	require.NoError(t, json.Unmarshal(one[json.RawMessage](t, s, "SELECT payload FROM deliveries WHERE channel = 'webhook'"), &told))
	require.Equal(t, record.AlertData{LeadID: lead, Cycle: 1, AssignmentID: granted.Assignment, RepID: rep, Score: 20, DueAt: &granted.DueAt}, told.Data)
	require.Equal(t, "handoff.reminded", told.Type, "subscribers hear of what they asked for, and of nothing else")
	require.Equal(t, "escalation boss,offer rep,reminder rep", one[string](t, s, `SELECT string_agg(d.kind || ' ' || r.name, ',' ORDER BY d.kind)
		FROM deliveries d JOIN reps r ON r.id = d.rep_id WHERE d.channel = 'mail'`))
	exec(t, s, "DELETE FROM deliveries")
	exec(t, s, "UPDATE assignments SET state = 'missed', decided_at = now()")
	alert(lifecycle.LevelRemind)
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM deliveries"), "nobody is reminded of what is over")
	exec(t, s, "UPDATE assignments SET state = 'offered', decided_at = NULL")
	exec(t, s, "UPDATE leads SET alert = false")
	alert(lifecycle.LevelRemind)
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM deliveries"), "an import that alerts nobody")
}
