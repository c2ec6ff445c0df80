package chaos

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// plants are damages, each in rows that the storm left behind, and what must be noticed of it.
var plants = []struct{ notice, sql string }{
	{"a lead is lost on the way", `UPDATE leads SET stage = 'nurturing' WHERE id = (SELECT id FROM leads WHERE stage = 'working' LIMIT 1)`},
	{"a lead has neither owner nor queue", `UPDATE leads SET owner = NULL WHERE id = (SELECT id FROM leads WHERE stage = 'working' LIMIT 1)`},
	{"a lead that ended has nobody's word for it", `UPDATE leads SET stage = 'won' WHERE id = (SELECT id FROM leads WHERE stage = 'working' LIMIT 1)`},
	{"a lead has a rep where it should have none", `UPDATE leads SET owner = (SELECT id FROM reps LIMIT 1) WHERE id = (SELECT id FROM leads WHERE stage = 'dormant' LIMIT 1)`},
	{"an offer is open of which its lead knows nothing", `UPDATE assignments SET state = 'offered', decided_at = NULL WHERE id = (SELECT id FROM assignments WHERE state = 'rejected' LIMIT 1)`},
	{"a lead has two", `WITH again AS (INSERT INTO assignments (id, key, lead_id, cycle, n, rep_id, state, offered_at, decided_at)
		SELECT gen_random_uuid(), key || '/again', lead_id, cycle, n + 50, (SELECT id FROM reps r WHERE r.id <> a.rep_id LIMIT 1), 'accepted', now(), now()
		FROM assignments a WHERE state = 'accepted' AND EXISTS (SELECT FROM leads l WHERE l.assignment_id = a.id AND l.stage = 'working') LIMIT 1 RETURNING id, lead_id)
		INSERT INTO timeline (lead_id, at, kind, actor_type, cycle, of_run, assignment_id, data) SELECT lead_id, now(), 'accepted', 'rep', 1, true, id, '{"outcome": "accepted"}' FROM again`},
	{"two offers of a lead were open at once", `UPDATE assignments SET decided_at = now() + interval '1 minute' WHERE id = (SELECT a.id FROM assignments a JOIN assignments b ON b.lead_id = a.lead_id AND b.n > a.n
		WHERE a.state IN ('rejected', 'missed') AND b.state <> 'withdrawn' LIMIT 1)`},
	{"an assignment ended twice", `INSERT INTO timeline (lead_id, at, kind, actor_type, cycle, of_run, assignment_id, data)
		SELECT lead_id, at, kind, actor_type, cycle, true, assignment_id, data FROM timeline WHERE of_run AND data ->> 'outcome' = 'rejected' LIMIT 1`},
	{"a rep had more than they may", `UPDATE reps SET capacity = capacity - 1 WHERE capacity IS NOT NULL`}, // somebody was full
	{"a rep had more than they may", `WITH twin AS (SELECT a.*, gen_random_uuid() AS twin FROM assignments a JOIN reps r ON r.id = a.rep_id WHERE r.capacity IS NOT NULL AND a.state = 'accepted'
			AND a.key LIKE '%/offer/%' LIMIT 1), more AS (
		INSERT INTO assignments (id, key, lead_id, cycle, n, rep_id, state, offered_at, decided_at)
		SELECT gen_random_uuid(), l.id || '/more', l.id, 9, 1, t.rep_id, 'accepted', t.offered_at - interval '1 second', t.offered_at FROM twin t CROSS JOIN (SELECT id FROM leads LIMIT 50) AS l RETURNING 1)
		SELECT count(*) FROM more`},
	{"a rep's leads were miscounted", `UPDATE routings r SET candidates = (SELECT jsonb_agg(CASE WHEN c ? 'open' THEN jsonb_set(c, '{open}', '-1000') ELSE c END) FROM jsonb_array_elements(r.candidates) c)
		WHERE id IN (SELECT max(id) FROM routings GROUP BY rep_id)`},
	{"a rep was given more in a day than they may", `UPDATE reps r SET per_day = 0 WHERE per_day IS NOT NULL AND EXISTS (SELECT FROM assignments a WHERE a.rep_id = r.id AND a.state <> 'withdrawn')`},
	{"a turn was skipped or doubled", `DELETE FROM routings WHERE id = (SELECT id FROM routings WHERE turn = 2 LIMIT 1)`},
	{"a turn was skipped or doubled", `UPDATE routings SET turn = 3 WHERE id = (SELECT id FROM routings WHERE turn = 2 LIMIT 1)`},
	{"a turn was skipped or doubled", `UPDATE routing_pools SET turns = turns + 1 WHERE name = 'everybody' OR turns > 0`},
	{"turns are not in the order of decisions", `UPDATE routings SET at = at + interval '1 hour' WHERE id = (SELECT id FROM routings WHERE turn = 1 LIMIT 1)`},
	{"a choice is not the ledger's", `UPDATE routings SET rep_id = (SELECT id FROM reps r WHERE r.id <> routings.rep_id LIMIT 1) WHERE id = (SELECT id FROM routings WHERE rep_id IS NOT NULL LIMIT 1)`},
	{"a choice is not the ledger's", `DELETE FROM routings WHERE id = (SELECT id FROM routings WHERE rep_id IS NOT NULL AND key LIKE '%/offer/%' LIMIT 1)`},
	{"a clock of an offer that was missed did not fire", `DELETE FROM timeline WHERE id = (SELECT t.id FROM timeline t JOIN assignments a ON a.id = t.assignment_id WHERE a.state = 'missed' AND a.reason = 'accept_reassign' AND t.why = 'accept_due' LIMIT 1)`},
	{"a clock fired early, or twice", `UPDATE timeline SET at = at - interval '1 hour' WHERE id = (SELECT id FROM timeline WHERE why = 'accept_due' LIMIT 1)`},
	{"an offer ended before its clock, and nobody decided", `UPDATE assignments SET decided_at = offered_at WHERE id = (SELECT id FROM assignments WHERE state = 'missed' AND reason = 'accept_reassign' LIMIT 1)`},
	{"a reminder was not written", `WITH later AS (UPDATE assignments SET decided_at = decided_at + interval '1 hour' WHERE state <> 'offered' RETURNING 1) DELETE FROM deliveries WHERE kind = 'reminder'`},
	{"nobody called, and the clock neither fired nor runs", `WITH one AS (SELECT id FROM leads WHERE stage = 'working' LIMIT 1), untold AS (DELETE FROM timeline WHERE lead_id IN (SELECT id FROM one) AND why LIKE 'first_touch_%')
		DELETE FROM events WHERE type = 'call' AND lead_id IN (SELECT id FROM one)`},
	{"a lead rests and no clock of it runs", `UPDATE leads SET state = jsonb_set(state, '{lead,clocks}', '[]') WHERE id = (SELECT id FROM leads WHERE stage = 'dormant' LIMIT 1)`},
	{"a lead rests and no clock of it runs", `UPDATE leads SET next_at = NULL WHERE id = (SELECT id FROM leads WHERE stage = 'working' LIMIT 1)`},
	{"a deadline has passed and nobody looked", `UPDATE leads SET next_at = now() - interval '1 hour' WHERE id = (SELECT id FROM leads WHERE stage = 'working' LIMIT 1)`},
	{"a decision has no answer", `UPDATE decisions SET state = 'pending', answered_at = NULL WHERE id = (SELECT id FROM decisions WHERE state = 'applied' LIMIT 1)`},
	{"both of two decisions about one offer took effect", `WITH both_of AS (SELECT t.lead_id, t.assignment_id, t.at, d.id AS accepted, gen_random_uuid() AS rejected FROM timeline t JOIN decisions d ON d.id = (t.data ->> 'decision_id')::uuid
			WHERE t.of_run AND t.kind = 'accepted' LIMIT 1), decided AS (
		INSERT INTO decisions (id, lead_id, kind, body, fingerprint, rep_id, state) SELECT b.rejected, b.lead_id, 'reject', d.body, d.fingerprint, d.rep_id, 'applied' FROM both_of b JOIN decisions d ON d.id = b.accepted)
		INSERT INTO timeline (lead_id, at, kind, actor_type, cycle, of_run, assignment_id, data) SELECT lead_id, at, 'rejected', 'rep', 1, true, assignment_id, jsonb_build_object('decision_id', rejected) FROM both_of`},
}

