package document

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/span"
)

// A policy may have reasons of the house, and says how sales and buyers are told.
func TestParse_reasonsAndAlertsOfAPolicy(t *testing.T) {
	t.Parallel()
	const rest = "name: p\ncalendar: always\nsla: {accept: {within: 4h, max_offers: 1}}\nstale: {nurturing: 90d}\n" +
		"recycle: {max_cycles: 1, default: {path: recycle, cool_down: 1d}}\n"
	p, err := ParsePolicy([]byte(rest + "notify: {urgent: [offer, escalation], ask: {won: true}}\nvocabulary:\n  reject:\n" +
		"    next_year: {path: recycle, cool_down: 180d, sequence: winback, title: Not this year}\n    twin: {path: duplicate}\n    other: {path: recycle, retired: true}\n"))
	require.NoError(t, err)
	require.Equal(t, []string{"offer", "escalation"}, p.Notify.Urgent)
	require.Equal(t, lifecycle.Ask{Won: true}, p.Notify.Ask)
	require.True(t, p.Knows(lifecycle.Rejected, "next_year"))
	require.False(t, p.Knows(lifecycle.Lost, "next_year"), "of rejections only")
	require.False(t, p.Knows(lifecycle.Rejected, "other"), "retired")
	require.True(t, p.Knows(lifecycle.Lost, "other"))
	r := p.Reason(lifecycle.Rejected, "next_year")
	require.Equal(t, []any{lifecycle.PathRecycle, 180 * 24 * time.Hour, "winback"}, []any{r.Path, r.CoolDown.Duration(), r.Sequence})
	p, err = ParsePolicy([]byte(rest + "notify: {ask: {lost: true, nps: 30d, every: 180d}}\n"))
	require.NoError(t, err)
	require.Equal(t, lifecycle.Ask{Lost: true, NPS: span.Span(30 * span.Day), Every: span.Span(180 * span.Day)}, p.Notify.Ask)
	for text, want := range map[string]string{
		"notify: {ask: {nps: 90m}}":                                    "notify.ask.nps",
		"notify: {ask: {every: 36h}}":                                  "notify.ask.every",
		"notify: {ask: {nps: 3y}}":                                     "notify.ask.nps",
		"notify: {urgent: [lunch]}":                                    "notify.urgent[0]",
		"vocabulary: {win: {a: {path: recycle}}}":                      "vocabulary.win",
		"vocabulary: {lose: {a: {path: reroute}}}":                     "vocabulary.lose.a.path",
		"vocabulary: {reject: {a: {path: stay_lost}}}":                 "vocabulary.reject.a.path",
		"vocabulary: {disqualify: {a: {path: recycle}}}":               "vocabulary.disqualify.a.path",
		"vocabulary: {reject: {A-b: {path: recycle}}}":                 "vocabulary.reject.A-b",
		"vocabulary: {reject: {a: {path: nowhere}}}":                   "vocabulary.reject.a.path",
		"vocabulary: {reject: {a: {path: reroute, cool_down: 1d}}}":    "vocabulary.reject.a",
		"vocabulary: {reject: {a: {path: reroute, forgotten: false}}}": "forgotten",
	} {
		_, err := ParsePolicy([]byte(rest + text + "\n"))
		require.ErrorContains(t, err, want)
	}
}
