package store

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// chatty gives 30 points for a form, takes 20 for a download of who never met anybody, and 40 from the third chat on: by a predictor that counts chats.
const chatty = `{"mql": {"score": 60}, "bands": {"hot": 60, "warm": 30, "hysteresis": 5},
	"engagement": [{"id": "form", "on": "form_submit", "points": 30}, {"id": "tyre", "on": "content_download", "count": 1, "points": -20, "unless": [{"on": "meeting"}]}],
	"predictive": {"use": "axis", "points": 40, "predictor": {"target": "won", "outcomes": 200, "positive": 50, "intercept": 0,
		"features": [{"field": "events.chat", "curve": [{"at": 0, "value": -30}, {"at": 2, "value": -30}, {"at": 3, "value": 30}], "other": 0, "missing": 0}],
		"calibration": {"method": "platt", "b": 1}}}}`

// What only an unless or a predictor asks for is looked at as well, and points of a predictor are those of the moment: a chat of today makes
// nobody an MQL three weeks ago.
func TestAPreview_asksForAllThatAModelLooksAt(t *testing.T) {
	s := house(t)
	version(t, s, ruled(5, 20, "300d"))
	ada, bob, eve := newLead(t, s, "ada@example.com"), newLead(t, s, "bob@example.com"), newLead(t, s, "eve@example.com")
	events := func(lead string, kinds ...string) {
		for _, k := range kinds {
			ingest(t, s, record.Event{LeadID: lead, Type: k})
		}
	}
	events(ada, "form_submit", "form_submit", "content_download", "meeting")
	events(bob, "form_submit")
	exec(t, s, "UPDATE events SET received_at = now() - interval '20 days', occurred_at = now() - interval '20 days' WHERE lead_id = $1", bob)
	events(bob, "chat", "chat", "chat")
	events(eve, "form_submit", "form_submit", "content_download", "chat", "chat")
	next := draft(t, s, chatty)
	begunPreview(t, s, next)
	_, err := s.PreviewModel(t.Context())
	require.NoError(t, err)
	p, err := s.ModelPreview(t.Context(), next)
	require.NoError(t, err)
	r := p.Result
	require.Equal(t, []int{3, 2}, []int{r.Leads, r.BecomeMQL})
	said := map[string]int{}
	for _, l := range r.Sample {
		said[l.LeadID] = l.NextScore
	}
	require.Equal(t, map[string]int{ada: 60, bob: 70, eve: 40}, said)
	weeks := []int{}
	for _, w := range r.Weeks {
		weeks = append(weeks, w.Version)
	}
	require.Equal(t, []int{0, 0, 0, 3}, weeks, "eve was one until her download")

	_, err = s.PublishModel(t.Context(), next)
	require.NoError(t, err)
	require.NoError(t, s.Rescore(t.Context()))
	for lead, score := range said {
		require.Equal(t, score, one[int](t, s, "SELECT score FROM scores WHERE lead_id = $1", lead))
	}
	verified(t, s)
}

// The fit of a moment is by what the lead had done by then: an edge that others make is theirs from when they made it.
func TestUnscoring_goesByTheFitOfEachMoment(t *testing.T) {
	s := house(t)
	version(t, s, chatty)
	lead := newLead(t, s, "ada@example.com")
	for _, id := range []string{"form", "fake"} {
		ingest(t, s, record.Event{LeadID: lead, Type: "form_submit", ClientID: id})
	}
	require.Equal(t, "60 hot 1", rowOf(t, s, lead))
	for i := range 3 {
		ingest(t, s, record.Event{LeadID: lead, Type: "chat", ClientID: fmt.Sprint("chat", i)})
	}
	require.Equal(t, "100 hot 1", rowOf(t, s, lead))
	require.False(t, unscore(t, s, lead, idOf(t, s, "fake")).MQLRevoked)
	require.Equal(t, "70 hot 1", rowOf(t, s, lead))
	require.True(t, one[bool](t, s, "SELECT s.mql_at = e.received_at FROM scores s JOIN events e USING (lead_id) WHERE e.client_id = 'chat2'"), "until the third chat it had 30 points")
	require.True(t, unscore(t, s, lead, idOf(t, s, "chat1")).MQLRevoked)
	require.Equal(t, "30 warm -", rowOf(t, s, lead))
	verified(t, s)

	// Of the past it is told the same, whatever was taken back since.
	third := one[time.Time](t, s, "SELECT received_at FROM events WHERE client_id = 'chat2'")
	require.Equal(t, "100 hot", fmt.Sprint(explained(t, s, lead, third, 0).Score, " ", explained(t, s, lead, third, 0).Band))
	now := one[time.Time](t, s, "SELECT now()")
	require.Equal(t, "30 warm", fmt.Sprint(explained(t, s, lead, now, 0).Score, " ", explained(t, s, lead, now, 0).Band), "the band is what the others alone made of it")
}

