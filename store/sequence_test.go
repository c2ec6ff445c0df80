package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// journey walks one lead through a sequence as its run would, each wish by its own id.
type journey struct {
	t    *testing.T
	s    *Store
	lead string
	at   lifecycle.Position
	n    int
}

func through(t *testing.T, s *Store, lead, sequence string, version int) *journey {
	return &journey{t, s, lead, lifecycle.Position{Sequence: sequence, Version: version}, 0}
}

func (j *journey) wish(now time.Time) lifecycle.Command {
	j.n++
	c := command(j.lead, lifecycle.CommandMail, fmt.Sprintf("mail/%s@%d/%s/%d", j.at.Sequence, j.at.Version, j.at.Step, j.n))
	c.Position, c.At = j.at, now
	return c
}

func (j *journey) on(now time.Time) lifecycle.Move {
	j.t.Helper()
	m, err := j.s.GoOn(j.t.Context(), j.wish(now))
	require.NoError(j.t, err)
	j.at = m.Position
	return m
}

// rules makes the active policy say more.
func rules(t *testing.T, s *Store, nurture string) {
	t.Helper()
	exec(t, s, "UPDATE policies SET document = document || jsonb_build_object('nurture', $1::jsonb) WHERE active", nurture)
}

func steps(name, more string) string { return `{"name": "` + name + `", ` + more + `}` }

func mailJSON(id string) string { return `{"id": "` + id + `", "mail": {"subject": "S", "body": "B"}}` }

func marks(t *testing.T, s *Store, lead string) string {
	t.Helper()
	return one[string](t, s, "SELECT coalesce(string_agg(kind || ':' || step || '=' || value, ' ' ORDER BY step), '') FROM sequence_marks WHERE lead_id = $1", lead)
}

const deedsSequence = `"exit": ["replied"], "steps": [
	{"id": "a-set", "set_field": {"field": "custom.plan", "value": "gold"}},
	{"id": "b-split", "split": [{"arm": "left", "to": "c-hook"}, {"arm": "right", "to": "c-hook"}]},
	{"id": "c-hook", "notify": {"channel": "webhook", "message": "Look"}},
	{"id": "d-rep", "notify": {"rep": "rita@example.com", "message": "Call"}},
	{"id": "e-gone", "notify": {"rep": "nobody@example.com"}},
	{"id": "gold", "branch": [{"if": {"field": "custom.plan", "equals": "gold"}, "to": "mail"}], "else": "end"},
	{"id": "mail", "mail": {"subject": "S", "body": "B"}},
	{"id": "rest", "wait": "30d", "next": "end"},
	{"id": "goal", "goal": {"name": "form", "when": {"engagement": {"type": "form_submit"}}}},
	{"id": "thanks", "mail": {"subject": "T", "body": "T"}}]`

