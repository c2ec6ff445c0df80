package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

const visitor = "visitor-0123456789abcdef"

// seen is something the visitor does.
func seen(kind, id string) record.Event {
	return record.Event{VisitorID: visitor, Type: kind, ClientID: id}
}

// of are the client ids of a lead's events, in the order in which they happened.
func of(t *testing.T, s *Store, leadID string) string {
	t.Helper()
	return one[string](t, s, "SELECT coalesce(string_agg(client_id, ' ' ORDER BY occurred_at, id), '') FROM events WHERE lead_id = $1", leadID)
}

// foots checks that the score of a lead is what its events say.
func foots(t *testing.T, s *Store, leadID string) {
	t.Helper()
	require.Equal(t, recomputed(t, s, leadID, testModel).Score, one[int](t, s, "SELECT score FROM scores WHERE lead_id = $1", leadID))
}

func TestAVisitorWhoBelongsToNobodyBringsItsPast(t *testing.T) {
	s := house(t)
	ingest(t, s, seen("webinar_attendance", "a"), seen("demo_request", "b"))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM events WHERE lead_id IS NOT NULL"))
	ada := capture(t, s, record.Capture{Email: "ada@example.com", VisitorID: visitor}).LeadID
	require.Equal(t, "a b", of(t, s, ada))
	require.Equal(t, 20, one[int](t, s, "SELECT score FROM scores"))
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM outbox WHERE triggers ?& '{capture,demo_request}'"))
	require.Equal(t, []record.Ingested{{LeadID: ada, Duplicate: true}, {LeadID: ada}},
		ingest(t, s, seen("webinar_attendance", "a"), seen("webinar_attendance", "c")))
}

// A shared computer: what was stays where it is, what comes follows the newest capture.
func TestLaterEventsFollowTheNewestCapture(t *testing.T) {
	s := house(t)
	ingest(t, s, seen("webinar_attendance", "1"))
	ada := capture(t, s, record.Capture{Email: "ada@example.com", VisitorID: visitor}).LeadID
	ingest(t, s, seen("webinar_attendance", "2"))
	eve := capture(t, s, record.Capture{Email: "eve@example.com", VisitorID: visitor}).LeadID
	require.Equal(t, eve, ingest(t, s, seen("form_submit", "3"))[0].LeadID)
	capture(t, s, record.Capture{Email: "eve@example.com", VisitorID: visitor})
	require.Equal(t, eve, ingest(t, s, seen("form_submit", "4"))[0].LeadID)
	capture(t, s, record.Capture{Email: "ada@example.com", VisitorID: visitor})
	require.Equal(t, ada, ingest(t, s, seen("form_submit", "5"))[0].LeadID)
	require.Equal(t, "1 2 5", of(t, s, ada))
	require.Equal(t, "3 4", of(t, s, eve))
	foots(t, s, ada)
	foots(t, s, eve)
}

// The client cannot know whether its event arrived before the visitor changed hands: it sends it again.
func TestWhatIsSentAgainIsADuplicateWhoeverHasTheVisitorNow(t *testing.T) {
	s := house(t)
	ingest(t, s, seen("form_submit", "before"))
	ada := capture(t, s, record.Capture{Email: "ada@example.com", VisitorID: visitor}).LeadID
	ingest(t, s, seen("form_submit", "hers"))
	eve := capture(t, s, record.Capture{Email: "eve@example.com", VisitorID: visitor}).LeadID
	for _, id := range []string{"before", "hers"} {
		require.Equal(t, record.Ingested{LeadID: eve, Duplicate: true}, ingest(t, s, seen("form_submit", id))[0], id)
	}
	capture(t, s, record.Capture{Email: "ada@example.com", VisitorID: visitor})
	require.True(t, ingest(t, s, seen("form_submit", "hers"))[0].Duplicate)
	require.Equal(t, "before hers", of(t, s, ada))
	require.Empty(t, of(t, s, eve))
}

// Whose an event is, is decided when it arrives: the clock of a browser and ours cannot be compared to the second, and
// what one says of itself must not reach back to who was there before.
func TestALateEventGoesToWhoHasTheVisitorWhenItArrives(t *testing.T) {
	s := house(t)
	capture(t, s, record.Capture{Email: "ada@example.com", VisitorID: visitor})
	eve := capture(t, s, record.Capture{Email: "eve@example.com", VisitorID: visitor}).LeadID
	late := seen("form_submit", "late")
	late.OccurredAt = time.Now().Add(-24 * time.Hour)
	require.Equal(t, eve, ingest(t, s, late)[0].LeadID)
	foots(t, s, eve)
}