// plantInLedger shows of each question that it is answered otherwise once the damage is there. All of it is taken back.
func (h *House) plantInLedger(t *testing.T) {
	t.Helper()
	planted := map[string]bool{}
	for _, p := range plants {
		planted[p.notice] = true
		h.planting(t, func(tx pgx.Tx) {
			tag, err := tx.Exec(t.Context(), p.sql)
			require.NoError(t, err, p.sql)
			require.Positive(t, tag.RowsAffected(), "nothing to damage: %s", p.sql)
			wrong, err := Ask(t.Context(), tx, p.notice)
			require.NoError(t, err)
			require.Contains(t, wrong, p.notice, p.sql)
		})
	}
	for _, q := range questions {
		require.True(t, planted[q.what], "nothing is planted for: %s", q.what)
	}
	var accepted heard
	require.NoError(t, h.pool.QueryRow(t.Context(), "SELECT lead_id::text, 'reject', id::text FROM assignments WHERE state = 'accepted' LIMIT 1").Scan(&accepted.lead, &accepted.kind, &accepted.assignment))
	for _, lie := range []heard{accepted, {accepted.lead, "accept", "00000000-0000-0000-0000-000000000000"}} {
		kept, err := (&Sales{heard: []heard{lie}}).Kept(t.Context(), h.pool)
		require.NoError(t, err)
		require.NotEmpty(t, kept, "%v", lie)
	}
	wrong, err := Ask(t.Context(), h.pool)
	require.NoError(t, err)
	require.Empty(t, wrong)
}

// planting damages and takes it back.
func (h *House) planting(t *testing.T, damage func(pgx.Tx)) {
	t.Helper()
	tx, err := h.pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback(t.Context())) }()
	damage(tx)
}
