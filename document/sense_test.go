package document

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/scoring"
)

func TestWarnings_ofWhatContradictsItself(t *testing.T) {
	t.Parallel()
	const text = "mql: {score: 50}\nfit:\n  - {id: s, field: company_size, range: [1, 50], points: 5}\n  - {id: m, field: company_size, range: [50, 200], points: 10}\n" +
		"engagement:\n  - {id: open, on: email_open, points: 10, cap: 5}\n"
	m, err := ParseModel([]byte(text))
	require.NoError(t, err)
	contradicting, _ := m.Sense()
	var told []string
	for _, w := range Warnings([]byte(text), contradicting) {
		told = append(told, fmt.Sprintf("line %d, column %d: %s: %s", w.Line, w.Column, w.Path, w.Why))
	}
	require.Equal(t, []string{
		"line 1, column 14: mql.score: is 50 and can never be reached: fit gives at most 15 and the engagement of a cycle 5",
		"line 4, column 41: fit[1].range: overlaps the range of fit[0] (s): at 50 both s and m hold",
		"line 6, column 49: engagement[0].cap: is 5, under the 10 points that open gives at once: they would never be had",
	}, told)
}

func TestWarnings_haveTheirPlaces(t *testing.T) {
	t.Parallel()
	got := Warnings([]byte("fit:\n  - {id: a, field: custom.x, present: true, points: 1}\nengagement: []\n"), []scoring.Finding{
		{Path: "engagement[0]", Why: "b"}, {Path: "fit[0].field", Why: "a", Remedy: "r"},
	})
	require.Len(t, got, 2)
	require.Equal(t, []any{"fit[0].field", 2, 20, "a", "r"}, []any{got[0].Path, got[0].Line, got[0].Column, got[0].Why, got[0].Remedy})
	require.Equal(t, 3, got[1].Line)
}
