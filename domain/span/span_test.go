package span

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "4h": 4 * time.Hour, "30d": 30 * Day, "2w": 14 * Day, "1h30m": 90 * time.Minute,
		"0": 0, "0s": 0, "1.5h": 90 * time.Minute, "250ms": 250 * time.Millisecond,
	} {
		got, err := Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got.Duration(), text)
	}
	for _, text := range []string{"", "4", "-4h", "4 h", "h", "4y", "1e9h", "999999999w", "４h"} {
		_, err := Parse(text)
		require.ErrorContains(t, err, "is not a duration", text)
	}
}

func TestSpan_textSurvivesTheRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		give := Span(rapid.Int64Range(0, int64(3650*Day)/int64(time.Millisecond)).Draw(t, "ms")) * Span(time.Millisecond)
		got, err := Parse(give.String())
		require.NoError(t, err)
		require.Equal(t, give, got)
	})
}
