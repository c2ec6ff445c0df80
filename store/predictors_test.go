package store

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// learnedTest asks for a field of the profile, the source, and two kinds of events.
const learnedTest = `{"target": "won", "outcomes": 200, "positive": 50, "intercept": -1, "features": [
	{"field": "industry", "levels": [{"value": "Software", "weight": 2}], "other": -1, "missing": -0.5},
	{"field": "source", "levels": [{"value": "ads", "weight": 0.5}], "other": -0.25, "missing": 9},
	{"field": "events.page_view", "curve": [{"at": 0, "value": -1}, {"at": 4, "value": 1}], "other": 0, "missing": 9},
	{"field": "events.chat", "curve": [{"at": 0, "value": 0}, {"at": 1, "value": -1.5}], "other": 0, "missing": 9},
	{"field": "events.email_bounce", "curve": [{"at": 0, "value": 0}, {"at": 1, "value": -4}], "other": 0, "missing": 9}],
	"calibration": {"method": "platt", "b": 1}}`

func keptPredictor(t *testing.T, s *Store) int {
	t.Helper()
	p, err := s.KeepPredictor(t.Context(), record.KeptPredictor{
		Origin: record.OriginLeads, Note: "first", Author: "ann", Predictor: json.RawMessage(learnedTest),
		Card: json.RawMessage(`{"rows": 200, "cross_validation": {"auc": {"value": 0.8, "low": 0.7, "high": 0.9}}}`),
	})
	require.NoError(t, err)
	return p.Version
}

// using publishes the model of the tests with a predictor.
func using(t *testing.T, s *Store, use string, version int) {
	t.Helper()
	points := ""
	if use == "axis" {
		points = `"points": 40,`
	}
	publish(t, s, fmt.Sprintf(`%s, "predictive": {"use": %q, %s "version": %d, "predictor": %s}}`, testModel[:len(testModel)-1], use, points, version, learnedTest))
	require.NoError(t, s.Rescore(t.Context()))
}

func TestPredictors_areVersionsThatNeverChange(t *testing.T) {
	s := house(t)
	ctx, _ := acting(t, s)
	version := keptPredictor(t, s)
	require.Equal(t, version+1, keptPredictor(t, s))
	_, err := s.KeepPredictor(ctx, record.KeptPredictor{Origin: "hearsay", Predictor: json.RawMessage(`{}`), Card: json.RawMessage(`{}`)})
	require.Error(t, err)
	for _, sql := range []string{"UPDATE predictors SET note = 'better'", "DELETE FROM predictors"} {
		_, err := s.pool.Exec(ctx, sql)
		require.ErrorContains(t, err, "kept as it is")
	}
	p, err := s.Predictor(ctx, version)
	require.NoError(t, err)
	require.Equal(t, "first ann leads off", fmt.Sprint(p.Note, " ", p.Author, " ", p.Origin, " ", p.Use))
	require.Equal(t, 200, p.Outcomes)
	require.JSONEq(t, learnedTest, string(p.Predictor))
	_, err = s.Predictor(ctx, 99)
	require.ErrorIs(t, err, record.ErrNotFound)
	_, err = s.StoredPredictor(ctx, 99)
	require.ErrorIs(t, err, record.ErrNotFound)
	is, err := s.StoredPredictor(ctx, version)
	require.NoError(t, err)
	require.Empty(t, is.Problems(""))

	using(t, s, "shadow", version)
	first, err := s.Predictors(ctx, "", 1)
	require.NoError(t, err)
	require.Equal(t, version+1, first.Items[0].Version)
	require.Equal(t, "off", first.Items[0].Use)
	require.Nil(t, first.Items[0].Card, "lists are short")
	rest, err := s.Predictors(ctx, first.NextCursor, 10)
	require.NoError(t, err)
	require.Len(t, rest.Items, 1)
	require.Equal(t, "shadow", rest.Items[0].Use)
	require.JSONEq(t, `{"value": 0.8, "low": 0.7, "high": 0.9}`, string(rest.Items[0].AUC))
	m, err := s.PublishedModel(ctx)
	require.NoError(t, err)
	require.Equal(t, m.Version, *rest.Items[0].Model)
	used, err := s.PredictorsInUse(ctx)
	require.NoError(t, err)
	require.Len(t, used, 1)
	require.NotEmpty(t, used[0].Card)
	using(t, s, "off", version)
	used, err = s.PredictorsInUse(ctx)
	require.NoError(t, err)
	require.Empty(t, used)
}

