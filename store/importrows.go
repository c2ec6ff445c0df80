package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const sqlHoldUpload = `UPDATE imports SET claimed_until = now() + @lease::interval WHERE id = @id AND state = 'queued'`

// AddImportRows adds rows to an import that was not started yet, all or none of them, and holds the upload a while
// longer. record.ErrNotFound when it is not waiting for rows any more.
func (s *Store) AddImportRows(ctx context.Context, importID string, rows []record.ImportRow) error {
	return s.tx(ctx, "add import rows", func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sqlHoldUpload, pgx.NamedArgs{"id": importID, "lease": uploadLease})
		if err != nil || tag.RowsAffected() == 0 {
			return orNotFound(err)
		}
		columns := []string{"import_id", "row", "cells", "keys", "state", "unread", "column_name", "error"}
		_, err = tx.CopyFrom(ctx, pgx.Identifier{"import_rows"}, columns, pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
			r, state := rows[i], "pending"
			if r.State == "failed" {
				state = r.State
			}
			return []any{importID, r.Row, r.Cells, append([]string{}, r.Keys...), state, r.State == "failed", r.Column, r.Error}, nil
		}))
		return err
	})
}

const importRowColumns = `row, cells, keys, state, coalesce(lead_id::text, '') AS lead_id, column_name AS "column", error, repeated, false AS decided`

const sqlPendingImportRows = `SELECT ` + importRowColumns + ` FROM import_rows
WHERE import_id = @id AND state = 'pending' ORDER BY row LIMIT @rows`

// PendingImportRows reads what is left to do, in the order of the file.
func (s *Store) PendingImportRows(ctx context.Context, importID string, limit int) ([]record.ImportRow, error) {
	rows, _ := s.pool.Query(ctx, sqlPendingImportRows, pgx.NamedArgs{"id": importID, "rows": limit})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.ImportRow])
	return out, masked("read import rows", err)
}

const sqlRepeatedKeys = `SELECT key FROM import_rows, unnest(keys) AS key WHERE import_id = @id GROUP BY key HAVING count(*) > 1`

// RepeatedImportKeys are the keys that more than one row of a file has: whoever has none of them is met once.
func (s *Store) RepeatedImportKeys(ctx context.Context, importID string) ([]string, error) {
	rows, _ := s.pool.Query(ctx, sqlRepeatedKeys, pgx.NamedArgs{"id": importID})
	keys, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return keys, masked("read repeated keys", err)
}

const sqlLockImport = `SELECT id FROM imports WHERE id = @id AND claim = @claim AND state = 'running' FOR UPDATE`

// Rows that captures decided are only counted; the others are decided here. What a dry run has seen it needs again when
// it begins anew.
const sqlFinishImportRows = `WITH done AS (
	UPDATE import_rows r SET state = d.state, lead_id = nullif(d.lead_id, '')::uuid, column_name = d.column_name, error = d.error,
		repeated = d.repeated
	FROM unnest(@numbers::int[], @states::text[], @leads::text[], @columns::text[], @errors::text[], @repeated::boolean[], @decided::boolean[])
		AS d (row, state, lead_id, column_name, error, repeated, decided)
	WHERE r.import_id = @id AND r.row = d.row AND r.state = 'pending' AND NOT d.decided
	RETURNING r.state, r.repeated
), counted AS (
	SELECT state, repeated FROM done
	UNION ALL SELECT * FROM unnest(@decided_states::text[], @decided_repeated::boolean[])
)
UPDATE imports SET
	created = created + (SELECT count(*) FROM counted WHERE state = 'created'),
	updated = updated + (SELECT count(*) FROM counted WHERE state = 'updated'),
	unchanged = unchanged + (SELECT count(*) FROM counted WHERE state IN ('unchanged', 'skipped')),
	skipped = skipped + (SELECT count(*) FROM counted WHERE state = 'skipped'),
	failed = failed + (SELECT count(*) FROM counted WHERE state = 'failed'),
	repeated = repeated + (SELECT count(*) FROM counted WHERE repeated)
WHERE id = @id`

