package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

const sqlUseHookToken = `INSERT INTO hook_tokens AS t (token, body) VALUES (@token, @body)
ON CONFLICT (token) DO UPDATE SET at = t.at RETURNING t.body = @body`

// UseHookToken binds a token to the body it came with, for a day: false is that it came with another before. Both are
// digests.
func (s *Store) UseHookToken(ctx context.Context, token, body []byte) (same bool, err error) {
	rows, _ := s.pool.Query(ctx, sqlUseHookToken, pgx.NamedArgs{"token": token, "body": body})
	same, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
	return same, masked("use hook token", err)
}
