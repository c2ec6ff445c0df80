package store

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/sequence"
)

const sqlInside = `SELECT l.sequence_version AS version, coalesce(l.sequence_step, '') AS step, count(*) AS leads
FROM leads l WHERE l.sequence = @name AND l.sequence_version <> @version GROUP BY 1, 2 ORDER BY 1, 2`

const sqlVersions = `SELECT version, document FROM sequences WHERE name = @name`

// Inside counts who is in other versions of a sequence, and tells where each would go on in this one; record.ErrNotFound.
func (s *Store) Inside(ctx context.Context, name string, version int) (record.Inside, error) {
	out := record.Inside{Name: name, Version: version, Steps: []record.InsideStep{}}
	err := s.tx(ctx, "count who is inside", func(tx pgx.Tx) error {
		documents, err := versions(ctx, tx, name)
		if err != nil {
			return err
		}
		newer, ok := documents[version]
		if !ok {
			return record.ErrNotFound
		}
		rows, _ := tx.Query(ctx, sqlInside, pgx.NamedArgs{"name": name, "version": version})
		out.Leads, out.Steps = 0, []record.InsideStep{}
		var at record.InsideStep
		_, err = pgx.ForEachRow(rows, []any{&at.Version, &at.Step, &at.Leads}, func() error {
			at.MovesTo = successor(documents[at.Version], at.Step, newer)
			out.Leads, out.Steps = out.Leads+at.Leads, append(out.Steps, at)
			return nil
		})
		return err
	})
	return out, err
}

// successor is where a lead goes on; who has not entered yet begins.
func successor(older sequence.Sequence, step string, newer sequence.Sequence) string {
	if step == "" && len(newer.Steps) > 0 {
		return newer.Steps[0].ID
	}
	return older.Successor(step, newer)
}

func versions(ctx context.Context, q querier, name string) (map[int]sequence.Sequence, error) {
	out := map[int]sequence.Sequence{}
	rows, _ := q.Query(ctx, sqlVersions, pgx.NamedArgs{"name": name})
	var version int
	var raw json.RawMessage
	_, err := pgx.ForEachRow(rows, []any{&version, &raw}, func() error {
		doc, err := documentOf(raw)
		out[version] = doc
		return err
	})
	return out, err
}

func documentOf(raw json.RawMessage) (doc sequence.Sequence, err error) {
	if err := json.Unmarshal(raw, &doc); err != nil {
		return doc, &Error{Op: "read sequence", Code: "the stored document is no sequence"}
	}
	return doc, nil
}

const sqlPublication = `INSERT INTO sequence_publications (name, version, inside) SELECT name, version, @inside FROM sequences WHERE name = @name AND version = @version`
