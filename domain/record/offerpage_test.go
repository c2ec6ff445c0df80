package record

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/scoring"
)

// People are told what somebody did and is, what is the same taken together, and nothing of rounding.
func TestWhys(t *testing.T) {
	t.Parallel()
	items := []scoring.Item{
		{Rule: "clicks", Points: 5, Why: "email_click"},
		{Rule: "free", Points: -5, Why: "free address"},
		{Rule: "rounding", Points: 0.000169, Why: "a score is a whole number, half up"},
		{Rule: "demo", Points: 50, Why: "demo_request"},
		{Rule: "clicks", Points: 10, Why: "email_click"},
		{Rule: "none", Why: "nothing"},
		{Rule: "mute", Points: 3},
	}
	want := []Why{{"demo_request", 50, 1}, {"email_click", 15, 2}, {"free address", -5, 1}}
	require.Equal(t, want, Whys(items, 9))
	require.Equal(t, want[:2], Whys(items, 2))
}
