package scoring

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/span"
)

func TestValidate_saysWhatWhereAndWhatToDo(t *testing.T) {
	t.Parallel()
	require.Empty(t, everyKind().Validate())
	for _, tt := range []struct {
		path, message string
		spoil         func(*Model)
	}{
		{"engagement[0].half_life", "a window or a half-life", func(m *Model) { m.Engagement[0].Within = days(1) }},
		{"engagement[0].half_life", "at least 1s", func(m *Model) { m.Engagement[0].HalfLife = 5 }},
		{"engagement[0].half_life", "does not go with count", func(m *Model) { m.Engagement[0].Count = 2 }},
		{"engagement[2].within", "at least 1s", func(m *Model) { m.Engagement[2].Within = span.Span(time.Millisecond) }},
		{"engagement[2].count", "between 1 and 500", func(m *Model) { m.Engagement[2].Count = -1 }},
		{"engagement[2].count", "between 1 and 500", func(m *Model) { m.Engagement[2].Count = 501 }},
		{"engagement[1].id", "engagement[0] already", func(m *Model) { m.Engagement[1].ID = "whitepaper" }},
		{"engagement[0].id", "fit[0] already", func(m *Model) { m.Engagement[0].ID = "buyer" }},
		{"engagement[1].id", "a short name", func(m *Model) { m.Engagement[1].ID = "" }},
		{"engagement[1].id", "choose another", func(m *Model) { m.Engagement[1].ID = "floor" }},
		{"engagement[1].group", "there are content", func(m *Model) { m.Engagement[1].Group = "nobody" }},
		{"engagement[2].on", "use one of page_view", func(m *Model) { m.Engagement[2].On = "dance" }},
		{"engagement[2].on", "is missing", func(m *Model) { m.Engagement[2].On = "" }},
		{"engagement[3].cap", "wrong sign", func(m *Model) { m.Engagement[3].Cap = new(-1.0) }},
		{"engagement[9].cap", "wrong sign", func(m *Model) { m.Engagement[9].Cap = new(40.0) }},
		{"engagement[3].cap", "leave the cap out", func(m *Model) { m.Engagement[3].Cap = new(0.0) }},
		{"engagement[3].cap", "between", func(m *Model) { m.Engagement[3].Cap = new(math.Inf(1)) }},
		{"engagement[4].points", "how many points", func(m *Model) { m.Engagement[4].Points = 0 }},
		{"engagement[4].points", "between", func(m *Model) { m.Engagement[4].Points = math.NaN() }},
		{"engagement[0].where[0]", "exactly one of", func(m *Model) { m.Engagement[0].Where[0].Prefix = "x" }},
		{"engagement[0].where[0]", "has 0 tests", func(m *Model) { m.Engagement[0].Where[0].Equals = nil }},
		{"engagement[0].where[0].field", "a property", func(m *Model) { m.Engagement[0].Where[0].Field = "" }},
		{"engagement[0].where[0]", "no single text", func(m *Model) { m.Engagement[0].Where[0].Equals = []any{"x"} }},
		{"fit[0].persona", "there are buyer", func(m *Model) { m.Fit[0].Persona = "nobody" }},
		{"fit[0]", "put the condition into the persona", func(m *Model) { m.Fit[0].Field = "city" }},
		{"fit[1].field", "custom.<key>", func(m *Model) { m.Fit[1].Field = "shoe_size" }},
		{"fit[1].field", "custom.<key>", func(m *Model) { m.Fit[1].Field = "custom." }},
		{"fit[1].field", "is missing", func(m *Model) { m.Fit[1].Field = "" }},
		{"fit[1].one_of", "1 to 1000", func(m *Model) { m.Fit[1].OneOf = []any{} }},
		{"fit[2]", "has 2 tests", func(m *Model) { m.Fit[2].Present = true }},
		{"personas.buyer", "would be everybody", func(m *Model) { m.Personas = map[string]Persona{"buyer": {}} }},
		{"personas.buyer.all[0].matches", "RE2", func(m *Model) {
			m.Personas = map[string]Persona{"buyer": {All: []Condition{{Field: "title", Matches: "(?=x)"}}}}
		}},
		{"personas.buyer.all[0].matches", "longer than", func(m *Model) {
			m.Personas = map[string]Persona{"buyer": {All: []Condition{{Field: "title", Matches: strings.Repeat("x", 1001)}}}}
		}},
		{"personas.buyer.any[0].range", "wrong way round", func(m *Model) {
			m.Personas = map[string]Persona{"buyer": {Any: []Condition{{Field: "company_size", Range: []float64{2, 1}}}}}
		}},
		{"personas.buyer.any[0].range", "two numbers", func(m *Model) {
			m.Personas = map[string]Persona{"buyer": {Any: []Condition{{Field: "company_size", Range: []float64{2}}}}}
		}},
		{"mql.score", "never be reached", func(m *Model) { m.MQL.Score = 1000 }},
		{"mql.score", "above 0", func(m *Model) { m.MQL.Score = -1 }},
		{"mql.min_fit", "raise caps.fit", func(m *Model) { m.MQL.MinFit = new(61.0) }},
		{"mql.min_engagement", "raise caps.engagement", func(m *Model) { m.MQL.MinEngagement = new(151.0) }},
		{"bands.hot", "above warm", func(m *Model) { m.Bands.Hot = 10 }},
		{"bands.warm", "above the floor", func(m *Model) { m.Bands.Warm = -60 }},
		{"bands.hysteresis", "distance", func(m *Model) { m.Bands.Hysteresis = 61 }},
		{"bands.hysteresis", "distance", func(m *Model) { m.Bands.Hysteresis = -1 }},
		{"grades", "fall from A to C", func(m *Model) { m.Grades.B = 50 }},
		{"caps.fit", "above 0", func(m *Model) { m.Caps.Fit = new(0.0) }},
		{"caps.engagement", "above 0", func(m *Model) { m.Caps.Engagement = new(-1.0) }},
		{"floor", "whole number", func(m *Model) { m.Floor = new(5.0) }},
		{"floor", "whole number", func(m *Model) { m.Floor = new(-1.5) }},
		{"groups.content.cap", "is missing", func(m *Model) { m.Groups = map[string]Group{"content": {}} }},
		{"groups.content.cap", "wrong sign", func(m *Model) { m.Groups = map[string]Group{"content": {Cap: -10}} }},
		{"triggers[0]", "no type of engagement", func(m *Model) { m.Triggers = []string{"x"} }},
		{"triggers[1]", "named twice", func(m *Model) { m.Triggers = []string{"meeting", "meeting"} }},
		{"engagement", "at least one rule", func(m *Model) { *m = Model{} }},
		{"engagement", "at most 200", func(m *Model) {
			for i := range 201 {
				m.Engagement = append(m.Engagement, EngagementRule{ID: "x" + string(rune('0'+i)), On: "chat", Points: 1})
			}
		}},
	} {
		m := everyKind()
		tt.spoil(&m)
		problems := m.Validate()
		require.NotEmpty(t, problems, tt.path+" "+tt.message)
		found := false
		for _, p := range problems {
			found = found || p.Path == tt.path && strings.Contains(p.Message, tt.message)
		}
		require.True(t, found, "%s %s: %v", tt.path, tt.message, problems)
		_, err := New(m)
		var invalid *Invalid
		require.ErrorAs(t, err, &invalid)
		require.ErrorContains(t, err, tt.path)
	}
}

func TestModel_whatIsLeftOutHasItsDefault(t *testing.T) {
	t.Parallel()
	s := scorer(t, Model{Engagement: []EngagementRule{{ID: "chat", On: "chat", Points: 10}}})
	require.Equal(t, MQL{Score: 100}, s.MQL)
	require.Equal(t, Bands{Hot: 100, Warm: 40, Hysteresis: 10}, s.Bands)
	require.Equal(t, Grades{A: 45, B: 30, C: 15}, s.Grades)
	require.Equal(t, -10, scorer(t, Model{Fit: everyKind().Fit[2:3]}).Evaluate(nil, Accumulators{}, nil, now, "").Score, "no floor")
}

// The stored document is the model.
func TestModel_survivesJSON(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(everyKind())
	require.NoError(t, err)
	require.Contains(t, string(raw), `{"id":"industry","field":"industry","one_of":["software","finance"],"points":15}`)
	require.Contains(t, string(raw), `{"id":"visits","on":"page_view","points":15,"count":3,"within":"7d"}`)
	var got Model
	require.NoError(t, json.Unmarshal(raw, &got))
	require.Equal(t, everyKind(), got)
}
