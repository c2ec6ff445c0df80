package store

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// draft is a version that nobody is scored by.
func draft(t *testing.T, s *Store, document string) int {
	t.Helper()
	m, err := s.CreateModel(t.Context(), record.Model{Source: document, Document: json.RawMessage(document)})
	require.NoError(t, err)
	return m.Version
}

func begunPreview(t *testing.T, s *Store, version int) record.ModelPreview {
	t.Helper()
	p, err := s.BeginModelPreview(t.Context(), version, 4)
	require.NoError(t, err)
	return p
}

// allScores are what a preview must not touch, with the version of each row.
func allScores(t *testing.T, s *Store) string {
	t.Helper()
	return one[string](t, s, "SELECT md5(string_agg(s::text || s.xmin::text, ',' ORDER BY lead_id)) FROM scores s")
}

// A hundred are over, fifty are with sales, and three hundred are warm.
func mixed(t *testing.T, s *Store) {
	t.Helper()
	version(t, s, ruled(5, 20, "300d"))
	crowd(t, s, 1200)
	exec(t, s, "UPDATE leads SET stage = 'won' WHERE id IN (SELECT lead_id FROM scores ORDER BY lead_id LIMIT 100)")
	exec(t, s, "UPDATE leads SET stage = 'working' WHERE id IN (SELECT lead_id FROM scores ORDER BY lead_id DESC LIMIT 50)")
	var again []record.Event
	for i := 100; i < 400; i++ {
		again = append(again, record.Event{LeadID: member(i), Type: "webinar_attendance"})
	}
	ingest(t, s, again...) // 45 warm
	exec(t, s, "DELETE FROM outbox")
}

// A preview says of everybody what a publication then does, and does nothing itself.
func TestAPreviewSaysWhatAPublicationDoes(t *testing.T) {
	s := house(t)
	mixed(t, s)
	next := draft(t, s, ruled(10, 50, "300d")) // 110 of who was warm, 60 of all others
	before := allScores(t, s)
	p := begunPreview(t, s, next)
	require.Equal(t, "queued", p.State)
	again := begunPreview(t, s, next)
	require.Equal(t, p.ID, again.ID, "the one under way")
	found, err := s.PreviewModel(t.Context())
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, before, allScores(t, s), "no score is touched")
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM outbox"))

	p, err = s.ModelPreview(t.Context(), next)
	require.NoError(t, err)
	require.Equal(t, []any{"done", 1200, 1200}, []any{p.State, p.Done, *p.Total})
	r := p.Result
	require.Equal(t, []int{1100, 100, 50, 300, 0, 0}, []int{r.Leads, r.Over, r.Sales, r.BecomeMQL, r.StopMQL, r.StayMQL})
	bands := map[string]int{}
	for _, b := range r.Bands {
		if b.Leads > 0 {
			bands[b.From+" "+b.To] = b.Leads
		}
	}
	require.Equal(t, map[string]int{"warm hot": 300, "cold warm": 800}, bands)
	require.Equal(t, 1100, r.BandChanged)
	require.Len(t, r.Weeks, 4)
	require.Equal(t, []int{0, 300}, []int{r.Weeks[3].Against, r.Weeks[3].Version})
	require.Equal(t, 75.0, r.Load.Weekly)
	require.Len(t, r.Sample, 20, "ten of those who become MQL, ten of those whose band changes")
	for _, l := range r.Sample {
		if l.Change == "becomes_mql" {
			require.Equal(t, []any{45, 110}, []any{l.Score, l.NextScore})
			require.Equal(t, []string{"webinar 40 -> 100 (+60)", "form 5 -> 10 (+5)"}, l.Reasons[:2])
		}
	}
	_, err = s.PublishModel(t.Context(), next)
	require.NoError(t, err)
	require.NoError(t, s.Rescore(t.Context()))
	require.Equal(t, 300, one[int](t, s, "SELECT count(*) FROM scores JOIN leads ON id = lead_id WHERE score >= 100 AND stage <> 'won'"))
	require.Equal(t, 800, one[int](t, s, "SELECT count(*) FROM scores JOIN leads ON id = lead_id WHERE band = 'warm' AND stage <> 'won'"))
}

