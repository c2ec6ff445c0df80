package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const costColumns = `id::text AS id, source_code AS source, campaign, from_day::text AS "from", to_day::text AS "to", amount::text AS amount, currency, note, created_at`

const (
	sqlCosts = `SELECT ` + costColumns + ` FROM costs WHERE (created_at, id) < (@at, @after::uuid) ORDER BY created_at DESC, id DESC LIMIT @rows`

	// The same days again replace what was said of them.
	settingCost = `INSERT INTO costs (id, source_code, campaign, from_day, to_day, amount, currency, note)
VALUES (@id, @source, @campaign, @from::date, @to::date, @amount::numeric, @currency, @note)
ON CONFLICT ON CONSTRAINT costs_once DO UPDATE SET amount = EXCLUDED.amount, note = EXCLUDED.note
RETURNING `

	sqlSetCost  = settingCost + costColumns
	sqlTakeCost = settingCost + `xmax = 0`

	sqlRemoveCost = `DELETE FROM costs WHERE id = @id`
)

// Costs lists what sources cost, what was said last first.
func (s *Store) Costs(ctx context.Context, cursor string, limit int) (record.Page[record.Cost], error) {
	const op = "list costs"
	none := record.Page[record.Cost]{}
	after, err := markOf(op, cursor, newest)
	if err != nil || !isID(after.ID) {
		return none, errCursor
	}
	rows, _ := s.pool.Query(ctx, sqlCosts, pgx.NamedArgs{"at": after.At, "after": after.ID, "rows": pageSize(limit) + 1})
	items, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.Cost])
	if err != nil {
		return none, masked(op, err)
	}
	return pageOf(items, limit, func(c record.Cost) string { return sealed(op, mark{c.CreatedAt, c.ID}.text()) }), nil
}

// SetCost says what a source or campaign cost over some days; the same source, campaign, days and currency again replace it.
func (s *Store) SetCost(ctx context.Context, c record.Cost) (out record.Cost, err error) {
	err = s.tx(ctx, "set cost", func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, sqlSetCost, costArgs(c))
		out, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Cost])
		return err
	})
	return out, err
}

func costArgs(c record.Cost) pgx.NamedArgs {
	return pgx.NamedArgs{
		"id": newID(), "source": c.Source, "campaign": c.Campaign, "from": c.From, "to": c.To, "amount": c.Amount, "currency": c.Currency, "note": c.Note,
	}
}

// SetCosts says all of them, or none. It answers how many had not been said before: the others replace what was.
func (s *Store) SetCosts(ctx context.Context, costs []record.Cost) (added int, err error) {
	err = s.tx(ctx, "set costs", func(tx pgx.Tx) error {
		added = 0
		b := &pgx.Batch{}
		for _, c := range costs {
			b.Queue(sqlTakeCost, costArgs(c)).QueryRow(func(row pgx.Row) error {
				var first bool
				err := row.Scan(&first)
				if first {
					added++
				}
				return err
			})
		}
		return tx.SendBatch(ctx, b).Close()
	})
	return added, err
}

// RemoveCost takes back what was said. record.ErrNotFound.
func (s *Store) RemoveCost(ctx context.Context, id string) error {
	if !isID(id) {
		return record.ErrNotFound
	}
	return s.tx(ctx, "remove cost", func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sqlRemoveCost, pgx.NamedArgs{"id": id})
		if err == nil && tag.RowsAffected() == 0 {
			return record.ErrNotFound
		}
		return err
	})
}
