package store

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// Test mails are counted one request after the other: two at once must not have the same room.
const sqlLockTests = `SELECT pg_advisory_xact_lock(hashtext('leadflow test mails'))`

const sqlTestsLately = `SELECT count(*)::int FROM deliveries WHERE kind = 'test' AND created_at > now() - interval '1 hour'`

// A test goes in the lane of alerts: who waits for it looks at a screen, and ten thousand mails may be queued in the other.
const sqlQueueTest = `INSERT INTO deliveries (id, key, lane, channel, kind, lead_id, sequence, sequence_version, step, payload)
SELECT @delivery::uuid, @key::text, 'alert', 'mail', 'test', l.id, @sequence, @version, @step, jsonb_build_object('to', @to::text)
FROM leads l WHERE l.id = @lead AND l.stage <> 'erased'
RETURNING id`

// SendTests queues mails of a sequence for somebody of the house. They count for nothing: not as sent to the lead, not for its
// score, not at a bounce. The ids are those of the ledger, in the order of the steps; record.ErrTooMany when the house sent
// record.TestsAnHour in the last hour.
func (s *Store) SendTests(ctx context.Context, m record.TestMail) ([]string, error) {
	const op = "send test mails"
	var ids []string
	err := s.tx(ctx, op, func(tx pgx.Tx) error {
		ids = nil
		if _, err := tx.Exec(ctx, sqlLockTests); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, sqlTestsLately)
		lately, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
		if err != nil {
			return err
		}
		if lately+len(m.Steps) > record.TestsAnHour {
			return record.ErrTooMany
		}
		for _, step := range m.Steps {
			delivery := newID()
			rows, _ := tx.Query(ctx, sqlQueueTest, pgx.NamedArgs{
				"delivery": delivery, "key": "test/" + delivery, "lead": m.LeadID, "sequence": m.Sequence, "version": m.Version, "step": step, "to": m.To,
			})
			id, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	return ids, err
}

// testTo is whom a test mail goes to.
func testTo(payload json.RawMessage) string {
	var p struct {
		To string `json:"to"`
	}
	_ = json.Unmarshal(payload, &p) // unreadable: to nobody, which no server takes
	return p.To
}
