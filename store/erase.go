package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// triggerErased tells the run that its person is gone.
const triggerErased = "erased"

const sqlLockVisitorsOfLead = `SELECT visitor_id FROM visitors WHERE lead_id = @lead OR heir_id = @lead ORDER BY visitor_id FOR UPDATE`

// Visitors of the lead whose past is another's, and has not reached them yet.
const sqlOthersHeirs = `SELECT visitor_id FROM visitors WHERE lead_id = @lead AND heir_id <> @lead`

const sqlLockLead = `SELECT ` + leadColumns + ` FROM leads WHERE id = @lead FOR UPDATE`

// What erasure does, in this order. Each statement knows @lead, @keys and @hash, and the same lead as
// @leads with its tombstone as @stubs: these statements undo imports as well, which make many leads.
const (
	sqlEraseInheritance = `DELETE FROM events WHERE lead_id IS NULL AND visitor_id IN (SELECT visitor_id FROM visitors WHERE heir_id = @lead)`
	sqlEraseHeir        = `UPDATE visitors SET heir_id = NULL WHERE heir_id = @lead`
	sqlEraseVisitors    = `DELETE FROM visitors WHERE lead_id = @lead`
	sqlEraseEvents      = `DELETE FROM events WHERE lead_id = ANY(@leads::uuid[])`
	sqlEraseValues      = `DELETE FROM profile_values WHERE lead_id = ANY(@leads::uuid[])`
	sqlEraseTouches     = `DELETE FROM touches WHERE lead_id = ANY(@leads::uuid[])`
	sqlEraseConsents    = `DELETE FROM consents WHERE lead_id = ANY(@leads::uuid[])`
	sqlEraseQuestions   = `DELETE FROM confirmations WHERE lead_id = ANY(@leads::uuid[])`
	sqlEraseBuyers      = `DELETE FROM questions WHERE lead_id = ANY(@leads::uuid[])`
	sqlErasePreferences = `DELETE FROM preferences WHERE lead_id = ANY(@leads::uuid[])`
	sqlEraseNotes       = `DELETE FROM notes WHERE lead_id = @lead`
	sqlEraseDeliveries  = `DELETE FROM deliveries WHERE lead_id = ANY(@leads::uuid[])`
	sqlEraseAnswers     = `DELETE FROM idempotency_keys WHERE lead_id = ANY(@leads::uuid[])`
	sqlEraseScore       = `DELETE FROM scores WHERE lead_id = ANY(@leads::uuid[])`
	sqlEraseAdjustments = `DELETE FROM adjustments WHERE lead_id = ANY(@leads::uuid[])`
	sqlEraseRuns        = `DELETE FROM sequence_runs WHERE lead_id = ANY(@leads::uuid[])`
	sqlEraseMarks       = `DELETE FROM sequence_marks WHERE lead_id = ANY(@leads::uuid[])`

	// Explanations name what a person is and did; who had the lead and what became of the offer is the house's.
	sqlEraseExplanations = `UPDATE assignments SET explanation = '{}' WHERE lead_id = @lead`
	// Of a choice it stays who was chosen and who might have been; not what it was decided from.
	sqlEraseRoutings = `UPDATE routings SET input = NULL WHERE lead_id = @lead AND input IS NOT NULL`
	// Who decided what, without what they wrote. One that nobody answered yet never will be.
	sqlEraseDecisions = `UPDATE decisions SET body = '{}', fingerprint = '',
	state = CASE WHEN state = 'pending' THEN 'refused' ELSE state END,
	code = CASE WHEN state = 'pending' THEN 'erased' ELSE code END,
	answered_at = coalesce(answered_at, now())
	WHERE lead_id = @lead`
	sqlEraseOutcomes = `UPDATE outcomes SET one_thing = NULL, missing = NULL WHERE lead_id = @lead`
	sqlEraseTimeline = `UPDATE timeline SET data = '{}' WHERE lead_id = ANY(@leads::uuid[]) AND data <> '{}'`

	sqlEraseReturns = `DELETE FROM mail_returns WHERE lead_id = ANY(@leads::uuid[])`

	sqlEraseImportRows = `DELETE FROM import_rows WHERE lead_id = @lead`
	// A row that failed names no lead, but it is in the file of errors with all its cells.
	sqlEraseFailedRows = `DELETE FROM import_rows WHERE state = 'failed' AND keys && @keys::text[]`
	// So is one that a dry run has looked at and may look at again.
	sqlEraseLookedAt = `DELETE FROM import_rows WHERE state NOT IN ('pending', 'failed') AND keys <> '{}' AND keys && @keys::text[]`
	// A row that still waits would bring the person back; it counts as failed.
	sqlErasePendingRows = `WITH gone AS (
		UPDATE import_rows SET state = 'failed', cells = '{}', keys = '{}', error = 'erased'
		WHERE state = 'pending' AND keys && @keys::text[]
		RETURNING import_id
	)
	UPDATE imports i SET failed = i.failed + g.n FROM (SELECT import_id, count(*) AS n FROM gone GROUP BY import_id) AS g
	WHERE i.id = g.import_id`

	sqlEraseSuppression = `UPDATE suppressions SET email = NULL, lead_id = NULL WHERE hash = @hash OR lead_id = @lead`

	// The tombstone keeps what is no person: ids, channel, cycle and version. Its state is what a run that begins anew
	// reads: closed.
	sqlEraseLeads = `UPDATE leads l SET email = NULL, external_id = NULL, profile = '{}', source = '{}', consent = '{}',
	stage = 'erased', stage_at = now(), updated_at = now(), engaged_at = NULL, worked_at = NULL, touch_wanted = NULL,
	paused = false, muted = '', reason = '', owner = NULL, team_id = NULL, assignment_id = NULL,
	sla_due_at = NULL, sla_state = 'none', next_kind = '', next_at = NULL,
	state = CASE WHEN l.state IS NULL THEN NULL ELSE t.stub::jsonb END
	FROM unnest(@leads::uuid[], @stubs::text[]) AS t (lead_id, stub) WHERE l.id = t.lead_id`
)

