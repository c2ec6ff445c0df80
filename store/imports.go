package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// importLease is how long a claimed import is left alone by others when nobody extends it.
const importLease = time.Minute

const sqlCreateImport = `INSERT INTO imports (id, mapping, columns, alert, nurture, dry_run)
VALUES (@id, @mapping, @columns, @alert, @nurture, @dry_run)`

// CreateImport begins an import that has no rows yet; nobody claims it before StartImport.
func (s *Store) CreateImport(ctx context.Context, imp record.Import) (string, error) {
	if imp.ID == "" {
		imp.ID = newID()
	}
	_, err := s.pool.Exec(ctx, sqlCreateImport, pgx.NamedArgs{
		"id": imp.ID, "mapping": imp.Mapping, "columns": imp.Columns,
		"alert": imp.Alert, "nurture": imp.Nurture, "dry_run": imp.DryRun,
	})
	return imp.ID, masked("create import", err)
}

// AddImportRows adds rows to an import that was not started yet, all or none of them.
func (s *Store) AddImportRows(ctx context.Context, importID string, rows []record.ImportRow) error {
	_, err := s.pool.CopyFrom(ctx, pgx.Identifier{"import_rows"}, []string{"import_id", "row", "cells", "keys"},
		pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
			return []any{importID, rows[i].Row, rows[i].Cells, append([]string{}, rows[i].Keys...)}, nil
		}))
	return masked("add import rows", err)
}

const sqlStartImport = `UPDATE imports SET rows = @rows, ready = true WHERE id = @id AND state = 'queued'`

// StartImport says that all rows are here: a worker may claim it. record.ErrNotFound when it is not queued.
func (s *Store) StartImport(ctx context.Context, importID string, rows int) error {
	return s.change(ctx, "start import", sqlStartImport, importID, pgx.NamedArgs{"rows": rows})
}

// Pace and end of an import are computed where its clock is: in Postgres.
const importColumns = `id, state, rows, created, updated, unchanged, failed,
	coalesce((created + updated + unchanged + failed) / nullif(extract(epoch FROM coalesce(finished_at, now()) - started_at), 0), 0)::float8 AS rate,
	CASE WHEN state = 'running' AND created + updated + unchanged + failed > 0 THEN
		now() + (now() - started_at) * ((rows - created - updated - unchanged - failed)::float8 / (created + updated + unchanged + failed))
	END AS eta,
	dry_run, error, created_at, finished_at, mapping, columns, alert, nurture`

const sqlClaimImport = `UPDATE imports SET state = 'running', started_at = coalesce(started_at, now()), claimed_until = now() + @lease::interval
WHERE id = (
	SELECT id FROM imports
	WHERE ready AND (state = 'queued' OR (state = 'running' AND claimed_until <= now()))
	ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING ` + importColumns

// ClaimImport takes the oldest import that waits, or one whose lease ran out: its worker died, and the rows that are
// still pending are what is left to do. false: there is none.
func (s *Store) ClaimImport(ctx context.Context) (record.Import, bool, error) {
	rows, _ := s.pool.Query(ctx, sqlClaimImport, pgx.NamedArgs{"lease": importLease})
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.Import])
	if err != nil || len(found) == 0 {
		return record.Import{}, false, masked("claim import", err)
	}
	return found[0], true, nil
}

const sqlExtendImport = `UPDATE imports SET claimed_until = now() + @lease::interval WHERE id = @id AND state = 'running'`

// ExtendImport keeps a claimed import from being claimed by another worker; record.ErrNotFound when it runs no more.
func (s *Store) ExtendImport(ctx context.Context, importID string) error {
	return s.change(ctx, "extend import", sqlExtendImport, importID, pgx.NamedArgs{"lease": importLease})
}

const importRowColumns = `row, cells, keys, state, coalesce(lead_id::text, '') AS lead_id, column_name AS "column", error`

const sqlPendingImportRows = `SELECT ` + importRowColumns + ` FROM import_rows
WHERE import_id = @id AND state = 'pending' ORDER BY row LIMIT @rows`