// Who counts dies after a piece: another goes on there, and counts nobody twice. An old claim counts nothing.
func TestAPreviewThatBreaksOffIsTakenUp(t *testing.T) {
	s := house(t)
	mixed(t, s)
	next := draft(t, s, ruled(10, 50, "300d"))
	begunPreview(t, s, next)
	found, err := s.PreviewModel(t.Context())
	require.NoError(t, err)
	require.True(t, found)
	whole, err := s.ModelPreview(t.Context(), next)
	require.NoError(t, err)

	begunPreview(t, s, next)
	dead := claimedPreview(t, s)
	n, err := dead.piece(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1000, n)
	p, err := s.ModelPreview(t.Context(), next)
	require.NoError(t, err)
	require.Equal(t, []any{"running", 1000}, []any{p.State, p.Done})
	found, err = s.PreviewModel(t.Context())
	require.NoError(t, err)
	require.False(t, found, "somebody is at it")
	exec(t, s, "UPDATE model_previews SET claimed_until = now(), claim = claim + 1 WHERE state = 'running'")
	_, err = dead.piece(t.Context())
	require.ErrorIs(t, err, errNotMine, "it was not dead, and somebody else has it")
	found, err = s.PreviewModel(t.Context())
	require.NoError(t, err)
	require.True(t, found)
	_, err = dead.piece(t.Context())
	require.ErrorIs(t, err, errNotMine)
	p, err = s.ModelPreview(t.Context(), next)
	require.NoError(t, err)
	require.Equal(t, "done", p.State)
	require.Equal(t, whole.Done, p.Done)
	for i := range p.Result.Weeks {
		whole.Result.Weeks[i].From = p.Result.Weeks[i].From
	}
	require.Equal(t, whole.Result, p.Result, "as if nobody had died")
}

func claimedPreview(t *testing.T, s *Store) *viewing {
	t.Helper()
	_, err := s.pool.Exec(t.Context(), sqlClaimPreviewForTest, previewLease)
	require.NoError(t, err)
	version := one[int](t, s, "SELECT model_version FROM model_previews WHERE state = 'running'")
	p, err := s.ModelPreview(t.Context(), version)
	require.NoError(t, err)
	v, err := s.viewing(t.Context(), &p)
	require.NoError(t, err)
	return v
}

const sqlClaimPreviewForTest = `UPDATE model_previews SET state = 'running', claim = claim + 1, started_at = now(), claimed_until = now() + $1::interval WHERE state = 'queued'`

func TestAPreviewIsCancelled(t *testing.T) {
	s := house(t)
	mixed(t, s)
	next := draft(t, s, ruled(10, 50, "300d"))
	_, err := s.ModelPreview(t.Context(), next)
	require.ErrorIs(t, err, record.ErrNotFound)
	begunPreview(t, s, next)
	v := claimedPreview(t, s)
	_, err = v.piece(t.Context())
	require.NoError(t, err)
	p, err := s.CancelModelPreview(t.Context(), next)
	require.NoError(t, err)
	require.Equal(t, "cancelled", p.State)
	_, err = v.piece(t.Context())
	require.ErrorIs(t, err, errNotMine)
	require.NoError(t, v.finish(t.Context()))
	p, err = s.CancelModelPreview(t.Context(), next)
	require.ErrorIs(t, err, record.ErrConflict)
	require.Equal(t, []any{"cancelled", 1000}, []any{p.State, p.Done}, "what was counted stays to be read")
	begunPreview(t, s, next)
	p, err = s.ModelPreview(t.Context(), next)
	require.NoError(t, err)
	require.Equal(t, "queued", p.State, "and another may begin")
	_, err = s.BeginModelPreview(t.Context(), 999, 4)
	require.ErrorIs(t, err, record.ErrNotFound)
}

