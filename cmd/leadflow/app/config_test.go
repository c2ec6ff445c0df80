package app

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/span"
)

// The horizon of the configuration is the one that events meet.
func TestConfig_theHorizonReachesTheEvents(t *testing.T) {
	cfg := house(t)
	t.Setenv("LEADFLOW_EVENT_HORIZON", "2h")
	loaded, err := LoadConfig()
	require.NoError(t, err)
	require.Equal(t, span.Span(2*time.Hour), loaded.EventHorizon)
	cfg.EventHorizon = loaded.EventHorizon
	s, err := OpenStore(t.Context(), cfg)
	require.NoError(t, err)
	defer s.Close()
	lead, err := s.Capture(t.Context(), record.Capture{Email: "ada@person.example", Via: "api"})
	require.NoError(t, err)
	got, err := s.Ingest(t.Context(), []record.Event{
		{LeadID: lead.LeadID, Type: "page_view", OccurredAt: time.Now().Add(-3 * time.Hour)},
		{LeadID: lead.LeadID, Type: "page_view", OccurredAt: time.Now().Add(-time.Hour)},
	})
	require.NoError(t, err)
	require.Equal(t, []string{"too_old", ""}, []string{got[0].Code, got[1].Code})
}

func TestConfig_refusesAHorizonBeyondWhatIsRemembered(t *testing.T) {
	house(t)
	for text, ok := range map[string]bool{"1h": true, "35d": true, "36d": false, "59m": false, "soon": false} {
		t.Setenv("LEADFLOW_EVENT_HORIZON", text)
		_, err := LoadConfig()
		require.Equal(t, ok, err == nil, "%s: %v", text, err)
	}
}
