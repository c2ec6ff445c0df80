package document

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/scoring"
	"github.com/leadflow-dev/leadflow/domain/sequence"
)

func TestDefaults_areValid(t *testing.T) {
	t.Parallel()
	m, err := ParseModel(DefaultModel)
	require.NoError(t, err)
	_, err = scoring.New(m)
	require.NoError(t, err)
	q, err := ParseSequence(DefaultSequence)
	require.NoError(t, err)
	mails := 0
	for _, s := range q.Steps {
		if s.Mail != nil {
			mails++
		}
	}
	require.GreaterOrEqual(t, mails, 6)
	for _, raw := range [][]byte{DefaultPolicy, FastPolicy} {
		_, err = ParsePolicy(raw)
		require.NoError(t, err)
	}
	_, err = ParseBehaviour(DefaultBehaviour)
	require.NoError(t, err)
}

// The built-in reasons lead where the standard policy sends them.
func TestDefaults_everyReasonHasItsPath(t *testing.T) {
	t.Parallel()
	p, err := ParsePolicy(DefaultPolicy)
	require.NoError(t, err)
	for reason, want := range map[string]lifecycle.Path{
		"not_ready": lifecycle.PathRecycle, "no_budget": lifecycle.PathRecycle, "wrong_contact": lifecycle.PathRecycle,
		"out_of_territory": lifecycle.PathReroute, "no_capacity": lifecycle.PathReroute, "duplicate": lifecycle.PathDisqualify,
		"bad_data": lifecycle.PathDisqualify, "not_a_buyer": lifecycle.PathDisqualify, "other": lifecycle.PathRecycle,
	} {
		require.True(t, p.Knows(lifecycle.Rejected, reason), reason)
		require.Equal(t, want, p.Reason(lifecycle.Rejected, reason).Path, reason)
	}
	for reason, want := range map[string]lifecycle.Path{
		"price": lifecycle.PathRecycle, "competitor": lifecycle.PathRecycle, "no_decision": lifecycle.PathRecycle,
		"timing": lifecycle.PathRecycle, "missing_feature": lifecycle.PathRecycle, "no_fit": lifecycle.PathStayLost, "other": lifecycle.PathStayLost,
	} {
		require.True(t, p.Knows(lifecycle.Lost, reason), reason)
		require.Equal(t, want, p.Reason(lifecycle.Lost, reason).Path, reason)
	}
}

func TestParse_theAgreedExamples(t *testing.T) {
	t.Parallel()
	const examples = "../../shared/examples/documents/"
	read := func(name string) []byte {
		raw, err := os.ReadFile(examples + name)
		if err != nil {
			t.Skip("the agreed example documents are not beside the repository: ", err)
		}
		return raw
	}
	_, err := ParseModel(read("model.yaml"))
	require.NoError(t, err)
	q, err := ParseSequence(read("sequence.yaml"))
	require.NoError(t, err)
	stored, err := json.Marshal(q)
	require.NoError(t, err)
	var again sequence.Sequence
	require.NoError(t, json.Unmarshal(stored, &again))
	require.Equal(t, q, again, "it is played as it was written")
	require.Equal(t, []string{"hello", "guide", "demo"}, mailsOf(t, again, "warm", true))
	require.Equal(t, []string{"hello", "guide", "nudge"}, mailsOf(t, again, "cold", true))
	require.Equal(t, []string{"hello", "guide", "nudge"}, mailsOf(t, again, "hot", false))
	_, err = ParsePolicy(read("policy-fast.yaml"))
	require.NoError(t, err)
}

// mailsOf plays a sequence to its end for a lead of New York and tells its mails. All go out within its window.
func mailsOf(t *testing.T, q sequence.Sequence, band string, engages bool) (mails []string) {
	t.Helper()
	newYork, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	now := time.Date(2026, 3, 6, 23, 0, 0, 0, time.UTC) // Friday evening, before the clocks change
	facts := sequence.Facts{Entered: now, Zone: newYork, Band: band, Engaged: func(types []string, _, _ time.Time) int {
		if engages && slices.Contains(types, "page_view") {
			return 1
		}
		return 0
	}}
	at := sequence.Position{}
	for range 50 {
		move := sequence.Next(q, at, facts, now)
		if move.Mail != "" {
			mails = append(mails, move.Mail)
			local := now.In(newYork)
			require.NotContains(t, []time.Weekday{time.Saturday, time.Sunday}, local.Weekday())
			require.True(t, local.Hour() >= 9 && local.Hour() < 17, local)
		}
		if move.Done {
			require.Equal(t, sequence.WhyEnd, move.Why)
			return mails
		}
		at, now = move.Rest, move.At
	}
	t.Fatal("it does not end")
	return nil
}

