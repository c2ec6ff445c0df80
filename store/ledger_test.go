package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// manyQueued lays down so many mails that are due, after what is there already.
func manyQueued(t *testing.T, s *Store, n int) {
	t.Helper()
	exec(t, s, `INSERT INTO deliveries (id, key, lane, channel, kind, created_at, not_before)
		SELECT gen_random_uuid(), 'many/' || n, 'bulk', 'mail', 'nurture', now(), now() - interval '1 minute' + n * interval '1 millisecond' FROM generate_series(1, $1) AS n`, n)
	exec(t, s, "ANALYZE deliveries")
}

// An index that names what a mail's way changes is written for each mail, and all the others with it.
func TestNoIndexOfTheLedgerNamesWhatAMailsWayChanges(t *testing.T) {
	s := garden(t)
	rows, _ := s.pool.Query(t.Context(), `SELECT DISTINCT c.relname || '.' || a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
		JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.refobjid = i.indrelid
		JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = d.refobjsubid
		WHERE i.indrelid = 'deliveries'::regclass AND NOT a.attname = ANY ($1) ORDER BY 1`,
		[]string{"id", "key", "lane", "kind", "lead_id", "not_before", "created_at", "open", "unsent", "webhook_id", "rep_id", "due_at", "gathering"})
	wrong, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Empty(t, wrong)
}

// What a mail goes through before it has ended is written within its page, with no index: both of the times before the last.
func TestOnlyTheEndOfAMailIsWrittenWithItsIndexes(t *testing.T) {
	s := garden(t)
	_, id := queued(t, s, "ada@example.com")
	inPage := func(change string) bool {
		const inPages = "SELECT pg_stat_get_xact_tuples_hot_updated('deliveries'::regclass)"
		var before, after int
		require.NoError(t, pgx.BeginFunc(t.Context(), s.pool, func(tx pgx.Tx) error {
			if err := tx.QueryRow(t.Context(), inPages).Scan(&before); err != nil {
				return err
			}
			if _, err := tx.Exec(t.Context(), change, id); err != nil {
				return err
			}
			return tx.QueryRow(t.Context(), inPages).Scan(&after)
		}))
		return after == before+1
	}
	require.True(t, inPage("UPDATE deliveries SET state = 'claimed', claimed_until = now() + interval '1 minute', attempts = 1 WHERE id = $1"))
	require.True(t, inPage("UPDATE deliveries SET state = 'sending', sending_at = now(), message = 'x', message_id = 'y' WHERE id = $1"))
	require.False(t, inPage("UPDATE deliveries SET state = 'sent', sent_at = now(), claimed_until = NULL WHERE id = $1"), "it leaves the index of what is due")
}

// A claim reads the first of what is due, however much is.
func TestAClaimGoesByTheIndexOfWhatIsDue(t *testing.T) {
	s := garden(t)
	manyQueued(t, s, 4000)
	conn, err := s.pool.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	for name, sql := range map[string]string{"claim": sqlClaimDeliveries, "park": sqlParkUnknown, "next": sqlNextDelivery} {
		p, err := positionalOf(sql)
		require.NoError(t, err)
		args := p.arguments(pgx.NamedArgs{"lane": record.LaneBulk, "rows": 60, "lease": time.Minute, "steps": []int{}})
		rows, _ := conn.Query(t.Context(), "EXPLAIN "+p.sql, args...)
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		whole := fmt.Sprint(plan)
		require.Contains(t, whole, "deliveries_due", name)
		require.NotContains(t, whole, "Seq Scan on deliveries", name)
		require.NotContains(t, whole, "Sort Key: deliveries", name)
	}
}

// What was cut off is found among those that were claimed, however many wait behind them, and in a lane that is held.
func TestWhatWasCutOffIsFoundHoweverManyWait(t *testing.T) {
	s := garden(t)
	_, id := queued(t, s, "ada@example.com")
	exec(t, s, "UPDATE deliveries SET not_before = now() - interval '1 hour'")
	claim(t, s, record.LaneBulk)
	require.Empty(t, sending(t, s, id))
	manyQueued(t, s, 2000)
	exec(t, s, "UPDATE lanes SET held_at = now() WHERE lane = 'bulk'")
	leaseOver(t, s)
	require.Empty(t, claim(t, s, record.LaneBulk))
	require.Equal(t, "unknown sender_lost", state(t, s, id))

	// What was handed over while they waited lies behind them.
	exec(t, s, "UPDATE deliveries SET state = 'sending', code = '', claimed_until = now() - interval '1 second', not_before = now() WHERE id = $1", id)
	require.Empty(t, claim(t, s, record.LaneBulk))
	require.Equal(t, "sending", state(t, s, id))
	require.NoError(t, s.Sweep(t.Context()))
	require.Equal(t, "unknown sender_lost", state(t, s, id))
}
