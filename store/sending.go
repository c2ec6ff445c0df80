package store

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const (
	kindNurture      = "nurture"
	kindConfirmation = "confirmation"
	holdPaused       = "paused"
)

// today is the day of the house, and warmRoom how many mails may still go on it; null: any number. A house is warm after
// as many days with mail as there are steps.
const (
	today    = `(now() AT TIME ZONE 'UTC')::date`
	warmRoom = `(@steps::int[])[1 + (SELECT count(*) FROM mail_days WHERE day < ` + today + ` AND sent > 0)]
	- coalesce((SELECT sent FROM mail_days WHERE day = ` + today + `), 0)`
)

// nurtureMay says why a mail g of a sequence, sent under a purpose p, must not go out to its lead l, whose address may be suppressed
// (s); empty: it may.
const nurtureMay = `CASE
	WHEN l.stage IS NULL OR l.stage NOT IN ('nurturing', 'captured') THEN 'expired:stage'
	WHEN d.cycle IS NULL OR d.cycle <> l.cycle THEN 'expired:cycle'
	WHEN l.email IS NULL THEN 'suppressed:no_address'
	WHEN l.muted <> '' THEN 'suppressed:' || l.muted
	WHEN l.email <> g.sent_to THEN 'moved'
	WHEN s.hash IS NOT NULL THEN 'suppressed:' || s.reason
	WHEN l.consent ->> 'marketing' = 'false' OR l.consent ->> p.purpose = 'false' THEN 'suppressed:no_consent'
	WHEN EXISTS (SELECT FROM confirmations c WHERE c.lead_id = l.id AND c.ended_at IS NULL AND c.purpose IN ('marketing', p.purpose))
		THEN 'suppressed:unconfirmed'
	WHEN l.paused THEN 'paused'
	ELSE '' END`

const given = `unnest(@ids::uuid[], @leads::uuid[], @attempts::int[], @tos::text[], @purposes::text[], @hashes::bytea[], @messages::bytea[], @message_ids::text[])
	AS g (id, lead_id, attempt, sent_to, purpose, hash, message, message_id)`

// mayGo says of deliveries why they must not go out at this instant: suppressed:<why>, expired:<why>, paused, or moved when
// the lead has another address by now. Empty: it may. An alert about an offer says nothing once the offer is closed;
// subscribers are told all the same, for theirs is a stream of what happened.
const mayGo = `WITH may AS (SELECT g.*, d.kind, CASE
	WHEN l.stage = 'erased' THEN 'expired:erased'
	WHEN d.kind = 'nurture' THEN ` + nurtureMay + `
	WHEN d.kind = 'question' THEN CASE
		WHEN l.email IS NULL THEN 'suppressed:no_address'
		WHEN l.muted <> '' THEN 'suppressed:' || l.muted
		WHEN l.email <> g.sent_to THEN 'moved'
		WHEN s.hash IS NOT NULL THEN 'suppressed:' || s.reason
		WHEN l.consent ->> 'marketing' = 'false' THEN 'suppressed:no_consent'
		ELSE '' END
	WHEN d.kind = 'test' AND s.hash IS NOT NULL THEN 'suppressed:' || s.reason
	WHEN d.kind = 'confirmation' THEN CASE
		WHEN s.hash IS NOT NULL THEN 'suppressed:' || s.reason
		WHEN NOT EXISTS (SELECT FROM confirmations c WHERE c.id::text = d.payload ->> 'confirmation_id' AND c.lead_id = d.lead_id
			AND c.ended_at IS NULL AND c.address_hash = g.hash) THEN 'expired:answered'
		ELSE '' END
	WHEN d.channel <> 'webhook' AND (d.kind IN ('offer', 'escalation') OR d.kind LIKE 'reminder%') AND a.state IS DISTINCT FROM 'offered'
		THEN 'expired:offer_closed'
	ELSE '' END AS why
FROM ` + given + ` JOIN deliveries d ON d.id = g.id LEFT JOIN leads l ON l.id = d.lead_id LEFT JOIN assignments a ON a.id = d.assignment_id
	LEFT JOIN suppressions s ON s.hash = g.hash
	LEFT JOIN LATERAL (SELECT coalesce(min(q.document ->> 'purpose'), 'marketing') AS purpose FROM sequences q
		WHERE q.name = d.sequence AND q.version = d.sequence_version) p ON true)`

