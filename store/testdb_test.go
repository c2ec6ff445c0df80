package store

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

var testKey = []byte("a suppression key for tests only")

// newStore gives a test a store over a migrated database of its own.
func newStore(t *testing.T) *Store {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), database(t))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return New(pool, Options{SuppressionKey: testKey})
}

var template = sync.OnceValues(func() (string, error) {
	admin := os.Getenv("STORE_TEST_ADMIN_URL")
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	name := fmt.Sprintf("template_%d", os.Getpid())
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	_, err = Migrate(ctx, strings.Replace(admin, "/postgres?", "/"+name+"?", 1))
	return name, err
})

// database makes an empty migrated database and gives its URL.
func database(t *testing.T) string {
	t.Helper()
	admin := os.Getenv("STORE_TEST_ADMIN_URL")
	if admin == "" {
		t.Skip("STORE_TEST_ADMIN_URL is not set")
	}
	from, err := template()
	require.NoError(t, err)
	conn, err := pgx.Connect(t.Context(), admin)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	name := "t_" + strings.ReplaceAll(newID(), "-", "")
	_, err = conn.Exec(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+from)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx := context.Background()
		if conn, err := pgx.Connect(ctx, admin); err == nil {
			_, _ = conn.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
			_ = conn.Close(ctx)
		}
	})
	return strings.Replace(admin, "/postgres?", "/"+name+"?", 1)
}
