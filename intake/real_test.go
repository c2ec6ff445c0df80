package intake_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/document"
	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/intake"
	"github.com/leadflow-dev/leadflow/migrations"
	"github.com/leadflow-dev/leadflow/postgres/pgtest"
	"github.com/leadflow-dev/leadflow/store"
)

// realStore is a store on a database of its own, with a model published.
func realStore(t *testing.T, model []byte) (*store.Store, *pgxpool.Pool) {
	t.Helper()
	url := pgtest.New(t, pgtest.Template{Name: "intake_" + schemaHash(t), Migrate: func(ctx context.Context, url string) error {
		_, err := store.Migrate(ctx, url)
		return err
	}})
	pool, err := pgxpool.New(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	st := store.New(pool, store.Options{SuppressionKey: []byte("a suppression key for tests only")})
	m, err := document.ParseModel(model)
	require.NoError(t, err)
	raw, err := json.Marshal(m)
	require.NoError(t, err)
	made, err := st.CreateModel(t.Context(), record.Model{Source: string(model), Document: raw})
	require.NoError(t, err)
	_, err = st.PublishModel(t.Context(), made.Version)
	require.NoError(t, err)
	return st, pool
}

func schemaHash(t *testing.T) string {
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

func read(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(name)
	require.NoError(t, err)
	return raw
}

// counts are the figures of an import.
type counts struct {
	State                               string
	Rows                                int
	Created, Updated, Unchanged, Failed int
}

func countsOf(i record.Import) counts {
	return counts{i.State, i.Rows, i.Created, i.Updated, i.Unchanged, i.Failed}
}

// importFile stores a file and carries its import out.
func importFile(t *testing.T, s *intake.Service, st *store.Store, file string, mapping []byte, opts intake.ImportOptions) counts {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	imp, err := s.StartImport(t.Context(), f, mapping, opts, intake.By{Via: "import"})
	require.NoError(t, err)
	began := time.Now()
	worked, err := intake.NewRunner(s, intake.RunnerConfig{}).RunOne(t.Context())
	require.NoError(t, err)
	require.True(t, worked)
	done, err := st.Import(t.Context(), imp.ID)
	require.NoError(t, err)
	t.Logf("%d rows in %s", done.Rows, time.Since(began).Round(time.Millisecond))
	return countsOf(done)
}
