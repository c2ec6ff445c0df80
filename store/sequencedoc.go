package store

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/sequence"
)

const sqlSequenceDocument = `SELECT document FROM sequences WHERE name = @name AND version = @version`

type sequenceVersion struct {
	name    string
	version int
}

// script gives a version of a sequence made ready; record.ErrNotFound. The document of a version never changes, so it is read
// once.
func (s *Store) script(ctx context.Context, q querier, name string, version int) (*sequence.Sequence, error) {
	key := sequenceVersion{name, version}
	if known, ok := s.scripts.Load(key); ok {
		return known.(*sequence.Sequence), nil
	}
	rows, _ := q.Query(ctx, sqlSequenceDocument, pgx.NamedArgs{"name": name, "version": version})
	raw, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[json.RawMessage])
	if err != nil {
		return nil, masked("read sequence", err)
	}
	doc := &sequence.Sequence{}
	if err := json.Unmarshal(raw, doc); err != nil {
		return nil, &Error{Op: "read sequence", Code: "the stored document is no sequence"}
	}
	s.scripts.Store(key, doc)
	return doc, nil
}
