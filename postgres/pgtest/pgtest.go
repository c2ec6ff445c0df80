// Package pgtest gives every test a database of its own, cloned from a template that is migrated once.
//
// The server is the one LEADFLOW_TEST_DATABASE_URL names (make test starts one for all packages), else a private one
// that starts with the first test of the process and ends with it. It is for tests only: it does not sync to disk.
package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// EnvURL names a server for tests.
const EnvURL = "LEADFLOW_TEST_DATABASE_URL"

// Template is how a database begins.
type Template struct {
	Name    string // changes with what Migrate does, such as a hash of the migrations
	Migrate func(ctx context.Context, databaseURL string) error
}

// New makes a database for the test and drops it afterwards. It returns the database's URL.
func New(t testing.TB, tpl Template) string {
	t.Helper()
	ctx := context.Background()
	server, err := start()
	if err != nil {
		t.Fatalf("a Postgres for tests: %v", err)
	}
	if err := once(ctx, server, tpl); err != nil {
		t.Fatalf("the template %s: %v", tpl.Name, err)
	}
	name := "t_" + strings.ToLower(rand.Text())
	// Files are copied: of a database that is mostly catalogue, the other strategy writes every page to the log as well.
	if err := exec(ctx, server, "CREATE DATABASE "+name+" TEMPLATE "+quoted(tpl.Name)+" STRATEGY FILE_COPY"); err != nil {
		t.Fatalf("clone the template: %v", err)
	}
	t.Cleanup(func() {
		if err := exec(context.Background(), server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Logf("the test's database stays: %v", err)
		}
	})
	return with(server, name)
}

// start finds or starts the server, once a process.
var start = sync.OnceValues(func() (string, error) {
	if u := os.Getenv(EnvURL); u != "" {
		return u, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	u, _, err := Serve(ctx, "leadflow-pgtest-") // it ends with this process
	return u, err
})

// made remembers the templates this process has seen.
var made sync.Map

func once(ctx context.Context, server string, tpl Template) error {
	ensured, _ := made.LoadOrStore(tpl.Name, sync.OnceValue(func() error { return ensure(ctx, server, tpl) }))
	return ensured.(func() error)()
}

// longestName is what Postgres keeps of a name, less what is added to it here.
const longestName = 63 - len("_making")

// lock keeps several processes from making one template at once.
const lock = 7217001

func ensure(ctx context.Context, server string, tpl Template) error {
	if tpl.Name == "" || len(tpl.Name) > longestName {
		return fmt.Errorf("the name of a template has 1 to %d bytes", longestName)
	}
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", lock); err != nil {
		return err
	}
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", tpl.Name).Scan(&exists); err != nil || exists {
		return err
	}
	making := tpl.Name + "_making" // what an interrupted migration left has this name, and is made anew
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + quoted(making) + " WITH (FORCE)", "CREATE DATABASE " + quoted(making)} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	if err := tpl.Migrate(ctx, with(server, making)); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "ALTER DATABASE "+quoted(making)+" RENAME TO "+quoted(tpl.Name))
	return err
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

func exec(ctx context.Context, server, sql string) error {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}

func with(server, database string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server
	}
	u.Path = "/" + database
	return u.String()
}
