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

// What is wrong with where mail comes back to is told at the start, and no secret is shown.
func TestConfig_ofWhatComesBack(t *testing.T) {
	house(t)
	for _, c := range []struct {
		name, value string
		ok          bool
	}{
		{"LEADFLOW_MAIL_BOUNCE_DOMAIN", "back.example.com", true},
		{"LEADFLOW_MAIL_BOUNCE_DOMAIN", "back", false},
		{"LEADFLOW_MAIL_BOUNCE_DOMAIN", "a@b.example", false},
		{"LEADFLOW_INBOUND_LISTEN", "127.0.0.1:0", false},
		{"LEADFLOW_HOOK_POSTMARK_SECRET", "a-user:a-word", true},
		{"LEADFLOW_HOOK_POSTMARK_SECRET", "a-word", false},
		{"LEADFLOW_HOOK_MAILGUN_SECRET", "a-word", true},
	} {
		t.Setenv(c.name, c.value)
		cfg, err := LoadConfig()
		require.Equal(t, c.ok, err == nil, "%s=%s: %v", c.name, c.value, err)
		if err != nil {
			require.NotContains(t, err.Error(), "a-word")
		}
		for _, s := range cfg.Describe() {
			require.NotContains(t, s.Value, "a-word")
		}
		t.Setenv(c.name, "")
	}
}