const (
	sqlMayGo = mayGo + ` SELECT id, why FROM may`

	// nurtureGiven are given mails of sequences, with what decides whether they may go but their rows of the ledger.
	nurtureGiven = given + ` CROSS JOIN LATERAL (SELECT g.purpose) p LEFT JOIN leads l ON l.id = g.lead_id LEFT JOIN suppressions s ON s.hash = g.hash`

	// sqlNurtureMay is sqlMayGo for mails of sequences alone: a third of the nodes, and half of the work for each.
	sqlNurtureMay = `SELECT g.id, ` + nurtureMay + ` FROM ` + nurtureGiven + ` JOIN deliveries d ON d.id = g.id AND d.lead_id = g.lead_id`
)

const (
	// Locks are taken in the order of the house: of those whose mail is about to go, before any row of the ledger.
	sqlLockLeadsOfDeliveries = `SELECT id FROM leads WHERE id IN (SELECT lead_id FROM deliveries WHERE id = ANY(@ids)) ORDER BY id FOR SHARE`
	sqlLockLeadsOfNurture    = `SELECT FROM leads WHERE id = ANY(@leads::uuid[]) ORDER BY id FOR SHARE`

	// Workers that warm up the same house wait for each other here.
	sqlLockMailDay = `INSERT INTO mail_days (day, sent) VALUES (` + today + `, 0) ON CONFLICT (day) DO UPDATE SET sent = mail_days.sent`

	// What a sender does to a row counts while its claim is the newest: one that slept over its lease has lost the row to
	// whoever claimed it since, and must neither send it nor put it back under that one's hands. Bytes that are kept already
	// stay. CASE: a row is found by its id alone; by the index of states Postgres would go past all that were ever claimed.
	sendThese = `, sent AS (
	UPDATE deliveries d SET state = 'sending', sending_at = now(), message = coalesce(d.message, go.message),
		message_id = coalesce(d.message_id, go.message_id)
	FROM go WHERE d.id = go.id AND go.why = '' AND CASE WHEN d.attempts = go.attempt AND d.state = 'claimed' AND d.claimed_until > now()
		THEN (SELECT held_at IS NULL FROM lanes WHERE lane = d.lane) END
	RETURNING d.id, d.kind
)`
	saysWhyNot = ` SELECT go.id, CASE WHEN go.why = '' AND sent.id IS NULL THEN 'lost' ELSE go.why END AS why FROM go LEFT JOIN sent ON sent.id = go.id`

	sqlSending = mayGo + `, go AS (SELECT id, attempt, message, message_id, why FROM may)` + sendThese + saysWhyNot

	// What is of a sequence, and may go, goes by a statement of a third of the nodes: to begin one of thirty costs Postgres what two
	// mails cost. Of the others sqlSending says why not.
	sqlSendNurture = `UPDATE deliveries d SET state = 'sending', sending_at = now(), message = coalesce(d.message, g.message),
	message_id = coalesce(d.message_id, g.message_id)
FROM ` + nurtureGiven + `
WHERE d.id = g.id AND CASE WHEN d.attempts = g.attempt AND d.state = 'claimed' AND d.claimed_until > now() AND d.kind = 'nurture' AND d.lead_id = l.id AND d.lane = @lane
	THEN (SELECT held_at IS NULL FROM lanes WHERE lane = @lane) AND ` + nurtureMay + ` = '' END
RETURNING d.id, ''`

	// Of a house that warms up only so many go. To begin a statement costs as much as two mails: a house that is warm, or never
	// was to, pays for none of this.
	sqlSendingWarmly = mayGo + `, room AS (SELECT ` + warmRoom + ` AS n
), go AS (
	SELECT id, attempt, message, message_id, CASE WHEN why = '' AND kind = 'nurture'
		AND row_number() OVER (PARTITION BY why = '' AND kind = 'nurture') > (SELECT n FROM room) THEN 'warmup' ELSE why END AS why FROM may
)` + sendThese + `, counted AS (
	UPDATE mail_days SET sent = mail_days.sent + (SELECT count(*) FROM sent WHERE kind = 'nurture')
	WHERE day = ` + today + `
)` + saysWhyNot

	// What was parked as unknown meanwhile is known then. A pause is no failure: what it holds up has all its time left when
	// it ends.
	sqlEndDeliveries = `UPDATE deliveries d SET state = e.state, code = e.code, claimed_until = NULL,
	sent_at = CASE WHEN e.state = 'sent' THEN now() END,
	message = coalesce(d.message, e.message),
	not_before = CASE WHEN e.state = 'queued' THEN now() + e.after * interval '1 microsecond' ELSE d.not_before END,
	turn_at = CASE WHEN e.turn THEN now() + e.after * interval '1 microsecond' END,
	failing_since = CASE WHEN e.state <> 'queued' OR e.turn THEN d.failing_since WHEN NOT e.hold THEN coalesce(d.failing_since, now()) END
FROM unnest(@ids::uuid[], @attempts::int[], @states::text[], @codes::text[], @afters::bigint[], @holds::boolean[], @turns::boolean[], @messages::bytea[])
	AS e (id, attempt, state, code, after, hold, turn, message)
WHERE d.id = e.id AND d.attempts = e.attempt AND CASE
	WHEN e.state <> 'queued' THEN d.state IN ('queued', 'claimed', 'sending', 'unknown')
	WHEN e.hold OR e.turn THEN d.state = 'claimed'
	ELSE d.state IN ('claimed', 'sending') END`
)