// What a model says is fixed from the beginning; which is published moves, and only that.
func TestAVersionOfAModelNeverChanges(t *testing.T) {
	s := house(t)
	v := version(t, s, ruled(5, 20, "300d"))
	next := draft(t, s, ruled(6, 20, "300d"))
	for _, sql := range []string{
		"UPDATE models SET document = '{}'", "UPDATE models SET source = 'x'", "UPDATE models SET note = 'x'", "UPDATE models SET author = 'x'",
		"UPDATE models SET published_at = NULL", "DELETE FROM models",
	} {
		_, err := s.pool.Exec(t.Context(), sql+" WHERE version = $1", v)
		require.ErrorContains(t, err, "never changes", sql)
	}
	_, err := s.pool.Exec(t.Context(), "UPDATE models SET source = 'x' WHERE version = $1", next)
	require.ErrorContains(t, err, "never changes", "a draft neither: another is kept")

	_, err = s.RetireModel(t.Context(), v)
	require.ErrorIs(t, err, record.ErrConflict)
	_, err = s.RetireModel(t.Context(), 999)
	require.ErrorIs(t, err, record.ErrNotFound)
	m, err := s.RetireModel(t.Context(), next)
	require.NoError(t, err)
	require.Equal(t, "retired", m.State)
	before, err := s.ModelBefore(t.Context(), next)
	require.NoError(t, err)
	require.Equal(t, v, before.Version)
	exec(t, s, "DELETE FROM models WHERE version = $1", next)
}

// To publish an older version is to roll back; it is said before.
func TestThePlanOfAPublication(t *testing.T) {
	s := house(t)
	first := version(t, s, ruled(5, 20, "300d"))
	crowd(t, s, 3)
	require.NoError(t, s.Rescore(t.Context()))
	exec(t, s, "UPDATE leads SET stage = 'working' WHERE id = $1", member(0))
	next := draft(t, s, ruled(5, 40, "300d"))
	plan, err := s.PlanPublication(t.Context(), next)
	require.NoError(t, err)
	require.Equal(t, record.ModelPublication{Replaces: &first, Leads: 3, Offers: 1}, plan)
	require.Equal(t, "draft", one[string](t, s, "SELECT state FROM models WHERE version = $1", next))
	_, err = s.PublishModel(t.Context(), next)
	require.NoError(t, err)
	plan, err = s.PlanPublication(t.Context(), first)
	require.NoError(t, err)
	require.Equal(t, record.ModelPublication{Replaces: &next, RollsBack: true, Leads: 0, Offers: 1}, plan, "nobody was scored by the other yet")
	plan, err = s.PlanPublication(t.Context(), next)
	require.NoError(t, err)
	require.Nil(t, plan.Replaces)
	_, err = s.PlanPublication(t.Context(), 999)
	require.ErrorIs(t, err, record.ErrNotFound)
}

func TestFieldsHeldCountsTheNewestLeads(t *testing.T) {
	s := house(t)
	for i, p := range []map[string]any{{"title": "Head"}, {"title": "Chief", "custom.budget": 5}, {"industry": "software"}} {
		_, err := s.Capture(context.WithoutCancel(t.Context()), record.Capture{Email: fmt.Sprintf("f%d@example.com", i), Via: "api", Profile: p})
		require.NoError(t, err)
	}
	fields := []string{"title", "custom.budget", "industry", "city"}
	n, held, err := s.FieldsHeld(t.Context(), fields, 100)
	require.NoError(t, err)
	require.Equal(t, 3, n)
	require.Equal(t, map[string]int{"title": 2, "custom.budget": 1, "industry": 1}, held)
	n, held, err = s.FieldsHeld(t.Context(), fields, 1)
	require.NoError(t, err)
	require.Equal(t, []any{1, map[string]int{"industry": 1}}, []any{n, held})
}
