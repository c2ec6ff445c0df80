package store

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/domain/sequence"
)

// Who has left the stage has left every sequence.
const sqlInside = `SELECT r.version, r.step, count(*)::int AS leads FROM sequence_runs r JOIN leads l ON l.id = r.lead_id AND l.cycle = r.cycle AND l.stage = 'nurturing'
WHERE r.sequence = @name AND r.version <> @version AND r.left_at IS NULL GROUP BY 1, 2 ORDER BY 1, 2`

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
			at.MovesTo = documents[at.Version].Successor(at.Step, newer)
			out.Leads, out.Steps = out.Leads+at.Leads, append(out.Steps, at)
			return nil
		})
		return err
	})
	return out, err
}

func versions(ctx context.Context, q querier, name string) (map[int]sequence.Sequence, error) {
	out := map[int]sequence.Sequence{}
	rows, _ := q.Query(ctx, sqlVersions, pgx.NamedArgs{"name": name})
	var version int
	var raw json.RawMessage
	_, err := pgx.ForEachRow(rows, []any{&version, &raw}, func() error {
		var doc sequence.Sequence
		if err := json.Unmarshal(raw, &doc); err != nil {
			return &Error{Op: "read sequence", Code: "the stored document is no sequence"}
		}
		out[version] = doc
		return nil
	})
	return out, err
}

const sqlPublication = `INSERT INTO sequence_publications (name, version, inside) SELECT name, version, @inside FROM sequences WHERE name = @name AND version = @version`
