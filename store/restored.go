package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/leadflow-dev/leadflow/domain/record"
)

const sqlNoticePlace = `SELECT notice_place()`

// noticePlace is called for every new connection: whoever talks to a database that was restored into another cluster or
// under another name has connected to it since, so nobody claims anything from it before its lanes are held.
func noticePlace(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, sqlNoticePlace)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "42883" { // undefined_function: not migrated yet
		return nil
	}
	return masked("look where the database lives", err)
}

const sqlHouse = `SELECT id::text, tide, restored_at FROM house`

// House tells how far the life of this database has come.
func (s *Store) House(ctx context.Context) (record.House, error) {
	rows, _ := s.pool.Query(ctx, sqlHouse)
	h, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[record.House])
	return h, masked("house", err)
}

const sqlRaiseTide = `UPDATE house SET tide = tide + 1, tide_at = now(), place = coalesce(place, this_place()),
	seq_mark = greatest(seq_mark, (SELECT last_value FROM outbox_seq))
WHERE tide_at IS NULL OR tide_at > now() OR tide_at < now() - interval '10 seconds' RETURNING tide`

// RaiseTide marks that life goes on, at most once in ten seconds however many workers ask; raised is false when another
// one did. The first time, the database moves in where it is.
func (s *Store) RaiseTide(ctx context.Context) (tide int64, raised bool, err error) {
	rows, _ := s.pool.Query(ctx, sqlRaiseTide)
	tide, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64])
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, false, nil
	}
	return tide, err == nil, masked("raise tide", err)
}

const (
	sqlOlder = `SELECT tide < @told FROM house FOR UPDATE`

	sqlHoldAll = `SELECT hold_all()`

	sqlCatchUp = `UPDATE house SET tide = greatest(tide, @told::bigint) + 1`
)

// NoticeOlder holds all lanes when the tide here is lower than what was told outside: this database is older than what was
// done. It reports whether it was.
func (s *Store) NoticeOlder(ctx context.Context, told int64) (older bool, err error) {
	err = s.tx(ctx, "notice a restore", func(tx pgx.Tx) error {
		args := pgx.NamedArgs{"told": told}
		if older, err = pgx.CollectExactlyOneRow(query(ctx, tx, sqlOlder, args), pgx.RowTo[bool]); err != nil || !older {
			return err
		}
		if _, err := tx.Exec(ctx, sqlHoldAll); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, sqlCatchUp, args)
		return err
	})
	return older, err
}