func TestPredictorHealth_isListedNewestFirst(t *testing.T) {
	s, ctx := house(t), t.Context()
	version := keptPredictor(t, s)
	require.Error(t, s.KeepHealth(ctx, record.PredictorHealth{Predictor: 99, State: record.HealthTooFew, Alarms: []string{}}))
	require.NoError(t, s.KeepHealth(ctx, record.PredictorHealth{Predictor: version, State: record.HealthTooFew, Leads: 12, Young: 3, Alarms: []string{}}))
	require.NoError(t, s.KeepHealth(ctx, record.PredictorHealth{
		Predictor: version, State: record.HealthRetrain, Leads: 200, Alarms: []string{"industry is not what it was"}, Health: json.RawMessage(`{"rows": 200}`),
	}))
	page, err := s.Healths(ctx, 0, "", 1)
	require.NoError(t, err)
	require.Equal(t, []string{"industry is not what it was"}, page.Items[0].Alarms)
	next, err := s.Healths(ctx, version, page.NextCursor, 10)
	require.NoError(t, err)
	require.Len(t, next.Items, 1)
	require.Equal(t, "too_few 12 3 null", fmt.Sprint(next.Items[0].State, " ", next.Items[0].Leads, " ", next.Items[0].Young, " ", string(next.Items[0].Health)))
	none, err := s.Healths(ctx, version+1, "", 10)
	require.NoError(t, err)
	require.Empty(t, none.Items)
	newest, err := s.NewestHealth(ctx)
	require.NoError(t, err)
	require.Empty(t, newest, "the published model does not use it")
	using(t, s, "axis", version)
	newest, err = s.NewestHealth(ctx)
	require.NoError(t, err)
	require.Len(t, newest, 1)
	require.Equal(t, record.HealthRetrain, newest[0].State)
	p, err := s.Predictor(ctx, version)
	require.NoError(t, err)
	require.Equal(t, record.HealthRetrain, *p.State)
}

// A model that is tried beside the published one has its predictor watched as well, for as long as it scores along.
func TestPredictors_ofModelsThatScoreAlongAreWatched(t *testing.T) {
	s, ctx := house(t), t.Context()
	version := keptPredictor(t, s)
	require.NoError(t, s.KeepHealth(ctx, record.PredictorHealth{Predictor: version, State: record.HealthRetrain, Leads: 200, Alarms: []string{"x"}, Health: json.RawMessage(`{}`)}))
	tried := draft(t, s, fmt.Sprintf(`%s, "predictive": {"use": "axis", "points": 40, "version": %d, "predictor": %s}}`, testModel[:len(testModel)-1], version, learnedTest))
	idle := draft(t, s, fmt.Sprintf(`%s, "predictive": {"use": "off", "version": %d, "predictor": %s}}`, testModel[:len(testModel)-1], version, learnedTest))
	watched := func() string {
		used, err := s.PredictorsInUse(ctx)
		require.NoError(t, err)
		newest, err := s.NewestHealth(ctx)
		require.NoError(t, err)
		p, err := s.Predictor(ctx, version)
		require.NoError(t, err)
		return fmt.Sprint(len(used), " ", len(newest), " ", p.Use, " ", p.Along)
	}
	require.Equal(t, "0 0 off []", watched(), "a draft is not tried")
	_, err := s.BeginShadow(ctx, idle)
	require.NoError(t, err)
	require.Equal(t, "0 0 off []", watched(), "it is off")
	_, err = s.BeginShadow(ctx, tried)
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("1 1 off [%d]", tried), watched())
	using(t, s, "shadow", version)
	require.Equal(t, fmt.Sprintf("1 1 shadow [%d]", tried), watched(), "once")
	_, err = s.EndShadow(ctx, tried)
	require.NoError(t, err)
	require.Equal(t, "1 1 shadow []", watched())
}

