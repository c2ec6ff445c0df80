package document

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// What is written is read as the same model, whatever texts are in it.
func TestWriteModel_isReadAsTheSame(t *testing.T) {
	t.Parallel()
	m, err := ParseModel(DefaultModel)
	require.NoError(t, err)
	m.Personas["buyer"] = scoring.Persona{All: []scoring.Condition{{Field: "title", Matches: `(?i)^head\b|"vp": #1`}, {Field: "company_size", Range: []float64{50, 5000}}}}
	m.Fit = append(m.Fit, scoring.FitRule{ID: "yes", Condition: scoring.Condition{Field: "custom.tier", OneOf: []any{"no", "0123", "~", "2026-01-01", 7.5, true, "a: b"}}, Points: 3, Monotone: true})
	m.Engagement = append(m.Engagement, scoring.EngagementRule{
		ID: "collects", On: "content_download", Count: 5, Points: -30, Unless: []scoring.Unless{{On: "page_view", Where: []scoring.Condition{{Field: "path", Prefix: "/pricing"}}}},
	})
	source, err := WriteModel(m)
	require.NoError(t, err)
	got, err := ParseModel([]byte(source))
	require.NoError(t, err, source)
	want, err := json.Marshal(m)
	require.NoError(t, err)
	is, err := json.Marshal(got)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(is))
	require.Contains(t, source, "engagement:\n", "for people, not on one line")
}
