package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
)

// mine says that the row of the lead was written by this very transaction.
const mine = `EXISTS (SELECT FROM leads m WHERE m.id = @id AND m.xmin = pg_current_xact_id()::xid)`

const (
	sqlProjectAhead = projected + `
WHERE id = @id AND version < @version AND coalesce(reborn, 0) <= @version AND stage <> 'erased'
	AND CASE WHEN owner IS NOT NULL AND stage IN ` + takesALead + ` THEN owner = @owner::uuid AND @stage IN ` + takesALead + `
		ELSE (SELECT count(*) FROM assignments a WHERE a.lead_id = @id AND a.state = 'accepted' AND a.cycle = leads.cycle AND ` + untold + `) = 0 END RETURNING true`

	sqlTimelineAhead = intoTimeline + `SELECT ` + timelineRow + ` WHERE ` + mine

	// The same as sqlCloseOthers, sqlReopen and sqlMoveDue, which hardly ever find anything, in one statement. Its parts have no order of
	// their own, and two offers are never open: the count has the others closed before one is opened.
	sqlTidyAhead = `WITH others AS (
	UPDATE assignments SET state = 'withdrawn', decided_at = now(), reason = 'withdrawn'
	WHERE NOT @asking::boolean AND lead_id = @id AND state = 'offered' AND id IS DISTINCT FROM @assignment::uuid AND ` + mine + `
	RETURNING id, lead_id, rep_id
), held AS (
	INSERT INTO held_places (lead_id, rep_id, version) SELECT DISTINCT o.lead_id, o.rep_id, @version::bigint FROM others o JOIN reps r ON r.id = o.rep_id
	WHERE r.capacity IS NOT NULL OR r.per_day IS NOT NULL
	` + heldAgain + `
), moved AS (
	UPDATE assignments SET due_at = @due WHERE @waits::boolean AND id = @assignment AND state = 'offered' AND due_at IS DISTINCT FROM @due::timestamptz
		AND @due IS NOT NULL AND ` + mine + `
), opened AS (
	UPDATE assignments SET state = 'offered', decided_at = NULL, reason = '', due_at = coalesce(@due, due_at)
	WHERE @waits::boolean AND id = @assignment AND lead_id = @id AND state <> 'offered' AND ` + mine + ` AND (SELECT count(*) FROM others) >= 0 RETURNING id)
UPDATE deliveries d SET state = 'queued', code = '', not_before = now() FROM opened
WHERE d.assignment_id = opened.id AND d.lead_id = @id AND d.state = 'expired' AND d.code = 'offer_closed'`
)

// timeWent reports that what is told decides nothing and ends no offer: time went by.
func timeWent(c lifecycle.Carried) bool {
	for _, e := range c.Entries {
		if _, outcome := outcomeKinds[e.Kind]; outcome || e.Outcome != "" || e.Decision != "" || e.Kind == lifecycle.Undone {
			return false
		}
	}
	return true
}

// projectAhead tells what is plain in one trip: nothing has to be read first where the version is newer than the one that is
// there. Where it is not, nothing is written, and it reports false: an earlier attempt, or another run, was here, or the lead is its
// owner's no more, whose place is held then.
func (s *Store) projectAhead(ctx context.Context, c lifecycle.Carried) (done bool, err error) {
	args, err := projectArgs(c)
	if err != nil {
		return false, err
	}
	l := c.Lead
	waits := l.Stage == lifecycle.StageHandoff && isID(l.Assignment)
	tidy := pgx.NamedArgs{"id": l.ID, "assignment": assignmentID(l.Assignment), "asking": l.Asking, "waits": waits, "due": nil, "version": l.Version}
	if !l.SLA.DueAt.IsZero() && l.SLA.State == lifecycle.SLARunning {
		tidy["due"] = l.SLA.DueAt
	}
	err = s.exchanged(ctx, "record stage", func(x *exchange) error {
		done = false
		b := &pgx.Batch{}
		b.Queue(sqlPlainPlans)
		b.Queue(sqlProjectAhead, args).Query(func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, []any{&done}, func() error { return nil })
			return err
		})
		queueTimeline(b, sqlTimelineAhead, c)
		b.Queue(sqlTidyAhead, tidy)
		return x.commit(b)
	})
	return done && err == nil, err
}
