package store

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// busy is a visitor who belongs to nobody and did so much, each a second after the other, in a house where a lead comes to
// three events at a time.
func busy(t *testing.T, events int) *Store {
	t.Helper()
	s := house(t)
	s.inherits = 3
	ingest(t, s, seen("page_view", "first"))
	exec(t, s, `INSERT INTO events (id, visitor_id, client_id, type, occurred_at, received_at)
		SELECT gen_random_uuid(), $1, n::text, 'form_submit', now() + n * interval '1 second' - interval '1 hour', now() + n * interval '1 second' - interval '1 hour'
		FROM generate_series(1, $2) n`, visitor, events-1)
	exec(t, s, "UPDATE events SET received_at = now() - interval '2 hours', occurred_at = now() - interval '2 hours' WHERE client_id = 'first'")
	return s
}

func nobodys(t *testing.T, s *Store) int {
	t.Helper()
	return one[int](t, s, "SELECT count(*) FROM events WHERE lead_id IS NULL")
}

// counts checks that all scores are what the events say, to the bit.
func counts(t *testing.T, s *Store) {
	t.Helper()
	all, out := differences(t, s, 0)
	require.Empty(t, all)
	require.Zero(t, out.Unknown)
}

// What a lead comes to at once is bounded. What is left after that - it was killed, or it was too much - comes in order, once,
// and to the same lead, whoever has the visitor by then; what the visitor does meanwhile goes to the newest capture.
func TestAnInheritanceComesInPieces(t *testing.T) {
	s := busy(t, 40)
	ada := capture(t, s, record.Capture{Email: "ada@example.com", VisitorID: visitor}).LeadID
	const taken = 3 * (1 + inheritSome)
	require.Equal(t, 40-taken, nobodys(t, s))
	require.Equal(t, "first 1 2 3 4 5 6 7 8 9 10 11 12 13 14", of(t, s, ada), "the oldest first")
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM timeline WHERE lead_id = $1", ada))
	foots(t, s, ada)
	counts(t, s)

	got := ingest(t, s, seen("form_submit", "later"), seen("form_submit", "30"), record.Event{LeadID: ada, Type: "form_submit", ClientID: "39"})
	require.Equal(t, []record.Ingested{{LeadID: ada}, {LeadID: ada, Duplicate: true}, {LeadID: ada}}, got, "an id that waits is known to the visitor")
	counts(t, s)
	eve := capture(t, s, record.Capture{Email: "eve@example.com", VisitorID: visitor}).LeadID
	require.Equal(t, 40-2*taken+3, nobodys(t, s), "whoever claims the visitor goes on for its heir")
	require.Equal(t, eve, ingest(t, s, seen("form_submit", "eves"))[0].LeadID)
	counts(t, s)

	turned(t, s)
	require.Zero(t, nobodys(t, s))
	require.Equal(t, "eves", of(t, s, eve))
	require.Equal(t, 41, one[int](t, s, "SELECT count(DISTINCT client_id) FROM events WHERE lead_id = $1", ada))
	require.Equal(t, 41, one[int](t, s, "SELECT count(*) FROM events WHERE lead_id = $1", ada), "of what was told twice one is left")
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM visitors WHERE heir_id IS NOT NULL"))
	foots(t, s, ada)
	counts(t, s)
	turned(t, s)
	require.Equal(t, 42, one[int](t, s, "SELECT count(*) FROM events"))
}

// While somebody comes to very much, nobody else waits for all of it: no transaction takes more than a piece.
func TestNoPieceIsLargerThanThat(t *testing.T) {
	s := busy(t, 20)
	ada := newLead(t, s, "ada@example.com")
	require.NoError(t, s.Identify(t.Context(), visitor, ada))
	turned(t, s)
	require.Equal(t, 3, one[int](t, s, "SELECT max(n) FROM (SELECT count(*) AS n FROM events WHERE inherited_at IS NOT NULL GROUP BY xmin) AS pieces"))
	require.Equal(t, 20, one[int](t, s, "SELECT count(*) FROM events WHERE lead_id = $1", ada))
	require.Equal(t, 20, one[int](t, s, "SELECT (data ->> 'events')::int FROM timeline WHERE kind = 'identified'"))
	require.Equal(t, 2000, New(s.pool, Options{SuppressionKey: testKey}).inherits)
	foots(t, s, ada)
}