// whyNot is why a delivery must not be sent after all; empty: it may.
type whyNot struct {
	ID  string
	Why string
}

// Advance stores how deliveries ended, and commits that the DATA of others is about to begin with the bytes of their
// message, if they may still go out at this instant: all in one transaction, so that who sends one mail after the other
// pays one commit for the end of the first and the beginning of the second. It answers of each that begins why not: "" when
// it may; suppressed:<why>, expired:<why>, paused, moved; warmup: the house has sent what it may today; lost: the lease
// ran out and somebody else has it, or the lane was held meanwhile; gone: there is no such delivery any more.
//
// One trip: the statements after a lock see what it waited for.
func (s *Store) Advance(ctx context.Context, ends []record.DeliveryEnd, begin []record.Delivery) (stops []string, err error) {
	sending := sqlSending
	switch {
	case len(s.warmUp) > 0:
		sending = sqlSendingWarmly
	case ofSequences(begin):
		sending = sqlSendNurture
	}
	found, err := s.advance(ctx, ends, begin, sending)
	if err != nil {
		return nil, err
	}
	if rest := notIn(begin, found); sending == sqlSendNurture && len(rest) > 0 {
		why, err := s.advance(ctx, nil, rest, sqlSending)
		for _, d := range rest {
			if err != nil { // the others have begun; these are claimed again when their lease is over
				why = append(why, whyNot{d.ID, stopLost})
			}
		}
		found = append(found, why...)
	}
	return whyOf(begin, found), nil
}

func (s *Store) advance(ctx context.Context, ends []record.DeliveryEnd, begin []record.Delivery, sending string) (found []whyNot, err error) {
	err = s.exchanged(ctx, "advance deliveries", func(x *exchange) error {
		found = nil
		b := &pgx.Batch{}
		b.Queue(sqlPlainPlans)
		may := s.mayArgs(begin)
		switch {
		case sending == sqlSendNurture: // which takes only those that are of these leads
			b.Queue(sqlLockLeadsOfNurture, may)
		case len(begin) > 0:
			b.Queue(sqlLockLeadsOfDeliveries, may)
		}
		if len(begin) > 0 && sending == sqlSendingWarmly {
			b.Queue(sqlLockMailDay)
		}
		if len(ends) > 0 {
			b.Queue(sqlEndDeliveries, endArgs(ends))
		}
		if len(begin) > 0 {
			b.Queue(sending, may).Query(func(rows pgx.Rows) (err error) {
				found, err = pgx.CollectRows(rows, pgx.RowToStructByPos[whyNot])
				return err
			})
		}
		return x.commit(b)
	})
	return found, err
}

// ofSequences reports that these are mails of sequences, with what their pool knows of those, and of one lane.
func ofSequences(begin []record.Delivery) bool {
	for _, d := range begin {
		if d.Kind != kindNurture || d.Purpose == "" || d.Lane != begin[0].Lane {
			return false
		}
	}
	return len(begin) > 0
}

// notIn are the deliveries of which nothing was found.
func notIn(of []record.Delivery, found []whyNot) (rest []record.Delivery) {
	for _, d := range of {
		if !slices.ContainsFunc(found, func(f whyNot) bool { return f.ID == d.ID }) {
			rest = append(rest, d)
		}
	}
	return rest
}

// whyOf puts what was found in the order of the deliveries.
func whyOf(of []record.Delivery, found []whyNot) []string {
	by := make(map[string]string, len(found))
	for _, f := range found {
		by[f.ID] = f.Why
	}
	out := make([]string, len(of))
	for i, d := range of {
		why, ok := by[d.ID]
		if !ok {
			why = stopGone
		}
		out[i] = why
	}
	return out
}

const (
	stopGone = "gone"
	stopLost = "lost"
)

