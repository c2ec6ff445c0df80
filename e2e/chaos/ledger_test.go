package chaos

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

// What a storm left in Postgres is judged again, without the storm: the database of a run that failed, below its logs, or of one that is
// still going on. LEADFLOW_LEDGER is its URL.
func TestLedgerIsJudgedAgain(t *testing.T) {
	url := os.Getenv("LEADFLOW_LEDGER")
	if url == "" {
		t.Skip("LEADFLOW_LEDGER is the URL of the database to judge")
	}
	pool, err := pgxpool.New(t.Context(), url)
	require.NoError(t, err)
	defer pool.Close()
	wrong, err := Ask(t.Context(), pool)
	require.NoError(t, err)
	require.Empty(t, wrong)
	t.Run("and each of these can fail", func(t *testing.T) { (&House{pool: pool}).plantInLedger(t) })
}
