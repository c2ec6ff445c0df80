package store

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/routing"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

const nobodyChooses = "SELECT pg_advisory_xact_lock($1)"

// holding runs sql in a transaction that is over when the answer is called.
func holding(t *testing.T, s *Store, sql string, args ...any) (letGo func()) {
	t.Helper()
	tx, err := s.pool.Begin(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	_, err = tx.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
	return func() {
		t.Helper()
		require.NoError(t, tx.Rollback(t.Context()))
	}
}

// offered asks for all leads at once, so that all but the first are decided in one sitting: nobody chooses until all of them wait.
// What becomes of each comes by its place.
func offered(t *testing.T, s *Store, leads []string) []chan error {
	t.Helper()
	letGo := holding(t, s, nobodyChooses, peopleLock)
	done := make([]chan error, len(leads))
	for i, lead := range leads {
		done[i] = make(chan error, 1)
		go func() {
			out, err := s.Offer(t.Context(), command(lead, lifecycle.CommandOffer, "offer/1"))
			if err == nil && out.Offer == nil {
				err = fmt.Errorf("no offer: %s", out.Code)
			}
			done[i] <- err
		}()
		queuedUp(t, s, i+1)
	}
	letGo()
	return done
}

// queuedUp waits until the first of n have a sitting each, and the others wait.
func queuedUp(t *testing.T, s *Store, n int) {
	t.Helper()
	require.Eventually(t, func() bool {
		s.room.mu.Lock()
		defer s.room.mu.Unlock()
		return len(s.room.waiting) == max(0, n-sittingsAtOnce) && s.room.sittings == min(n, sittingsAtOnce)
	}, time.Minute, time.Millisecond)
}

func all(t *testing.T, done ...chan error) {
	t.Helper()
	for _, d := range done {
		require.NoError(t, soon(t, d))
	}
}

func soon(t *testing.T, done chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(time.Minute):
		t.Fatal("it was never decided")
		return nil
	}
}

func turnsOf(t *testing.T, s *Store, pool string) string {
	t.Helper()
	return one[string](t, s, `SELECT concat_ws(' ', count(*), count(DISTINCT turn), max(turn), (SELECT turns FROM routing_pools WHERE name = $1)) FROM routings WHERE pool = $1`, pool)
}

func whenChannel(name string) []scoring.Condition {
	return []scoring.Condition{{Field: "source.channel", Equals: name}}
}

func inTurn(t *testing.T, s *Store, reps int) (names []string) {
	t.Helper()
	for i := range reps {
		names = append(names, newRep(t, s, fmt.Sprintf("r%d", i), nil))
	}
	publishedRoute(t, s, onePool(routing.Pool{Strategy: routing.RoundRobin, Reps: names}))
	return names
}

// What waits is decided in one transaction, one after the other: each has its own turn, offer, mail and row of the ledger.
func TestOffersThatWait_areDecidedInOneSitting(t *testing.T) {
	s, alerts := floor(t), &crew{free: 3}
	t.Cleanup(s.HandOver(record.LaneAlert, time.Minute, alerts))
	reps := inTurn(t, s, 3)
	leads := inStage(t, s, lifecycle.StageQualified, 12)
	all(t, offered(t, s, leads)...)
	require.Equal(t, 12-sittingsAtOnce, one[int](t, s, "SELECT max(n) FROM (SELECT count(*) AS n FROM routings GROUP BY xmin) AS sittings"))
	require.Equal(t, "12 12 12 12", turnsOf(t, s, "p"))
	require.Equal(t, 12, one[int](t, s, `SELECT count(*) FROM routings r JOIN assignments a USING (key) JOIN assignment_terms ON assignment_id = a.id
		JOIN deliveries d ON d.assignment_id = a.id WHERE d.key = r.key || '/mail' AND a.rep_id = r.rep_id AND d.rep_id = r.rep_id AND d.lead_id = r.lead_id AND a.lead_id = r.lead_id`))
	for _, rep := range reps {
		require.Equal(t, 4, one[int](t, s, "SELECT count(*) FROM assignments WHERE rep_id = $1", rep))
	}
	require.Equal(t, []int{3, 0}, []int{len(alerts.loads), alerts.free}, "who is free takes one, and no more than are")
	require.Equal(t, 3, one[int](t, s, "SELECT count(*) FROM deliveries WHERE state = 'claimed' AND attempts = 1"))
	require.Len(t, alerts.took(t), 3)
	looked, differ, err := s.RoutingReplayed(t.Context(), 100)
	require.NoError(t, err)
	require.Equal(t, 12, looked)
	require.Empty(t, differ)
}

