package store

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/sequence"
	"github.com/leadflow-dev/leadflow/domain/span"
)

// inside captures somebody who rests in the sequence.
func inside(t *testing.T, s *Store, n int, at lifecycle.Position) string {
	t.Helper()
	id := nurturing(t, s, record.Capture{Email: fmt.Sprintf("p%d@example.com", n)})
	exec(t, s, `INSERT INTO sequence_runs (lead_id, cycle, sequence, version, entered_at, step, since, command, answer) VALUES ($1, 1, $2, $3, now(), $4, $5, '', '{}')`,
		id, at.Sequence, at.Version, at.Step, at.Since)
	return id
}

// goAgain is another wish each time.
func goAgain(t *testing.T, s *Store, lead string, at lifecycle.Position, now time.Time) lifecycle.Move {
	t.Helper()
	if at.Sequence, at.Version = "welcome", max(1, at.Version); at.Step == "" {
		at.Since = time.Time{}
	}
	c := command(lead, lifecycle.CommandMail, "mail/welcome/"+newID())
	c.Position, c.At = at, now
	out, err := s.GoOn(t.Context(), c)
	require.NoError(t, err)
	return out
}

func newVersion(t *testing.T, s *Store, document string, inside sequence.Inside) int {
	t.Helper()
	q, err := s.CreateSequence(t.Context(), record.Sequence{Name: "welcome", Source: "x", Document: json.RawMessage(document)})
	require.NoError(t, err)
	_, err = s.PublishSequence(t.Context(), record.Publication{Name: "welcome", Version: q.Version, Inside: inside})
	require.NoError(t, err)
	return q.Version
}

func TestAHeldSequenceHoldsAndLetsGo(t *testing.T) {
	s := garden(t)
	rest := lifecycle.Position{Sequence: "welcome", Version: 1, Step: "rest", Since: time.Now().Add(-73 * time.Hour).UTC().Truncate(time.Microsecond)}
	ada, ben := inside(t, s, 1, rest), inside(t, s, 2, rest)
	h, err := s.PauseSequence(t.Context(), "welcome", 1, "ops")
	require.NoError(t, err)
	require.Nil(t, h.EndedAt)
	again, err := s.PauseSequence(t.Context(), "welcome", 1, "ops")
	require.NoError(t, err)
	require.Equal(t, h.BeganAt, again.BeganAt, "held already")
	_, err = s.PauseSequence(t.Context(), "nothing", 1, "ops")
	require.ErrorIs(t, err, record.ErrNotFound)
	_, err = s.ResumeSequence(t.Context(), "nothing", 1, sequence.Shift, 0)
	require.ErrorIs(t, err, record.ErrNotFound)

	now := time.Now().UTC().Truncate(time.Microsecond).Add(time.Second)
	for range 2 {
		move := goAgain(t, s, ada, rest, now)
		require.Equal(t, []any{"", "rest", rest.Since}, []any{move.Mail, move.Position.Step, move.Position.Since})
		require.True(t, move.At.After(now.Add(24*time.Hour)))
	}
	released, err := s.ReleaseHeldUp(t.Context())
	require.NoError(t, err)
	require.Zero(t, released, "it is held still")
	require.Equal(t, 0, one[int](t, s, "SELECT count(*) FROM outbox"))

	h, err = s.ResumeSequence(t.Context(), "welcome", 1, sequence.Keep, span.Span(4*time.Hour))
	require.NoError(t, err)
	require.Equal(t, []any{"keep", "4h", 1}, []any{h.CatchUp, h.Spread, h.HeldUp})
	released, err = s.ReleaseHeldUp(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, released, "who did not come to go on was not held up")
	require.Equal(t, "first_touch", heard(t, s, ada))
	at := one[time.Time](t, s, "SELECT not_before FROM outbox WHERE lead_id = $1", ada)
	require.Equal(t, sequence.Hold{To: *h.EndedAt, Spread: span.Span(4 * time.Hour)}.Release(ada).UTC(), at.UTC(), "each comes back at its own moment")
	released, err = s.ReleaseHeldUp(t.Context())
	require.NoError(t, err)
	require.Zero(t, released)

	move := goAgain(t, s, ada, rest, at)
	require.Equal(t, "ask", move.Position.Step)
	require.Equal(t, "ask", goAgain(t, s, ben, rest, at.Add(4*time.Hour)).Position.Step)
}

