package chaos

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// question is something that must hold after the storm: each row of its answer is a case where it does not, told in one column.
type question struct{ what, sql string }

// When each assignment began and ended to be somebody's. It begins when the routing ledger has it, under the locks it was decided under.
// Where a person decided who gets it, it counts a second after the run had it: who is chosen at that very moment may not know of it yet.
// It ends with the task whose end of it is on the timeline, at the earliest: until that is kept the place is held (decision 67).
const holdings = `ends AS (
	SELECT lead_id, assignment_id, from_stage, to_stage, at, kind, data ->> 'outcome' AS what FROM timeline WHERE of_run AND NOT data ? 'refused'
), outcome AS (
	SELECT assignment_id, what, min(at) AS at, count(*) AS times FROM ends WHERE assignment_id IS NOT NULL AND what IS NOT NULL GROUP BY 1, 2
), ended AS (
	SELECT assignment_id, min(at) FILTER (WHERE what = 'accepted') AS accepted, min(at) FILTER (WHERE what <> 'accepted') AS at
	FROM outcome WHERE what IN ('accepted', 'rejected', 'missed', 'withdrawn') GROUP BY 1
), gone AS (
	SELECT a.id, min(t.at) AS at FROM assignments a JOIN ends t ON t.lead_id = a.lead_id AND t.at >= a.offered_at
		AND t.from_stage IN ('handoff', 'working', 'opportunity') AND t.to_stage NOT IN ('handoff', 'working', 'opportunity') GROUP BY 1
), later AS (
	SELECT a.id, min(least(t.at, b.offered_at)) AS at FROM assignments a JOIN assignments b ON b.lead_id = a.lead_id AND b.cycle = a.cycle AND b.n > a.n AND b.state <> 'withdrawn'
		JOIN ends t ON t.assignment_id = b.id GROUP BY 1
), holding AS (
	SELECT a.id, a.lead_id, a.cycle, a.n, a.rep_id, a.state, CASE WHEN a.key LIKE '%/claim/%' THEN a.offered_at ELSE r.at END AS judged,
		coalesce(r.at, ended.accepted + interval '1 second', a.offered_at + interval '1 second') AS since,
		least(CASE WHEN a.state = 'withdrawn' THEN a.decided_at END, ended.at, gone.at, later.at, 'infinity') AS until
	FROM assignments a LEFT JOIN routings r ON r.lead_id = a.lead_id AND r.key = a.key AND r.rep_id = a.rep_id
		LEFT JOIN ended ON ended.assignment_id = a.id LEFT JOIN gone ON gone.id = a.id LEFT JOIN later ON later.id = a.id
)`

