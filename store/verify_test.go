package store

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
)

func differences(t *testing.T, s *Store, sample int) ([]record.ScoreDifference, record.Verified) {
	t.Helper()
	var all []record.ScoreDifference
	looked := 0
	out, err := s.VerifyScores(t.Context(), sample, func(d record.ScoreDifference) { all = append(all, d) }, func(done, total int) {
		require.Greater(t, done, looked)
		require.LessOrEqual(t, done, total)
		looked = done
	})
	require.NoError(t, err)
	require.Equal(t, out.Leads, looked)
	return all, out
}

func TestVerifyFindsWhatWasPlanted(t *testing.T) {
	s := house(t)
	version(t, s, ruled(5, 20, "10d"))
	crowd(t, s, 450)
	_, out := differences(t, s, 0)
	require.Equal(t, record.Verified{Leads: 450}, out)
	_, out = differences(t, s, 100)
	require.Equal(t, record.Verified{Leads: 100}, out)

	miscounted := scoring.Accumulators{}
	require.NoError(t, miscounted.ScanBytes(one[[]byte](t, s, "SELECT accumulators FROM scores WHERE lead_id = $1", member(445))))
	miscounted.Tallies[0].Count = 2
	for i, planted := range []struct{ sql, part string }{
		{"UPDATE scores SET score = score + 1 WHERE lead_id = $1", "score"},
		{"UPDATE scores SET engagement = engagement + 0.000001 WHERE lead_id = $1", "engagement"},
		{"UPDATE scores SET fit = 3 WHERE lead_id = $1", "fit"},
		{"UPDATE scores SET band = 'hot' WHERE lead_id = $1", "band"},
		{"UPDATE scores SET grade = 'A' WHERE lead_id = $1", "grade"},
		{fmt.Sprintf(`UPDATE scores SET accumulators = '\x%x' WHERE lead_id = $1`, miscounted.Stored()), "accumulators"},
	} {
		id := member(440 + i)
		exec(t, s, planted.sql, id)
		all, out := differences(t, s, 0)
		require.Equal(t, 1, out.Different, planted.part)
		require.Len(t, all, 1)
		require.Equal(t, id, all[0].LeadID)
		require.Equal(t, planted.part, all[0].Part)
		require.NotEqual(t, all[0].Stored, all[0].Recomputed)
		all, _ = differences(t, s, 1000)
		require.Len(t, all, 1, "a sample as large as the house is all of it")
		exec(t, s, "DELETE FROM scores WHERE lead_id = $1", id)
	}
	// An event that was lost, and one that counted twice.
	exec(t, s, "DELETE FROM events WHERE lead_id = $1 AND type = 'form_submit'", member(1))
	all, _ := differences(t, s, 0)
	require.Len(t, all, 3, "score, engagement, accumulators")
	// A lead that would never cool.
	ingest(t, s, record.Event{LeadID: member(2), Type: "webinar_attendance"})
	require.Equal(t, "warm", one[string](t, s, "SELECT band FROM scores WHERE lead_id = $1", member(2)))
	exec(t, s, "UPDATE scores SET turns_at = turns_at + interval '1 second' WHERE lead_id = $1", member(2))
	all, _ = differences(t, s, 0)
	require.Len(t, all, 4)
	require.Equal(t, "turns_at", all[3].Part)
}

// Events that are no longer kept cannot be counted again: that is said, and is no difference.
func TestVerifyKnowsWhatIsNoLongerKept(t *testing.T) {
	s := house(t)
	version(t, s, ruled(5, 20, "10d"))
	crowd(t, s, 3)
	exec(t, s, "UPDATE leads SET created_at = now() - interval '500 days' WHERE id = ANY($1::uuid[])", []string{member(0), member(1)})
	exec(t, s, "UPDATE events_kept SET since = now() - interval '400 days'")
	exec(t, s, "DELETE FROM events WHERE lead_id = ANY($1::uuid[])", []string{member(0), member(2)})
	all, out := differences(t, s, 0)
	require.Equal(t, record.Verified{Leads: 3, Different: 1, Unknown: 1}, out)
	require.Equal(t, member(2), all[0].LeadID)
}
