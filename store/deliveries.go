package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// inFlight are the rows of a lane that fell due first: those that are claimed, and then such as wait. No index says which are
// claimed, for it would be written for each mail. What was claimed was the first that was due, and so what lies before it is
// claimed as well and ends soon. Only what was handed over while hundreds waited lies behind them: the sweep finds that too.
const inFlight = `(SELECT id, kind, state, claimed_until, at_least_once FROM deliveries
	WHERE lane = @lane AND open AND not_before <= now() ORDER BY not_before LIMIT 500) AS in_flight`

// A row whose lease ran out in claimed never reached DATA and is tried again; one that ran out in sending was cut off
// there: nobody knows whether it left, so it is parked unless it may come twice.
const sqlParkUnknown = `UPDATE deliveries SET state = 'unknown', code = 'sender_lost', claimed_until = NULL
WHERE id = ANY (ARRAY(SELECT id FROM ` + inFlight + ` WHERE state = 'sending' AND claimed_until < now() AND NOT at_least_once))
	AND state = 'sending' AND claimed_until < now() AND NOT at_least_once`

const sqlSweepUnknown = `UPDATE deliveries SET state = 'unknown', code = 'sender_lost', claimed_until = NULL
WHERE open AND state = 'sending' AND claimed_until < now() AND NOT at_least_once`

// claimColumns are of a delivery d what its pool needs of the row itself.
const claimColumns = `d.id, d.key, d.lane, d.channel, d.kind, coalesce(d.lead_id::text, '') AS lead_id, coalesce(d.cycle, 0) AS cycle,
	coalesce(d.sequence, '') AS sequence, coalesce(d.sequence_version, 0) AS version, coalesce(d.step, '') AS step,
	coalesce(d.assignment_id::text, '') AS assignment_id, coalesce(d.rep_id::text, '') AS rep_id,
	coalesce(d.webhook_id::text, '') AS webhook_id, d.attempts, d.at_least_once AS may_repeat, d.created_at, d.failing_since, d.turn_at, d.payload, d.message, coalesce(d.message_id, '') AS message_id`

// A row may have come to be sending since the statement before parked what is: its sender was late, and committed in between.
// The next claim parks it. As an array the rows are found by their keys, where a join may read the whole ledger.
const sqlClaimDeliveries = `UPDATE deliveries d SET state = 'claimed', claimed_until = now() + @lease::interval, attempts = attempts + 1
WHERE d.id = ANY (ARRAY(SELECT id FROM deliveries WHERE lane = @lane AND open AND not_before <= now()
		AND (state = 'queued' OR state IN ('claimed', 'sending') AND claimed_until < now() AND (state = 'claimed' OR at_least_once))
		AND (SELECT held_at IS NULL FROM lanes WHERE lane = @lane) AND (kind <> 'nurture' OR (SELECT coalesce(` + warmRoom + ` > 0, true)))
	ORDER BY not_before LIMIT @rows FOR UPDATE SKIP LOCKED))
RETURNING ` + claimColumns

// A limit nobody knows is a tenth of the table: then Postgres sorts all that is due instead of reading the first of an
// index. Thinking over a claim anew takes less than half a millisecond.
const sqlOwnPlans = `SELECT set_config('plan_cache_mode', 'force_custom_plan', true)`

type claimedRow struct {
	ID           string
	Key          string
	Lane         string
	Channel      string
	Kind         string
	LeadID       string
	Cycle        int
	Sequence     string
	Version      int
	Step         string
	AssignmentID string
	RepID        string
	WebhookID    string
	Attempts     int
	MayRepeat    bool
	CreatedAt    time.Time
	FailingSince *time.Time
	TurnAt       *time.Time
	Payload      json.RawMessage
	Message      []byte
	MessageID    string
}

// ClaimDeliveries takes due rows of a lane by lease, with all their pool needs. A row that cannot be read stays behind
// until its lease is over, and does not keep its neighbours: they come beside the error.
func (s *Store) ClaimDeliveries(ctx context.Context, lane string, limit int, lease time.Duration) ([]record.Delivery, error) {
	var claimed []claimedRow
	err := s.exchanged(ctx, "claim deliveries", func(x *exchange) error {
		b := &pgx.Batch{}
		b.Queue(sqlOwnPlans)
		b.Queue(sqlParkUnknown, pgx.NamedArgs{"lane": lane})
		b.Queue(sqlClaimDeliveries, pgx.NamedArgs{"lane": lane, "rows": limit, "lease": lease, "steps": s.stepsOf(lane)}).Query(func(rows pgx.Rows) (err error) {
			claimed, err = pgx.CollectRows(rows, pgx.RowToStructByName[claimedRow])
			return err
		})
		return x.commit(b)
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(claimed, func(a, b claimedRow) int { return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID)) })
	out, err := s.equip(ctx, claimed...)
	if err == nil {
		err = s.lookAgain(ctx, out)
	}
	if err == nil {
		return s.inTheirHours(ctx, out)
	}
	if len(claimed) == 1 {
		return out, err
	}
	out = out[:0] // one of them: the others need not wait for it
	for _, c := range claimed {
		d, wrong := s.equip(ctx, c)
		if wrong == nil {
			wrong = s.lookAgain(ctx, d)
		}
		if wrong != nil {
			err = wrong
			continue
		}
		out = append(out, d...)
	}
	open, shut := s.inTheirHours(ctx, out)
	return open, errors.Join(err, shut)
}