// What comes due while it is held and is left out is in the ledger, and is never sent.
func TestWhatIsLeftOutIsInTheLedger(t *testing.T) {
	s := garden(t)
	ada := nurturing(t, s, record.Capture{Email: "ada@example.com"})
	_, err := s.PauseSequence(t.Context(), "welcome", 1, "ops")
	require.NoError(t, err)
	now := time.Now().UTC().Truncate(time.Microsecond).Add(time.Second)
	move := goAgain(t, s, ada, lifecycle.Position{}, now)
	require.Equal(t, []any{"", "hello", now}, []any{move.Mail, move.Position.Step, move.Position.Since})
	exec(t, s, "UPDATE sequence_holds SET began_at = $1, ended_at = $2, catch_up = 'drop'", now.Add(-time.Minute), now.Add(time.Hour))
	move = goAgain(t, s, ada, move.Position, now.Add(time.Hour))
	require.Equal(t, []any{"", "rest"}, []any{move.Mail, move.Position.Step})
	require.Equal(t, ada+"/1/mail/welcome@1/hello expired held", one[string](t, s, "SELECT concat_ws(' ', key, state, code) FROM deliveries"))
}

func TestManyAreReleasedByTwoAtOnce(t *testing.T) {
	s := garden(t)
	const people = 2500
	exec(t, s, `WITH l AS (INSERT INTO leads (id, stage) SELECT gen_random_uuid(), 'nurturing' FROM generate_series(1, $1::int) RETURNING id)
		INSERT INTO sequence_runs (lead_id, cycle, sequence, version, entered_at, step, command, answer, held_up_at) SELECT id, 1, 'welcome', 1, now(), 'rest', '', '{}', now() FROM l`, people)
	_, err := s.PauseSequence(t.Context(), "welcome", 1, "ops")
	require.NoError(t, err)
	_, err = s.ResumeSequence(t.Context(), "welcome", 1, sequence.Shift, 0)
	require.NoError(t, err)
	sums := make([]int, 2)
	together(t, 2, func(i int) (err error) {
		sums[i], err = s.ReleaseHeldUp(t.Context())
		return err
	})
	n, err := s.ReleaseHeldUp(t.Context()) // whom the two left to each other
	require.NoError(t, err)
	require.Equal(t, people, sums[0]+sums[1]+n)
	require.Equal(t, people, one[int](t, s, "SELECT count(*) FROM outbox WHERE triggers ? 'first_touch'"))
	require.Equal(t, 0, one[int](t, s, "SELECT count(*) FROM sequence_runs WHERE held_up_at IS NOT NULL"))
}

const shorter = `{"name": "welcome", "steps": [{"id": "hello", "mail": {"subject": "Hello", "body": "Hi"}},
	{"id": "ask", "wait_for": {"any": ["email_click"], "timeout": "7d"}, "then": "invite", "else": "end"},
	{"id": "invite", "mail": {"subject": "Come", "body": "Come"}}]}`

func TestWhoIsInsideIsCountedAndGoesWhereItWasSaid(t *testing.T) {
	s := garden(t)
	now := time.Now().UTC().Truncate(time.Microsecond)
	rest := lifecycle.Position{Sequence: "welcome", Version: 1, Step: "rest", Since: now.Add(-time.Hour)}
	ask := lifecycle.Position{Sequence: "welcome", Version: 1, Step: "ask", Since: now.Add(-time.Hour)}
	ada, ben := inside(t, s, 1, rest), inside(t, s, 2, ask)
	cy := nurturing(t, s, record.Capture{Email: "cy@example.com"})
	inside(t, s, 4, ask)

	second := newVersion(t, s, shorter, sequence.Stay)
	got, err := s.Inside(t.Context(), "welcome", second)
	require.NoError(t, err)
	require.Equal(t, 3, got.Leads)
	require.Equal(t, []record.InsideStep{{Version: 1, Step: "ask", Leads: 2, MovesTo: "ask"}, {Version: 1, Step: "rest", Leads: 1, MovesTo: "ask"}}, got.Steps)
	_, err = s.Inside(t.Context(), "welcome", 9)
	require.ErrorIs(t, err, record.ErrNotFound)

	move := goAgain(t, s, ada, rest, now)
	require.Equal(t, []any{1, "rest"}, []any{move.Position.Version, move.Position.Step}, "they stay")

	third := newVersion(t, s, shorter, sequence.Onward)
	move = goAgain(t, s, ada, rest, now)
	require.Equal(t, lifecycle.Position{Sequence: "welcome", Version: third, Step: "ask", Since: now}, move.Position, "its step is gone: the next that is there")
	move = goAgain(t, s, ben, ask, now)
	require.Equal(t, lifecycle.Position{Sequence: "welcome", Version: third, Step: "ask", Since: ask.Since}, move.Position, "the same step goes on waiting")
	require.Equal(t, ask.Since.Add(7*24*time.Hour), move.At)
	move = goAgain(t, s, cy, lifecycle.Position{}, now)
	require.Equal(t, []any{"hello", third, "ask"}, []any{move.Mail, move.Position.Version, move.Position.Step})

	// Published again, the first version takes back who has not left it, and leaves the others where they are.
	_, err = s.PublishSequence(t.Context(), record.Publication{Name: "welcome", Version: 1})
	require.NoError(t, err)
	require.Equal(t, 1, goAgain(t, s, ada, rest, now).Position.Version)

	fifth := newVersion(t, s, testSequence, sequence.Restart)
	move = goAgain(t, s, cy, move.Position, now.Add(time.Hour))
	require.Equal(t, []any{"hello", fifth, "rest"}, []any{move.Mail, move.Position.Version, move.Position.Step}, "it begins anew, with its mails")
}

