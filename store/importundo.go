package store

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// UndoWithin is how long after its end an import can be undone.
const UndoWithin = time.Hour

// viaUndo is the source of values that an undo put back.
const viaUndo = "undo"

// It says that it is ready once more, so that whoever waits for imports hears of it.
const sqlUndoImport = `UPDATE imports SET state = 'undoing', undo_at = now(), undo_by = @by, claimed_until = NULL, ready = true
WHERE id = @id AND state IN ('done', 'failed', 'cancelled') AND NOT dry_run AND started_at IS NOT NULL
	AND finished_at > now() - @within::interval`

// UndoImport asks for an import to be undone; a worker does it. The same again is no error. record.ErrConflict, with the
// import as it is, when it runs, is too long ago, or did nothing; record.ErrNotFound when there is none.
func (s *Store) UndoImport(ctx context.Context, importID string, by lifecycle.Actor) (record.Import, error) {
	if isID(importID) {
		if _, err := s.pool.Exec(ctx, sqlUndoImport, pgx.NamedArgs{"id": importID, "within": UndoWithin, "by": by}); err != nil {
			return record.Import{}, masked("undo import", err)
		}
	}
	imp, err := s.Import(ctx, importID)
	if err == nil && imp.State != "undoing" && imp.State != "undone" {
		err = record.ErrConflict
	}
	return imp, err
}

// ClaimUndo takes an import that is to be undone, like ClaimImport.
func (s *Store) ClaimUndo(ctx context.Context) (record.Import, bool, error) {
	return s.claimImport(ctx, "undoing")
}

const sqlUndoable = `SELECT row, lead_id FROM import_rows
WHERE import_id = @id AND row > @after AND state IN ('created', 'updated') AND undone = '' AND lead_id IS NOT NULL ORDER BY row LIMIT @rows`

// UndoableLeads are leads of an import that are not looked at yet, each once, after a row of the file; last is the row to
// go on after, 0 when there are no more.
func (s *Store) UndoableLeads(ctx context.Context, importID string, after, limit int) (leads []string, last int, err error) {
	rows, _ := s.pool.Query(ctx, sqlUndoable, pgx.NamedArgs{"id": importID, "after": after, "rows": limit})
	var id string
	_, err = pgx.ForEachRow(rows, []any{&last, &id}, func() error { leads = append(leads, id); return nil })
	slices.Sort(leads)
	return slices.Compact(leads), last, masked("read import rows", err)
}

// The claim is looked at under a share lock, as captures do.
const sqlHoldUndo = `SELECT id FROM imports WHERE id = @import AND claim = @claim AND state = 'undoing' FOR SHARE`

const sqlRowsToUndo = `SELECT row, state, before FROM import_rows
WHERE lead_id = @lead AND import_id = @import AND undone = '' AND state IN ('created', 'updated') ORDER BY row DESC FOR UPDATE`

const sqlUndoneRow = `UPDATE import_rows SET undone = @outcome, kept = @left, before = NULL WHERE import_id = @import AND row = ANY(@rows::int[])`

type rowToUndo struct {
	Row    int
	State  string
	Before *before
}

// UndoLead undoes what an import did to one lead, in one transaction: a lead that it made and that nobody touched since
// is removed; of one that was known, every value that still is what the import made of it is put back. It answers the
// outcome: removed, restored, partly or kept; "" when there was nothing left to undo. record.ErrDecided when the claim
// holds no more.
func (s *Store) UndoLead(ctx context.Context, imp record.Import, leadID string) (outcome string, err error) {
	err = s.tx(ctx, "undo import", func(tx pgx.Tx) error {
		outcome = ""
		args := pgx.NamedArgs{"import": imp.ID, "claim": imp.Claim, "lead": leadID}
		w, err := s.enter(ctx, tx)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, sqlLockVisitorsOfLead, args); err != nil { // visitors before leads, as everybody does
			return err
		}
		found, _ := tx.Query(ctx, sqlLockLead, args)
		p, err := pgx.CollectExactlyOneRow(found, pgx.RowToStructByName[leadRow])
		if err != nil {
			return err
		}
		if tag, err := tx.Exec(ctx, sqlHoldUndo, args); err != nil || tag.RowsAffected() == 0 {
			return orDecided(err)
		}
		found, _ = tx.Query(ctx, sqlRowsToUndo, args)
		rows, err := pgx.CollectRows(found, pgx.RowToStructByName[rowToUndo])
		if err != nil || len(rows) == 0 || p.Stage == lifecycle.StageErased {
			return err
		}
		u := &undoing{s: s, tx: tx, w: w, lead: p, rows: rows, args: args, actor: imp.UndoBy}
		outcome, err = u.run(ctx)
		return err
	})
	return outcome, err
}

