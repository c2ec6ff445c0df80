package intake_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
)

// due is whom the relay would tell now, in its order.
func (d desk) due(t *testing.T) (leads []string) {
	t.Helper()
	rows, err := d.st.ClaimOutbox(t.Context(), 1000, time.Minute)
	require.NoError(t, err)
	for _, r := range rows {
		leads = append(leads, r.LeadID)
	}
	d.exec(t, "UPDATE outbox SET claimed_until = NULL, attempts = 0")
	return leads
}

// A file starts its runs at a pace, and behind it nobody else waits: a live capture is told at once, however many starts
// wait and whether those let go are taken or not.
func TestStartsOfAnImportWaitAndNobodyWaitsBehindThem(t *testing.T) {
	d := newDesk(t, intake.Config{})
	imp := d.run(t, people(300), intake.ImportOptions{})
	require.Empty(t, d.due(t), "nothing is let go yet")
	require.Equal(t, 300, imp.Starts.Waiting)

	_, err := d.st.Capture(t.Context(), record.Capture{Email: "live@example.com", Via: "api"})
	require.NoError(t, err)
	require.Equal(t, []string{d.lead(t, "live@example.com").ID}, d.due(t))
	d.exec(t, "DELETE FROM outbox WHERE import_id IS NULL")

	d.exec(t, "UPDATE import_starts SET paced_at = now() - interval '1 hour'")
	for _, rate := range []float64{1e6, 0, 0} {
		n, more, err := d.st.ReleaseStarts(t.Context(), rate, 50)
		require.NoError(t, err)
		require.True(t, more)
		require.LessOrEqual(t, n, 50)
	}
	require.Len(t, d.due(t), 50, "no more than the window while nobody takes them")

	hot := d.lead(t, "p299@example.com").ID
	_, err = d.st.Ingest(t.Context(), []record.Event{{LeadID: hot, Type: "demo_request"}})
	require.NoError(t, err)
	require.Contains(t, d.due(t), hot, "who asks for a demo does not wait for the file")
}

// The pace is that of the import, or of the house; what was missed is made up for by two seconds at most.
func TestStartsAreLetGoAtTheirPace(t *testing.T) {
	for _, c := range []struct {
		own  float64
		want int
	}{{0, 20}, {35, 70}} {
		d := newDesk(t, intake.Config{})
		d.run(t, people(300), intake.ImportOptions{StartRate: c.own})
		d.exec(t, "UPDATE import_starts SET paced_at = now() - interval '1 hour'")
		n, _, err := d.st.ReleaseStarts(t.Context(), 10, 1000)
		require.NoError(t, err)
		require.Equal(t, c.want, n)
		n, _, err = d.st.ReleaseStarts(t.Context(), 10, 1000)
		require.NoError(t, err)
		require.Less(t, n, c.want, "and then as time goes by")
	}
}

// When all are told the import is asked about no more, and its figures say so.
func TestStartsThatAreOverAreOver(t *testing.T) {
	d := newDesk(t, intake.Config{})
	imp := d.run(t, people(30), intake.ImportOptions{})
	r := intake.NewRunner(d.Service, intake.RunnerConfig{})
	deadline := time.Now().Add(time.Minute)
	for more := true; more; {
		require.True(t, time.Now().Before(deadline))
		again, err := r.ReleaseStarts(t.Context())
		require.NoError(t, err)
		more = again < time.Second
		rows, err := d.st.ClaimOutbox(t.Context(), 1000, time.Minute)
		require.NoError(t, err)
		require.NoError(t, d.st.SentOutbox(t.Context(), rows))
	}
	imp = d.read(t, imp.ID)
	require.Equal(t, [2]int{0, 30}, [2]int{imp.Starts.Waiting, imp.Starts.Started})
	require.Positive(t, imp.Starts.Rate)
	require.Nil(t, imp.Starts.ETA)
	require.Zero(t, d.count(t, "SELECT count(*) FROM import_starts WHERE parked"))
}

// Known leads that a file wakes are told at its pace, too; what they had to be told already is not held up.
func TestWhatAFileTellsOfKnownLeadsWaitsToo(t *testing.T) {
	d := newDesk(t, intake.Config{})
	d.run(t, people(2), intake.ImportOptions{Nurture: true})
	d.exec(t, "DELETE FROM outbox")
	waiting := d.lead(t, "p0@example.com").ID
	_, err := d.st.Capture(t.Context(), record.Capture{Email: "p0@example.com", Via: "api"})
	require.NoError(t, err)
	d.under(t, mapping+"on_known: overwrite\n", header+"p0@example.com,0,,Q,Rome,\np1@example.com,1,,Q,Rome,\n", intake.ImportOptions{Nurture: true})
	require.Equal(t, 2, d.count(t, "SELECT count(*) FROM outbox"))
	require.Equal(t, []string{waiting}, d.due(t))
}

