package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

const (
	// Its keys stay where the other has some of its own: whoever comes by them is led on.
	sqlEndMerged = `UPDATE leads SET stage = 'erased', stage_at = now(), merged_into = @into, merged_at = now(), merged_cycle = @cycle, updated_at = now(),
	email = CASE WHEN @took_email THEN NULL ELSE email END, external_id = CASE WHEN @took_external THEN NULL ELSE external_id END,
	touch_wanted = NULL, paused = false, owner = NULL, team_id = NULL, assignment_id = NULL,
	sla_due_at = NULL, sla_state = 'none', next_kind = '', next_at = NULL, state = NULL
WHERE id = @loser`

	sqlBringAlong = `UPDATE leads SET merged_into = @into, merged_at = now(), merged_cycle = @cycle WHERE merged_into = @loser AND id = ANY(@brought::uuid[])`

	// Subscribers are told what happened, and reps that an offer is gone, whatever became of the lead since.
	sqlStillTold = `UPDATE deliveries SET lead_id = @into WHERE lead_id = @loser AND state IN ('queued', 'claimed') AND (lane = 'webhook' OR kind = 'offer_withdrawn')`

	// What waits does not go out. What is being sent is sent, and its end is noted.
	sqlEndUnsent = `UPDATE deliveries SET state = 'expired', code = 'merged', claimed_until = NULL
WHERE lead_id = @loser AND state IN ('queued', 'claimed') RETURNING lane`

	sqlWithdrawMerged = `UPDATE assignments SET state = 'withdrawn', decided_at = now(), reason = 'merged'
WHERE lead_id = @loser AND state = 'offered' RETURNING id`

	// What a merge decides no task can lose.
	sqlFreeMerged = `DELETE FROM held_places WHERE lead_id = @loser`

	// Who had it, offered or at work, is told under the lead that goes on: nothing is sent any more about the other.
	sqlTellMerged = `INSERT INTO deliveries (id, key, lane, channel, kind, lead_id, cycle, assignment_id, rep_id, at_least_once)
SELECT gen_random_uuid(), a.id || '/withdrawn', 'alert', 'mail', 'offer_withdrawn', @into, l.cycle, a.id, a.rep_id, true
FROM assignments a JOIN leads l ON l.id = @into JOIN leads g ON g.id = a.lead_id
WHERE a.lead_id = @loser AND a.id = ANY(@offers::uuid[]) AND g.alert AND a.rep_id IS DISTINCT FROM l.owner
ON CONFLICT (key) DO NOTHING`

	sqlRefuseMerged = `UPDATE decisions SET state = 'refused', code = 'merged', answered_at = now() WHERE lead_id = @loser AND state = 'pending'`
	sqlKeepMerged   = `UPDATE decisions SET unkept = 0 WHERE lead_id = @loser AND unkept > 0`

	// The same moment as the merge's: an undo finds them by it.
	sqlLeaveSequences = `UPDATE sequence_runs SET left_at = now(), why = 'merged' WHERE lead_id = @loser AND left_at IS NULL`
	sqlEndQuestionsOf = `UPDATE confirmations SET ended_at = now() WHERE lead_id = @loser AND ended_at IS NULL`
	sqlMergeVisitors  = `UPDATE visitors SET lead_id = @into WHERE lead_id = @loser`
	sqlMergeHeirs     = `UPDATE visitors SET heir_id = @into WHERE heir_id = @loser`
	sqlMergeTouches   = `INSERT INTO touches (lead_id, at, source) SELECT @into, at, source FROM (
	SELECT created_at AS at, source FROM leads WHERE id = @loser UNION ALL SELECT at, source FROM touches WHERE lead_id = @loser
) AS came WHERE source <> '{}' ORDER BY at RETURNING id`
)

// end ends what is open of the one that is no more, and gives away what the other goes on with.
func (g *merging) end(ctx context.Context) error {
	args, j := g.args(), &g.report.Joined
	args["leads"], args["cycle"] = []string{g.LeadID, g.Into}, g.into.Cycle
	args["took_email"], args["took_external"] = g.changed.Email, g.changed.ExternalID
	for _, sql := range []string{sqlLockDeliveries, sqlStillTold, sqlFreeMerged, sqlKeepMerged} {
		if _, err := g.tx.Exec(ctx, sql, args); err != nil {
			return err
		}
	}
	lanes, err := pgx.CollectRows(query(ctx, g.tx, sqlEndUnsent, args), pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, lane := range lanes {
		if lane == "bulk" {
			j.MailsEnded++
		} else {
			j.AlertsEnded++
		}
	}
	offers, err := pgx.CollectRows(query(ctx, g.tx, sqlWithdrawMerged, args), pgx.RowTo[string])
	if err != nil {
		return err
	}
	j.OffersEnded = len(offers)
	if args["offers"], err = g.hadIt(offers); err != nil {
		return err
	}
	visitors, err := g.tx.Exec(ctx, sqlMergeVisitors, args)
	if err != nil {
		return err
	}
	refused, err := g.tx.Exec(ctx, sqlRefuseMerged, args)
	if err != nil {
		return err
	}
	j.Visitors, j.Refused = int(visitors.RowsAffected()), int(refused.RowsAffected())
	if g.changed.Touches, err = pgx.CollectRows(query(ctx, g.tx, sqlMergeTouches, args), pgx.RowTo[int64]); err != nil {
		return err
	}
	for _, sql := range []string{sqlTellMerged, sqlMergeHeirs, sqlLeaveSequences, sqlEndQuestionsOf, sqlBringAlong, sqlEndMerged} {
		if _, err := g.tx.Exec(ctx, sql, args); err != nil {
			return err
		}
	}
	return nil
}

// hadIt are the offers whose reps are told: those that were open, and that of who is at work.
func (g *merging) hadIt(open []string) ([]string, error) {
	before, err := projectionOf(g.loser.Before)
	if err != nil || farWithSales(g.loser.Stage) == 0 || before.AssignmentID == nil {
		return orNone(open), err
	}
	return append(open, *before.AssignmentID), nil
}