// stepsOf are the steps of the warm-up, where they are the lane's: sales is told all the same.
func (s *Store) stepsOf(lane string) []int {
	if lane != record.LaneBulk || s.warmUp == nil {
		return []int{}
	}
	return s.warmUp
}

const (
	sqlRepsOfDeliveries = `SELECT r.id::text, r.email, r.name, ` + zoneOfRep + ` FROM reps r WHERE r.id = ANY(@ids::uuid[])`

	// Those before the newest sign as well, for as long as their rotation lasts.
	sqlHooksOfDeliveries = `SELECT id::text, url, secret, format, rep_id::text AS rep_id,
	ARRAY(SELECT w.secret FROM webhook_secrets w WHERE w.webhook_id = webhooks.id AND w.until_at > now() ORDER BY w.until_at DESC, w.secret) AS older_secrets
FROM webhooks WHERE id = ANY(@ids::uuid[]) AND active`

	// What mails show of a lead; what they do not is left out: it costs, and thousands are read.
	sqlLeadsOfDeliveries = `SELECT l.id, l.email, l.external_id, l.profile, l.stage, l.paused, coalesce(s.band, 'cold') AS band,
	coalesce(s.score, 0) AS score, coalesce(s.fit, 0) AS fit, coalesce(s.engagement, 0) AS engagement, coalesce(s.grade, 'D') AS grade,
	s.mql_at, l.cycle, l.cycle_started_at, l.owner, l.team_id, l.assignment_id, NULL::uuid AS assigned_rep, NULL::timestamptz AS offered_at,
	l.sla_due_at, l.sla_state, l.muted, false AS suppressed, l.consent, l.nurture, '{}'::jsonb AS source, l.created_at, l.updated_at,
	l.version, l.reason, NULL::jsonb AS state, NOT coalesce((l.consent ->> 'tracking')::boolean, false)
		AND coalesce((SELECT (document -> 'consent' ->> 'tracking')::boolean FROM policies WHERE active), false) AS untracked, false AS required, false AS unconfirmed
FROM leads l LEFT JOIN scores s ON s.lead_id = l.id WHERE l.id = ANY(@ids::uuid[])`
)

type repOfDelivery struct{ ID, Email, Name, Zone string }

// equipment is what claimed rows need beside themselves.
type equipment struct {
	leads map[string]readRow
	reps  map[string]repOfDelivery
	hooks map[string]record.Webhook
}

// equip gives claimed rows what their pool needs, all of them in one trip.
func (s *Store) equip(ctx context.Context, claimed ...claimedRow) ([]record.Delivery, error) {
	with, err := s.equipment(ctx, claimed)
	if err != nil {
		return nil, err
	}
	out := make([]record.Delivery, len(claimed))
	for i, c := range claimed {
		if out[i], err = s.equipped(ctx, c, with); err != nil {
			return nil, masked("equip deliveries", err)
		}
	}
	return out, nil
}

func (s *Store) equipment(ctx context.Context, claimed []claimedRow) (with equipment, err error) {
	var leads, reps, hooks []string
	for _, c := range claimed {
		if c.LeadID != "" && c.Channel != "webhook" {
			leads = append(leads, c.LeadID)
		}
		if c.RepID != "" && c.Channel != "webhook" {
			reps = append(reps, c.RepID)
		}
		if c.WebhookID != "" {
			hooks = append(hooks, c.WebhookID)
		}
	}
	b := &pgx.Batch{}
	if len(leads) > 0 {
		b.Queue(sqlLeadsOfDeliveries, pgx.NamedArgs{"ids": leads}).Query(func(rows pgx.Rows) (err error) {
			with.leads, err = byKey(rows, pgx.RowToStructByName[readRow], func(r readRow) string { return r.ID })
			return err
		})
	}
	if len(reps) > 0 {
		b.Queue(sqlRepsOfDeliveries, pgx.NamedArgs{"ids": reps}).Query(func(rows pgx.Rows) (err error) {
			with.reps, err = byKey(rows, pgx.RowToStructByPos[repOfDelivery], func(r repOfDelivery) string { return r.ID })
			return err
		})
	}
	if len(hooks) > 0 {
		b.Queue(sqlHooksOfDeliveries, pgx.NamedArgs{"ids": hooks}).Query(func(rows pgx.Rows) (err error) {
			with.hooks, err = byKey(rows, pgx.RowToStructByNameLax[record.Webhook], func(w record.Webhook) string { return w.ID })
			return err
		})
	}
	if b.Len() == 0 {
		return with, nil
	}
	return with, s.exchanged(ctx, "equip deliveries", func(x *exchange) error { return x.commit(b) })
}

