package store

import "github.com/jackc/pgx/v5"

// A row is decided once. The cells of what became a lead are people's data that nobody needs twice.
const sqlDecideRows = `UPDATE import_rows r SET state = d.state, lead_id = d.lead_id, cells = '{}', keys = '{}', before = d.before::jsonb,
	repeated = EXISTS (SELECT 1 FROM import_rows o WHERE o.lead_id = d.lead_id AND o.import_id = @import::uuid)
FROM unnest(@rows::int[], @states::text[], @leads::uuid[], @before::text[]) AS d (row, state, lead_id, before)
WHERE r.import_id = @import AND r.row = d.row AND r.state = 'pending'
RETURNING r.row, r.repeated`

// decide queues what became of the rows. What is not decided then was not to be decided here any more, and nothing of the
// captures must stay. The import is held.
func (r *captureRows) decide(b *pgx.Batch, decided *int) {
	n := len(r.all)
	if n == 0 {
		return
	}
	rows, states, leads, befores := make([]int, n), make([]string, n), make([]string, n), make([]*string, n)
	place := make(map[int]int, n)
	for i, ch := range r.all {
		rows[i], states[i], leads[i] = ch.c.Row.Row, r.out[ch.at].Outcome(), ch.lead.ID
		if before := ch.before(r.w); before != nil {
			befores[i] = jsonText(before)
		}
		place[rows[i]] = ch.at
	}
	b.Queue(sqlDecideRows, pgx.NamedArgs{"import": r.ref.ImportID, "rows": rows, "states": states, "leads": leads, "before": befores}).Query(func(found pgx.Rows) error {
		var row int
		var repeated bool
		_, err := pgx.ForEachRow(found, []any{&row, &repeated}, func() error {
			r.out[place[row]].Repeated = repeated
			*decided++
			return nil
		})
		return err
	})
}
