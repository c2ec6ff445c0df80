package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

const (
	// A consent that was refused counts; one that was never asked for counts where the policy wants none.
	mayBeAsked = `coalesce((l.consent ->> 'marketing')::boolean,
		NOT coalesce((p.document -> 'consent' ->> 'require')::boolean, false))`

	// askPause is how long nobody is asked anything again. The document check lets whole days in only, which Postgres reads as they
	// are written.
	askPause = `coalesce(nullif(p.document #>> '{notify,ask,every}', '0'), '90d')::interval`

	// askedOf are the questions that a lead, or one that was merged into it, was asked.
	askedOf = `questions b WHERE b.lead_id IN (SELECT l.id UNION ALL SELECT m.id FROM leads m WHERE m.merged_into = l.id)`

	// The two questions to buyers are asked once in a life, and nobody is asked anything twice within a while.
	askedBefore = `EXISTS (SELECT FROM ` + askedOf + ` AND (b.kind = @kind AND b.kind <> 'nps' OR b.asked_at > now() - ` + askPause + `))`

	// mailAsked queues the mails of the questions asked. The key of a question that may come again names it.
	mailAsked = `INSERT INTO deliveries (id, key, lane, channel, kind, lead_id, cycle, at_least_once, payload)
SELECT gen_random_uuid(), lead_id || '/question/' || kind || CASE WHEN kind = 'nps' THEN '/' || id ELSE '' END, 'bulk', 'mail', 'question', lead_id, cycle, false,
	jsonb_build_object('question_id', id, 'kind', kind) FROM asked ON CONFLICT (key) DO NOTHING`

	// A buyer is asked where the policy says so, who has an address and may be written to. Whether that is still so is looked at
	// again when the mail goes out.
	sqlAskBuyer = `WITH asked AS (
	INSERT INTO questions (id, lead_id, kind, cycle)
	SELECT gen_random_uuid(), l.id, @kind::text, @cycle::int FROM leads l, policies p
	WHERE l.id = @id AND p.active AND coalesce((p.document -> 'notify' -> 'ask' ->> @kind)::boolean, false)
		AND l.email IS NOT NULL AND l.nurture AND l.muted = '' AND ` + mayBeAsked + ` AND NOT ` + askedBefore + `
	ON CONFLICT (lead_id, kind) WHERE kind <> 'nps' DO NOTHING RETURNING id, lead_id, kind, cycle
) ` + mailAsked
)

// queueQuestion asks the buyer of a lead that was just won or lost.
func queueQuestion(b *pgx.Batch, leadID string, e lifecycle.Entry) {
	kind := map[lifecycle.EventKind]string{lifecycle.Won: record.AskedWon, lifecycle.Lost: record.AskedLost}[e.Kind]
	if kind != "" && e.Refused == "" {
		b.Queue(sqlAskBuyer, pgx.NamedArgs{"id": leadID, "kind": kind, "cycle": max(1, e.Cycle)})
	}
}

// What stands in the way of asking somebody, or of noting what they said (mail is false: nobody is written to).
const sqlMayAsk = `SELECT CASE
	WHEN o.cycle IS NULL THEN 'not_closed'
	WHEN b.once THEN 'asked_before'
	WHEN b.again > now() THEN 'asked_before'
	WHEN NOT @mail::boolean THEN ''
	WHEN l.email IS NULL THEN 'no_address'
	WHEN l.muted <> '' OR EXISTS (SELECT FROM suppressions WHERE hash = @hash) THEN 'suppressed'
	WHEN NOT l.nurture OR NOT ` + mayBeAsked + ` THEN 'no_consent'
	ELSE '' END AS why, CASE WHEN NOT coalesce(b.once, false) THEN b.again END AS again, coalesce(o.cycle, 0) AS cycle
FROM leads l LEFT JOIN policies p ON p.active
LEFT JOIN LATERAL (SELECT cycle FROM outcomes WHERE lead_id = l.id AND kind = CASE @kind::text WHEN 'lost' THEN 'lost' ELSE 'won' END ORDER BY at DESC, id DESC LIMIT 1) AS o ON true
LEFT JOIN LATERAL (SELECT bool_or(b.kind = @kind AND b.kind <> 'nps') AS once, max(b.asked_at) FILTER (WHERE @mail OR b.kind = @kind) + ` + askPause + ` AS again FROM ` + askedOf + `) AS b ON true
WHERE l.id = @lead`

type mayAsk struct {
	Why   string
	Again *time.Time
	Cycle int
}

const questionColumns = `id::text AS id, lead_id::text AS lead_id, kind, cycle, asked_at, answered_at, via, score, answer, content`

const (
	sqlAskLead = `WITH asked AS (
	INSERT INTO questions (id, lead_id, kind, cycle) VALUES (@id, @lead, @kind, @cycle) RETURNING *
), mailed AS (` + mailAsked + `), told AS (
	INSERT INTO timeline (lead_id, at, kind, actor_type, actor_id, why, cycle, data)
	SELECT lead_id, asked_at, 'asked', @actor_type, @actor_id, kind, cycle, jsonb_build_object('question_id', id) FROM asked
) SELECT ` + questionColumns + ` FROM asked`

	sqlLeadQuestions = `SELECT ` + questionColumns + ` FROM questions q
WHERE lead_id IN (SELECT @lead::uuid UNION ALL SELECT id FROM leads WHERE merged_into = @lead) ORDER BY asked_at DESC, id DESC`
)

