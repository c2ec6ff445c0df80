package store

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/leadflow-dev/leadflow/domain/record"
)

// maxPage and defaultPage bound every list.
const (
	maxPage     = 200
	defaultPage = 50
)

// errCursor is what a cursor gets that no list of ours gave out.
var errCursor = fmt.Errorf("the cursor is none of this list's; begin again without one: %w", record.ErrBadCursor)

// mark is a place in a list that is sorted by time, then by id. A page is asked for by the last row seen, not by a
// number: rows that come meanwhile neither repeat nor hide any.
type mark struct {
	At time.Time
	ID string
}

// newest is the place before the first row of a list that begins with the newest.
var newest = mark{At: time.UnixMicro(math.MaxInt32 * 1_000_000), ID: "ffffffff-ffff-ffff-ffff-ffffffffffff"}

// cursor is the mark as people pass it around. Postgres keeps microseconds, so they are enough.
func (m mark) cursor() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(m.At.UnixMicro(), 36) + "." + m.ID))
}

// idOf reads a cursor of a list that is sorted by id alone, newest first: ids of ours sort by time.
func idOf(cursor string) (string, error) {
	switch {
	case cursor == "":
		return newest.ID, nil
	case !isID(cursor):
		return "", errCursor
	}
	return cursor, nil
}

// markOf reads a cursor; an empty one is the place before the first row. It answers record.ErrBadCursor for a cursor
// that is none of ours.
func markOf(cursor string, first mark) (mark, error) {
	if cursor == "" {
		return first, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	at, id, ok := strings.Cut(string(raw), ".")
	micros, numErr := strconv.ParseInt(at, 36, 64)
	if err != nil || !ok || numErr != nil {
		return mark{}, errCursor
	}
	return mark{At: time.UnixMicro(micros), ID: id}, nil
}

// numberOf reads a cursor that is a plain number.
func numberOf(cursor string, first int64) (int64, error) {
	if cursor == "" {
		return first, nil
	}
	n, err := strconv.ParseInt(cursor, 10, 64)
	if err != nil {
		return 0, errCursor
	}
	return n, nil
}

// pageSize bounds what was asked for.
func pageSize(limit int) int {
	switch {
	case limit <= 0:
		return defaultPage
	case limit > maxPage:
		return maxPage
	}
	return limit
}

// pageOf cuts what was read, one row more than a page, to the page and says where the next begins.
func pageOf[T any](rows []T, limit int, cursor func(T) string) record.Page[T] {
	size := pageSize(limit)
	if len(rows) <= size {
		if rows == nil {
			rows = []T{}
		}
		return record.Page[T]{Items: rows}
	}
	rows = rows[:size]
	return record.Page[T]{Items: rows, NextCursor: cursor(rows[size-1])}
}

// list reads a page of a list that is sorted by id, newest first. The statement takes @after and @rows.
func list[T any](ctx context.Context, s *Store, op, sql, cursor string, limit int, id func(T) string) (record.Page[T], error) {
	after, err := idOf(cursor)
	if err != nil {
		return record.Page[T]{}, err
	}
	rows, _ := s.pool.Query(ctx, sql, pgx.NamedArgs{"after": after, "rows": pageSize(limit) + 1})
	items, err := pgx.CollectRows(rows, pgx.RowToStructByName[T])
	if err != nil {
		return record.Page[T]{}, masked(op, err)
	}
	return pageOf(items, limit, id), nil
}