// Whatever happens to a lead, its stored score is what its events, its profile and its source come to. This is asked after each
// way in which a score is written.
func TestPredictive_anAxisGoesByWhatLeadsDoAndWhereTheyCameFrom(t *testing.T) {
	s, ctx := floor(t), t.Context()
	version := keptPredictor(t, s)
	early := capture(t, s, record.Capture{Email: "early-zyxada@example.com", SourceCode: "ads", Profile: map[string]any{"title": "Chief"}}).LeadID
	ingest(t, s, record.Event{LeadID: early, Type: "page_view"}, record.Event{LeadID: early, Type: "page_view"})
	using(t, s, "axis", version)
	fit := func(lead string) float64 {
		return one[float64](t, s, "SELECT fit FROM scores WHERE lead_id = $1", lead)
	}
	axis := func(logit float64) float64 { return 40 / (1 + math.Exp(-logit)) }
	holds := func(step string) {
		t.Helper()
		t.Log("after", step)
		require.Positive(t, verified(t, s).Leads)
	}
	holds("a publication")
	require.InDelta(t, 30+axis(-1-0.5+0.5+0), fit(early), 1e-4, "events of before are counted")

	lead := capture(t, s, record.Capture{Email: "late-zyxada@example.com", SourceCode: "ads", Profile: map[string]any{"industry": "software"}}).LeadID
	require.InDelta(t, axis(-1+2+0.5-1), fit(lead), 1e-4)
	holds("a capture")
	ingest(t, s, record.Event{LeadID: lead, Type: "page_view"}, record.Event{LeadID: lead, Type: "page_view"}, record.Event{LeadID: lead, Type: "email_click"})
	require.InDelta(t, axis(-1+2+0.5+0), fit(lead), 1e-4)
	holds("events")
	got, err := s.ExplainScore(ctx, lead, time.Time{}, 0)
	require.NoError(t, err)
	require.InDelta(t, got.Fit, fit(lead), 1e-9)
	require.InDelta(t, 1/(1+math.Exp(-1.5)), got.Prediction.Probability, 1e-9)
	require.Contains(t, fmt.Sprint(got.Prediction.Reasons), "source is ads")
	require.NoError(t, s.PatchLead(ctx, lead, record.Capture{Profile: map[string]any{"industry": "mining"}, Via: "api"}))
	require.InDelta(t, axis(-1-1+0.5+0), fit(lead), 1e-4)
	holds("a change of the profile")
	ingest(t, s, record.Event{LeadID: lead, Type: "email_bounce"})
	require.InDelta(t, axis(-1-1+0.5+0-4), fit(lead), 1e-4, "a count can take points")
	holds("an event that takes")
	unscore(t, s, lead, one[string](t, s, "SELECT min(id::text) FROM events WHERE lead_id = $1 AND type = 'page_view'", lead))
	require.InDelta(t, axis(-1-1+0.5-0.5-4), fit(lead), 1e-4)
	holds("an event that was taken back")
	_, err = s.Merge(ctx, record.Merge{LeadID: early, Into: lead})
	require.NoError(t, err)
	require.InDelta(t, 30+axis(-1-1+0.5+0.5-4), fit(lead), 1e-4, "what both did")
	holds("a merge")

	// Sales is told: in the mail of an offer, and on its page.
	offeredTo := capture(t, s, record.Capture{Email: "offer-zyxada@example.com", SourceCode: "ads", Profile: map[string]any{"industry": "software"}}).LeadID
	exec(t, s, "UPDATE leads SET stage = 'qualified' WHERE id = $1", offeredTo)
	rep := newRep(t, s, "ann", nil)
	page, err := s.OfferPage(ctx, record.OfferAsked{LeadID: offeredTo, AssignmentID: offer(t, s, offeredTo, 1).Offer.Assignment, RepID: rep})
	require.NoError(t, err)
	require.Equal(t, "62 % likely to convert, where the average is 25 %: industry is Software (odds x 7.39), page_view events are about 0 to 4 (odds x 0.368), source is ads (odds x 1.65)", page.Whys[0].Text)
	require.Contains(t, one[string](t, s, "SELECT payload::text FROM deliveries WHERE lead_id = $1 AND rep_id = $2 AND kind = 'offer'", offeredTo, rep), "62 % likely to convert")

	using(t, s, "shadow", version)
	holds("the shadow of it")
	require.InDelta(t, 30, fit(lead), 1e-9)
	got, err = s.ExplainScore(ctx, lead, time.Time{}, 0)
	require.NoError(t, err)
	require.InDelta(t, 1/(1+math.Exp(5)), got.Prediction.Probability, 1e-9)
	publish(t, s, testModel)
	require.NoError(t, s.Rescore(ctx))
	holds("a model without it")
	require.NotContains(t, one[string](t, s, "SELECT encode(accumulators, 'escape') FROM scores WHERE lead_id = $1", lead), "(page_view)")
}

// More of what only gives points turns a score no earlier, and is not looked at again; but a predictor may hold it against the lead.
func TestPredictive_anEventThatSpeaksAgainstALeadTurnsItsScoreSooner(t *testing.T) {
	s := house(t)
	using(t, s, "axis", keptPredictor(t, s))
	lead := capture(t, s, record.Capture{Email: "turns-zyxada@example.com", SourceCode: "ads", Profile: map[string]any{"industry": "software"}}).LeadID
	for range 3 {
		ingest(t, s, record.Event{LeadID: lead, Type: "content_download"})
	}
	turns := func() time.Time {
		require.Equal(t, "warm", one[string](t, s, "SELECT band FROM scores WHERE lead_id = $1", lead))
		return one[time.Time](t, s, "SELECT turns_at FROM scores WHERE lead_id = $1", lead)
	}
	was := turns()
	ingest(t, s, record.Event{LeadID: lead, Type: "chat"})
	require.True(t, turns().Before(was.Add(-24*time.Hour)), "%s, and was %s", turns(), was)
	verified(t, s)
}