func TestStepsDoWhatTheySayOnce(t *testing.T) {
	s := garden(t)
	newSequence(t, s, "deeds", steps("deeds", deedsSequence), false)
	rita := newRep(t, s, "rita", nil)
	for _, url := range []string{"https://one.example/in", "https://two.example/in"} {
		kinds := []string{record.KindSequenceNotified}
		if strings.Contains(url, "two") {
			kinds = []string{"handoff.offered"}
		}
		_, err := s.CreateWebhook(t.Context(), record.Webhook{URL: url, Secret: "x", Active: true, Kinds: kinds})
		require.NoError(t, err)
	}
	ada := nurturing(t, s, record.Capture{Email: "ada@example.com", Profile: map[string]any{"title": "Chief"}})
	fit := one[float64](t, s, "SELECT fit FROM scores WHERE lead_id = $1", ada)
	now := time.Now().UTC().Truncate(time.Microsecond)
	j := through(t, s, ada, "deeds", 1)
	c := j.wish(now)
	moves := make([]lifecycle.Move, 20)
	together(t, 20, func(i int) (err error) { moves[i], err = s.GoOn(t.Context(), c); return err })
	for _, m := range moves {
		require.Equal(t, moves[0], m, "the same wish is answered the same")
	}
	require.Equal(t, []any{"mail", "rest"}, []any{moves[0].Mail, moves[0].Position.Step})
	look := func() {
		t.Helper()
		require.Equal(t, ada+"/1/mail/deeds@1/mail bulk,"+ada+"/1/notify/deeds@1/d-rep/mail alert,"+ada+"/1/notify/deeds@1/c-hook/hook/ webhook",
			one[string](t, s, `SELECT string_agg(regexp_replace(key, 'hook/[0-9a-f-]{36}$', 'hook/') || ' ' || lane, ',' ORDER BY lane = 'webhook', lane DESC) FROM (SELECT * FROM deliveries WHERE step IS DISTINCT FROM 'thanks' ORDER BY lane) AS d`))
		require.Equal(t, "gold sequence:deeds", one[string](t, s, "SELECT string_agg((value #>> '{}') || ' ' || source, ',') FROM profile_values WHERE lead_id = $1 AND field = 'custom.plan'", ada))
		require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM timeline WHERE kind = 'split'"))
		require.Equal(t, "no_rep,rep,webhook", one[string](t, s, "SELECT string_agg(why, ',' ORDER BY why) FROM timeline WHERE kind = 'notified'"))
	}
	look()
	require.Equal(t, fit+5, one[float64](t, s, "SELECT fit FROM scores WHERE lead_id = $1", ada), "the score follows")
	foots(t, s, ada)
	arm := one[string](t, s, "SELECT value FROM sequence_marks WHERE kind = 'arm'")
	require.Contains(t, []string{"left", "right"}, arm)
	require.Equal(t, rita, one[string](t, s, "SELECT rep_id::text FROM deliveries WHERE lane = 'alert'"))
	var told record.AlertPayload
	require.NoError(t, json.Unmarshal(one[json.RawMessage](t, s, "SELECT payload FROM deliveries WHERE lane = 'webhook'"), &told))
	told.Timestamp = time.Time{}
	require.Equal(t, record.AlertPayload{Type: "sequence.notified", Data: record.AlertData{LeadID: ada, Cycle: 1, Score: 30, Sequence: "deeds", Step: "c-hook", Message: "Look"}}, told)

	// A run that was lost before it heard of the answer walks here again, by other wishes: nothing is done twice.
	j.on(now.Add(time.Minute))
	exec(t, s, "UPDATE sequence_runs SET left_at = NULL, step = ''")
	j.at = lifecycle.Position{Sequence: "deeds", Version: 1}
	j.on(now.Add(2 * time.Minute))
	look()

	// The goal makes the lead due, wherever it rests.
	require.Equal(t, []string{"form_submit"}, one[[]string](t, s, "SELECT touch_wanted FROM leads WHERE id = $1", ada))
	ingest(t, s, record.Event{LeadID: ada, Type: "form_submit"})
	require.Equal(t, "first_touch", heard(t, s, ada))
	m := j.on(time.Now().UTC().Add(time.Second))
	require.Equal(t, []any{"thanks", true}, []any{m.Mail, m.Done})
	require.Equal(t, "arm:b-split="+arm+" notify:c-hook=webhook notify:d-rep=rep notify:e-gone=no_rep goal:goal=form", marks(t, s, ada))
	require.Equal(t, "end", one[string](t, s, "SELECT why FROM sequence_runs WHERE lead_id = $1 AND left_at IS NOT NULL", ada))

	require.NoError(t, s.EraseLead(t.Context(), ada, sysActor))
	require.Zero(t, one[int](t, s, "SELECT (SELECT count(*) FROM sequence_runs) + (SELECT count(*) FROM sequence_marks)"))
}

// Who came with an import that alerts nobody is not told of by a sequence either.
func TestNobodyIsNotifiedOfWhoIsNotToBeAlertedAbout(t *testing.T) {
	s := garden(t)
	newSequence(t, s, "deeds", steps("deeds", deedsSequence), false)
	newRep(t, s, "rita", nil)
	lead := nurturing(t, s, record.Capture{Email: "ada@example.com", NoAlert: true})
	require.Equal(t, "mail", through(t, s, lead, "deeds", 1).on(time.Now()).Mail)
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM deliveries WHERE lane <> 'bulk'"))
	require.Equal(t, 3, one[int](t, s, "SELECT count(*) FROM timeline WHERE kind = 'notified' AND why = 'not_asked'"))
}

