package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/funnel"
)

// A run dates the stages of its cycles itself; before it began there was the capture.
const sqlStageFacts = `SELECT lead_id || '/' || cycle AS subject, to_stage AS step, min(at) AS at FROM timeline
WHERE to_stage IS DISTINCT FROM from_stage AND to_stage IS NOT NULL GROUP BY lead_id, cycle, to_stage
UNION ALL SELECT id || '/1', 'captured', created_at FROM leads`

// StageFacts tells when each cycle of each lead first entered each stage, by the clock of its run. The subject is
// <lead>/<cycle>, the step the stage.
func (s *Store) StageFacts(ctx context.Context) ([]funnel.Fact, error) {
	rows, _ := s.pool.Query(ctx, sqlStageFacts)
	facts, err := pgx.CollectRows(rows, pgx.RowToStructByName[funnel.Fact])
	return facts, masked("read stage facts", err)
}

const sqlEventFacts = `SELECT lead_id::text AS subject, properties ->> @property::text AS step, min(occurred_at) AS at FROM events
WHERE lead_id IS NOT NULL AND voided_at IS NULL AND properties ->> @property::text = ANY(@steps::text[]) GROUP BY 1, 2`

// EventFacts tells when events that name a step in one of their properties happened, by their own time and not by their
// arrival. The subject is the lead. It reads all events.
func (s *Store) EventFacts(ctx context.Context, property string, steps []string) ([]funnel.Fact, error) {
	rows, _ := s.pool.Query(ctx, sqlEventFacts, pgx.NamedArgs{"property": property, "steps": steps})
	facts, err := pgx.CollectRows(rows, pgx.RowToStructByName[funnel.Fact])
	return facts, masked("read event facts", err)
}
