package store

import (
	"encoding/json"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// LEADFLOW_TEST_BULK=100000 carries a bulk action over that many leads, whose carrier dies again and again, and says what its books cost.
func TestABulkOfManyLeads(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("LEADFLOW_TEST_BULK"))
	if err != nil {
		t.Skip("heavy: LEADFLOW_TEST_BULK says how many leads")
	}
	s, ctx := floor(t), t.Context()
	inStage(t, s, lifecycle.StageNurturing, n)
	exec(t, s, "ANALYZE")
	began := time.Now()
	f := record.LeadFilter{Stage: []string{"nurturing"}}
	p, err := s.PreviewBulk(ctx, f, 10)
	require.NoError(t, err)
	require.Equal(t, n, p.Total)
	counted := time.Since(began)
	b, err := s.StartBulk(ctx, record.Bulk{Action: "pause", Body: json.RawMessage(`{}`), Pace: 1000}, f)
	require.NoError(t, err)
	require.Equal(t, n, b.Total)
	begun := time.Since(began) - counted

	b, _ = claimBulk(t, s)
	deaths, noted := 0, time.Duration(0)
	for {
		at := time.Now()
		leads, err := s.WaitingBulkLeads(ctx, b.ID, 64)
		require.NoError(t, err)
		if len(leads) == 0 {
			break
		}
		notes := make([]record.BulkLead, len(leads))
		for i, lead := range leads {
			notes[i] = record.BulkLead{LeadID: lead, State: []string{"applied", "refused", "failed"}[i%3]}
		}
		require.NoError(t, s.NoteBulk(ctx, b, notes))
		noted += time.Since(at)
		if now, err := s.Bulk(ctx, b.ID); err == nil && (now.Applied+now.Refused)/(n/10) > deaths { // each tenth
			deaths++
			exec(t, s, "UPDATE bulks SET claimed_until = now() - interval '1 second'")
			next, ok := claimBulk(t, s)
			require.True(t, ok)
			require.ErrorIs(t, s.NoteBulk(ctx, b, notes), record.ErrNotFound, "who comes back from the dead notes nothing")
			b = next
		}
	}
	open, err := s.SettleBulk(ctx, b)
	require.NoError(t, err)
	require.Zero(t, open)
	require.NoError(t, s.FinishBulk(ctx, b))
	b, err = s.Bulk(ctx, b.ID)
	require.NoError(t, err)
	require.Equal(t, n, b.Applied+b.Refused+b.Failed)
	require.Positive(t, deaths)
	t.Logf("%d leads: counted in %v, begun in %v, noted in %v (%v a lead), %d carriers died", n, counted, begun, noted, noted/time.Duration(n), deaths)
}
