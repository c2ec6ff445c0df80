package store

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// crowd makes leads who sent a form and saw a webinar each, and forgets what their runs were to be told.
func crowd(t *testing.T, s *Store, n int) {
	t.Helper()
	exec(t, s, `INSERT INTO leads (id, email, stage) SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(g), 12, '0'))::uuid, 'p' || g || '@example.com', 'nurturing'
		FROM generate_series(1, $1) g`, n)
	var events []record.Event
	for i := range n {
		events = append(events, record.Event{LeadID: member(i), Type: "form_submit"}, record.Event{LeadID: member(i), Type: "webinar_attendance"})
		if len(events) >= 1000 || i == n-1 {
			ingest(t, s, events...)
			events = nil
		}
	}
	require.Equal(t, n, one[int](t, s, "SELECT count(*) FROM scores WHERE score = 25 AND band = 'cold'"))
	exec(t, s, "DELETE FROM outbox")
}

func member(i int) string { return fmt.Sprintf("01900000-0000-7000-8000-%012x", i+1) }

// ruled is a model of points for a form, and of points for a webinar that halve.
func ruled(form, webinar int, halfLife string) string {
	return fmt.Sprintf(`{"mql": {"score": 100}, "bands": {"hot": 100, "warm": 40, "hysteresis": 10}, "grades": {"A": 45, "B": 30, "C": 15},
		"engagement": [{"id": "form", "on": "form_submit", "points": %d}, {"id": "webinar", "on": "webinar_attendance", "points": %d, "half_life": %q}]}`, form, webinar, halfLife)
}

// verified holds that every score is what its events give.
func verified(t *testing.T, s *Store) record.Verified {
	t.Helper()
	out, err := s.VerifyScores(t.Context(), 0, func(d record.ScoreDifference) { require.Fail(t, "a difference", "%+v", d) }, func(int, int) {})
	require.NoError(t, err)
	return out
}

func version(t *testing.T, s *Store, document string) int {
	t.Helper()
	m, err := s.CreateModel(t.Context(), record.Model{Source: document, Document: json.RawMessage(document)})
	require.NoError(t, err)
	_, err = s.PublishModel(t.Context(), m.Version)
	require.NoError(t, err)
	return m.Version
}

// What a rule has seen is kept where only its points change; where its shape changes, its own events are read again.
func TestARuleWhoseShapeIsTheSameKeepsWhatItHasSeen(t *testing.T) {
	s := house(t)
	version(t, s, ruled(5, 20, "300d"))
	crowd(t, s, 3)
	require.NoError(t, s.Rescore(t.Context()))
	const row = "SELECT score || ' ' || band FROM scores WHERE lead_id = $1"
	exec(t, s, "DELETE FROM events WHERE lead_id = $1", member(0)) // as retention would
	exec(t, s, "DELETE FROM events WHERE lead_id = $1 AND type = 'form_submit'", member(1))
	version(t, s, ruled(7, 40, "300d"))
	require.NoError(t, s.Rescore(t.Context()))
	for i := range 3 {
		require.Equal(t, "47 warm", one[string](t, s, row, member(i)))
		require.Equal(t, "", heard(t, s, member(i)))
	}
	version(t, s, ruled(7, 40, "200d"))
	require.NoError(t, s.Rescore(t.Context()))
	require.Equal(t, "7 cold", one[string](t, s, row, member(0)), "the webinar is not to be found any more, the form is kept")
	require.Equal(t, "47 warm", one[string](t, s, row, member(1)), "only events of the rule that changed are read")
}

// A worker dies, others come, the same leads are never told twice, and who was taken and not done is found again.
func TestARescoringThatBreaksOffIsTakenUp(t *testing.T) {
	s := house(t)
	version(t, s, ruled(5, 20, "300d"))
	crowd(t, s, 5000)
	seq := one[int64](t, s, "SELECT last_value FROM outbox_seq")
	next := version(t, s, ruled(5, 40, "300d"))

	ctx, kill := context.WithCancel(t.Context())
	release := holdLead(t, s, member(4500)) // who is locked has to wait, and nobody else
	died := make(chan error, 1)
	go func() { died <- s.Rescore(ctx) }()
	eventually(t, func() bool {
		return one[int](t, s, "SELECT count(*) FROM scores WHERE model_version = $1", next) == 4999
	})
	m := progress(t, s, next)
	require.Equal(t, "running", m.State)
	require.Equal(t, 4999, m.Done)
	require.Equal(t, 5000, *m.Total)
	kill()
	require.ErrorIs(t, <-died, context.Canceled)
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM scores WHERE model_version <> $1", next))
	release()

	together(t, 3, func(int) error { return s.Rescore(t.Context()) })
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM scores WHERE model_version <> $1 OR band <> 'warm' OR score <> 45", next))
	require.Equal(t, seq+5000, one[int64](t, s, "SELECT last_value FROM outbox_seq"), "each was told once")
	require.Equal(t, 5000, one[int](t, s, "SELECT count(*) FROM outbox WHERE band = 'warm'"))
	m = progress(t, s, next)
	require.Equal(t, "done", m.State)
	require.Equal(t, 5000, m.Done)
	require.NotNil(t, m.FinishedAt)
	require.Positive(t, m.Rate)
}