// Two sequences at once ask for a mail to one lead: the row of the lead decides who is first, and the other is deferred, not dropped.
func TestCapsHoldOverAllSequencesAndDropNothing(t *testing.T) {
	s := garden(t)
	rules(t, s, `{"per_day": 1, "per_week": 2}`)
	for _, name := range []string{"one", "two"} {
		newSequence(t, s, name, steps(name, `"steps": [`+mailJSON("a")+`, `+mailJSON("b")+`]`), false)
	}
	for round := range 5 {
		lead := nurturing(t, s, record.Capture{Email: fmt.Sprintf("ada%d@example.com", round)})
		now := time.Now().UTC().Truncate(time.Microsecond)
		walks := []*journey{through(t, s, lead, "one", 1), through(t, s, lead, "two", 1)}
		moves := make([]lifecycle.Move, 2)
		wishes := []lifecycle.Command{walks[0].wish(now), walks[1].wish(now)}
		together(t, 2, func(i int) (err error) { moves[i], err = s.GoOn(t.Context(), wishes[i]); return err })
		require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM deliveries WHERE lead_id = $1", lead))
		late := slices.IndexFunc(moves, func(m lifecycle.Move) bool { return m.Mail == "" })
		require.GreaterOrEqual(t, late, 0)
		require.Equal(t, "a", moves[late].Position.Step, "it rests at its mail")
		sent := one[time.Time](t, s, "SELECT created_at FROM deliveries WHERE lead_id = $1", lead)
		require.Equal(t, sent.Add(24*time.Hour).UTC(), moves[late].At)
		walks[late].at = moves[late].Position
		m := walks[late].on(moves[late].At)
		require.Equal(t, "a", m.Mail, "and goes when it may")
		exec(t, s, "UPDATE deliveries SET created_at = $1 WHERE lead_id = $2 AND created_at > $3", moves[late].At, lead, sent)
		m = walks[late].on(m.At)
		require.Equal(t, []any{"", "b", sent.Add(7 * 24 * time.Hour).UTC()}, []any{m.Mail, m.Position.Step, m.At}, "two a week")
		exec(t, s, "UPDATE deliveries SET state = 'failed' WHERE lead_id = $1", lead)
		require.Equal(t, "b", walks[late].on(m.At.Add(-3*24*time.Hour)).Mail, "what did not go out does not count")
	}
}

// Who asked for less on the page of preferences gets less than the house would send, and not more.
func TestAPersonsOwnCapHolds(t *testing.T) {
	s := garden(t)
	rules(t, s, `{"per_week": 2}`)
	newSequence(t, s, "one", steps("one", `"steps": [`+mailJSON("a")+`, `+mailJSON("b")+`, `+mailJSON("c")+`]`), false)
	for own, most := range map[int]int{1: 1, 2: 2, 9: 2} {
		lead := nurturing(t, s, record.Capture{Email: newID() + "@example.com"})
		require.NoError(t, s.Choose(t.Context(), record.Chosen{LeadID: lead, MailsPerWeek: &own}))
		walk, now := through(t, s, lead, "one", 1), time.Now().UTC().Truncate(time.Microsecond)
		for range most {
			require.NotEmpty(t, walk.on(now).Mail, "own cap %d", own)
		}
		m := walk.on(now)
		require.Empty(t, m.Mail, "own cap %d", own)
		require.True(t, m.At.After(now.Add(6*24*time.Hour)))
	}
}

