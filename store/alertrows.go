package store

import (
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// The first so many of them are born claimed, and only those are answered.
const sqlAlertMails = `WITH mails AS (INSERT INTO deliveries AS d (id, key, lane, channel, kind, lead_id, cycle, assignment_id, rep_id, at_least_once, payload,
	state, attempts, claimed_until)
SELECT gen_random_uuid(), key || '/mail', 'alert', 'mail', kind, lead, cycle, assignment, rep, true, payload::jsonb,
	CASE WHEN goes THEN 'claimed' ELSE 'queued' END, goes::int, CASE WHEN goes THEN now() + @lease::interval END
FROM (SELECT m.*, m.n <= @claims AND l.held_at IS NULL AS goes FROM lanes l CROSS JOIN unnest(@keys::text[], @kinds::text[], @leads::uuid[], @cycles::int[],
	@assignments::uuid[], @reps::uuid[], @payloads::text[]) WITH ORDINALITY AS m (key, kind, lead, cycle, assignment, rep, payload, n)
	WHERE l.lane = 'alert') AS a
ON CONFLICT (key) DO NOTHING RETURNING ` + claimColumns + `) SELECT * FROM mails WHERE attempts = 1`

// mailRows are mails to reps, column by column.
type mailRows struct {
	keys, kinds, leads, assignments, reps, payloads []string
	cycles                                          []int
}

// tellReps queues the deliveries of what was decided: a mail to each rep but those who took their lead themselves, and a webhook
// to every subscriber. Those of the first are handed over, and others go as soon as they are claimed.
func tellReps(b *pgx.Batch, h *handing, alerts []alert) error {
	var r mailRows
	now := time.Now().UTC().Truncate(time.Second)
	for _, a := range alerts {
		if a.kind == "claimed" || a.due != nil { // what is late goes by itself
			continue
		}
		letter, err := json.Marshal(a.letter(now))
		if err != nil {
			return err
		}
		r.keys, r.kinds, r.leads, r.cycles = append(r.keys, a.key), append(r.kinds, a.kind), append(r.leads, a.LeadID), append(r.cycles, a.Cycle)
		r.assignments, r.reps, r.payloads = append(r.assignments, a.AssignmentID), append(r.reps, a.RepID), append(r.payloads, string(letter))
	}
	if len(r.keys) > 0 {
		b.Queue(sqlAlertMails, h.claim(pgx.NamedArgs{
			"keys": r.keys, "kinds": r.kinds, "leads": r.leads, "cycles": r.cycles, "assignments": r.assignments, "reps": r.reps, "payloads": r.payloads,
		}, record.LaneAlert, len(r.keys))).Query(h.made)
	}
	for i, a := range alerts {
		if a.unheard && a.due == nil {
			continue
		}
		a.noMail = a.due == nil
		if i > 0 { // a worker is reserved once a transaction
			h = nil
		}
		if err := tellSales(b, h, a); err != nil {
			return err
		}
	}
	return nil
}
