package store

import (
	"context"
	osexec "os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/postgres"
)

func heldLanes(t *testing.T, s *Store) map[string]string {
	t.Helper()
	b, err := s.Backlog(t.Context())
	require.NoError(t, err)
	return b.Held
}

// letter is a delivery that is due.
func letter(t *testing.T, s *Store, lane, kind, due string) string {
	t.Helper()
	id := newID()
	exec(t, s, `INSERT INTO deliveries (id, key, lane, channel, kind, at_least_once, created_at, not_before)
		VALUES ($1, $2, $3, 'webhook', $4, $3 <> 'bulk', now() - interval '1 hour', now() + $5::interval)`, id, id, lane, kind, due)
	return id
}

// A held lane gives nothing away, not even what was claimed before it was held, and its pool has nothing to wait for.
func TestLanesThatAreHeldLetNothingOut(t *testing.T) {
	s, ctx := house(t), t.Context()
	capture(t, s, record.Capture{Email: "ada@example.com"})
	letter(t, s, "alert", "offer", "0 s")
	claimed, err := s.ClaimDeliveries(ctx, "alert", 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, claimed, 1)
	letter(t, s, "alert", "offer", "0 s")
	letter(t, s, "webhook", "offer", "0 s")
	require.NoError(t, s.HoldLanes(ctx, []string{"alert", "outbox"}))
	require.Equal(t, map[string]string{"alert": "operator", "outbox": "operator"}, heldLanes(t, s))
	stop, err := s.Sending(ctx, claimed[0])
	require.NoError(t, err)
	require.Equal(t, "lost", stop)
	count := func(lane string) int {
		rows, err := s.ClaimDeliveries(ctx, lane, 10, time.Minute)
		require.NoError(t, err)
		return len(rows)
	}
	require.Equal(t, []int{0, 1}, []int{count("alert"), count("webhook")}, "one lane does not hold another")
	rows, err := s.ClaimOutbox(ctx, 10, time.Minute)
	require.NoError(t, err)
	require.Empty(t, rows)
	_, waits, err := s.NextDelivery(ctx, "alert")
	require.NoError(t, err)
	require.False(t, waits)

	released, err := s.ReleaseLanes(ctx, record.LaneRelease{Lanes: []string{"alert", "outbox"}, DryRun: true})
	require.NoError(t, err)
	require.Equal(t, 2, released[0].Goes[0].N)
	require.Equal(t, "begin", released[1].Goes[0].Kind)
	require.Len(t, heldLanes(t, s), 2, "a dry run changes nothing")
	_, err = s.ReleaseLanes(ctx, record.LaneRelease{Lanes: []string{"alert", "outbox"}})
	require.NoError(t, err)
	require.Empty(t, heldLanes(t, s))
	require.Equal(t, 1, count("alert"))
	rows, err = s.ClaimOutbox(ctx, 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, rows, 1)
}

// After a restore nurture mail that may have been sent is parked; what falls due later, and alerts, go out.
func TestARestoreParksNurtureMailThatMayHaveGoneOut(t *testing.T) {
	s, ctx := house(t), t.Context()
	due, later := letter(t, s, "bulk", "nurture", "-30 min"), letter(t, s, "bulk", "nurture", "1 day")
	between := letter(t, s, "bulk", "nurture", "-10 min")
	alert := letter(t, s, "alert", "offer", "-30 min")
	state := func(id string) string { return one[string](t, s, "SELECT state FROM deliveries WHERE id = $1", id) }
	noticed, err := s.NoticeOlder(ctx, 1)
	require.NoError(t, err)
	require.True(t, noticed)
	fresh := newID()
	exec(t, s, `INSERT INTO deliveries (id, key, lane, channel, kind, created_at) VALUES ($1::uuid, $1::text, 'bulk', 'mail', 'nurture', now() + interval '1 second')`, fresh)

	all := record.LaneRelease{Lanes: record.Lanes, DryRun: true}
	dry, err := s.ReleaseLanes(ctx, all)
	require.NoError(t, err)
	require.Equal(t, "queued", state(due))
	all.DryRun, all.SentUntil = false, time.Now().Add(-20*time.Minute)
	done, err := s.ReleaseLanes(ctx, all)
	require.NoError(t, err)
	require.Equal(t, 2, dry[2].Parked[0].N, "without knowing until when mail was sent")
	require.Equal(t, 1, done[2].Parked[0].N)
	require.Equal(t, []string{"unknown", "queued", "queued", "queued", "queued"}, []string{state(due), state(between), state(later), state(alert), state(fresh)})
	again, err := s.ReleaseLanes(ctx, all)
	require.NoError(t, err)
	require.Empty(t, again[2].Parked, "twice does no harm")
}

