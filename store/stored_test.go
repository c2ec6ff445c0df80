package store

import (
	"encoding/json"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/scoring"
	"github.com/leadflow-dev/leadflow/migrations"
)

// alter changes all accumulators as they are stored.
func alter(t *testing.T, s *Store, change func(*scoring.Accumulators)) {
	t.Helper()
	rewrite(t, s, "UPDATE scores SET accumulators = $2 WHERE lead_id = $1", func(acc scoring.Accumulators) any {
		change(&acc)
		return acc.Stored()
	})
}

func rewrite(t *testing.T, s *Store, sql string, form func(scoring.Accumulators) any) {
	t.Helper()
	rows, _ := s.pool.Query(t.Context(), "SELECT lead_id::text, accumulators FROM scores")
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct {
		ID           string
		Accumulators scoring.Accumulators
	}])
	require.NoError(t, err)
	b := &pgx.Batch{}
	for _, one := range all {
		b.Queue(sql, one.ID, form(one.Accumulators))
	}
	require.NoError(t, s.pool.SendBatch(t.Context(), b).Close())
}

// What an earlier release wrote is read where it is, and is in the new form when its score was written.
func TestWhatAnEarlierReleaseStoredIsRead(t *testing.T) {
	s := house(t)
	version(t, s, ruled(5, 20, "300d"))
	crowd(t, s, 4)
	require.NoError(t, s.Rescore(t.Context()))
	rewrite(t, s, "UPDATE scores SET accumulators = NULL, accumulators_json = $2 WHERE lead_id = $1", func(acc scoring.Accumulators) any {
		raw, err := json.Marshal(acc)
		require.NoError(t, err)
		return raw
	})
	const old = "SELECT count(*) FROM scores WHERE accumulators IS NULL AND accumulators_json IS NOT NULL"
	require.Equal(t, 4, one[int](t, s, old))
	require.Equal(t, 4, verified(t, s).Leads)

	ingest(t, s, record.Event{LeadID: member(0), Type: "form_submit"})
	require.Equal(t, 3, one[int](t, s, old), "a score that was folded")
	exec(t, s, "UPDATE scores SET turns_at = 'epoch' WHERE lead_id = $1", member(1))
	turned(t, s)
	require.Equal(t, 2, one[int](t, s, old), "a score that time moved")
	require.Equal(t, 4, verified(t, s).Leads)

	exec(t, s, "DELETE FROM events WHERE lead_id = $1", member(2)) // as retention would
	version(t, s, ruled(7, 20, "300d"))
	require.NoError(t, s.Rescore(t.Context()))
	require.Zero(t, one[int](t, s, old), "scores that moved to another model")
	require.Equal(t, "27", one[string](t, s, "SELECT score::text FROM scores WHERE lead_id = $1", member(2)))
	require.Equal(t, "34", one[string](t, s, "SELECT score::text FROM scores WHERE lead_id = $1", member(0)))
	exec(t, s, "DELETE FROM scores WHERE lead_id = $1", member(2))
	require.Equal(t, 3, verified(t, s).Leads)
}

// Migration 11 there, back and there again: what SQL cannot read is stale then, and comes from its events; what it can read
// stays.
func TestTheWayBackOfTheStoredForm(t *testing.T) {
	s := house(t)
	version(t, s, ruled(5, 20, "300d"))
	crowd(t, s, 3)
	rewrite(t, s, `UPDATE scores SET accumulators = NULL, accumulators_json = $2 WHERE lead_id = $1 AND lead_id = '`+member(2)+`'`, func(acc scoring.Accumulators) any {
		raw, err := json.Marshal(acc)
		require.NoError(t, err)
		return raw
	})
	db := stdlib.OpenDBFromPool(s.pool)
	defer func() { _ = db.Close() }()
	p, err := goose.NewProvider(goose.DialectPostgres, db, migrations.FS)
	require.NoError(t, err)
	_, err = p.DownTo(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, 2, one[int](t, s, `SELECT count(*) FROM scores WHERE accumulators = '{"newest": 1, "cuts": [0]}'::jsonb`))
	_, err = p.Up(t.Context())
	require.NoError(t, err)
	s.pool.Reset() // nobody serves while the schema changes

	exec(t, s, "DELETE FROM events WHERE lead_id = $1 AND type = 'webinar_attendance'", member(2))
	for i := range 3 {
		ingest(t, s, record.Event{LeadID: member(i), Type: "form_submit"})
		require.Equal(t, 30, one[int](t, s, "SELECT score FROM scores WHERE lead_id = $1", member(i)))
	}
	require.Zero(t, one[int](t, s, "SELECT count(*) FROM scores WHERE accumulators IS NULL"))
}