// Published, and another before the first has reached everybody, and back: the last one counts.
func TestPublicationsOvertakeEachOther(t *testing.T) {
	s := house(t)
	first := version(t, s, ruled(5, 20, "300d"))
	crowd(t, s, 2500)
	second := version(t, s, ruled(5, 40, "300d"))
	release := holdLead(t, s, member(2400))
	ended := make(chan error, 1)
	go func() { ended <- s.Rescore(t.Context()) }()
	eventually(t, func() bool {
		return one[int](t, s, "SELECT count(*) FROM scores WHERE model_version = $1", second) == 2499
	})
	third := version(t, s, ruled(50, 60, "200d"))
	_, err := s.PublishModel(t.Context(), first)
	require.NoError(t, err)
	release()
	require.NoError(t, <-ended)
	require.Equal(t, 2500, one[int](t, s, "SELECT count(*) FROM scores WHERE model_version = $1 AND score = 25 AND band = 'cold'", first))
	require.Equal(t, "superseded", progress(t, s, second).State)
	require.Equal(t, "superseded", progress(t, s, third).State)
	require.Equal(t, "done", progress(t, s, first).State)
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM outbox o JOIN scores s USING (lead_id) WHERE o.band <> s.band"))
	require.Equal(t, 2500, verified(t, s).Leads)
}

// Ingest goes on, by many, while two workers score by a model that is replaced twice.
func TestRescoringWhileEventsComeIn(t *testing.T) {
	s := house(t)
	version(t, s, ruled(5, 20, "300d"))
	crowd(t, s, 2200)
	together(t, 8, func(i int) error {
		switch i {
		case 0:
			version(t, s, ruled(5, 40, "300d"))
			version(t, s, ruled(8, 40, "100d"))
			return s.Rescore(t.Context())
		case 1, 2:
			for range 5 {
				if err := s.Rescore(t.Context()); err != nil {
					return err
				}
				if _, err := s.Turn(t.Context(), time.Second); err != nil {
					return err
				}
			}
			return nil
		}
		for n := range 20 {
			var events []record.Event
			for k := range 20 {
				events = append(events, record.Event{LeadID: member((i*7919 + n*101 + k*13) % 2200), Type: "form_submit"})
			}
			if err := takeAll(t.Context(), s, events); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(t, s.Rescore(t.Context()))
	require.Equal(t, 1, one[int](t, s, "SELECT count(DISTINCT model_version) FROM scores"))
	require.Equal(t, 2200, verified(t, s).Leads)
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM scores s LEFT JOIN outbox o USING (lead_id) WHERE s.band <> coalesce(o.band, 'cold')"), "what runs are told is what the rows say")
}

// Somebody began to fold before the publication, and is slow: it is not done before they are.
func TestARescoringWaitsForWhoFoldsByTheModelBefore(t *testing.T) {
	s := house(t)
	first := version(t, s, ruled(5, 20, "300d"))
	crowd(t, s, 2)
	require.NoError(t, s.Rescore(t.Context()))
	slow, err := s.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = slow.Rollback(t.Context()) }()
	_, err = slow.Exec(t.Context(), sqlPublishedModel)
	require.NoError(t, err)
	next := version(t, s, ruled(5, 40, "300d"))
	ended := make(chan error, 1)
	go func() { ended <- s.Rescore(t.Context()) }()
	eventually(t, func() bool { return one[int](t, s, "SELECT count(*) FROM scores WHERE model_version = $1", next) == 2 })
	require.Equal(t, "running", progress(t, s, next).State)
	_, err = slow.Exec(t.Context(), "UPDATE scores SET model_version = $1, score = 25, band = 'cold' WHERE lead_id = $2", first, member(1))
	require.NoError(t, err)
	require.NoError(t, slow.Commit(t.Context()))
	require.NoError(t, <-ended)
	require.Equal(t, 2, one[int](t, s, "SELECT count(*) FROM scores WHERE model_version = $1 AND score = 45", next))
	require.Equal(t, "done", progress(t, s, next).State)
}

// What an earlier release left half done, or what nobody noticed, is found by the sweep of the house.
func TestTheSweepFindsWhoAnotherModelScored(t *testing.T) {
	s := house(t)
	version(t, s, ruled(5, 20, "300d"))
	crowd(t, s, 2)
	version(t, s, ruled(5, 40, "300d"))
	exec(t, s, "DELETE FROM rescorings")
	require.NoError(t, s.Rescore(t.Context()))
	require.Equal(t, 2, one[int](t, s, "SELECT count(*) FROM scores WHERE score = 25"), "nobody knows of it")
	require.NoError(t, s.Sweep(t.Context()))
	require.NoError(t, s.Sweep(t.Context()))
	require.NoError(t, s.Rescore(t.Context()))
	require.Equal(t, 2, one[int](t, s, "SELECT count(*) FROM scores WHERE score = 45"))
	require.NoError(t, s.Sweep(t.Context()))
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM rescorings"))
}

func progress(t *testing.T, s *Store, version int) record.Rescoring {
	t.Helper()
	m, err := s.Model(t.Context(), version)
	require.NoError(t, err)
	require.NotNil(t, m.Rescoring)
	return *m.Rescoring
}

// holdLead keeps a lead locked as a slow writer would.
func holdLead(t *testing.T, s *Store, id string) (release func()) {
	t.Helper()
	tx, err := s.pool.Begin(context.WithoutCancel(t.Context()))
	require.NoError(t, err)
	_, err = lockPerson(t.Context(), tx, id)
	require.NoError(t, err)
	release = func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }
	t.Cleanup(release)
	return release
}

func eventually(t *testing.T, done func() bool) {
	t.Helper()
	require.Eventually(t, done, 30*time.Second, 20*time.Millisecond)
}
