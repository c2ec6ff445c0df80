package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const sqlSequence = `SELECT ` + sequenceColumns + ` FROM sequences WHERE name = @name AND version = @version`

// Sequence reads one version; record.ErrNotFound.
func (s *Store) Sequence(ctx context.Context, name string, version int) (record.Sequence, error) {
	rows, _ := s.pool.Query(ctx, sqlSequence, pgx.NamedArgs{"name": name, "version": version})
	q, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Sequence])
	return q, masked("read sequence", err)
}

const sqlRetireOneSequence = `UPDATE sequences SET state = 'retired' WHERE name = @name AND version = @version
RETURNING ` + sequenceColumns

// RetireSequence lets nobody enter a version any more; who is inside goes on. Without the default sequence new leads get no
// mail until another is published as the default. The same again is no error; record.ErrNotFound.
func (s *Store) RetireSequence(ctx context.Context, name string, version int) (record.Sequence, error) {
	return s.sequence(ctx, "retire sequence", func(tx pgx.Tx) (pgx.Rows, error) {
		return tx.Query(ctx, sqlRetireOneSequence, pgx.NamedArgs{"name": name, "version": version})
	})
}
