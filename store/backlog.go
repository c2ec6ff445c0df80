package store

import (
	"context"
	"time"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Every part reads an index that holds only what waits, so that it costs little however large the tables are.
const sqlBacklog = `SELECT
	(SELECT count(*) FROM outbox),
	(SELECT greatest(0, coalesce(extract(epoch FROM now() - min(CASE WHEN import_id IS NULL THEN created_at ELSE not_before END)), 0))::float8
		FROM outbox WHERE not_before < 'infinity'), -- starts that imports hold back are not late
	(SELECT count(*) FROM decisions WHERE state = 'pending'),
	(SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 FROM decisions WHERE state = 'pending'),
	(SELECT coalesce(jsonb_object_agg(lane, n), '{}') FROM (
		SELECT lane, count(*) AS n FROM deliveries
		WHERE open AND state = 'queued' AND not_before <= now() GROUP BY lane) AS d),
	(SELECT count(*) FROM deliveries WHERE unsent = 'unknown'),
	(SELECT coalesce(jsonb_object_agg(state, n), '{}') FROM (
		SELECT state, count(*) AS n FROM imports WHERE state IN ('queued', 'running', 'undoing') GROUP BY state) AS i),
	(SELECT coalesce(extract(epoch FROM now() - min(sla_due_at)), 0)::float8 FROM leads
		WHERE stage = 'handoff' AND sla_state = 'running' AND sla_due_at < now()),
	(SELECT count(*) FROM timeline WHERE kind = 'given_up' AND at > now() - interval '7 days'),
	(SELECT coalesce(jsonb_object_agg(lane, why), '{}') FROM lanes WHERE held_at IS NOT NULL),
	(SELECT coalesce(extract(epoch FROM now() - min(turns_at)), 0)::float8 FROM scores WHERE turns_at < now()),
	(SELECT coalesce(sum(greatest(0, total - done)), 0)::bigint FROM rescorings WHERE state = 'running'),
	(SELECT greatest(0, extract(epoch FROM now() - kept_at))::float8 FROM events_kept),
	(SELECT count(*) FROM (SELECT FROM events_default LIMIT 1000) AS beside)`

// Backlog tells what waits.
func (s *Store) Backlog(ctx context.Context) (record.Backlog, error) {
	var b record.Backlog
	var outbox, decisions, late, turning, kept float64
	err := s.pool.QueryRow(ctx, sqlBacklog).Scan(&b.Outbox, &outbox, &b.Decisions, &decisions, &b.Due, &b.Unknown, &b.Imports, &late, &b.GivenUp, &b.Held,
		&turning, &b.Rescoring, &kept, &b.EventsBeside)
	b.OutboxOldest, b.DecisionsOldest, b.SLALate = seconds(outbox), seconds(decisions), seconds(late)
	b.ScoresLate, b.EventsKept = seconds(turning), seconds(kept)
	return b, masked("backlog", err)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
