package store

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func shadowed(t *testing.T, s *Store, document string) (version int, sh record.Shadow) {
	t.Helper()
	v := draft(t, s, document)
	sh, err := s.BeginShadow(t.Context(), v)
	require.NoError(t, err)
	return v, sh
}

func shadowRow(t *testing.T, s *Store, lead string) string {
	t.Helper()
	return one[string](t, s, `SELECT coalesce((SELECT score || ' ' || band || ' ' || coalesce(mql_cycle::text, '-') FROM shadow_scores WHERE lead_id = $1), 'none')`, lead)
}

func compared(t *testing.T, s *Store, version int) record.ShadowComparison {
	t.Helper()
	c, err := s.CompareShadow(t.Context(), version)
	require.NoError(t, err)
	return c
}

// The shadow scores what the published model scores, says what it would have done, and nothing follows from it.
func TestAShadowScoresAlongWithoutAnyEffect(t *testing.T) {
	s := house(t)
	version(t, s, ruled(5, 20, "300d"))
	ada, early := newLead(t, s, "ada@example.com"), newLead(t, s, "early@example.com")
	ingest(t, s, record.Event{LeadID: early, Type: "form_submit"})
	v, sh := shadowed(t, s, ruled(5, 60, "300d"))
	require.Nil(t, sh.EndedAt)
	again, err := s.BeginShadow(t.Context(), v)
	require.NoError(t, err)
	require.Equal(t, sh.ID, again.ID)
	require.Equal(t, "none", shadowRow(t, s, early), "it begins with what happens next")

	ingest(t, s, record.Event{LeadID: ada, Type: "webinar_attendance"}, record.Event{LeadID: early, Type: "webinar_attendance"})
	require.Equal(t, []string{"20 cold -", "60 warm -"}, []string{rowOf(t, s, ada), shadowRow(t, s, ada)})
	require.Equal(t, []string{"25 cold -", "65 warm -"}, []string{rowOf(t, s, early), shadowRow(t, s, early)}, "with what was there before")
	require.Equal(t, "nothing", heard(t, s, ada), "no run hears of a band of the shadow")
	ingest(t, s, record.Event{LeadID: ada, Type: "webinar_attendance"})
	require.Equal(t, []string{"40 warm -", "120 hot 1"}, []string{rowOf(t, s, ada), shadowRow(t, s, ada)})
	require.Equal(t, "", heard(t, s, ada), "the band of the published model, and no MQL")
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM scores WHERE mql_at IS NOT NULL"))
	for range 4 {
		ingest(t, s, record.Event{LeadID: ada, Type: "webinar_attendance"})
	}
	require.Equal(t, "120 hot 1", rowOf(t, s, ada))

	calls, err := s.ShadowCalls(t.Context(), v, ada, "", 10)
	require.NoError(t, err)
	require.Len(t, calls.Items, 2)
	require.Equal(t, []any{"published", 100, 300}, []any{calls.Items[0].By, calls.Items[0].Score, calls.Items[0].ShadowScore})
	require.Equal(t, []any{"shadow", 40, 120, "warm", "hot"}, []any{calls.Items[1].By, calls.Items[1].Score, calls.Items[1].ShadowScore, calls.Items[1].Band, calls.Items[1].ShadowBand},
		"what both said then, not what they say now")
	exec(t, s, "UPDATE shadow_calls SET at = at - interval '3 hours' WHERE by = 'shadow'")
	c := compared(t, s, v)
	require.Equal(t, 2, c.Leads)
	require.Equal(t, []record.BandShift{{From: "hot", To: "hot", Leads: 1}, {From: "cold", To: "warm", Leads: 1}}, c.Bands)
	require.Equal(t, []record.ShadowCalls{{By: "both", Cycles: 1}}, c.Calls)
	require.InDelta(t, 3, *c.EarlierHours, 0.1)
	verified(t, s)
}

// Whatever comes in whatever order, what is stored of a shadow is what its model gives from all events.
func TestAShadowSaysWhatARecomputationSays(t *testing.T) {
	s := house(t)
	version(t, s, ruled(5, 20, "300d"))
	crowd(t, s, 12)
	version(t, s, ruled(5, 20, "100d")) // and it has reached nobody yet
	v, _ := shadowed(t, s, `{"mql": {"score": 30}, "caps": {"engagement": 70}, "engagement": [{"id": "form", "on": "form_submit", "points": 7},
		{"id": "webinar", "on": "webinar_attendance", "points": 20, "half_life": "300d"}, {"id": "open", "on": "email_open", "points": 3, "within": "7d"}]}`)
	random := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		var events []record.Event
		for range 1 + random.IntN(6) {
			events = append(events, record.Event{
				LeadID: member(random.IntN(12)), Type: []string{"form_submit", "webinar_attendance", "email_open"}[random.IntN(3)],
				OccurredAt: time.Now().Add(-time.Duration(random.IntN(25*24)) * time.Hour),
			})
		}
		ingest(t, s, events...)
	}
	seen := 0
	for i := range 12 {
		if shadowRow(t, s, member(i)) == "none" {
			continue
		}
		seen++
		at := one[time.Time](t, s, "SELECT evaluated_at FROM shadow_scores WHERE lead_id = $1", member(i))
		got, err := s.ExplainScore(t.Context(), member(i), at, v)
		require.NoError(t, err)
		require.Equal(t, one[int](t, s, "SELECT score FROM shadow_scores WHERE lead_id = $1", member(i)), got.Score)
		require.InDelta(t, one[float64](t, s, "SELECT engagement FROM shadow_scores WHERE lead_id = $1", member(i)), got.Engagement, 1e-5)
	}
	require.Greater(t, seen, 8)
	require.NoError(t, s.Rescore(t.Context()))
	verified(t, s)
}

