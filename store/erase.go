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
	sqlEraseCalls       = `DELETE FROM shadow_calls WHERE lead_id = ANY(@leads::uuid[])`
	sqlEraseRuns        = `DELETE FROM sequence_runs WHERE lead_id = ANY(@leads::uuid[])`
	sqlEraseMarks       = `DELETE FROM sequence_marks WHERE lead_id = ANY(@leads::uuid[])`

	// Nobody has it any more, and no run wants the place again.
	sqlEraseOffers = `UPDATE assignments SET state = 'withdrawn', decided_at = now(), reason = 'erased' WHERE lead_id = ANY(@leads::uuid[]) AND state = 'offered'`
	sqlEraseHeld   = `DELETE FROM held_places WHERE lead_id = ANY(@leads::uuid[])`

	// Explanations name what a person is and did; who had the lead and what became of the offer is the house's.
	sqlEraseExplanations = `UPDATE assignments SET explanation = '{}' WHERE lead_id = @lead`
	// Of a choice it stays who was chosen and who might have been; not what it was decided from.
	sqlEraseRoutings = `UPDATE routings SET input = NULL WHERE lead_id = @lead AND input IS NOT NULL`
	// Who decided what, without what they wrote. One that nobody answered yet never will be.
	sqlEraseDecisions = `UPDATE decisions SET body = '{}', fingerprint = '',
	state = CASE WHEN state = 'pending' THEN 'refused' ELSE state END,
	code = CASE WHEN state = 'pending' THEN 'erased' ELSE code END,
	answered_at = coalesce(answered_at, now()), unkept = 0
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

	// An undo would bring them back.
	sqlEraseMerges = `DELETE FROM merges WHERE lead_id = ANY(@leads::uuid[]) OR into_id = ANY(@leads::uuid[])`

	sqlEraseSuppression = `UPDATE suppressions SET email = NULL, lead_id = NULL WHERE hash = @hash OR lead_id = @lead`

	// The tombstone keeps what is no person: ids, channel, cycle and version. Its state is what a run that begins anew
	// reads: closed.
	sqlEraseLeads = `UPDATE leads l SET email = NULL, external_id = NULL, profile = '{}', source = '{}', consent = '{}',
	stage = 'erased', stage_at = now(), updated_at = now(), merged_into = NULL, merged_at = NULL, engaged_at = NULL, worked_at = NULL, touch_wanted = NULL,
	paused = false, muted = '', reason = '', owner = NULL, team_id = NULL, assignment_id = NULL,
	sla_due_at = NULL, sla_state = 'none', next_kind = '', next_at = NULL,
	state = CASE WHEN l.state IS NULL THEN NULL ELSE t.stub::jsonb END
	FROM unnest(@leads::uuid[], @stubs::text[]) AS t (lead_id, stub) WHERE l.id = t.lead_id`
)

var erasure = []string{
	sqlEraseReturns, sqlEraseInheritance, sqlEraseHeir, sqlEraseVisitors, sqlEraseEvents, sqlEraseValues, sqlEraseTouches, sqlEraseConsents, sqlEraseQuestions, sqlEraseBuyers, sqlErasePreferences, sqlEraseNotes,
	sqlEraseDeliveries, sqlEraseAnswers, sqlEraseScore, sqlForgetShadowScores, sqlEraseCalls, sqlEraseAdjustments, sqlEraseRuns, sqlEraseMarks, sqlEraseOffers, sqlEraseHeld, sqlEraseExplanations, sqlEraseDecisions,
	sqlEraseOutcomes, sqlEraseRoutings, sqlEraseTimeline, sqlErasePendingRows, sqlEraseFailedRows, sqlEraseLookedAt, sqlEraseImportRows, sqlEraseSuppression,
	sqlEraseMerges, sqlEraseLeads,
}

// Who was merged is the person that goes on: whoever asks for one of them asks for all.
const (
	sqlWhoGoesOn = `SELECT coalesce(merged_into, id)::text FROM leads WHERE id = @lead`

	sqlLockPerson = `SELECT ` + leadColumns + ` FROM leads WHERE id = @lead OR merged_into = @lead ORDER BY id FOR UPDATE`
)

const sqlReadSeq = `SELECT seq FROM leads WHERE id = @lead`

// EraseLead removes the person in one transaction and tells the run through the outbox; what stays is a tombstone,
// outcomes without identity, and, where there was one, the keyed hash of a suppression. What was merged goes with what it was
// merged into, whichever is named. The same again is no error;
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
		p, merged, err := lockWhole(ctx, tx, args)
		if err != nil || p.Stage == lifecycle.StageErased {
			return err
		}
		rows, _ := tx.Query(ctx, sqlOthersHeirs, args) // nobody gains a visitor whose lead is locked
		if before, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || len(before) > 0 {
			return err
		}
		b := &pgx.Batch{}
		for _, one := range append(merged, p) {
			if err := s.queueErasure(ctx, tx, b, one); err != nil {
				return err
			}
		}
		erased := entry(p, "erased", actor, "", nil)
		b.Queue(sqlTimeline, erased)
		if tellRun || p.ID != leadID {
			tell(b, told{lead: p.ID, kinds: []string{triggerErased}})
		}
		return tx.SendBatch(ctx, b).Close()
	})
	return before, err
}

// lockWhole locks a person: visitors before leads, as everybody does, and these in the order of their ids. It makes @lead who
// goes on, and answers them and what was merged into them.
func lockWhole(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs) (p leadRow, merged []leadRow, err error) {
	var id string
	if err := tx.QueryRow(ctx, sqlWhoGoesOn, args).Scan(&id); err != nil {
		return p, nil, err
	}
	args["lead"] = id
	if _, err := tx.Exec(ctx, sqlLockVisitorsOfLead, args); err != nil {
		return p, nil, err
	}
	rows, _ := tx.Query(ctx, sqlLockPerson, args)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[leadRow])
	if err != nil {
		return p, nil, err
	}
	for _, one := range all {
		if one.ID == id {
			p = one
		} else {
			merged = append(merged, one)
		}
	}
	if p.Stage == lifecycle.StageErased { // or it was merged while we waited for it
		into, err := mergedInto(ctx, tx, []string{id})
		if len(into) > 0 {
			err = errAgain
		}
		return p, nil, err
	}
	var now int
	if err := tx.QueryRow(ctx, sqlMergedIntoEither, pgx.NamedArgs{"leads": []string{id}, "brought": idsOf(merged)}).Scan(&now); err != nil {
		return p, nil, err
	}
	if now > 0 {
		return p, nil, errAgain
	}
	return p, merged, nil
}

func idsOf(rows []leadRow) []string {
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return ids
}

// queueErasure queues all that erasure does of one lead.
func (s *Store) queueErasure(ctx context.Context, tx pgx.Tx, b *pgx.Batch, p leadRow) error {
	stub, err := tombstone(ctx, tx, p)
	if err != nil {
		return err
	}
	args := pgx.NamedArgs{
		"lead": p.ID, "leads": []string{p.ID}, "stubs": []string{stub},
		"keys": record.Keys(p.email(), p.external()), "hash": s.suppressionHash(p.email()),
	}
	for _, sql := range erasure {
		b.Queue(sql, args)
	}
	return nil
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