// questions, in the order of what must hold.
var questions = []question{
	{"a lead is lost on the way", `SELECT format('lead %s is %s', id, stage) FROM leads WHERE stage IN ('captured', 'nurturing', 'handoff')
		OR (SELECT count(*) FROM routings r WHERE r.lead_id = leads.id) = 0`},
	{"a lead has neither owner nor queue", `SELECT format('lead %s is %s and has nobody', id, stage) FROM leads WHERE stage IN ('working', 'opportunity') AND owner IS NULL
		OR stage = 'qualified' AND state -> 'lead' ->> 'asking' IS NULL AND next_kind <> 'retry' AND (SELECT count(*) FROM assignments a WHERE a.lead_id = leads.id) = 0`},
	{"a lead that ended has nobody's word for it", `SELECT format('lead %s is %s', id, stage) FROM leads l WHERE stage IN ('won', 'lost', 'dormant', 'disqualified') AND NOT EXISTS (
		SELECT FROM timeline t JOIN decisions d ON d.id = (t.data ->> 'decision_id')::uuid AND d.state = 'applied' WHERE t.lead_id = l.id AND t.of_run AND t.to_stage = l.stage)`},
	{"a lead has a rep where it should have none", `SELECT format('lead %s is %s and %s has it', id, stage, owner) FROM leads WHERE stage IN ('qualified', 'dormant', 'lost', 'disqualified') AND owner IS NOT NULL`},
	{"an offer is open of which its lead knows nothing", `SELECT format('assignment %s of lead %s', a.id, a.lead_id) FROM assignments a JOIN leads l ON l.id = a.lead_id
		WHERE a.state = 'offered' AND (l.stage <> 'handoff' OR l.assignment_id <> a.id OR l.owner <> a.rep_id)`},
	{"a lead has two", `WITH taken AS (SELECT a.id, a.lead_id, min(t.id) AS at FROM assignments a JOIN timeline t ON t.lead_id = a.lead_id AND t.assignment_id = a.id
			AND t.of_run AND (t.kind = 'assigned' OR t.data ->> 'outcome' = 'accepted') GROUP BY 1, 2)
		SELECT format('lead %s: assignment %s was taken while %s was', b.lead_id, b.id, a.id) FROM taken a JOIN taken b ON b.lead_id = a.lead_id AND b.at > a.at
		WHERE NOT EXISTS (SELECT FROM timeline t WHERE t.lead_id = a.lead_id AND t.of_run AND t.id > a.at AND t.id <= b.at
			AND (t.kind = 'assigned' AND t.assignment_id = b.id OR t.from_stage IN ('working', 'opportunity') AND t.to_stage NOT IN ('working', 'opportunity')))`},
	{"two offers of a lead were open at once", `WITH ` + holdings + ` SELECT format('lead %s: %s and %s', a.lead_id, a.id, b.id) FROM holding a JOIN holding b ON b.lead_id = a.lead_id AND b.cycle = a.cycle AND b.n > a.n
		JOIN assignments x ON x.id = a.id JOIN assignments y ON y.id = b.id
		WHERE x.state IN ('rejected', 'missed') AND x.decided_at > y.offered_at + interval '1 second' AND y.state <> 'withdrawn'`},
	{"an assignment ended twice", `WITH ` + holdings + ` SELECT format('assignment %s: %s', assignment_id, string_agg(what || ' ' || times, ', ')) FROM outcome
		GROUP BY assignment_id HAVING sum(times) > 1 AND string_agg(what, ' ' ORDER BY at) NOT IN ('accepted missed') OR max(times) > 1`},
	{"a rep had more than they may", `WITH ` + holdings + ` SELECT format('rep %s was given %s at %s, and had %s of %s', d.rep_id, d.id, d.judged, count(h.id), r.capacity)
		FROM holding d JOIN reps r ON r.id = d.rep_id LEFT JOIN holding h ON h.rep_id = d.rep_id AND h.id <> d.id AND h.since <= d.judged
			AND h.until > d.judged + CASE WHEN d.judged = d.since THEN interval '0' ELSE interval '1 second' END
		WHERE d.judged IS NOT NULL GROUP BY d.rep_id, d.id, d.judged, r.capacity HAVING count(h.id) >= r.capacity
		UNION ALL SELECT format('rep %s was chosen at %s, who had %s of %s', r.rep_id, r.at, c ->> 'open', p.capacity) FROM routings r JOIN reps p ON p.id = r.rep_id CROSS JOIN jsonb_array_elements(r.candidates) c
		WHERE c ->> 'rep_id' = r.rep_id::text AND c ->> 'pool' = r.pool AND (c ->> 'open')::int >= p.capacity`},
	{"a rep's leads were miscounted", `WITH ` + holdings + ` SELECT format('rep %s had %s at %s, and %s were counted', r.rep_id, count(h.id), r.at, c ->> 'open')
		FROM routings r JOIN reps p ON p.id = r.rep_id AND p.capacity IS NOT NULL CROSS JOIN jsonb_array_elements(r.candidates) c JOIN holding h ON h.rep_id = r.rep_id AND h.since < r.at AND h.until > r.at
		WHERE c ->> 'rep_id' = r.rep_id::text AND c ->> 'pool' = r.pool GROUP BY r.id, r.rep_id, r.at, c HAVING count(h.id) > (c ->> 'open')::int`},
	{"a rep was given more in a day than they may", `SELECT format('rep %s: %s of %s', r.id, count(*), r.per_day) FROM assignments a JOIN reps r ON r.id = a.rep_id
		WHERE r.per_day IS NOT NULL AND a.state <> 'withdrawn' AND a.key NOT LIKE '%/claim/%' GROUP BY r.id, r.per_day, (a.offered_at AT TIME ZONE r.time_zone)::date HAVING count(*) > r.per_day`},
	{"a turn was skipped or doubled", `SELECT format('pool %s: %s turns from %s to %s, %s different, the pool says %s', r.pool, count(*), min(turn), max(turn), count(DISTINCT turn), max(p.turns))
		FROM routings r LEFT JOIN routing_pools p ON p.name = r.pool WHERE r.turn IS NOT NULL GROUP BY r.pool
		HAVING min(turn) <> 1 OR max(turn) <> count(*) OR count(DISTINCT turn) <> count(*) OR max(turn) IS DISTINCT FROM max(p.turns)`},
	{"turns are not in the order of decisions", `SELECT format('pool %s: turn %s came at %s, after %s', pool, turn, at, before) FROM (
		SELECT pool, turn, at, lag(at) OVER (PARTITION BY pool ORDER BY turn) AS before FROM routings WHERE turn IS NOT NULL) AS t WHERE before > at`},
	{"a choice is not the ledger's", `SELECT format('assignment %s is to %s', a.id, a.rep_id) FROM assignments a WHERE a.key LIKE '%/offer/%'
		AND NOT EXISTS (SELECT FROM routings r WHERE r.lead_id = a.lead_id AND r.key = a.key AND r.rep_id = a.rep_id)
		UNION ALL SELECT format('routing %s of lead %s made no assignment', r.id, r.lead_id) FROM routings r WHERE r.rep_id IS NOT NULL
		AND NOT EXISTS (SELECT FROM assignments a WHERE a.key = r.key AND a.rep_id = r.rep_id)
		UNION ALL SELECT format('lead %s was decided twice: %s', lead_id, key) FROM routings WHERE rep_id IS NOT NULL GROUP BY lead_id, key HAVING count(*) > 1`},
	{"a clock of an offer that was missed did not fire", `SELECT format('assignment %s, %s of %s', a.id, k ->> 'level', k ->> 'at') FROM assignments a CROSS JOIN jsonb_array_elements(a.clocks) k
		WHERE a.state = 'missed' AND a.reason = 'accept_reassign' AND NOT EXISTS (SELECT FROM timeline t WHERE t.assignment_id = a.id AND t.of_run AND t.kind = 'passed' AND t.why = 'accept_' || (k ->> 'level'))`},
	{"a clock fired early, or twice", `SELECT format('assignment %s, %s at %s, due %s, %s times', a.id, k ->> 'level', min(t.at), k ->> 'at', count(*)) FROM assignments a CROSS JOIN jsonb_array_elements(a.clocks) k
		JOIN timeline t ON t.assignment_id = a.id AND t.of_run AND t.kind = 'passed' AND t.why = 'accept_' || (k ->> 'level')
		GROUP BY a.id, k HAVING count(*) > 1 OR min(t.at) < (k ->> 'at')::timestamptz - interval '1 millisecond'`},
	{"an offer ended before its clock, and nobody decided", `SELECT format('assignment %s missed at %s', a.id, a.decided_at) FROM assignments a CROSS JOIN jsonb_array_elements(a.clocks) k
		WHERE a.state = 'missed' AND a.reason = 'accept_reassign' AND k ->> 'level' = 'reassign' AND a.decided_at < (k ->> 'at')::timestamptz - interval '1 millisecond'`},
	{"a reminder was not written", `SELECT format('assignment %s', t.assignment_id) FROM timeline t WHERE t.of_run AND t.kind = 'passed' AND t.why = 'accept_remind' AND NOT t.data ? 'late'
		AND NOT EXISTS (SELECT FROM deliveries d WHERE d.assignment_id = t.assignment_id AND d.kind = 'reminder')
		AND NOT EXISTS (SELECT FROM assignments a WHERE a.id = t.assignment_id AND (a.decided_at < t.at + interval '30 seconds' OR a.away_told))`},
	{"nobody called, and the clock neither fired nor runs", `SELECT format('lead %s', l.id) FROM leads l JOIN assignments a ON a.id = l.assignment_id WHERE l.stage IN ('working', 'opportunity')
		AND NOT EXISTS (SELECT FROM events e WHERE e.lead_id = l.id AND e.type = 'call' AND e.received_at > a.offered_at)
		AND NOT EXISTS (SELECT FROM timeline t WHERE t.lead_id = l.id AND t.of_run AND t.why LIKE 'first_touch_%' AND t.assignment_id = a.id)
		AND NOT EXISTS (SELECT FROM jsonb_array_elements(l.state -> 'lead' -> 'clocks') k WHERE k ->> 'kind' = 'touch')`},
	{"a lead rests and no clock of it runs", `SELECT format('lead %s is %s', l.id, l.stage) FROM leads l WHERE (l.stage IN ('working', 'opportunity', 'dormant')
		OR l.stage = 'qualified' AND l.next_kind = '' AND (SELECT count(*) FROM assignments a WHERE a.lead_id = l.id) = 0) AND (l.next_at IS NULL OR NOT EXISTS (
			SELECT FROM jsonb_array_elements(l.state -> 'lead' -> 'clocks') k
			WHERE k ->> 'kind' = CASE l.stage WHEN 'dormant' THEN 'cool_down' WHEN 'qualified' THEN 'retry' ELSE 'idle' END AND (k ->> 'at')::timestamptz >= l.next_at - interval '1 millisecond'))`},
	{"a deadline has passed and nobody looked", `SELECT format('lead %s: %s at %s', id, next_kind, next_at) FROM leads WHERE stage NOT IN ('won', 'disqualified') AND next_at < now() - interval '30 seconds'`},
	{"a decision has no answer", `SELECT format('%s of lead %s', kind, lead_id) FROM decisions WHERE state = 'pending'`},
	{"both of two decisions about one offer took effect", `SELECT format('assignment %s', t.assignment_id) FROM timeline t JOIN decisions d ON d.id = (t.data ->> 'decision_id')::uuid AND d.state = 'applied'
		WHERE t.of_run AND t.kind IN ('accepted', 'rejected') GROUP BY t.assignment_id HAVING count(*) > 1`},
}