// A mail that was had from another version of the sequence in this cycle does not come twice.
func TestAMailOfAnotherVersionDoesNotComeTwice(t *testing.T) {
	s := garden(t)
	ada := nurturing(t, s, record.Capture{Email: "ada@example.com"})
	now := time.Now().UTC().Truncate(time.Microsecond)
	require.Equal(t, "hello", goAgain(t, s, ada, lifecycle.Position{}, now).Mail)
	version := newVersion(t, s, `{"name": "welcome", "steps": [{"id": "rest", "wait": "1h"}, {"id": "hello", "mail": {"subject": "Hello", "body": "Hi"}}, {"id": "more", "wait": "1h"}]}`, sequence.Onward)
	move := goAgain(t, s, ada, lifecycle.Position{Step: "rest", Since: now}, now.Add(2*time.Hour))
	require.Equal(t, []any{"", version, "more"}, []any{move.Mail, move.Position.Version, move.Position.Step})
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM deliveries"))
}

// A pause of one lead that ended with a word on how to catch up: without one its run's clocks kept what was left.
func TestALeadResumedCatchesUpAsItWasSaid(t *testing.T) {
	s := garden(t)
	now := time.Now().UTC().Truncate(time.Microsecond)
	resumed := func(n int, catchUp string) (lead, decision string) {
		lead, decision = nurturing(t, s, record.Capture{Email: fmt.Sprintf("p%d@example.com", n)}), newID()
		const sql = "INSERT INTO decisions (id, lead_id, kind, body, fingerprint, state, created_at) VALUES ($1, $2, $3, $4, gen_random_uuid()::text, $5, $6)"
		exec(t, s, sql, newID(), lead, "pause", `{}`, "applied", now.Add(-48*time.Hour))
		exec(t, s, sql, decision, lead, "resume", catchUp, "pending", now.Add(-time.Minute))
		l := lifecycle.New(lead)
		l.Stage, l.Version = lifecycle.StageNurturing, 5
		_, err := s.RecordStage(t.Context(), lifecycle.Carried{Lead: l, Entries: []lifecycle.Entry{{Kind: lifecycle.Resumed, At: now, Decision: decision}}})
		require.NoError(t, err)
		return lead, decision
	}
	rest := lifecycle.Position{Step: "rest", Since: now.Add(-4 * 24 * time.Hour)} // due while it was paused
	for n, c := range []struct{ body, told, then string }{
		{`{}`, "", "ask"}, {`{"catch_up": "keep"}`, "first_touch", "ask"}, {`{"catch_up": "drop"}`, "first_touch", "ask"},
	} {
		lead, _ := resumed(n, c.body)
		if c.told != "" {
			require.Equal(t, c.told, heard(t, s, lead))
		} else {
			require.Equal(t, 0, one[int](t, s, "SELECT count(*) FROM outbox WHERE lead_id = $1", lead))
		}
		require.Equal(t, c.then, goAgain(t, s, lead, rest, now).Position.Step)
	}
	lead, _ := resumed(9, `{"catch_up": "drop"}`)
	move := goAgain(t, s, lead, lifecycle.Position{Step: "hello", Since: now.Add(-24 * time.Hour)}, now)
	require.Equal(t, []any{"", "rest"}, []any{move.Mail, move.Position.Step}, "the mail came due while it was paused")
	lead, _ = resumed(10, `{"catch_up": "keep"}`)
	require.Equal(t, "hello", goAgain(t, s, lead, lifecycle.Position{Step: "hello", Since: now.Add(-24 * time.Hour)}, now).Mail)
}