// PendingImportRows reads what is left to do, in the order of the file.
func (s *Store) PendingImportRows(ctx context.Context, importID string, limit int) ([]record.ImportRow, error) {
	rows, _ := s.pool.Query(ctx, sqlPendingImportRows, pgx.NamedArgs{"id": importID, "rows": limit})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.ImportRow])
	return out, masked("read import rows", err)
}

const sqlLockImport = `SELECT id FROM imports WHERE id = @id FOR UPDATE`

// A row is decided once, so that two workers of one import (a lease ran out) cannot count it twice. The cells of what
// became a lead are people's data that nobody needs twice.
const sqlFinishImportRows = `WITH done AS (
	UPDATE import_rows r SET state = d.state, lead_id = nullif(d.lead_id, '')::uuid, column_name = d.column_name, error = d.error,
		cells = CASE WHEN d.state = 'failed' THEN r.cells ELSE '{}' END,
		keys = CASE WHEN d.state = 'failed' THEN r.keys ELSE '{}' END
	FROM unnest(@numbers::int[], @states::text[], @leads::text[], @columns::text[], @errors::text[])
		AS d (row, state, lead_id, column_name, error)
	WHERE r.import_id = @id AND r.row = d.row AND r.state = 'pending'
	RETURNING r.state
)
UPDATE imports SET
	created = created + (SELECT count(*) FROM done WHERE state = 'created'),
	updated = updated + (SELECT count(*) FROM done WHERE state = 'updated'),
	unchanged = unchanged + (SELECT count(*) FROM done WHERE state = 'unchanged'),
	failed = failed + (SELECT count(*) FROM done WHERE state = 'failed')
WHERE id = @id`

// FinishImportRows stores what became of the rows and moves the import's counters by those that were pending until
// now: both or neither.
func (s *Store) FinishImportRows(ctx context.Context, importID string, rows []record.ImportRow) error {
	n := len(rows)
	numbers, states, leads := make([]int, n), make([]string, n), make([]string, n)
	columns, errs := make([]string, n), make([]string, n)
	for i, r := range rows {
		numbers[i], states[i], leads[i], columns[i], errs[i] = r.Row, r.State, r.LeadID, r.Column, r.Error
	}
	args := pgx.NamedArgs{
		"id": importID, "numbers": numbers, "states": states, "leads": leads, "columns": columns, "errors": errs,
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

const sqlFinishImport = `UPDATE imports SET state = CASE WHEN @failure::text = '' THEN 'done' ELSE 'failed' END, error = @failure,
	finished_at = now(), claimed_until = NULL
WHERE id = @id AND state IN ('queued', 'running')`

// FinishImport ends an import: done, or failed with a reason that is fit for everybody's eyes. The same again is no error.
func (s *Store) FinishImport(ctx context.Context, importID string, failure string) error {
	_, err := s.pool.Exec(ctx, sqlFinishImport, pgx.NamedArgs{"id": importID, "failure": failure})
	return masked("finish import", err)
}

const sqlImport = `SELECT ` + importColumns + ` FROM imports WHERE id = @id`

// Import reads one; record.ErrNotFound when there is none.
func (s *Store) Import(ctx context.Context, importID string) (record.Import, error) {
	if !isID(importID) {
		return record.Import{}, record.ErrNotFound
	}
	rows, _ := s.pool.Query(ctx, sqlImport, pgx.NamedArgs{"id": importID})
	imp, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Import])
	return imp, masked("read import", err)
}

const sqlImports = `SELECT ` + importColumns + ` FROM imports WHERE id < @after ORDER BY id DESC LIMIT @rows`

// ListImports lists all imports, newest first.
func (s *Store) ListImports(ctx context.Context, cursor string, limit int) (record.Page[record.Import], error) {
	return list(ctx, s, "list imports", sqlImports, cursor, limit, func(i record.Import) string { return i.ID })
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
