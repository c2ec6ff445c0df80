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

// Killed while it laid a schema, it starts from what it finds: nothing that is half there has the name of a database.
func TestMigrate_goesOnAfterAKill(t *testing.T) {
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
	for after := 20 * time.Millisecond; after < time.Minute; after += 20 * time.Millisecond { // each time a little further
		cut := time.AfterFunc(after, func() { cutOff(ctx, u.String()) })
		err := migrate(ctx, lock, u, logTo(nil))
		cut.Stop()
		if err == nil {
			break
		}
	}
	require.NoError(t, migrate(ctx, lock, u, logTo(nil)))
	require.NoError(t, migrate(ctx, lock, u, logTo(nil)), "again changes nothing")
	var left int
	require.NoError(t, lock.QueryRow(ctx, "SELECT count(*) FROM pg_database WHERE datname LIKE '%making'").Scan(&left))
	require.Zero(t, left)
}

// cutOff loses every connection to the databases that are made, as after a kill.
func cutOff(ctx context.Context, postgresURL string) {
	conn, err := pgx.Connect(ctx, postgresURL)
	if err != nil {
		return
	}
	defer conn.Close(ctx)
	_, _ = conn.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'temporal%'")
}
