package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const keyColumns = `id, name, role, prefix, origins, created_at, last_used_at, revoked_at`

const sqlKeyByHash = `SELECT ` + keyColumns + ` FROM api_keys WHERE hash = @hash AND revoked_at IS NULL`

// KeyByHash finds the key whose secret has this hash; record.ErrNotFound for a revoked one as well.
func (s *Store) KeyByHash(ctx context.Context, hash []byte) (record.Key, error) {
	rows, _ := s.pool.Query(ctx, sqlKeyByHash, pgx.NamedArgs{"hash": hash})
	k, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Key])
	return k, masked("find key", err)
}

const sqlKeys = `SELECT ` + keyColumns + ` FROM api_keys WHERE id < @after ORDER BY id DESC LIMIT @rows`

// Keys lists all keys, revoked ones too, newest first.
func (s *Store) Keys(ctx context.Context, cursor string, limit int) (record.Page[record.Key], error) {
	return list(ctx, s, "list keys", sqlKeys, cursor, limit, func(k record.Key) string { return k.ID })
}

const sqlCreateKey = `INSERT INTO api_keys (id, name, role, prefix, origins, hash)
VALUES (@id, @name, @role, @prefix, coalesce(@origins::text[], '{}'), @hash)
RETURNING ` + keyColumns

// CreateKey keeps a key by the hash of its secret; the secret itself is never kept.
func (s *Store) CreateKey(ctx context.Context, k record.Key, hash []byte) (record.Key, error) {
	if k.ID == "" {
		k.ID = newID()
	}
	rows, _ := s.pool.Query(ctx, sqlCreateKey, pgx.NamedArgs{
		"id": k.ID, "name": k.Name, "role": k.Role, "prefix": k.Prefix, "origins": k.Origins, "hash": hash,
	})
	out, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.Key])
	return out, masked("create key", err)
}

const sqlIsSite = `SELECT EXISTS (SELECT FROM api_keys WHERE role = 'site' AND revoked_at IS NULL AND origins && ARRAY[@origin, '*'])`

// IsSite reports whether any publishable key that works may be used on pages of an origin.
func (s *Store) IsSite(ctx context.Context, origin string) (bool, error) {
	rows, _ := s.pool.Query(ctx, sqlIsSite, pgx.NamedArgs{"origin": origin})
	is, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
	return is, masked("find site", err)
}

const sqlRevokeKey = `UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = @id`

// RevokeKey ends a key at once; the same again is no error. record.ErrNotFound when there is none.
func (s *Store) RevokeKey(ctx context.Context, id string) error {
	return s.change(ctx, "revoke key", sqlRevokeKey, id, nil)
}

const sqlTouchKey = `UPDATE api_keys SET last_used_at = now()
WHERE id = @id AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`

// TouchKey notes that a key was used, to the minute: a busy key is not rewritten with every request.
func (s *Store) TouchKey(ctx context.Context, id string) error {
	if !isID(id) {
		return record.ErrNotFound
	}
	_, err := s.pool.Exec(ctx, sqlTouchKey, pgx.NamedArgs{"id": id})
	return masked("touch key", err)
}

// change runs a statement about the one row @id; record.ErrNotFound when it changes none.
func (s *Store) change(ctx context.Context, op, sql, id string, args pgx.NamedArgs) error {
	if !isID(id) {
		return record.ErrNotFound
	}
	if args == nil {
		args = pgx.NamedArgs{}
	}
	args["id"] = id
	tag, err := s.pool.Exec(ctx, sql, args)
	if err == nil && tag.RowsAffected() == 0 {
		err = record.ErrNotFound
	}
	return masked(op, err)
}
