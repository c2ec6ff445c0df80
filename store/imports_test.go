package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"testing"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/leadflow-dev/leadflow/domain/record"
	"github.com/leadflow-dev/leadflow/migrations"
)

func newImport(t *testing.T, s *Store, rows int) string {
	t.Helper()
	id, err := s.CreateImport(t.Context(), record.Import{Mapping: json.RawMessage(`{"email":"Mail"}`), Columns: []string{"Mail", "Name"}, Nurture: true})
	require.NoError(t, err)
	var in []record.ImportRow
	for i := range rows {
		in = append(in, record.ImportRow{Row: i + 2, Cells: []string{"a" + strconv.Itoa(i) + "@example.com", "Ada"}})
	}
	require.NoError(t, s.AddImportRows(t.Context(), id, in))
	return id
}

func TestImportIsClaimedOnceStartedAndByOneWorker(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	id := newImport(t, s, 3)
	_, ok, err := s.ClaimImport(ctx)
	require.NoError(t, err)
	require.False(t, ok, "its rows are not all here yet")
	require.NoError(t, s.StartImport(ctx, id, 3, 0))
	imp, ok, err := s.ClaimImport(ctx)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, id, imp.ID)
	require.Equal(t, "running", imp.State)
	require.True(t, imp.Nurture)
	require.Equal(t, []string{"Mail", "Name"}, imp.Columns)
	require.JSONEq(t, `{"email":"Mail"}`, string(imp.Mapping))
	_, ok, err = s.ClaimImport(ctx)
	require.NoError(t, err)
	require.False(t, ok)
	_, err = s.pool.Exec(ctx, "UPDATE imports SET claimed_until = now()")
	require.NoError(t, err)
	again, ok, err := s.ClaimImport(ctx)
	require.NoError(t, err)
	require.True(t, ok, "its worker died")
	require.NoError(t, s.ExtendImport(ctx, again))
	require.ErrorIs(t, s.ExtendImport(ctx, imp), record.ErrNotFound, "the older claim holds no more")
	require.ErrorIs(t, s.FinishImportRows(ctx, imp, nil), record.ErrNotFound)
	require.NoError(t, s.FinishImport(ctx, imp, "by whom it is not any more"))
	require.NoError(t, s.ExtendImport(ctx, again))
	require.ErrorIs(t, s.StartImport(ctx, id, 3, 0), record.ErrNotFound)
}

func TestImportRowsAreDecidedAndCountedOnce(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	id := newImport(t, s, 40)
	require.NoError(t, s.StartImport(ctx, id, 40, 0))
	imp, _, err := s.ClaimImport(ctx)
	require.NoError(t, err)
	rows, err := s.PendingImportRows(ctx, id, 100)
	require.NoError(t, err)
	require.Len(t, rows, 40)
	require.Equal(t, 2, rows[0].Row)
	lead := newID()
	for i := range rows {
		rows[i].State, rows[i].LeadID = []string{"created", "updated", "unchanged", "failed"}[i%4], lead
		if rows[i].State == "failed" {
			rows[i].LeadID, rows[i].Column, rows[i].Error = "", "Mail", "invalid"
		}
	}
	together(t, 8, func(i int) error { return s.FinishImportRows(ctx, imp, rows[i*4:i*4+10]) }) // they overlap
	left, err := s.PendingImportRows(ctx, id, 100)
	require.NoError(t, err)
	require.Len(t, left, 2)
	imp, err = s.Import(ctx, id)
	require.NoError(t, err)
	require.Equal(t, 38, imp.Created+imp.Updated+imp.Unchanged+imp.Failed)
	require.Positive(t, imp.Rate)
	require.NotNil(t, imp.ETA)
	require.NoError(t, s.FinishImportRows(ctx, imp, rows))
	require.NoError(t, s.FinishImport(ctx, imp, ""))
	require.NoError(t, s.FinishImport(ctx, imp, "too late"))
	imp, err = s.Import(ctx, id)
	require.NoError(t, err)
	require.Equal(t, []any{"done", 40, 10, 10, 10, 10, ""},
		[]any{imp.State, imp.Rows, imp.Created, imp.Updated, imp.Unchanged, imp.Failed, imp.Error})
	require.Nil(t, imp.ETA)

	columns, failed, err := s.FailedImportRows(ctx, id, 0, 6)
	require.NoError(t, err)
	require.Equal(t, []string{"Mail", "Name"}, columns)
	require.Len(t, failed, 6)
	require.Equal(t, record.ImportRow{Row: 5, Cells: []string{"a3@example.com", "Ada"}, Keys: []string{}, State: "failed", Column: "Mail", Error: "invalid"}, failed[0])
	_, failed, err = s.FailedImportRows(ctx, id, failed[5].Row, 6)
	require.NoError(t, err)
	require.Len(t, failed, 4)
	page, err := s.ListImports(ctx, "", 0)
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	_, err = s.Import(ctx, newID())
	require.ErrorIs(t, err, record.ErrNotFound)
	require.ErrorIs(t, s.FinishImportRows(ctx, record.Import{ID: newID()}, rows[:1]), record.ErrNotFound)
}