func TestQuietHoursAreOfTheLeadsClock(t *testing.T) {
	s := garden(t)
	rules(t, s, `{"quiet": {"from": "20:00", "to": "08:00"}}`)
	newSequence(t, s, "plain", steps("plain", `"steps": [`+mailJSON("a")+`]`), false)
	for _, tc := range []struct {
		profile map[string]any
		opens   string // on 1 July 2026, asked at three in the morning of it, UTC
	}{
		{map[string]any{"time_zone": "Asia/Kathmandu", "country": "DE"}, ""}, // 08:45
		{map[string]any{"time_zone": "Nowhere/Land", "country": "JP"}, ""},
		{map[string]any{"country": "US"}, "12:00"},
		{map[string]any{"country": "US", "region": "Texas"}, "13:00"},
		{map[string]any{"country": "US", "region": "HI"}, ""}, // 17:00 of the day before
		{nil, "06:00"}, // the calendar of the policy: Berlin
	} {
		lead := nurturing(t, s, record.Capture{Email: newID() + "@example.com", Profile: tc.profile})
		m := through(t, s, lead, "plain", 1).on(time.Date(2026, 7, 1, 3, 0, 0, 0, time.UTC))
		if tc.opens == "" {
			require.Equal(t, "a", m.Mail, tc.profile)
			continue
		}
		require.Equal(t, "2026-07-01 "+tc.opens, m.At.Format("2006-01-02 15:04"), tc.profile)
	}
	// A team is where its calendar is.
	tokyo := newCalendar(t, s, "tokyo", "Asia/Tokyo", "09:00", "17:00")
	lead := nurturing(t, s, record.Capture{Email: "ada@example.com"})
	exec(t, s, "UPDATE leads SET team_id = $1 WHERE id = $2", newTeam(t, s, record.Team{Name: "east", CalendarID: &tokyo.ID}), lead)
	require.Equal(t, "a", through(t, s, lead, "plain", 1).on(time.Date(2026, 7, 1, 3, 0, 0, 0, time.UTC)).Mail)
}

func TestARetiredVersionIsNotEnteredAndWhoIsInsideGoesOn(t *testing.T) {
	s := garden(t)
	const two = `"steps": [{"id": "rest", "wait": "1d"}, ` // and a mail
	newSequence(t, s, "tour", steps("tour", two+mailJSON("old")+`]`), false)
	now := time.Now().UTC().Truncate(time.Microsecond)
	inside := through(t, s, nurturing(t, s, record.Capture{Email: "in@example.com"}), "tour", 1)
	m := inside.on(now)
	newSequence(t, s, "tour", steps("tour", two+mailJSON("new")+`]`), false) // which retires the first

	late := through(t, s, nurturing(t, s, record.Capture{Email: "late@example.com"}), "tour", 1)
	moved := late.on(now)
	require.Equal(t, 2, moved.Position.Version, "who was sent to the first just before enters the second")
	require.Equal(t, "new", late.on(moved.At).Mail)
	require.Equal(t, "old", inside.on(m.At).Mail)

	q, err := s.RetireSequence(t.Context(), "tour", 2)
	require.NoError(t, err)
	require.Equal(t, "retired", q.State)
	require.Equal(t, lifecycle.Move{Done: true, Why: "retired", Position: lifecycle.Position{Sequence: "tour", Version: 2}},
		through(t, s, nurturing(t, s, record.Capture{Email: "no@example.com"}), "tour", 2).on(now))
	_, err = s.RetireSequence(t.Context(), "tour", 9)
	require.ErrorIs(t, err, record.ErrNotFound)
	_, err = s.RetireSequence(t.Context(), "welcome", 1)
	require.NoError(t, err)
	loaded, err := s.LoadLead(t.Context(), inside.lead, now)
	require.NoError(t, err)
	require.Empty(t, loaded.Position, "no default: no sequence")
}

// A run that was lost begins without a step, and with whatever version is published by then.
func TestALostRunGoesOnWhereTheLeadWas(t *testing.T) {
	s := garden(t)
	const more = `"steps": [` // mails after it
	newSequence(t, s, "tour", steps("tour", more+mailJSON("a")+`, {"id": "rest", "wait": "1d"}, `+mailJSON("b")+`]`), false)
	now := time.Now().UTC().Truncate(time.Microsecond)
	lead := nurturing(t, s, record.Capture{Email: "ada@example.com"})
	first := through(t, s, lead, "tour", 1).on(now)
	require.Equal(t, "a", first.Mail)
	newSequence(t, s, "tour", steps("tour", more+mailJSON("a")+`, `+mailJSON("c")+`]`), false)

	again := through(t, s, lead, "tour", 2)
	again.n = 7
	m := again.on(now.Add(time.Hour))
	require.Equal(t, first.Position, m.Position, "the version it entered, and where it rested")
	require.Equal(t, first.At, m.At)
	m = again.on(m.At)
	require.Equal(t, []any{"b", true}, []any{m.Mail, m.Done})
	require.Equal(t, 2, one[int](t, s, "SELECT count(*) FROM deliveries"))

	once := through(t, s, lead, "tour", 2)
	once.n = 9
	require.Equal(t, lifecycle.Move{Done: true, Why: "entered", Position: lifecycle.Position{Sequence: "tour", Version: 2}}, once.on(m.At.Add(time.Hour)), "never twice in a cycle")
}