// A backtest goes by what a lead had done by the decision, also where that makes points of fit.
func TestBacktest_theFitIsThatOfTheDecision(t *testing.T) {
	s := floor(t)
	version := version(t, s, chatty)
	for i, tc := range []struct {
		third time.Duration // after the decision the third chat became known; whenever it happened
		want  int
	}{{-time.Hour, 70}, {0, 70}, {time.Second, 30}} {
		at := daysAgo(200 - i)
		lead := qualifiedAt(t, s, at)
		happens(t, s, lead, "form_submit", at.Add(-2*time.Hour), at.Add(-2*time.Hour), "")
		for _, known := range []time.Duration{-3 * time.Hour, -2 * time.Hour, tc.third} {
			happens(t, s, lead, "chat", at.Add(-3*time.Hour), at.Add(known), "")
		}
		foldAll(t, s)
		got := performance(t, s, record.BacktestFilter{Model: version, From: at.Add(-time.Hour), To: at.Add(time.Hour), MatureDays: 90})
		require.Equal(t, tc.want, got.Models[0].Thresholds[0].Threshold, tc.third)
	}
}

func TestCountProperties_ofTheNewestLeads(t *testing.T) {
	s := house(t)
	old, ada := newLead(t, s, "old@example.com"), newLead(t, s, "ada@example.com")
	ingest(t, s, record.Event{LeadID: old, Type: "page_view", Properties: map[string]any{"seconds": 5.0}},
		record.Event{LeadID: ada, Type: "page_view", Properties: map[string]any{"path": "/"}}, record.Event{LeadID: ada, Type: "chat"})
	var m scoring.Model
	require.NoError(t, json.Unmarshal([]byte(`{"engagement": [{"id": "long", "on": "page_view", "points": 100, "where": [{"field": "seconds", "range": [1, 9]}]},
		{"id": "chat", "on": "chat", "points": 1, "where": [{"field": "topic", "present": true}]}, {"id": "call", "on": "call", "points": 1, "where": [{"field": "x", "present": true}]}]}`), &m))
	unheld := func(newest int) (out []string) {
		p := m.Properties()
		require.NoError(t, s.CountProperties(t.Context(), p, newest))
		for _, f := range p.Unheld(newest) {
			out = append(out, f.Path)
		}
		return out
	}
	require.Equal(t, []string{"engagement[1].where[0].field"}, unheld(100), "nobody has called yet")
	require.Equal(t, []string{"engagement[0].where[0].field", "engagement[1].where[0].field"}, unheld(1), "of the newest lead alone")
	unscore(t, s, old, one[string](t, s, "SELECT id::text FROM events WHERE lead_id = $1", old))
	require.Len(t, unheld(100), 2)
}

func TestAPreview_needsAModelToCompareWith(t *testing.T) {
	s := house(t)
	next := draft(t, s, ruled(5, 20, "300d"))
	exec(t, s, "UPDATE models SET state = 'retired' WHERE state = 'published'")
	_, err := s.BeginModelPreview(t.Context(), next, 4)
	require.ErrorIs(t, err, record.ErrNoModel)
}

// However many publish at once: one version is published, everybody comes to be scored by it, and nobody undoes what another has just
// published without knowing it.
func TestPublishing_byManyAtOnce(t *testing.T) {
	s := house(t)
	version(t, s, ruled(5, 20, "300d"))
	crowd(t, s, 50)
	var drafts []int
	for i := range 4 {
		drafts = append(drafts, draft(t, s, ruled(6+i, 20, "300d")))
	}
	together(t, 12, func(i int) error {
		m, err := s.PublishModel(t.Context(), drafts[i%4])
		if err == nil && (m.Version != drafts[i%4] || m.State != "published") {
			return fmt.Errorf("version %d is %s", m.Version, m.State)
		}
		return err
	})
	published := one[int](t, s, "SELECT version FROM models WHERE state = 'published'")
	require.Contains(t, drafts, published)
	require.Equal(t, published, one[int](t, s, "SELECT model_version FROM rescorings WHERE state = 'running'"))
	require.NoError(t, s.Rescore(t.Context()))
	require.Equal(t, 50, one[int](t, s, "SELECT count(*) FROM scores WHERE model_version = $1", published))
	verified(t, s)

	mine := draft(t, s, ruled(20, 20, "300d"))
	other := drafts[0]
	if other == published {
		other = drafts[1]
	}
	_, err := s.PublishModel(t.Context(), other)
	require.NoError(t, err)
	_, err = s.PublishModelInstead(t.Context(), mine, published)
	require.ErrorIs(t, err, record.ErrConflict, "it was made of what is no more published")
	require.Equal(t, other, one[int](t, s, "SELECT version FROM models WHERE state = 'published'"))
	require.Equal(t, "draft", one[string](t, s, "SELECT state FROM models WHERE version = $1", mine))
	_, err = s.PublishModelInstead(t.Context(), mine, other)
	require.NoError(t, err)
}
