package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

const sqlQuestion = `SELECT kind, answered_at IS NOT NULL AS answered FROM questions WHERE id = @question AND lead_id = @lead`

// Question reads what the link of a question asks; record.ErrNotFound.
func (s *Store) Question(ctx context.Context, leadID, questionID string) (record.QuestionPage, error) {
	rows, _ := s.pool.Query(ctx, sqlQuestion, pgx.NamedArgs{"lead": leadID, "question": questionID})
	q, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.QuestionPage])
	return q, masked("read question", err)
}

const (
	// What content is called: a name, an asset or a title, whichever an event has.
	contentName = `left(coalesce(nullif(e.properties ->> 'name', ''), nullif(e.properties ->> 'asset', ''), nullif(e.properties ->> 'title', '')), 200)`

	// Events go after a while: what the lead had seen of the house is kept with the answer. The timeline says that there is one, and
	// never what it is.
	sqlAnswerQuestion = `WITH answered AS (
	UPDATE questions q SET answer = nullif(@answer::text, ''), score = @score, via = @via, answered_at = now(), content = ARRAY(
		SELECT DISTINCT ` + contentName + ` FROM events e WHERE e.lead_id = q.lead_id AND e.voided_at IS NULL
			AND e.type IN ('content_download', 'webinar_registration', 'webinar_attendance') AND ` + contentName + ` IS NOT NULL ORDER BY 1 LIMIT 50)
	WHERE id = @question AND lead_id = @lead AND answered_at IS NULL RETURNING id, kind, cycle
)
INSERT INTO timeline (lead_id, at, kind, actor_type, actor_id, why, cycle, data)
SELECT @lead, now(), 'answered', @actor_type, @actor_id, kind, cycle, jsonb_build_object('question_id', id) FROM answered`
)

// AnswerQuestion keeps the first answer to a question and says whether it is this one; record.ErrNotFound.
func (s *Store) AnswerQuestion(ctx context.Context, leadID, questionID string, said record.Said) (kept bool, err error) {
	tag, err := s.pool.Exec(ctx, sqlAnswerQuestion, answerArgs(leadID, questionID, said, lifecycle.Actor{Type: "lead"}))
	if err != nil {
		return false, masked("answer question", err)
	}
	if tag.RowsAffected() == 0 {
		_, err = s.Question(ctx, leadID, questionID)
	}
	return tag.RowsAffected() > 0, err
}

func answerArgs(leadID, questionID string, said record.Said, actor lifecycle.Actor) pgx.NamedArgs {
	return pgx.NamedArgs{
		"lead": leadID, "question": questionID, "answer": said.Text, "score": said.Score, "via": said.Via, "actor_type": actor.Type, "actor_id": nullable(actor.ID),
	}
}

const (
	sqlUnanswered = `SELECT id::text FROM questions WHERE lead_id = @lead AND kind = @kind AND answered_at IS NULL ORDER BY asked_at DESC LIMIT 1`

	sqlAskedAloud = `INSERT INTO questions (id, lead_id, kind, cycle) VALUES (@id, @lead, @kind, @cycle)`

	sqlReadQuestion = `SELECT ` + questionColumns + ` FROM questions WHERE id = @id`
)

// RecordAnswer keeps what a customer told somebody of the house: to the question that they were mailed, where one is open. Its text
// is not answered again. *record.AskRefused, record.ErrNotFound, record.ErrErased, *record.Merged.
func (s *Store) RecordAnswer(ctx context.Context, leadID, kind string, said record.Said, actor lifecycle.Actor) (q record.Question, err error) {
	err = s.tx(ctx, "record answer", func(tx pgx.Tx) error {
		if _, err := lockPerson(ctx, tx, leadID); err != nil {
			return err
		}
		args := pgx.NamedArgs{"lead": leadID, "kind": kind}
		id, err := pgx.CollectExactlyOneRow(query(ctx, tx, sqlUnanswered, args), pgx.RowTo[string])
		if errors.Is(err, pgx.ErrNoRows) {
			var may mayAsk
			if may, err = s.lockAsked(ctx, tx, leadID, kind, false); err != nil {
				return err
			}
			id = newID()
			args["id"], args["cycle"] = id, may.Cycle
			_, err = tx.Exec(ctx, sqlAskedAloud, args)
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, sqlAnswerQuestion, answerArgs(leadID, id, said, actor)); err != nil {
			return err
		}
		args["id"] = id
		q, err = pgx.CollectExactlyOneRow(query(ctx, tx, sqlReadQuestion, args), pgx.RowToStructByName[record.Question])
		q.Answer = nil
		return err
	})
	return q, err
}