func TestOfAnInheritanceThatIsOnItsWayNothingIsLostOrDoubled(t *testing.T) {
	s := busy(t, 100)
	ada := newLead(t, s, "ada@example.com")
	together(t, 32, func(i int) error {
		switch i % 4 {
		case 0:
			_, err := s.Turn(t.Context(), time.Second)
			return err
		case 1:
			_, err := s.Ingest(t.Context(), []record.Event{seen("form_submit", fmt.Sprint("new", i)), {LeadID: ada, Type: "form_submit", ClientID: fmt.Sprint(i)}})
			return err
		case 2:
			return s.Identify(t.Context(), visitor, ada)
		}
		_, err := s.Capture(t.Context(), record.Capture{Email: []string{"ada@example.com", "eve@example.com"}[i/4%2], VisitorID: visitor, Via: "form"})
		return err
	})
	turned(t, s)
	require.Equal(t, one[int](t, s, "SELECT count(*) FROM visitors WHERE lead_id IS NULL"), nobodys(t, s))
	require.Equal(t, 100, one[int](t, s, "SELECT count(DISTINCT client_id) FROM events WHERE client_id ~ '^(first|[0-9]+)$'"))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM (SELECT FROM events GROUP BY lead_id, client_id HAVING count(*) > 1) AS doubles"))
	counts(t, s)
}

// While a piece is on its way the visitor cannot change hands, nor become nobody's: what it would do then would be the heir's.
func TestAPieceHoldsTheVisitor(t *testing.T) {
	s, ctx := busy(t, 20), t.Context()
	ada := capture(t, s, record.Capture{Email: "ada@example.com", VisitorID: visitor}).LeadID
	require.NotZero(t, nobodys(t, s))
	tx, err := s.pool.Begin(ctx)
	require.NoError(t, err)
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	_, err = lockPerson(ctx, tx, ada)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { _, err := s.inheritPiece(ctx, visitor); done <- err }()
	require.Eventually(t, func() bool {
		return one[bool](t, s, "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database()))")
	}, 10*time.Second, time.Millisecond, "it waits for the lead")
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM (SELECT FROM visitors FOR UPDATE SKIP LOCKED) AS free"))
	require.NoError(t, tx.Rollback(ctx))
	require.NoError(t, <-done)
}

// Who is erased takes along what they were still to come to, and nothing that is another's.
func TestErasureAndAnInheritanceThatIsOnItsWay(t *testing.T) {
	s, ctx := busy(t, 100), t.Context()
	ada := capture(t, s, record.Capture{Email: "ada@example.com", VisitorID: visitor}).LeadID
	eve := capture(t, s, record.Capture{Email: "eve@example.com", VisitorID: visitor}).LeadID
	ingest(t, s, seen("form_submit", "eves"))
	require.NotZero(t, nobodys(t, s))
	require.NoError(t, s.EraseLead(ctx, eve, lifecycle.System))
	require.Equal(t, 100, one[int](t, s, "SELECT count(*) FROM events WHERE lead_id = $1", ada))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM visitors"))
	require.Empty(t, of(t, s, eve))
	ingest(t, s, seen("form_submit", "nobodys"))
	turned(t, s)
	require.Equal(t, 1, nobodys(t, s))
	counts(t, s)

	for _, has := range []string{"", "eve"} { // who has the visitor: the erased, or another
		s := busy(t, 40)
		ada := capture(t, s, record.Capture{Email: "ada@example.com", VisitorID: visitor}).LeadID
		if has != "" {
			s.inherits = 1
			has = capture(t, s, record.Capture{Email: "eve@example.com", VisitorID: visitor}).LeadID
		}
		require.NotZero(t, nobodys(t, s))
		require.NoError(t, s.EraseLead(ctx, ada, lifecycle.System))
		require.Zero(t, one[int](t, s, "SELECT count(*) FROM events"))
		require.Equal(t, has, ingest(t, s, seen("form_submit", "after"))[0].LeadID)
		turned(t, s)
		require.Equal(t, strings.Repeat("after", min(1, len(has))), of(t, s, newOr(has)))
	}
}

func newOr(id string) string {
	if id == "" {
		return newID()
	}
	return id
}

// Of what a visitor did nobody knew whose it was: an explanation of a moment before that is the same whenever it is asked for.
func TestAnExplanationOfAMomentBeforeTheVisitorWasKnownStays(t *testing.T) {
	s := house(t)
	ingest(t, s, seen("webinar_attendance", "a"))
	ada := capture(t, s, record.Capture{Email: "ada@example.com"}).LeadID
	moment := func() time.Time { return one[time.Time](t, s, "SELECT clock_timestamp()") }
	at := []time.Time{moment()}
	ask := func(n int) int { return explainedAt(t, s, ada, at[n]).Score }
	require.Zero(t, ask(0))
	capture(t, s, record.Capture{Email: "ada@example.com", VisitorID: visitor})
	require.Zero(t, ask(0))
	at = append(at, moment())
	require.Equal(t, 20, ask(1))
	ingest(t, s, seen("form_submit", "b"))
	at = append(at, moment())
	capture(t, s, record.Capture{Email: "eve@example.com", VisitorID: visitor})
	capture(t, s, record.Capture{Email: "ada@example.com", VisitorID: visitor})
	require.Equal(t, []int{0, 20, 25}, []int{ask(0), ask(1), ask(2)}, "whoever claims the visitor later")
	require.Equal(t, 25, explainedAt(t, s, ada, time.Time{}).Score)
}
