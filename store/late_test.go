package store

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// A mail that was queued when it might go, and waited since (the server refused it for now, the lane was held, others were before it), goes
// out at no other hour than one that is queued only then.
func TestAMailThatIsLateWaitsForTheNextOpening(t *testing.T) {
	for name, late := range map[string]bool{"just queued": false, "an hour late": true} {
		t.Run(name, func(t *testing.T) {
			s := floor(t)
			newSequence(t, s, "welcome", testSequence, true)
			_, id := queued(t, s, "ada@example.com")
			_, other := queued(t, s, "bob@example.com")
			exec(t, s, "UPDATE leads SET profile = '{\"time_zone\": \"Asia/Kolkata\"}' WHERE email = 'ada@example.com'")
			now := time.Now().In(time.FixedZone("", 5*3600+1800))
			clock := func(d time.Duration) string { return now.Add(d).Format("15:04") }
			rules(t, s, `{"quiet": {"from": "`+clock(-time.Hour)+`", "to": "`+clock(time.Hour)+`"}}`) // by Ada's clock; Bob's is five and a half hours from there
			exec(t, s, "UPDATE policies SET document = document - 'calendar'")
			if late {
				exec(t, s, "UPDATE deliveries SET created_at = now() - interval '1 hour'")
			}
			var got []string
			for _, d := range claim(t, s, record.LaneBulk) {
				got = append(got, d.ID)
			}
			if !late {
				require.ElementsMatch(t, []string{id, other}, got)
				return
			}
			require.Equal(t, []string{other}, got)
			require.Equal(t, "queued window", one[string](t, s, "SELECT state || ' ' || code FROM deliveries WHERE id = $1", id))
			at := one[time.Time](t, s, "SELECT not_before FROM deliveries WHERE id = $1", id)
			require.WithinDuration(t, now.Add(time.Hour), at, time.Minute)
			require.Nil(t, one[*time.Time](t, s, "SELECT failing_since FROM deliveries WHERE id = $1", id), "which is no failure")
			after, waits, err := s.NextDelivery(t.Context(), record.LaneBulk)
			require.NoError(t, err)
			require.True(t, waits)
			require.LessOrEqual(t, after, time.Hour)
		})
	}
}
