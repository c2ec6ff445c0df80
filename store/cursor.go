package store

import (
	"context"
	"encoding/base64"
	"fmt"
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
var newest = mark{At: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), ID: "ffffffff-ffff-ffff-ffff-ffffffffffff"}

// sealed is a place in a list as people pass it around. It names its list: a place in another one means nothing here,
// and would quietly skip rows.
func sealed(list, place string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(list + " " + place))
}

// unsealed reads a cursor; an empty one is the first place. It answers record.ErrBadCursor for what the list gave nobody.
func unsealed(list, cursor, first string) (string, error) {
	if cursor == "" {
		return first, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	place, ok := strings.CutPrefix(string(raw), list+" ")
	if err != nil || !ok {
		return "", errCursor
	}
	return place, nil
}

// text is the mark in a cursor. Postgres keeps microseconds, so they are enough.
func (m mark) text() string { return strconv.FormatInt(m.At.UnixMicro(), 36) + "." + m.ID }

// markOf reads a cursor of a list that is sorted by time and id; an empty one is the place before the first row.
func markOf(list, cursor string, first mark) (mark, error) {
	place, err := unsealed(list, cursor, first.text())
	at, id, ok := strings.Cut(place, ".")
	micros, numErr := strconv.ParseInt(at, 36, 64)
	if err != nil || !ok || numErr != nil || micros < 0 || micros > newest.At.UnixMicro() {
		return mark{}, errCursor
	}
	return mark{At: time.UnixMicro(micros), ID: id}, nil
}

// numberOf reads a place that is a plain number.
func numberOf(place string) (int64, error) {
	n, err := strconv.ParseInt(place, 10, 32)
	if err != nil {
		return 0, errCursor
	}
	return n, nil
}

// journeyPage are the arguments of a list of journeys, the newest first: its filters, how many it reads, and the moment, lead and
// cycle behind which it goes on.
func journeyPage(list string, f record.FunnelFilter, cursor string, limit int) (pgx.NamedArgs, error) {
	after, err := markOf(list, cursor, mark{At: newest.At, ID: newest.ID + "/2147483647"})
	lead, cycle, _ := strings.Cut(after.ID, "/")
	number, numErr := numberOf(cycle)
	if err != nil || numErr != nil || !isID(lead) {
		return nil, errCursor
	}
	args := journeyArgs(f)
	args["at"], args["lead"], args["after"], args["rows"] = after.At, lead, number, pageSize(limit)+1
	return args, nil
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

// list reads a page of a list that is sorted by id, newest first: ids of ours sort by time. The statement takes @after and @rows.
func list[T any](ctx context.Context, s *Store, op, sql, cursor string, limit int, id func(T) string) (record.Page[T], error) {
	after, err := unsealed(op, cursor, newest.ID)
	if err != nil || !isID(after) {
		return record.Page[T]{}, errCursor
	}
	rows, _ := s.pool.Query(ctx, sql, pgx.NamedArgs{"after": after, "rows": pageSize(limit) + 1})
	items, err := pgx.CollectRows(rows, pgx.RowToStructByName[T])
	if err != nil {
		return record.Page[T]{}, masked(op, err)
	}
	return pageOf(items, limit, func(one T) string { return sealed(op, id(one)) }), nil
}