func TestReentryIsAsTheSequenceSays(t *testing.T) {
	s := garden(t)
	newSequence(t, s, "always", steps("always", `"entry": {"reentry": "always"}, "exit": ["replied"], "steps": [`+mailJSON("a")+`]`), false)
	lead := nurturing(t, s, record.Capture{Email: "ada@example.com"})
	now := time.Now().UTC().Truncate(time.Microsecond)
	for n := range 3 {
		j := through(t, s, lead, "always", 1)
		j.n = n * 10
		require.Equal(t, "a", j.on(now.Add(time.Duration(n)*time.Hour)).Mail)
		require.Equal(t, n+1, one[int](t, s, "SELECT entry FROM sequence_runs"))
	}
	require.Equal(t, 3, one[int](t, s, "SELECT count(*) FROM deliveries"), "who enters again gets the mails again")
}

// A recycled lead goes through the sequence that its reason asks for: by the policy, by the sequence itself, else the default.
func TestACycleGetsTheSequenceOfItsReason(t *testing.T) {
	s := garden(t)
	const mails = `"steps": [` // one
	reasons := func(name, entry string) {
		newSequence(t, s, name, steps(name, `"entry": `+entry+`, `+mails+mailJSON("a")+`]`), false)
	}
	reasons("prices", `{"reasons": ["price", "budget"]}`)
	reasons("named", `{}`)
	reasons("once", `{"reasons": ["timing"], "reentry": "never"}`)
	exec(t, s, "UPDATE sequences SET published_at = now() + interval '1 hour' WHERE name = 'welcome'") // the default is not chosen for being newer
	begin := func(lead string, cycle int, reason, named string) lifecycle.Position {
		exec(t, s, "UPDATE leads SET reason = $1 WHERE id = $2", reason, lead)
		c := command(lead, lifecycle.CommandBegin, "begin")
		c.ID, c.Cycle, c.Sequence = fmt.Sprintf("%s/%d/begin", lead, cycle), cycle, named
		begun, err := s.BeginCycle(t.Context(), c)
		require.NoError(t, err)
		again, err := s.BeginCycle(t.Context(), c)
		require.NoError(t, err)
		require.Equal(t, begun, again)
		return begun.Position
	}
	lead := nurturing(t, s, record.Capture{Email: "ada@example.com"})
	require.Equal(t, "prices", begin(lead, 2, "price", "").Sequence)
	require.Equal(t, "named", begin(lead, 3, "price", "named").Sequence, "the policy comes first")
	require.Equal(t, "prices", begin(lead, 4, "budget", "gone").Sequence)
	require.Equal(t, "welcome", begin(lead, 5, "stale", "").Sequence)
	at := begin(lead, 6, "timing", "")
	require.Equal(t, "once", at.Sequence)
	c := command(lead, lifecycle.CommandMail, "mail/once")
	c.Cycle, c.Position = 6, at
	_, err := s.GoOn(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, "once", begin(lead, 6, "timing", "").Sequence, "asked again in the same cycle it is the same")
	require.Equal(t, "welcome", begin(lead, 7, "timing", "").Sequence, "and never again after that")
	exec(t, s, "UPDATE sequences SET state = 'retired' WHERE name = 'prices'")
	require.Equal(t, "welcome", begin(lead, 8, "price", "").Sequence)
}

