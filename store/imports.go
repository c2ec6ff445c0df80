package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// How long an import is left alone by others when nobody extends it: while it is uploaded, and while it is worked on.
const (
	uploadLease = 5 * time.Minute
	importLease = time.Minute
)

const sqlCreateImport = `INSERT INTO imports (id, mapping, columns, alert, nurture, dry_run, encoding, delimiter, file_hash, start_rate, claimed_until)
VALUES (@id, @mapping, @columns, @alert, @nurture, @dry_run, coalesce(nullif(@encoding, ''), 'utf-8'), coalesce(nullif(@delimiter, ''), ','),
	@hash, @start_rate, now() + @lease::interval)`

// Uploads of one file wait for each other here, so that each sees what the one before made. What they lock is theirs alone.
const sqlLockFile = `SELECT pg_advisory_xact_lock(hashtextextended('import ' || encode(@hash, 'hex'), 0))`

// Who wakes up after its lease adds nothing.
const sqlCloseBrokenUploads = `UPDATE imports SET state = 'failed', error = 'upload_interrupted', finished_at = now()
WHERE file_hash = @hash AND state = 'queued' AND NOT ready AND coalesce(claimed_until, '-infinity') <= now()`

const sqlOpenImportOf = `SELECT id FROM imports WHERE file_hash = @hash AND state IN ('queued', 'running') ORDER BY id DESC LIMIT 1`

// CreateImport begins an import that has no rows yet; nobody claims it before StartImport. record.ErrConflict, with the id
// of the other, while an import of the same hash is not over: the same file, asked for in the same way. An upload that
// broke off is over.
func (s *Store) CreateImport(ctx context.Context, imp record.Import) (id string, err error) {
	if imp.ID == "" {
		imp.ID = newID()
	}
	args := pgx.NamedArgs{
		"id": imp.ID, "mapping": imp.Mapping, "columns": imp.Columns,
		"alert": imp.Alert, "nurture": imp.Nurture, "dry_run": imp.DryRun, "encoding": imp.Encoding, "delimiter": imp.Delimiter,
		"hash": imp.Hash, "start_rate": imp.StartRate, "lease": uploadLease,
	}
	id = imp.ID
	err = s.tx(ctx, "create import", func(tx pgx.Tx) error {
		if len(imp.Hash) > 0 {
			open, err := openImportOf(ctx, tx, args)
			if err != nil {
				return err
			}
			if open != "" {
				id = open
				return record.ErrConflict
			}
		}
		_, err := tx.Exec(ctx, sqlCreateImport, args)
		return err
	})
	return id, err
}

// openImportOf locks a file and answers its import that is not over; "" where there is none.
func openImportOf(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs) (id string, err error) {
	for _, sql := range []string{sqlLockFile, sqlCloseBrokenUploads} {
		if _, err := tx.Exec(ctx, sql, args); err != nil {
			return "", err
		}
	}
	err = tx.QueryRow(ctx, sqlOpenImportOf, args).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return id, err
}

const sqlStartImport = `UPDATE imports SET rows = @rows, failed = @failed, ready = true, claimed_until = NULL WHERE id = @id AND state = 'queued'`

// StartImport says that all rows are here, of which some could not be read: a worker may claim it. record.ErrNotFound
// when it is not queued.
func (s *Store) StartImport(ctx context.Context, importID string, rows, failed int) error {
	return s.change(ctx, "start import", sqlStartImport, importID, pgx.NamedArgs{"rows": rows, "failed": failed})
}

// Pace and end of an import are computed where its clock is: in Postgres.
const importColumns = `id, state, rows, created, updated, unchanged, skipped, repeated, failed,
	coalesce((created + updated + unchanged + failed) / nullif(extract(epoch FROM coalesce(finished_at, now()) - started_at), 0), 0)::float8 AS rate,
	CASE WHEN state = 'running' AND created + updated + unchanged + failed > 0 THEN
		now() + (now() - started_at) * ((rows - created - updated - unchanged - failed)::float8 / (created + updated + unchanged + failed))
	END AS eta,
	encoding, delimiter, NULL::jsonb AS sample, ` + importStarts + ` AS starts,
	CASE WHEN undo_at IS NOT NULL THEN jsonb_build_object('removed', removed, 'restored', restored, 'kept', kept) END AS undo,
	dry_run, error, created_at, finished_at, mapping, columns, alert, nurture, file_hash AS hash, start_rate, claim,
	coalesce(undo_by, '{}') AS undo_by`

// An import that is stopped can be claimed no more, so that what it did is what it will have done.
const sqlClaimImport = `UPDATE imports SET state = CASE WHEN state = 'queued' THEN 'running' ELSE state END, claim = claim + 1,
	started_at = coalesce(started_at, now()), claimed_until = now() + @lease::interval
WHERE id = (
	SELECT id FROM imports
	WHERE ready AND (state = 'queued' OR (state = ANY(@states::text[]) AND coalesce(claimed_until, '-infinity') <= now()))
		AND (state = 'undoing') = ('undoing' = ANY(@states::text[]))
	ORDER BY created_at LIMIT 1 FOR UPDATE
) RETURNING ` + importColumns

// A worker that died may have decided rows that it did not count. Erasure takes rows away, so counts never shrink.
const sqlRecount = `UPDATE imports i SET
	created = greatest(i.created, c.created), updated = greatest(i.updated, c.updated), unchanged = greatest(i.unchanged, c.unchanged),
	skipped = greatest(i.skipped, c.skipped), failed = greatest(i.failed, c.failed), repeated = greatest(i.repeated, c.repeated)
FROM (
	SELECT count(*) FILTER (WHERE state = 'created') AS created, count(*) FILTER (WHERE state = 'updated') AS updated,
		count(*) FILTER (WHERE state IN ('unchanged', 'skipped')) AS unchanged, count(*) FILTER (WHERE state = 'skipped') AS skipped,
		count(*) FILTER (WHERE state = 'failed') AS failed, count(*) FILTER (WHERE repeated) AS repeated
	FROM import_rows WHERE import_id = @id
) AS c WHERE i.id = @id`