func TestAnInterruptedUploadIsSweptWithItsRows(t *testing.T) {
	s, ctx := newStore(t), t.Context()
	id := newImport(t, s, 3)
	require.NoError(t, s.Sweep(ctx))
	_, err := s.pool.Exec(ctx, "UPDATE imports SET claimed_until = now() - interval '1 second'")
	require.NoError(t, err)
	require.NoError(t, s.Sweep(ctx))
	imp, err := s.Import(ctx, id)
	require.NoError(t, err)
	require.Equal(t, "failed", imp.State)
	rows, err := s.PendingImportRows(ctx, id, 10)
	require.NoError(t, err)
	require.Empty(t, rows)
}

func TestOfOneFileOneImportIsOpen(t *testing.T) {
	s := newStore(t)
	together(t, 200, func(i int) error {
		id, err := s.CreateImport(context.Background(), record.Import{Mapping: json.RawMessage(`{}`), Columns: []string{"Mail"}, Hash: []byte{byte(i / 20)}})
		if errors.Is(err, record.ErrConflict) {
			_, err = s.Import(context.Background(), id)
		}
		return err
	})
	require.Equal(t, 10, one[int](t, s, "SELECT count(*) FROM imports"))
}

// What was let go before it was counted is taken from what was made, waits and is under way.
func TestUpgradeCountsTheStartsThatWere(t *testing.T) {
	s := house(t)
	id := newImport(t, s, 1)
	exec(t, s, "UPDATE imports SET created = 13, removed = 1 WHERE id = $1", id)
	exec(t, s, "INSERT INTO import_starts (import_id, rate) VALUES ($1, 0)", id)
	for i := range 5 {
		capture(t, s, record.Capture{Email: "p" + strconv.Itoa(i) + "@example.com"})
	}
	exec(t, s, "UPDATE outbox SET import_id = $1, not_before = 'infinity'", id)
	exec(t, s, "UPDATE outbox SET not_before = now() WHERE lead_id IN (SELECT lead_id FROM outbox LIMIT 2)")
	db, err := sql.Open("pgx", s.pool.Config().ConnString())
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	p, err := goose.NewProvider(goose.DialectPostgres, db, migrations.FS)
	require.NoError(t, err)
	_, err = p.DownTo(t.Context(), 13)
	require.NoError(t, err)
	_, err = p.Up(t.Context())
	require.NoError(t, err)
	require.Equal(t, "9 7 7", one[string](t, s, "SELECT gone || ' ' || mark_started || ' ' || next_started FROM import_starts"))
	imp, err := s.Import(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, [2]int{5, 7}, [2]int{imp.Starts.Waiting, imp.Starts.Started})
}