func orDecided(err error) error {
	if err == nil {
		return record.ErrDecided
	}
	return err
}

// undoing is one lead, locked, and what an import did to it, the last first.
type undoing struct {
	s     *Store
	tx    pgx.Tx
	w     world
	lead  leadRow
	rows  []rowToUndo
	args  pgx.NamedArgs
	actor lifecycle.Actor
}

func (u *undoing) run(ctx context.Context) (outcome string, err error) {
	var left []record.LeftOver
	if made := u.rows[len(u.rows)-1].State == "created"; made {
		outcome, left, err = u.remove(ctx)
	} else {
		outcome, left, err = u.restore(ctx)
	}
	if err != nil {
		return "", err
	}
	numbers := make([]int, len(u.rows))
	for i, r := range u.rows {
		numbers[i] = r.Row
	}
	args := pgx.NamedArgs{"import": u.args["import"], "outcome": outcome, "left": nil, "rows": numbers}
	if _, err := u.tx.Exec(ctx, sqlUndoneRow, args); err != nil || len(left) == 0 {
		return outcome, err
	}
	args["left"], args["rows"] = left, numbers[:1] // a lead is listed once
	_, err = u.tx.Exec(ctx, sqlUndoneRow, args)
	return outcome, err
}

// Why a lead that an import made must stay; ” when nobody touched it. @mine is how many entries of its timeline the import
// wrote itself. Another import holds it by what it changed and did not put back; one that did left an entry of each row
// and one of its undo.
const sqlTouchedSince = `SELECT CASE
	WHEN EXISTS (SELECT 1 FROM events WHERE lead_id = @lead) THEN 'engaged'
	WHEN EXISTS (SELECT 1 FROM decisions WHERE lead_id = @lead) THEN 'decided'
	WHEN EXISTS (SELECT 1 FROM assignments WHERE lead_id = @lead) THEN 'offered'
	WHEN EXISTS (SELECT 1 FROM deliveries WHERE lead_id = @lead AND channel = 'mail' AND state IN ('claimed', 'sending', 'sent', 'unknown')) THEN 'mail_sent'
	WHEN EXISTS (SELECT 1 FROM notes WHERE lead_id = @lead) THEN 'noted'
	WHEN EXISTS (SELECT 1 FROM import_rows r JOIN imports i ON i.id = r.import_id
		WHERE r.lead_id = @lead AND r.import_id <> @import AND NOT i.dry_run
			AND r.state IN ('created', 'updated') AND r.undone NOT IN ('removed', 'restored')) THEN 'imported_again'
	WHEN (SELECT count(*) FROM timeline WHERE lead_id = @lead AND NOT of_run) > @mine + (
		SELECT count(*) + count(DISTINCT import_id) FROM import_rows
		WHERE lead_id = @lead AND import_id <> @import AND undone = 'restored') THEN 'changed_since'
	ELSE '' END`

// A delivery must not begin while its lead is removed.
const sqlLockDeliveries = `SELECT id FROM deliveries WHERE lead_id = @lead ORDER BY id FOR UPDATE`

// A start that was never let go needs no run to be told of its end.
const sqlDropParked = `DELETE FROM outbox WHERE lead_id = @lead AND import_id = @import AND not_before = 'infinity' AND attempts = 0`

const sqlForgetSuppressed = `UPDATE suppressions SET lead_id = NULL WHERE lead_id = @lead`

// removal is what of erasure an undo needs. Who refused mail stays refused, and rows of other imports stay theirs.
var removal = []string{
	sqlEraseReturns, sqlEraseEvents, sqlEraseValues, sqlEraseTouches, sqlEraseConsents, sqlEraseDeliveries, sqlEraseAnswers, sqlEraseScore,
	sqlEraseAdjustments, sqlEraseTimeline, sqlForgetSuppressed, sqlEraseLead,
}