// Somebody holds the lead or the company of one: the others do not wait for it.
func TestASittingWaitsForNobodysLeadAndCompany(t *testing.T) {
	for name, hold := range map[string]func(t *testing.T, s *Store, lead string) func(){
		"lead": func(t *testing.T, s *Store, lead string) func() {
			return holding(t, s, "SELECT 1 FROM leads WHERE id = $1 FOR NO KEY UPDATE", lead)
		},
		"company": func(t *testing.T, s *Store, lead string) func() {
			return holding(t, s, "SELECT pg_advisory_xact_lock($1, hashtext($2))", accountSpace, lead+".example")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := floor(t)
			rep := newRep(t, s, "r", nil)
			doc := onePool(routing.Pool{Strategy: routing.RoundRobin, Reps: []string{rep}})
			doc.Account.Owner = routing.OwnerFirst
			publishedRoute(t, s, doc)
			leads := inStage(t, s, lifecycle.StageQualified, 6)
			exec(t, s, "UPDATE leads SET email = 'x@' || id || '.example'")
			letGo := hold(t, s, leads[3])
			done := offered(t, s, leads)
			all(t, append(done[:3:3], done[4:]...)...)
			require.Equal(t, 5, one[int](t, s, "SELECT count(*) FROM assignments"))
			require.Empty(t, done[3])
			letGo()
			all(t, done[3])
			require.Equal(t, "6 6 6 6", turnsOf(t, s, "p"))
		})
	}
}

// One decision cannot be made, or not be stored: its neighbours are, no turn is lost, and its own caller hears of it.
func TestADecisionThatFails_failsAlone(t *testing.T) {
	t.Run("its calendar cannot be read", func(t *testing.T) {
		s := floor(t)
		broken := newCalendar(t, s, "broken", "UTC", "09:00", "17:00").ID
		never, there := newRep(t, s, "never", func(r *record.Rep) { r.CalendarID = &broken }), newRep(t, s, "there", nil)
		exec(t, s, `UPDATE calendars SET spec = '"none"', revision = revision + 1 WHERE id = $1`, broken)
		pool := func(rep string) routing.Pool { return routing.Pool{Strategy: routing.RoundRobin, Reps: []string{rep}} }
		doc := onePool(pool(there))
		doc.Rules = append([]routing.Rule{{ID: "never", When: whenChannel("never"), Pool: "never"}}, doc.Rules...)
		doc.Pools["never"] = pool(never)
		publishedRoute(t, s, doc)
		leads := inStage(t, s, lifecycle.StageQualified, 6)
		exec(t, s, `UPDATE leads SET source = '{"channel": "never"}' WHERE id = $1`, leads[3])
		done := offered(t, s, leads)
		all(t, append(done[:3:3], done[4:]...)...)
		require.Error(t, soon(t, done[3]))
		require.Equal(t, "5 5 5 5", turnsOf(t, s, "p"))
		require.Zero(t, one[int](t, s, "SELECT count(*) FROM routing_pools WHERE name = 'never'"), "nobody had a turn")
	})
	t.Run("its row is refused", func(t *testing.T) {
		s := floor(t)
		inTurn(t, s, 2)
		leads := inStage(t, s, lifecycle.StageQualified, 6)
		exec(t, s, `CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$`)
		exec(t, s, fmt.Sprintf("CREATE TRIGGER no BEFORE INSERT ON routings FOR EACH ROW WHEN (NEW.lead_id = '%s') EXECUTE FUNCTION no()", leads[3]))
		done := offered(t, s, leads)
		all(t, append(done[:3:3], done[4:]...)...)
		require.Error(t, soon(t, done[3]))
		require.Equal(t, "5 5 5 5", turnsOf(t, s, "p"))
	})
}

// Whoever does not wait any more is forgotten where nothing was begun; the others are decided.
func TestWhoWaitsNoLonger_isNotDecided(t *testing.T) {
	s := floor(t)
	inTurn(t, s, 2)
	leads := inStage(t, s, lifecycle.StageQualified, 6)
	letGo := holding(t, s, nobodyChooses, peopleLock)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, len(leads))
	for i, lead := range leads {
		of := t.Context()
		if i%2 == 1 {
			of = ctx
		}
		go func() {
			_, err := s.Offer(of, command(lead, lifecycle.CommandOffer, "offer/1"))
			done <- err
		}()
		queuedUp(t, s, i+1)
	}
	cancel()
	for range 3 {
		require.Error(t, soon(t, done))
	}
	letGo()
	for range 3 {
		require.NoError(t, soon(t, done))
	}
	require.Equal(t, 3, one[int](t, s, "SELECT count(*) FROM assignments"))
	require.Equal(t, "3 3 3 3", turnsOf(t, s, "p"))
}