// querier is a pool, or a transaction in which something was planted.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Ask answers every question, or one; the key is what does not hold.
func Ask(ctx context.Context, q querier, which ...string) (map[string][]string, error) {
	wrong := map[string][]string{}
	for _, one := range questions {
		if len(which) > 0 && !slices.Contains(which, one.what) {
			continue
		}
		rows, _ := q.Query(ctx, one.sql)
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", one.what, err)
		}
		if len(found) > 0 {
			wrong[one.what] = found
		}
	}
	return wrong, nil
}

// sqlHeard are the decisions about an offer that were answered as done and did not take effect. Who accepts an offer that was missed takes the
// lead out of the queue, if it is there.
const sqlHeard = `SELECT format('%s of lead %s was answered as done, assignment %s is %s', h.kind, h.lead, h.assignment, a.state)
FROM unnest($1::text[], $2::text[], $3::text[]) AS h (lead, kind, assignment) LEFT JOIN assignments a ON a.id = h.assignment::uuid
WHERE a.state IS NULL OR CASE h.kind WHEN 'reject' THEN a.state <> 'rejected' ELSE NOT EXISTS (
	SELECT FROM timeline t JOIN assignments x ON x.id = t.assignment_id WHERE t.lead_id = a.lead_id AND t.of_run AND t.data ->> 'outcome' = 'accepted'
		AND (x.id = a.id OR x.rep_id = a.rep_id AND x.key LIKE '%/claim/%')) END`

// Kept asks whether what was answered as done took effect.
func (s *Sales) Kept(ctx context.Context, q querier) ([]string, error) {
	var lead, kind, assignment []string
	for _, h := range s.heard {
		if h.assignment != "" {
			lead, kind, assignment = append(lead, h.lead), append(kind, h.kind), append(assignment, h.assignment)
		}
	}
	rows, _ := q.Query(ctx, sqlHeard, lead, kind, assignment)
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
