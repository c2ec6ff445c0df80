package store

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/lifecycle"
	"github.com/leadflow-dev/leadflow/domain/record"
)

// What BeginAnswer finds under a key.
const (
	AnswerReserved = ""         // nothing: the caller runs, and finishes or drops
	AnswerStored   = "stored"   // the answer of an earlier request, to be given again
	AnswerMismatch = "mismatch" // another body was sent under this key
	AnswerRunning  = "running"  // the first request still runs
)

// answerLock is how long a request may run before its key is free again: one whose process died never finishes.
const answerLock = time.Minute

// A row is taken over when its day is over, or when the same request was begun before and never came to an end.
const sqlReserveAnswer = `INSERT INTO idempotency_keys AS k (key_id, route, idem_key, body_hash, state, locked_until)
VALUES (@key, @route, @idem, @body, 'running', now() + @lock::interval)
ON CONFLICT (key_id, route, idem_key) DO UPDATE SET body_hash = EXCLUDED.body_hash, state = 'running', status = NULL,
	headers = NULL, body = NULL, lead_id = NULL, locked_until = EXCLUDED.locked_until,
	created_at = CASE WHEN k.created_at < now() - interval '24 hours' THEN now() ELSE k.created_at END
WHERE k.created_at < now() - interval '24 hours'
	OR (k.state = 'running' AND k.locked_until < now() AND k.body_hash = EXCLUDED.body_hash)`

const sqlAnswer = `SELECT body_hash, state, coalesce(status, 0) AS status, headers, body, coalesce(lead_id::text, '') AS lead_id
FROM idempotency_keys WHERE key_id = @key AND route = @route AND idem_key = @idem`

// BeginAnswer reserves the key for this request (AnswerReserved) or says what is under it; the answer is not nil with
// AnswerStored only. A key is kept for 24 hours.
func (s *Store) BeginAnswer(ctx context.Context, keyID, route, idem string, bodyHash []byte) (stored *record.StoredAnswer, state string, err error) {
	args := pgx.NamedArgs{"key": keyID, "route": route, "idem": idem, "body": bodyHash, "lock": answerLock}
	err = s.tx(ctx, "begin answer", func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sqlReserveAnswer, args)
		if err != nil || tag.RowsAffected() == 1 {
			stored, state = nil, AnswerReserved
			return err
		}
		rows, _ := tx.Query(ctx, sqlAnswer, args)
		row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[answerRow])
		if errors.Is(err, pgx.ErrNoRows) {
			return errAgain // dropped in between
		}
		stored, state = row.found(bodyHash)
		return err
	})
	return stored, state, err
}

type answerRow struct {
	BodyHash []byte
	State    string
	Status   int
	Headers  map[string]string
	Body     []byte
	LeadID   string
}

func (r answerRow) found(bodyHash []byte) (*record.StoredAnswer, string) {
	switch {
	case !bytes.Equal(r.BodyHash, bodyHash):
		return nil, AnswerMismatch
	case r.State == "running":
		return nil, AnswerRunning
	}
	return &record.StoredAnswer{Status: r.Status, Header: r.Headers, Body: r.Body, LeadID: r.LeadID}, AnswerStored
}

const sqlFinishAnswer = `UPDATE idempotency_keys
SET state = 'done', status = @status, headers = @headers, body = @answer, lead_id = @lead
WHERE key_id = @key AND route = @route AND idem_key = @idem AND state = 'running'`

const sqlShareStage = `SELECT stage FROM leads WHERE id = @lead FOR SHARE`

// FinishAnswer stores the answer. That of a lead which was erased meanwhile is dropped: erasure has looked already.
func (s *Store) FinishAnswer(ctx context.Context, keyID, route, idem string, a record.StoredAnswer) error {
	args := pgx.NamedArgs{
		"key": keyID, "route": route, "idem": idem,
		"status": a.Status, "headers": a.Header, "answer": a.Body, "lead": nullable(a.LeadID),
	}
	return s.tx(ctx, "finish answer", func(tx pgx.Tx) error {
		if a.LeadID != "" {
			rows, _ := tx.Query(ctx, sqlShareStage, args)
			stage, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[lifecycle.Stage])
			if err != nil && !errors.Is(err, pgx.ErrNoRows) {
				return err
			}
			if err != nil || stage == lifecycle.StageErased {
				_, err = tx.Exec(ctx, sqlDropAnswer, args)
				return err
			}
		}
		_, err := tx.Exec(ctx, sqlFinishAnswer, args)
		return err
	})
}

const sqlDropAnswer = `DELETE FROM idempotency_keys WHERE key_id = @key AND route = @route AND idem_key = @idem AND state = 'running'`

// DropAnswer frees the key of a request whose answer is not kept, so that it can be tried again.
func (s *Store) DropAnswer(ctx context.Context, keyID, route, idem string) error {
	_, err := s.pool.Exec(ctx, sqlDropAnswer, pgx.NamedArgs{"key": keyID, "route": route, "idem": idem})
	return masked("drop answer", err)
}
