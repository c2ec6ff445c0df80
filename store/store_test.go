package store

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
)

func TestMigrateIsRepeatableAndReadySaysSo(t *testing.T) {
	url := database(t)
	version, err := Migrate(t.Context(), url)
	require.NoError(t, err)
	require.Equal(t, WantedSchema(), version)
	s, err := Open(t.Context(), url, Options{SuppressionKey: testKey})
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.Ready(t.Context()))
	_, err = s.pool.Exec(t.Context(), "DELETE FROM goose_db_version WHERE version_id = $1", version)
	require.NoError(t, err)
	require.ErrorContains(t, s.Ready(t.Context()), "leadflow migrate")
	_, err = s.pool.Exec(t.Context(), "DROP TABLE goose_db_version")
	require.NoError(t, err)
	require.ErrorContains(t, s.Ready(t.Context()), "version 0")
}

// Who starts an older release on a schema of a newer one by mistake hears so before anything is done to it. Processes
// that serve and work go on beside it: that is a deploy under way.
func TestMigrateRefusesASchemaOfANewerRelease(t *testing.T) {
	url := database(t)
	s, err := Open(t.Context(), url, Options{SuppressionKey: testKey})
	require.NoError(t, err)
	defer s.Close()
	exec(t, s, "INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, true)", WantedSchema()+1)
	version, err := Migrate(t.Context(), url)
	require.Equal(t, WantedSchema()+1, version)
	require.ErrorContains(t, err, fmt.Sprintf("the schema is at version %d, a newer release's; this binary knows %d", WantedSchema()+1, WantedSchema()))
	require.ErrorContains(t, err, "backup")
	require.NoError(t, s.Ready(t.Context()))
}

func TestErrorsCarryNoValues(t *testing.T) {
	s := newStore(t)
	insert := func() error {
		return s.tx(t.Context(), "test", func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO leads (id, email) VALUES ($1, 'ada@example.com')", newID())
			return err
		})
	}
	require.NoError(t, insert())
	err := insert()
	require.ErrorIs(t, err, record.ErrConflict)
	require.NotContains(t, err.Error(), "ada")
	require.Contains(t, err.Error(), "leads_email_unique")
	var pg *pgconn.PgError
	require.False(t, errors.As(err, &pg), "the error that quotes the row stays inside")
}

func TestAnUnreachableDatabaseIsSaidWithoutItsPassword(t *testing.T) {
	for _, url := range []string{"postgres://me:secret@127.0.0.1:1/x", "postgres://me:secret@ bad"} {
		_, err := Open(t.Context(), url, Options{SuppressionKey: testKey})
		require.ErrorContains(t, err, "DATABASE_URL")
		require.NotContains(t, err.Error(), "secret")
		_, err = Migrate(t.Context(), url)
		require.ErrorContains(t, err, "DATABASE_URL")
		require.NotContains(t, err.Error(), "secret")
	}
	require.Panics(t, func() { New(nil, Options{SuppressionKey: []byte("short")}) })
}

func TestTransactionRunsAgainAfterALostRaceAndNotOtherwise(t *testing.T) {
	s := newStore(t)
	tries := 0
	require.NoError(t, s.tx(t.Context(), "test", func(pgx.Tx) error {
		if tries++; tries < 3 {
			return errAgain
		}
		return nil
	}))
	require.Equal(t, 3, tries)
	tries = 0
	require.Error(t, s.tx(t.Context(), "test", func(pgx.Tx) error { tries++; return errors.New("no") }))
	require.Equal(t, 1, tries)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.tx(ctx, "test", func(pgx.Tx) error { return nil }), context.Canceled)
}
