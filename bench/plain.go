package main

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/bench/load"
)

// Plain SQL has the product's own tables, indexes and foreign keys, on a copy of its database. It stores the event and
// adds to the score; it looks for no duplicate, no band and no model, and nobody is to hear of it.
const (
	sqlPlainEvent = `INSERT INTO events (id, lead_id, client_id, type, occurred_at, properties) VALUES ($1, $2, $3, $4, $5, $6)`
	sqlPlainScore = `INSERT INTO scores AS s (lead_id, model_version, accumulators, score, fit, engagement, band, grade, evaluated_at)
VALUES ($1, 1, '{}', 1, 0, 1, 'cold', 'C', now())
ON CONFLICT (lead_id) DO UPDATE SET score = s.score + 1, engagement = s.engagement + 1, evaluated_at = now()`
)

// properties are as long as those that are sent to the product.
const plainProperties = `{"path": "/blog/how-teams-qualify", "session": "8f14e45fceea167a5a36dedd4bea2543", "referrer": "https://search.example/"}`

// leadUUID is load.LeadID in the form that needs no parsing.
func leadUUID(n int) (id uuid.UUID) {
	id = uuid.UUID{0x01, 0x98, 0, 0, 0, 0, 0x70, 0, 0x80}
	binary.BigEndian.PutUint32(id[12:], uint32(n))
	return id
}

// plainEvent is one transaction an event: both statements are sent at once and committed together, which takes one round
// trip. (Sent one by one with BEGIN and COMMIT they would take four.)
func plainEvent(leads func(*rand.Rand) func() int) func(*pgx.Conn, *rand.Rand) load.Step {
	return func(conn *pgx.Conn, r *rand.Rand) load.Step {
		next := leads(r)
		return func(ctx context.Context) (int, error) {
			lead, id := leadUUID(next()), uuid.Must(uuid.NewV7())
			b := &pgx.Batch{}
			b.Queue(sqlPlainEvent, id, lead, "b00001-123456", "page_view", time.Now(), plainProperties)
			b.Queue(sqlPlainScore, lead)
			return 1, conn.SendBatch(ctx, b).Close()
		}
	}
}