// What a decision counts in a sitting is what it would have read, had each before it been a transaction of its own.
func TestWhatIsCountedInASitting_isWhatThereIs(t *testing.T) {
	s := floor(t)
	many, day := 100, 100
	var reps []string
	for i := range 3 {
		reps = append(reps, newRep(t, s, fmt.Sprintf("r%d", i), func(r *record.Rep) { r.Capacity, r.PerDay = &many, &day }))
	}
	doc := onePool(routing.Pool{Strategy: routing.LeastLoaded, Reps: reps})
	doc.Rules = append([]routing.Rule{{ID: "turns", When: whenChannel("ads"), Pool: "q"}}, doc.Rules...)
	doc.Pools["q"] = routing.Pool{Strategy: routing.RoundRobin, Reps: reps[:2]}
	publishedRoute(t, s, doc)
	leads := inStage(t, s, lifecycle.StageQualified, 40)
	exec(t, s, `UPDATE leads SET source = '{"channel": "ads"}' WHERE hashtext(id::text) % 3 = 0`)
	exec(t, s, "UPDATE leads SET owner = $1 WHERE hashtext(id::text) % 2 = 0", reps[0]) // of whom nothing is counted: they are theirs already
	before := inStage(t, s, lifecycle.StageWorking, 2)
	exec(t, s, "UPDATE leads SET owner = $1 WHERE id = ANY($2)", reps[1], before)
	all(t, offered(t, s, leads)...)
	require.GreaterOrEqual(t, one[int](t, s, "SELECT max(n) FROM (SELECT count(*) AS n FROM routings GROUP BY xmin) AS sittings"), mostTogether)
	require.Empty(t, one[string](t, s, `SELECT coalesce(string_agg(concat_ws(' ', r.id, c.open, c.today, c.was, c.gave), ', ' ORDER BY r.id), '') FROM routings r,
	LATERAL (SELECT (c ->> 'open')::int AS open, (c ->> 'today')::int AS today,
		(SELECT count(*) FROM leads l WHERE l.stage = 'working' AND l.owner = (c ->> 'rep_id')::uuid)
		+ (SELECT count(*) FROM routings o JOIN leads l ON l.id = o.lead_id WHERE o.id < r.id AND o.rep_id = (c ->> 'rep_id')::uuid AND l.owner IS DISTINCT FROM o.rep_id) AS was,
		(SELECT count(*) FROM routings o WHERE o.id < r.id AND o.rep_id = (c ->> 'rep_id')::uuid) AS gave FROM jsonb_array_elements(r.candidates) AS c) AS c
	WHERE c.open <> c.was OR c.today <> c.gave AND r.at - (SELECT min(at) FROM routings) < r.at - date_trunc('day', r.at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'`))
}

// Two processes decide from one pool at once, and some decisions are given up on their way: no turn is skipped or given twice, shares
// meet the weights within one lead, and each decision comes out the same when it is asked again.
func TestSittingsOfTwoProcessesOfWhichSomeFail_takeTurns(t *testing.T) {
	s := floor(t)
	both := []*Store{s, New(s.pool, Options{SuppressionKey: testKey})}
	weights := []int{5, 3, 2, 1}
	var reps []string
	for i, w := range weights {
		reps = append(reps, newRep(t, s, fmt.Sprintf("w%d", i), func(r *record.Rep) { r.Weight = &w }))
	}
	publishedRoute(t, s, onePool(routing.Pool{Strategy: routing.Weighted, Reps: reps}))
	leads := inStage(t, s, lifecycle.StageQualified, 600)
	together(t, len(leads), func(i int) error {
		c := command(leads[i], lifecycle.CommandOffer, "offer/1")
		process := both[0]
		if i%5 == 0 {
			process = both[1]
		}
		if i%7 == 0 { // whether it is committed or not is not known
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%20)*time.Millisecond)
			_, _ = process.Offer(ctx, c)
			cancel()
		}
		out, err := process.Offer(t.Context(), c)
		if err == nil && out.Offer == nil {
			err = fmt.Errorf("no offer: %s", out.Code)
		}
		return err
	})
	require.Equal(t, "600 600 600 600", turnsOf(t, s, "p"))
	for i, w := range weights {
		given := one[int](t, s, "SELECT count(*) FROM assignments WHERE rep_id = $1", reps[i])
		require.Less(t, math.Abs(float64(given)-float64(600*w)/11), 1.0, "weight %d of 11", w)
	}
	looked, differ, err := s.RoutingReplayed(t.Context(), 1000)
	require.NoError(t, err)
	require.Equal(t, 600, looked)
	require.Empty(t, differ)
}