// The past of a visitor may lie before an adjustment that the lead's score has folded already.
func TestAPastFromBeforeARecycleIsScoredAsIfItHadBeenThere(t *testing.T) {
	s := house(t)
	ada := newLead(t, s, "ada@example.com")
	ingest(t, s, record.Event{LeadID: ada, Type: "content_download", OccurredAt: time.Now().Add(-72 * time.Hour)})
	exec(t, s, "INSERT INTO adjustments (lead_id, cycle, at, policy) VALUES ($1, 2, now() - interval '1 day', 'halve')", ada)
	ingest(t, s, record.Event{LeadID: ada, Type: "form_submit"})
	past := seen("webinar_attendance", "1")
	past.OccurredAt = time.Now().Add(-48 * time.Hour)
	ingest(t, s, past)
	capture(t, s, record.Capture{Email: "ada@example.com", VisitorID: visitor})
	require.Equal(t, 3, one[int](t, s, "SELECT count(*) FROM events WHERE lead_id = $1", ada))
	foots(t, s, ada)
}

func TestRacingCapturesOfOneVisitorLoseNothing(t *testing.T) {
	s := house(t)
	ingest(t, s, seen("webinar_attendance", "first"))
	together(t, 30, func(i int) error {
		who := fmt.Sprintf("p%d@example.com", i%6)
		switch i % 3 {
		case 0:
			return takeAll(t.Context(), s, []record.Event{seen("webinar_attendance", fmt.Sprint(i)), {Email: "p1@example.com", Type: "form_submit"}})
		case 1:
			_, err := s.Capture(t.Context(), record.Capture{Email: who, VisitorID: visitor, Via: "form"})
			return err
		}
		_, err := s.Capture(t.Context(), record.Capture{Email: who, VisitorID: visitor, Via: "form", Event: &record.Event{Type: "form_submit"}})
		return err
	})
	require.Equal(t, 11, one[int](t, s, "SELECT count(lead_id) FROM events WHERE type = 'webinar_attendance'"), "each is somebody's, once")
	require.True(t, one[bool](t, s, "SELECT lead_id = (SELECT lead_id FROM timeline ORDER BY id LIMIT 1) FROM events WHERE client_id = 'first'"), "what was before is the first capture's")
	last := one[string](t, s, "SELECT lead_id FROM visitors")
	require.Equal(t, last, ingest(t, s, seen("page_view", "after"))[0].LeadID)
	for n := range 6 {
		if id := one[string](t, s, "SELECT coalesce(max(id::text), '') FROM leads WHERE email = $1", fmt.Sprintf("p%d@example.com", n)); id != "" {
			foots(t, s, id)
		}
	}
}

func TestTheVisitorOfAnErasedPersonIsNobodysAgain(t *testing.T) {
	s, ctx := house(t), t.Context()
	ingest(t, s, seen("form_submit", "1"))
	ada := capture(t, s, record.Capture{Email: "ada@example.com", VisitorID: visitor}).LeadID
	require.NoError(t, s.EraseLead(ctx, ada, lifecycle.System))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM events"))
	require.Equal(t, record.Ingested{}, ingest(t, s, seen("form_submit", "2"))[0], "kept, and nobody's")
	require.ErrorIs(t, s.Identify(ctx, visitor, ada), record.ErrErased)
	eve := capture(t, s, record.Capture{Email: "eve@example.com", VisitorID: visitor}).LeadID
	require.Equal(t, "2", of(t, s, eve))
}

func TestErasingWhoHadTheVisitorBeforeLeavesItsNewOwnerAlone(t *testing.T) {
	s, ctx := house(t), t.Context()
	ada := capture(t, s, record.Capture{Email: "ada@example.com", VisitorID: visitor}).LeadID
	ingest(t, s, seen("form_submit", "hers"))
	eve := capture(t, s, record.Capture{Email: "eve@example.com", VisitorID: visitor}).LeadID
	ingest(t, s, seen("form_submit", "eves"))
	require.NoError(t, s.EraseLead(ctx, ada, lifecycle.System))
	require.Equal(t, eve, ingest(t, s, seen("page_view", "later"))[0].LeadID)
	require.Equal(t, "eves later", of(t, s, eve))
	require.Equal(t, 2, one[int](t, s, "SELECT count(*) FROM events"), "of the erased nothing is left")
	foots(t, s, eve)
}

