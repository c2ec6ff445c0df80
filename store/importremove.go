package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

const (
	sqlLockVisitorsOfLeads = `SELECT visitor_id FROM visitors WHERE lead_id = ANY(@leads::uuid[]) OR heir_id = ANY(@leads::uuid[]) ORDER BY visitor_id FOR UPDATE`

	sqlLockLeadsWhole = `SELECT ` + leadColumns + ` FROM leads WHERE id = ANY(@leads::uuid[]) ORDER BY id FOR UPDATE`

	sqlRowsOfLeads = `SELECT lead_id::text, row, state FROM import_rows
WHERE lead_id = ANY(@leads::uuid[]) AND import_id = @import AND undone = '' AND state IN ('created', 'updated') ORDER BY row FOR UPDATE`

	sqlRemovedRows = `UPDATE import_rows SET undone = 'removed', kept = NULL, before = NULL WHERE import_id = @import AND row = ANY(@rows::int[])`
)

// UndoLeads removes in one transaction those of some leads that an import made and nobody touched since. It answers how many
// these are, and the others, which are left to UndoLead. record.ErrDecided when the claim holds no more.
func (s *Store) UndoLeads(ctx context.Context, imp record.Import, leads []string) (removed int, left []string, err error) {
	err = s.tx(ctx, "undo import", func(tx pgx.Tx) error {
		removed, left = 0, nil
		args := pgx.NamedArgs{"import": imp.ID, "claim": imp.Claim, "leads": leads}
		for _, sql := range []string{sqlByKeys, sqlLockVisitorsOfLeads} {
			if _, err := tx.Exec(ctx, sql, args); err != nil {
				return err
			}
		}
		found, _ := tx.Query(ctx, sqlLockLeadsWhole, args)
		people, err := pgx.CollectRows(found, pgx.RowToStructByName[leadRow])
		if err != nil {
			return err
		}
		if tag, err := tx.Exec(ctx, sqlHoldUndo, args); err != nil || tag.RowsAffected() == 0 {
			return orDecided(err)
		}
		rows, created, err := rowsOfLeads(ctx, tx, args)
		if err != nil {
			return err
		}
		var all []made
		for _, p := range people {
			if created[p.ID] && p.Stage != lifecycle.StageErased {
				all = append(all, made{p, len(rows[p.ID])})
			}
		}
		stay, err := s.remove(ctx, tx, imp, all)
		if err != nil {
			return err
		}
		gone := map[string]bool{}
		var numbers []int
		for _, m := range all {
			if stay[m.lead.ID] == "" {
				gone[m.lead.ID], numbers = true, append(numbers, rows[m.lead.ID]...)
			}
		}
		for _, id := range leads {
			if !gone[id] {
				left = append(left, id)
			}
		}
		removed, args["rows"] = len(gone), numbers
		_, err = tx.Exec(ctx, sqlRemovedRows, args)
		return err
	})
	return removed, left, err
}

// rowsOfLeads are the rows of an import that are not undone, by lead, and which leads it made.
func rowsOfLeads(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs) (rows map[string][]int, created map[string]bool, err error) {
	rows, created = map[string][]int{}, map[string]bool{}
	found, _ := tx.Query(ctx, sqlRowsOfLeads, args)
	var lead, state string
	var row int
	_, err = pgx.ForEachRow(found, []any{&lead, &row, &state}, func() error {
		if len(rows[lead]) == 0 {
			created[lead] = state == "created"
		}
		rows[lead] = append(rows[lead], row)
		return nil
	})
	return rows, created, err
}

// made is a lead that an import made, locked, and how many of its rows told of it: each left a line in its timeline.
type made struct {
	lead leadRow
	rows int
}

// Why a lead that an import made must stay; nothing where nobody touched it. Another import holds it by what it changed and
// did not put back; one that did left an entry of each row and one of its undo.
const sqlTouchedSince = `SELECT id::text, why FROM (SELECT l.id, CASE
	WHEN EXISTS (SELECT 1 FROM events WHERE lead_id = l.id) THEN 'engaged'
	WHEN EXISTS (SELECT 1 FROM decisions WHERE lead_id = l.id) THEN 'decided'
	WHEN EXISTS (SELECT 1 FROM assignments WHERE lead_id = l.id) THEN 'offered'
	WHEN EXISTS (SELECT 1 FROM deliveries WHERE lead_id = l.id AND channel = 'mail' AND kind <> 'test' AND state IN ('claimed', 'sending', 'sent', 'unknown')) THEN 'mail_sent'
	WHEN EXISTS (SELECT 1 FROM notes WHERE lead_id = l.id) THEN 'noted'
	WHEN EXISTS (SELECT 1 FROM import_rows r JOIN imports i ON i.id = r.import_id
		WHERE r.lead_id = l.id AND r.import_id <> @import AND NOT i.dry_run
			AND r.state IN ('created', 'updated') AND r.undone NOT IN ('removed', 'restored')) THEN 'imported_again'
	WHEN (SELECT count(*) FROM timeline WHERE lead_id = l.id AND NOT of_run) > l.mine + (
		SELECT count(*) + count(DISTINCT import_id) FROM import_rows
		WHERE lead_id = l.id AND import_id <> @import AND undone = 'restored') THEN 'changed_since'
	END AS why FROM unnest(@leads::uuid[], @mine::int[]) AS l (id, mine)) AS t WHERE why IS NOT NULL`

