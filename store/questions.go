package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

const (
	// A buyer is asked where the policy says so, who has an address and may be written to. Whether that is still so is looked at
	// again when the mail goes out. The unique key of questions is what keeps anybody from being asked twice.
	sqlAskBuyer = `WITH asked AS (
	INSERT INTO questions (id, lead_id, kind, cycle)
	SELECT gen_random_uuid(), l.id, @kind, @cycle FROM leads l, policies p
	WHERE l.id = @id AND p.active AND coalesce((p.document -> 'notify' -> 'ask' ->> @kind)::boolean, false)
		AND l.email IS NOT NULL AND l.nurture AND l.muted = '' AND ` + mayBeAsked + `
		AND NOT EXISTS (SELECT FROM questions b JOIN leads m ON m.id = b.lead_id WHERE m.merged_into = l.id AND b.kind = @kind)
	ON CONFLICT (lead_id, kind) DO NOTHING RETURNING id
)
INSERT INTO deliveries (id, key, lane, channel, kind, lead_id, cycle, at_least_once, payload)
SELECT gen_random_uuid(), @id::uuid || '/question/' || @kind, 'bulk', 'mail', 'question', @id, @cycle, false,
	jsonb_build_object('question_id', id, 'kind', @kind::text) FROM asked ON CONFLICT (key) DO NOTHING`

	// A consent that was refused counts; one that was never asked for counts where the policy wants none.
	mayBeAsked = `coalesce((l.consent ->> 'marketing')::boolean,
		NOT coalesce((p.document -> 'consent' ->> 'require')::boolean, false))`
)

// queueQuestion asks the buyer of a lead that was just won or lost.
func queueQuestion(b *pgx.Batch, leadID string, e lifecycle.Entry) {
	kind := map[lifecycle.EventKind]string{lifecycle.Won: "won", lifecycle.Lost: "lost"}[e.Kind]
	if kind != "" && e.Refused == "" {
		b.Queue(sqlAskBuyer, pgx.NamedArgs{"id": leadID, "kind": kind, "cycle": max(1, e.Cycle)})
	}
}

const sqlQuestion = `SELECT kind, answered_at IS NOT NULL AS answered FROM questions WHERE id = @question AND lead_id = @lead`

// Question reads what the link of a question asks; record.ErrNotFound.
func (s *Store) Question(ctx context.Context, leadID, questionID string) (record.QuestionPage, error) {
	rows, _ := s.pool.Query(ctx, sqlQuestion, pgx.NamedArgs{"lead": leadID, "question": questionID})
	q, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.QuestionPage])
	return q, masked("read question", err)
}

const sqlAnswerQuestion = `WITH answered AS (
	UPDATE questions SET answer = @answer, answered_at = now() WHERE id = @question AND lead_id = @lead AND answered_at IS NULL RETURNING id, kind, cycle
)
INSERT INTO timeline (lead_id, at, kind, actor_type, why, cycle, data)
SELECT @lead, now(), 'answered', 'lead', kind, cycle, jsonb_build_object('question_id', id) FROM answered`

// AnswerQuestion keeps the first answer to a question and says whether it is this one; record.ErrNotFound.
func (s *Store) AnswerQuestion(ctx context.Context, leadID, questionID, answer string) (kept bool, err error) {
	tag, err := s.pool.Exec(ctx, sqlAnswerQuestion, pgx.NamedArgs{"lead": leadID, "question": questionID, "answer": answer})
	if err != nil {
		return false, masked("answer question", err)
	}
	if tag.RowsAffected() == 0 {
		_, err = s.Question(ctx, leadID, questionID)
	}
	return tag.RowsAffected() > 0, err
}