func TestAClickIdentifiesWhoIsNobodysOnly(t *testing.T) {
	s, ctx := house(t), t.Context()
	ada, eve := newLead(t, s, "ada@example.com"), newLead(t, s, "eve@example.com")
	ingest(t, s, seen("webinar_attendance", "1"), seen("demo_request", "2"))
	require.NoError(t, s.Identify(ctx, visitor, ada))
	require.Equal(t, "1 2", of(t, s, ada))
	require.Equal(t, "demo_request", heard(t, s, ada), "its run hears of what the visitor asked for")
	require.Equal(t, []string{"captured", "identified"}, timelineKinds(t, s, ada))
	foots(t, s, ada)

	require.NoError(t, s.Identify(ctx, visitor, ada), "the same again")
	require.NoError(t, s.Identify(ctx, visitor, eve), "a mail that was passed on")
	require.Equal(t, ada, ingest(t, s, seen("page_view", "3"))[0].LeadID)
	require.Equal(t, []string{"captured", "identified"}, timelineKinds(t, s, ada))
	capture(t, s, record.Capture{Email: "eve@example.com", VisitorID: visitor})
	require.Equal(t, eve, ingest(t, s, seen("page_view", "4"))[0].LeadID, "who says who she is has the visitor")

	require.NoError(t, s.Identify(ctx, "another-0123456789abcdef", eve), "a visitor nobody heard of, with no past")
	require.ErrorIs(t, s.Identify(ctx, "third-0123456789abcdef", newID()), record.ErrNotFound)
	require.ErrorIs(t, s.Identify(ctx, "third-0123456789abcdef", "no id"), record.ErrNotFound)
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM visitors WHERE visitor_id LIKE 'third%'"))
}

func TestClicksCapturesAndErasureAtOnce(t *testing.T) {
	s, ctx := house(t), t.Context()
	ada, eve := newLead(t, s, "ada@example.com"), newLead(t, s, "eve@example.com")
	ingest(t, s, seen("webinar_attendance", "first"))
	together(t, 32, func(i int) error {
		switch i % 4 {
		case 0:
			if err := s.Identify(ctx, visitor, ada); !errors.Is(err, record.ErrErased) {
				return err
			}
			return nil
		case 1:
			return takeAll(ctx, s, []record.Event{seen("form_submit", fmt.Sprint(i)), {LeadID: eve, Type: "form_submit"}})
		case 2:
			_, err := s.Capture(ctx, record.Capture{Email: "eve@example.com", VisitorID: visitor, Via: "form"})
			return err
		}
		if i < 28 {
			return nil
		}
		return s.EraseLead(ctx, ada, lifecycle.System)
	})
	foots(t, s, eve)
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM events WHERE lead_id = $1", ada))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM visitors WHERE lead_id = $1", ada))
}

func TestVisitorsNobodyIdentifiedAreSweptInTheEnd(t *testing.T) {
	s, ctx := house(t), t.Context()
	capture(t, s, record.Capture{Email: "ada@example.com", VisitorID: visitor})
	for _, id := range []string{"old", "recent", "back"} {
		ingest(t, s, record.Event{VisitorID: id + "-0123456789abcdef", Type: "page_view"})
	}
	exec(t, s, "UPDATE visitors SET seen_at = now() - CASE WHEN visitor_id LIKE 'recent%' THEN interval '399 days' ELSE interval '402 days' END")
	ingest(t, s, record.Event{VisitorID: "back-0123456789abcdef", Type: "page_view"})
	require.NoError(t, s.Sweep(ctx))
	require.Equal(t, "back recent visitor", one[string](t, s, "SELECT string_agg(split_part(visitor_id, '-', 1), ' ' ORDER BY visitor_id) FROM visitors"))
}

func TestThatAVisitorIsHereIsNotedOnceADay(t *testing.T) {
	s := house(t)
	ingest(t, s, seen("page_view", ""))
	exec(t, s, "UPDATE visitors SET seen_at = now() - interval '23 hours'")
	before := one[time.Time](t, s, "SELECT seen_at FROM visitors")
	ingest(t, s, seen("page_view", ""))
	require.Equal(t, before, one[time.Time](t, s, "SELECT seen_at FROM visitors"))
}

func TestASiteKeyKnowsItsPages(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	make := func(role string, origins ...string) (record.Key, error) {
		return s.CreateKey(ctx, record.Key{Name: "k", Role: role, Prefix: "p", Origins: origins}, []byte(newID()))
	}
	k, err := make("site", "https://www.example.com")
	require.NoError(t, err)
	require.Equal(t, []string{"https://www.example.com"}, k.Origins)
	for origin, want := range map[string]bool{"https://www.example.com": true, "https://example.com": false, "": false, "*": false} {
		is, err := s.IsSite(ctx, origin)
		require.NoError(t, err)
		require.Equal(t, want, is, origin)
	}
	require.NoError(t, s.RevokeKey(ctx, k.ID))
	is, err := s.IsSite(ctx, "https://www.example.com")
	require.NoError(t, err)
	require.False(t, is, "revoked")
	_, err = make("site", "*")
	require.NoError(t, err)
	is, err = s.IsSite(ctx, "https://elsewhere.example")
	require.NoError(t, err)
	require.True(t, is)
	_, err = make("ops", "https://www.example.com")
	require.Error(t, err, "of a site key only")
	none, err := make("ops")
	require.NoError(t, err)
	require.Equal(t, []string{}, none.Origins)
}