// What a dry run foresees of a row depends on the rows before it, which nobody remembers any more.
const (
	sqlForgetDryRun = `UPDATE import_rows SET state = 'pending', lead_id = NULL, column_name = '', error = '', repeated = false
WHERE import_id = @id AND state <> 'pending' AND NOT unread`
	sqlForgetCounts = `UPDATE imports SET created = 0, updated = 0, unchanged = 0, skipped = 0, repeated = 0,
	failed = (SELECT count(*) FROM import_rows WHERE import_id = @id AND unread) WHERE id = @id`
)

// ClaimImport takes the oldest import that waits, or one whose lease ran out: its worker died, and the rows that are
// still pending are what is left to do. A dry run begins again. false: there is none.
func (s *Store) ClaimImport(ctx context.Context) (record.Import, bool, error) {
	return s.claimImport(ctx, "running")
}

func (s *Store) claimImport(ctx context.Context, state string) (imp record.Import, ok bool, err error) {
	err = s.tx(ctx, "claim import", func(tx pgx.Tx) error {
		ok = false
		rows, _ := tx.Query(ctx, sqlClaimImport, pgx.NamedArgs{"lease": importLease, "states": []string{state}})
		found, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.Import])
		if err != nil || len(found) == 0 {
			return err
		}
		imp, ok = found[0], true
		b, args := &pgx.Batch{}, pgx.NamedArgs{"id": imp.ID, "rate": imp.StartRate}
		switch {
		case imp.State != "running":
		case imp.DryRun:
			b.Queue(sqlForgetDryRun, args)
			b.Queue(sqlForgetCounts, args)
		case imp.Claim == 1:
			b.Queue(sqlPaceStarts, args)
		default:
			b.Queue(sqlRecount, args)
		}
		return tx.SendBatch(ctx, b).Close()
	})
	return imp, ok, err
}

const sqlExtendImport = `UPDATE imports SET claimed_until = now() + @lease::interval
WHERE id = @id AND claim = @claim AND state IN ('running', 'undoing')`

// ExtendImport keeps a claimed import from being claimed by another worker; record.ErrNotFound when the claim holds no
// more, or the import was stopped.
func (s *Store) ExtendImport(ctx context.Context, imp record.Import) error {
	return s.change(ctx, "extend import", sqlExtendImport, imp.ID, pgx.NamedArgs{"lease": importLease, "claim": imp.Claim})
}

const sqlFinishImport = `UPDATE imports SET state = CASE WHEN @failure::text = '' THEN 'done' ELSE 'failed' END, error = @failure,
	finished_at = now(), claimed_until = NULL
WHERE id = @id AND claim = @claim AND state IN ('queued', 'running')`

// Nobody needs what a dry run looked at; what failed is in its file of errors.
const sqlDropDryRows = `DELETE FROM import_rows WHERE (import_id, row) IN (
	SELECT r.import_id, r.row FROM import_rows r JOIN imports i ON i.id = r.import_id
	WHERE r.import_id = @id AND i.dry_run AND i.state IN ('done', 'failed', 'cancelled') AND r.state <> 'failed' LIMIT 5000)`

// FinishImport ends an import: done, or failed with a reason that is fit for everybody's eyes. The same again, or by
// whom it is not any more, is no error.
func (s *Store) FinishImport(ctx context.Context, imp record.Import, failure string) error {
	args := pgx.NamedArgs{"id": imp.ID, "failure": failure, "claim": imp.Claim}
	err := s.tx(ctx, "finish import", func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sqlFinishImport, args)
		if err == nil && tag.RowsAffected() > 0 && !imp.DryRun {
			_, err = tx.Exec(ctx, sqlRecount, args) // a commit whose answer was lost is not counted yet
		}
		return err
	})
	if err != nil || !imp.DryRun {
		return err
	}
	return s.inPieces(ctx, sqlDropDryRows, args)
}

// inPieces runs a statement that is bounded to sweepRows until there is nothing left for it.
func (s *Store) inPieces(ctx context.Context, sql string, args pgx.NamedArgs) error {
	for {
		tag, err := s.pool.Exec(ctx, sql, args)
		if err != nil || tag.RowsAffected() < sweepRows {
			return masked("sweep", err)
		}
	}
}

const sqlCancelImport = `UPDATE imports SET state = 'cancelled', finished_at = now(), claimed_until = NULL
WHERE id = @id AND state IN ('queued', 'running')`

// CancelImport stops an import: once it answers, no row is decided any more. The same again is no error;
// record.ErrConflict when it is over otherwise, record.ErrNotFound when there is none.
func (s *Store) CancelImport(ctx context.Context, importID string) (record.Import, error) {
	if isID(importID) {
		args := pgx.NamedArgs{"id": importID}
		err := s.tx(ctx, "cancel import", func(tx pgx.Tx) error {
			tag, err := tx.Exec(ctx, sqlCancelImport, args)
			if err == nil && tag.RowsAffected() > 0 {
				_, err = tx.Exec(ctx, sqlRecount, args) // its worker may count no more what it decided
			}
			return err
		})
		if err != nil {
			return record.Import{}, err
		}
	}
	imp, err := s.Import(ctx, importID)
	if err == nil && imp.State != "cancelled" {
		err = record.ErrConflict
	}
	return imp, err
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
