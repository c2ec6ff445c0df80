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
		err := lock.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", db.name).Scan(&exists)
		switch {
		case err != nil:
			return err
		case exists:
			err = migrateOne(sqlConfig(postgresURL, db.name), db.schema, logger)
		default:
			err = build(ctx, lock, postgresURL, db.name, db.schema, logger)
		}
		if err != nil {
			return fmt.Errorf("the schema of %s: %w", db.name, err)
		}
	}
	return nil
}

// build makes a database under another name, and gives it its own once it is whole. The server's tool lays a schema in
// hundreds of steps and cannot go on where it was killed between two of them: some can be taken only once.
func build(ctx context.Context, lock *pgx.Conn, postgresURL *url.URL, name, schemaName string, logger log.Logger) error {
	making := name + "_making"
	quoted := pgx.Identifier{making}.Sanitize()
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + quoted + " WITH (FORCE)", "CREATE DATABASE " + quoted} {
		if _, err := lock.Exec(ctx, sql); err != nil {
			return err
		}
	}
	if err := migrateOne(sqlConfig(postgresURL, making), schemaName, logger); err != nil {
		return err
	}
	if err := rename(ctx, postgresURL, making, name); err != nil {
		return err
	}
	_, err := lock.Exec(ctx, "ALTER DATABASE "+quoted+" RENAME TO "+pgx.Identifier{name}.Sanitize())
	return err
}

// rename tells the schema its new name: its version is kept under it.
func rename(ctx context.Context, postgresURL *url.URL, database, name string) error {
	u := *postgresURL
	u.Path = "/" + database
	conn, err := pgx.Connect(ctx, u.String())
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, "UPDATE schema_version SET db_name = $1", name)
	return err
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
