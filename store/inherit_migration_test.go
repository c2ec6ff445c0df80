package store

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/migrations"
	"github.com/leadflow-dev/leadflow/postgres/pgtest"
)

// migrated brings a database to a version.
func migrated(url string, to func(*goose.Provider) error) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	p, err := goose.NewProvider(goose.DialectPostgres, db, migrations.FS)
	if err != nil {
		return err
	}
	return to(p)
}

// Leads that have events of visitors are known since these arrived, also those of before; and who goes back while somebody is
// still to come to something loses nothing.
func TestInheritancesAreMigrated(t *testing.T) {
	url := pgtest.New(t, pgtest.Template{Name: "store_before_inheritance", Migrate: func(ctx context.Context, url string) error {
		return migrated(url, func(p *goose.Provider) error { _, err := p.UpTo(ctx, 12); return err })
	}})
	pool, err := pgxpool.New(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	s := New(pool, Options{SuppressionKey: testKey})
	ada, eve := newID(), newID()
	exec(t, s, "INSERT INTO leads (id, email) VALUES ($1, 'ada@example.com'), ($2, 'eve@example.com')", ada, eve)
	exec(t, s, `INSERT INTO events (id, lead_id, visitor_id, type, occurred_at, received_at) VALUES
		(gen_random_uuid(), $1, 'visitor-0123456789abcdef', 'page_view', now(), now() - interval '9 days'),
		(gen_random_uuid(), $1, 'visitor-0123456789abcdef', 'page_view', now(), now() + interval '1 minute'),
		(gen_random_uuid(), $2, 'another-0123456789abcdef', 'page_view', now(), now() + interval '1 minute')`, ada, eve)
	_, err = Migrate(t.Context(), url)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().AddDate(0, 0, -9), one[time.Time](t, s, "SELECT known_since FROM leads WHERE id = $1", ada), 2*time.Hour)
	require.Nil(t, one[*time.Time](t, s, "SELECT known_since FROM leads WHERE id = $1", eve), "known before it had a visitor")

	exec(t, s, "INSERT INTO visitors (visitor_id, lead_id, heir_id) VALUES ('third-0123456789abcdef', $1, $2)", ada, eve)
	exec(t, s, "INSERT INTO events (id, visitor_id, type, occurred_at) VALUES (gen_random_uuid(), 'third-0123456789abcdef', 'page_view', now())")
	require.NoError(t, migrated(url, func(p *goose.Provider) error { _, err := p.DownTo(t.Context(), 12); return err }))
	require.Equal(t, 2, one[int](t, s, "SELECT count(*) FROM events WHERE lead_id = $1", eve))
	_, err = Migrate(t.Context(), url)
	require.NoError(t, err)
}
