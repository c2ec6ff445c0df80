package store

import (
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// A Postgres that is being stopped, has just crashed, starts again or is full is away for a moment: whoever asked may ask
// again, and is told so (503), not that something is broken.
func TestMasked_aPostgresThatComesBackIsAway(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"57P01", "57P02", "57P03", "53300"} {
		err := masked("x", &pgconn.PgError{Code: code, Detail: "Key (email)=(ada@example.com)"})
		require.ErrorIs(t, err, record.ErrUnavailable, code)
		require.NotContains(t, err.Error(), "ada")
	}
	require.NotErrorIs(t, masked("x", &pgconn.PgError{Code: "22P02"}), record.ErrUnavailable)
}
