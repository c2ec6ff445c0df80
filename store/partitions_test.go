package store

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/migrations"
	"github.com/leadflow-dev/leadflow/postgres/pgtest"
)

func partitions(t *testing.T, s *Store) []string {
	t.Helper()
	rows, _ := s.pool.Query(t.Context(), "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'events'::regclass ORDER BY 1")
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return names
}

// monthNames are the names of this month's partition and the next ones.
func monthNames(t *testing.T, s *Store) []string {
	t.Helper()
	now := one[time.Time](t, s, "SELECT now()")
	var names []string
	for n := range monthsAhead + 1 {
		names = append(names, "events_"+monthOf(now).AddDate(0, n, 0).Format("2006_01"))
	}
	return names
}

func inDefault(t *testing.T, s *Store) int {
	t.Helper()
	return one[int](t, s, "SELECT count(*) FROM events_default")
}

func TestPartitionsAreMadeAheadByAnyNumberAtOnce(t *testing.T) {
	s := house(t)
	together(t, 10, func(int) error { return s.KeepEvents(t.Context()) })
	require.NoError(t, s.KeepEvents(t.Context()))
	want := append(monthNames(t, s), "events_default")
	require.ElementsMatch(t, want, partitions(t, s))
	ada := newLead(t, s, "ada@example.com")
	ingest(t, s, record.Event{LeadID: ada, Type: "page_view"})
	require.Equal(t, 1, one[int](t, s, "SELECT count(*) FROM "+want[0]))
	require.Equal(t, "{autovacuum_freeze_min_age=0}", one[string](t, s, "SELECT reloptions::text FROM pg_class WHERE relname = $1", want[1]))
	require.Equal(t, len(want)*4, one[int](t, s, `SELECT count(*) FROM pg_index WHERE indrelid = ANY($1::regclass[])`, want), "each has all the indexes")
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = $1", partitionKeeper), "the keeper is let go")
}

// The events of v0.1.0 are all in the default partition. They stay where they are: it becomes theirs.
func TestUpgradeTakesInTheEventsOfTheFirstRelease(t *testing.T) {
	old := pgtest.New(t, pgtest.Template{Name: "store_v0_1_0", Migrate: func(ctx context.Context, url string) error {
		db, err := sql.Open("pgx", url)
		if err != nil {
			return err
		}
		defer func() { _ = db.Close() }()
		p, err := goose.NewProvider(goose.DialectPostgres, db, migrations.FS)
		if err != nil {
			return err
		}
		_, err = p.UpTo(ctx, 5)
		return err
	}})
	pool, err := pgxpool.New(t.Context(), old)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	s := New(pool, Options{SuppressionKey: testKey})
	ada := newID()
	exec(t, s, "INSERT INTO leads (id, email) VALUES ($1, 'ada@example.com')", ada)
	exec(t, s, `INSERT INTO events (id, lead_id, client_id, type, occurred_at, received_at)
		SELECT gen_random_uuid(), $1, n::text, 'page_view', now(), now() - n * interval '10 days' FROM generate_series(0, 99) n`, ada)
	exec(t, s, "INSERT INTO event_ids (owner, client_id, received_at) SELECT lead_id::text, client_id, received_at FROM events WHERE received_at > now() - interval '35 days'")
	before := one[uint32](t, s, "SELECT relfilenode FROM pg_class WHERE relname = 'events_default'")
	_, err = Migrate(t.Context(), old)
	require.NoError(t, err)
	publish(t, s, testModel)

	require.NoError(t, s.KeepEvents(t.Context()))
	names := partitions(t, s)
	require.Len(t, names, 3, "%v", names) // the old one reaches over the next month
	taken := "events_to_" + monthOf(time.Now()).AddDate(0, 2, 0).Format("2006_01")
	require.Contains(t, names, taken)
	kept := monthOf(time.Now().Add(-defaultRetention))
	require.InDelta(t, time.Since(kept).Hours()/240, one[int](t, s, "SELECT count(*) FROM "+taken), 1, "of what is kept, one every ten days")
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM events WHERE received_at < $1", kept))
	require.Equal(t, before, one[uint32](t, s, "SELECT relfilenode FROM pg_class WHERE relname = $1", taken), "no row was moved")
	require.Zero(t, inDefault(t, s))
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM pg_constraint WHERE conname = 'events_of_the_gap'"))
	got := ingest(t, s, record.Event{LeadID: ada, Type: "page_view", ClientID: "1"}, record.Event{LeadID: ada, Type: "page_view", ClientID: "50"})
	require.Equal(t, []bool{true, false}, []bool{got[0].Duplicate, got[1].Duplicate}, "an id of v0.1.0 is known for its 35 days")
	require.NoError(t, s.KeepEvents(t.Context()))
	require.Equal(t, names, partitions(t, s))
}

