package loop

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/document"
	profile "github.com/leadflow-dev/leadflow/domain/person"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
	"github.com/leadflow-dev/leadflow/predict"
)

// What is computed of the same people without a house is what others compute.
func TestFormulas_areThoseOfOthers(t *testing.T) {
	t.Parallel()
	if underRace {
		t.Skip("fitting is ten times as slow under the race detector, and nothing of it is concurrent: `make outside` runs this test")
	}
	all, rest, _ := people(t)
	h := &house{t: t, people: all}
	m, err := document.ParseModel([]byte(model))
	require.NoError(t, err)
	s, err := scoring.New(m)
	require.NoError(t, err)
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	c := record.Cases{Version: 1, Model: m, Scorer: s}
	played := h.ended()
	for _, p := range played {
		custom := map[string]any{}
		for field, column := range map[string]string{"occupation": "What is your current occupation", "specialization": "Specialization"} {
			if p.row[column] != "" {
				custom[field] = p.row[column]
			}
		}
		if p.seconds() >= 0 {
			custom["seconds_on_site"] = p.seconds()
		}
		if said := p.row["A free copy of Mastering The Interview"]; said != "" {
			custom["wants_interview_guide"] = said == "Yes"
		}
		known := profile.Profile{"custom": custom}
		one := record.Case{LeadID: p.key, Cycle: 1, Won: p.won, DecidedAt: now, Profile: known, Sight: s.See(known, p.events(now.Add(-time.Hour)), nil, now)}
		if !p.won {
			one.Reasons = []string{p.ends()}
		}
		c.Items = append(c.Items, one)
	}
	effects, err := predict.Effects(c)
	require.NoError(t, err)
	h.requireCounts(effects, played)
	h.requireVerdicts(effects, played)
	patterns, err := predict.Patterns(c)
	require.NoError(t, err)
	h.requirePatterns(patterns, played)
	got, _, err := predict.Suggest(c, 7)
	require.NoError(t, err)
	h.requireSuggested(got, played, rest)
}

// events are what somebody did, as scoring takes it.
func (p person) events(at time.Time) (out []scoring.Event) {
	add := func(n int, kind, key, value string) {
		for range n {
			out = append(out, scoring.Event{ID: kind + key + string(rune('a'+len(out))), Type: kind, OccurredAt: at, Properties: map[string]any{key: value}})
		}
	}
	add(p.visits, "page_view", "path", "/course")
	add(p.messages, "custom", "activity", "SMS Sent")
	add(p.chats, "chat", "x", "y")
	add(p.downloads, "content_download", "asset", "guide")
	add(p.prices, "page_view", "path", "/pricing")
	return out
}