// A step that waits for a band is told of it, whatever lifts or lowers the score.
func TestABandThatAStepWaitsForIsTold(t *testing.T) {
	s := garden(t)
	newSequence(t, s, "bands", steps("bands", `"steps": [{"id": "f", "wait_for": {"band": ["warm", "cold"], "timeout": "30d"}, "then": "a", "else": "end"}, `+mailJSON("a")+`]`), false)
	rise := nurturing(t, s, record.Capture{Email: "rise@example.com"})
	exec(t, s, "UPDATE scores SET band = 'hot' WHERE lead_id = $1", rise)
	j := through(t, s, rise, "bands", 1)
	require.Equal(t, "f", j.on(time.Now().UTC()).Position.Step)
	require.Equal(t, []string{"band:warm", "band:cold"}, one[[]string](t, s, "SELECT touch_wanted FROM leads WHERE id = $1", rise))
	ingest(t, s, record.Event{LeadID: rise, Type: "chat"}) // it was never hot: this event finds it cold
	require.Equal(t, "first_touch", heard(t, s, rise))
	require.Nil(t, one[[]string](t, s, "SELECT touch_wanted FROM leads WHERE id = $1", rise))
	require.Equal(t, "a", j.on(time.Now().UTC()).Mail)

	fall := nurturing(t, s, record.Capture{Email: "fall@example.com"})
	exec(t, s, "UPDATE scores SET band = 'hot' WHERE lead_id = $1", fall)
	j = through(t, s, fall, "bands", 1)
	j.on(time.Now().UTC())
	exec(t, s, "UPDATE scores SET turns_at = now() WHERE lead_id = $1", fall)
	_, err := s.Turn(t.Context(), time.Minute)
	require.NoError(t, err)
	require.Equal(t, "first_touch", heard(t, s, fall), "by time alone")
}

func TestMembershipIsByCampaign(t *testing.T) {
	s := garden(t)
	newSequence(t, s, "fair", steps("fair", `"steps": [{"id": "b", "branch": [{"if": {"membership": ["Spring-Fair"]}, "to": "a"}], "else": "end"}, `+mailJSON("a")+`]`), false)
	from := func(email, campaign string) string {
		return nurturing(t, s, record.Capture{Email: email, Source: record.Source{Channel: "event", Campaign: campaign}})
	}
	first, later, never := from("a@example.com", "spring-fair"), from("b@example.com", "ads"), from("c@example.com", "spring-fair-2")
	from("b@example.com", "SPRING-FAIR")
	for lead, want := range map[string]string{first: "a", later: "a", never: ""} {
		require.Equal(t, want, through(t, s, lead, "fair", 1).on(time.Now()).Mail)
	}
}

// Of a lead's events only those are read that the sequence asks about, since the cycle began or as far as it looks back.
func TestEventsAreReadAsFarAsTheyAreAskedFor(t *testing.T) {
	s := garden(t)
	newSequence(t, s, "asks", steps("asks", `"steps": [
		{"id": "b", "branch": [{"if": {"engagement": {"type": "email_click", "within": "20d"}}, "to": "a"}, {"if": {"engagement": {"type": "page_view"}}, "to": "c"}], "else": "end"},
		`+mailJSON("a")+`, `+mailJSON("c")+`]`), false)
	lead := nurturing(t, s, record.Capture{Email: "ada@example.com"})
	ago := func(kind string, days int) {
		at := time.Now().Add(-time.Duration(days) * 24 * time.Hour)
		exec(t, s, "INSERT INTO events (id, lead_id, type, occurred_at, received_at) VALUES ($1, $2, $3, $4, $4)", newID(), lead, kind, at)
	}
	exec(t, s, "UPDATE leads SET cycle_started_at = now() - interval '3 days' WHERE id = $1", lead)
	ago("email_click", 25)
	ago("page_view", 5)
	ago("webinar_attendance", 1)
	now := time.Now().UTC()
	require.Empty(t, through(t, s, lead, "asks", 1).on(now).Mail)
	rows := one[int](t, s, "SELECT count(*) FROM ("+engagedSQL(t)+") AS e", lead, []string{"email_click", "page_view"}, now.Add(-20*24*time.Hour))
	require.Equal(t, 1, rows, "of the two types, what is not older than twenty days")
	exec(t, s, "DELETE FROM sequence_runs")
	ago("page_view", 2)
	require.Equal(t, "c", through(t, s, lead, "asks", 1).on(now.Add(time.Second)).Mail)
	exec(t, s, "DELETE FROM sequence_runs")
	ago("email_click", 19)
	require.Equal(t, "a", through(t, s, lead, "asks", 1).on(now.Add(2*time.Second)).Mail, "before the cycle, but within")
}

func engagedSQL(t *testing.T) string {
	t.Helper()
	return strings.NewReplacer("@id", "$1", "@types", "$2", "@from", "$3").Replace(sqlEngagedSince)
}
