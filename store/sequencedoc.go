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

// script is a version of a sequence, as it is stored and made ready.
type script struct {
	raw json.RawMessage
	doc *sequence.Sequence
}

// script gives a version of a sequence made ready; record.ErrNotFound.
func (s *Store) script(ctx context.Context, q querier, name string, version int) (*sequence.Sequence, error) {
	kept, err := s.keptScript(ctx, q, name, version)
	return kept.doc, err
}

// keptScript reads a version once: its document never changes.
func (s *Store) keptScript(ctx context.Context, q querier, name string, version int) (script, error) {
	key := sequenceVersion{name, version}
	if known, ok := s.scripts.Load(key); ok {
		return known.(script), nil
	}
	rows, _ := q.Query(ctx, sqlSequenceDocument, pgx.NamedArgs{"name": name, "version": version})
	raw, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[json.RawMessage])
	if err != nil {
		return script{}, masked("read sequence", err)
	}
	doc := &sequence.Sequence{}
	if err := json.Unmarshal(raw, doc); err != nil {
		return script{raw: raw}, &Error{Op: "read sequence", Code: "the stored document is no sequence"}
	}
	made := script{raw, doc}
	s.scripts.Store(key, made)
	return made, nil
}
