package app

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Without Temporal a worker starts, says that it waits and which lanes wait with it, and ends when it is told to.
func TestWork_startsAndStopsWhileTemporalIsAway(t *testing.T) {
	cfg := house(t)
	a, err := Start(t.Context(), cfg, Working)
	require.NoError(t, err)
	const held = "[!] lanes are held (not required): outbox (until Temporal answers), bulk (until Temporal answers); leadflow doctor says what to do"
	var told string
	for deadline := time.Now().Add(time.Minute); !strings.Contains(told, held); {
		require.True(t, time.Now().Before(deadline), told)
		_, told = get(t, "http://"+cfg.MetricsListen+"/readyz?verbose")
	}
	status, _ := get(t, "http://"+cfg.MetricsListen+"/readyz")
	require.Equal(t, http.StatusOK, status, "it is of use all the same")
	_, told = get(t, "http://"+cfg.MetricsListen+"/metrics")
	require.Contains(t, told, "leadflow_lane_unsure{lane=\"bulk\"} 1\nleadflow_lane_unsure{lane=\"outbox\"} 1\n")
	require.Contains(t, told, `leadflow_lane_held{lane="bulk"} 0`, "Postgres says nothing of it: other workers may go on")
	require.Contains(t, found(Doctor(t.Context(), cfg))["temporal"].Says, "nothing out of the lanes bulk and outbox")
	require.NoError(t, a.Stop(t.Context()))
}

// A process that only serves lets nothing out, and says nothing of it.
func TestServe_holdsNoLane(t *testing.T) {
	cfg := house(t)
	begin(t, cfg, Serving)
	_, told := get(t, "http://"+cfg.MetricsListen+"/readyz?verbose")
	require.Contains(t, told, "[+] lanes ok")
	_, told = get(t, "http://"+cfg.MetricsListen+"/metrics")
	require.NotContains(t, told, "leadflow_lane_unsure")
}