// byKey collects rows under their keys.
func byKey[T any](rows pgx.Rows, read pgx.RowToFunc[T], key func(T) string) (map[string]T, error) {
	all, err := pgx.CollectRows(rows, read)
	out := make(map[string]T, len(all))
	for _, one := range all {
		out[key(one)] = one
	}
	return out, err
}

func (s *Store) equipped(ctx context.Context, c claimedRow, with equipment) (record.Delivery, error) {
	d := record.Delivery{
		ID: c.ID, Key: c.Key, Lane: c.Lane, Channel: c.Channel, Kind: c.Kind, LeadID: c.LeadID, Cycle: c.Cycle, Sequence: c.Sequence,
		Version: c.Version, Step: c.Step, AssignmentID: c.AssignmentID, RepID: c.RepID, Attempts: c.Attempts, MayRepeat: c.MayRepeat,
		CreatedAt: c.CreatedAt, Payload: c.Payload, Message: c.Message, MessageID: c.MessageID, HasTurn: c.TurnAt != nil,
	}
	if c.FailingSince != nil {
		d.FailingSince = *c.FailingSince
	}
	d.To, d.ToName, d.ToZone = with.reps[c.RepID].Email, with.reps[c.RepID].Name, with.reps[c.RepID].Zone
	if w, ok := with.hooks[c.WebhookID]; ok {
		d.Webhook = &w
	}
	var err error
	if c.Sequence != "" {
		var kept script
		kept, err = s.keptScript(ctx, s.pool, c.Sequence, c.Version)
		if kept.doc != nil {
			d.Purpose = cmp.Or(kept.doc.Purpose, purposeMarketing)
		}
		if d.Document = kept.raw; kept.raw != nil || errors.Is(err, record.ErrNotFound) {
			err = nil // whoever composes says so
		}
	}
	if c.LeadID == "" || c.Channel == "webhook" {
		return d, err
	}
	row, ok := with.leads[c.LeadID]
	if !ok || errGone(row.Stage) != nil {
		d.Stop = "expired:lead_gone"
		return d, err
	}
	lead := row.lead()
	d.Lead = &lead
	if (c.Kind == kindNurture || c.Kind == kindConfirmation || c.Kind == record.KindQuestion) && lead.Email != nil {
		d.To, d.ToName = *lead.Email, ""
	}
	if c.Kind == record.KindTest {
		d.To, d.ToName = testTo(c.Payload), ""
	}
	return d, err
}

// Each half goes by an index and reads the first of it, however many wait; when the house has sent what it may today, the first of
// those that wait for no day.
const sqlNextDelivery = `WITH room AS MATERIALIZED (SELECT coalesce(` + warmRoom + ` > 0, true) AS there)
SELECT extract(epoch FROM least(
	(SELECT not_before FROM deliveries WHERE lane = @lane AND open AND state = 'queued' AND (kind <> 'nurture' OR (SELECT there FROM room)) ORDER BY not_before LIMIT 1),
	(SELECT min(claimed_until) FROM ` + inFlight + ` WHERE state IN ('claimed', 'sending') AND (kind <> 'nurture' OR (SELECT there FROM room)))) - now())::float8
WHERE (SELECT held_at IS NULL FROM lanes WHERE lane = @lane)`

// NextDelivery is how long it is until the next row of the lane falls due, by the clock of Postgres, which wrote the due
// times; waits is false when there is none, the lane is held, or the house has sent what it may today.
func (s *Store) NextDelivery(ctx context.Context, lane string) (after time.Duration, waits bool, err error) {
	rows, _ := s.pool.Query(ctx, sqlNextDelivery, pgx.NamedArgs{"lane": lane, "steps": s.stepsOf(lane)})
	found, err := pgx.CollectRows(rows, pgx.RowTo[*float64])
	if err != nil || len(found) == 0 || found[0] == nil {
		return 0, false, masked("next delivery", err)
	}
	return time.Duration(*found[0] * float64(time.Second)), true, nil
}