// A delivery must not begin while its lead is removed.
const sqlLockDeliveries = `SELECT id FROM deliveries WHERE lead_id = ANY(@leads::uuid[]) ORDER BY id FOR UPDATE`

// A start that was never let go needs no run to be told of its end.
const sqlDropParked = `DELETE FROM outbox WHERE lead_id = ANY(@leads::uuid[]) AND import_id = @import AND not_before = 'infinity' AND attempts = 0
RETURNING lead_id::text`

const (
	sqlForgetSuppressed = `UPDATE suppressions SET lead_id = NULL WHERE lead_id = ANY(@leads::uuid[])`
	sqlSeqs             = `SELECT id::text, seq FROM leads WHERE id = ANY(@leads::uuid[])`
)

// removal is what of erasure an undo needs. Who refused mail stays refused, and rows of other imports stay theirs.
var removal = []string{
	sqlEraseReturns, sqlEraseEvents, sqlEraseValues, sqlEraseTouches, sqlEraseConsents, sqlEraseQuestions, sqlErasePreferences, sqlEraseDeliveries, sqlEraseAnswers, sqlEraseScore, sqlForgetShadowScores, sqlEraseCalls,
	sqlEraseAdjustments, sqlEraseRuns, sqlEraseMarks, sqlEraseTimeline, sqlForgetSuppressed, sqlEraseLeads,
}

// remove removes leads that nobody touched since the import made them, and answers why the others stay. They are locked, and
// in the order of their ids.
func (s *Store) remove(ctx context.Context, tx pgx.Tx, imp record.Import, all []made) (stay map[string]string, err error) {
	ids, mine := make([]string, len(all)), make([]int, len(all))
	for i, m := range all {
		ids[i], mine[i] = m.lead.ID, m.rows
	}
	args := pgx.NamedArgs{"import": imp.ID, "leads": ids, "mine": mine}
	if _, err := tx.Exec(ctx, sqlLockDeliveries, args); err != nil {
		return nil, err
	}
	if stay, err = pairs[string](ctx, tx, sqlTouchedSince, args); err != nil {
		return nil, err
	}
	var gone []leadRow
	ids = nil
	for _, m := range all {
		if stay[m.lead.ID] == "" {
			gone, ids = append(gone, m.lead), append(ids, m.lead.ID)
		}
	}
	args["leads"] = ids
	seqs, err := pairs[int64](ctx, tx, sqlSeqs, args)
	if err != nil || len(gone) == 0 {
		return stay, err
	}
	rows, _ := tx.Query(ctx, sqlDropParked, args)
	parked, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	return stay, tx.SendBatch(ctx, removing(imp, gone, seqs, parked, args)).Close()
}

// removing is all that is written when leads are removed. Whose start was parked has no run.
func removing(imp record.Import, gone []leadRow, seqs map[string]int64, parked []string, args pgx.NamedArgs) *pgx.Batch {
	quiet := map[string]bool{}
	for _, id := range parked {
		quiet[id] = true
	}
	var tells []told
	var lines timelineRows
	stubs := make([]string, len(gone))
	for i, p := range gone {
		stubs[i] = p.stub(seqs[p.ID])
		lines.add(p, "import_undone", nil)
		if !quiet[p.ID] {
			tells = append(tells, told{lead: p.ID, kinds: []string{triggerErased}})
		}
	}
	args["stubs"] = stubs
	b := &pgx.Batch{}
	for _, sql := range removal {
		b.Queue(sql, args)
	}
	lines.queue(b, imp.UndoBy, "")
	tell(b, tells...)
	return b
}

// pairs reads a value for each of some ids.
func pairs[T any](ctx context.Context, q querier, sql string, args pgx.NamedArgs) (map[string]T, error) {
	out := map[string]T{}
	rows, _ := q.Query(ctx, sql, args)
	var id string
	var value T
	_, err := pgx.ForEachRow(rows, []any{&id, &value}, func() error {
		out[id] = value
		return nil
	})
	return out, err
}
