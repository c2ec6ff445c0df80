package temporal

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/postgres"
)

// The server's tool lays a schema in hundreds of steps and cannot go on from every one of them. So nothing that is half there
// ever has the name of a database: killed at any moment, the next start begins it anew.
func TestMigrate_showsOnlyWholeDatabases(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	dir, remove, err := postgres.Ephemeral("leadflow-schema-")
	require.NoError(t, err)
	t.Cleanup(remove)
	pg, err := postgres.Start(ctx, postgres.Options{Dir: dir + "/data", Settings: map[string]string{"fsync": "off"}})
	if errors.Is(err, postgres.ErrNoBinaries) {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { _ = pg.Stop(context.Background()) })
	u, err := url.Parse(pg.URL("postgres"))
	require.NoError(t, err)
	lock, err := pgx.Connect(ctx, u.String())
	require.NoError(t, err)
	defer lock.Close(ctx)
	_, err = lock.Exec(ctx, "CREATE DATABASE temporal_making") // what a kill left
	require.NoError(t, err)

	watching, stop := context.WithCancel(ctx)
	seen := make(chan map[string]bool)
	go func() { seen <- versionsSeen(watching, pg) }()
	require.NoError(t, migrate(ctx, lock, u, logTo(nil)))
	stop()
	versions := <-seen
	versions[version(ctx, pg)] = true
	require.Len(t, versions, 1, "a database was seen in the making: %v", versions)
	require.NotContains(t, versions, "")
	require.NoError(t, migrate(ctx, lock, u, logTo(nil)), "again changes nothing")
	var left int
	require.NoError(t, lock.QueryRow(ctx, "SELECT count(*) FROM pg_database WHERE datname LIKE '%making'").Scan(&left))
	require.Zero(t, left)
}

// versionsSeen are the versions of the schema under which the database showed itself.
func versionsSeen(ctx context.Context, pg *postgres.Server) map[string]bool {
	seen := map[string]bool{}
	for ctx.Err() == nil {
		conn, err := pgx.Connect(ctx, pg.URL("temporal"))
		if err != nil {
			continue // not there yet
		}
		_ = conn.Close(context.WithoutCancel(ctx))
		if v := version(ctx, pg); ctx.Err() == nil {
			seen[v] = true
		}
	}
	return seen
}

// version of the schema of temporal; empty where it cannot be read.
func version(ctx context.Context, pg *postgres.Server) (v string) {
	conn, err := pgx.Connect(ctx, pg.URL("temporal"))
	if err != nil {
		return ""
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_ = conn.QueryRow(ctx, "SELECT curr_version FROM schema_version WHERE db_name = 'temporal'").Scan(&v)
	return v
}
