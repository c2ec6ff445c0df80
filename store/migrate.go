package store

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // goose speaks database/sql
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/leadflow-dev/leadflow/migrations"
)

// Migrate brings the schema of the database to what this binary needs. Any number of processes may do so at once: one
// works, the others wait. It returns the version the schema has then. A schema that a newer release has migrated is
// refused: nobody knows here what it means.
func Migrate(ctx context.Context, url string) (version int64, err error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return 0, fmt.Errorf("migrate: the URL of the database cannot be used; check DATABASE_URL")
	}
	defer func() { _ = db.Close() }()
	if err := db.PingContext(ctx); err != nil {
		return 0, masked("migrate", err)
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return 0, fmt.Errorf("migrate: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, migrations.FS, goose.WithSessionLocker(locker))
	if err != nil {
		return 0, fmt.Errorf("migrate: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return 0, fmt.Errorf("migrate: %w", err) // of the schema, not of rows: no person is in it
	}
	have, err := p.GetDBVersion(ctx)
	if err != nil {
		return 0, fmt.Errorf("migrate: %w", err)
	}
	if want := WantedSchema(); have > want { // Up has found nothing to do
		return have, fmt.Errorf("migrate: the schema is at version %d, a newer release's; this binary knows %d: run the newer release, "+
			"or go back to the backup that was made before the upgrade", have, want)
	}
	return have, nil
}

// WantedSchema is the number of the newest migration in this binary.
var WantedSchema = sync.OnceValue(func() int64 {
	var newest int64
	names, _ := fs.Glob(migrations.FS, "*.sql")
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		if n, err := strconv.ParseInt(number, 10, 64); err == nil {
			newest = max(newest, n)
		}
	}
	return newest
})

const sqlSchemaVersion = `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`

// SchemaVersion is the version the database has; 0 before the first migration.
func (s *Store) SchemaVersion(ctx context.Context) (int64, error) {
	rows, _ := s.pool.Query(ctx, sqlSchemaVersion)
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64])
	err = masked("schema version", err)
	if isUndefinedTable(err) {
		return 0, nil
	}
	return v, err
}

// Ready tells whether Postgres answers and its schema is the one this binary needs, or a newer one: while a deploy is
// under way, old binaries run on the new schema.
func (s *Store) Ready(ctx context.Context) error {
	have, err := s.SchemaVersion(ctx)
	if err != nil {
		return err
	}
	if want := WantedSchema(); have < want {
		return fmt.Errorf("the schema is at version %d, this binary needs %d: run `leadflow migrate`", have, want)
	}
	return nil
}

func isUndefinedTable(err error) bool {
	e, ok := err.(*Error)
	return ok && e.Code == "42P01"
}