// Workers were away for longer than partitions are made ahead: what came meanwhile gets a partition of its own.
func TestWhatLandedInTheDefaultPartitionIsTakenIn(t *testing.T) {
	s := house(t)
	ada := newLead(t, s, "ada@example.com")
	month := monthOf(one[time.Time](t, s, "SELECT now()"))
	require.NoError(t, s.KeepEvents(t.Context()))
	for _, name := range monthNames(t, s) {
		exec(t, s, "DROP TABLE "+name)
	}
	old := month.AddDate(0, -6, 0)
	exec(t, s, fmt.Sprintf("CREATE TABLE events_old PARTITION OF events FOR VALUES FROM (%s) TO (%s)", moment(&old), moment(new(old.AddDate(0, 1, 0)))))
	exec(t, s, `INSERT INTO events (id, lead_id, type, occurred_at, received_at) SELECT gen_random_uuid(), $1, 'page_view', now(), now() - n * interval '10 days'
		FROM generate_series(0, 11) n`, ada)
	require.Equal(t, 12, inDefault(t, s))
	require.NoError(t, s.KeepEvents(t.Context()))
	require.Zero(t, inDefault(t, s))
	taken := "events_to_" + month.AddDate(0, 2, 0).Format("2006_01")
	require.ElementsMatch(t, []string{"events_old", taken, "events_" + month.AddDate(0, 2, 0).Format("2006_01"), "events_default"}, partitions(t, s))
	require.Equal(t, 12, one[int](t, s, "SELECT count(*) FROM "+taken))

	exec(t, s, "INSERT INTO events (id, lead_id, type, occurred_at, received_at) VALUES (gen_random_uuid(), $1, 'page_view', now(), now() - interval '2 years')", ada)
	require.NoError(t, s.KeepEvents(t.Context()))
	require.Contains(t, partitions(t, s), "events_to_"+old.Format("2006_01"), "before the oldest as well")
}

// One row that lies beside the gap, by a clock that was ahead for a moment, gets a month of its own, and nothing else waits
// for that.
func TestAClockThatWasAheadStopsNoHousekeeping(t *testing.T) {
	s := house(t)
	ada := newLead(t, s, "ada@example.com")
	require.NoError(t, s.KeepEvents(t.Context()))
	names := monthNames(t, s)
	exec(t, s, "CREATE TABLE events_2020_01 PARTITION OF events FOR VALUES FROM ('2020-01-01 00:00Z') TO ('2020-02-01 00:00Z')")
	exec(t, s, "DROP TABLE "+names[0])
	exec(t, s, "DROP TABLE "+names[2])
	put := "INSERT INTO events (id, lead_id, type, occurred_at, received_at) SELECT gen_random_uuid(), $1, 'page_view', now(), $2 FROM generate_series(1, $3)"
	exec(t, s, put, ada, "2031-05-31 23:59:59.999999Z", 1)
	exec(t, s, put, ada, "2031-06-01 00:00Z", 2)
	exec(t, s, put, ada, time.Now(), 5)
	for range 2 {
		require.NoError(t, s.KeepEvents(t.Context()))
		require.Zero(t, inDefault(t, s))
		require.NotContains(t, partitions(t, s), "events_2020_01")
		require.Subset(t, partitions(t, s), append(names[1:], "events_2031_05", "events_2031_06"))
		require.Equal(t, []int{1, 2, 8}, []int{
			one[int](t, s, "SELECT count(*) FROM events_2031_05"), one[int](t, s, "SELECT count(*) FROM events_2031_06"),
			one[int](t, s, "SELECT count(*) FROM events"),
		})
	}
	ingest(t, s, record.Event{LeadID: ada, Type: "page_view"})
	require.Zero(t, inDefault(t, s), "this month has one as well")
}