// AskLead asks a customer by mail. *record.AskRefused, record.ErrNotFound, record.ErrErased, *record.Merged.
func (s *Store) AskLead(ctx context.Context, leadID, kind string, actor lifecycle.Actor) (q record.Question, err error) {
	err = s.tx(ctx, "ask lead", func(tx pgx.Tx) error {
		may, err := s.lockAsked(ctx, tx, leadID, kind, true)
		if err != nil {
			return err
		}
		q, err = pgx.CollectExactlyOneRow(query(ctx, tx, sqlAskLead, pgx.NamedArgs{
			"id": newID(), "lead": leadID, "kind": kind, "cycle": may.Cycle, "actor_type": actor.Type, "actor_id": nullable(actor.ID),
		}), pgx.RowToStructByName[record.Question])
		return err
	})
	return q, err
}

// lockAsked locks a lead and finds out whether it may be asked.
func (s *Store) lockAsked(ctx context.Context, tx pgx.Tx, leadID, kind string, mail bool) (may mayAsk, err error) {
	lead, err := lockPerson(ctx, tx, leadID)
	if err != nil {
		return may, err
	}
	may, err = pgx.CollectExactlyOneRow(query(ctx, tx, sqlMayAsk, pgx.NamedArgs{
		"lead": lead.ID, "kind": kind, "mail": mail, "hash": s.suppressionHash(lead.email()),
	}), pgx.RowToStructByName[mayAsk])
	if err == nil && may.Why != "" {
		err = &record.AskRefused{Why: may.Why, Again: may.Again}
	}
	return may, err
}

// Asked lists what a person was asked and what they answered, in their words, the newest first. record.ErrNotFound, record.ErrErased,
// *record.Merged.
func (s *Store) Asked(ctx context.Context, leadID string) ([]record.Question, error) {
	if err := s.stageOf(ctx, leadID); err != nil {
		return nil, err
	}
	rows, _ := s.pool.Query(ctx, sqlLeadQuestions, pgx.NamedArgs{"lead": leadID})
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[record.Question])
	return all, masked("list questions", err)
}

// customersAtOnce is how many one transaction asks.
const customersAtOnce = 200

// Who was won so long ago, is a customer still, and may be asked. Who was asked something else lately is asked when that is over; who could
// not be asked for a month after is left alone, so that a policy that begins to ask does not write to everybody there ever was.
const (
	sqlCustomers = `SELECT l.id::text FROM policies p JOIN outcomes o ON o.kind = 'won'
	AND o.at <= now() - (p.document #>> '{notify,ask,nps}')::interval
	AND o.at > now() - (p.document #>> '{notify,ask,nps}')::interval - ` + askPause + ` - interval '30 days'
JOIN leads l ON l.id = o.lead_id AND l.stage = 'won'
WHERE p.active AND coalesce(p.document #>> '{notify,ask,nps}', '0') <> '0' AND ` + mayAskCustomer + ` LIMIT @rows`

	mayAskCustomer = `l.email IS NOT NULL AND l.nurture AND l.muted = '' AND ` + mayBeAsked + ` AND NOT ` + askedBefore + `
	AND NOT EXISTS (SELECT FROM ` + askedOf + ` AND b.kind = 'nps' AND b.cycle >= l.cycle)`

	sqlLockCustomers = `SELECT id FROM leads WHERE id = ANY(@ids::uuid[]) ORDER BY id FOR UPDATE`

	sqlAskCustomers = `WITH asked AS (
	INSERT INTO questions (id, lead_id, kind, cycle)
	SELECT gen_random_uuid(), l.id, @kind::text, greatest(1, l.cycle) FROM leads l, policies p
	WHERE l.id = ANY(@ids::uuid[]) AND l.stage = 'won' AND p.active AND ` + mayAskCustomer + ` RETURNING id, lead_id, kind, cycle
) ` + mailAsked
)

// AskCustomers asks those for their net promoter score who were won as long ago as the policy says, once for each time they were won. It
// answers how many it asked.
func (s *Store) AskCustomers(ctx context.Context) (asked int, err error) {
	for {
		n := 0
		err := s.tx(ctx, "ask customers", func(tx pgx.Tx) error {
			args := pgx.NamedArgs{"kind": record.AskedNPS, "rows": customersAtOnce}
			ids, err := pgx.CollectRows(query(ctx, tx, sqlCustomers, args), pgx.RowTo[string])
			if err != nil || len(ids) == 0 {
				return err
			}
			args["ids"] = ids
			if _, err := tx.Exec(ctx, sqlLockCustomers, args); err != nil {
				return err
			}
			tag, err := tx.Exec(ctx, sqlAskCustomers, args) // who was asked by another worker meanwhile is not asked again
			n = int(tag.RowsAffected())
			return err
		})
		asked += n
		if err != nil || n < customersAtOnce {
			return asked, err
		}
	}
}