// FinishImportRows stores what became of rows and moves the import's counters, both or neither. record.ErrNotFound when
// the claim holds no more or the import was stopped: whoever holds it now counts anew.
func (s *Store) FinishImportRows(ctx context.Context, imp record.Import, rows []record.ImportRow) error {
	n := len(rows)
	numbers, states, leads := make([]int, n), make([]string, n), make([]string, n)
	columns, errs, repeated, decided := make([]string, n), make([]string, n), make([]bool, n), make([]bool, n)
	decidedStates, decidedRepeated := []string{}, []bool{}
	for i, r := range rows {
		numbers[i], states[i], leads[i], columns[i], errs[i] = r.Row, r.State, r.LeadID, r.Column, r.Error
		repeated[i], decided[i] = r.Repeated, r.Decided
		if r.Decided {
			decidedStates, decidedRepeated = append(decidedStates, r.State), append(decidedRepeated, r.Repeated)
		}
	}
	args := pgx.NamedArgs{
		"id": imp.ID, "claim": imp.Claim, "numbers": numbers, "states": states, "leads": leads, "columns": columns, "errors": errs,
		"repeated": repeated, "decided": decided, "decided_states": decidedStates, "decided_repeated": decidedRepeated,
	}
	return s.tx(ctx, "finish import rows", func(tx pgx.Tx) error {
		if tag, err := tx.Exec(ctx, sqlLockImport, args); err != nil || tag.RowsAffected() == 0 {
			return orNotFound(err)
		}
		_, err := tx.Exec(ctx, sqlFinishImportRows, args)
		return err
	})
}

func orNotFound(err error) error {
	if err == nil {
		return record.ErrNotFound
	}
	return err
}

const sqlFailedImportRows = `SELECT ` + importRowColumns + ` FROM import_rows
WHERE import_id = @id AND state = 'failed' AND row > @after ORDER BY row LIMIT @rows`

// FailedImportRows reads the rows that failed, after a row of the file, with the names of the columns.
func (s *Store) FailedImportRows(ctx context.Context, importID string, after, limit int) (columns []string, failed []record.ImportRow, err error) {
	imp, err := s.Import(ctx, importID)
	if err != nil {
		return nil, nil, err
	}
	rows, _ := s.pool.Query(ctx, sqlFailedImportRows, pgx.NamedArgs{"id": importID, "after": after, "rows": limit})
	failed, err = pgx.CollectRows(rows, pgx.RowToStructByName[record.ImportRow])
	return imp.Columns, failed, masked("read failed import rows", err)
}

// before is what an update changed of a known lead, from what and to what: enough to undo it while it still is so.
type before struct {
	At      time.Time         `json:"at"` // of the transaction: its touch and its consent have it too
	Fields  map[string][2]any `json:"fields,omitempty"`
	Email   string            `json:"email,omitempty"`    // gained
	Outside string            `json:"external,omitempty"` // external id, gained
	Consent *consentBefore    `json:"consent,omitempty"`
}

type consentBefore struct {
	Purpose string `json:"purpose"`
	Was     *bool  `json:"was"` // null: nothing was said
	Granted bool   `json:"granted"`
}

// before is nil where there is nothing to undo but the lead itself.
func (ch *change) before(w world) *before {
	if ch.created || !ch.changed() {
		return nil
	}
	out, was := &before{At: w.now, Fields: map[string][2]any{}}, flatProfile(ch.lead.Profile)
	for _, l := range ch.learned {
		out.Fields[l.Field] = [2]any{was[l.Field], l.Value}
	}
	if ch.email != nil {
		out.Email = *ch.email
	}
	if ch.external != nil {
		out.Outside = *ch.external
	}
	if ch.consent {
		out.Consent = &consentBefore{Purpose: ch.c.Consent.Purpose, Granted: ch.c.Consent.Granted}
		if granted, known := ch.lead.Consent[ch.c.Consent.Purpose]; known {
			out.Consent.Was = &granted
		}
	}
	return out
}