// Seqs go on above all that a run can have seen; who was told before the backup keeps its seq, and who was told since the
// restore is renumbered, in order.
func TestARestoreRaisesSeqsAndKeepsTheirOrder(t *testing.T) {
	s, ctx := house(t), t.Context()
	old := capture(t, s, record.Capture{Email: "old@example.com"}).LeadID
	_, raised, err := s.RaiseTide(ctx)
	require.NoError(t, err)
	require.True(t, raised)
	_, raised, err = s.RaiseTide(ctx)
	require.NoError(t, err)
	require.False(t, raised, "one worker in ten seconds")
	fresh := capture(t, s, record.Capture{Email: "new@example.com"}).LeadID
	ingest(t, s, record.Event{LeadID: fresh, Type: "demo_request"}, record.Event{LeadID: old, Type: "demo_request"})

	noticed, err := s.NoticeOlder(ctx, 1)
	require.NoError(t, err)
	require.False(t, noticed, "as old as what was told")
	micros := time.Now().UnixMicro()
	noticed, err = s.NoticeOlder(ctx, 100)
	require.NoError(t, err)
	require.True(t, noticed)
	triggers := func(lead string) map[string]int64 {
		return one[map[string]int64](t, s, "SELECT triggers FROM outbox WHERE lead_id = $1", lead)
	}
	require.EqualValues(t, 1, triggers(old)["capture"], "the run that had it ignores it")
	require.Greater(t, triggers(old)["demo_request"], micros)
	require.Greater(t, triggers(fresh)["capture"], micros)
	require.Greater(t, triggers(fresh)["demo_request"], triggers(fresh)["capture"])
	highest := one[int64](t, s, "SELECT max(seq) FROM outbox")
	ingest(t, s, record.Event{LeadID: old, Type: "demo_request", ClientID: "next"})
	require.Greater(t, one[int64](t, s, "SELECT max(seq) FROM outbox"), highest)
	noticed, err = s.NoticeOlder(ctx, 100)
	require.NoError(t, err)
	require.False(t, noticed, "it has caught up")
	require.Len(t, heldLanes(t, s), 4)
}

// A dump restored under another name is noticed by the first connection of whoever opens it, before anything is claimed; a
// database that no worker has lived in yet is nobody's copy.
func TestADumpRestoredElsewhereIsHeldFromTheFirstConnection(t *testing.T) {
	ctx := t.Context()
	from, to := database(t), database(t)
	s, err := Open(ctx, from, Options{SuppressionKey: testKey})
	require.NoError(t, err)
	defer s.Close()
	require.Empty(t, heldLanes(t, s))
	_, _, err = s.RaiseTide(ctx)
	require.NoError(t, err)
	letter(t, s, "bulk", "nurture", "0 s")
	same, err := Open(ctx, from, Options{SuppressionKey: testKey})
	require.NoError(t, err)
	require.Empty(t, heldLanes(t, same), "it is where it was")
	same.Close()

	restore(t, from, to)
	copied, err := Open(ctx, to, Options{SuppressionKey: testKey})
	require.NoError(t, err)
	defer copied.Close()
	require.Equal(t, map[string]string{"outbox": "restored", "alert": "restored", "bulk": "restored", "webhook": "restored"}, heldLanes(t, copied))
	rows, err := copied.ClaimDeliveries(ctx, "bulk", 10, time.Minute)
	require.NoError(t, err)
	require.Empty(t, rows)
	_, err = copied.ReleaseLanes(ctx, record.LaneRelease{Lanes: record.Lanes})
	require.NoError(t, err)
	again, err := Open(ctx, to, Options{SuppressionKey: testKey})
	require.NoError(t, err)
	defer again.Close()
	require.Empty(t, heldLanes(t, again), "it has moved in")
}

func TestUnknownLeadsAreThoseNobodyHas(t *testing.T) {
	s := house(t)
	ada, nobody := capture(t, s, record.Capture{Email: "ada@example.com"}).LeadID, newID()
	got, err := s.UnknownLeads(t.Context(), []string{ada, nobody, "x"})
	require.NoError(t, err)
	require.Equal(t, []string{nobody}, got)
}

// restore dumps one database with pg_dump into another, emptied one.
func restore(t *testing.T, from, to string) {
	t.Helper()
	bin, err := postgres.FindBinaries()
	require.NoError(t, err)
	dump := filepath.Join(t.TempDir(), "dump.sql")
	out, err := osexec.Command(filepath.Join(bin, "pg_dump"), "--file", dump, from).CombinedOutput()
	require.NoError(t, err, "%s", out)
	pool, err := pgxpool.New(t.Context(), to)
	require.NoError(t, err)
	defer pool.Close()
	_, err = pool.Exec(t.Context(), "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
	require.NoError(t, err)
	out, err = osexec.Command(filepath.Join(bin, "psql"), "--set", "ON_ERROR_STOP=1", "--quiet", "--file", dump, to).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// Nobody is called for what a held lane keeps; whoever lets it go calls.
func TestALaneThatIsHeldCallsNobody(t *testing.T) {
	s := newStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	heard := make(chan string, 1000)
	go func() { _ = s.Listen(ctx, func(c string) { heard <- c }) }()
	for range Channels {
		<-heard
	}
	require.NoError(t, s.HoldLanes(ctx, []string{"bulk"}))
	letter(t, s, "bulk", "nurture", "0 s")
	letter(t, s, "alert", "offer", "0 s")
	require.Equal(t, "alert", <-heard, "the bulk lane was first, and is held")
	_, err := s.ReleaseLanes(ctx, record.LaneRelease{Lanes: []string{"bulk"}})
	require.NoError(t, err)
	require.Equal(t, "bulk", <-heard)
	letter(t, s, "bulk", "nurture", "0 s")
	require.Equal(t, "bulk", <-heard)
}