func (u *undoing) remove(ctx context.Context) (string, []record.LeftOver, error) {
	u.args["mine"] = len(u.rows)
	if _, err := u.tx.Exec(ctx, sqlLockDeliveries, u.args); err != nil {
		return "", nil, err
	}
	var why string
	if err := u.tx.QueryRow(ctx, sqlTouchedSince, u.args).Scan(&why); err != nil {
		return "", nil, err
	}
	if why != "" {
		return "kept", []record.LeftOver{{What: "lead", Reason: why}}, nil
	}
	stub, err := tombstone(ctx, u.tx, u.lead)
	if err != nil {
		return "", nil, err
	}
	parked, err := u.tx.Exec(ctx, sqlDropParked, u.args)
	if err != nil {
		return "", nil, err
	}
	u.args["stub"] = stub
	b := &pgx.Batch{}
	for _, sql := range removal {
		b.Queue(sql, u.args)
	}
	b.Queue(sqlTimeline, entry(u.lead, "import_undone", u.actor, "", nil))
	if parked.RowsAffected() == 0 {
		tell(b, told{lead: u.lead.ID, kinds: []string{triggerErased}})
	}
	return "removed", nil, u.tx.SendBatch(ctx, b).Close()
}

const sqlCountUndone = `UPDATE imports SET removed = removed + @removed, restored = restored + @restored, kept = kept + @kept
WHERE id = @id AND claim = @claim AND state = 'undoing'`

// CountUndone tells how far an undo is, by outcome. record.ErrNotFound when the claim holds no more.
func (s *Store) CountUndone(ctx context.Context, imp record.Import, outcomes map[string]int) error {
	return s.change(ctx, "count undone", sqlCountUndone, imp.ID, pgx.NamedArgs{
		"claim": imp.Claim, "removed": outcomes["removed"], "restored": outcomes["restored"], "kept": outcomes["kept"] + outcomes["partly"],
	})
}

// A worker that died may not have counted what it undid.
const sqlFinishUndo = `UPDATE imports SET removed = u.removed, restored = u.restored, kept = u.kept, state = 'undone', claimed_until = NULL
FROM (
	SELECT count(DISTINCT lead_id) FILTER (WHERE undone = 'removed') AS removed, count(DISTINCT lead_id) FILTER (WHERE undone = 'restored') AS restored,
		count(DISTINCT lead_id) FILTER (WHERE undone IN ('partly', 'kept')) AS kept
	FROM import_rows WHERE import_id = @id AND undone <> ''
) AS u
WHERE id = @id AND claim = @claim AND state = 'undoing'`

// FinishUndo ends an undo. record.ErrNotFound when the claim holds no more.
func (s *Store) FinishUndo(ctx context.Context, imp record.Import) error {
	return s.change(ctx, "finish undo", sqlFinishUndo, imp.ID, pgx.NamedArgs{"claim": imp.Claim})
}

const sqlKept = `SELECT lead_id, row, undone, kept FROM import_rows
WHERE import_id = @id AND kept IS NOT NULL AND row > @after ORDER BY row LIMIT @rows`

// UndoneImport lists the leads of which an undo left something, in the order of the file.
func (s *Store) UndoneImport(ctx context.Context, importID, cursor string, limit int) (record.Page[record.ImportKept], error) {
	none := record.Page[record.ImportKept]{}
	if _, err := s.Import(ctx, importID); err != nil {
		return none, err
	}
	list := "kept of " + importID
	place, err := unsealed(list, cursor, "0")
	if err != nil {
		return none, err
	}
	after, err := numberOf(place)
	if err != nil {
		return none, err
	}
	rows, _ := s.pool.Query(ctx, sqlKept, pgx.NamedArgs{"id": importID, "after": after, "rows": pageSize(limit) + 1})
	items, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k record.ImportKept, err error) {
		var left json.RawMessage
		if err = row.Scan(&k.LeadID, &k.Row, &k.Outcome, &left); err == nil {
			err = json.Unmarshal(left, &k.Left)
		}
		return k, err
	})
	if err != nil {
		return none, masked("read undone", err)
	}
	return pageOf(items, limit, func(k record.ImportKept) string { return sealed(list, strconv.Itoa(k.Row)) }), nil
}