// The starts of a small file do not wait for those of a large one, and both together keep to the window.
func TestStartsOfImportsShareTheWindow(t *testing.T) {
	d := newDesk(t, intake.Config{})
	large := d.run(t, people(100), intake.ImportOptions{})
	small := d.run(t, header+"s1@example.com,s1,,,,\ns2@example.com,s2,,,,\n", intake.ImportOptions{})
	n, _, err := d.st.ReleaseStarts(t.Context(), 0, 20)
	require.NoError(t, err)
	require.Equal(t, 12, n, "half of the window, and all of the small one")
	for range 10 {
		_, _, err = d.st.ReleaseStarts(t.Context(), 0, 20)
		require.NoError(t, err)
	}
	require.Len(t, d.due(t), 20, "what the small one leaves the large one takes")
	d.told(t, 20)
	require.Equal(t, [2]int{82, 18}, d.starts(t, large.ID))
	require.Equal(t, [2]int{0, 2}, d.starts(t, small.ID))
}

// told claims what is due and tells n of it; the rest is under way.
func (d desk) told(t *testing.T, n int) {
	t.Helper()
	rows, err := d.st.ClaimOutbox(t.Context(), 1000, time.Minute)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(rows), n)
	require.NoError(t, d.st.SentOutbox(t.Context(), rows[:n]))
}

// What an undo took away before it was started was not started.
func TestStartsOfAnUndoneImportAreThoseThatWere(t *testing.T) {
	d := newDesk(t, intake.Config{})
	imp := d.run(t, people(30), intake.ImportOptions{})
	_, _, err := d.st.ReleaseStarts(t.Context(), 0, 10)
	require.NoError(t, err)
	d.told(t, 8)
	require.Equal(t, [2]int{22, 8}, d.starts(t, imp.ID))
	require.Equal(t, 30, d.undo(t, imp.ID).Undo.Removed)
	require.Equal(t, [2]int{2, 8}, d.starts(t, imp.ID))
	d.exec(t, "DELETE FROM outbox")
	_, more, err := d.st.ReleaseStarts(t.Context(), 0, 10)
	require.NoError(t, err)
	require.True(t, more)
	require.Equal(t, [2]int{0, 10}, d.starts(t, imp.ID))
	require.Zero(t, d.count(t, "SELECT count(*) FROM import_starts WHERE parked"))
}

func (d desk) starts(t *testing.T, id string) [2]int {
	t.Helper()
	imp := d.read(t, id)
	return [2]int{imp.Starts.Waiting, imp.Starts.Started}
}

// The pace is that of late, and when it will be over follows from it.
func TestThePaceOfStartsIsThatOfLate(t *testing.T) {
	d := newDesk(t, intake.Config{})
	imp := d.run(t, people(300), intake.ImportOptions{})
	release := func(window int) {
		_, _, err := d.st.ReleaseStarts(t.Context(), 0, window)
		require.NoError(t, err)
	}
	release(40)
	d.told(t, 40)
	d.exec(t, "UPDATE import_starts SET begun_at = now()")
	require.Nil(t, d.read(t, imp.ID).Starts.ETA, "there is nothing to judge by yet")
	// It began hours ago and stood still; of late it goes. The figures are large so that no slow machine counts.
	d.exec(t, "UPDATE import_starts SET begun_at = now() - interval '9 hours', mark_at = now() - interval '9 hours', next_at = now() - interval '1000 seconds'")
	release(60)
	d.told(t, 60)
	pace := d.read(t, imp.ID).Starts
	require.Equal(t, 100, pace.Started)
	require.InDelta(t, 0.1, pace.Rate, 0.01, "100 in a thousand seconds")
	require.InDelta(t, 2000, time.Until(*pace.ETA).Seconds(), 300, "200 are left")
	d.exec(t, "UPDATE import_starts SET next_at = now() - interval '1000 seconds'") // when 40 were started
	release(0)
	require.InDelta(t, 0.06, d.read(t, imp.ID).Starts.Rate, 0.006, "and those before the mark do not count")
	// While the file is read, more is to come.
	d.exec(t, "UPDATE imports SET state = 'running', rows = 600")
	require.InDelta(t, 8333, time.Until(*d.read(t, imp.ID).Starts.ETA).Seconds(), 1000)
	d.exec(t, "UPDATE import_starts SET mark_at = now() - interval '20 seconds', mark_started = 100")
	require.Nil(t, d.read(t, imp.ID).Starts.ETA, "nobody knows when it stands still")
}