// What cannot be done keeps nothing else from being done, and that something could not be done shows.
func TestAStepOfHousekeepingThatFailsStopsNoOther(t *testing.T) {
	s := house(t)
	ada := newLead(t, s, "ada@example.com")
	require.NoError(t, s.KeepEvents(t.Context()))
	names := monthNames(t, s)
	exec(t, s, "UPDATE events_kept SET kept_at = now() - interval '3 days'")
	exec(t, s, "CREATE TABLE events_2020_01 PARTITION OF events FOR VALUES FROM ('2020-01-01 00:00Z') TO ('2020-02-01 00:00Z')")
	exec(t, s, "DROP TABLE "+names[2])
	exec(t, s, "CREATE TABLE events_2031_05 ()") // somebody's own
	exec(t, s, "INSERT INTO events (id, lead_id, type, occurred_at, received_at) VALUES (gen_random_uuid(), $1, 'page_view', now(), '2031-05-05')", ada)
	require.Error(t, s.KeepEvents(t.Context()))
	require.NotContains(t, partitions(t, s), "events_2020_01")
	require.Contains(t, partitions(t, s), names[2])
	b, err := s.Backlog(t.Context())
	require.NoError(t, err)
	require.InDelta(t, 72, b.EventsKept.Hours(), 0.1)
	require.Equal(t, 1, b.EventsBeside)
	exec(t, s, "DROP TABLE events_2031_05")
	require.NoError(t, s.KeepEvents(t.Context()))
	b, err = s.Backlog(t.Context())
	require.NoError(t, err)
	require.Less(t, b.EventsKept, time.Minute)
	require.Zero(t, b.EventsBeside)
}

// A gap may be years: what lies in it goes by the month as everything does, in pieces, and what is younger stays.
func TestOfAGapWhatIsOldGoesByTheMonth(t *testing.T) {
	s := house(t)
	ada := newLead(t, s, "ada@example.com")
	exec(t, s, "INSERT INTO events (id, lead_id, type, occurred_at, received_at) SELECT gen_random_uuid(), $1, 'page_view', now(), now() - n * interval '1 hour' FROM generate_series(0, 19999) n", ada)
	pages := one[int](t, s, "SELECT pg_relation_size('events_default') / 8192")
	require.Greater(t, pages, 2*thinPages)
	kept := monthOf(time.Now().Add(-defaultRetention))
	young := one[int](t, s, "SELECT count(*) FROM events WHERE received_at >= $1", kept)
	for range 2 {
		require.NoError(t, s.KeepEvents(t.Context()))
		require.Equal(t, young, one[int](t, s, "SELECT count(*) FROM events"))
		require.Equal(t, kept, one[time.Time](t, s, "SELECT since FROM events_kept").UTC())
	}
	require.Equal(t, young, one[int](t, s, "SELECT count(*) FROM events WHERE received_at >= $1", kept))
}

func TestDedupeAcrossPartitionsAndTime(t *testing.T) {
	s := house(t)
	require.NoError(t, s.KeepEvents(t.Context()))
	ada := newLead(t, s, "ada@example.com")
	visitor := "visitor-0123456789abcdef"
	month := monthOf(one[time.Time](t, s, "SELECT now()"))
	for n := 1; n <= 2; n++ {
		at := month.AddDate(0, -n, 0)
		exec(t, s, fmt.Sprintf("CREATE TABLE events_ago_%d PARTITION OF events FOR VALUES FROM (%s) TO (%s)", n, moment(&at), moment(new(at.AddDate(0, 1, 0)))))
	}
	insert := `INSERT INTO events (id, lead_id, visitor_id, client_id, type, occurred_at, received_at)
		VALUES (gen_random_uuid(), $1, $2, $3, 'page_view', now(), now() - $4::interval)`
	exec(t, s, insert, ada, nil, "young", 34*24*time.Hour)
	exec(t, s, insert, ada, nil, "old", 36*24*time.Hour)
	exec(t, s, insert, nil, visitor, "young", 34*24*time.Hour)
	exec(t, s, insert, nil, visitor, "old", 36*24*time.Hour)
	require.Zero(t, inDefault(t, s))
	for _, who := range []record.Event{{LeadID: ada}, {VisitorID: visitor}} {
		who.Type = "page_view"
		for id, known := range map[string]bool{"young": true, "old": false} {
			who.ClientID = id
			require.Equal(t, known, ingest(t, s, who)[0].Duplicate, id)
			require.True(t, ingest(t, s, who)[0].Duplicate, "and by now it is known")
		}
	}
	started := New(s.pool, Options{SuppressionKey: testKey})
	require.True(t, ingest(t, started, record.Event{LeadID: ada, Type: "page_view", ClientID: "old"})[0].Duplicate, "also after a restart")
}