var erasure = []string{
	sqlEraseReturns, sqlEraseInheritance, sqlEraseHeir, sqlEraseVisitors, sqlEraseEvents, sqlEraseValues, sqlEraseTouches, sqlEraseConsents, sqlEraseQuestions, sqlEraseBuyers, sqlErasePreferences, sqlEraseNotes,
	sqlEraseDeliveries, sqlEraseAnswers, sqlEraseScore, sqlEraseAdjustments, sqlEraseRuns, sqlEraseMarks, sqlEraseExplanations, sqlEraseDecisions,
	sqlEraseOutcomes, sqlEraseRoutings, sqlEraseTimeline, sqlErasePendingRows, sqlEraseFailedRows, sqlEraseLookedAt, sqlEraseImportRows, sqlEraseSuppression,
	sqlEraseLeads,
}

const sqlReadSeq = `SELECT seq FROM leads WHERE id = @lead`

// EraseLead removes the person in one transaction and tells the run through the outbox; what stays is a tombstone,
// outcomes without identity, and, where there was one, the keyed hash of a suppression. The same again is no error;
// record.ErrNotFound when there never was such a lead.
func (s *Store) EraseLead(ctx context.Context, leadID string, actor lifecycle.Actor) error {
	return s.erase(ctx, leadID, actor, true)
}

// erase erases; a run that does so by itself need not be told, and to be told while it ends would fail its last task.
func (s *Store) erase(ctx context.Context, leadID string, actor lifecycle.Actor, tellRun bool) error {
	if !isID(leadID) {
		return record.ErrNotFound
	}
	for {
		before, err := s.eraseOnce(ctx, leadID, actor, tellRun)
		if err != nil || len(before) == 0 {
			return err
		}
		for _, visitor := range before {
			for left := true; left; {
				if left, err = s.inheritPiece(ctx, visitor); err != nil {
					return err
				}
			}
		}
	}
}

// eraseOnce erases, or answers whose inheritance has to be over before: what such a visitor did belongs to another lead, and
// with its row nobody would know.
func (s *Store) eraseOnce(ctx context.Context, leadID string, actor lifecycle.Actor, tellRun bool) (before []string, err error) {
	err = s.tx(ctx, "erase", func(tx pgx.Tx) error {
		before = nil
		args := pgx.NamedArgs{"lead": leadID}
		if _, err := tx.Exec(ctx, sqlLockVisitorsOfLead, args); err != nil { // visitors before leads, as everybody does
			return err
		}
		rows, _ := tx.Query(ctx, sqlLockLead, args)
		p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[leadRow])
		if err != nil || p.Stage == lifecycle.StageErased {
			return err
		}
		rows, _ = tx.Query(ctx, sqlOthersHeirs, args) // nobody gains a visitor whose lead is locked
		if before, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || len(before) > 0 {
			return err
		}
		stub, err := tombstone(ctx, tx, p)
		if err != nil {
			return err
		}
		args["leads"], args["stubs"] = []string{leadID}, []string{stub}
		args["keys"] = record.Keys(p.email(), p.external())
		args["hash"] = s.suppressionHash(p.email())
		b := &pgx.Batch{}
		for _, sql := range erasure {
			b.Queue(sql, args)
		}
		erased := entry(p, "erased", actor, "", nil)
		b.Queue(sqlTimeline, erased)
		if tellRun {
			tell(b, told{lead: p.ID, kinds: []string{triggerErased}})
		}
		return tx.SendBatch(ctx, b).Close()
	})
	return before, err
}

// tombstone is what a run that begins anew reads of a lead that is gone.
func tombstone(ctx context.Context, tx pgx.Tx, p leadRow) (string, error) {
	var seq int64
	err := tx.QueryRow(ctx, sqlReadSeq, pgx.NamedArgs{"lead": p.ID}).Scan(&seq)
	return p.stub(seq), err
}

func (l leadRow) stub(seq int64) string {
	stub := lifecycle.New(l.ID)
	stub.Stage, stub.Cycle, stub.Version, stub.Seq = lifecycle.StageErased, l.Cycle, l.Version, seq
	return jsonOf(lifecycle.Carried{Lead: stub})
}