// Where the past is rewritten a shadow begins anew; what was called for by a machine is marked; who is erased is gone.
func TestAShadowForgetsWhatWasTakenBack(t *testing.T) {
	s := house(t)
	version(t, s, ruled(5, 60, "300d"))
	ada := newLead(t, s, "ada@example.com")
	v, _ := shadowed(t, s, ruled(5, 60, "200d"))
	ingest(t, s, record.Event{LeadID: ada, Type: "form_submit"}, record.Event{LeadID: ada, Type: "webinar_attendance", ClientID: "a"},
		record.Event{LeadID: ada, Type: "webinar_attendance", ClientID: "b"})
	require.Equal(t, "125 hot 1", shadowRow(t, s, ada))
	unscore(t, s, ada, idOf(t, s, "a"))
	require.Equal(t, "none", shadowRow(t, s, ada))
	c := compared(t, s, v)
	require.Equal(t, []record.ShadowCalls{{By: "both", Revoked: 1}}, c.Calls)
	ingest(t, s, record.Event{LeadID: ada, Type: "form_submit"})
	require.Equal(t, "70 warm -", shadowRow(t, s, ada))

	bob := newLead(t, s, "bob@example.com")
	ingest(t, s, record.Event{LeadID: bob, Type: "form_submit"})
	_, err := s.Merge(t.Context(), record.Merge{LeadID: bob, Into: ada, Reason: "duplicate", Actor: sysActor})
	require.NoError(t, err)
	require.Equal(t, []string{"none", "none"}, []string{shadowRow(t, s, ada), shadowRow(t, s, bob)})
	ingest(t, s, record.Event{LeadID: ada, Type: "form_submit"})
	require.Equal(t, "80 warm -", shadowRow(t, s, ada))
	require.NoError(t, s.EraseLead(t.Context(), ada, sysActor))
	require.Equal(t, "none", shadowRow(t, s, ada))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM shadow_calls"))
}

// A shadow goes on beside another publication, ends when it is published itself or put away, and there are not too many.
func TestTheLifeOfAShadow(t *testing.T) {
	s := house(t)
	first := version(t, s, ruled(5, 20, "300d"))
	_, err := s.BeginShadow(t.Context(), first)
	require.ErrorIs(t, err, record.ErrConflict)
	_, err = s.BeginShadow(t.Context(), 999)
	require.ErrorIs(t, err, record.ErrNotFound)
	v, _ := shadowed(t, s, ruled(5, 30, "300d"))
	other, _ := shadowed(t, s, ruled(5, 31, "300d"))
	third, _ := shadowed(t, s, ruled(5, 32, "300d"))
	_, err = s.BeginShadow(t.Context(), draft(t, s, ruled(5, 33, "300d")))
	require.ErrorIs(t, err, record.ErrTooMany)
	_, err = s.RetireModel(t.Context(), third)
	require.NoError(t, err)
	second := version(t, s, ruled(5, 40, "300d"))
	const along = `SELECT string_agg(h.model_version::text, ' ' ORDER BY h.id) FROM models m JOIN shadows h ON h.id = ANY(m.shadows) WHERE m.version = $1`
	ada := newLead(t, s, "ada@example.com")
	ingest(t, s, record.Event{LeadID: ada, Type: "webinar_attendance"})
	require.Equal(t, []int{30, 31}, []int{
		one[int](t, s, "SELECT score FROM shadow_scores JOIN shadows ON id = shadow_id WHERE model_version = $1", v),
		one[int](t, s, "SELECT score FROM shadow_scores JOIN shadows ON id = shadow_id WHERE model_version = $1", other),
	})
	_, err = s.PublishModel(t.Context(), v)
	require.NoError(t, err)
	require.Equal(t, "published", compared(t, s, v).Why)
	require.Equal(t, one[string](t, s, along, v), one[string](t, s, "SELECT $1::int::text", other))
	require.Equal(t, "{}", one[string](t, s, "SELECT shadows::text FROM models WHERE version = $1", second))
	ended, err := s.EndShadow(t.Context(), other)
	require.NoError(t, err)
	require.Equal(t, "ended", ended.Why)
	_, err = s.EndShadow(t.Context(), other)
	require.ErrorIs(t, err, record.ErrNotFound)
	ingest(t, s, record.Event{LeadID: ada, Type: "webinar_attendance"})
	require.Equal(t, 31, one[int](t, s, "SELECT score FROM shadow_scores JOIN shadows ON id = shadow_id WHERE model_version = $1", other), "it says no more")
	exec(t, s, "UPDATE shadows SET ended_at = now() - interval '91 days' WHERE ended_at IS NOT NULL")
	require.NoError(t, s.sweep(t.Context()))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM shadow_scores"))
}
