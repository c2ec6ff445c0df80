package store

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const sqlOutcomes = `SELECT o.id::text AS id, o.lead_id::text AS lead_id, o.cycle, o.kind, o.at, o.rep_id::text AS rep_id, o.reason,
	o.amount::text AS amount, o.currency, o.one_thing, o.missing,
	EXISTS (SELECT FROM questions q WHERE q.lead_id = o.lead_id AND q.kind = o.kind AND q.cycle = o.cycle AND q.answered_at IS NOT NULL) AS answered,
	o.duplicate_of::text AS duplicate_of, o.assignment_id::text AS assignment_id, o.model_version, o.score, o.rules
FROM outcomes o WHERE (o.at, o.id) < (@at, @after::bigint) AND (@kind = '' OR o.kind = @kind) ORDER BY o.at DESC, o.id DESC LIMIT @rows`

// Outcomes lists how offers and cycles ended, newest first, with the score of the moment at which the lead was offered.
func (s *Store) Outcomes(ctx context.Context, kind, cursor string, limit int) (record.Page[record.Outcome], error) {
	const op = "list outcomes"
	none := record.Page[record.Outcome]{}
	after, err := markOf(op, cursor, mark{At: newest.At, ID: strconv.Itoa(math.MaxInt64)})
	number, numErr := strconv.ParseInt(after.ID, 10, 64)
	if err != nil || numErr != nil {
		return none, errCursor
	}
	rows, _ := s.pool.Query(ctx, sqlOutcomes, pgx.NamedArgs{"at": after.At, "after": number, "kind": kind, "rows": pageSize(limit) + 1})
	items, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.Outcome])
	if err != nil {
		return none, masked(op, err)
	}
	return pageOf(items, limit, func(o record.Outcome) string {
		return sealed(op, mark{o.At.UTC().Truncate(time.Microsecond), o.ID}.text())
	}), nil
}
