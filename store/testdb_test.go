package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/migrations"
	"github.com/leadflow-dev/leadflow/postgres/pgtest"
)

var testKey = []byte("a suppression key for tests only")

// newStore gives a test a store over a migrated database of its own.
func newStore(t *testing.T) *Store {
	t.Helper()
	return New(testPool(t), Options{SuppressionKey: testKey})
}

// testPool is a pool over a migrated database of its own.
func testPool(t testing.TB) *pgxpool.Pool {
	t.Helper()
	pool, err := newPool(t.Context(), database(t))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// database makes an empty migrated database and gives its URL.
func database(t testing.TB) string {
	t.Helper()
	return pgtest.New(t, pgtest.Template{Name: "store_" + schemaHash(t), Migrate: func(ctx context.Context, url string) error {
		_, err := Migrate(ctx, url)
		return err
	}})
}

func schemaHash(t testing.TB) string {
	t.Helper()
	h := sha256.New()
	names, err := fs.Glob(migrations.FS, "*.sql")
	require.NoError(t, err)
	for _, name := range names {
		text, err := migrations.FS.ReadFile(name)
		require.NoError(t, err)
		h.Write(text)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}