// The same id from many connections at once is one event, whoever's it is.
func TestOfTheSameIDAtOnceOneIsKept(t *testing.T) {
	s := house(t)
	ada := newLead(t, s, "ada@example.com")
	visitor := "visitor-0123456789abcdef"
	pools := make([]*Store, 4)
	for i := range pools {
		pool, err := pgxpool.NewWithConfig(t.Context(), s.pool.Config())
		require.NoError(t, err)
		t.Cleanup(pool.Close)
		pools[i] = New(pool, Options{SuppressionKey: testKey})
	}
	together(t, 40, func(i int) error {
		batch := []record.Event{
			{LeadID: ada, Type: "form_submit", ClientID: fmt.Sprint(i / 8)},
			{VisitorID: visitor, Type: "form_submit", ClientID: fmt.Sprint(i / 8)},
			{Email: "ada@example.com", Type: "form_submit", ClientID: fmt.Sprint(i / 8)},
		}
		return takeAll(t.Context(), pools[i%4], batch)
	})
	require.Equal(t, 5, one[int](t, s, "SELECT count(*) FROM events WHERE lead_id IS NOT NULL"))
	require.Equal(t, 5, one[int](t, s, "SELECT count(*) FROM events WHERE visitor_id IS NOT NULL"))
	require.Equal(t, 25, one[int](t, s, "SELECT score FROM scores"))
	// By the visitor first and then by the lead: when they turn out to be one person, the doubles go.
	capture(t, s, record.Capture{Email: "ada@example.com", VisitorID: visitor})
	require.Equal(t, 5, one[int](t, s, "SELECT count(*) FROM events"))
	require.Equal(t, 25, one[int](t, s, "SELECT score FROM scores"))
	for _, again := range []record.Event{{VisitorID: visitor}, {LeadID: ada}} {
		again.Type, again.ClientID = "form_submit", "3"
		require.True(t, ingest(t, s, again)[0].Duplicate)
	}
}

// Housekeeping that finds the table in use gives up its place in the queue, so that those who write behind it go on, and
// comes again.
func TestHousekeepingLetsOthersPass(t *testing.T) {
	s := house(t)
	ada := newLead(t, s, "ada@example.com")
	require.NoError(t, s.KeepEvents(t.Context()))
	ctx := t.Context()
	exec(t, s, "CREATE TABLE events_old PARTITION OF events FOR VALUES FROM ('2001-01-01') TO ('2001-02-01')")
	reader, err := s.pool.Begin(ctx)
	require.NoError(t, err)
	_, err = reader.Exec(ctx, "SELECT count(*) FROM events") // a report that takes its time
	require.NoError(t, err)
	kept := make(chan error, 1)
	go func() { kept <- s.KeepEvents(ctx) }()
	waiting := func() int {
		return one[int](t, s, "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE NOT granted AND mode = 'AccessExclusiveLock' AND relname LIKE 'events%'")
	}
	require.Eventually(t, func() bool { return waiting() > 0 }, 10*time.Second, time.Millisecond, "it waits for the reader")
	for range 20 { // each would wait for the reader as well, were it not for the patience of the keeper
		ingest(t, s, record.Event{LeadID: ada, Type: "page_view"})
	}
	require.Contains(t, partitions(t, s), "events_old")
	require.NoError(t, reader.Rollback(ctx))
	require.NoError(t, <-kept)
	require.NotContains(t, partitions(t, s), "events_old")
}
