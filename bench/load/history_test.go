package load

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Every lead has its whole history in one batch, five events on average, none of them too old for the door.
func TestHistory_isWhatTheContractTakes(t *testing.T) {
	t.Parallel()
	const leads, most = 10_000, 500
	now := time.Now()
	h := History{Now: now}
	seen, ids := map[string]int{}, map[string]bool{}
	var body []byte
	for first, n := 0, 0; first < leads; {
		body, first, n = h.Batch(body[:0], first, leads, most)
		lines := bytes.Split(bytes.TrimSpace(body), []byte("\n"))
		require.Len(t, lines, n)
		require.LessOrEqual(t, n, most)
		inBatch := map[string]bool{}
		for _, line := range lines {
			var e struct {
				ID, Type   string
				LeadID     string    `json:"lead_id"`
				OccurredAt time.Time `json:"occurred_at"`
				Properties map[string]any
			}
			require.NoError(t, json.Unmarshal(line, &e), "%s", line)
			require.True(t, seen[e.LeadID] == 0 || inBatch[e.LeadID], "a history in two batches")
			seen[e.LeadID]++
			inBatch[e.LeadID], ids[e.LeadID+e.ID] = true, true
			require.NotEmpty(t, e.Properties)
			require.True(t, e.OccurredAt.After(now.AddDate(0, 0, -29)) && e.OccurredAt.Before(now), e.OccurredAt)
		}
	}
	require.Len(t, seen, leads)
	total := 0
	for _, n := range seen {
		total += n
	}
	require.Len(t, ids, total)
	require.InDelta(t, 5, float64(total)/leads, 0.2)
}
