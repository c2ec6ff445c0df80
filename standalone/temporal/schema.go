package temporal

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	_ "go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql" // the plugin registers itself
	"go.temporal.io/server/tools/common/schema"
	"go.temporal.io/server/tools/sql"
)

const (
	plugin = "postgres12_pgx"
	// oneProcess is the advisory lock held as long as the server runs.
	oneProcess = 7217002
)

// databases and the embedded schema of each.
var databases = []struct{ name, schema string }{
	{"temporal", "postgresql/v12/temporal"},
	{"temporal_visibility", "postgresql/v12/visibility"},
}

// ErrRunning says that another process runs on the same databases.
var ErrRunning = errors.New("another Temporal server already runs on these databases; it is for one process only")

// grace is how long a predecessor's lock may last: Postgres lets it go only when it sees that the connection is gone.
const grace = 2 * time.Second

// occupy takes the lock that keeps a second process out. It is let go with the connection.
func occupy(ctx context.Context, postgresURL string) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, postgresURL)
	if err != nil {
		return nil, err
	}
	for began := time.Now(); ; {
		var got bool
		if err = conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", oneProcess).Scan(&got); err == nil && got {
			return conn, nil
		}
		if err == nil && time.Since(began) > grace {
			err = ErrRunning
		}
		if err != nil {
			_ = conn.Close(context.WithoutCancel(ctx))
			return nil, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// sqlConfig is a new value at each call: the schema tool changes the one it is given.
func sqlConfig(postgresURL *url.URL, database string) *config.SQL {
	password, _ := postgresURL.User.Password()
	return &config.SQL{
		PluginName: plugin, DatabaseName: database, ConnectAddr: postgresURL.Host, ConnectProtocol: "tcp",
		User: postgresURL.User.Username(), Password: password, MaxConns: 10, MaxIdleConns: 10,
	}
}

// migrate makes both databases and brings their schemas to what this server needs.
func migrate(ctx context.Context, lock *pgx.Conn, postgresURL *url.URL, logger log.Logger) error {
	for _, db := range databases {
		var exists bool
		if err := lock.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", db.name).Scan(&exists); err != nil {
			return err
		}
		if !exists {
			if _, err := lock.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{db.name}.Sanitize()); err != nil {
				return err
			}
		}
		if err := migrateOne(sqlConfig(postgresURL, db.name), db.schema, logger); err != nil {
			return fmt.Errorf("the schema of %s: %w", db.name, err)
		}
	}
	return nil
}

func migrateOne(cfg *config.SQL, name string, logger log.Logger) error {
	conn, err := sql.NewConnection(cfg, logger)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ReadSchemaVersion(); err != nil { // a new database
		if err := schema.NewSetupSchemaTask(conn, &schema.SetupConfig{InitialVersion: "0.0"}, logger).Run(); err != nil {
			return err
		}
	}
	return schema.NewUpdateSchemaTask(conn, &schema.UpdateConfig{DBName: cfg.DatabaseName, SchemaName: name}, logger).Run()
}