func TestParse_saysWhereAndWhat(t *testing.T) {
	t.Parallel()
	_, err := ParseModel([]byte("mql: {score: 100}\nengagement:\n  - {id: a, on: dance, points: 1}\n"))
	var wrong *Error
	require.ErrorAs(t, err, &wrong)
	require.Equal(t, 3, wrong.Problems[0].Line)
	require.Contains(t, err.Error(), "dance")
	_, err = ParsePolicy([]byte("name: x\ncalender: always\n"))
	require.ErrorAs(t, err, &wrong)
	require.Equal(t, 2, wrong.Problems[0].Line)
	_, err = ParseSequence([]byte("name: [\n"))
	require.ErrorAs(t, err, &wrong)
}

// What product.md names as worth points, or as costing some, is a rule of the default model.
func TestDefaultModel_knowsEveryKindOfRule(t *testing.T) {
	t.Parallel()
	m, err := ParseModel(DefaultModel)
	require.NoError(t, err)
	s, err := scoring.New(m)
	require.NoError(t, err)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for what, c := range map[string]struct {
		profile person.Profile
		event   string
		more    map[string]any
		times   int
		rule    string
		points  float64
	}{
		"title, by persona": {person.Profile{"title": "VP Marketing"}, "", nil, 0, "decision_maker", 25},
		"role, by persona":  {person.Profile{"title": "Data Analyst"}, "", nil, 0, "practitioner", 10},
		"department":        {person.Profile{"department": "Sales"}, "", nil, 0, "department", 5},
		"industry":          {person.Profile{"industry": "software"}, "", nil, 0, "industry", 10},
		"company size":      {person.Profile{"company_size": 300.0}, "", nil, 0, "size_mid", 15},
		"revenue":           {person.Profile{"annual_revenue": 2e6}, "", nil, 0, "revenue", 10},
		"location":          {person.Profile{"country": "NO"}, "", nil, 0, "country", 5}, // a word, not a no
		"repeat visits":     {nil, "page_view", nil, 3, "repeat_visits", 15},
		"mail opens":        {nil, "email_open", nil, 1, "open", 1},
		"a whitepaper":      {nil, "content_download", map[string]any{"kind": "whitepaper"}, 1, "whitepaper", 10},
		"registration":      {nil, "webinar_registration", nil, 1, "webinar_signup", 8},
		"a webinar":         {nil, "webinar_attendance", nil, 1, "webinar", 20},
		"blog views":        {nil, "page_view", map[string]any{"path": "/blog/x"}, 1, "blog", 2},
		"form submits":      {nil, "form_submit", nil, 1, "form", 10},
		"demo requests":     {nil, "demo_request", nil, 1, "demo", 50},
		"calls to action":   {nil, "cta_click", nil, 1, "cta", 5},
		"paid ads":          {nil, "ad_click", nil, 1, "ad", 3},
		"bounce":            {nil, "email_bounce", nil, 1, "bounce", -20},
		"unsubscribe":       {nil, "unsubscribe", nil, 1, "unsubscribe", -40},
		"not the audience":  {person.Profile{"title": "Student"}, "", nil, 0, "student", -30},
	} {
		var events []scoring.Event
		for i := range c.times {
			events = append(events, scoring.Event{ID: fmt.Sprint(i), Type: c.event, OccurredAt: now, Properties: c.more})
		}
		got := 0.0
		for _, item := range s.Explain(c.profile, events, nil, now, "").Items {
			if item.Rule == c.rule {
				got += item.Points
			}
		}
		require.Equal(t, c.points, got, what)
	}
	require.True(t, s.Hard("demo_request"))
	require.Equal(t, 100.0, s.MQL.Score)

	// Who downloads everything and never looks at the price is no MQL by that alone.
	var all []scoring.Event
	for i := range 40 {
		all = append(all, scoring.Event{ID: fmt.Sprint(i), Type: []string{"content_download", "webinar_attendance"}[i%2], OccurredAt: now, Properties: map[string]any{"kind": "whitepaper"}})
	}
	e := s.Explain(person.Profile{"title": "Journalist"}, all, nil, now, "")
	require.False(t, s.Qualified(e.Result), "%d points", e.Score)
}