// lookAgain finds out at once what must not go out any more.
func (s *Store) lookAgain(ctx context.Context, of []record.Delivery) error {
	var found []whyNot
	look := sqlMayGo
	if ofSequences(of) {
		look = sqlNurtureMay
	}
	err := s.exchanged(ctx, "look at deliveries", func(x *exchange) error {
		b := &pgx.Batch{}
		b.Queue(sqlPlainPlans)
		b.Queue(look, s.mayArgs(of)).Query(func(rows pgx.Rows) (err error) {
			found, err = pgx.CollectRows(rows, pgx.RowToStructByPos[whyNot])
			return err
		})
		return x.commit(b)
	})
	if err != nil {
		return err
	}
	for i, why := range whyOf(of, found) {
		if of[i].Hold = why == holdPaused; !of[i].Hold && of[i].Stop == "" && why != stopGone {
			of[i].Stop = why
		}
	}
	return nil
}

func (s *Store) mayArgs(of []record.Delivery) pgx.NamedArgs {
	n := len(of)
	ids, leads, purposes, attempts, tos := make([]string, n), make([]*string, n), make([]string, n), make([]int, n), make([]string, n)
	lane := ""
	hashes, messages, messageIDs := make([][]byte, n), make([][]byte, n), make([]*string, n)
	for i, d := range of {
		ids[i], leads[i], attempts[i], tos[i], messages[i], messageIDs[i] = d.ID, nullable(d.LeadID), d.Attempts, d.To, d.Message, nullable(d.MessageID)
		purposes[i], lane = d.Purpose, d.Lane
		if d.To != "" {
			hashes[i] = s.suppressionHash(d.To)
		}
	}
	steps := s.warmUp
	if steps == nil {
		steps = []int{}
	}
	return pgx.NamedArgs{"ids": ids, "leads": leads, "purposes": purposes, "lane": lane, "attempts": attempts, "tos": tos, "hashes": hashes, "messages": messages, "message_ids": messageIDs, "steps": steps}
}

func endArgs(ends []record.DeliveryEnd) pgx.NamedArgs {
	n := len(ends)
	ids, attempts, states, codes := make([]string, n), make([]int, n), make([]string, n), make([]string, n)
	afters, holds, turns, messages := make([]int64, n), make([]bool, n), make([]bool, n), make([][]byte, n)
	for i, e := range ends {
		ids[i], attempts[i], states[i], codes[i] = e.ID, e.Attempts, e.State, e.Code
		afters[i], holds[i], turns[i], messages[i] = e.After.Microseconds(), e.Hold, e.Turn, e.Message
	}
	return pgx.NamedArgs{
		"ids": ids, "attempts": attempts, "states": states, "codes": codes, "afters": afters, "holds": holds, "turns": turns, "messages": messages,
	}
}

// Sending commits that DATA is about to begin, of one delivery: Advance. record.ErrNotFound.
func (s *Store) Sending(ctx context.Context, d record.Delivery) (stop string, err error) {
	stops, err := s.Advance(ctx, nil, []record.Delivery{d})
	if err == nil && stops[0] == stopGone {
		err = record.ErrNotFound
	}
	if err != nil {
		return "", err
	}
	return stops[0], nil
}

// FinishDelivery stores the outcome of one. What was parked as unknown meanwhile is known then.
func (s *Store) FinishDelivery(ctx context.Context, d record.Delivery, state, code string) error {
	return s.end(ctx, record.DeliveryEnd{ID: d.ID, Attempts: d.Attempts, State: state, Code: code})
}

// RetryDelivery puts one back for later, with the code of what went wrong.
func (s *Store) RetryDelivery(ctx context.Context, d record.Delivery, code string, after time.Duration) error {
	return s.end(ctx, record.DeliveryEnd{ID: d.ID, Attempts: d.Attempts, State: "queued", Code: code, After: after})
}

// HoldDelivery puts one back for later because it has to wait, which is no failure.
func (s *Store) HoldDelivery(ctx context.Context, d record.Delivery, code string, after time.Duration) error {
	return s.end(ctx, record.DeliveryEnd{ID: d.ID, Attempts: d.Attempts, State: "queued", Code: code, After: after, Hold: true})
}

// EndDelivery stores an end as it is given.
func (s *Store) EndDelivery(ctx context.Context, d record.Delivery, e record.DeliveryEnd) error {
	e.ID, e.Attempts = d.ID, d.Attempts
	return s.end(ctx, e)
}

func (s *Store) end(ctx context.Context, e record.DeliveryEnd) error {
	_, err := s.Advance(ctx, []record.DeliveryEnd{e}, nil)
	return err
}
