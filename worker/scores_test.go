package worker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/postgres/pgtest"
	"github.com/leadflow-dev/leadflow/store"
)

// clicks is a model by which a click counts for so long.
func clicks(points int, within string) string {
	return fmt.Sprintf(`{"mql": {"score": 100}, "bands": {"hot": 100, "warm": 40, "hysteresis": 10}, "grades": {"A": 45, "B": 30, "C": 15},
		"engagement": [{"id": "click", "on": "email_click", "points": %d, "within": %q}, {"id": "demo", "on": "demo_request", "points": 100}]}`, points, within)
}

func publish(t *testing.T, s *store.Store, document string) int {
	t.Helper()
	m, err := s.CreateModel(t.Context(), record.Model{Source: document, Document: json.RawMessage(document)})
	require.NoError(t, err)
	_, err = s.PublishModel(t.Context(), m.Version)
	require.NoError(t, err)
	return m.Version
}

func count(t *testing.T, s *store.Store, sql string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, s.Pool().QueryRow(t.Context(), sql, args...).Scan(&n))
	return n
}

// click makes a nurtured lead who clicked, of whom its run has heard.
func click(t *testing.T, s *store.Store, email string) string {
	t.Helper()
	lead := capture(t, s, email, lifecycle.StageNurturing)
	_, err := s.Ingest(t.Context(), []record.Event{{LeadID: lead, Type: "email_click"}})
	require.NoError(t, err)
	_, err = s.Pool().Exec(t.Context(), "DELETE FROM outbox")
	require.NoError(t, err)
	return lead
}

// A lead cools on time although nothing happens, and at once where no worker ran when its moment came.
func TestScoresTurnOnTimeAndAfterARestart(t *testing.T) {
	s := openHouse(t, pgtest.New(t, seeded))
	publish(t, s, clicks(50, "3s"))
	stop := run(t, host(t, s, "127.0.0.1:1"))
	const cooled = `SELECT count(*) FROM scores s JOIN outbox o USING (lead_id) WHERE lead_id = $1 AND s.band = 'cold' AND s.score = 0
		AND o.band = 'cold' AND turns_at IS NULL`
	first := click(t, s, "first@person.example")
	var due time.Time
	require.NoError(t, s.Pool().QueryRow(t.Context(), "SELECT turns_at FROM scores WHERE lead_id = $1", first).Scan(&due))
	await(t, 30*time.Second, "it cools", func() bool { return count(t, s, cooled, first) == 1 })
	var at time.Time
	require.NoError(t, s.Pool().QueryRow(t.Context(), "SELECT evaluated_at FROM scores WHERE lead_id = $1", first).Scan(&at))
	require.False(t, at.Before(due), "not before its moment")
	stop()

	second := click(t, s, "second@person.example")
	await(t, 30*time.Second, "its moment passes", func() bool {
		return count(t, s, "SELECT count(*) FROM scores WHERE lead_id = $1 AND turns_at < now()", second) == 1
	})
	require.Zero(t, count(t, s, cooled, second), "nobody works")
	backlog, err := s.Backlog(t.Context())
	require.NoError(t, err)
	require.Positive(t, backlog.ScoresLate)
	run(t, host(t, s, "127.0.0.1:1"))
	await(t, 30*time.Second, "the next worker finds it", func() bool { return count(t, s, cooled, second) == 1 })
}

const childRescores = "LEADFLOW_TEST_RESCORES"

// TestRescoringChild is the process that TestKilledInTheMiddleOfARescoring kills.
func TestRescoringChild(t *testing.T) {
	if os.Getenv(childRescores) == "" {
		t.Skip("the process that another test kills")
	}
	require.NoError(t, openHouse(t, os.Getenv(childRescores)).Rescore(t.Context()))
}

// A process is killed (kill -9) while it scores everybody anew: what it had done stays, what it had taken is done by the
// next, and each run hears once.
func TestKilledInTheMiddleOfARescoring(t *testing.T) {
	url := pgtest.New(t, seeded)
	s := openHouse(t, url)
	publish(t, s, clicks(10, "30d"))
	const people = 4500
	_, err := s.Pool().Exec(t.Context(), `INSERT INTO leads (id, email, stage) SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(g), 12, '0'))::uuid,
		'p' || g || '@person.example', 'nurturing' FROM generate_series(1, $1) g`, people)
	require.NoError(t, err)
	for n := 1; n <= people; n += 500 {
		events := make([]record.Event, 500)
		for i := range events {
			events[i] = record.Event{LeadID: fmt.Sprintf("01900000-0000-7000-8000-%012x", n+i), Type: "email_click"}
		}
		_, err := s.Ingest(t.Context(), events)
		require.NoError(t, err)
	}
	seq := count(t, s, "SELECT last_value FROM outbox_seq")
	next := publish(t, s, clicks(60, "30d"))
	const left = "SELECT count(*) FROM scores WHERE model_version <> $1"

	for _, kill := range []struct {
		hold, when string
		hangs      func() bool
		left       int
	}{
		{"LOCK TABLE outbox IN SHARE ROW EXCLUSIVE MODE", "nobody can be told, so nothing is committed", func() bool {
			return count(t, s, "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'outbox'::regclass") > 0 &&
				count(t, s, "SELECT count(*) FROM rescorings WHERE model_version = $1 AND claimed_to = '01900000-0000-7000-8000-000000000fa0'", next) == 1 // two pieces
		}, people},
		{"SELECT FROM leads WHERE email = 'p2500@person.example' FOR UPDATE", "all are done but one, who is being written to", func() bool {
			return count(t, s, left, next) == 1
		}, 1},
	} {
		held, err := s.Pool().Begin(context.WithoutCancel(t.Context()))
		require.NoError(t, err)
		t.Cleanup(func() { _ = held.Rollback(context.WithoutCancel(t.Context())) })
		_, err = held.Exec(t.Context(), kill.hold)
		require.NoError(t, err)
		child := exec.Command(os.Args[0], "-test.run=^TestRescoringChild$")
		child.Env = append(os.Environ(), childRescores+"="+url)
		said := &bytes.Buffer{}
		child.Stdout, child.Stderr = said, said
		require.NoError(t, child.Start())
		ended := make(chan struct{})
		go func() { _ = child.Wait(); close(ended) }()
		t.Cleanup(func() { _ = child.Process.Kill(); <-ended })
		await(t, 60*time.Second, kill.when, func() bool {
			select {
			case <-ended:
				require.Fail(t, "it ended by itself", "%s; %d are left\n%s", kill.when, count(t, s, left, next), said)
			default:
			}
			return kill.hangs()
		})
		require.NoError(t, child.Process.Kill())
		<-ended
		require.Equal(t, kill.left, count(t, s, left, next), "what was not committed was not done")
		require.NoError(t, held.Rollback(t.Context())) // what the killed one had sent to the end may still be committed
	}

	run(t, host(t, s, "127.0.0.1:1"))
	await(t, 60*time.Second, "the next worker goes on", func() bool {
		return count(t, s, "SELECT count(*) FROM rescorings WHERE state = 'done' AND model_version = $1", next) == 1
	})
	require.Zero(t, count(t, s, left, next))
	require.Equal(t, people, count(t, s, "SELECT count(*) FROM outbox WHERE band = 'warm'"))
	require.Equal(t, seq+people, count(t, s, "SELECT last_value FROM outbox_seq"), "each was told once")
	out, err := s.VerifyScores(t.Context(), 0, func(d record.ScoreDifference) { require.Fail(t, "a difference", "%+v", d) }, func(int, int) {})
	require.NoError(t, err)
	require.Equal(t, people, out.Leads)
}
